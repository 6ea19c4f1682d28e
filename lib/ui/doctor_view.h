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

// The checks, a paragraph each, and the verdict below them; wrapped to the terminal's width. Detail::Full
// adds each check's own hint.
std::vector<Line> doctor_lines(const HostAssessment& verdict, std::span<const HostCheck> checks,
                               const Terminal& terminal, Detail detail);

// The same with nothing but what went wrong.
std::vector<Line> doctor_complaints(const HostAssessment& verdict, std::span<const HostCheck> checks,
                                    const Terminal& terminal);

// The one object of `rollctl doctor --json`.
nlohmann::json doctor_json(const HostAssessment& verdict, std::span<const HostCheck> checks);

}  // namespace rollctl
