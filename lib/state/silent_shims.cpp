// SPDX-License-Identifier: MIT
#include "state/silent_shims.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/process_ref.h"

namespace rollctl {

bool is_stopped(const ProcessId& process) {
  const Fd file(::open(fmt::format("/proc/{}/status", process.pid).c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return false;
  const auto text = read_all(file.get(), 65536);
  if (!text) return false;
  const size_t state = text->find("\nState:\t");
  return state != std::string::npos && text->compare(state + 8, 1, "T") == 0;
}

Error silent_shims(const std::vector<InstanceRecord>& silent) {
  std::vector<InstanceId> ids;
  std::vector<pid_t> pids;
  std::vector<pid_t> gone;
  for (const InstanceRecord& record : silent) {
    ids.push_back(record.id);
    pids.push_back(record.shim.pid);
    const auto shim = ProcessRef::open(record.shim);
    if (!shim && shim.error().kind == ErrorKind::NotFound) gone.push_back(record.shim.pid);
  }
  if (!gone.empty())
    return {ErrorKind::Failed, ETIMEDOUT,
            fmt::format(
                "instance {}: its shim, pid {}, has exited, but another process holds the lock on its folder",
                fmt::join(ids, ", "), fmt::join(gone, ", ")),
            "try again in a moment; see `lslocks` for who holds it"};
  const bool all_stopped = std::all_of(silent.begin(), silent.end(),
                                       [](const InstanceRecord& record) { return is_stopped(record.shim); });
  const bool one = silent.size() == 1;
  const std::string name = fmt::format("{} {}", one ? "instance" : "instances", fmt::join(ids, ", "));
  const std::string shims =
      fmt::format("{} {}", one ? "its shim, pid" : "their shims, pids", fmt::join(pids, ", "));
  const std::string kill =
      fmt::format("after `kill -KILL {0}` {1} unsupervised, and the next command drains {2}",
                  fmt::join(pids, " "), one ? "its server runs" : "their servers run", one ? "it" : "them");
  if (!all_stopped)
    return {
        ErrorKind::Failed, ETIMEDOUT,
        fmt::format("{}: {}, {} and {} not answer", name, shims, one ? "lives" : "live", one ? "does" : "do"),
        kill};
  return {ErrorKind::Failed, ETIMEDOUT,
          fmt::format("{}: {}, {} stopped and {} not answer", name, shims, one ? "is" : "are",
                      one ? "does" : "do"),
          fmt::format("`kill -CONT {}` lets {} go on; {}", fmt::join(pids, " "), one ? "it" : "them", kill)};
}

Status check_all_answer(const std::vector<FoundInstance>& found) {
  std::vector<InstanceRecord> silent;
  for (const FoundInstance& instance : found)
    if (instance.presence == Presence::Silent) silent.push_back(instance.record);
  return silent.empty() ? Status() : fail(silent_shims(silent));
}

}  // namespace rollctl
