// SPDX-License-Identifier: MIT
#include "process/shim_client.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <deque>
#include <iterator>
#include <map>
#include <utility>

#include "base/packet_socket.h"
#include "process/shim_protocol.h"
#include "process/steering_parts.h"

namespace rollctl {

namespace {

struct Answer {
  shim::Reply reply;
  std::vector<Fd> fds;
  bool is_whole = false;  // all its replies have arrived
};

// Its many members are one conversation: socket, queue, replies that are awaited, the last record.
class SocketShimClient final : public ShimClient {
 public:
  SocketShimClient(Loop& loop, Fd connection, InstanceRecord known, OnEvent on_event)
      : loop_(loop),
        connection_(std::make_shared<Fd>(std::move(connection))),
        record_(std::move(known)),
        on_event_(std::move(on_event)) {
    readable_ = loop_.on_readable(connection_->get(), [this] {
      read_packets();
      deliver();
    });
  }

  [[nodiscard]] bool has_gone() const override { return !connection_; }

  [[nodiscard]] const InstanceRecord& record() const override { return record_; }

  Result<int64_t> ask_for_record() { return send(shim::GetRecord{}); }

  // The record comes without the spec.
  Status await_record(int64_t asked) {
    const auto answer = await(asked);
    if (!answer) return fail(answer.error());
    may_hold_steering_ = answer->reply.holds_steering.value_or(true);
    return {};
  }

  void set_spec(LaunchSpec spec) { record_.spec = std::move(spec); }

  Result<std::vector<Listener>> take_listeners() override {
    auto answer = ask(shim::TakeListeners{});
    if (!answer) return fail(answer.error());
    if (answer->fds.size() != answer->reply.listeners.size()) return fail(missing_descriptors());
    std::vector<Listener> listeners;
    for (size_t i = 0; i < answer->fds.size(); ++i) {
      const auto& note = answer->reply.listeners[i];
      listeners.push_back({std::move(answer->fds[i]), note.bound, note.inode});
    }
    return listeners;
  }

  Acknowledgement set_role(const RoleOrder& role) override { return order(shim::SetRole{role}); }

  Status open_gate() override { return done(ask(shim::OpenGate{})); }

  Acknowledgement hold_steering(std::vector<SteeringHandle> handles, SteeringTerm term) override {
    may_hold_steering_ = true;
    auto parts = shim::split_into_parts(handles);
    auto last = std::move(parts.back());
    parts.pop_back();
    // An older shim does not know StageSteering: the first part fails, and nothing is held.
    for (auto& part : parts)
      if (Status staged = done(ask(shim::StageSteering{std::move(part.addresses)}, part.fds)); !staged)
        return staged;
    return order(shim::HoldSteering{std::move(last.addresses), term, shim::ReplyWith::Nothing}, last.fds);
  }

  Result<std::vector<SteeringHandle>> take_steering() override {
    if (!may_hold_steering_) return std::vector<SteeringHandle>();
    auto answer = ask(shim::TakeSteering{});
    if (!answer) return fail(answer.error());
    return shim::join_handles(std::move(answer->reply.addresses), answer->fds);
  }

  Result<SteeringView> look_at_steering() override {
    const auto answer = ask(shim::GetCounters{});
    if (!answer) return fail(answer.error());
    return SteeringView{answer->reply.counters, answer->reply.slots};
  }

  Acknowledgement drain(const DrainOrder& order) override { return this->order(shim::Drain{order}); }

 private:
  static Error missing_descriptors() { return os_failure("the shim's reply lacks descriptors", EMFILE); }

  static Status done(const Result<Answer>& answer) { return answer ? Status() : fail(answer.error()); }

  static Error gone(InstanceId instance) {
    return Error{ErrorKind::NotFound,
                 0,
                 "the shim of instance " + std::to_string(instance) + " has closed its connection",
                 {}};
  }

  // Events that arrive meanwhile are delivered later, from the loop.
  Result<Answer> ask(shim::RequestBody body, std::span<const int> fds = {}) {
    const auto id = send(std::move(body), fds);
    if (!id) return fail(id.error());
    return await(*id);
  }

  Acknowledgement order(shim::RequestBody body, std::span<const int> fds = {}) {
    const auto id = send(std::move(body), fds);
    if (!id) return fail(id.error());
    return Acknowledgement([this, id = *id, instance = record_.id, alive = std::weak_ptr<int>(alive_)] {
      return alive.expired() ? Status(fail(gone(instance))) : done(await(id));
    });
  }

  Result<int64_t> send(shim::RequestBody body, std::span<const int> fds = {}) {
    if (!connection_) return fail(gone(record_.id));
    const int64_t id = ++last_id_;
    if (Status sent = send_packet(connection_->get(), to_text(shim::Request{id, std::move(body)}), fds);
        !sent) {
      read_packets();  // its last packets may still be unread
      deliver_later();
      return fail(connection_
                      ? with_context(sent.error(), "the shim of instance " + std::to_string(record_.id))
                      : gone(record_.id));
    }
    const bool is_awaiting = std::any_of(answers_.begin(), answers_.end(),
                                         [](const auto& answer) { return !answer.second.is_whole; });
    if (!is_awaiting && !is_silent_) silent_since_ = std::chrono::steady_clock::now();
    answers_[id];
    return id;
  }

