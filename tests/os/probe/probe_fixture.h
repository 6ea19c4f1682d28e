// SPDX-License-Identifier: MIT
#pragma once

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <gtest/gtest.h>
#include <sys/un.h>

#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "loop/loop.h"
#include "net/tcp_connect.h"
#include "probe/instance_probe.h"
#include "support/child_process.h"
#include "support/net_namespace.h"

namespace rollctl::test {

using namespace std::chrono_literals;

// Connects without aiming; records the requests.
class DirectSteering final : public Steering {
 public:
  [[nodiscard]] Handover way() const override { return Handover::Plain; }
  [[nodiscard]] bool outlives_rollctl() const override { return true; }
  Status add(InstanceId, const ProcessId&, std::vector<Listener>) override { return {}; }
  Status shift(const Rotation&) override { return {}; }
  Status guard(Admitted) override { return {}; }
  Status fall_back_to(Fallback) override { return {}; }
  [[nodiscard]] Rotation rotation() const override { return {}; }
  std::unique_ptr<Settlement> settle(InstanceId, Millis) override { return nullptr; }
  Status remove(InstanceId) override { return {}; }
  Result<std::vector<SteeringHandle>> share(InstanceId) override { return std::vector<SteeringHandle>(); }
  [[nodiscard]] std::optional<SteeringCounters> counters(InstanceId) const override { return std::nullopt; }
  Status detach() override { return {}; }

  std::unique_ptr<AimedConnect> connect(Loop& loop, InstanceId instance, const Endpoint& target, TimePoint,
                                        std::string_view opening,
                                        std::function<void(Result<Fd>)> done) override {
    struct Attempt final : AimedConnect {
      Watch watch;
    };
    aimed_at.push_back(instance);
    auto attempt = std::make_unique<Attempt>();
    attempt->watch = loop.after(takes, [this, target, opening = std::string(opening), done] {
      if (refusal) return done(fail(*refusal));
      Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
      sockaddr_storage storage{};
      const socklen_t length = target.to_sockaddr(storage);
      if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&storage), length) < 0)
        return done(fail(last_os_failure("cannot connect")));
      (void)set_nonblocking(socket.get());
      if (Status sent = send_opening(socket.get(), opening); !sent) return done(fail(sent.error()));
      done(std::move(socket));
    });
    return attempt;
  }

  std::vector<InstanceId> aimed_at;
  Micros takes{0};
  std::optional<Error> refusal;
};

// Listens, records its input, answers each request with `answer` and then closes, unless set otherwise.
class ScriptedServer {
 public:
  enum class After { Close, KeepOpen };

  ScriptedServer(Loop& loop, const sockaddr* address, socklen_t length) : loop_(loop) {
    listener_ = Fd(socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    EXPECT_EQ(bind(listener_.get(), address, length), 0) << strerror(errno);
    EXPECT_EQ(listen(listener_.get(), 16), 0);
    accepting_ = loop_.on_readable(listener_.get(), [this] { accept_one(); });
  }

  std::string request_ends_with = "\r\n\r\n";
  std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  After after = After::Close;
  Millis thinks{0};
  std::string request;
  int accepted = 0;
  int resets = 0;

 private:
  struct Client {
    Fd socket;
    Watch readable;
    Watch thinking;
  };

  void accept_one() {
    auto& client = clients_.emplace_back();
    client.socket = Fd(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    ++accepted;
    client.readable = loop_.on_readable(client.socket.get(), [this, &client] { serve(client); });
  }

  void serve(Client& client) {
    char buffer[4096];
    const ssize_t got = read(client.socket.get(), buffer, sizeof buffer);
    if (got < 0 && errno == ECONNRESET) ++resets;
    if (got <= 0) return client.readable.reset();
    request.append(buffer, static_cast<size_t>(got));
    if (!request.ends_with(request_ends_with) || answer.empty()) return;
    client.thinking = loop_.after(thinks, [this, &client] {
      EXPECT_TRUE(write_all(client.socket.get(), answer));
      if (after == After::Close) shutdown(client.socket.get(), SHUT_WR);
    });
  }

  Loop& loop_;
  Fd listener_;
  Watch accepting_;
  std::list<Client> clients_;
};

class ProbeTest : public NetNamespaceTest {
 protected:
  void SetUp() override {
    NetNamespaceTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    loop_ = std::move(*Loop::create());
    probe_ = std::make_unique<InstanceProbe>(*loop_, steering_, program_path("libroll-tls.so"));
    subject_.instance = 7;
    subject_.shared_port = [this] { return shared_; };
    subject_.notified_ready = [this] { return notified_; };
  }

  static Endpoint loopback(uint16_t port) { return {IpAddress::v4(INADDR_LOOPBACK), port}; }

  std::unique_ptr<ScriptedServer> serve(const Endpoint& endpoint) {
    sockaddr_storage storage{};
    const socklen_t length = endpoint.to_sockaddr(storage);
    return std::make_unique<ScriptedServer>(*loop_, reinterpret_cast<sockaddr*>(&storage), length);
  }

  ProbeResult ask(const ProbeSpec& spec) {
    std::optional<ProbeResult> result;
    const auto attempt = probe_->attempt(spec, subject_, [&](const ProbeResult& found) {
      EXPECT_FALSE(result) << "called twice";
      result = found;
    });
    EXPECT_FALSE(result) << "called from within the call";
    EXPECT_EQ(loop_->run_until([&] { return result.has_value(); }, loop_->now() + 20s), WaitEnd::Satisfied);
    return result.value_or(ProbeResult{});
  }

  // Lets data in flight arrive.
  void run_for(Millis duration) {
    loop_->run_until([] { return false; }, loop_->now() + duration);
  }

  std::unique_ptr<Loop> loop_;
  DirectSteering steering_;
  std::unique_ptr<InstanceProbe> probe_;
  ProbeSubject subject_;
  std::optional<Endpoint> shared_;
  bool notified_ = false;
};

#define EXPECT_READY(result) EXPECT_EQ((result).answer, ProbeAnswer::Ready) << (result).detail
#define EXPECT_NOT_READY(result) EXPECT_EQ((result).answer, ProbeAnswer::NotReady) << (result).detail

}  // namespace rollctl::test
