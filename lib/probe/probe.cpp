// SPDX-License-Identifier: MIT
#include "probe/probe.h"

#include <fmt/format.h>

#include <array>

namespace rollctl {

namespace {

struct KindName {
  ProbeKind kind;
  const char* name;
};

constexpr std::array kKinds{
    KindName{ProbeKind::Http, "http"},     KindName{ProbeKind::Https, "https"},
    KindName{ProbeKind::Tcp, "tcp"},       KindName{ProbeKind::Exec, "exec"},
    KindName{ProbeKind::Notify, "notify"}, KindName{ProbeKind::Listen, "listen"},
};

}  // namespace

const char* probe_kind_name(ProbeKind kind) {
  for (const auto& entry : kKinds)
    if (entry.kind == kind) return entry.name;
  return "?";
}

Result<ProbeKind> parse_probe_kind(std::string_view name) {
  for (const auto& entry : kKinds)
    if (entry.name == name) return entry.kind;
  return fail(ErrorKind::Invalid, fmt::format("'{}' is not a kind of readiness", name),
              "http, https, tcp, exec, notify or listen");
}

std::string readiness_advice(ProbeKind kind) {
  if (kind != ProbeKind::Listen) return {};
  return "ready.kind = \"listen\" shows only that the server listens: one that reads its configuration "
         "afterwards may still fail; \"http\", \"notify\" or \"exec\" shows that it serves";
}

std::string not_listening_text(const ProbeSpec& spec) {
  return "does not listen on " + (spec.listen.empty() ? std::string("its port") : spec.listen) + " yet";
}

}  // namespace rollctl
