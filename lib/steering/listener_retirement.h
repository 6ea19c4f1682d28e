// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/fd.h"
#include "steering/classic_program.h"

namespace rollctl {

// Plans how a classic group closes listeners that only rollctl still holds. Closing one moves the last member
// of the group into its position. So meanwhile all new connections go to one pinned member whose position
// does not change. Pure.
class ListenerRetirement {
 public:
  struct Member {
    uint64_t cookie = 0;
    GroupPosition position = kNoPosition;
    bool serves = false;     // in the rotation, and held by its server
    bool abandoned = false;  // held by rollctl only
  };

  // `size`: of the group, members of other processes included.
  ListenerRetirement(std::vector<Member> members, size_t size);

  // The position of the pinned member: the lowest that serves; without one an abandoned listener, which
  // refuses, so that no client reaches a listener outside the rotation. Nothing: close none.
  [[nodiscard]] std::optional<GroupPosition> pinned_position() const;

  // The abandoned listeners that can be closed now, by cookie, in the order to close them.
  [[nodiscard]] std::vector<uint64_t> close_order() const;

 private:
  [[nodiscard]] const Member* find(uint64_t cookie) const;
  [[nodiscard]] bool can_close(const std::vector<uint64_t>& layout, uint64_t closing) const;

  std::vector<Member> members_;
  size_t size_;
  std::optional<Member> pinned_;
};

// Drops all SYNs to a listener: the client tries again a second later, instead of waiting for an answer that
// never comes.
void refuse_clients(const Fd& listener);
void readmit_clients(const Fd& listener);

// Closes the connections in the listener's accept queue.
void empty_queue(const Fd& listener);

}  // namespace rollctl
