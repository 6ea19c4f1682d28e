// SPDX-License-Identifier: MIT
#include "bpf/steer_program.h"

#include <gmock/gmock.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <string>
#include <vector>

namespace rollctl::test {
namespace {

constexpr size_t kLargestLog = 16 << 20;
constexpr int kMostInstructions = 3000;  // for the verifier to walk through; its limit is 1,000,000

struct Privilege {
  const char* name;
  std::vector<int> capabilities;  // none: all
};
std::ostream& operator<<(std::ostream& out, const Privilege& privilege) {
  return out << privilege.name;
}

bool keep_only(const std::vector<int>& capabilities) {
  __user_cap_header_struct header{};
  header.version = _LINUX_CAPABILITY_VERSION_3;
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3]{};
  for (const int capability : capabilities)
    data[capability / 32].effective |= 1U << static_cast<unsigned>(capability % 32);
  for (auto& word : data) word.permitted = word.effective;
  return ::syscall(SYS_capset, &header, data) == 0;
}

// The verifier's log when a process with these capabilities loads the program.
std::string verifier_log(const Privilege& privilege) {
  auto pipe = make_pipe();
  if (!pipe) return pipe.error().message;
  const pid_t child = ::fork();
  if (child == 0) {
    std::string log(kLargestLog, '\0');
    if (!privilege.capabilities.empty() && !keep_only(privilege.capabilities)) ::_exit(1);
    const auto loaded = load_steer_program_with_log(log);
    (void)write_all(pipe->write.get(), loaded ? log.c_str() : loaded.error().message.c_str());
    ::_exit(loaded ? 0 : 1);
  }
  pipe->write.reset();
  auto log = read_all(pipe->read.get(), kLargestLog);
  int status = 0;
  ::waitpid(child, &status, 0);
  return log ? *log : log.error().message;
}

int processed_instructions(const std::string& log) {
  static const std::string kBefore = "processed ";
  const size_t place = log.rfind(kBefore);
  int count = -1;
  if (place != std::string::npos)
    std::from_chars(log.data() + place + kBefore.size(), log.data() + log.size(), count);
  return count;
}

class SteerProgramTest : public testing::TestWithParam<Privilege> {};

// A host with panic_on_warn would panic. The kernel's log has the warning once per boot, the verifier's log
// at each load.
TEST_P(SteerProgramTest, GivesTheVerifierNothingToWarnOf) {
  if (::geteuid() != 0) GTEST_SKIP() << "wants CAP_BPF: run it as root";
  const std::string log = verifier_log(GetParam());
  const int processed = processed_instructions(log);
  ASSERT_GT(processed, 0) << log.substr(0, 1000);
  EXPECT_LT(processed, kMostInstructions);
  // EXPECT_THAT would print the whole log, up to 1 MB.
  for (const char* complaint : {"REG INVARIANTS", "verifier bug", "BUG"}) {
    const size_t place = log.find(complaint);
    EXPECT_EQ(place, std::string::npos) << log.substr(place < 2000 ? 0 : place - 2000, 2500);
  }
}

INSTANTIATE_TEST_SUITE_P(Privileges, SteerProgramTest,
                         testing::Values(Privilege{"All", {}}, Privilege{"Bpf", {CAP_BPF}},
                                         Privilege{"BpfAndNetAdmin", {CAP_BPF, CAP_NET_ADMIN}},
                                         Privilege{"BpfAndPerfmon", {CAP_BPF, CAP_PERFMON}},
                                         Privilege{"BpfAndPerfmonAndNetAdmin",
                                                   {CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN}},
                                         Privilege{"SysAdmin", {CAP_SYS_ADMIN}}),
                         [](const auto& privilege) { return privilege.param.name; });

// The verifier gives up when a signal is pending; a slow machine never got through between two.
TEST(SteerProgramTest, IsLoadedWhileSignalsCome) {
  if (::geteuid() != 0) GTEST_SKIP() << "loads a program";
  struct sigaction counting{};
  struct sigaction before{};
  counting.sa_handler = [](int) {};
  counting.sa_flags = SA_RESTART;
  ASSERT_EQ(::sigaction(SIGALRM, &counting, &before), 0);
  const itimerval every_tenth_of_a_millisecond{{0, 100}, {0, 100}};
  ASSERT_EQ(::setitimer(ITIMER_REAL, &every_tenth_of_a_millisecond, nullptr), 0);
  for (int i = 0; i < 20; ++i) {
    const auto loaded = load_steer_program();
    EXPECT_TRUE(loaded) << loaded.error().message;
  }
  const itimerval never{};
  ASSERT_EQ(::setitimer(ITIMER_REAL, &never, nullptr), 0);
  ASSERT_EQ(::sigaction(SIGALRM, &before, nullptr), 0);
}

}  // namespace
}  // namespace rollctl::test
