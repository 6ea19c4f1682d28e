// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>

#include "base/fd.h"
#include "loop/loop.h"
#include "supervise/notify_message.h"

namespace roll {

// The $NOTIFY_SOCKET of one server. Anybody may send to it, which is why the sender is checked: its pid comes
// with each message (SCM_CREDENTIALS, put there by the kernel). The socket is always read empty:
// the kernel blocks a sender after about ten datagrams that nobody took.
class NotifySocket {
 public:
  using OnMessage = std::function<void(const NotifyMessage&)>;
  using IsOurs = std::function<bool(pid_t sender)>;

  // Binds `path`, absolute; Invalid when it is longer than a socket's address holds (107 bytes), for the
  // server has to connect to it by that path.
  static Result<std::unique_ptr<NotifySocket>> create(Loop& loop, const std::string& path, IsOurs is_ours,
                                                      OnMessage on_message);

 private:
  NotifySocket(Fd socket, IsOurs is_ours, OnMessage on_message)
      : socket_(std::move(socket)), is_ours_(std::move(is_ours)), on_message_(std::move(on_message)) {}
  void read();
  bool read_one();

  Fd socket_;
  IsOurs is_ours_;
  OnMessage on_message_;
  Watch readable_;
};

}  // namespace roll
