// SPDX-License-Identifier: MIT
// Counts the open connections, in all and by address, against limits.
#pragma once

#include <netinet/in.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

namespace roll {

class Admission {
 public:
  // An IPv4 address, or the first 64 bits of an IPv6 address: a client can choose the rest freely.
  using Source = std::array<std::uint8_t, 16>;
  static Source source_of(const sockaddr_storage& address);

  // 0: no limit.
  Admission(std::size_t limit, std::size_t limit_per_source) : limit_(limit), per_source_(limit_per_source) {}

  // Counts a connection from `source`. False, and not counted, at a limit.
  bool enter(const Source& source);
  // Once for each connection that was counted.
  void leave(const Source& source);
  std::size_t count() const { return count_; }

 private:
  std::size_t limit_;
  std::size_t per_source_;
  std::size_t count_ = 0;
  std::map<Source, std::size_t> counts_;  // empty unless there is a limit per source
};

}  // namespace roll
