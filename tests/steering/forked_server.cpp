// SPDX-License-Identifier: MIT
#include "steering/forked_server.h"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

namespace rollctl::test {

namespace {

// Closes all other descriptors: the child would keep a listener of this process open.
void close_all_but(int one, int other) {
  const auto [low, high] = std::minmax({static_cast<unsigned>(one), static_cast<unsigned>(other)});
  if (low > 3) ::close_range(3, low - 1, 0);
  if (high > low + 1) ::close_range(low + 1, high - 1, 0);
  ::close_range(high + 1, ~0U, 0);
}

[[noreturn]] void serve(int listener, Serving serving) {
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  epoll_event listening{};
  listening.events = EPOLLIN;
  listening.data.fd = listener;
  ::epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &listening);
  for (;;) {
    epoll_event event{};
    if (::epoll_wait(epoll, &event, 1, -1) != 1) continue;
    if (event.data.fd != listener) {
      char bytes[64];
      if (::recv(event.data.fd, bytes, sizeof bytes, 0) <= 0) ::close(event.data.fd);
      continue;
    }
    for (int client; (client = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
      if (serving == Serving::AtOnce) {
        ::close(client);
        continue;
      }
      ::send(client, "!", 1, MSG_NOSIGNAL);
      epoll_event readable{};
      readable.events = EPOLLIN;
      readable.data.fd = client;
      ::epoll_ctl(epoll, EPOLL_CTL_ADD, client, &readable);
    }
  }
}

[[noreturn]] void become_server(int listener, Serving serving, int ready) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  close_all_but(listener, ready);
  if (serving == Serving::InAChild) {
    if (::fork() != 0) {
      ::close(listener);
      ::close(ready);
      for (;;) ::pause();
    }
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  }
  ::close(ready);
  serve(listener, serving);
}

}  // namespace

ForkedServer::ForkedServer(const Fd& listener, Serving serving) {
  auto ready = make_pipe();
  EXPECT_TRUE(ready);
  pid_ = ::fork();
  if (pid_ == 0) become_server(listener.get(), serving, ready->write.get());
  // EOF once all of its processes have closed the other descriptors.
  ready->write.reset();
  EXPECT_TRUE(read_all(ready->read.get(), 1));
  const auto process = ProcessRef::open(pid_);
  EXPECT_TRUE(process);
  if (process) id_ = process->id();
}

ForkedServer::~ForkedServer() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

}  // namespace rollctl::test
