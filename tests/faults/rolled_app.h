// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "support/child_process.h"
#include "support/net_namespace.h"
#include "support/residents.h"

namespace rollctl::test {

// One app, "web", of roll-httpd or another server, and the rollctl that rolls it: all folders in places of
// their own. Its processes are known by the network namespace, so the calling thread needs one of its own.
class RolledApp {
 public:
  struct Settings {
    // Where the folders are made that outlive a reboot; empty: on a tmpfs where there is one, since a disk's
    // fsync costs more than the rest. The runtime folder is there in any case, as /run is.
    std::string base = {};
    // Whose app it is, and who runs rollctl, without any capability; nobody: the caller.
    std::optional<uid_t> uid = {};
    // The folder of programs; empty: that of the build.
    std::string programs = {};
  };

  // `app_file`: TOML; "$ROOT" stands for the document root, "$BIN" for the folder of programs.
  static Result<RolledApp> create(const std::string& app_file, Settings settings);
  static Result<RolledApp> create(const std::string& app_file) { return create(app_file, {}); }

  RolledApp(RolledApp&&) noexcept = default;
  RolledApp& operator=(RolledApp&&) = delete;
  // Kills what is left of the app's processes and removes the folders.
  ~RolledApp();

  // A `rollctl` command on its own, or below `wrapper` ("strace", …).
  [[nodiscard]] ChildSpec command(const std::vector<std::string>& arguments,
                                  const std::vector<std::string>& wrapper = {}) const;
  [[nodiscard]] RunResult run(const std::vector<std::string>& arguments,
                              const std::vector<std::string>& wrapper = {}) const;

  // For the next deploy.
  void write_app_file(const std::string& app_file) const;

  [[nodiscard]] nlohmann::json status() const;
  [[nodiscard]] std::vector<nlohmann::json> journal() const;
  [[nodiscard]] std::string path(const std::string& name) const { return dir_ + "/" + name; }

  // Names in the app's runtime folder that are instances'.
  [[nodiscard]] std::vector<std::string> instance_folders() const;

  // Nothing, or what is wrong: not just `release` serves with `instances` ready instances; a process or
  // folder beyond theirs; a steering program at their port; something of a steering in a shim's hands.
  [[nodiscard]] std::string complaints(const std::string& release, size_t instances) const;

 private:
  RolledApp(std::string dir, std::string runtime_dir, Settings settings)
      : dir_(std::move(dir)), runtime_dir_(std::move(runtime_dir)), settings_(std::move(settings)) {}
  std::string dir_;
  std::string runtime_dir_;
  Settings settings_;
};

// roll-httpd on 127.0.0.1:8080, ready over HTTP.
std::string httpd_app_file(int instances);

}  // namespace rollctl::test
