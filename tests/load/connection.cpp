// SPDX-License-Identifier: MIT
#include "load/connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace rollctl::load {
namespace {

constexpr uint32_t kReadable = EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR;

std::string errno_name(int os_error) {
  const char* name = strerrorname_np(os_error);
  return name != nullptr ? name : std::to_string(os_error);
}

}  // namespace

void Connection::begin(const Endpoint& target, const std::string& request) {
  request_ = request;
  sent_ = 0;
  send_error_ = 0;
  malformed_ = false;
  answer_.reset(s_.options.expected_answer);
  if (socket_) {
    state_ = State::Awaiting;
    send_request();
    if (send_error_ != 0) receive();
    return;
  }
  source_.clear();
  state_ = State::Connecting;
  auto dialed = s_.dialer.dial(target);
  if (!dialed) return fail(std::string(dialed.error().step) + "_" + errno_name(dialed.error().os_error));
  socket_ = std::move(*dialed);
  s_.watch(socket_.get(), *this);  // tells at once what it is ready for already
}

void Connection::add(std::string_view rest) {
  request_ += rest;
  if (state_ != State::Awaiting) return;
  send_request();
  if (send_error_ != 0) receive();
}

void Connection::resume() {
  if (socket_ && state_ == State::Awaiting) receive();
}

void Connection::catch_up() {
  if (socket_ && state_ == State::Answered) receive();
}

void Connection::on_ready(uint32_t events) {
  if (!socket_) return;
  if (state_ == State::Connecting) {
    int error = 0;
    socklen_t length = sizeof error;
    if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
      getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &length);
    }
    if (error != 0) return fail("connect_" + errno_name(error));
    if ((events & EPOLLOUT) == 0) return;
    ++s_.ledger.connections.opened;
    state_ = State::Awaiting;
    send_request();
  } else if (state_ == State::Awaiting && sent_ < request_.size() && (events & EPOLLOUT) != 0) {
    send_request();
  }
  if (send_error_ != 0 || (events & kReadable) != 0) receive();
}

void Connection::send_request() {
  while (sent_ < request_.size()) {
    ssize_t sent = send(socket_.get(), request_.data() + sent_, request_.size() - sent_, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno == EAGAIN) break;
    if (sent < 0) {
      // What the server said before it went may still be there to read; the error itself is told only once.
      send_error_ = errno;
      break;
    }
    sent_ += static_cast<size_t>(sent);
  }
}

void Connection::receive() {
  for (;;) {
    size_t budget = state_ == State::Awaiting ? owner_.read_budget() : SIZE_MAX;
    if (budget == 0) return;
    ssize_t got = recv(socket_.get(), s_.buffer.data(), std::min(budget, s_.buffer.size()), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) break;
    if (got <= 0) return ended(got < 0 ? errno : send_error_);
    take({s_.buffer.data(), static_cast<size_t>(got)});
    if (malformed_) return fail("malformed_answer");
  }
  if (send_error_ != 0) return ended(send_error_);
  if (state_ == State::Answered) owner_.on_quiet(answer_);
}

void Connection::take(std::string_view data) {
  if (state_ == State::Awaiting) {
    auto progress = answer_.feed(data, [this](std::string_view body) { owner_.on_body(body); });
    malformed_ = progress == AnswerReader::Progress::Malformed;
    if (progress != AnswerReader::Progress::Complete) return;
    state_ = State::Answered;
    owner_.on_answered(answer_);
  }
  if (!data.empty()) ++s_.ledger.unsolicited;
}

void Connection::ended(int os_error) {
  if (state_ == State::Awaiting) {
    if (os_error != 0 || answer_.at_end() != AnswerReader::Progress::Complete)
      return fail(loss_kind(os_error));
    state_ = State::Answered;
    owner_.on_answered(answer_);
  } else if (os_error != 0) {
    ++s_.ledger.connections.reset_after_answer;
  }
  drop();
  owner_.on_closed();
}

std::string Connection::loss_kind(int os_error) const {
  if (os_error != 0) {
    std::string name = os_error == ECONNRESET || os_error == EPIPE ? "reset" : errno_name(os_error);
    return name + (answer_.has_begun() ? "_in_answer" : "_before_answer");
  }
  if (!answer_.has_begun()) return "eof_before_answer";
  return answer_.has_head() ? "short_body" : "short_head";
}

void Connection::fail(const std::string& kind) {
  source_ = source();
  drop();
  owner_.on_failed(kind);
}

void Connection::drop() {
  socket_.reset();
  state_ = State::Idle;
}

std::string Connection::source() const {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  if (!socket_ || getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&storage), &length) < 0)
    return source_;
  auto endpoint = Endpoint::from_sockaddr(storage);
  return endpoint ? endpoint->text() : source_;
}

}  // namespace rollctl::load
