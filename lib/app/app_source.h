// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/app_config.h"
#include "state/paths.h"

namespace rollctl {

// An app's name and app file.
struct AppName {
  std::string name;
  std::string file;  // need not exist
  bool given_as_path = false;
};

// Resolves an APP argument: a name, or a path (with a `/`) to NAME.toml. Invalid for a malformed name.
Result<AppName> app_name_of(const Paths& paths, const std::string& argument);

// Options that override the app file; an empty one does not.
struct AppOptions {
  std::vector<std::string> command;  // makes it an ad-hoc app
  std::optional<InstanceCount> instances;
  std::vector<ListenAddress> listen;
  std::optional<ReadyConfig> ready;  // only kind and path are used
  std::optional<HandoverPolicy> handover;
};

// The current description of an app, with the options applied. It comes from the app file, from the command
// line of an ad-hoc app, or from the kept description of an ad-hoc app. NotFound if there is none of these.
struct AppDescription {
  AppConfig config;
  enum class Origin { File, AdHoc };
  Origin origin = Origin::File;
};
Result<AppDescription> describe_app(const Paths& paths, const AppName& app, const AppOptions& options);

// Stores an ad-hoc app's description for later commands. Does nothing for an app with an app file.
Status keep_description(const Paths& paths, const std::string& app, const AppDescription& description);

// NotFound unless the app has an app file, a kept description or a journal.
Status check_known(const Paths& paths, const AppName& app);

// All apps with an app file or a journal, sorted.
Result<std::vector<std::string>> known_apps(const Paths& paths);

}  // namespace rollctl
