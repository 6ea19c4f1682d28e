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

// Tells whether a socket of this host belongs to one instance: a process of its server's tree has it open. If
// this user may not inspect the socket's holders, the uid of the server suffices. The check is needed because
// another user may have taken the port since it was chosen for the server.
//
// Errors are Failed and name the holder of the socket: "127.0.0.1:40001 is held by nginx (pid 12) of user 33,
// which is no process of instance 3". Others are the kernel's. Blocks for about a millisecond, longer where a
// holder has to be named.
class Ownership {
 public:
  Ownership(InstanceId instance, ProcessId server);

  // The listeners that a connection to `target` reaches now, as sorted cookies, if all are the instance's;
  // then no other process can join them. Empty: nothing listens.
  Result<std::vector<uint64_t>> listeners_at(const Endpoint& target);

  // Fails where another process listens on that port, at any address.
  Status check_port(uint16_t port);

  // Fails unless a process of the instance, or of its server's user, listens at the other end of a connected
  // unix socket; `where` is for the message.
  Status check_peer(int local_socket, const std::string& where);

 private:
  Result<std::vector<uint64_t>> check(SockDiag& diag, const Result<std::vector<ListenSocket>>& listeners);
  Status check(const ListenSocket& listener);
  [[nodiscard]] bool is_its_users(uint32_t uid) const;
  [[nodiscard]] Error stranger(const std::string& where, const std::optional<SocketOwner>& owner,
                               uint32_t uid) const;

  InstanceId instance_;
  ProcessId server_;
  TreeSockets tree_;
};

}  // namespace rollctl
