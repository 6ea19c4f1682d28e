// SPDX-License-Identifier: MIT
#include "steering/handover.h"

#include <cstdlib>
#include <string_view>
#include <utility>

#include "steering/classic_fault.h"
#include "steering/classic_steering.h"
#include "steering/unsteered.h"

namespace rollctl {

namespace {

template <typename T>
Result<std::unique_ptr<Steering>> as_role(Result<std::unique_ptr<T>> steering) {
  if (!steering) return fail(steering.error());
  return std::unique_ptr<Steering>(std::move(*steering));
}

constexpr std::string_view kEbpf = "ebpf";
constexpr std::string_view kClassic = "classic";

bool is_wanted(std::string_view kind) {
  const char* only = std::getenv("ROLLCTL_STEERING");
  return only == nullptr || *only == '\0' || kind == only;
}

Status not_wanted() {
  return fail(ErrorKind::Unsupported, "ROLLCTL_STEERING in the environment excludes it");
}

Result<std::unique_ptr<Steering>> steer(Loop& loop, EbpfSteeringOptions options) {
  std::optional<Error> why_not;
  if (is_wanted(kEbpf)) {
    auto steering = EbpfSteering::create(std::move(options));
    if (steering) return as_role(std::move(steering));
    why_not = steering.error();
  }
  if (is_wanted(kClassic)) {
    auto steering = ClassicSteering::create(loop);
    if (steering) return as_role(std::move(steering));
    if (!why_not) why_not = steering.error();
  }
  return fail(why_not ? *why_not : not_wanted().error());
}

Error impossible(Handover way, const Error& reason) {
  return with_context(reason, std::string("handover \"") + handover_name(way) + "\" is not possible here");
}

}  // namespace

Result<std::unique_ptr<Steering>> choose_steering(Loop& loop, std::optional<Handover> insisted,
                                                  EbpfSteeringOptions options, const Status& taking) {
  if (!insisted || *insisted == Handover::Steer) {
    auto steering = taking ? steer(loop, std::move(options)) : fail(taking.error());
    if (steering) return steering;
    if (insisted) return fail(impossible(Handover::Steer, steering.error()));
  }
  if (!insisted || *insisted == Handover::Migrate) {
    const auto available = migration_available();
    if (available) return as_role(Unsteered::create(loop, Handover::Migrate));
    if (insisted) return fail(impossible(Handover::Migrate, available.error()));
  }
  return as_role(Unsteered::create(loop, Handover::Plain));
}

HandoverChoice best_handover() {
  HandoverChoice choice;
  const auto ebpf = is_wanted(kEbpf) ? steering_available() : not_wanted();
  if (!ebpf) choice.why_not_ebpf = ebpf.error();
  const auto classic = is_wanted(kClassic) ? classic_steering_available() : not_wanted();
  if (!ebpf && !classic) choice.why_not_steer = is_wanted(kClassic) ? classic.error() : ebpf.error();
  const auto migrate = migration_available();
  if (!migrate) choice.why_not_migrate = migrate.error();
  choice.way = !choice.why_not_steer ? Handover::Steer : migrate ? Handover::Migrate : Handover::Plain;
  return choice;
}

std::string steering_warning(const Steering& steering, uid_t user) {
  const bool steers_by_classic = steering.way() == Handover::Steer && !steering.outlives_rollctl();
  // With Migrate a classic program turns clients away from what leaves.
  if (!steers_by_classic && steering.way() != Handover::Migrate) return {};
  std::string warning;
  if (steers_by_classic && user == 0 && is_wanted(kEbpf)) {
    if (const auto ebpf = steering_available(); !ebpf)
      warning = "steering by a classic program, since eBPF is not possible: " + ebpf.error().message;
  }
  const auto kernel = running_kernel();
  if (classic_fault(kernel) == ClassicFault::Present)
    warning += (warning.empty() ? "" : "; ") + classic_fault_text(kernel) + ": " + kClassicFaultHint;
  return warning;
}

std::string handover_guarantee(Handover way) {
  switch (way) {
    case Handover::Steer:
      return "steer: the kernel moves new connections to the new release once it is ready; none is lost";
    case Handover::Migrate:
      return "migrate: the new release gets connections from the moment it listens; what waits at a closing "
             "listener is migrated by the kernel; `rollctl doctor` names what makes it better";
    case Handover::Plain:
      return "plain: connections that are opened while the old release closes its listener may be lost; "
             "`rollctl doctor` names what makes it better, at least sysctl -w net.ipv4.tcp_migrate_req=1";
  }
  return {};
}

}  // namespace rollctl
