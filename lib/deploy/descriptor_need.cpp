// SPDX-License-Identifier: MIT
#include "deploy/descriptor_need.h"

#include <fmt/format.h>

#include "base/descriptor_limit.h"

namespace rollctl {

namespace {

// Terminal, lock, journal, netlink, the loop, a hook, and the listeners of one instance for a moment.
constexpr size_t kAlways = 48;
// Program and maps, once to hold and once to send to a shim.
constexpr size_t kForAddress = 16;
constexpr size_t kForStarting = 4;
// A duplicate, its server and a holder.
constexpr size_t kForListener = 3;
// Connections that find the positions of listeners in their group.
constexpr size_t kForPositions = 128;

}  // namespace

size_t DescriptorNeed::descriptors() const {
  size_t sum = kAlways + kForAddress * addresses + standing + kForStarting * starting;
  if (keeps == Keeps::ForEachListener)
    sum += kForPositions + kForListener * addresses * (standing + starting);
  return sum;
}

Status check_descriptors(const DescriptorNeed& need) {
  const size_t wanted = need.descriptors();
  const size_t limit = descriptor_limit();
  if (wanted <= limit) return {};
  return fail(
      ErrorKind::Unsupported,
      fmt::format("to start {} instances beside {} takes up to {} descriptors, and rollctl may have {}",
                  need.starting, need.standing, wanted, limit),
      "raise its hard limit: `ulimit -Hn`, LimitNOFILE= of a unit, or /etc/security/limits.conf");
}

}  // namespace rollctl
