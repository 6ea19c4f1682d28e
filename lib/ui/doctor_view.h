// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <vector>

#include "doctor/host_assessment.h"
#include "doctor/host_check.h"
#include "ui/line.h"
#include "ui/status_view.h"

namespace rollctl {

// One paragraph per check, then the verdict; wrapped to the
// terminal's width. Detail::Full adds each check's hint.
std::vector<Line> doctor_lines(const HostAssessment& verdict, std::span<const HostCheck> checks,
                               const Terminal& terminal, Detail detail);

// Only the failed checks and the verdict; empty if the host is lossless.
std::vector<Line> doctor_complaints(const HostAssessment& verdict, std::span<const HostCheck> checks,
                                    const Terminal& terminal);

// The one object of `rollctl doctor --json`.
nlohmann::json doctor_json(const HostAssessment& verdict, std::span<const HostCheck> checks);

}  // namespace rollctl
