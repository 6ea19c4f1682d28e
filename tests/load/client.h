// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "load/connection.h"
#include "load/surroundings.h"

namespace rollctl::load {

// A closed-loop client: one request, its answer, the next request, until the surroundings say stop. Never
// sends a request a second time. With Mode::Connect each has a connection of its own, which the server is
// left to close; with Mode::KeepAlive they share one until the server ends it.
class Client final : private ConnectionOwner {
 public:
  Client(Surroundings& surroundings, Mode mode, const Endpoint& target);

  void start() { begin_request(); }
  // Looks whether its time is up.
  void tick(TimePoint now);
  // Ends unless a request is outstanding, which then is its last.
  void stop();
  // The outstanding request has failed, if there is one.
  void abandon();
  [[nodiscard]] bool is_done() const { return phase_ == Phase::Done; }

 private:
  enum class Phase {
    Asking,    // a request is outstanding, until `until_` at most
    Answered,  // and what came with the answer is being read
    Closing,   // the server is left to close the connection, until `until_`
    Thinking,  // nothing is sent until `until_`; the connection stands, or the server ends it
    Pausing,   // nothing is sent until `until_`; there is no connection
    Done,
  };

  void on_answered(const AnswerReader& answer) override;
  void on_quiet(const AnswerReader& answer) override;
  void on_failed(const std::string& kind) override;
  void on_closed() override;

  void begin_request();
  void wait(Phase phase, Millis time);

  Surroundings& s_;
  Mode mode_;
  Endpoint target_;
  std::string request_;
  Connection connection_;
  Phase phase_ = Phase::Pausing;
  TimePoint until_;
  std::optional<TimePoint> rest_at_;  // when the last byte of the request is to be sent
  TimePoint started_;
};

}  // namespace rollctl::load
