// SPDX-License-Identifier: MIT
#include "net/seen_listeners.h"

#include <algorithm>
#include <utility>

namespace rollctl {

bool SeenListeners::any_new(std::span<const ListenSocket> listening) {
  const auto before = std::exchange(inodes_, {});
  for (const ListenSocket& socket : listening) inodes_.push_back(socket.inode);
  std::ranges::sort(inodes_);
  return !std::ranges::includes(before, inodes_);
}

}  // namespace rollctl
