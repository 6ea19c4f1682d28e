// SPDX-License-Identifier: MIT
#include "steering/find_positions.h"

#include <fcntl.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <set>
#include <string_view>

#include "base/clock.h"
#include "base/fd.h"
#include "net/tcp_connect.h"

namespace rollctl {

namespace {

// A listener that drops other packets at that moment seems to be at several positions. So there are at least
// two rounds, and more of them where that is not enough.
constexpr int kRounds = 2;
constexpr int kMostRounds = 5;
constexpr int kTries = 3;
// Over loopback a SYN is mostly handled when connect() returns; on a busy CPU much later.
constexpr Millis kPatience{1000};
// The same where the kernel's counters cannot be read.
constexpr Micros kGuess{5000};
constexpr const char* kKey = "rollctl";

Status sign(int fd, const Endpoint& target) {
  tcp_md5sig signature{};
  sockaddr_storage peer{};
  const socklen_t size = target.to_sockaddr(peer);
  std::memcpy(&signature.tcpm_addr, &peer, size);
  signature.tcpm_keylen = static_cast<uint16_t>(std::strlen(kKey));
  std::memcpy(signature.tcpm_key, kKey, signature.tcpm_keylen);
  if (::setsockopt(fd, IPPROTO_TCP, TCP_MD5SIG, &signature, sizeof signature) == 0) return {};
  Error error =
      last_os_failure("cannot find the positions of listeners: this kernel has no TCP MD5 signatures");
  error.kind = ErrorKind::Unsupported;
  return fail(std::move(error));
}

uint32_t drops_of(int listener) {
  std::array<uint32_t, SK_MEMINFO_VARS> info{};
  socklen_t size = sizeof info;
  if (::getsockopt(listener, SOL_SOCKET, SO_MEMINFO, info.data(), &size) != 0) return 0;
  return info[SK_MEMINFO_DROPS];
}

using Positions = std::vector<std::optional<GroupPosition>>;

bool all_known(const Positions& positions) {
  return std::ranges::all_of(positions, [](const auto& one) { return one.has_value(); });
}

// Counts the SYNs with an unexpected signature that this network has handled, at whichever listener.
class HandledSyns {
 public:
  HandledSyns() : counters_(::open("/proc/thread-self/net/netstat", O_RDONLY | O_CLOEXEC)) {}

  // Nothing where this system does not tell.
  [[nodiscard]] std::optional<uint64_t> count() const {
    std::array<char, 16384> text{};
    const ssize_t size = counters_ ? ::pread(counters_.get(), text.data(), text.size(), 0) : 0;
    return size > 0 ? count_of({text.data(), static_cast<size_t>(size)}) : std::nullopt;
  }

 private:
  // "TcpExt: NAME..." and, as the next line, "TcpExt: VALUE...".
  static std::optional<uint64_t> count_of(std::string_view text) {
    constexpr std::string_view kBegin = "TcpExt:";
    const auto line_at = [&](size_t at) { return text.substr(at, text.find('\n', at) - at); };
    if (!text.starts_with(kBegin)) return std::nullopt;
    std::string_view names = line_at(0);
    if (names.size() == text.size()) return std::nullopt;
    std::string_view values = line_at(names.size() + 1);
    std::optional<uint64_t> sum;
    while (!names.empty() && !values.empty()) {
      const std::string_view name = take_word(names);
      const std::string_view value = take_word(values);
      if (!name.starts_with("TCPMD5")) continue;
      uint64_t number = 0;
      std::from_chars(value.data(), value.data() + value.size(), number);
      sum = sum.value_or(0) + number;
    }
    return sum;
  }
  static std::string_view take_word(std::string_view& line) {
    const std::string_view word = line.substr(0, line.find(' '));
    line.remove_prefix(std::min(line.size(), word.size() + 1));
    return word;
  }

  Fd counters_;
};

class Search {
 public:
  Search(const Endpoint& target, std::span<const int> listeners, size_t size)
      : target_(target), listeners_(listeners), candidates_(size) {
    for (auto& some : candidates_) {
      for (size_t i = 0; i < listeners.size(); ++i) some.insert(i);
    }
  }

