// SPDX-License-Identifier: MIT
#include "net/other_process.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/new_child.h"
#include "base/packet_socket.h"
#include "base/privilege.h"

namespace rollctl {

namespace {

bool is_refusal(int failure) {
  return failure == EACCES || failure == EPERM;
}

// The kernel gives the files of a process that is not dumpable to root.
bool is_dumpable(pid_t pid) {
  struct stat process{};
  struct stat descriptors{};
  const std::string path = "/proc/" + std::to_string(pid);
  return ::stat(path.c_str(), &process) != 0 || ::stat((path + "/fd").c_str(), &descriptors) != 0 ||
         process.st_uid == descriptors.st_uid;
}

constexpr const char* kGrantPtrace =
    "let the server inherit its sockets (socket = \"inherit\"), or grant CAP_SYS_PTRACE (docker run "
    "--cap-add "
    "SYS_PTRACE)";
// A change of the user without an exec makes a process not dumpable.
constexpr const char* kLetRollctlChange =
    "set `user` in the app file rather than let the server change its user by itself, or ";

Error look_failure(pid_t pid, int failure) {
  std::string what = "cannot look at the descriptors of process " + std::to_string(pid);
  const bool is_hidden = is_refusal(failure) && !is_dumpable(pid);
  if (is_hidden) what += ", which is not dumpable (see rollctl-server(7))";
  Error error = os_failure(std::move(what), failure);
  if (is_refusal(failure)) error.hint = kGrantPtrace;
  if (is_hidden && ::geteuid() == 0) error.hint.insert(0, kLetRollctlChange);
  return error;
}

Error take_failure(pid_t pid, int failure) {
  Error error = os_failure("cannot take a descriptor of process " + std::to_string(pid), failure);
  if (is_refusal(failure)) error.hint = kGrantPtrace;
  return error;
}

template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Returns 0 or an errno. With CAP_DAC_OVERRIDE the folder can be listed where its links cannot be read.
int read_open_sockets(pid_t pid, std::vector<OpenSocket>& sockets) {
  const std::string path = "/proc/" + std::to_string(pid) + "/fd";
  DIR* folder = ::opendir(path.c_str());
  if (folder == nullptr) return errno;
  const std::unique_ptr<DIR, int (*)(DIR*)> closer(folder, ::closedir);
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(folder);
    if (entry == nullptr) return errno;
    const auto descriptor = parse_number<int>(entry->d_name);
    if (!descriptor) continue;
    char target[64];
    const ssize_t size = ::readlinkat(::dirfd(folder), entry->d_name, target, sizeof target);
    if (size < 0 && is_refusal(errno)) return errno;
    if (size <= 0) continue;  // it was closed just now
    std::string_view text(target, static_cast<size_t>(size));
    if (!text.starts_with("socket:[") || !text.ends_with("]")) continue;
    text.remove_prefix(8);
    text.remove_suffix(1);
    if (const auto inode = parse_number<uint32_t>(text)) sockets.push_back({*descriptor, *inode});
  }
}

// --- Acting as the user of the process ---

struct Owner {
  uid_t uid = 0;
  gid_t gid = 0;
};

// The id in the real, effective and saved place of a line of /proc/PID/status ("Uid:\t33\t33\t33\t33"):
// ptrace rights need all three to be the same.
std::optional<uint32_t> only_id(std::string_view status, std::string_view name) {
  const size_t begin = status.find("\n" + std::string(name) + ":\t");
  if (begin == std::string_view::npos) return std::nullopt;
  status.remove_prefix(begin + name.size() + 3);
  std::array<uint32_t, 3> ids{};
  for (uint32_t& id : ids) {
    const auto [end, failure] = std::from_chars(status.data(), status.data() + status.size(), id);
    if (failure != std::errc()) return std::nullopt;
    status.remove_prefix(std::min(static_cast<size_t>(end - status.data()) + 1, status.size()));
  }
  return ids[0] == ids[1] && ids[0] == ids[2] ? std::optional(ids[0]) : std::nullopt;
}

// Nothing where acting as the user of that process would give no right that this process lacks.
std::optional<Owner> owner_to_act_as(pid_t pid) {
  if (::geteuid() != 0 || has_capability(CAP_SYS_PTRACE)) return std::nullopt;
  const Fd file(::open(("/proc/" + std::to_string(pid) + "/status").c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return std::nullopt;
  const auto status = read_all(file.get(), size_t{64} * 1024);
  if (!status) return std::nullopt;
  const auto uid = only_id(*status, "Uid");
  const auto gid = only_id(*status, "Gid");
  if (!uid || !gid || (*uid == ::geteuid() && *gid == ::getegid())) return std::nullopt;
  return Owner{*uid, *gid};
}

// The file system ids of this thread, which /proc looks at. They give the user no right over this thread:
// signals and ptrace look at the other ids. A change of them also resets two attributes of this process.
class FileUser {
 public:
  explicit FileUser(const Owner& owner) : dumpable_(::prctl(PR_GET_DUMPABLE)) {
    ::prctl(PR_GET_PDEATHSIG, &death_signal_);
    ::setfsgid(owner.gid);
    ::setfsuid(owner.uid);
  }
  FileUser(const FileUser&) = delete;
  FileUser& operator=(const FileUser&) = delete;
  ~FileUser() {
    ::setfsuid(::geteuid());
    ::setfsgid(::getegid());
    if (dumpable_ == 1) ::prctl(PR_SET_DUMPABLE, 1);
    if (death_signal_ != 0) ::prctl(PR_SET_PDEATHSIG, death_signal_);
  }

 private:
  int dumpable_;
  int death_signal_ = 0;
};

constexpr size_t kMostAtOnce = kMaxPacketFds;

// One answer of the child. Every entry of `failures` that is 0 has a descriptor in the packet.
struct Answer {
  std::array<int, kMostAtOnce> failures{};
};

// Runs in the child, so it makes system calls only. The user whose real ids it gets may signal it from then
// on, and stop it for any time, but not trace it: for that all its ids would have to be his. A child that is
// stopped must not keep a lock of the caller's held, so it closes every other descriptor first.
[[noreturn]] void take_as(const Owner& owner, int pidfd, int answer_to, std::span<const int> descriptors) {
  constexpr int kPidfd = 3;
  constexpr int kAnswer = 4;
  const int pidfd_above = ::fcntl(pidfd, F_DUPFD_CLOEXEC, kAnswer + 1);
  const int answer_above = ::fcntl(answer_to, F_DUPFD_CLOEXEC, kAnswer + 1);
  if (::dup3(pidfd_above, kPidfd, O_CLOEXEC) < 0 || ::dup3(answer_above, kAnswer, O_CLOEXEC) < 0 ||
      ::close_range(0, kPidfd - 1, 0) != 0 || ::close_range(kAnswer + 1, ~0U, 0) != 0)
    ::_exit(1);
  Answer answer;
  std::array<int, kMostAtOnce> taken{};
  size_t count = 0;
  const bool acts =
      ::syscall(SYS_setresgid, owner.gid, -1, -1) == 0 && ::syscall(SYS_setresuid, owner.uid, -1, -1) == 0;
  const int refused = acts ? 0 : errno;
  for (size_t i = 0; i < descriptors.size(); ++i) {
    const long fd = acts ? ::syscall(SYS_pidfd_getfd, kPidfd, descriptors[i], 0) : -1;
    answer.failures[i] = fd >= 0 ? 0 : acts ? errno : refused;
    if (fd >= 0) taken[count++] = static_cast<int>(fd);
  }
  const std::string_view text(reinterpret_cast<const char*>(&answer), sizeof answer);
  (void)send_packet(kAnswer, text, std::span(taken.data(), count));
  ::_exit(0);
}

Result<Packet> receive_answer(int socket) {
  pollfd answered{socket, POLLIN, 0};
  (void)::poll(&answered, 1, static_cast<int>(kActingPatience.count()));
  auto packet = receive_packet(socket);
  if (!packet || !*packet || (*packet)->text.size() != sizeof(Answer))
    return fail(os_failure("the child that acts as its user was stopped or killed", EPERM));
  return std::move(**packet);
}

Result<Packet> ask_child(const ProcessRef& process, const Owner& owner, std::span<const int> descriptors) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return fail(last_os_failure("cannot make a socket"));
  const Fd ours(ends[0]);
  Fd theirs(ends[1]);
  pid_t child = -1;
  {
    const AllSignalsBlocked blocked;
    child = ::fork();
    if (child == 0) take_as(owner, process.fd(), theirs.get(), descriptors);
  }
  if (child < 0) return fail(last_os_failure("cannot fork"));
  theirs.reset();
  auto answer = receive_answer(ours.get());
  ::kill(child, SIGKILL);
  reap(child);
  return answer;
}

// Fills in what the caller itself was refused.
void take_as_owner(const ProcessRef& process, const Owner& owner, std::span<const int> descriptors,
                   std::vector<Result<Fd>>& taken) {
  const pid_t pid = process.id().pid;
  std::vector<size_t> places;
  std::vector<int> refused;
  for (size_t i = 0; i < taken.size() && refused.size() < kMostAtOnce; ++i) {
    if (taken[i] || !is_refusal(taken[i].error().os_error)) continue;
    places.push_back(i);
    refused.push_back(descriptors[i]);
  }
  auto packet = ask_child(process, owner, refused);
  if (!packet) {
    for (const size_t place : places)
      taken[place] =
          fail(with_context(packet.error(), "cannot take a descriptor of process " + std::to_string(pid)));
    return;
  }
  Answer answer;
  std::memcpy(&answer, packet->text.data(), sizeof answer);
  size_t next = 0;
  for (size_t i = 0; i < places.size(); ++i) {
    if (answer.failures[i] != 0)
      taken[places[i]] = fail(take_failure(pid, answer.failures[i]));
    else if (next < packet->fds.size())
      taken[places[i]] = std::move(packet->fds[next++]);
    else  // received without its descriptors
      taken[places[i]] = fail(take_failure(pid, EMFILE));
  }
}

// Whether the kernel, or a filter of the container, has the call at all: on this process itself it needs no
// right.
Status try_the_call() {
  const auto self = ProcessRef::self();
  if (!self) return fail(self.error());
  const Fd any(::open("/proc/self", O_PATH | O_CLOEXEC));
  if (!any) return fail(last_os_failure("cannot open /proc/self"));
  const auto taken = self->take_fd(any.get());
  if (taken) return {};
  return fail(ErrorKind::NotPermitted,
              "pidfd_getfd(2) is not allowed here (" + os_error_text(taken.error().os_error) +
                  "): the seccomp filter of a container forbids it",
              kGrantPtrace);
}

}  // namespace

bool refers_to(int fd, uint32_t inode) {
  struct stat status{};
  return ::fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode) && status.st_ino == inode;
}

