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

// A user who pressed Tab must not wait longer, even on a slow file system.
constexpr unsigned kLongestSeconds = 3;

// Prints completions for the shells. Errors are silent: a message would overwrite the line being typed.
class Complete final : public CliCommand {
 public:
  void declare(Options& options) override {
    options.argument("KIND", Options::Need::Required, kind_,
                     "apps, releases, deployed, generations or instances");
    options.argument("APP", Options::Need::Optional, app_, "The app; empty for apps");
    options.argument("BEGUN", Options::Need::Optional, begun_,
                     "Prefix; used only if there are too many words");
  }

  int run(Context& context) override {
    (void)std::signal(SIGALRM, [](int) { ::_exit(kDone); });
    ::alarm(kLongestSeconds);
    const auto paths = Context::paths();
    if (!paths) return kDone;
    std::set<std::string> all = candidates(*paths, kind_, app_);
    // Shells can match by more than the prefix, so they get all words unless there are too many.
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

constinit const CommandEntry kCompleteCommand{"complete", "Print completions, one per line",
                                              make_command<Complete>,
                                              "  rollctl complete apps\n"
                                              "  rollctl complete releases web\n",
                                              CommandEntry::For::Programs};

}  // namespace rollctl
