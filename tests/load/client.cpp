// SPDX-License-Identifier: MIT
#include "load/client.h"

#include "load/request.h"

namespace rollctl::load {
namespace {

using namespace std::chrono_literals;

// A server that is down must not turn its clients into a busy loop.
constexpr auto kPauseAfterFailedConnect = 10ms;

// Longer than any server that means to close takes to do so.
constexpr auto kLongestClose = 1s;
// A client that kept its connection and is told that this answer is the last closes it by itself.
constexpr auto kLongestCloseOfKept = 10ms;

std::string request_of(const Options& options, Mode mode, const Endpoint& target) {
  if (!options.words.empty()) return options.words;
  const Persistence persistence = mode == Mode::KeepAlive ? Persistence::KeepAlive : Persistence::Close;
  if (options.body > 0) return post_request(options.path, target, persistence, options.body);
  return get_request(options.path, target, persistence);
}

}  // namespace

Client::Client(Surroundings& surroundings, Mode mode, const Endpoint& target)
    : s_(surroundings),
      mode_(mode),
      target_(target),
      request_(request_of(surroundings.options, mode, target)),
      connection_(surroundings, *this) {}

void Client::begin_request() {
  if (!s_.may_send()) {
    connection_.close();
    phase_ = Phase::Done;
    return;
  }
  s_.ledger.count_sent(mode_);
  started_ = std::chrono::steady_clock::now();
  phase_ = Phase::Asking;
  until_ = started_ + s_.options.timeout;
  if (s_.options.pause == 0ms) return connection_.begin(target_, request_);
  rest_at_ = started_ + s_.options.pause;
  s_.tick_by(*rest_at_);
  connection_.begin(target_, request_.substr(0, request_.size() - 1));
}

void Client::tick(TimePoint now) {
  if (phase_ == Phase::Done) return;
  if (phase_ == Phase::Asking && rest_at_) {
    if (now < *rest_at_) return s_.tick_by(*rest_at_);
    rest_at_.reset();
    return connection_.add({&request_.back(), 1});
  }
  if (now < until_) {
    if (phase_ != Phase::Asking) s_.tick_by(until_);
    return;
  }
  switch (phase_) {
    case Phase::Asking:
      return connection_.abandon("timeout");
    case Phase::Closing:
      ++s_.ledger.connections.left_to_client;
      connection_.close();
      return begin_request();
    case Phase::Thinking:
      connection_.catch_up();
      return begin_request();
    case Phase::Pausing:
      return begin_request();
    case Phase::Answered:
    case Phase::Done:
      return;
  }
}

void Client::stop() {
  if (phase_ == Phase::Asking) return;
  connection_.close();
  phase_ = Phase::Done;
}

void Client::abandon() {
  if (phase_ == Phase::Asking) connection_.abandon("unfinished");
}

void Client::on_answered(const AnswerReader& answer) {
  auto latency = std::chrono::steady_clock::now() - started_;
  if (is_good_status(answer.status())) {
    s_.ledger.count_answer(mode_, answer.status(), answer.release(), latency);
  } else {
    s_.ledger.count_failure(mode_, status_failure(answer.status()), connection_.source(), answer.status());
  }
  phase_ = Phase::Answered;
}

void Client::on_quiet(const AnswerReader& answer) {
  if (phase_ != Phase::Answered) return;
  if (s_.stopping) return begin_request();
  // Only HTTP has told the server to close.
  if (mode_ == Mode::Connect && !s_.options.words.empty()) {
    connection_.close();
    return begin_request();
  }
  if (mode_ == Mode::Connect) return wait(Phase::Closing, kLongestClose);
  if (!answer.keeps_connection()) return wait(Phase::Closing, kLongestCloseOfKept);
  if (s_.options.think > 0ms) return wait(Phase::Thinking, s_.options.think);
  begin_request();
}

void Client::on_failed(const std::string& kind) {
  s_.ledger.count_failure(mode_, kind, connection_.source());
  bool connected = !kind.starts_with("connect_") && !kind.starts_with("socket_");
  if (connected || s_.stopping) return begin_request();
  wait(Phase::Pausing, kPauseAfterFailedConnect);
}

void Client::on_closed() {
  if (phase_ != Phase::Thinking) begin_request();
}

void Client::wait(Phase phase, Millis time) {
  phase_ = phase;
  until_ = std::chrono::steady_clock::now() + time;
  s_.tick_by(until_);
}

}  // namespace rollctl::load
