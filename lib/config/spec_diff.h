// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "config/generation_spec.h"

namespace rollctl {

// A setting that two generations have differently. A value of a secret is masked in both texts.
struct SpecDifference {
  std::string key;     // "command", "env.COLOR", "env_file.TOKEN", "listen"
  std::string before;  // as in an app file; empty: not set
  std::string after;

  bool operator==(const SpecDifference&) const = default;
};

// Whether values of that variable are not for people: its name tells of a password, token, key or the like.
bool is_secret(const std::string& variable);

// Every setting that differs, in the order of an app file: the release, then the keys with {app} and
// {release} expanded, then variables of env_file and files of the command that have changed.
std::vector<SpecDifference> differences_of(const GenerationSpec& before, const GenerationSpec& after);

// The same against the defaults: all that a generation sets.
std::vector<SpecDifference> settings_of(const GenerationSpec& spec);

}  // namespace rollctl
