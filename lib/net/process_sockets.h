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

// The root process alone, or its whole tree, which is much slower to find: it takes reading all of /proc.
enum class Whose { RootOnly, Tree };

// For all functions: processes that end meanwhile (ENOENT, ESRCH), and descendants that this user may not
// inspect (EACCES, EPERM), are left out. Any other failure is an error.

// The inodes of the sockets that a process, or its tree, has open, sorted, each once. NotPermitted where this
// user may not inspect the root, NotFound once the root has gone.
Result<std::vector<uint32_t>> socket_inodes(const ProcessId& root, Whose whose = Whose::Tree);

// A descriptor that refers to a socket.
struct SocketPlace {
  pid_t pid = 0;
  int descriptor = -1;
  uint32_t inode = 0;
};

struct TakenListener {
  Fd fd;  // a duplicate; while it is open the socket stays in its group
  ListenSocket socket;
  SocketPlace place;
};

// Whether each of the addresses is served by one of the listeners.
bool serve_all(std::span<const TakenListener> listeners, std::span<const ListenAddress> addresses);

// Duplicates of the `listening` sockets that a process tree has open and that serve one of `addresses`, each
// socket once, in the order of their creation. Empty where the tree listens on none. Needs ptrace rights over
// one holder of each (take_descriptors()); NotPermitted without them.
Result<std::vector<TakenListener>> listeners_of(std::span<const ListenSocket> listening,
                                                const ProcessId& root,
                                                std::span<const ListenAddress> addresses);
// The same for all sockets that listen now.
Result<std::vector<TakenListener>> listeners_of(SockDiag& diag, const ProcessId& root,
                                                std::span<const ListenAddress> addresses);

// Those of the `listening` sockets that a process tree has open and that serve one of `addresses`. It only
// looks: nothing is taken.
Result<std::vector<ListenSocket>> find_listeners(std::span<const ListenSocket> listening,
                                                 const ProcessId& root,
                                                 std::span<const ListenAddress> addresses);

// A duplicate of the listener at that place, without a search. NotFound where it has gone or does not listen.
Result<Fd> take_again(const SocketPlace& place);

// One listener of the tree on exactly `bound`; the root's own where it has one, which is faster. NotFound
// where the tree has none.
Result<TakenListener> take_listener(SockDiag& diag, const ProcessId& root, const Endpoint& bound);

// For repeated questions about one tree: its processes are read anew only every 20 ms.
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

// Whether the tree listens on a port (host order), at any address. Needs no ptrace rights.
Result<bool> listens_on_port(SockDiag& diag, TreeSockets& tree, uint16_t port);

// One process that has the socket open.
struct SocketOwner {
  pid_t pid = 0;  // for messages only, as it may be reused
  std::string command;

  [[nodiscard]] std::string text() const;  // "nginx (pid 12)"
};

// Reads the descriptors of every process that this user may inspect; nothing where none has it open.
Result<std::optional<SocketOwner>> find_owner(uint32_t inode);

// The processes other than the caller that have the socket open. Reads the descriptors of every process that
// this user may inspect.
Result<std::vector<ProcessRef>> find_holders(uint32_t inode);

// Whether that process has the socket open.
Result<bool> holds_socket(const ProcessRef& process, uint32_t inode);

// How many descriptors of the socket the caller has.
Result<size_t> count_own_descriptors(uint32_t inode);

// The number of connections on `ports` (host order) that the tree has accepted and not closed. Fast where it
// has no sockets but listeners; faster where the caller passes these as `listening`, by inode. Where this
// user may not inspect a process of the tree, those are counted, too, that no process has open which this
// user may inspect: any of them may be the tree's.
Result<size_t> count_connections(SockDiag& diag, const ProcessId& root, std::span<const uint16_t> ports,
                                 std::span<const uint32_t> listening = {});

}  // namespace rollctl
