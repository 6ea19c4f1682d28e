// SPDX-License-Identifier: MIT
#include "process/event_kinds.h"

#include <array>
#include <concepts>
#include <type_traits>
#include <utility>

namespace rollctl {

namespace {

constexpr std::array<std::pair<Outcome, const char*>, 6> kOutcomes{
    {{Outcome::Deployed, "deployed"},
     {Outcome::Unchanged, "unchanged"},
     {Outcome::Canary, "canary"},
     {Outcome::RolledBack, "rolled_back"},
     {Outcome::Interrupted, "interrupted"},
     {Outcome::NeedsAttention, "needs_attention"}}};

}  // namespace

const char* outcome_name(Outcome outcome) {
  for (const auto& [value, name] : kOutcomes)
    if (value == outcome) return name;
  return "needs_attention";
}

std::optional<Outcome> parse_outcome(std::string_view name) {
  for (const auto& [value, known] : kOutcomes)
    if (name == known) return value;
  return std::nullopt;
}

std::string_view event_name(const Event& event) {
  return std::visit(
      []<typename Body>(const Body& body) -> std::string_view {
        if constexpr (std::same_as<Body, OtherEvent>)
          return body.name;
        else
          return Body::kName;
      },
      event.body);
}

std::optional<InstanceId> event_instance(const Event& event) {
  return std::visit(
      [](const auto& body) -> std::optional<InstanceId> {
        if constexpr (requires { body.id; })
          return body.id;
        else
          return std::nullopt;
      },
      event.body);
}

}  // namespace rollctl