  Result<Answer> await(int64_t id) {
    while (!answers_[id].is_whole) {
      read_packets();
      if (answers_[id].is_whole || !connection_) break;
      const auto left =
          std::chrono::ceil<Millis>(silent_since_ + kShimPatience - std::chrono::steady_clock::now());
      if (left <= Millis(0)) break;
      pollfd waiting{connection_->get(), POLLIN, 0};
      ::poll(&waiting, 1, static_cast<int>(left.count()));
    }
    deliver_later();
    Answer answer = std::move(answers_.extract(id).mapped());
    if (answer.is_whole) {
      if (!answer.reply.status) return fail(answer.reply.status.error());
      return answer;
    }
    if (!connection_) return fail(gone(record_.id));
    is_silent_ = true;
    return fail(
        os_failure("the shim of instance " + std::to_string(record_.id) + " did not answer", ETIMEDOUT));
  }

  void read_packets() {
    while (connection_) {
      auto packet = receive_packet(connection_->get());
      if (!packet && packet.error().kind == ErrorKind::Invalid) continue;
      if (!packet) return hang_up();
      if (!*packet) return;
      silent_since_ = std::chrono::steady_clock::now();
      is_silent_ = false;
      take_packet(std::move(**packet));
    }
  }

  void take_packet(Packet packet) {
    auto message = shim::parse_from_shim(packet.text);
    if (!message) return;
    if (auto* reply = std::get_if<shim::Reply>(&*message)) {
      take_reply(std::move(*reply), std::move(packet.fds));
    } else if (auto* event = std::get_if<ShimEvent>(&*message)) {
      take_record(std::move(event->record));
      event->record = record_;
      events_.push_back(std::move(*event));
    }
  }

  void take_reply(shim::Reply reply, std::vector<Fd> fds) {
    if (reply.status && reply.record) take_record(*reply.record);
    const auto awaited = answers_.find(reply.id);
    if (awaited == answers_.end()) return;
    Answer& answer = awaited->second;
    answer.is_whole = !reply.more;
    auto& all = answer.reply;
    std::move(fds.begin(), fds.end(), std::back_inserter(answer.fds));
    reply.listeners.insert(reply.listeners.begin(), all.listeners.begin(), all.listeners.end());
    reply.addresses.insert(reply.addresses.begin(), all.addresses.begin(), all.addresses.end());
    all = std::move(reply);
  }

  void take_record(InstanceRecord record) {
    record.spec = std::move(record_.spec);
    record_ = std::move(record);
  }

  void hang_up() {
    readable_.reset();
    connection_.reset();
    events_.push_back({ShimEvent::Kind::Gone, record_, {}, {}, {}});
  }

  void deliver_later() {
    if (!events_.empty()) delivery_ = loop_.after(Micros(0), [this] { deliver(); });
  }

  // The callback may destroy this client. SawEnd is sent even so.
  void deliver() {
    const std::weak_ptr<int> alive = alive_;
    const std::shared_ptr<Fd> connection = connection_;
    const OnEvent on_event = on_event_;
    while (!events_.empty()) {
      const ShimEvent event = std::move(events_.front());
      events_.pop_front();
      if (on_event) on_event(event);
      const bool is_end =
          event.kind == ShimEvent::Kind::Exited && event.record.state == InstanceState::Stopped;
      if (is_end && connection)
        (void)send_packet(connection->get(), to_text(shim::Request{0, shim::SawEnd{}}));
      if (alive.expired()) return;
    }
  }

  Loop& loop_;
  std::shared_ptr<Fd> connection_;  // null once the connection has ended
  InstanceRecord record_;
  bool may_hold_steering_ = true;  // until the shim says that it holds none; older ones never say so
  OnEvent on_event_;
  std::deque<ShimEvent> events_;
  int64_t last_id_ = 0;
  std::chrono::steady_clock::time_point silent_since_;  // while an answer is due
  bool is_silent_ = false;                              // an answer did not come, and no packet since
  std::map<int64_t, Answer> answers_;                   // to requests that are not yet awaited
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
  Watch readable_;
  Watch delivery_;
};

}  // namespace

std::unique_ptr<ShimClient> make_shim_client(Loop& loop, Fd connection, InstanceRecord known,
                                             ShimClient::OnEvent on_event) {
  return std::make_unique<SocketShimClient>(loop, std::move(connection), std::move(known),
                                            std::move(on_event));
}

Result<std::unique_ptr<ShimClient>> ShimClient::connect(Loop& loop, const std::string& run_dir,
                                                        OnEvent on_event) {
  const auto introduction = call(loop, run_dir, std::move(on_event));
  if (!introduction) return fail(introduction.error());
  return (*introduction)();
}

Result<ShimClient::Introduction> ShimClient::call(Loop& loop, const std::string& run_dir, OnEvent on_event) {
  auto connection = connect_for_packets(run_dir, kControlSocket, Millis(0));
  if (!connection) return fail(connection.error());
  if (Status known = check_peer(connection->get()); !known)
    return fail(with_context(known.error(), run_dir + "/" + kControlSocket));
  const auto client = std::make_shared<std::unique_ptr<SocketShimClient>>(std::make_unique<SocketShimClient>(
      loop, std::move(*connection), InstanceRecord{}, std::move(on_event)));
  const auto asked = (*client)->ask_for_record();
  if (!asked) return fail(asked.error());
  // The spec never changes: read it while the shim prepares its answer. A shim that has not written its
  // record yet has done so when it answers.
  const auto on_file = read_instance_record(run_dir);
  return [client, asked = *asked, on_file, run_dir]() -> Result<std::unique_ptr<ShimClient>> {
    if (Status heard = (*client)->await_record(asked); !heard) return fail(heard.error());
    auto record = on_file ? on_file : read_instance_record(run_dir);
    if (!record) return fail(record.error());
    (*client)->set_spec(std::move(record->spec));
    return std::move(*client);
  };
}

}  // namespace rollctl
