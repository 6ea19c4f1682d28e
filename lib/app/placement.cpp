// SPDX-License-Identifier: MIT
#include "app/placement.h"

#include <algorithm>
#include <utility>

#include "app/resolved_launcher.h"
#include "config/launch.h"
#include "net/free_port.h"

namespace rollctl {

void Placement::used_up_to(InstanceId last) {
  last_ = std::max(last_, last);
}

LaunchSpec Placement::reserve() {
  LaunchSpec launch;
  launch.app = app_;
  launch.instance = *(reserved_ = ++last_);
  launch.run_dir = paths_.instance(app_, launch.instance);
  launch.log_path = paths_.log(app_, launch.instance);
  return launch;
}

Result<LaunchPlace> Placement::place(const GenerationSpec& spec) {
  InstancePlace place;
  place.instance = reserved_ ? *std::exchange(reserved_, std::nullopt) : ++last_;
  place.run_dir = paths_.instance(app_, place.instance);
  place.log_path = paths_.log(app_, place.instance);
  place.journal_path = paths_.journal(app_);
  place.preload_library = paths_.preload_library();
  auto launcher = resolve_launcher(spec.config);
  if (!launcher) return fail(launcher.error());
  place.unit = std::move(launcher->unit);
  if (needs_probe_port(spec.config)) {
    const auto port = find_free_port();
    if (!port) return fail(port.error());
    place.probe_port = *port;
  }
  auto launch = make_launch_spec(spec, place);
  if (!launch) return fail(launch.error());
  auto probe = make_probe_spec(spec, place);
  if (!probe) return fail(probe.error());
  return LaunchPlace{std::move(*launch), std::move(*probe)};
}

}  // namespace rollctl
