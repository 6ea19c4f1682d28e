// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "base/kernel_version.h"

namespace rollctl {

// Whether a kernel frees a replaced classic program while another CPU may still be in it (CVE-2026-52910,
// upstream commit 18fc650ccd7f): under load the host can crash. rollctl replaces a program some nine times a
// deploy of two instances. eBPF programs are not affected.
enum class ClassicFault {
  Mended,
  Present,
  Unknown,  // the kernel's number does not tell
};

// Pure. `kernel`: of running_kernel().
ClassicFault classic_fault(const std::optional<KernelVersion>& kernel);

// "this kernel (6.18.15) can crash …"; empty for Mended.
std::string classic_fault_text(const std::optional<KernelVersion>& kernel);

// The way out of it.
inline constexpr const char* kClassicFaultHint =
    "install a kernel with the fix (5.10.259, 5.15.210, 6.1.176, 6.6.143, 6.12.94, 6.18.36, 7.0.13, 7.1 or "
    "newer), or let rollctl steer by eBPF: as root, or with CAP_BPF";

}  // namespace rollctl