  Status look_at_all() {
    for (size_t position = 0; position < candidates_.size(); ++position) {
      if (auto looked = look_at(position); !looked) return looked;
    }
    return {};
  }

  // An assignment with at most one listener per position and one position per listener; nothing where it is
  // ambiguous.
  [[nodiscard]] std::optional<Positions> solve() const {
    std::vector<std::set<size_t>> open = candidates_;
    Positions found(listeners_.size());
    for (bool settled = true; settled;) {
      settled = false;
      for (size_t position = 0; position < open.size(); ++position) {
        if (open[position].size() != 1) continue;
        const size_t listener = *open[position].begin();
        found[listener] = static_cast<GroupPosition>(position);
        for (auto& some : open) some.erase(listener);
        settled = true;
      }
    }
    if (!std::ranges::all_of(open, &std::set<size_t>::empty)) return std::nullopt;
    return found;
  }

 private:
  Status look_at(size_t position) {
    auto client = open_client({target_.ip, 0});
    if (!client) return fail(client.error());
    if (auto done = sign(client->get(), target_); !done) return done;
    if (auto aimed = aim_client(client->get(), target_, static_cast<GroupPosition>(position)); !aimed)
      return aimed;
    const std::vector<uint32_t> before = all_drops();
    const std::optional<uint64_t> handled = handled_.count();
    if (auto begun = begin_connect(client->get(), target_); !begun) return begun;
    if (handled) {
      if (auto done = await_handled(*handled); !done) return done;
    } else {
      await_drop(before);
    }
    const std::vector<uint32_t> now = all_drops();
    std::erase_if(candidates_[position], [&](size_t listener) { return now[listener] == before[listener]; });
    return {};
  }

  // Until the SYN has been handled. One that is still on its way would be counted for the next position.
  [[nodiscard]] Status await_handled(uint64_t before) const {
    const auto give_up = std::chrono::steady_clock::now() + kPatience;
    while (handled_.count().value_or(before + 1) == before) {
      if (std::chrono::steady_clock::now() >= give_up)
        return fail(os_failure("cannot find the positions of listeners on " + target_.text() +
                                   ": the kernel has not handled a packet in " +
                                   std::to_string(kPatience.count()) + " ms",
                               ETIMEDOUT));
      ::sched_yield();
    }
    return {};
  }

  void await_drop(const std::vector<uint32_t>& before) const {
    const auto give_up = std::chrono::steady_clock::now() + kGuess;
    while (all_drops() == before && std::chrono::steady_clock::now() < give_up) ::sched_yield();
  }

  [[nodiscard]] std::vector<uint32_t> all_drops() const {
    std::vector<uint32_t> drops;
    for (const int listener : listeners_) drops.push_back(drops_of(listener));
    return drops;
  }

  Endpoint target_;
  std::span<const int> listeners_;
  HandledSyns handled_;
  std::vector<std::set<size_t>> candidates_;  // by position: the listeners that counted a drop in every round
};

}  // namespace

Result<std::vector<std::optional<GroupPosition>>> find_positions(const Endpoint& target,
                                                                 std::span<const int> listeners,
                                                                 size_t size) {
  std::optional<Positions> best;
  for (int tried = 0; tried < kTries; ++tried) {
    Search search(target, listeners, size);
    std::optional<Positions> found;
    for (int round = 1; round <= kMostRounds && !found; ++round) {
      if (auto looked = search.look_at_all(); !looked) return fail(looked.error());
      if (round >= kRounds) found = search.solve();
    }
    if (found && all_known(*found)) return std::move(*found);
    if (found) best = std::move(found);
  }
  if (best) return std::move(*best);
  return fail(ErrorKind::Failed, "cannot tell the listeners on " + target.text() + " apart");
}

Status can_find_positions() {
  const Endpoint target{IpAddress::v4(INADDR_LOOPBACK), 1};
  const auto client = open_client({target.ip, 0});
  if (!client) return fail(client.error());
  return sign(client->get(), target);
}

}  // namespace rollctl
