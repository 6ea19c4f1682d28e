// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <functional>

#include "base/process_ref.h"

namespace rollctl::test {

// A process of another user and of the group with the same number, which has run a function and lives until
// the destructor. Needs root.
class OtherUser {
 public:
  // After `act` the constructor returns; the process then runs `after`, if given, and pauses.
  OtherUser(uid_t uid, const std::function<void()>& act, const std::function<void()>& after = {});
  ~OtherUser();
  OtherUser(const OtherUser&) = delete;
  OtherUser& operator=(const OtherUser&) = delete;

  [[nodiscard]] ProcessId id() const;

 private:
  pid_t pid_ = -1;
};

}  // namespace rollctl::test
