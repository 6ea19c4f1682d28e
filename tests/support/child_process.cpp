// SPDX-License-Identifier: MIT
#include "support/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <ostream>

#include "base/fd.h"
#include "support/child_process_exec.h"

namespace rollctl::test {
namespace {

constexpr int kPipeBytes = 1 << 20;

Result<int> poll_until(std::vector<pollfd>& polled, TimePoint deadline) {
  for (;;) {
    auto left = std::chrono::ceil<Millis>(deadline - std::chrono::steady_clock::now());
    int ready = poll(polled.data(), polled.size(), static_cast<int>(std::max<int64_t>(left.count(), 0)));
    if (ready >= 0) return ready;
    if (errno != EINTR) return fail(last_os_failure("cannot poll a child"));
  }
}

}  // namespace

std::string ChildExit::text() const {
  return signal != 0 ? "killed by " + signal_name(signal) : "exit code " + std::to_string(code);
}

void PrintTo(const ChildExit& exit, std::ostream* out) {
  *out << exit.text();
}

struct ChildProcess::State {
  explicit State(ProcessRef ref, std::string program) : process(std::move(ref)), name(std::move(program)) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (exit) return;
    (void)process.send_signal(SIGKILL);
    reap(0);
  }

  ProcessRef process;
  std::string name;
  std::optional<ChildExit> exit;
  Fd input;
  Fd output_pipe;
  Fd errors_pipe;
  std::string output;
  std::string errors;
  size_t lines_read = 0;  // bytes of `output` that read_line() has returned

  void reap(int flags) {
    siginfo_t info{};
    if (waitid(P_PIDFD, static_cast<id_t>(process.fd()), &info, WEXITED | flags) < 0 || info.si_pid == 0)
      return;
    exit = info.si_code == CLD_EXITED ? ChildExit::with_code(info.si_status)
                                      : ChildExit::by_signal(info.si_status);
  }

  static void drain(Fd& pipe, std::string& into) {
    std::array<char, 65536> buffer;
    while (pipe) {
      ssize_t got = read(pipe.get(), buffer.data(), buffer.size());
      if (got > 0) {
        into.append(buffer.data(), static_cast<size_t>(got));
      } else if (got == 0) {
        pipe.reset();
      } else if (errno != EINTR) {
        return;
      }
    }
  }

  void drain() {
    drain(output_pipe, output);
    drain(errors_pipe, errors);
  }

  [[nodiscard]] Error still_running(const std::string& what, Millis timeout) const {
    return Error{ErrorKind::Busy,
                 0,
                 name + " (pid " + std::to_string(process.id().pid) + ") " + what + " within " +
                     std::to_string(timeout.count()) + " ms; stdout: \"" + output + "\", stderr: \"" +
                     errors + "\"",
                 {}};
  }

  // Blocks until there is output or an exit; false at the deadline.
  Result<bool> await_news(TimePoint deadline) {
    std::vector<pollfd> polled;
    if (output_pipe) polled.push_back({output_pipe.get(), POLLIN, 0});
    if (errors_pipe) polled.push_back({errors_pipe.get(), POLLIN, 0});
    polled.push_back({process.fd(), POLLIN, 0});
    auto ready = poll_until(polled, deadline);
    if (!ready) return fail(ready.error());
    drain();
    return *ready > 0;
  }
};

ChildProcess::ChildProcess(std::unique_ptr<State> state) : state_(std::move(state)) {}
ChildProcess::ChildProcess(ChildProcess&&) noexcept = default;
ChildProcess& ChildProcess::operator=(ChildProcess&&) noexcept = default;
ChildProcess::~ChildProcess() = default;

Result<ChildProcess> ChildProcess::spawn(ChildSpec spec) {
  if (spec.argv.empty()) return fail(ErrorKind::Invalid, "a child needs a program");
  if (spec.fds.size() > 60) return fail(ErrorKind::Invalid, "too many descriptors for a child");
  ExecPlan plan;
  plan.argv = exec_array(spec.argv);
  plan.env_text = merge_environment(spec.env);
  plan.env = exec_array(plan.env_text);
  plan.workdir = spec.workdir;
  plan.uid = spec.uid;
  plan.parent = getpid();

  Fd null(open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null) return fail(last_os_failure("cannot open /dev/null"));
  auto report = make_pipe();
  auto input = make_pipe();
  auto output = make_pipe();
  auto errors = make_pipe();
  for (auto* pipe : {&report, &input, &output, &errors}) {
    if (!*pipe) return fail(pipe->error());
  }
  plan.fds.emplace_back(spec.input == Input::Pipe ? input->read.get() : null.get(), STDIN_FILENO);
  if (spec.output != Output::Inherit) {
    bool captured = spec.output == Output::Capture;
    plan.fds.emplace_back(captured ? output->write.get() : null.get(), STDOUT_FILENO);
    plan.fds.emplace_back(captured ? errors->write.get() : null.get(), STDERR_FILENO);
  }
  plan.fds.insert(plan.fds.end(), spec.fds.begin(), spec.fds.end());

  pid_t pid = fork();
  if (pid < 0) return fail(last_os_failure("cannot fork"));
  if (pid == 0) become_child(plan, report->write.get());

  auto process = ProcessRef::open(pid);
  if (!process) {
    ::kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    return fail(process.error());
  }
  ChildProcess child(std::make_unique<State>(std::move(*process), spec.argv[0]));
  report->write.reset();
  int exec_error = 0;
  ssize_t got = 0;
  do {
    got = read(report->read.get(), &exec_error, sizeof exec_error);
  } while (got < 0 && errno == EINTR);
  if (got > 0) return fail(os_failure("cannot start " + spec.argv[0], exec_error));

  if (spec.input == Input::Pipe) child.state_->input = std::move(input->write);
  if (spec.output == Output::Capture) {
    for (auto* pipe : {&*output, &*errors}) {
      fcntl(pipe->read.get(), F_SETPIPE_SZ, kPipeBytes);
      if (auto set = set_nonblocking(pipe->read.get()); !set) return fail(set.error());
    }
    child.state_->output_pipe = std::move(output->read);
    child.state_->errors_pipe = std::move(errors->read);
  }
  return child;
}

