// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "process/launch_spec.h"

namespace rollctl {

// Who a server runs as, as the user database knows it.
struct ServerUser {
  std::string name;
  std::string home;
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
  // What the shim has to change to; nothing: it is that user already.
  std::optional<Credentials> credentials;
};

// `user` and `group` are names or numbers; empty: the caller, and the user's own group. Blocks on the user
// database. Invalid for an unknown one; NotPermitted for another than the caller's without being root.
Result<ServerUser> find_server_user(const std::string& user, const std::string& group);

}  // namespace rollctl
