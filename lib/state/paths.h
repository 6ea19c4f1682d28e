// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>

#include "base/instance_id.h"
#include "base/result.h"

namespace rollctl {

// Where everything of rollctl lies. Root: /etc, /run, /var/lib, /var/log. An ordinary user: the XDG folders.
// Each folder can be overridden by its ROLLCTL_…_DIR.
struct Paths {
  std::string config_dir;   // app files
  std::string runtime_dir;  // instances, sockets, locks: gone at reboot
  std::string state_dir;    // journals, kept specifications
  std::string log_dir;      // empty for an ordinary user: below the app's state
  std::string libexec_dir;  // roll-shim
  std::string library_dir;  // libroll-preload.so, libroll-tls.so; moves with libexec_dir where that is not
                            // the installed one

  // What this program can do beyond its caller.
  enum class Power {
    None,
    Capabilities,  // what it runs or loads must lie where only root may put it, whatever the environment says
  };

  using Environment = std::function<const char*(const char*)>;
  // NotPermitted where an ordinary user has no XDG_RUNTIME_DIR or no HOME, and no override, and where a power
  // is to be led to code by ROLLCTL_LIBEXEC_DIR.
  static Result<Paths> resolve(uid_t uid, const Environment& environment, Power power = Power::None);

  // Of one app.
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
