// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/clock.h"
#include "base/process_ref.h"
#include "probe/http_statuses.h"
#include "process/launch_spec.h"
#include "steering/steering.h"

namespace rollctl {

enum class ProbeKind { Http, Https, Tcp, Exec, Notify, Listen };
const char* probe_kind_name(ProbeKind kind);
Result<ProbeKind> parse_probe_kind(std::string_view name);

// For people: what a kind of readiness does not show, and which does; empty where nothing is to be said.
std::string readiness_advice(ProbeKind kind);

// How rollctl asks one instance whether it is ready; placeholders are expanded.
struct ProbeSpec {
  ProbeKind kind = ProbeKind::Listen;
  std::string path = "/";                 // Http, Https: GET. Starts with '/', no blanks
  std::string host = {};                  // Http, Https: Host and, with a name, SNI; empty: the address
  std::vector<std::string> headers = {};  // Http, Https: "Name: value"
  HttpStatuses statuses = {};             // Http, Https: of an answer that is ready
  std::string ca_file = {};               // Https: vouches for the server's certificate; empty: nobody does
  std::string address = {};  // Http, Https, Tcp: HOST:PORT or unix:PATH; empty: the shared port, aimed
  // OfTheInstance: an answer from another process at `address` does not count; see Ownership.
  enum class Answers { OfAnybody, OfTheInstance };
  Answers answers = Answers::OfAnybody;
  uint16_t own_port =
      0;  // Exec: a port that the command may connect to, and only the instance listens on; 0: none
  std::vector<std::string> command = {};        // Exec: argv, exit status 0 is ready
  std::vector<std::string> env = {};            // Exec: "NAME=value"
  std::string workdir = {};                     // Exec; empty: /
  std::optional<Credentials> credentials = {};  // Exec: its user; nothing: the caller's
  Millis interval{100};
  Millis timeout{1000};  // of one attempt
  int successes = 1;     // in a row, until it is ready
  int failures = 3;      // in a row, until a ready one is unready
  // Tcp: what counts as ready. Inherited sockets accept connections in the kernel before the server runs.
  enum class Accepted { ByKernel, ByServer };
  Accepted accepted = Accepted::ByKernel;
  std::string listen = {};  // the shared port in messages: "0.0.0.0:8080"
};

// "does not listen on 0.0.0.0:8080 yet"
std::string not_listening_text(const ProbeSpec& spec);

// The instance as rollctl knows it, read anew at each attempt.
struct ProbeSubject {
  InstanceId instance = 0;
  // The address for clients; nothing while it does not listen on all addresses.
  std::function<std::optional<Endpoint>()> shared_port = {};
  // Listen: whether it can be trusted to serve, for it has listened for a while, or waits for events. Empty:
  // it can.
  std::function<bool()> steady = {};
  // Its server process; read for Answers::OfTheInstance and own_port only.
  std::function<ProcessId()> server = {};
  // Whether it sent READY=1.
  std::function<bool()> notified_ready = {};
};

// Unknown: the instance could not be asked, for want of descriptors or memory. Impossible: it can never be
// asked so, because this user may not look at its sockets. `detail` says why.
enum class ProbeAnswer { Ready, NotReady, Unknown, Impossible };

struct ProbeResult {
  // When to ask again: Soon where nothing listens yet, so that asking costs the server nothing; else at the
  // spec's interval.
  enum class Retry { AtInterval, Soon };

  ProbeAnswer answer = ProbeAnswer::NotReady;
  std::string detail =
      {};  // "GET /readyz answered 503", "connection refused by …", "does not listen on … yet"
  Retry retry = Retry::AtInterval;
};

// An attempt in progress. Destroying it gives up; its callback is not called afterwards.
class ProbeAttempt {
 public:
  virtual ~ProbeAttempt() = default;
};

// Asks one instance once.
class Probe {
 public:
  using Done = std::function<void(const ProbeResult&)>;
  virtual ~Probe() = default;

  // `done` is called exactly once, from the loop and never from within this call, at the latest after
  // `spec.timeout`.
  virtual std::unique_ptr<ProbeAttempt> attempt(const ProbeSpec& spec, const ProbeSubject& subject,
                                                Done done) = 0;
};

}  // namespace rollctl
