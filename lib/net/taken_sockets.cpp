// SPDX-License-Identifier: MIT
#include "net/taken_sockets.h"

#include <algorithm>
#include <cerrno>
#include <set>
#include <utility>
#include <vector>

#include "net/other_process.h"

namespace rollctl {

namespace {

constexpr size_t kAtOnce = 256;

bool has_gone(const Error& failure) {
  return failure.kind == ErrorKind::NotFound || failure.os_error == ESRCH || failure.os_error == ENOENT;
}

Status take_some(const ProcessRef& process, std::span<const OpenSocket> sockets,
                 const std::function<void(const TakenSocket&)>& use) {
  std::vector<int> descriptors;
  for (const OpenSocket& socket : sockets) descriptors.push_back(socket.descriptor);
  auto taken = take_descriptors(process, descriptors);
  Status refused;
  for (size_t i = 0; i < sockets.size(); ++i) {
    auto& fd = taken[i];
    if (fd && refers_to(fd->get(), sockets[i].inode)) {
      use({std::move(*fd), sockets[i].inode});
    } else if (!fd && fd.error().os_error != EBADF && !has_gone(fd.error())) {
      refused = fail(fd.error());
    }
  }
  return refused;
}

Status take_from(pid_t pid, std::span<const uint32_t> inodes, std::set<uint32_t>& seen,
                 const std::function<void(const TakenSocket&)>& use) {
  ROLL_TRY_ASSIGN(std::vector<OpenSocket> sockets, open_sockets(pid));
  std::erase_if(sockets, [&](const OpenSocket& socket) {
    return !std::ranges::binary_search(inodes, socket.inode) || !seen.insert(socket.inode).second;
  });
  if (sockets.empty()) return {};
  ROLL_TRY_ASSIGN(const ProcessRef process, ProcessRef::open(pid));
  Status refused;
  for (size_t at = 0; at < sockets.size(); at += kAtOnce) {
    const size_t count = std::min(kAtOnce, sockets.size() - at);
    if (Status taken = take_some(process, std::span(sockets).subspan(at, count), use); !taken)
      refused = taken;
  }
  return refused;
}

}  // namespace

Status take_sockets(const ProcessId& root, std::span<const uint32_t> inodes,
                    const std::function<void(const TakenSocket&)>& use) {
  ROLL_TRY_ASSIGN(const std::vector<pid_t> tree, process_tree(root.pid));
  std::set<uint32_t> seen;
  Status refused;
  for (const pid_t pid : tree) {
    if (seen.size() == inodes.size()) break;
    const Status taken = take_from(pid, inodes, seen, use);
    if (!taken && !has_gone(taken.error())) refused = taken;
  }
  return refused;
}

}  // namespace rollctl
