// SPDX-License-Identifier: MIT
#include <unistd.h>

#include <csignal>
#include <set>
#include <string>

#include "app/candidates.h"
#include "rollctl/commands.h"
#include "rollctl/exit_status.h"

namespace rollctl {

namespace {

// Nobody who pressed Tab waits longer, wherever the files lie.
constexpr unsigned kLongestSeconds = 3;

// For the shells: words that mean nothing to any of them, since they are names of apps or releases, or
// numbers. A shell that has to be careful with a word is a shell that forgets it once. Nothing is said of
// errors: the line in which Tab was pressed would be overwritten.
class Complete final : public CliCommand {
 public:
  void declare(Options& options) override {
    options.argument("KIND", Options::Need::Required, kind_,
                     "apps, releases, deployed, generations or instances");
    options.argument("APP", Options::Need::Optional, app_, "The app; empty for apps");
    options.argument("BEGUN", Options::Need::Optional, begun_,
                     "Where there are very many: only those that begin so");
  }

  int run(Context& context) override {
    (void)std::signal(SIGALRM, [](int) { ::_exit(kDone); });
    ::alarm(kLongestSeconds);
    const auto paths = Context::paths();
    if (!paths) return kDone;
    std::set<std::string> all = candidates(*paths, kind_, app_);
    // A shell knows other ways to match than by the beginning: as long as it can cope, it is told all.
    if (all.size() > kMostCandidates)
      std::erase_if(all, [&](const std::string& word) { return !word.starts_with(begun_); });
    std::string words;
    size_t count = 0;
    for (const std::string& word : all) {
      if (++count > kMostCandidates) break;
      words += word + '\n';
    }
    context.out().write(words);
    return kDone;
  }

 private:
  std::string kind_;
  std::string app_;
  std::string begun_;
};

}  // namespace

constinit const CommandEntry kCompleteCommand{"complete", "Print what may be typed, one word a line",
                                              make_command<Complete>, CommandEntry::For::Programs};

}  // namespace rollctl
