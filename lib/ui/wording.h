// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "deploy/verdict.h"
#include "process/event_kinds.h"

namespace rollctl {

// All sentences about a change that people read: attempt, events, ending.

// A command and its release: "deploy v2", "roll back to v1", "stop".
std::string attempt_text(AppCommand command, const std::string& release);

// An event as one sentence; nothing for events that people need
// not see (intents, and the end, which summary_text() tells).
std::optional<std::string> event_text(const Event& event);

// The summary: "web: v2 serves with 2 instances (was v1), 0 connections cut, 412 ms".
std::string summary_text(const Verdict& verdict);

// Whether the change did not reach its goal.
bool is_failure(const Verdict& verdict);

// A failed verdict as an error: the attempt, the app and the reason, with a hint.
Error failure_of(const Verdict& verdict);

// The state after a failure: "v1 serves as before with 2 instances",
// "nothing serves"; without "as before" if it needs attention.
std::string aftermath_text(const Verdict& verdict);

// "64 clients asked to leave, 64 connections closed"; more where clients were silent or could not be asked.
std::string http_text(const HttpReport& report);

// "1 instance", "2 instances".
std::string count_text(size_t count, const std::string& thing);

// "12, 13"
std::string ids_text(const std::vector<InstanceId>& ids);

}  // namespace rollctl
