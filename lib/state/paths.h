// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>

#include "base/instance_id.h"
#include "base/result.h"

namespace rollctl {

// The folders of rollctl. For root: /etc, /run, /var/lib, /var/log. For an ordinary user: the XDG folders.
// ROLLCTL_…_DIR overrides each of them. One method for each place, so that no other code joins paths.
struct Paths {
  std::string config_dir;   // app files
  std::string runtime_dir;  // instances, sockets, locks: gone at reboot
  std::string state_dir;    // journals, kept specifications
  std::string log_dir;      // empty for an ordinary user: below the app's state
  std::string libexec_dir;  // roll-shim
  std::string
      library_dir;  // libroll-preload.so, libroll-tls.so; libexec_dir unless that is the installed one

  // The power of this program beyond its caller's.
  enum class Power {
    None,
    Capabilities,  // file capabilities: only files that nobody but root can replace may be executed or loaded
  };

  using Environment = std::function<const char*(const char*)>;
  // NotPermitted if an ordinary user has no XDG_RUNTIME_DIR or no HOME, and no override; or if
  // ROLLCTL_LIBEXEC_DIR is set for a program with capabilities.
  static Result<Paths> resolve(uid_t uid, const Environment& environment, Power power = Power::None);

  // The files of one app.
  [[nodiscard]] std::string app_file(const std::string& app) const;
  [[nodiscard]] std::string runtime(const std::string& app) const;
  [[nodiscard]] std::string lock(const std::string& app) const;
  [[nodiscard]] std::string instance(const std::string& app, InstanceId id) const;
  [[nodiscard]] std::string state(const std::string& app) const;
  [[nodiscard]] std::string journal(const std::string& app) const;
  [[nodiscard]] std::string adhoc_app_file(const std::string& app) const;
  [[nodiscard]] std::string generation(const std::string& app, int64_t generation) const;
  [[nodiscard]] std::string logs(const std::string& app) const;
  [[nodiscard]] std::string log(const std::string& app, InstanceId id) const;
  [[nodiscard]] std::string shim_program() const;
  [[nodiscard]] std::string preload_library() const;
  [[nodiscard]] std::string tls_library() const;
};

}  // namespace rollctl
