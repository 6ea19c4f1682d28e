// SPDX-License-Identifier: MIT
#include "steering/owner_connect.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "net/process_sockets.h"
#include "net/tcp_connect.h"

namespace rollctl {

namespace {

constexpr int kMaxTries = 500;
constexpr Micros kFirstPause{50};
constexpr Micros kLongestPause{2000};
// A connection that is half-open for longer than its handshake takes: its listener has TCP_DEFER_ACCEPT.
constexpr Millis kHandshake{2};
// A member that has not accepted by then is stuck or busy; a further try may reach the wanted one.
constexpr Millis kPatiencePerTry{200};

// Its many members are one try after the other: the client's socket, its ends, the counts for the message.
class OwnerConnect final : public AimedConnect {
 public:
  OwnerConnect(Loop& loop, std::shared_ptr<SockDiag> diag, ProcessId server, const Endpoint& target,
               TimePoint deadline, std::string_view opening, ConnectDone done)
      : loop_(loop),
        diag_(std::move(diag)),
        pid_(server.pid),
        tree_(std::move(server)),
        target_(target),
        deadline_(deadline),
        opening_(opening),
        done_(std::move(done)) {
    next_ = loop_.after(Micros(0), [this] { begin(); });
  }

 private:
  // No tries before the server listens: they would all reach other members.
  void begin() {
    const auto listens = listens_on_port(*diag_, tree_, target_.port);
    if (!listens) return finish(fail(listens.error()));
    if (*listens) return attempt();
    finish(fail(ErrorKind::NotFound, "process " + std::to_string(pid_) + " does not listen on port " +
                                         std::to_string(target_.port) + " yet"));
  }

  void attempt() {
    if (tries_ == kMaxTries || std::chrono::steady_clock::now() >= deadline_)
      return finish(fail(not_found()));
    ++tries_;
    auto client = open_client({target_.ip, 0});
    if (!client) return finish(fail(client.error()));
    client_ = std::move(*client);
    is_opened_ = false;
    if (auto begun = begin_connect(client_.get(), target_); !begun) return finish(fail(begun.error()));
    pause_ = kFirstPause;
    give_up_try_ = std::min(deadline_, std::chrono::steady_clock::now() + kPatiencePerTry);
    writable_ = loop_.on_writable(client_.get(), [this] { connected(); });
    next_ = loop_.after(remaining(), [this] {
      ++unaccepted_;
      attempt();
    });
  }

  void connected() {
    writable_.reset();
    if (auto outcome = connect_outcome(client_.get(), target_); !outcome)
      return finish(fail(outcome.error()));
    auto ours = local_endpoint(client_.get());
    auto theirs = remote_endpoint(client_.get());
    if (!ours || !theirs) return try_again();
    ours_ = *ours;
    theirs_ = *theirs;
    connected_at_ = std::chrono::steady_clock::now();
    look();
  }

  void look() {
    const auto inode = diag_->connection_inode(theirs_, ours_);
    if (!inode) {
      if (inode.error().kind == ErrorKind::NotFound) ++vanished_;
      return try_again();
    }
    if (*inode != 0) return judge(*inode);
    const TimePoint now = std::chrono::steady_clock::now();
    if (!is_opened_ && now >= connected_at_ + kHandshake && is_deferred()) return wake_deferring();
    if (now >= give_up_try_) {
      ++unaccepted_;
      return try_again();
    }
    look_again();
  }

  void look_again() {
    next_ = loop_.after(pause_, [this] { look(); });
    pause_ = std::min(2 * pause_, kLongestPause);
  }

  void judge(uint32_t inode) {
    const auto ours = tree_.hold(inode);
    if (!ours) return finish(fail(ours.error()));
    if (*ours) return succeed();
    try_again();
  }

  [[nodiscard]] bool is_deferred() {
    const auto half_open = diag_->is_half_open({theirs_, ours_});
    return half_open && *half_open;
  }

  void wake_deferring() {
    const auto alone = is_alone();
    if (!alone) return finish(fail(alone.error()));
    if (*alone) return succeed();
    if (opening_.empty()) return finish(fail(cannot_tell()));
    if (Status sent = send_opening(client_.get(), opening_); !sent) return try_again();
    is_opened_ = true;
    look_again();
  }

  // Does only the asked instance listen where the connection went?
  Result<bool> is_alone() {
    const auto listening = diag_->listeners_reached(target_);
    if (!listening) return fail(listening.error());
    for (const ListenSocket& socket : *listening) {
      const auto ours = tree_.hold(socket.inode);
      if (!ours) return fail(ours.error());
      if (!*ours) return false;
    }
    return true;
  }

  // Another instance could answer in place of the asked one.
  [[nodiscard]] Error cannot_tell() const {
    return {ErrorKind::Unsupported, 0,
            target_.text() +
                " accepts no connection before its first byte (TCP_DEFER_ACCEPT), so this probe cannot "
                "tell the instances apart",
            "use ready.kind = \"http\", set ready.address to an address of the instance's own, or steer"};
  }

  void succeed() {
    if (!is_opened_)
      if (Status sent = send_opening(client_.get(), opening_); !sent) return finish(fail(sent.error()));
    finish(std::move(client_));
  }

  // Through the loop, so that it handles other events in between.
  void try_again() {
    client_.reset();
    next_ = loop_.after(Micros(0), [this] { attempt(); });
  }

  [[nodiscard]] Micros remaining() const {
    return std::max(Micros(0),
                    std::chrono::duration_cast<Micros>(give_up_try_ - std::chrono::steady_clock::now()));
  }

  [[nodiscard]] Error not_found() const {
    std::string message = "no connection to " + target_.text() + " reached process " + std::to_string(pid_) +
                          " in " + std::to_string(tries_) + " tries";
    if (vanished_ > 0) message += "; " + std::to_string(vanished_) + " were closed as soon as accepted";
    // Where every try was seen to reach another process, the wanted one was never asked.
    const bool all_reached_others = vanished_ == 0 && unaccepted_ == 0;
    return {ErrorKind::Failed, all_reached_others ? EAGAIN : ETIMEDOUT, std::move(message),
            "set ready.address to an address of the instance's own, or steer"};
  }

  void finish(Result<Fd> result) {
    writable_.reset();
    next_.reset();
    // `done` may destroy this object.
    const ConnectDone done = std::move(done_);
    done(std::move(result));
  }

  Loop& loop_;
  std::shared_ptr<SockDiag> diag_;
  pid_t pid_;  // for messages
  TreeSockets tree_;
  Endpoint target_;
  TimePoint deadline_;
  std::string opening_;
  bool is_opened_ = false;  // `opening_` was sent on client_
  TimePoint connected_at_{};
  ConnectDone done_;
  Fd client_;
  Endpoint ours_, theirs_;
  int tries_ = 0;
  int vanished_ = 0;
  int unaccepted_ = 0;
  Micros pause_{};
  TimePoint give_up_try_{};
  Watch writable_;
  Watch next_;
};

}  // namespace

std::unique_ptr<AimedConnect> connect_to_owner(Loop& loop, std::shared_ptr<SockDiag> diag,
                                               const ProcessId& server, const Endpoint& target,
                                               TimePoint deadline, std::string_view opening,
                                               ConnectDone done) {
  return std::make_unique<OwnerConnect>(loop, std::move(diag), server, target, deadline, opening,
                                        std::move(done));
}

}  // namespace rollctl
