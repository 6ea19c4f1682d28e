// SPDX-License-Identifier: MIT
#include "supervise/sockmap_http_clients.h"

#include <fcntl.h>

#include <algorithm>
#include <utility>

#include "bpf/http_close_trial.h"
#include "net/taken_sockets.h"

namespace rollctl {

namespace {

bool is_nonblocking(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  return flags >= 0 && (flags & O_NONBLOCK) != 0;
}

}  // namespace

Status SockmapHttpClients::begin(HttpDrain http) {
  ROLL_TRY_ASSIGN(program_, load_tried_http_close());
  http_ = http;
  return {};
}

HttpLook SockmapHttpClients::look(Millis silence) {
  HttpLook result;
  auto diag = SockDiag::create();
  const auto live = diag ? diag->live_connections(ports_of(record_.spec.listen)) : fail(diag.error());
  if (!live) {
    result.report = {asked_, left_, 0, other_gone_, 0, live.error().message};
    return result;
  }
  for (auto& [cookie, seen] : seen_) seen.is_here = false;
  for (const LiveConnection& connection : *live) seen_[connection.cookie].is_here = true;
  take_new(*live);
  count_those_that_left();

  result.report.other = other_gone_;
  for (const LiveConnection& connection : *live) {
    const auto found = seen_.find(connection.cookie);
    if (found == seen_.end()) continue;
    Seen& seen = found->second;
    if (seen.kind == Seen::Kind::Watched) follow(seen, connection.cookie);
    const bool is_silent = connection.quiet >= silence && !connection.has_data;
    const bool is_blocking = seen.kind == Seen::Kind::Blocking;
    if (seen.kind == Seen::Kind::Other) ++result.report.other;
    if (is_blocking) ++result.report.blocking;
    if (seen.kind != Seen::Kind::Watched && !is_blocking) continue;
    if (is_silent) {
      ++result.report.silent;
    } else if (!is_blocking || any_nonblocking_) {
      ++result.awaited;
    }
  }
  result.report.asked = asked_;
  result.report.left = left_;
  result.report.problem = problem_;
  return result;
}

// Closes each duplicate at once: it would keep open a connection that the server closes.
void SockmapHttpClients::take_new(const std::vector<LiveConnection>& live) {
  std::map<uint32_t, uint64_t> cookies;
  std::vector<uint32_t> inodes;
  for (const LiveConnection& connection : live) {
    const Seen& seen = seen_[connection.cookie];
    const bool may_be_taken = seen.kind == Seen::Kind::New || seen.kind == Seen::Kind::Blocking;
    if (!connection.is_established || !may_be_taken) continue;
    cookies[connection.inode] = connection.cookie;
    inodes.push_back(connection.inode);
  }
  if (inodes.empty()) return;
  std::ranges::sort(inodes);
  const Status taken = take_sockets(record_.shim, inodes, [&](const TakenSocket& socket) {
    const auto found = cookies.find(socket.inode);
    if (found == cookies.end()) return;
    take(socket.fd.get(), seen_[found->second], found->second);
    cookies.erase(found);
  });
  if (!taken) problem_ = taken.error().message;
  for (const auto& [inode, cookie] : cookies)
    if (taken && seen_[cookie].kind == Seen::Kind::New) seen_[cookie].kind = Seen::Kind::Strange;
}

void SockmapHttpClients::take(int fd, Seen& seen, uint64_t cookie) {
  const bool nonblocking = is_nonblocking(fd);
  any_nonblocking_ = any_nonblocking_ || nonblocking;
  if (!nonblocking && http_ != HttpDrain::CloseBlocking) {
    seen.kind = Seen::Kind::Blocking;
    return;
  }
  const Status added = program_->add(fd, cookie);
  if (added) {
    seen.kind = Seen::Kind::Watched;
  } else if (added.error().kind == ErrorKind::Unsupported) {
    seen.kind = Seen::Kind::Other;
  } else if (added.error().kind != ErrorKind::NotFound) {
    problem_ = added.error().message;
    seen.kind = Seen::Kind::Other;
  }
}

void SockmapHttpClients::follow(Seen& seen, uint64_t cookie) {
  const auto state = program_->state(cookie);
  const bool is_asked = state == ROLL_HTTP_ASKED || state == ROLL_HTTP_CLOSING;
  if (is_asked && !std::exchange(seen.is_asked, true)) ++asked_;
  if (state != ROLL_HTTP_FOREIGN) return;
  program_->remove(cookie);
  seen.kind = Seen::Kind::Other;
}

void SockmapHttpClients::count_those_that_left() {
  for (auto next = seen_.begin(); next != seen_.end();) {
    const auto current = next++;
    auto& [cookie, seen] = *current;
    if (seen.is_here) continue;
    if (seen.kind == Seen::Kind::Watched) {
      follow(seen, cookie);
      program_->remove(cookie);
    }
    if (seen.kind == Seen::Kind::Watched || seen.kind == Seen::Kind::Blocking) ++left_;
    if (seen.kind == Seen::Kind::Other) ++other_gone_;
    seen_.erase(current);
  }
}

void SockmapHttpClients::end() {
  for (const auto& [cookie, seen] : seen_)
    if (seen.kind == Seen::Kind::Watched) program_->remove(cookie);
  seen_.clear();
  program_.reset();
}

}  // namespace rollctl
