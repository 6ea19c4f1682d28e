// SPDX-License-Identifier: MIT
#include "bpf/http_close_program.h"

#include <linux/bpf.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/utsname.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <string>

#include "base/privilege.h"
#include "bpf/http_close_loader.h"
#include "bpf/raw_bpf.h"

namespace rollctl {

namespace {

// The oldest kernel that the program was tried on, Debian 12's.
constexpr int kOldestMajor = 6;
constexpr int kOldestMinor = 1;

constexpr const char* kPrivilegeHint =
    "run rollctl as root or grant it CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN";

Status check_kernel() {
  utsname host{};
  int major = 0;
  int minor = 0;
  if (::uname(&host) != 0 || std::sscanf(host.release, "%d.%d", &major, &minor) != 2) return {};
  if (major > kOldestMajor || (major == kOldestMajor && minor >= kOldestMinor)) return {};
  return fail(ErrorKind::Unsupported,
              "changing responses needs Linux 6.1 or newer; this is " + std::string(host.release));
}

// Without them the kernel says no more than EINVAL or EPERM.
Status check_capabilities() {
  if (has_capability(CAP_SYS_ADMIN)) return {};
  constexpr std::pair<int, const char*> kNeeded[] = {
      {CAP_BPF, "CAP_BPF"}, {CAP_PERFMON, "CAP_PERFMON"}, {CAP_NET_ADMIN, "CAP_NET_ADMIN"}};
  std::string missing;
  for (const auto& [capability, name] : kNeeded)
    if (!has_capability(capability)) missing += (missing.empty() ? "" : ", ") + std::string(name);
  if (missing.empty()) return {};
  return fail(ErrorKind::NotPermitted, "changing responses needs " + missing, kPrivilegeHint);
}

Error http_load_failure(int os_error) {
  Error error = os_failure("cannot load the program that changes responses", os_error);
  if (error.kind == ErrorKind::NotPermitted) {
    error.hint = kPrivilegeHint;
  } else {
    error.kind = ErrorKind::Unsupported;
    error.hint = "it needs a kernel with BPF_STREAM_PARSER and BTF (/sys/kernel/btf/vmlinux)";
  }
  return error;
}

// Both would get completions for pages that the program has replaced.
bool must_not_be_touched(int socket_fd) {
  int zero_copy = 0;
  socklen_t size = sizeof zero_copy;
  if (::getsockopt(socket_fd, SOL_SOCKET, SO_ZEROCOPY, &zero_copy, &size) == 0 && zero_copy != 0) return true;
  char upper_layer[16]{};
  size = sizeof upper_layer;
  return ::getsockopt(socket_fd, IPPROTO_TCP, TCP_ULP, upper_layer, &size) == 0 && size > 0 &&
         upper_layer[0] != '\0';
}

}  // namespace

Status HttpCloseProgram::available() {
  ROLL_TRY(check_kernel());
  return check_capabilities();
}

Result<HttpCloseProgram> HttpCloseProgram::load() {
  ROLL_TRY(available());
  roll_http_close_descriptors loaded{};
  // The verifier gives up with EAGAIN when a signal is pending (bpf_check() in kernel/bpf/verifier.c).
  sigset_t all, before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const int failure = roll_load_http_close(&loaded);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (failure != 0) return fail(http_load_failure(failure));
  HttpCloseProgram program(Fd(loaded.program), Fd(loaded.sockets), Fd(loaded.connections));
  if (const int refused = raw_bpf::attach_to_sockets(loaded.program, loaded.sockets); refused != 0)
    return fail(http_load_failure(refused));
  return program;
}

Status HttpCloseProgram::add(int socket_fd, uint64_t cookie) {
  if (must_not_be_touched(socket_fd))
    return fail(ErrorKind::Unsupported, "the socket uses SO_ZEROCOPY or an upper layer protocol");
  const roll_http_connection fresh{};
  if (const int failure = raw_bpf::update(connections_.get(), &cookie, &fresh); failure != 0)
    return fail(os_failure("cannot watch a connection", failure));
  const auto fd = static_cast<uint32_t>(socket_fd);
  if (const int failure = raw_bpf::update(sockets_.get(), &cookie, &fd); failure != 0) {
    (void)raw_bpf::erase(connections_.get(), &cookie);
    // The kernel takes in established sockets only (sock_map_sk_state_allowed() in net/core/sock_map.c).
    if (failure == EOPNOTSUPP)
      return fail(ErrorKind::NotFound, "the connection is closing, so its client need not be asked");
    return fail(os_failure("cannot watch a connection", failure));
  }
  return {};
}

std::optional<roll_http_state> HttpCloseProgram::state(uint64_t cookie) const {
  roll_http_connection connection{};
  if (raw_bpf::look_up(connections_.get(), &cookie, &connection) != 0) return std::nullopt;
  return static_cast<roll_http_state>(connection.state);
}

void HttpCloseProgram::remove(uint64_t cookie) {
  (void)raw_bpf::erase(sockets_.get(), &cookie);
  (void)raw_bpf::erase(connections_.get(), &cookie);
}

}  // namespace rollctl
