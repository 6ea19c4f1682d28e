// SPDX-License-Identifier: MIT
#include "doctor/host_assessment.h"

#include <algorithm>

namespace rollctl {

namespace {

const HostCheck* find(std::span<const HostCheck> checks, const char* name) {
  const auto found = std::ranges::find(checks, name, &HostCheck::name);
  return found == checks.end() ? nullptr : &*found;
}

bool failed(const HostCheck* check) {
  return check != nullptr && check->outcome == HostCheck::Outcome::Fails;
}

bool is_missing(const HostCheck& check) {
  return check.need == HostCheck::Need::Always && check.outcome == HostCheck::Outcome::Fails;
}

// The way for servers whose listeners cannot be taken.
Handover without_taking(const HandoverChoice& choice) {
  return choice.why_not_migrate ? Handover::Plain : Handover::Migrate;
}

constexpr const char* kInheritOnly =
    "only servers that inherit their sockets (socket = \"inherit\") are steered; for others ";

std::string get_ebpf(const HandoverChoice& choice, UserKind user, const std::string& program) {
  if (!choice.why_not_ebpf) return {};
  if (choice.why_not_ebpf->kind != ErrorKind::NotPermitted) return choice.why_not_ebpf->hint;
  if (user == UserKind::Ordinary) return "sudo setcap cap_bpf,cap_net_admin+ep " + program;
  return "grant the container or service CAP_BPF and CAP_NET_ADMIN: "
         "docker run --cap-add BPF --cap-add NET_ADMIN, or AmbientCapabilities= of the unit";
}

std::string improvement(const HandoverChoice& choice, std::span<const HostCheck> checks, UserKind user,
                        const std::string& program) {
  const auto missing = std::ranges::find_if(checks, is_missing);
  if (missing != checks.end()) return missing->hint;
  for (const char* taking : {"take-listener", "take-as-user"})
    if (const auto* check = find(checks, taking); failed(check)) return check->hint;
  std::string ebpf = get_ebpf(choice, user, program);
  const HostCheck* migrate = find(checks, "migrate");
  const bool steers = choice.way == Handover::Steer;
  // Where nothing makes it steer, migration is next.
  const bool permitted = choice.why_not_ebpf && choice.why_not_ebpf->kind == ErrorKind::NotPermitted;
  if (choice.way == Handover::Plain && !permitted && failed(migrate)) return migrate->hint;
  if (!ebpf.empty()) return ebpf;
  if (steers) {
    const auto lingering = find(checks, "lingering");
    return failed(lingering) ? lingering->hint : "";
  }
  return failed(migrate) ? migrate->hint : "";
}

}  // namespace

HostAssessment assess_host(const HandoverChoice& choice, std::span<const HostCheck> checks, UserKind user,
                           const std::string& program) {
  const bool by_ebpf = !choice.why_not_ebpf;
  HostAssessment assessment;
  assessment.handover = choice.way;
  assessment.guarantee = handover_guarantee(choice.way);
  if (choice.way == Handover::Steer && !by_ebpf)
    assessment.guarantee += "; while a canary or a standby stands, rollctl stays in the foreground";
  const HostCheck* fault = find(checks, "classic-program");
  const bool by_classic = !by_ebpf && choice.way != Handover::Plain;
  const bool may_crash = by_classic && fault != nullptr && !fault->ok();
  if (may_crash) assessment.guarantee += "; but " + fault->message;
  const HostCheck* steering = find(checks, by_ebpf ? "steer-ebpf" : "steer-classic");
  const bool steers = choice.way == Handover::Steer;
  const bool misses_nothing = std::ranges::none_of(checks, is_missing);
  const Handover otherwise = without_taking(choice);
  const bool takes = !failed(find(checks, "take-listener"));
  const bool takes_as_user = !failed(find(checks, "take-as-user"));
  assessment.lossless = steers && steering != nullptr && steering->ok() && misses_nothing && takes &&
                        takes_as_user && !(by_classic && failed(fault));
  const bool untried = steering != nullptr && steering->outcome == HostCheck::Outcome::Untried;
  if (steers && misses_nothing && untried)
    assessment.guarantee = "unknown: " + steering->name + " could not be tried (" + steering->message +
                           "); run rollctl doctor again";
  else if (steers && (!misses_nothing || steering == nullptr || !steering->ok()))
    assessment.guarantee = "nothing: something that every deploy needs does not work here";
  else if (steers && !takes)
    assessment.guarantee = kInheritOnly + handover_guarantee(otherwise);
  else if (steers && !takes_as_user)
    assessment.guarantee +=
        "; of servers with another `user`, " + std::string(kInheritOnly) + handover_name(otherwise);
  if (steers && !takes) assessment.handover = otherwise;
  assessment.improve = improvement(choice, checks, user, program);
  return assessment;
}

}  // namespace rollctl
