// SPDX-License-Identifier: MIT
#include "base/kernel_version.h"

#include <sys/utsname.h>

#include <charconv>

namespace rollctl {

namespace {

// "6.1.192-3" → 6.1.192; "7.1-rc3" → 7.1.0.
std::optional<KernelVersion> parse(std::string_view text) {
  KernelVersion version;
  int* const parts[] = {&version.major, &version.minor, &version.patch};
  int found = 0;
  for (int* part : parts) {
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), *part);
    if (failure != std::errc()) break;
    ++found;
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    if (!text.starts_with('.')) break;
    text.remove_prefix(1);
  }
  return found >= 2 ? std::optional(version) : std::nullopt;
}

bool is_numbered_by_its_distribution(std::string_view release, std::string_view version) {
  return version.find("Ubuntu") != std::string_view::npos || release.find(".el") != std::string_view::npos;
}

}  // namespace

std::string KernelVersion::text() const {
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
}

std::optional<KernelVersion> upstream_version(std::string_view release, std::string_view version) {
  constexpr std::string_view kDebian = " Debian ";
  if (const size_t debian = version.find(kDebian); debian != std::string_view::npos)
    return parse(version.substr(debian + kDebian.size()));
  if (is_numbered_by_its_distribution(release, version)) return std::nullopt;
  return parse(release);
}

std::optional<KernelVersion> running_kernel() {
  utsname names{};
  if (::uname(&names) != 0) return std::nullopt;
  return upstream_version(names.release, names.version);
}

}  // namespace rollctl
