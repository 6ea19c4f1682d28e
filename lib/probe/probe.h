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
#include "process/launch_spec.h"
#include "steering/steering.h"

namespace rollctl {

enum class ProbeKind { Http, Https, Tcp, Exec, Notify, Listen };
const char* probe_kind_name(ProbeKind kind);
Result<ProbeKind> parse_probe_kind(std::string_view name);

// How one instance is asked whether it is ready; placeholders are expanded.
struct ProbeSpec {
  ProbeKind kind = ProbeKind::Listen;
  std::string path = "/";    // Http, Https: GET; an answer of 200–399 is ready. Starts with '/', no blanks
  std::string address = {};  // Http, Https, Tcp: HOST:PORT or unix:PATH; empty: the shared port, aimed
  // Whose answer at `address` counts; see Ownership. An address may well be that of another service.
  enum class Answers { OfAnybody, OfTheInstance };
  Answers answers = Answers::OfAnybody;
  uint16_t own_port =
      0;  // Exec: a port that the command may ask, where only the instance may listen; 0: none
  std::vector<std::string> command = {};        // Exec: argv, exit status 0 is ready
  std::vector<std::string> env = {};            // Exec: "NAME=value"
  std::string workdir = {};                     // Exec; empty: /
  std::optional<Credentials> credentials = {};  // Exec: who runs it; nothing: the caller
  Millis interval{100};
  Millis timeout{1000};  // of one attempt
  int successes = 1;     // in a row
  // Tcp: what is enough. A socket that somebody else opened for the server takes connections with nobody
  // there.
  enum class Accepted { ByKernel, ByServer };
  Accepted accepted = Accepted::ByKernel;
  std::string listen = {};  // what the shared port is, for people: "0.0.0.0:8080"
};

// What is known of the instance, asked anew at each attempt.
struct ProbeSubject {
  InstanceId instance = 0;
  // Where clients reach it; nothing while it does not listen everywhere.
  std::function<std::optional<Endpoint>()> shared_port = {};
  // Its server; only asked where nobody else may answer.
  std::function<ProcessId()> server = {};
  // It sent READY=1.
  std::function<bool()> notified_ready = {};
};

struct ProbeResult {
  // Unknown: it could not be asked, for want of descriptors, memory or the like; `detail` says so. That makes
  // a ready one no less ready, and no other one ready.
  enum class Verdict { Ready, NotReady, Unknown };
  // When to ask again: Soon where nothing was there yet that could have answered (asking costs
  // the server nothing), else at the spec's interval.
  enum class Retry { AtInterval, Soon };

  Verdict verdict = Verdict::NotReady;
  std::string detail =
      {};  // "GET /readyz answered 503", "connection refused by …", "does not listen on … yet"
  Retry retry = Retry::AtInterval;
};

// An attempt in progress; destroying it gives up, and its callback is never called afterwards.
class ProbeAttempt {
 public:
  virtual ~ProbeAttempt() = default;
};

// Asks one instance, once.
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
