// SPDX-License-Identifier: MIT
#include "net/process_sockets.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <functional>
#include <iterator>
#include <memory>
#include <string_view>
#include <utility>

#include "net/other_process.h"

namespace rollctl {

namespace {

// Whether that process has gone, or this user may not inspect it.
bool tells_nothing(const Error& failure) {
  const int number = failure.os_error;
  return number == ENOENT || number == ESRCH || number == EACCES || number == EPERM;
}

// 0 where the process cannot be inspected.
Result<size_t> count_descriptors(pid_t pid, uint32_t wanted) {
  const auto sockets = open_sockets(pid);
  if (sockets) return static_cast<size_t>(std::ranges::count(*sockets, wanted, &OpenSocket::inode));
  if (tells_nothing(sockets.error())) return size_t{0};
  return fail(sockets.error());
}

Result<std::vector<pid_t>> processes(const ProcessId& root, Whose whose) {
  if (whose == Whose::RootOnly) return std::vector<pid_t>{root.pid};
  return process_tree(root.pid);
}

// Takes listeners out of a process tree, each socket from the first process that allows it: a worker that
// changed its uid may refuse where its master does not.
class Taking {
 public:
  explicit Taking(std::vector<ListenSocket> wanted) : wanted_(std::move(wanted)) {}

  void take_from(const ProcessRef& process) { take_from(process.id().pid, &process); }

  // `process`: if the caller has it open.
  void take_from(pid_t pid, const ProcessRef* process = nullptr) {
    const auto sockets = open_sockets(pid);
    if (!sockets) return note(sockets.error());
    std::vector<OpenSocket> found;
    for (const OpenSocket& socket : *sockets) {
      const bool is_new = std::ranges::find(found, socket.inode, &OpenSocket::inode) == found.end();
      if (is_new && std::ranges::find(wanted_, socket.inode, &ListenSocket::inode) != wanted_.end())
        found.push_back(socket);
    }
    if (found.empty()) return;
    std::optional<ProcessRef> opened;
    if (process == nullptr) {
      auto now = ProcessRef::open(pid);
      if (!now && now.error().kind != ErrorKind::NotFound)
        refused_.emplace_back(found.front().inode, now.error());
      if (!now) return;
      process = &opened.emplace(std::move(*now));
    }
    take(*process, found);
  }

  [[nodiscard]] bool complete() const { return wanted_.empty(); }

  // The duplicates, oldest socket first; or why one could not be taken.
  Result<std::vector<TakenListener>> finish() {
    for (const auto& [inode, error] : refused_) {
      if (std::ranges::find(wanted_, inode, &ListenSocket::inode) != wanted_.end()) return fail(error);
    }
    if (failed_ && !wanted_.empty()) return fail(*failed_);
    if (taken_.empty() && hidden_ && !wanted_.empty()) return fail(*hidden_);
    std::ranges::sort(taken_, {}, [](const TakenListener& listener) { return listener.socket.cookie; });
    return std::move(taken_);
  }

 private:
  void note(const Error& failure) {
    if (failure.kind == ErrorKind::NotPermitted) hidden_ = failure;
    if (!tells_nothing(failure)) failed_ = failure;
  }

  void take(const ProcessRef& process, const std::vector<OpenSocket>& found) {
    std::vector<int> descriptors;
    for (const OpenSocket& socket : found) descriptors.push_back(socket.descriptor);
    auto taken = take_descriptors(process, descriptors);
    for (size_t i = 0; i < found.size(); ++i) {
      const auto [descriptor, inode] = found[i];
      auto& fd = taken[i];
      // Closed since the scan, or the process has exited.
      if (!fd && (fd.error().os_error == EBADF || fd.error().os_error == ESRCH)) continue;
      if (!fd) {
        refused_.emplace_back(inode, fd.error());
        continue;
      }
      if (!refers_to(fd->get(), inode)) continue;
      const auto socket = std::ranges::find(wanted_, inode, &ListenSocket::inode);
      taken_.push_back({std::move(*fd), *socket, {process.id().pid, descriptor, inode}});
      wanted_.erase(socket);
    }
  }

