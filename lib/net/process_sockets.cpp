// SPDX-License-Identifier: MIT
#include "net/process_sockets.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <iterator>
#include <string_view>
#include <utility>

namespace rollctl {

namespace {

struct FolderCloser {
  DIR* folder;
  explicit FolderCloser(DIR* opened) : folder(opened) {}
  FolderCloser(const FolderCloser&) = delete;
  FolderCloser& operator=(const FolderCloser&) = delete;
  ~FolderCloser() { ::closedir(folder); }
};

template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Whether that process has gone, or this user may not inspect it.
bool tells_nothing(int failure) {
  return failure == ENOENT || failure == ESRCH || failure == EACCES || failure == EPERM;
}

Error look_failure(pid_t pid, int failure) {
  return os_failure("cannot look at the descriptors of process " + std::to_string(pid), failure);
}

// Calls `visit(descriptor, inode)` for every socket that the process has open. Returns 0 or an errno.
template <typename Visit>
int for_each_socket(pid_t pid, const Visit& visit) {
  const std::string path = "/proc/" + std::to_string(pid) + "/fd";
  DIR* folder = ::opendir(path.c_str());
  if (folder == nullptr) return errno;
  const FolderCloser closer(folder);
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(folder);
    if (entry == nullptr) return errno;
    const auto descriptor = parse_number<int>(entry->d_name);
    if (!descriptor) continue;
    char target[64];
    const ssize_t size = ::readlinkat(::dirfd(folder), entry->d_name, target, sizeof target);
    if (size <= 0) continue;
    std::string_view text(target, static_cast<size_t>(size));
    if (!text.starts_with("socket:[") || !text.ends_with("]")) continue;
    text.remove_prefix(8);
    text.remove_suffix(1);
    if (const auto inode = parse_number<uint32_t>(text)) visit(*descriptor, *inode);
  }
}

// 0 where the process cannot be inspected.
Result<size_t> count_descriptors(pid_t pid, uint32_t wanted) {
  size_t count = 0;
  const int failure = for_each_socket(pid, [&](int, uint32_t inode) { count += inode == wanted ? 1 : 0; });
  if (failure != 0 && !tells_nothing(failure)) return fail(look_failure(pid, failure));
  return count;
}

Result<std::vector<pid_t>> processes(const ProcessId& root, Whose whose) {
  if (whose == Whose::RootOnly) return std::vector<pid_t>{root.pid};
  return process_tree(root.pid);
}

// Compares the inode, because the descriptor may have been reused since the scan of /proc.
bool refers_to(int fd, uint32_t inode) {
  struct stat status{};
  return ::fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode) && status.st_ino == inode;
}

// Takes listeners out of a process tree, each socket from the first process that allows it: a worker that
// changed its uid may refuse where its master does not.
class Taking {
 public:
  explicit Taking(std::vector<ListenSocket> wanted) : wanted_(std::move(wanted)) {}

  void take_from(const ProcessRef& process) { take_from(process.id().pid, &process); }

  // `process`: if the caller has it open.
  void take_from(pid_t pid, const ProcessRef* process = nullptr) {
    std::optional<ProcessRef> opened;
    const int failure = for_each_socket(pid, [&](int descriptor, uint32_t inode) {
      const auto found = std::ranges::find(wanted_, inode, &ListenSocket::inode);
      if (found == wanted_.end()) return;
      if (process == nullptr) {
        auto now = ProcessRef::open(pid);
        if (!now && now.error().kind != ErrorKind::NotFound) refused_.emplace_back(inode, now.error());
        if (!now) return;
        process = &opened.emplace(std::move(*now));
      }
      auto fd = process->take_fd(descriptor);
      // Closed since the scan, or the process has exited.
      if (!fd && (fd.error().os_error == EBADF || fd.error().os_error == ESRCH)) return;
      if (!fd) {
        refused_.emplace_back(inode, fd.error());
        return;
      }
      if (!refers_to(fd->get(), inode)) return;
      taken_.push_back({std::move(*fd), *found, {pid, descriptor, inode}});
      wanted_.erase(found);
    });
    if (failure == EACCES || failure == EPERM) hidden_ = look_failure(pid, failure);
    if (failure != 0 && !tells_nothing(failure)) failed_ = look_failure(pid, failure);
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
  std::vector<ListenSocket> wanted_;
  std::vector<TakenListener> taken_;
  std::vector<std::pair<uint32_t, Error>> refused_;
  std::optional<Error> hidden_;
  std::optional<Error> failed_;
};

}  // namespace

