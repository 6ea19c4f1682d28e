// SPDX-License-Identifier: MIT
#include "probe/instance_probe.h"

#include <openssl/ssl.h>

#include "probe/kinds.h"

namespace roll {

InstanceProbe::InstanceProbe(Loop& loop, Steering& steering)
    : loop_(loop), steering_(steering), tls_(nullptr, &SSL_CTX_free) {}

InstanceProbe::~InstanceProbe() = default;

// Made at the first need: it costs more than most probes.
ssl_ctx_st* InstanceProbe::tls_context() {
  if (!tls_) {
    tls_.reset(SSL_CTX_new(TLS_client_method()));
    if (tls_) SSL_CTX_set_verify(tls_.get(), SSL_VERIFY_NONE, nullptr);
  }
  return tls_.get();
}

std::unique_ptr<ProbeAttempt> InstanceProbe::attempt(const ProbeSpec& spec, const ProbeSubject& subject,
                                                     Done done) {
  switch (spec.kind) {
    case ProbeKind::Http:
      return attempt_http(loop_, steering_, nullptr, spec, subject, std::move(done));
    case ProbeKind::Https:
      return attempt_http(loop_, steering_, tls_context(), spec, subject, std::move(done));
    case ProbeKind::Tcp:
      return attempt_tcp(loop_, steering_, spec, subject, std::move(done));
    case ProbeKind::Exec:
      return attempt_exec(loop_, spec, std::move(done));
    case ProbeKind::Notify:
    case ProbeKind::Listen:
      break;
  }
  return attempt_look(loop_, spec, subject, std::move(done));
}

}  // namespace roll
