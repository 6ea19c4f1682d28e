// SPDX-License-Identifier: MIT
#include "rollctl/change_options.h"

#include <array>
#include <utility>

#include "base/duration.h"
#include "config/app_file.h"

namespace rollctl {

namespace {

Result<Millis> duration(const std::string& text) {
  return parse_duration(text);
}
Result<std::vector<double>> canary_steps(const std::string& text) {
  return parse_canary(text);
}
Result<HandoverPolicy> policy(const std::string& text) {
  return parse_handover_policy(text);
}

Result<ReadyConfig> readiness(const std::string& text) {
  const size_t colon = text.find(':');
  const std::string kind = text.substr(0, colon);
  ReadyConfig ready;
  if (kind == "http" || kind == "https") {
    ready.kind = kind == "http" ? ProbeKind::Http : ProbeKind::Https;
    if (colon != std::string::npos) ready.path = text.substr(colon + 1);
    if (!ready.path.starts_with('/'))
      return fail(ErrorKind::Invalid, "'" + text + "' needs a path that begins with '/'",
                  "for example http:/readyz");
    return ready;
  }
  constexpr std::array<std::pair<std::string_view, ProbeKind>, 3> kKinds{
      {{"tcp", ProbeKind::Tcp}, {"listen", ProbeKind::Listen}, {"notify", ProbeKind::Notify}}};
  for (const auto& [name, known] : kKinds) {
    if (name != text) continue;
    ready.kind = known;
    return ready;
  }
  return fail(ErrorKind::Invalid, "unknown kind of readiness '" + text + "'",
              "use http:/PATH, https:/PATH, tcp, listen or notify");
}

Status add_address(const std::string& text, std::vector<ListenAddress>& listen) {
  auto address = ListenAddress::parse(text);
  if (!address) return fail(address.error());
  listen.push_back(std::move(*address));
  return {};
}

}  // namespace

void MovingOptions::declare_app(Options& options) {
  options.argument("APP", Options::Need::Required, app, "Name of the app, or path to its app file");
}

void MovingOptions::declare(Options& options, unsigned takes) {
  if ((takes & (AppAndCanary | Batch | ReadyDeadline)) != 0) options.group("Instances");
  if (takes & AppAndCanary) {
    options.parsed("-n,--instances", "N", change.app.instances, &InstanceCount::parse,
                   "Number of instances, or `cpus`");
    options.parsed(
        "--listen", "ADDR", [this](const std::string& text) { return add_address(text, change.app.listen); },
        "Listen on HOST:PORT, [V6]:PORT or :PORT; repeatable", Options::Times::Often);
    options.parsed("--ready", "KIND[:PATH]", change.app.ready, &readiness,
                   "Readiness: http:/PATH, https:/PATH, tcp, listen or notify");
  }
  if (takes & Batch)
    options.parsed("--batch", "N", change.batch, &rollctl::Batch::parse,
                   "Replace this many instances at a time: N, P% or all");
  if (takes & ReadyDeadline)
    options.parsed("--ready-deadline", "DUR", change.ready_deadline, &duration,
                   "Give up if an instance is not ready after DUR");
  options.group("Traffic");
  if (takes & AppAndCanary) {
    options.parsed("--canary", "P%", change.canary, &canary_steps,
                   "Start one new instance with P% of the new connections; steps: 1%,10%,50%");
    options.parsed("--bake", "DUR", change.bake, &duration,
                   "Watch the new release for DUR before the old one drains or a canary is promoted");
  }
  if (takes & Hold)
    options.parsed("--hold", "DUR", change.hold, &duration, "Keep the old instances on standby for DUR");
  options.parsed("--handover", "WAY", change.app.handover, &policy,
                 "Handover: auto, steer, migrate or plain");
  options.parsed("--drain-deadline", "DUR", change.drain_deadline, &duration,
                 "Kill instances that have not drained after DUR");
  options.flag("--detach", detach, "Return after the traffic has shifted; drains go on");
  options.flag("--strict", strict, "Exit with status 4 if connections were cut");
  options.group("The change");
  options.flag("--dry-run", dry_run, "Print the plan; change nothing");
  options.flag("--no-hooks", no_hooks, "Run no hooks");
  options.parsed("--wait-lock", "DUR", wait_lock, &duration,
                 "Wait so long for another rollctl to finish its change");
  options.text("--note", "TEXT", change.note, "Store TEXT in the history");
}

}  // namespace rollctl
