// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/app_config.h"
#include "state/paths.h"

namespace rollctl {

// The app that an argument means, and its app file.
struct AppName {
  std::string name;
  std::string file;  // where its app file is or would be
};

// A name, or a path (with a `/`) to an app file whose name without `.toml` is the app's.
Result<AppName> app_name_of(const Paths& paths, const std::string& argument);

// Options that describe the app itself. Where one is empty, the app file decides.
struct AppOptions {
  std::vector<std::string> command;  // of an app that has no app file
  std::optional<InstanceCount> instances;
  std::vector<ListenAddress> listen;
  std::optional<ReadyConfig> ready;  // kind and path alone count
  std::optional<HandoverPolicy> handover;
};

// How the app is described now: by its app file; by the command of an ad-hoc app, which is kept then; or as
// such an app was kept last. With the options applied. NotFound where there is none of these.
struct AppDescription {
  AppConfig config;
  enum class Origin { File, AdHoc };
  Origin origin = Origin::File;
};
Result<AppDescription> describe_app(const Paths& paths, const AppName& app, const AppOptions& options);

// Keeps an ad-hoc app's description for later commands. Nothing to do for one with a file.
Status keep_description(const Paths& paths, const std::string& app, const AppDescription& description);

// NotFound unless there is an app file, a kept description or a journal of it.
Status check_known(const Paths& paths, const AppName& app);

// Apps that have an app file or state, sorted.
Result<std::vector<std::string>> known_apps(const Paths& paths);

}  // namespace rollctl
