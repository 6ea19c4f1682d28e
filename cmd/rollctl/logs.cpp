// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "rollctl/app_source.h"
#include "rollctl/exit_status.h"
#include "rollctl/signals.h"
#include "rollctl/verbs.h"
#include "state/log_tail.h"

namespace roll {

namespace {

namespace fs = std::filesystem;

constexpr int kDefaultLines = 100;

// The logs of an app's instances, and up to where each was shown.
class Logs {
 public:
  Logs(Context& context, std::string folder, std::optional<InstanceId> only)
      : context_(context), folder_(std::move(folder)), only_(only) {}

  [[nodiscard]] std::vector<InstanceId> ids() const {
    std::vector<InstanceId> ids;
    std::error_code failure;
    for (const auto& entry : fs::directory_iterator(folder_, failure)) {
      const std::string name = entry.path().stem().string();
      InstanceId id = 0;
      const auto [end, bad] = std::from_chars(name.data(), name.data() + name.size(), id);
      if (bad != std::errc() || end != name.data() + name.size() || entry.path().extension() != ".log")
        continue;
      if (!only_ || *only_ == id) ids.push_back(id);
    }
    std::sort(ids.begin(), ids.end());
    return ids;
  }

  void show_last(size_t lines) {
    std::vector<std::pair<InstanceId, std::string>> all;
    for (const InstanceId id : ids())
      for (std::string& text : last_lines_of(path(id), lines, &shown_[id]))
        all.emplace_back(id, std::move(text));
    const size_t skip = all.size() > lines ? all.size() - lines : 0;
    for (size_t index = skip; index < all.size(); ++index) print(all[index].first, all[index].second);
  }

  // What was added since; whole lines only.
  void show_new() {
    for (const InstanceId id : ids()) {
      int64_t& offset = shown_[id];
      const Fd fd(::open(path(id).c_str(), O_RDONLY | O_CLOEXEC));
      if (!fd) continue;
      char buffer[65536];
      ssize_t got = 0;
      while ((got = ::pread(fd.get(), buffer, sizeof buffer, offset)) > 0) {
        offset += got;
        std::string& rest = unfinished_[id];
        rest.append(buffer, static_cast<size_t>(got));
        for (size_t end = rest.find('\n'); end != std::string::npos; end = rest.find('\n')) {
          print(id, rest.substr(0, end));
          rest.erase(0, end + 1);
        }
      }
    }
  }

 private:
  [[nodiscard]] std::string path(InstanceId id) const {
    return (fs::path(folder_) / (std::to_string(id) + ".log")).string();
  }

  void print(InstanceId id, const std::string& text) {
    if (context_.options().json) return context_.print_json({{"v", 1}, {"id", id}, {"line", text}});
    // What a server logs is its own affair; only on a terminal could it do harm, and there it is made
    // visible.
    context_.print({{{fmt::format("{} ", id), Tone::Quiet}, {text}}});
  }

  Context& context_;
  std::string folder_;
  std::optional<InstanceId> only_;
  std::map<InstanceId, int64_t> shown_;
  std::map<InstanceId, std::string> unfinished_;
};

Status follow(Logs& logs, const std::string& folder) {
  auto loop = Loop::create();
  if (!loop) return fail(loop.error());
  const SignalInterrupts interrupts(**loop);
  const Fd changes(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!changes || ::inotify_add_watch(changes.get(), folder.c_str(), IN_MODIFY | IN_CREATE) < 0)
    return fail(last_os_failure("cannot watch " + folder));
  const Watch watch = (*loop)->on_readable(changes.get(), [&] {
    char buffer[4096];
    while (::read(changes.get(), buffer, sizeof buffer) > 0) {
    }
    logs.show_new();
  });
  logs.show_new();
  (void)(*loop)->run_until([&] { return interrupts.count() > 0; }, TimePoint::max());
  return {};
}

Status show(Context& context, const CommandLine& line) {
  const auto paths = Context::paths();
  if (!paths) return fail(paths.error());
  const auto app = app_name_of(*paths, line.app);
  if (!app) return fail(app.error());
  if (Status known = check_known(*paths, *app); !known) return known;
  const std::string folder = paths->logs(app->name);
  Logs logs(context, folder, line.instance);
  if (line.instance && logs.ids().empty())
    return fail(ErrorKind::NotFound,
                fmt::format("{} has no log of an instance {}", app->name, *line.instance),
                fmt::format("see `rollctl status {}`", app->name));
  logs.show_last(static_cast<size_t>(line.lines.value_or(kDefaultLines)));
  return line.follow ? follow(logs, folder) : Status();
}

}  // namespace

int run_logs(Context& context, const CommandLine& line) {
  const Status shown = show(context, line);
  return shown ? kDone : context.fail(shown.error());
}

}  // namespace roll
