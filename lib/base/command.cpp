// SPDX-License-Identifier: MIT
#include "base/command.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <string>

#include "base/new_child.h"
#include "base/privilege.h"

namespace rollctl {

namespace {

// RAII for the attributes of posix_spawn(3).
struct SpawnOptions {
  SpawnOptions() {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
  }
  ~SpawnOptions() {
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
  }
  SpawnOptions(const SpawnOptions&) = delete;
  SpawnOptions& operator=(const SpawnOptions&) = delete;

  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};
};

void reset_signals(posix_spawnattr_t& attributes) {
  sigset_t all;
  sigset_t none;
  sigfillset(&all);
  sigemptyset(&none);
  ::posix_spawnattr_setsigdefault(&attributes, &all);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
}

// A privileged rollctl must not run programs from its caller's PATH.
constexpr std::array kFolders{"/usr/sbin/", "/usr/bin/", "/sbin/", "/bin/"};

// Returns 0 or an errno.
int spawn(pid_t* pid, const SpawnOptions& options, const std::vector<char*>& words) {
  const bool is_path = std::strchr(words.front(), '/') != nullptr;
  if (!is_privileged() || is_path)
    return ::posix_spawnp(pid, words.front(), &options.actions, &options.attributes, words.data(), environ);
  int failure = ENOENT;
  for (const char* folder : kFolders) {
    const std::string program = std::string(folder) + words.front();
    failure =
        ::posix_spawn(pid, program.c_str(), &options.actions, &options.attributes, words.data(), environ);
    if (failure != ENOENT) break;
  }
  return failure;
}

constexpr size_t kMostText = size_t{256} << 20;

bool await_readable(int fd, Millis time) {
  pollfd waiting{fd, POLLIN, 0};
  return ::poll(&waiting, 1, static_cast<int>(std::max(time, Millis(0)).count())) > 0;
}

}  // namespace

Result<Command> Command::start(const std::vector<std::string>& argv, Stderr errors) {
  auto pipe = make_pipe();
  if (!pipe) return fail(pipe.error());
  if (Status set = set_nonblocking(pipe->read.get()); !set) return fail(set.error());
  SpawnOptions options;
  reset_signals(options.attributes);
  ::posix_spawn_file_actions_addopen(&options.actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&options.actions, pipe->write.get(), STDOUT_FILENO);
  if (errors == Stderr::Together) {
    ::posix_spawn_file_actions_adddup2(&options.actions, pipe->write.get(), STDERR_FILENO);
  } else {
    ::posix_spawn_file_actions_addopen(&options.actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  }
  const std::vector<char*> words = exec_pointers(argv);
  pid_t pid = -1;
  const int failure = spawn(&pid, options, words);
  if (failure != 0) return fail(os_failure("cannot run " + argv.front(), failure));
  return Command(pid, std::move(pipe->read));
}

Command::~Command() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  (void)wait();
}

bool Command::has_exited(Millis time) const {
  const Fd process(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  return process && await_readable(process.get(), time);
}

int Command::wait() {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

Result<CommandOutput> run_command(const std::vector<std::string>& argv, Command::Stderr errors,
                                  Millis limit) {
  auto command = Command::start(argv, errors);
  if (!command) return fail(command.error());
  const auto deadline = std::chrono::steady_clock::now() + limit;
  const auto left = [&] { return std::chrono::ceil<Millis>(deadline - std::chrono::steady_clock::now()); };
  CommandOutput output;
  for (ssize_t got = -1; got != 0;) {
    if (left() <= Millis(0)) return fail(ErrorKind::Failed, argv.front() + " did not answer in time");
    char buffer[65536];
    got = ::read(command->output(), buffer, sizeof buffer);
    if (got > 0) output.text.append(buffer, static_cast<size_t>(got));
    if (output.text.size() > kMostText)
      return fail(ErrorKind::Failed, argv.front() + " printed more than 256 MiB");
    if (got < 0) (void)await_readable(command->output(), left());
  }
  if (!command->has_exited(left()))
    return fail(ErrorKind::Failed, argv.front() + " closed its output but did not exit in time");
  output.status = command->wait();
  return output;
}

}  // namespace rollctl
