// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "net/sock_diag.h"

namespace rollctl {

// Remembers what listens, so that a repeated look costs no more than that while nothing changes.
class SeenListeners {
 public:
  // Whether one of them did not listen at the last call. One that has closed is nothing new.
  bool any_new(std::span<const ListenSocket> listening);

 private:
  std::vector<uint32_t> inodes_;  // sorted
};

}  // namespace rollctl
