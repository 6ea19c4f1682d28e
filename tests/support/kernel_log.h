// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace rollctl::test {

// What the kernel has logged since this was opened, whoever made it do so.
class KernelLog {
 public:
  // Fails where there is no /dev/kmsg, or where this user may not read it.
  static Result<KernelLog> open_at_end();

  // The complaints (complains_about_bpf()) since it was opened or last asked. Does not wait.
  std::vector<std::string> new_complaints();

 private:
  explicit KernelLog(Fd messages) : messages_(std::move(messages)) {}
  Fd messages_;
};

// Whether this line of the kernel's log, a warning or a crash, is about BPF programs, their verifier or the
// groups that they decide for. Each report of the kernel names the function in it, or its source file. Other
// troubles of the host are not ours.
bool complains_about_bpf(std::string_view line);

}  // namespace rollctl::test
