// SPDX-License-Identifier: MIT
// What a person's log-in leaves to the programs that it starts, to be tried on rollctl.
//   log_in run MASK CLOSED COMMAND…   runs a command with a terminal, a session keyring with a key,
//   inheritable
//                                     capabilities, MASK (octal), and without the descriptors in CLOSED ("-",
//                                     "0", "012")
//   log_in look                       prints which of it this program has
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

constexpr const char* kKey = "roll-test-secret";

int complain(const char* what) {
  std::perror(what);
  return 1;
}

int give_key() {
  if (::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr) < 0) return complain("a session keyring");
  if (::syscall(SYS_add_key, "user", kKey, "x", 1, KEY_SPEC_SESSION_KEYRING) < 0) return complain("a key");
  return 0;
}

int give_capabilities() {
  if (::geteuid() != 0) return 0;
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {};
  if (::syscall(SYS_capget, &header, sets) != 0) return complain("capabilities");
  for (auto& set : sets) set.inheritable = set.permitted;
  return ::syscall(SYS_capset, &header, sets) == 0 ? 0 : complain("inheritable capabilities");
}

int run_logged_in(mode_t mask, const char* closed, char** command, int terminal) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::setsid() < 0 || ::ioctl(terminal, TIOCSCTTY, 0) != 0) return complain("a terminal");
  if (give_key() != 0 || give_capabilities() != 0) return 1;
  ::umask(mask);
  if (std::strcmp(closed, "-") != 0)
    for (const char* digit = closed; *digit != '\0'; ++digit) ::close(*digit - '0');
  ::execvp(command[0], command);
  return complain(command[0]);
}

int log_in(mode_t mask, const char* closed, char** command) {
  const int master = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (master < 0 || ::grantpt(master) != 0 || ::unlockpt(master) != 0) return complain("a pseudo-terminal");
  const int terminal = ::open(::ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (terminal < 0) return complain("its other end");
  const pid_t shell = ::fork();
  if (shell == 0) ::_exit(run_logged_in(mask, closed, command, terminal));
  int status = 0;
  if (shell < 0 || ::waitpid(shell, &status, 0) != shell) return complain("a shell");
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool has_key() {
  return ::syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user", kKey, 0) >= 0;
}

bool has_inheritable_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {};
  ::syscall(SYS_capget, &header, sets);
  return (sets[0].inheritable | sets[1].inheritable) != 0;
}

int look() {
  const mode_t mask = ::umask(0);
  const int terminal = ::open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
  std::printf("terminal %s, key %s, mask %03o, inheritable %s\n", terminal >= 0 ? "yes" : "no",
              has_key() ? "yes" : "no", static_cast<unsigned>(mask),
              has_inheritable_capabilities() ? "yes" : "no");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "look") == 0) return look();
  if (argc >= 5 && std::strcmp(argv[1], "run") == 0)
    return log_in(static_cast<mode_t>(std::strtoul(argv[2], nullptr, 8)), argv[3], argv + 4);
  std::fputs("usage: log_in run MASK CLOSED COMMAND...\n       log_in look\n", stderr);
  return 2;
}
