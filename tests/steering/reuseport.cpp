// SPDX-License-Identifier: MIT
#include "steering/reuseport.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <thread>

#include "base/process_ref.h"

namespace rollctl::test {

namespace {

int set_option(const Fd& fd, int level, int option, int value) {
  return ::setsockopt(fd.get(), level, option, &value, sizeof value);
}

}  // namespace

Endpoint v4(const char* ip, uint16_t port) {
  in_addr address{};
  EXPECT_EQ(::inet_pton(AF_INET, ip, &address), 1);
  return {IpAddress::v4(ntohl(address.s_addr)), port};
}

Endpoint v6(const char* ip, uint16_t port) {
  in6_addr address{};
  EXPECT_EQ(::inet_pton(AF_INET6, ip, &address), 1);
  return {IpAddress::v6(address), port};
}

Fd listen_on(const Endpoint& bound, Dual dual) {
  const bool is_v4 = bound.ip.is_v4() && dual != Dual::Mapped;
  Fd fd(::socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  EXPECT_EQ(set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1), 0);
  if (!is_v4) {
    EXPECT_EQ(set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, dual == Dual::No ? 1 : 0), 0);
  }
  sockaddr_storage storage;
  socklen_t size = bound.to_sockaddr(storage);
  if (dual == Dual::Mapped) {
    sockaddr_in6 mapped{};
    mapped.sin6_family = AF_INET6;
    mapped.sin6_port = htons(bound.port);
    std::ranges::copy(bound.ip.bytes, mapped.sin6_addr.s6_addr);
    size = sizeof mapped;
    std::memcpy(&storage, &mapped, sizeof mapped);
  }
  EXPECT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&storage), size), 0) << std::strerror(errno);
  EXPECT_EQ(::listen(fd.get(), 4096), 0);
  return fd;
}

std::vector<Listener> duplicates(std::initializer_list<const Fd*> listeners) {
  std::vector<Listener> result;
  for (const Fd* fd : listeners) {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    EXPECT_EQ(::getsockname(fd->get(), reinterpret_cast<sockaddr*>(&storage), &size), 0);
    auto copy = duplicate(fd->get());
    auto bound = Endpoint::from_sockaddr(storage);
    EXPECT_TRUE(copy && bound);
    result.push_back({std::move(*copy), *bound, 0});
  }
  return result;
}

std::vector<Listener> duplicates(const std::vector<Fd>& listeners) {
  std::vector<Listener> result;
  for (const Fd& fd : listeners) result.push_back(std::move(duplicates({&fd}).front()));
  return result;
}

Fd connect_to(const Endpoint& target) {
  Fd fd(::socket(target.ip.is_v4() ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_storage storage;
  const socklen_t size = target.to_sockaddr(storage);
  if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&storage), size) == 0) return fd;
  const int failure = errno;
  fd.reset();
  errno = failure;
  return fd;
}

int accept_all(const Fd& listener) {
  int count = 0;
  for (; Fd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)); ++count) continue;
  return count;
}

Result<Fd> aimed_connect(Loop& loop, Steering& steering, InstanceId instance, const Endpoint& target,
                         Millis patience, std::string_view opening) {
  std::optional<Result<Fd>> outcome;
  const auto deadline = std::chrono::steady_clock::now() + patience;
  const auto attempt = steering.connect(loop, instance, target, deadline, opening,
                                        [&](Result<Fd> result) { outcome = std::move(result); });
  loop.run_until([&] { return outcome.has_value(); }, deadline + Millis(5000));
  if (!outcome) return fail(ErrorKind::Failed, "the attempt never ended");
  return std::move(*outcome);
}

KernelObjects::KernelObjects(const std::vector<SteeringHandle>& handles) {
  for (const auto& handle : handles) {
    bpf_prog_info program{};
    uint32_t size = sizeof program;
    EXPECT_EQ(::bpf_obj_get_info_by_fd(handle.program.get(), &program, &size), 0);
    programs_.push_back(program.id);
    for (const Fd* map : {&handle.sockets, &handle.state, &handle.probes, &handle.counters}) {
      bpf_map_info info{};
      size = sizeof info;
      EXPECT_EQ(::bpf_obj_get_info_by_fd(map->get(), &info, &size), 0);
      maps_.push_back(info.id);
    }
  }
}

bool KernelObjects::any_left() const {
  const auto stands = [](auto open) {
    return [open](uint32_t id) { return static_cast<bool>(Fd(open(id))); };
  };
  return std::ranges::any_of(programs_, stands(::bpf_prog_get_fd_by_id)) ||
         std::ranges::any_of(maps_, stands(::bpf_map_get_fd_by_id));
}

ProcessId own_id() {
  const auto self = ProcessRef::self();
  EXPECT_TRUE(self);
  return self->id();
}

SettleResult await(Settlement& settlement) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (std::chrono::steady_clock::now() < give_up) {
    if (const auto result = settlement.poll()) return *result;
    std::this_thread::yield();
  }
  ADD_FAILURE() << "it never settled";
  return {};
}

}  // namespace rollctl::test
