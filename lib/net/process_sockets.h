// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/process_ref.h"
#include "base/result.h"
#include "net/sock_diag.h"

namespace rollctl {

// Which processes? The root alone is much cheaper to look at: its descendants are found by reading all of
// /proc.
enum class Whose { RootOnly, Tree };

// What is looked at here may end meanwhile (ENOENT, ESRCH), and descendants may be closed to this user
// (EACCES, EPERM): then nothing is told of them. Any other failure of a look is an error, not an answer.

// The socket inodes that a process, or it and its descendants, hold descriptors of, sorted, each once. Of
// descendants that this user may not look into nothing is told; the root itself is NotPermitted, and NotFound
// once it has gone.
Result<std::vector<uint32_t>> socket_inodes(const ProcessId& root, Whose whose = Whose::Tree);

// Where a socket was found.
struct SocketPlace {
  pid_t pid = 0;
  int descriptor = -1;
  uint32_t inode = 0;
};

struct TakenListener {
  Fd fd;  // a duplicate; while it is open the socket stays in its group, whoever closes it otherwise
  ListenSocket socket;
  SocketPlace place;
};

// Duplicates of those of the `listening` sockets that a process tree has and that serve one of `addresses`,
// each socket once, however many processes share it, in the order of their cookies (that is: of creation).
// Empty where it listens on none. Needs ptrace rights over one holder of each (ProcessRef::take_fd);
// NotPermitted where a socket that it has could not be taken.
Result<std::vector<TakenListener>> listeners_of(std::span<const ListenSocket> listening,
                                                const ProcessId& root,
                                                std::span<const ListenAddress> addresses);
// Of whatever listens now.
Result<std::vector<TakenListener>> listeners_of(SockDiag& diag, const ProcessId& root,
                                                std::span<const ListenAddress> addresses);

// The listener that was found there, without any search. NotFound where it is not there any more, or does not
// listen.
Result<Fd> take_again(const SocketPlace& place);

// One listener of the tree on exactly `bound`; the root's own where it has one, which spares reading all of
// /proc. NotFound where there is none.
Result<TakenListener> take_listener(SockDiag& diag, const ProcessId& root, const Endpoint& bound);

// Asked again and again whose a socket is: which processes a tree has is read anew only every 20 ms.
class TreeSockets {
 public:
  explicit TreeSockets(ProcessId root) : root_(std::move(root)) {}

  // Whether a process of the tree holds a descriptor of the socket; errors as socket_inodes().
  Result<bool> hold(uint32_t inode) { return hold_any(std::span(&inode, 1)); }
  Result<bool> hold_any(std::span<const uint32_t> inodes);

 private:
  ProcessId root_;
  std::vector<pid_t> descendants_;
  TimePoint read_at_{};
};

// Whether the tree listens on a port (host order), at whatever address. Takes nothing.
Result<bool> listens_on_port(SockDiag& diag, TreeSockets& tree, uint16_t port);

// Some process that holds a descriptor of the socket.
struct SocketOwner {
  pid_t pid = 0;  // for a message only
  std::string command;

  [[nodiscard]] std::string text() const;  // "nginx (pid 12)"
};

// Reads the descriptors of every process that this user may look into; nothing where none of them is it.
Result<std::optional<SocketOwner>> find_owner(uint32_t inode);

// The processes, other than the caller, that hold a descriptor of the socket, as far as this user may look
// into them. Reads the descriptors of all of them.
Result<std::vector<ProcessRef>> find_holders(uint32_t inode);

// Whether that process does.
Result<bool> holds_socket(const ProcessRef& process, uint32_t inode);

// How many descriptors of the socket the caller has.
Result<size_t> count_own_descriptors(uint32_t inode);

// The connections of the tree on `ports` (host order): those that it has accepted and not closed. Cheap for
// one that has no sockets but listeners, and cheaper still where the caller knows these: `listening`, by
// inode.
Result<size_t> count_connections(SockDiag& diag, const ProcessId& root, std::span<const uint16_t> ports,
                                 std::span<const uint32_t> listening = {});

}  // namespace rollctl
