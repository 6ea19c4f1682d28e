// SPDX-License-Identifier: MIT
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace rollctl {

// The version of kernel.org that a kernel is built from.
struct KernelVersion {
  int major = 0;
  int minor = 0;
  int patch = 0;
  auto operator<=>(const KernelVersion&) const = default;
  [[nodiscard]] std::string text() const;  // "6.1.192"
};

// From uname(2): `release` is "6.1.0-57-amd64" on a Debian whose `version` says "… Debian 6.1.192-3 (…)".
// Nothing where a distribution keeps one number and backports what it likes (Ubuntu, Red Hat), or tells
// nothing. Pure.
std::optional<KernelVersion> upstream_version(std::string_view release, std::string_view version);

// Of the running kernel.
std::optional<KernelVersion> running_kernel();

}  // namespace rollctl