pid_t ChildProcess::pid() const {
  return state_->process.id().pid;
}

const ProcessRef& ChildProcess::process() const {
  return state_->process;
}

bool ChildProcess::has_exited() const {
  return state_->exit || state_->process.has_exited();
}

Status ChildProcess::send_signal(int signal) const {
  return state_->process.send_signal(signal);
}

Result<ChildExit> ChildProcess::wait(Millis timeout) {
  auto deadline = std::chrono::steady_clock::now() + timeout;
  for (;;) {
    if (!state_->exit && state_->process.has_exited()) state_->reap(WNOHANG);
    if (state_->exit) {
      state_->drain();  // only the data in the pipes; a grandchild may keep them open forever
      return *state_->exit;
    }
    auto news = state_->await_news(deadline);
    if (!news) return fail(news.error());
    if (!*news) return fail(state_->still_running("did not exit", timeout));
  }
}

Result<ChildExit> ChildProcess::stop(int signal, Millis timeout) {
  if (!has_exited()) {
    if (auto sent = send_signal(signal); !sent && !has_exited()) return fail(sent.error());
  }
  return wait(timeout);
}

Status ChildProcess::write_input(std::string_view text) {
  if (!state_->input) return fail(ErrorKind::Invalid, state_->name + " has no input");
  ::signal(SIGPIPE, SIG_IGN);  // writing to a dead child must be an error, not end the test
  return write_all(state_->input.get(), text);
}

void ChildProcess::close_input() {
  state_->input.reset();
}

Result<std::string> ChildProcess::read_line(Millis timeout) {
  auto deadline = std::chrono::steady_clock::now() + timeout;
  for (;;) {
    bool gone = has_exited();  // checked first: its output is then complete in the pipe
    state_->drain();
    auto end = state_->output.find('\n', state_->lines_read);
    if (end != std::string::npos) {
      auto line = state_->output.substr(state_->lines_read, end - state_->lines_read);
      state_->lines_read = end + 1;
      return line;
    }
    if (!state_->output_pipe || gone) {
      return fail(ErrorKind::NotFound, state_->name + " ended its output; stderr: \"" + errors() + "\"");
    }
    auto news = state_->await_news(deadline);
    if (!news) return fail(news.error());
    if (!*news) return fail(state_->still_running("did not write a line", timeout));
  }
}

Status ChildProcess::await_output(std::string_view text, Millis timeout) {
  auto deadline = std::chrono::steady_clock::now() + timeout;
  for (;;) {
    bool gone = has_exited();
    state_->drain();
    if (state_->output.find(text) != std::string::npos) return {};
    if (!state_->output_pipe || gone) {
      return fail(ErrorKind::NotFound, state_->name + " ended its output without \"" + std::string(text) +
                                           "\"; stderr: \"" + errors() + "\"");
    }
    auto news = state_->await_news(deadline);
    if (!news) return fail(news.error());
    if (!*news) return fail(state_->still_running("did not write \"" + std::string(text) + "\"", timeout));
  }
}

const std::string& ChildProcess::output() {
  state_->drain();
  return state_->output;
}

const std::string& ChildProcess::errors() {
  state_->drain();
  return state_->errors;
}

Result<RunResult> run_child(ChildSpec spec, Millis timeout) {
  auto child = ChildProcess::spawn(std::move(spec));
  if (!child) return fail(child.error());
  auto exit = child->wait(timeout);
  if (!exit) return fail(exit.error());
  return RunResult{*exit, child->output(), child->errors()};
}

std::string program_path(std::string_view name) {
  // Test programs are in build/tests, the programs in build/bin.
  std::error_code error;
  auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  return (self.parent_path().parent_path() / "bin" / name).string();
}

}  // namespace rollctl::test
