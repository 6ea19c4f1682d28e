// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/address.h"
#include "base/fd.h"
#include "loop/loop.h"
#include "probe/ownership.h"
#include "probe/probe.h"
#include "steering/steering.h"

namespace rollctl {

// `ready.address`: an address of one instance alone.
struct ProbeAddress {
  std::string unix_path;  // empty: the end point
  Endpoint endpoint;

  // HOST:PORT, [V6]:PORT, :PORT (this host) or unix:PATH with an absolute path. Invalid.
  static Result<ProbeAddress> parse(std::string_view text);
};

// Connects to one instance: to its own address where the spec has one, else through the shared port, aimed.
// Destroying it gives up.
class Connector {
 public:
  // Either a connected non-blocking socket on which `opening` was sent, or a refusal.
  struct Outcome {
    Fd socket;
    ProbeResult refusal;
  };
  using Done = std::function<void(Outcome)>;

  Connector(Loop& loop, Steering& steering) : loop_(loop), steering_(steering) {}

  // `done` is called at most once, also from within this call. Gives up at `deadline` only where Steering
  // does; the time limit is the caller's.
  // `opening`: the first byte of what is sent next, or empty; see Steering::connect().
  void start(const ProbeSpec& spec, const ProbeSubject& subject, TimePoint deadline, std::string_view opening,
             Done done);

  // The target in messages and the Host header: "127.0.0.1:9001", "unix:/run/web.sock"; empty while the
  // instance does not listen.
  [[nodiscard]] const std::string& target() const { return target_; }

 private:
  void connect_directly(const ProbeAddress& address);
  bool find_own_listeners(const Endpoint& endpoint);
  Status check_connected();
  void connected();
  void refused(int os_error);

  Loop& loop_;
  Steering& steering_;
  Done done_;
  std::string target_;
  std::string opening_;
  Fd socket_;
  // With Answers::OfTheInstance: the listeners at the target before the connect, all of the instance.
  std::optional<Ownership> ownership_;
  std::vector<uint64_t> own_listeners_;
  Watch writable_;
  std::unique_ptr<AimedConnect> aimed_;
};

}  // namespace rollctl
