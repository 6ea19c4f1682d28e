// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "process/launch_spec.h"

namespace rollctl {

// The user that a server runs as, from the user database.
struct ServerUser {
  std::string name;
  std::string home;
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
  // The credentials that the shim sets; empty if it already has them.
  std::optional<Credentials> credentials;
};

// `user` and `group` are names or numbers; empty means the caller and the user's primary group. Blocks on the
// user database. Invalid for an unknown name; NotPermitted for another user than the caller without root.
Result<ServerUser> find_server_user(const std::string& user, const std::string& group);

}  // namespace rollctl
