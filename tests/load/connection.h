// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "load/answer.h"
#include "load/surroundings.h"

namespace rollctl::load {

// Told what happens on a connection. Each request that was begun ends with exactly one of on_answered() and
// on_failed(). All but on_body() and on_answered() may begin the next request.
class ConnectionOwner {
 public:
  virtual ~ConnectionOwner() = default;
  virtual void on_body(std::string_view /*data*/) {}
  // How much may be read now; 0 stops the reading until resume().
  virtual size_t read_budget() { return SIZE_MAX; }
  // The answer is complete. The connection is still being read.
  virtual void on_answered(const AnswerReader& answer) = 0;
  // After on_answered(): all that had come was read, and the connection stands.
  virtual void on_quiet(const AnswerReader& answer) = 0;
  // The outstanding request is lost; the connection is closed.
  virtual void on_failed(const std::string& kind) = 0;
  // The connection is closed; no request was outstanding.
  virtual void on_closed() = 0;
};

// One client connection at a time, with at most one request outstanding on it.
class Connection final : public Pollable {
 public:
  Connection(Surroundings& surroundings, ConnectionOwner& owner) : s_(surroundings), owner_(owner) {}

  // Sends a request on the open connection, or on a new one to `target`. May call on_failed() at once.
  void begin(const Endpoint& target, const std::string& request);

  // More of the outstanding request.
  void add(std::string_view rest);

  // Reads on after a read_budget() of 0.
  void resume();

  // Gives the outstanding request up: on_failed(kind), or "connect_" + kind.
  void abandon(const std::string& kind) { fail(state_ == State::Connecting ? "connect_" + kind : kind); }

  // Reads what has come since on_quiet(), so that an end that the server announced is known before the next
  // request goes out. Ends in on_quiet() or on_closed(), when the connection stood at all.
  void catch_up();

  // Closes without a word to the owner. There must be no outstanding request.
  void close() { drop(); }

  [[nodiscard]] bool is_open() const { return static_cast<bool>(socket_); }
  [[nodiscard]] bool is_outstanding() const {
    return state_ == State::Connecting || state_ == State::Awaiting;
  }
  // The client's end point of the connection that stands, else of the last one that failed.
  [[nodiscard]] std::string source() const;

  void on_ready(uint32_t events) override;

 private:
  enum class State { Idle, Connecting, Awaiting, Answered };

  void send_request();
  void receive();
  void take(std::string_view data);
  void ended(int os_error);
  void fail(const std::string& kind);
  void drop();
  [[nodiscard]] std::string loss_kind(int os_error) const;

  Surroundings& s_;
  ConnectionOwner& owner_;
  Fd socket_;
  State state_ = State::Idle;
  std::string request_;
  size_t sent_ = 0;
  int send_error_ = 0;
  bool malformed_ = false;
  AnswerReader answer_;
  std::string source_;
};

}  // namespace rollctl::load
