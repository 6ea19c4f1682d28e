// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace rollctl::test {

// The kernel's log since this object was opened.
class KernelLog {
 public:
  // Fails if /dev/kmsg is missing or not readable.
  static Result<KernelLog> open_at_end();

  // The lines with complains_about_bpf() since the last call. Does not wait.
  std::vector<std::string> new_complaints();

 private:
  explicit KernelLog(Fd messages) : messages_(std::move(messages)) {}
  Fd messages_;
};

// Whether this line of the kernel's log is a warning or crash about BPF
// programs, the verifier or SO_REUSEPORT groups. Kernel reports name the
// function or the source file. Other problems of the host are ignored.
bool complains_about_bpf(std::string_view line);

}  // namespace rollctl::test
