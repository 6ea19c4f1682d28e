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

// Yes: an IPv6 wildcard accepts IPv4 as well. Mapped: an IPv6 socket with an IPv4 address.
enum class Dual { Yes, No, Mapped };

inline constexpr uint16_t kPort = 8080;
Endpoint v4(const char* ip, uint16_t port = kPort);
Endpoint v6(const char* ip, uint16_t port = kPort);

// A listening SO_REUSEPORT socket of this process, non-blocking.
Fd listen_on(const Endpoint& bound, Dual dual = Dual::No);

// Duplicates of the listeners, as from a shim.
std::vector<Listener> duplicates(std::initializer_list<const Fd*> listeners);
std::vector<Listener> duplicates(const std::vector<Fd>& listeners);

// A connected blocking client, or no descriptor when it failed (errno says why).
Fd connect_to(const Endpoint& target);

// Accepts and closes all waiting connections; returns their number.
int accept_all(const Fd& listener);

// Closes the last descriptor, as a server does.
inline void close_listener(Fd& listener) {
  listener.reset();
}

// Connects through the role and waits for the result.
Result<Fd> aimed_connect(Loop& loop, Steering& steering, InstanceId instance, const Endpoint& target,
                         Millis patience = Millis(2000), std::string_view opening = {});

// Whether the kernel still has the program and the maps of these handles. Looks them up by id, so it must be
// created while they are open.
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
