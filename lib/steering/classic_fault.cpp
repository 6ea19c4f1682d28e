// SPDX-License-Identifier: MIT
#include "steering/classic_fault.h"

#include <algorithm>
#include <array>

namespace rollctl {

namespace {

// The first version of each series with the fix, by the kernel's own list for this CVE. Other series ended
// without it.
constexpr std::array kMended{KernelVersion{5, 10, 259}, KernelVersion{5, 15, 210}, KernelVersion{6, 1, 176},
                             KernelVersion{6, 6, 143},  KernelVersion{6, 12, 94},  KernelVersion{6, 18, 36},
                             KernelVersion{7, 0, 13}};
constexpr KernelVersion kMendedFrom{7, 1, 0};

}  // namespace

ClassicFault classic_fault(const std::optional<KernelVersion>& kernel) {
  if (!kernel) return ClassicFault::Unknown;
  const bool mended = *kernel >= kMendedFrom || std::ranges::any_of(kMended, [&](const KernelVersion& first) {
    return kernel->major == first.major && kernel->minor == first.minor && kernel->patch >= first.patch;
  });
  return mended ? ClassicFault::Mended : ClassicFault::Present;
}

std::string classic_fault_text(const std::optional<KernelVersion>& kernel) {
  switch (classic_fault(kernel)) {
    case ClassicFault::Mended:
      break;
    case ClassicFault::Present:
      return "this kernel (" + kernel->text() +
             ") can crash when a classic steering program is replaced under load (CVE-2026-52910)";
    case ClassicFault::Unknown:
      return "the number of this kernel does not tell whether it has the fix for CVE-2026-52910, without "
             "which "
             "it can crash when a classic steering program is replaced under load";
  }
  return {};
}

}  // namespace rollctl
