// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "deploy/verdict.h"
#include "state/event.h"

namespace rollctl {

// Every sentence about a change that people read, in one place: what is tried, what happened, how it ended.

// What a change does to a release: "deploy v2", "roll back to v1", "stop".
std::string attempt_text(AppCommand command, const std::string& release);

// An event as one sentence; nothing for events that are no news to people (intents, the end, which the
// verdict tells better).
std::optional<std::string> event_text(const Event& event);

// The summary: "web: v2 serves with 2 instances (was v1), 0 connections cut, 412 ms".
std::string summary_text(const Verdict& verdict);

// Did it not become what was asked for?
bool is_failure(const Verdict& verdict);

// A failure as an error: what was tried, on what and why; the hint says what to do next where the verdict
// itself does not.
Error failure_of(const Verdict& verdict);

// What serves after a failure: "v1 serves as before with 2 instances", "nothing serves";
// without "as before" where it needs attention.
std::string aftermath_text(const Verdict& verdict);

// "1 instance", "2 instances".
std::string count_text(size_t count, const std::string& thing);

// "12, 13"
std::string ids_text(const std::vector<InstanceId>& ids);

}  // namespace rollctl
