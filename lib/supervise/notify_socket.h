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

// The $NOTIFY_SOCKET of one server. Whoever may send to it is not trusted: the sender's pid comes with each
// message (SCM_CREDENTIALS, put there by the kernel) and is checked, and descriptors are not received. They
// are let go of elsewhere (see Discarder), which is what a sender waits for who wants to know that its
// message was taken (BARRIER=1). The socket is always read empty: the kernel blocks a sender after about ten
// datagrams that nobody took.
class NotifySocket {
 public:
  using OnMessage = std::function<void(const NotifyMessage&)>;
  using IsOurs = std::function<bool(pid_t sender)>;

  // Binds `path`, absolute; Invalid when it is longer than a socket's address holds (107 bytes), for the
  // server has to connect to it by that path. Nobody but root and `user` can send to it; everybody can where
  // there is none.
  static Result<std::unique_ptr<NotifySocket>> create(Loop& loop, const std::string& path,
                                                      std::optional<uid_t> user, IsOurs is_ours,
                                                      OnMessage on_message);

  // Leaves the socket open until this process exits: an exit waits for nobody whose descriptors are still
  // in it, close(2) does (inet_release(), net/ipv4/af_inet.c).
  ~NotifySocket() { (void)socket_.release(); }
  NotifySocket(const NotifySocket&) = delete;
  NotifySocket& operator=(const NotifySocket&) = delete;

  // Whether that is a child of this process that has to do with the socket, and not with the server.
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
