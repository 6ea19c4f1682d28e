// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/address.h"
#include "base/process_ref.h"
#include "base/result.h"
#include "net/process_sockets.h"
#include "net/sock_diag.h"
#include "steering/steering.h"

namespace rollctl {

// Tells whether a socket of this host is one instance's own: a process of its server's tree has it. Of a
// socket whose holders this user may not look into, that its uid is the server's is enough. A port that was
// free when it was given to a server may be another user's by the time it is asked.
//
// Errors are Failed and name who holds the socket: "127.0.0.1:40001 is held by nginx (pid 12) of user 33,
// which is no process of instance 3". Others are the kernel's. Blocks while the kernel tells: a millisecond
// or so, some more where somebody else is to be named.
class Ownership {
 public:
  Ownership(InstanceId instance, ProcessId server);

  // The listeners that a connection to `target` reaches now, by their cookies, sorted, if all of them are the
  // instance's; nobody else can join them then. Empty: nobody listens.
  Result<std::vector<uint64_t>> listeners_at(const Endpoint& target);

  // That nobody else listens on that port, at whatever address.
  Status check_port(uint16_t port);

  // That a process of the instance, or of its server's user, listens at the other end of a connected local
  // socket; `where` is for the message.
  Status check_peer(int local_socket, const std::string& where);

 private:
  Result<std::vector<uint64_t>> check(const Result<std::vector<ListenSocket>>& listeners);
  Status check(const ListenSocket& listener);
  [[nodiscard]] bool is_its_users(uint32_t uid) const;
  [[nodiscard]] Error stranger(const std::string& where, const std::optional<SocketOwner>& owner,
                               uint32_t uid) const;

  InstanceId instance_;
  ProcessId server_;
  TreeSockets tree_;
};

}  // namespace rollctl
