// SPDX-License-Identifier: MIT
#include "probe/tcp_attempt.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "net/sock_diag.h"
#include "net/tcp_connect.h"
#include "probe/attempt.h"
#include "probe/connector.h"

namespace rollctl {

namespace {

constexpr Micros kFirstLook{500};
constexpr Micros kSlowestLook{20'000};

class TcpAttempt final : public LoopAttempt {
 public:
  TcpAttempt(Loop& loop, Steering& steering, const ProbeSpec& spec, const ProbeSubject& subject,
             Probe::Done done)
      : LoopAttempt(loop, spec.timeout, std::move(done)),
        accepted_(spec.accepted),
        connector_(loop, steering) {
    connector_.start(spec, subject, deadline(), {}, [this](Connector::Outcome outcome) {
      if (!outcome.socket) return finish(std::move(outcome.refusal));
      if (accepted_ == ProbeSpec::Accepted::ByKernel) return accepted();
      connected(std::move(outcome.socket));
    });
  }

 private:
  void accepted() { ready("accepted a connection to " + connector_.target()); }

  void connected(Fd socket) {
    socket_ = std::move(socket);
    auto diag = SockDiag::create();
    const auto ours = local_endpoint(socket_.get());
    const auto theirs = remote_endpoint(socket_.get());
    if (!diag) return failed(diag.error());
    if (!ours || !theirs) return not_ready("the connection to " + connector_.target() + " was reset");
    diag_ = std::move(*diag);
    ours_ = *ours;
    theirs_ = *theirs;
    look();
  }

  // The kernel sends no event when a connection is accepted, but from then on the server's end has an inode.
  void look() {
    char byte = 0;
    const ssize_t got = ::recv(socket_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (got >= 0) return accepted();
    if (errno != EAGAIN && errno != EINTR)
      return not_ready("the connection to " + connector_.target() + " was reset");
    const auto inode = diag_->connection_inode(theirs_, ours_);
    if (inode && *inode != 0) return accepted();
    next_ = loop().after(pause_, [this] { look(); });
    pause_ = std::min(2 * pause_, kSlowestLook);
  }

  // A listener with TCP_DEFER_ACCEPT leaves the handshake open until the client sends something.
  [[nodiscard]] bool is_deferred() {
    const auto half_open = diag_ ? diag_->is_half_open({theirs_, ours_}) : Result<bool>(false);
    return half_open && *half_open;
  }

  void timed_out() override {
    if (is_deferred())
      return not_ready(
          connector_.target() +
          " accepts no connection before it has data (TCP_DEFER_ACCEPT): use ready.kind = \"http\"");
    not_ready(socket_ ? "did not accept a connection to " + connector_.target() + " within " + limit_text()
                      : "connecting to " + connector_.target() + " timed out after " + limit_text());
  }

  ProbeSpec::Accepted accepted_;
  Connector connector_;
  Fd socket_;
  std::optional<SockDiag> diag_;
  Endpoint ours_, theirs_;
  Micros pause_ = kFirstLook;
  Watch next_;
};

}  // namespace

std::unique_ptr<ProbeAttempt> attempt_tcp(Loop& loop, Steering& steering, const ProbeSpec& spec,
                                          const ProbeSubject& subject, Probe::Done done) {
  return std::make_unique<TcpAttempt>(loop, steering, spec, subject, std::move(done));
}

}  // namespace rollctl
