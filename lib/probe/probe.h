// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/clock.h"
#include "steering/steering.h"

namespace roll {

enum class ProbeKind { Http, Https, Tcp, Exec, Notify, Listen };
const char* probe_kind_name(ProbeKind kind);

// How one instance is asked whether it is ready; placeholders are expanded.
struct ProbeSpec {
  ProbeKind kind = ProbeKind::Listen;
  std::string path = "/";  // Http, Https: GET; an answer of 200–399 is ready
  std::string address;     // Http, Https, Tcp: HOST:PORT or unix:PATH; empty: the shared port, aimed
  std::vector<std::string> command;  // Exec: argv, exit status 0 is ready
  std::vector<std::string> env;      // Exec: "NAME=value"
  std::string workdir;               // Exec
  Millis interval{100};
  Millis timeout{1000};  // of one attempt
  int successes = 1;     // in a row
};

// What is known of the instance, asked anew at each attempt.
struct ProbeSubject {
  InstanceId instance = 0;
  std::function<std::optional<Endpoint>()>
      shared_port;  // where clients reach it; nothing while it does not listen everywhere
  std::function<bool()> notified_ready;  // it sent READY=1
};

struct ProbeResult {
  enum class Verdict { Ready, NotReady };
  Verdict verdict = Verdict::NotReady;
  std::string detail;  // "GET /readyz answered 503", "connection refused", "does not listen on 0.0.0.0:8080"
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

}  // namespace roll
