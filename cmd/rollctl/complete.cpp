// SPDX-License-Identifier: MIT
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <set>
#include <string>

#include "app/app_source.h"
#include "config/app_file.h"
#include "config/release_folders.h"
#include "rollctl/exit_status.h"
#include "app/file_logs.h"
#include "rollctl/verbs.h"
#include "state/journal.h"

namespace roll {

namespace {

// Nobody who pressed Tab waits longer, wherever the files lie.
constexpr unsigned kLongestSeconds = 3;
constexpr size_t kMostCandidates = 1000;

enum class Of { Release, Generation };

// Of the changes that were completed.
std::set<std::string> completed(const Paths& paths, const std::string& app, Of what) {
  std::set<std::string> words;
  const auto history = read_history(paths.journal(app), Reach::changes(kMostCandidates));
  if (!history) return words;
  for (const Change& change : history->changes) {
    if (change.outcome != Outcome::Deployed) continue;
    if (what == Of::Generation)
      words.insert(std::to_string(change.generation));
    else if (check_release_name(change.release))
      words.insert(change.release);
  }
  return words;
}

std::set<std::string> releases(const Paths& paths, const AppName& app) {
  std::set<std::string> words = completed(paths, app.name, Of::Release);
  if (const auto described = describe_app(paths, app, {}))
    words.merge(release_folders(described->config, app.name));
  return words;
}

std::set<std::string> candidates(const Paths& paths, const CommandLine& line) {
  if (line.candidates == "apps") {
    const auto apps = known_apps(paths).value_or(std::vector<std::string>());
    return {apps.begin(), apps.end()};
  }
  const auto app = app_name_of(paths, line.app);
  if (!app) return {};
  if (line.candidates == "releases") return releases(paths, *app);
  if (line.candidates == "deployed") return completed(paths, app->name, Of::Release);
  if (line.candidates == "generations") return completed(paths, app->name, Of::Generation);
  std::set<std::string> words;
  if (line.candidates == "instances")
    for (const InstanceId id : logged_instances(paths.logs(app->name))) words.insert(std::to_string(id));
  return words;
}

}  // namespace

// For the shells: words that mean nothing to any of them, since they are names of apps or releases, or
// numbers. A shell that has to be careful with a word is a shell that forgets it once. Nothing is said of
// errors: the line in which Tab was pressed would be overwritten.
int run_complete(Context& context, const CommandLine& line) {
  (void)std::signal(SIGALRM, [](int) { ::_exit(kDone); });
  ::alarm(kLongestSeconds);
  const auto paths = Context::paths();
  if (!paths) return kDone;
  std::set<std::string> all = candidates(*paths, line);
  // A shell knows other ways to match than by the beginning: as long as it can cope, it is told all.
  if (all.size() > kMostCandidates)
    std::erase_if(all, [&](const std::string& word) { return !word.starts_with(line.begun); });
  std::string words;
  size_t count = 0;
  for (const std::string& word : all) {
    if (++count > kMostCandidates) break;
    words += word + '\n';
  }
  context.out().write(words);
  return kDone;
}

}  // namespace roll
