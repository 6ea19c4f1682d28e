// SPDX-License-Identifier: MIT
#include "steering/handover.h"

#include <utility>

#include "steering/unsteered.h"

namespace roll {

namespace {

template <typename T>
Result<std::unique_ptr<Steering>> as_role(Result<std::unique_ptr<T>> steering) {
  if (!steering) return fail(steering.error());
  return std::unique_ptr<Steering>(std::move(*steering));
}

Error impossible(Handover way, const Error& reason) {
  return with_context(reason, std::string("handover \"") + handover_name(way) + "\" is not possible here");
}

}  // namespace

Result<std::unique_ptr<Steering>> choose_steering(std::optional<Handover> insisted,
                                                  EbpfSteeringOptions options) {
  if (!insisted || *insisted == Handover::Steer) {
    auto steering = EbpfSteering::create(std::move(options));
    if (steering) return as_role(std::move(steering));
    if (insisted) return fail(impossible(Handover::Steer, steering.error()));
  }
  if (!insisted || *insisted == Handover::Migrate) {
    const auto available = migration_available();
    if (available) return as_role(Unsteered::create(Handover::Migrate));
    if (insisted) return fail(impossible(Handover::Migrate, available.error()));
  }
  return as_role(Unsteered::create(Handover::Plain));
}

HandoverChoice best_handover() {
  HandoverChoice choice;
  const auto steer = steering_available();
  if (!steer) choice.why_not_steer = steer.error();
  const auto migrate = migration_available();
  if (!migrate) choice.why_not_migrate = migrate.error();
  choice.way = steer ? Handover::Steer : migrate ? Handover::Migrate : Handover::Plain;
  return choice;
}

std::string handover_guarantee(Handover way) {
  switch (way) {
    case Handover::Steer:
      return "steer: the kernel moves new connections to the new release once it is ready; none is lost";
    case Handover::Migrate:
      return "migrate: the new release gets connections from the moment it listens; what waits at a closing "
             "listener is migrated by the kernel; to gate and to probe exactly, run as root or grant CAP_BPF";
    case Handover::Plain:
      return "plain: connections that are opened while the old release closes its listener may be lost; to "
             "get "
             "better, run as root or grant CAP_BPF, or sysctl -w net.ipv4.tcp_migrate_req=1";
  }
  return {};
}

}  // namespace roll