  std::vector<ListenSocket> wanted_;
  std::vector<TakenListener> taken_;
  std::vector<std::pair<uint32_t, Error>> refused_;
  std::optional<Error> hidden_;
  std::optional<Error> failed_;
};

std::vector<ListenSocket> serving(std::span<const ListenSocket> listening,
                                  std::span<const ListenAddress> addresses) {
  std::vector<ListenSocket> some;
  std::ranges::copy_if(listening, std::back_inserter(some), [&](const auto& socket) {
    return std::ranges::any_of(addresses, [&](const auto& address) { return address.matches(socket.bound); });
  });
  return some;
}

struct TreeInodes {
  std::vector<uint32_t> sorted;
  bool is_whole = true;              // false: a process of the tree may not be looked at
  std::optional<Error> root_hidden;  // where the root is one of those
};

Result<TreeInodes> look_at(const ProcessId& root, Whose whose) {
  const auto process = ProcessRef::open(root);
  if (!process) return fail(process.error());
  const auto tree = processes(root, whose);
  if (!tree) return fail(tree.error());
  TreeInodes inodes;
  for (const pid_t pid : *tree) {
    const auto sockets = open_sockets(pid);
    if (sockets) {
      for (const OpenSocket& socket : *sockets) inodes.sorted.push_back(socket.inode);
    } else if (sockets.error().kind == ErrorKind::NotPermitted) {
      inodes.is_whole = false;
      if (pid == root.pid) inodes.root_hidden = sockets.error();
    } else if (pid == root.pid || !tells_nothing(sockets.error())) {
      return fail(sockets.error());
    }
  }
  std::ranges::sort(inodes.sorted);
  return inodes;
}

}  // namespace

bool serve_all(std::span<const TakenListener> listeners, std::span<const ListenAddress> addresses) {
  return std::ranges::all_of(addresses, [&](const ListenAddress& address) {
    return std::ranges::any_of(
        listeners, [&](const TakenListener& listener) { return address.matches(listener.socket.bound); });
  });
}

Result<std::vector<uint32_t>> socket_inodes(const ProcessId& root, Whose whose) {
  auto inodes = look_at(root, whose);
  if (!inodes) return fail(inodes.error());
  if (inodes->root_hidden) return fail(*inodes->root_hidden);
  inodes->sorted.erase(std::unique(inodes->sorted.begin(), inodes->sorted.end()), inodes->sorted.end());
  return std::move(inodes->sorted);
}

Result<std::vector<TakenListener>> listeners_of(std::span<const ListenSocket> listening,
                                                const ProcessId& root,
                                                std::span<const ListenAddress> addresses) {
  const auto process = ProcessRef::open(root);
  if (!process) return fail(process.error());
  auto wanted = serving(listening, addresses);
  if (wanted.empty()) return std::vector<TakenListener>();

  Taking taking(std::move(wanted));
  taking.take_from(*process);
  if (taking.complete()) return taking.finish();
  const auto tree = process_tree(root.pid);
  if (!tree) return fail(tree.error());
  for (const pid_t pid : *tree) {
    if (taking.complete()) break;
    if (pid != root.pid) taking.take_from(pid);
  }
  return taking.finish();
}

Result<std::vector<TakenListener>> listeners_of(SockDiag& diag, const ProcessId& root,
                                                std::span<const ListenAddress> addresses) {
  const std::vector<uint16_t> ports = ports_of(addresses);
  if (ports.empty()) return std::vector<TakenListener>();
  const auto listening = diag.listeners(ports, families_of(addresses));
  if (!listening) return fail(listening.error());
  return listeners_of(*listening, root, addresses);
}

Result<std::vector<ListenSocket>> find_listeners(std::span<const ListenSocket> listening,
                                                 const ProcessId& root,
                                                 std::span<const ListenAddress> addresses) {
  auto found = serving(listening, addresses);
  const auto inodes = socket_inodes(root);
  if (!inodes) return fail(inodes.error());
  std::erase_if(
      found, [&](const ListenSocket& socket) { return !std::ranges::binary_search(*inodes, socket.inode); });
  return found;
}

Result<Fd> take_again(const SocketPlace& place) {
  const auto process = ProcessRef::open(place.pid);
  if (!process) return fail(process.error());
  auto fd = std::move(take_descriptors(*process, std::span(&place.descriptor, 1)).front());
  if (!fd && is_shortage(fd.error())) return fail(fd.error());
  int listens = 0;
  socklen_t size = sizeof listens;
  if (fd && refers_to(fd->get(), place.inode) &&
      ::getsockopt(fd->get(), SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens == 1)
    return fd;
  return fail(ErrorKind::NotFound,
              "process " + std::to_string(place.pid) + " does not listen on that socket any more");
}

Result<TakenListener> take_listener(SockDiag& diag, const ProcessId& root, const Endpoint& bound) {
  const auto process = ProcessRef::open(root);
  if (!process) return fail(process.error());
  auto wanted = diag.listeners_on(bound);
  if (!wanted) return fail(wanted.error());

  for (const Whose whose : {Whose::RootOnly, Whose::Tree}) {
    Taking taking(*wanted);
    const auto tree = processes(root, whose);
    if (!tree) return fail(tree.error());
    for (const pid_t pid : *tree) taking.take_from(pid);
    auto taken = taking.finish();
    if (taken && !taken->empty()) return std::move(taken->front());
    if (!taken && whose == Whose::Tree) return fail(taken.error());
  }
  return fail(ErrorKind::NotFound,
              "process " + std::to_string(root.pid) + " does not listen on " + bound.text());
}

Result<bool> TreeSockets::hold_any(std::span<const uint32_t> inodes) {
  const auto process = ProcessRef::open(root_);
  if (!process) return fail(process.error());
  const auto look = [&](pid_t pid) -> Result<bool> {
    const auto sockets = open_sockets(pid);
    if (!sockets) return fail(sockets.error());
    return std::ranges::any_of(*sockets, [&](const OpenSocket& socket) {
      return std::ranges::find(inodes, socket.inode) != inodes.end();
    });
  };
  auto in_root = look(root_.pid);
  if (!in_root || *in_root) return in_root;

  constexpr Millis kFresh{20};
  const TimePoint now = std::chrono::steady_clock::now();
  if (read_at_ == TimePoint() || now - read_at_ > kFresh) {
    auto tree = process_tree(root_.pid);
    if (!tree) return fail(tree.error());
    descendants_ = std::move(*tree);
    descendants_.erase(descendants_.begin());
    read_at_ = now;
  }
  for (const pid_t pid : descendants_) {
    const auto found = look(pid);
    if (found && *found) return true;
    if (!found && !tells_nothing(found.error())) return fail(found.error());
  }
  return false;
}

Result<bool> listens_on_port(SockDiag& diag, TreeSockets& tree, uint16_t port) {
  const auto sockets = diag.listeners(std::span(&port, 1));
  if (!sockets) return fail(sockets.error());
  std::vector<uint32_t> inodes;
  for (const auto& socket : *sockets) inodes.push_back(socket.inode);
  return tree.hold_any(inodes);
}

std::string SocketOwner::text() const {
  return command + " (pid " + std::to_string(pid) + ")";
}

namespace {

// Calls `visit(pid)` for every process, up to the first error.
template <typename Visit>
Status for_each_process(const Visit& visit) {
  DIR* proc = ::opendir("/proc");
  if (proc == nullptr) return fail(last_os_failure("cannot list /proc"));
  const std::unique_ptr<DIR, int (*)(DIR*)> closer(proc, ::closedir);
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(proc);
    if (entry == nullptr) return errno == 0 ? Status() : fail(last_os_failure("cannot list /proc"));
    pid_t pid = 0;
    const char* const end = entry->d_name + std::strlen(entry->d_name);
    if (const auto [stop, bad] = std::from_chars(entry->d_name, end, pid); bad != std::errc() || stop != end)
      continue;
    if (Status visited = visit(pid); !visited) return visited;
  }
}

}  // namespace

Result<std::optional<SocketOwner>> find_owner(uint32_t inode) {
  std::optional<SocketOwner> owner;
  const Status looked = for_each_process([&](pid_t pid) -> Status {
    const auto count = owner ? Result<size_t>(0) : count_descriptors(pid, inode);
    if (!count) return fail(count.error());
    if (*count == 0) return {};
    owner = SocketOwner{pid, command_of(pid)};
    return {};
  });
  if (!looked) return fail(looked.error());
  return owner;
}

Result<std::vector<ProcessRef>> find_holders(uint32_t inode) {
  std::vector<ProcessRef> holders;
  const Status looked = for_each_process([&](pid_t pid) -> Status {
    const auto count = pid == ::getpid() ? Result<size_t>(0) : count_descriptors(pid, inode);
    if (!count) return fail(count.error());
    if (*count == 0) return {};
    auto process = ProcessRef::open(pid);
    if (!process && process.error().kind != ErrorKind::NotFound) return fail(process.error());
    if (process) holders.push_back(std::move(*process));
    return {};
  });
  if (!looked) return fail(looked.error());
  return holders;
}

Result<bool> holds_socket(const ProcessRef& process, uint32_t inode) {
  const auto count = count_descriptors(process.id().pid, inode);
  if (!count) return fail(count.error());
  return *count > 0 && !process.has_exited();
}

Result<size_t> count_own_descriptors(uint32_t inode) {
  return count_descriptors(::getpid(), inode);
}

namespace {

// The inodes of all sockets of all processes that this user may look at, sorted.
Result<std::vector<uint32_t>> visible_inodes() {
  std::vector<uint32_t> inodes;
  const Status looked = for_each_process([&](pid_t pid) -> Status {
    const auto sockets = open_sockets(pid);
    if (!sockets) return tells_nothing(sockets.error()) ? Status() : fail(sockets.error());
    for (const OpenSocket& socket : *sockets) inodes.push_back(socket.inode);
    return {};
  });
  if (!looked) return fail(looked.error());
  std::ranges::sort(inodes);
  return inodes;
}

Result<size_t> count_if_accepted(SockDiag& diag, std::span<const uint16_t> ports,
                                 const std::function<bool(uint32_t)>& counts) {
  const auto connections = diag.connections(ports);
  if (!connections) return fail(connections.error());
  return static_cast<size_t>(std::ranges::count_if(*connections, [&](const Connection& connection) {
    return connection.inode != 0 && counts(connection.inode);
  }));
}

}  // namespace

Result<size_t> count_connections(SockDiag& diag, const ProcessId& root, std::span<const uint16_t> ports,
                                 std::span<const uint32_t> listening) {
  auto tree = look_at(root, Whose::Tree);
  if (!tree) return fail(tree.error());
  auto& inodes = tree->sorted;
  const auto is_held = [&](uint32_t inode) { return std::ranges::binary_search(inodes, inode); };
  if (!tree->is_whole) {
    const auto visible = visible_inodes();
    if (!visible) return fail(visible.error());
    return count_if_accepted(diag, ports, [&](uint32_t inode) {
      return is_held(inode) || !std::ranges::binary_search(*visible, inode);
    });
  }
  std::erase_if(inodes,
                [&](uint32_t inode) { return std::ranges::find(listening, inode) != listening.end(); });
  if (inodes.empty()) return size_t{0};
  const auto listeners = diag.listeners(ports);
  if (!listeners) return fail(listeners.error());
  std::erase_if(inodes, [&](uint32_t inode) {
    return std::ranges::find(*listeners, inode, &ListenSocket::inode) != listeners->end();
  });
  // A connection dump walks through all connections of the host.
  if (inodes.empty()) return size_t{0};
  return count_if_accepted(diag, ports, is_held);
}

}  // namespace rollctl