std::string yama_scope() {
  const Fd fd(::open("/proc/sys/kernel/yama/ptrace_scope", O_RDONLY | O_CLOEXEC));
  std::string scope = fd ? read_all(fd.get(), 64).value_or(std::string()) : std::string();
  while (!scope.empty() && scope.back() == '\n') scope.pop_back();
  return scope;
}

Status taking_available(uid_t uid, gid_t gid) {
  if (Status called = try_the_call(); !called) return called;
  const bool traces_all = has_capability(CAP_SYS_PTRACE);
  const std::string scope = yama_scope();
  if (scope == "3" || (scope == "2" && !traces_all))
    return fail(ErrorKind::NotPermitted, "kernel.yama.ptrace_scope is " + scope,
                "sysctl -w kernel.yama.ptrace_scope=1");
  const bool is_own = uid == ::geteuid() && gid == ::getegid();
  const bool may_act = ::geteuid() == 0 && has_capability(CAP_SETUID) && has_capability(CAP_SETGID);
  if (traces_all || is_own || may_act) return {};
  return fail(ErrorKind::NotPermitted,
              "a server of user " + std::to_string(uid) + " may not be looked at without CAP_SYS_PTRACE",
              kGrantPtrace);
}

Result<std::vector<OpenSocket>> open_sockets(pid_t pid) {
  std::vector<OpenSocket> sockets;
  int failure = read_open_sockets(pid, sockets);
  if (is_refusal(failure)) {
    if (const auto owner = owner_to_act_as(pid)) {
      const FileUser acting(*owner);
      sockets.clear();
      failure = read_open_sockets(pid, sockets);
    }
  }
  if (failure != 0) return fail(look_failure(pid, failure));
  return sockets;
}

std::vector<Result<Fd>> take_descriptors(const ProcessRef& process, std::span<const int> descriptors) {
  std::vector<Result<Fd>> taken;
  bool any_refused = false;
  for (const int descriptor : descriptors) {
    taken.push_back(process.take_fd(descriptor));
    any_refused = any_refused || (!taken.back() && is_refusal(taken.back().error().os_error));
  }
  if (!any_refused) return taken;
  if (const auto owner = owner_to_act_as(process.id().pid))
    take_as_owner(process, *owner, descriptors, taken);
  for (auto& fd : taken)
    if (!fd && is_refusal(fd.error().os_error)) fd.error().hint = kGrantPtrace;
  return taken;
}

}  // namespace rollctl
