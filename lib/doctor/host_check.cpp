// SPDX-License-Identifier: MIT
#include "doctor/host_check.h"

#include <poll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string_view>

#include "base/fd.h"
#include "base/new_child.h"

namespace rollctl {

namespace {

// outcome '\0' need '\0' message '\0' hint '\0'
std::string encode(const HostCheck& check) {
  std::string text;
  text += static_cast<char>('0' + static_cast<int>(check.outcome));
  text += '\0';
  text += static_cast<char>('0' + static_cast<int>(check.need));
  text += '\0';
  text += check.message + '\0' + check.hint + '\0';
  return text;
}

std::string_view take_field(std::string_view& text) {
  const size_t end = text.find('\0');
  const std::string_view field = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return field;
}

Result<HostCheck> decode(const std::string& name, std::string_view text) {
  const std::string_view outcome = take_field(text);
  const std::string_view need = take_field(text);
  if (outcome.size() != 1 || need.size() != 1)
    return fail(ErrorKind::Failed, "the process of this check died");
  HostCheck check;
  check.name = name;
  check.outcome = static_cast<HostCheck::Outcome>(outcome[0] - '0');
  check.need = static_cast<HostCheck::Need>(need[0] - '0');
  check.message = take_field(text);
  check.hint = take_field(text);
  return check;
}

// The child's output until it closes its end, or the time is over.
Result<std::string> read_for(int fd, Millis limit) {
  const TimePoint deadline = std::chrono::steady_clock::now() + limit;
  std::string text;
  for (;;) {
    const auto left = std::chrono::duration_cast<Millis>(deadline - std::chrono::steady_clock::now()).count();
    pollfd readable{fd, POLLIN, 0};
    const int ready = left > 0 ? ::poll(&readable, 1, static_cast<int>(left)) : 0;
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0)
      return fail(ErrorKind::Busy, "this check took longer than " + std::to_string(limit.count()) + " ms");
    char buffer[4096];
    const ssize_t got = ::read(fd, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    text.append(buffer, static_cast<size_t>(got));
  }
}

Result<HostCheck> run_apart(const std::string& name, Millis limit, const std::function<HostCheck()>& check) {
  auto pipe = make_pipe();
  if (!pipe) return fail(pipe.error());
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) return fail(last_os_failure("cannot fork"));
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);
    pipe->read.reset();
    (void)write_all(pipe->write.get(), encode(check()));
    ::_exit(0);
  }
  pipe->write.reset();
  const auto text = read_for(pipe->read.get(), limit);
  // Not reaped yet, so the pid is not reused.
  ::kill(child, SIGKILL);
  reap(child);
  if (!text) return fail(text.error());
  return decode(name, *text);
}

}  // namespace

HostCheck make_check(std::string name, const Result<std::string>& found) {
  HostCheck check;
  check.name = std::move(name);
  check.outcome = found ? HostCheck::Outcome::Works : HostCheck::Outcome::Fails;
  check.message = found ? *found : found.error().message;
  if (!found) check.hint = found.error().hint;
  return check;
}

HostCheck check_apart(const std::string& name, Millis limit, const std::function<HostCheck()>& check) {
  auto found = run_apart(name, limit, check);
  if (found) return std::move(*found);
  HostCheck untried;
  untried.name = name;
  untried.message = found.error().message;
  return untried;
}

}  // namespace rollctl
