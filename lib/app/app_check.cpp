// SPDX-License-Identifier: MIT
#include "app/app_check.h"

#include <unistd.h>

#include <utility>

#include "app/start_check.h"
#include "bpf/http_close_trial.h"
#include "deploy/descriptor_need.h"
#include "deploy/port_check.h"
#include "loop/loop.h"
#include "state/host_instances.h"
#include "state/journal_reader.h"
#include "steering/handover.h"

namespace rollctl {

namespace {

// The most expensive deploy: all old instances run while all new ones start.
DescriptorNeed need_of_a_deploy(const AppConfig& config, const Steering& steering) {
  DescriptorNeed need;
  need.standing = need.starting = static_cast<size_t>(config.instances.resolve());
  need.addresses = config.listen.size();
  if (steering.way() == Handover::Steer && !steering.outlives_rollctl())
    need.keeps = DescriptorNeed::Keeps::ForEachListener;
  return need;
}

// Empty where it is set, where it has no meaning, or where this host cannot do it.
std::string http_drain_advice(const AppConfig& config) {
  const bool is_http = config.ready.kind == ProbeKind::Http;
  if (!is_http || config.drain.http != HttpDrain::Keep || !HttpCloseProgram::available()) return {};
  return "kept-alive requests can be lost; http = \"close\" in [drain] prevents it";
}

// All of it, as a drain does it.
Status try_http_drain(const AppConfig& config) {
  if (config.drain.http == HttpDrain::Keep || !HttpCloseProgram::available()) return {};
  ROLL_TRY(load_tried_http_close());
  return {};
}

}  // namespace

Result<AppFindings> check_app(const Paths& paths, const AppName& app) {
  const auto description = describe_app(paths, app, {});
  if (!description) return fail(description.error());
  const AppConfig& config = description->config;
  const auto history = read_history(paths.journal(app.name), Reach::state());
  if (!history) return fail(history.error());
  const auto loop = Loop::create();
  if (!loop) return fail(loop.error());

  AppFindings findings;
  findings.advice = readiness_advice(config.ready.kind);
  if (findings.advice.empty()) findings.advice = http_drain_advice(config);
  const auto add = [&](std::vector<Error> errors) {
    for (Error& error : errors) findings.errors.push_back(std::move(error));
  };
  const GenerationSpec spec{app.name, history->current_release, history->last_generation + 1, config};
  StartCheck start = check_start(paths, spec);
  if (start.launcher) {
    findings.launcher = start.launcher->name();
    findings.warning = start.launcher->warning;
  }
  add(std::move(start.findings));
  if (Status works = try_http_drain(config); !works) add({works.error()});
  findings.pinned = pinned_paths(spec);
  if (const auto instances = HostInstances::create(**loop, paths, app.name, config.listen))
    add(check_ports(**instances, **instances, app.name, config));
  else
    add({instances.error()});
  const Status taking = check_taking(config);
  if (const auto steering = choose_steering(**loop, insisted_handover(config.handover), {}, taking)) {
    findings.handover = handover_name((*steering)->way());
    if (!taking && config.handover == HandoverPolicy::Auto) {
      if (!findings.warning.empty()) findings.warning += "; ";
      findings.warning += taking.error().message + ", so the app is not steered: " + taking.error().hint;
    }
    if (const std::string warning = steering_warning(**steering, ::geteuid()); !warning.empty())
      findings.warning += (findings.warning.empty() ? "" : "; ") + warning;
    const DescriptorNeed need = need_of_a_deploy(config, **steering);
    findings.descriptors = need.descriptors();
    if (Status fits = check_descriptors(need); !fits) add({fits.error()});
  } else {
    add({steering.error()});
  }
  return findings;
}

}  // namespace rollctl