Result<std::vector<uint32_t>> socket_inodes(const ProcessId& root, Whose whose) {
  const auto process = ProcessRef::open(root);
  if (!process) return fail(process.error());
  std::vector<uint32_t> inodes;
  const auto tree = processes(root, whose);
  if (!tree) return fail(tree.error());
  for (const pid_t pid : *tree) {
    const int failure = for_each_socket(pid, [&](int, uint32_t inode) { inodes.push_back(inode); });
    if (failure != 0 && (pid == root.pid || !tells_nothing(failure))) return fail(look_failure(pid, failure));
  }
  std::ranges::sort(inodes);
  inodes.erase(std::unique(inodes.begin(), inodes.end()), inodes.end());
  return inodes;
}

Result<std::vector<TakenListener>> listeners_of(std::span<const ListenSocket> listening,
                                                const ProcessId& root,
                                                std::span<const ListenAddress> addresses) {
  const auto process = ProcessRef::open(root);
  if (!process) return fail(process.error());
  std::vector<ListenSocket> wanted;
  std::ranges::copy_if(listening, std::back_inserter(wanted), [&](const auto& socket) {
    return std::ranges::any_of(addresses, [&](const auto& address) { return address.matches(socket.bound); });
  });
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
  std::vector<uint16_t> ports;
  for (const auto& address : addresses) ports.push_back(address.endpoint.port);
  if (ports.empty()) return std::vector<TakenListener>();
  const auto listening = diag.listeners(ports, families_of(addresses));
  if (!listening) return fail(listening.error());
  return listeners_of(*listening, root, addresses);
}

Result<Fd> take_again(const SocketPlace& place) {
  const auto process = ProcessRef::open(place.pid);
  if (!process) return fail(process.error());
  auto fd = process->take_fd(place.descriptor);
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
  bool found = false;
  const auto look = [&](pid_t pid) {
    return for_each_socket(
        pid, [&](int, uint32_t inode) { found = found || std::ranges::find(inodes, inode) != inodes.end(); });
  };
  if (const int failure = look(root_.pid); failure != 0) return fail(look_failure(root_.pid, failure));
  if (found) return true;

  constexpr Millis kFresh{20};
  const TimePoint now = std::chrono::steady_clock::now();
  if (read_at_ == TimePoint() || now - read_at_ > kFresh) {
    auto tree = process_tree(root_.pid);
    if (!tree) return fail(tree.error());
    descendants_ = std::move(*tree);
    descendants_.erase(descendants_.begin());
    read_at_ = now;
  }
  for (size_t i = 0; i < descendants_.size() && !found; ++i) {
    const int failure = look(descendants_[i]);
    if (failure != 0 && !tells_nothing(failure)) return fail(look_failure(descendants_[i], failure));
  }
  return found;
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
  const FolderCloser closer(proc);
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(proc);
    if (entry == nullptr) return errno == 0 ? Status() : fail(last_os_failure("cannot list /proc"));
    const auto pid = parse_number<pid_t>(entry->d_name);
    if (!pid) continue;
    if (Status visited = visit(*pid); !visited) return visited;
  }
}

}  // namespace

Result<std::optional<SocketOwner>> find_owner(uint32_t inode) {
  std::optional<SocketOwner> owner;
  const Status looked = for_each_process([&](pid_t pid) -> Status {
    const auto count = owner ? Result<size_t>(0) : count_descriptors(pid, inode);
    if (!count) return fail(count.error());
    if (*count == 0) return {};
    const Fd comm(::open(("/proc/" + std::to_string(pid) + "/comm").c_str(), O_RDONLY | O_CLOEXEC));
    std::string command = comm ? read_all(comm.get(), 64).value_or(std::string()) : std::string();
    while (!command.empty() && command.back() == '\n') command.pop_back();
    owner = SocketOwner{pid, command.empty() ? "a process" : std::move(command)};
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

Result<size_t> count_connections(SockDiag& diag, const ProcessId& root, std::span<const uint16_t> ports,
                                 std::span<const uint32_t> listening) {
  auto inodes = socket_inodes(root);
  if (!inodes) return fail(inodes.error());
  std::erase_if(*inodes,
                [&](uint32_t inode) { return std::ranges::find(listening, inode) != listening.end(); });
  if (inodes->empty()) return size_t{0};
  const auto listeners = diag.listeners(ports);
  if (!listeners) return fail(listeners.error());
  std::erase_if(*inodes, [&](uint32_t inode) {
    return std::ranges::find(*listeners, inode, &ListenSocket::inode) != listeners->end();
  });
  // A connection dump walks through all connections of the host.
  if (inodes->empty()) return size_t{0};
  const auto connections = diag.connections(ports);
  if (!connections) return fail(connections.error());
  return static_cast<size_t>(std::ranges::count_if(*connections, [&](const Connection& connection) {
    return connection.inode != 0 && std::ranges::binary_search(*inodes, connection.inode);
  }));
}

}  // namespace rollctl
