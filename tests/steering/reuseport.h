// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/fd.h"
#include "loop/loop.h"
#include "steering/steering.h"

namespace rollctl::test {

enum class Dual { Yes, No };  // of an IPv6 wildcard: does it take IPv4 as well?

inline constexpr uint16_t kPort = 8080;
Endpoint v4(const char* ip, uint16_t port = kPort);
Endpoint v6(const char* ip, uint16_t port = kPort);

// A listening SO_REUSEPORT socket of this process, non-blocking.
Fd listen_on(const Endpoint& bound, Dual dual = Dual::No);

// What a shim would hand out: duplicates of the listeners.
std::vector<Listener> duplicates(std::initializer_list<const Fd*> listeners);
std::vector<Listener> duplicates(const std::vector<Fd>& listeners);

// A connected blocking client, or no descriptor when it failed (errno says why).
Fd connect_to(const Endpoint& target);

// Accepts and closes what waits at the listener; how many were that?
int accept_all(const Fd& listener);

// What a server that closes does: the last descriptor goes.
inline void close_listener(Fd& listener) {
  listener.reset();
}

// Connects through the role and waits for the end.
Result<Fd> aimed_connect(Loop& loop, Steering& steering, InstanceId instance, const Endpoint& target,
                         Millis patience = Millis(2000));

// Whether the kernel still knows the program and the maps behind these handles. Asks by id, so it must be
// made while they are open.
class KernelObjects {
 public:
  explicit KernelObjects(const std::vector<SteeringHandle>& handles);
  [[nodiscard]] bool any_left() const;

 private:
  std::vector<uint32_t> programs_;
  std::vector<uint32_t> maps_;
};

ProcessId own_id();

// Waits until the settlement is over; fails the test after 10 s.
SettleResult await(Settlement& settlement);

}  // namespace rollctl::test
