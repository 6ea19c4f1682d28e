// SPDX-License-Identifier: MIT
#include "steering/aimed_connect.h"

#include <algorithm>
#include <utility>

#include "bpf/raw_bpf.h"
#include "bpf/steer_layout.h"
#include "net/tcp_connect.h"

namespace rollctl {

namespace {

Error timed_out(const Endpoint& target) {
  return {ErrorKind::Failed, ETIMEDOUT, "cannot connect to " + target.text() + ": it took too long", {}};
}

Micros until(TimePoint deadline) {
  const auto left = std::chrono::duration_cast<Micros>(deadline - std::chrono::steady_clock::now());
  return std::max(left, Micros(0));
}

class FailedConnect final : public AimedConnect {
 public:
  FailedConnect(Loop& loop, Error error, ConnectDone done)
      : watch_(loop.after(Micros(0),
                          [error = std::move(error), done = std::move(done)] { done(fail(error)); })) {}

 private:
  Watch watch_;
};

// The announcement of one aimed connection, revoked when destroyed.
class Announcement {
 public:
  static Result<Announcement> make(Fd probes, const Endpoint& source, uint32_t slot) {
    roll_probe_key key{};
    std::ranges::copy(source.ip.bytes, key.address);
    key.port = htons(source.port);
    if (const int failure = raw_bpf::update(probes.get(), &key, &slot); failure != 0)
      return fail(os_failure("cannot announce a probe to the steering program", failure));
    return Announcement(std::move(probes), key);
  }
  Announcement(Announcement&&) = default;
  Announcement& operator=(Announcement&&) = delete;
  Announcement(const Announcement&) = delete;
  Announcement& operator=(const Announcement&) = delete;
  ~Announcement() {
    if (probes_) raw_bpf::erase(probes_.get(), &key_);
  }

 private:
  Announcement(Fd probes, const roll_probe_key& key) : probes_(std::move(probes)), key_(key) {}
  Fd probes_;
  roll_probe_key key_;
};

class AimedAttempt final : public AimedConnect {
 public:
  AimedAttempt(const Endpoint& target, ConnectDone done) : target_(target), done_(std::move(done)) {}

  Status start(Loop& loop, const Aim& aim, TimePoint deadline) {
    auto client = open_client({target_.ip, 0});
    if (!client) return fail(client.error());
    client_ = std::move(*client);
    auto aimed = aim(client_.get());
    if (!aimed) return fail(aimed.error());
    aimed_ = std::move(*aimed);
    if (auto begun = begin_connect(client_.get(), target_); !begun) return begun;
    writable_ = loop.on_writable(client_.get(), [this] { finish(connect_outcome(client_.get(), target_)); });
    late_ = loop.after(until(deadline), [this] { finish(fail(timed_out(target_))); });
    return {};
  }

  ConnectDone take_done() { return std::move(done_); }

 private:
  void finish(const Status& outcome) {
    writable_.reset();
    late_.reset();
    if (!outcome) aimed_.reset();
    // `done` may destroy this object.
    const ConnectDone done = std::move(done_);
    if (outcome) {
      done(std::move(client_));
    } else {
      client_.reset();
      done(fail(outcome.error()));
    }
  }

  Endpoint target_;
  ConnectDone done_;
  Fd client_;
  std::shared_ptr<void> aimed_;
  Watch writable_;
  Watch late_;
};

}  // namespace

ConnectDone send_when_connected(std::string_view opening, ConnectDone done) {
  if (opening.empty()) return done;
  return [opening = std::string(opening), done = std::move(done)](Result<Fd> socket) {
    if (socket)
      if (Status sent = send_opening(socket->get(), opening); !sent) return done(fail(sent.error()));
    done(std::move(socket));
  };
}

std::unique_ptr<AimedConnect> fail_to_connect(Loop& loop, Error error, ConnectDone done) {
  return std::make_unique<FailedConnect>(loop, std::move(error), std::move(done));
}

std::unique_ptr<AimedConnect> connect_aimed(Loop& loop, const Aim& aim, const Endpoint& target,
                                            TimePoint deadline, ConnectDone done) {
  auto attempt = std::make_unique<AimedAttempt>(target, std::move(done));
  if (auto started = attempt->start(loop, aim, deadline); !started)
    return fail_to_connect(loop, started.error(), attempt->take_done());
  return attempt;
}

std::unique_ptr<AimedConnect> connect_to_slot(Loop& loop, Fd probes, uint32_t slot, const Endpoint& target,
                                              TimePoint deadline, ConnectDone done) {
  const Aim announce = [&probes, slot](int client) -> Result<std::shared_ptr<void>> {
    const auto source = local_endpoint(client);
    if (!source) return fail(source.error());
    auto made = Announcement::make(std::move(probes), *source, slot);
    if (!made) return fail(made.error());
    return std::make_shared<Announcement>(std::move(*made));
  };
  return connect_aimed(loop, announce, target, deadline, std::move(done));
}

}  // namespace rollctl
