// SPDX-License-Identifier: MIT
#include "support/kernel_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <regex>

namespace rollctl::test {

Result<KernelLog> KernelLog::open_at_end() {
  Fd messages(::open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!messages || ::lseek(messages.get(), 0, SEEK_END) < 0)
    return fail(last_os_failure("cannot read the kernel's log"));
  return KernelLog(std::move(messages));
}

std::vector<std::string> KernelLog::new_complaints() {
  std::vector<std::string> complaints;
  for (;;) {
    // One record per read: "priority,number,time,flags;text", never longer than this.
    char record[8192];
    const ssize_t size = ::read(messages_.get(), record, sizeof record);
    if (size < 0 && (errno == EINTR || errno == EPIPE)) continue;  // EPIPE: some were overwritten
    if (size <= 0) return complaints;
    std::string_view text(record, static_cast<size_t>(size));
    text.remove_prefix(std::min(text.size(), text.find(';') + 1));
    text = text.substr(0, text.find('\n'));
    if (complains_about_bpf(text)) complaints.emplace_back(text);
  }
}

bool complains_about_bpf(std::string_view line) {
  static const std::regex kComplaint(
      "verifier bug|REG INVARIANTS|"
      "(WARNING|BUG|Oops|UBSAN|RIP: |pc : ).*(bpf|verifier|reuseport)");
  return std::regex_search(line.begin(), line.end(), kComplaint);
}

}  // namespace rollctl::test
