// SPDX-License-Identifier: MIT
#include "connection.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>

namespace rollctl::stub {
namespace {

using namespace std::chrono_literals;

constexpr size_t kLongestRequest = 16384;
constexpr size_t kChunk = 65536;
constexpr auto kRateStep = 20ms;
constexpr auto kLongestLinger = 5s;

std::string header_from(const char* variable, const char* header) {
  const char* value = std::getenv(variable);
  return value != nullptr ? std::string(header) + ": " + value + "\r\n" : std::string();
}

bool is_readiness_path(std::string_view path) {
  return path == "/readyz" || path == "/-/readyz";
}

uint64_t bytes_wanted(std::string_view path) {
  constexpr std::string_view kPrefix = "/bytes/";
  uint64_t count = 0;
  if (path.starts_with(kPrefix)) {
    std::from_chars(path.data() + kPrefix.size(), path.data() + path.size(), count);
  }
  return count;
}

void fill_pattern(std::array<char, kChunk>& chunk, uint64_t offset, size_t size) {
  for (size_t i = 0; i < size; ++i) {
    uint64_t position = offset + i;
    chunk.at(i) = static_cast<char>((position / 8) >> (8 * (position % 8)));
  }
}

bool asks_to_close(std::string_view head) {
  std::string lower(head);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
  return lower.find("\r\nconnection: close\r\n") != std::string::npos ||
         lower.find(" http/1.0\r\n") != std::string::npos;
}

const std::string& identity_headers() {
  static const std::string kHeaders =
      header_from("ROLL_RELEASE", "X-Release") + header_from("ROLL_INSTANCE", "X-Instance");
  return kHeaders;
}

}  // namespace

Connection::Wish Connection::proceed(const ServerView& server) {
  if (wake_at_ && std::chrono::steady_clock::now() >= *wake_at_) {
    wake_at_.reset();
    if (state_ == State::Lingering) state_ = State::Closed;
    if (state_ == State::Waiting) start_answer(server);
  }
  if (state_ == State::Reading || state_ == State::Lingering) read_request(server);
  if (state_ == State::Writing && !wake_at_) write_answer(server);

  Wish wish;
  wish.closed = state_ == State::Closed;
  wish.wake_at = wake_at_;
  if (state_ == State::Reading || state_ == State::Lingering) wish.interest = EPOLLIN;
  if (state_ == State::Writing && !wake_at_) wish.interest = EPOLLOUT;
  return wish;
}

void Connection::half_close() {
  linger();
}

void Connection::read_request(const ServerView& server) {
  std::array<char, 4096> buffer;
  for (;;) {
    auto end = in_.find("\r\n\r\n");
    if (state_ == State::Reading && end != std::string::npos) {
      std::string_view head(in_.data(), end + 2);
      auto path_start = head.find(' ') + 1;
      path_ = head.substr(path_start, head.find_first_of(" \r", path_start) - path_start);
      head_only_ = head.starts_with("HEAD ");
      close_after_ = asks_to_close(head);
      in_.erase(0, end + 4);
      server.events.append("request", path_);
      if (server.plan.answer_after > 0ms && !is_readiness_path(path_)) {
        state_ = State::Waiting;
        wake_at_ = std::chrono::steady_clock::now() + server.plan.answer_after;
      } else {
        start_answer(server);
        if (state_ == State::Writing) write_answer(server);
      }
      if (state_ != State::Reading) return;
      continue;
    }
    ssize_t got = recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (got > 0 && state_ == State::Reading) in_.append(buffer.data(), static_cast<size_t>(got));
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0 || in_.size() > kLongestRequest) {
      state_ = State::Closed;
      return;
    }
  }
}

void Connection::start_answer(const ServerView& server) {
  bool readiness = is_readiness_path(path_);
  Answer answer = readiness ? Answer::Good : server.plan.answer;
  if (answer == Answer::Unanswered) return linger();
  if (answer == Answer::Reset) return close_with_reset();
  if (answer == Answer::Never) {
    state_ = State::Stuck;
    return;
  }
  std::string status = answer == Answer::Error ? "500 Internal Server Error" : "200 OK";
  std::string body = "stub_server\n";
  if (readiness) {
    status = server.ready ? "200 OK" : "503 Service Unavailable";
    body = server.ready ? "ready\n" : "not ready\n";
  }
  body_size_ = readiness ? 0 : bytes_wanted(path_);
  body_sent_ = 0;
  if (body_size_ > 0) body.clear();
  close_after_ = close_after_ || server.draining || answer == Answer::Short || answer == Answer::Garbage;
  out_ = "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body_size_ + body.size()) + "\r\n" +
         identity_headers() + (close_after_ ? "Connection: close\r\n\r\n" : "\r\n");
  if (!head_only_) out_ += body;
  if (head_only_) body_size_ = 0;
  if (answer == Answer::Garbage) out_ = "220 this is no web server\r\n\r\n";
  if (answer == Answer::Short && body_size_ > 0) body_size_ /= 2;
  if (answer == Answer::Short && !body.empty()) out_.resize(out_.size() - body.size() / 2);
  if (answer == Answer::Excess) out_ += "excess";
  out_sent_ = 0;
  state_ = State::Writing;
}

void Connection::write_answer(const ServerView& server) {
  uint64_t budget = UINT64_MAX;
  if (server.plan.bytes_per_second > 0) {
    budget = std::max<uint64_t>(server.plan.bytes_per_second / (1s / kRateStep), 1);
  }
  std::array<char, kChunk> chunk;
  for (;;) {
    if (out_sent_ == out_.size() && body_sent_ < body_size_ && budget > 0) {
      auto size = static_cast<size_t>(std::min({body_size_ - body_sent_, uint64_t{kChunk}, budget}));
      fill_pattern(chunk, body_sent_, size);
      out_.assign(chunk.data(), size);
      out_sent_ = 0;
      body_sent_ += size;
      budget -= size;
    }
    if (out_sent_ == out_.size()) break;
    ssize_t sent = send(socket_.get(), out_.data() + out_sent_, out_.size() - out_sent_, MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN) return;
    if (sent < 0) {
      state_ = State::Closed;
      return;
    }
    out_sent_ += static_cast<size_t>(sent);
  }
  if (body_sent_ < body_size_) {
    wake_at_ = std::chrono::steady_clock::now() + kRateStep;
  } else {
    finish_answer(server);
  }
}

void Connection::finish_answer(const ServerView& server) {
  ++answered_;
  out_.clear();
  out_sent_ = 0;
  server.events.append("answered", path_);
  if (close_after_) {
    linger();
  } else {
    state_ = State::Reading;
  }
}

// The server is the first to close, and reads to EOF: a close with something unread would reset the
// connection and could take the answer along.
void Connection::linger() {
  shutdown(socket_.get(), SHUT_WR);
  state_ = State::Lingering;
  wake_at_ = std::chrono::steady_clock::now() + kLongestLinger;
}

void Connection::close_with_reset() {
  struct linger option{1, 0};
  setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &option, sizeof option);
  state_ = State::Closed;
}

}  // namespace rollctl::stub
