// SPDX-License-Identifier: MIT
#include "steering/find_positions.h"

#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <set>

#include "base/clock.h"
#include "base/fd.h"
#include "net/tcp_connect.h"

namespace rollctl {

namespace {

// A listener that drops other packets at that moment seems to be at several positions; with a delayed SYN it
// seems to be at none. So there are at least two rounds, more of them against the former, and a new search
// against the latter.
constexpr int kRounds = 2;
constexpr int kMostRounds = 5;
constexpr int kTries = 3;
// Over loopback a SYN is mostly handled when connect() returns; on a busy CPU a little later.
constexpr Micros kPatience{5000};
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

struct SignedSyn {
  Fd client;
  AimedSource aimed;
};

Result<SignedSyn> prepare(const Endpoint& target, GroupPosition position) {
  auto client = open_client({target.ip, 0});
  if (!client) return fail(client.error());
  if (auto done = sign(client->get(), target); !done) return fail(done.error());
  const auto source = local_endpoint(client->get());
  if (!source) return fail(source.error());
  return SignedSyn{std::move(*client), {*source, position}};
}

class Search {
 public:
  Search(const Endpoint& target, std::span<const int> listeners, size_t size, const AttachAimed& attach)
      : target_(target), listeners_(listeners), attach_(attach), candidates_(size) {
    for (auto& some : candidates_) {
      for (size_t i = 0; i < listeners.size(); ++i) some.insert(i);
    }
  }

  Status look_at_all() {
    for (size_t first = 0; first < candidates_.size();) {
      const size_t last = std::min(first + batch_, candidates_.size());
      const Status looked = look_at(first, last);
      if (looked) {
        first = last;
      } else if (looked.error().os_error == ENOMEM && batch_ > 1) {
        batch_ /= 2;
      } else {
        return looked;
      }
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
  Status look_at(size_t first, size_t last) {
    std::vector<SignedSyn> syns;
    std::vector<AimedSource> aimed;
    for (size_t position = first; position < last; ++position) {
      auto syn = prepare(target_, static_cast<GroupPosition>(position));
      if (!syn) return fail(syn.error());
      aimed.push_back(syn->aimed);
      syns.push_back(std::move(*syn));
    }
    if (auto attached = attach_(aimed); !attached) return attached;
    for (const auto& syn : syns) {
      const std::vector<uint32_t> before = all_drops();
      if (auto begun = begin_connect(syn.client.get(), target_); !begun) return begun;
      std::set<size_t>& possible = candidates_[syn.aimed.position];
      const std::set<size_t> droppers = await_drop(before);
      std::erase_if(possible, [&](size_t listener) { return !droppers.contains(listener); });
    }
    return {};
  }

  [[nodiscard]] std::vector<uint32_t> all_drops() const {
    std::vector<uint32_t> drops;
    for (const int listener : listeners_) drops.push_back(drops_of(listener));
    return drops;
  }

  [[nodiscard]] std::set<size_t> await_drop(const std::vector<uint32_t>& before) const {
    const auto give_up = std::chrono::steady_clock::now() + kPatience;
    for (;;) {
      const std::vector<uint32_t> now = all_drops();
      std::set<size_t> droppers;
      for (size_t i = 0; i < now.size(); ++i) {
        if (now[i] != before[i]) droppers.insert(i);
      }
      if (!droppers.empty() || std::chrono::steady_clock::now() >= give_up) return droppers;
      ::sched_yield();
    }
  }

  Endpoint target_;
  std::span<const int> listeners_;
  const AttachAimed& attach_;
  // The kernel limits a program's length (net.core.optmem_max; 20480 before Linux 6.8, which is some 200
  // lines).
  size_t batch_ = kMostAimedSources;
  std::vector<std::set<size_t>> candidates_;  // by position: the listeners that counted a drop in every round
};

}  // namespace

Result<std::vector<std::optional<GroupPosition>>> find_positions(const Endpoint& target,
                                                                 std::span<const int> listeners, size_t size,
                                                                 const AttachAimed& attach) {
  std::optional<Positions> best;
  for (int tried = 0; tried < kTries; ++tried) {
    Search search(target, listeners, size, attach);
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
