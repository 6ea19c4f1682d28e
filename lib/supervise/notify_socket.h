// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/fd.h"
#include "loop/loop.h"
#include "supervise/discarder.h"
#include "supervise/notify_message.h"

namespace rollctl {

// The $NOTIFY_SOCKET of one server. Senders are not trusted: the pid that the kernel adds to each message
// (SCM_CREDENTIALS) is checked, and descriptors are closed by a Discarder. That close is also the
// acknowledgement that a sender of BARRIER=1 waits for. All datagrams are read, also those of strangers,
// because the kernel blocks senders after about ten unread ones.
class NotifySocket {
 public:
  // As the kernel tells.
  struct Sender {
    pid_t pid = 0;
    uid_t uid = 0;
  };
  using OnMessage = std::function<void(const NotifyMessage&, const Sender&)>;
  using IsOurs = std::function<bool(pid_t sender)>;

  // Binds `path`, which is absolute; Invalid when it is longer than a socket's address holds (107 bytes).
  // With `user` only root and that user can send to it, else every user.
  static Result<std::unique_ptr<NotifySocket>> create(Loop& loop, const std::string& path,
                                                      std::optional<uid_t> user, IsOurs is_ours,
                                                      OnMessage on_message);

  // Leaves the socket open until this process exits: close(2) could block on descriptors that are still in
  // its queue, an exit does not (inet_release(), net/ipv4/af_inet.c).
  ~NotifySocket() { (void)socket_.release(); }
  NotifySocket(const NotifySocket&) = delete;
  NotifySocket& operator=(const NotifySocket&) = delete;

  // Reads what has arrived, unless a datagram is being discarded. The last words of a process have to be
  // read before it is reaped.
  void read_now();

  // Whether that child of this process belongs to the Discarder, not to the server.
  [[nodiscard]] bool includes(pid_t pid) const { return discarder_.includes(pid); }

 private:
  NotifySocket(Loop& loop, Fd socket, IsOurs is_ours, OnMessage on_message);
  void watch();
  void read();
  bool read_one();

  Loop& loop_;
  Fd socket_;
  IsOurs is_ours_;
  OnMessage on_message_;
  Discarder discarder_;
  Watch readable_;
};

}  // namespace rollctl
