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

class AnnouncedConnect final : public AimedConnect {
 public:
  AnnouncedConnect(const Endpoint& target, Announced announced, ConnectDone done)
      : target_(target), announced_(announced), done_(std::move(done)) {}

  Status start(Loop& loop, const Announce& announce, TimePoint deadline) {
    auto client = open_client({target_.ip, 0});
    if (!client) return fail(client.error());
    client_ = std::move(*client);
    const auto source = local_endpoint(client_.get());
    if (!source) return fail(source.error());
    auto announcement = announce(*source);
    if (!announcement) return fail(announcement.error());
    announcement_ = std::move(*announcement);
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
    if (announced_ == Announced::UntilConnected || !outcome) announcement_.reset();
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
  Announced announced_;
  ConnectDone done_;
  Fd client_;
  std::shared_ptr<void> announcement_;
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

std::unique_ptr<AimedConnect> connect_announced(Loop& loop, const Announce& announce, Announced announced,
                                                const Endpoint& target, TimePoint deadline,
                                                ConnectDone done) {
  auto attempt = std::make_unique<AnnouncedConnect>(target, announced, std::move(done));
  if (auto started = attempt->start(loop, announce, deadline); !started)
    return fail_to_connect(loop, started.error(), attempt->take_done());
  return attempt;
}

std::unique_ptr<AimedConnect> connect_to_slot(Loop& loop, Fd probes, uint32_t slot, const Endpoint& target,
                                              TimePoint deadline, ConnectDone done) {
  const Announce announce = [&probes, slot](const Endpoint& source) -> Result<std::shared_ptr<void>> {
    auto made = Announcement::make(std::move(probes), source, slot);
    if (!made) return fail(made.error());
    return std::make_shared<Announcement>(std::move(*made));
  };
  return connect_announced(loop, announce, Announced::UntilDestroyed, target, deadline, std::move(done));
}

}  // namespace rollctl
