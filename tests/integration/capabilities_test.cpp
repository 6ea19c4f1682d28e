// SPDX-License-Identifier: MIT
// A rollctl with file capabilities (setcap(8)) run by an ordinary user: it steers for that user, and runs
// none of the user's code with them.
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "support/app_fixture.h"

namespace rollctl::test {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr uid_t kUser = 65'534;

// As linux/capability.h has it: version 2 of the attribute, effective when executed.
struct FileCapabilities {
  uint32_t magic = 0x02000001;
  struct {
    uint32_t permitted = 0;
    uint32_t inheritable = 0;
  } words[2];
};

class CapabilitiesTest : public AppTest {
 protected:
  void SetUp() override {
    AppTest::SetUp();
    if (IsSkipped()) return;
    run_as(kUser);
    fs::create_directory(path("bin"));
    for (const char* name : {"rollctl", "roll-shim", "libroll-tls.so", "libroll-preload.so"})
      fs::copy_file(program_path(name), path("bin/") + name);
    give_capabilities(path("bin/rollctl"));
  }
  // CAP_BPF and CAP_NET_ADMIN.
  static void give_capabilities(const std::string& program) {
    FileCapabilities capabilities;
    capabilities.words[0].permitted = 1U << 12U;
    capabilities.words[1].permitted = 1U << (39U - 32U);
    ASSERT_EQ(::setxattr(program.c_str(), "security.capability", &capabilities, sizeof capabilities, 0), 0);
  }
  [[nodiscard]] Said run(const std::string& program, std::vector<std::string> arguments,
                         const std::vector<std::string>& environment = {}) const {
    ChildSpec spec = rollctl_spec(std::move(arguments));
    spec.argv.front() = program;
    spec.env.insert(spec.env.end(), environment.begin(), environment.end());
    auto ran = run_child(std::move(spec), 3 * kLong);
    EXPECT_TRUE(ran) << ran.error().message;
    return ran ? Said{ran->exit, ran->output, ran->errors} : Said{};
  }
  // A folder of the user, with code for a privileged rollctl to run.
  void make_trap(const std::string& folder) const {
    fs::create_directory(folder);
    fs::copy_file(program_path("roll-shim"), folder + "/roll-shim");
    fs::copy_file(ROLL_TRAP_LIBRARY, folder + "/libroll-tls.so");
    ASSERT_EQ(::chown(folder.c_str(), kUser, kUser), 0);
  }
  [[nodiscard]] std::string trap_mark() const { return path("config/trapped"); }
  // Probed by TLS, for which a library is loaded.
  void write_app_with_tls() const {
    write_app(StubApp{.tables = "[ready]\nkind = \"https\"\npath = \"/\"\ndeadline = \"2s\"\n"});
  }
  void expect_refused(const Said& said) const {
    EXPECT_THAT(said, AllOf(ExitsWith(7), Complains("ROLLCTL_LIBEXEC_DIR is refused")));
  }
};

TEST_F(CapabilitiesTest, AnOrdinaryUserSteersByEbpfAndNobodyInheritsThem) {
  write_app(StubApp{});
  EXPECT_THAT(run(program_path("rollctl"), {"deploy", "web", "v1"}, {"ROLLCTL_STEERING=ebpf"}),
              Complains("handover plain"))
      << "without capabilities he may not";
  for (const char* release : {"v2", "v3"})
    EXPECT_THAT(run(path("bin/rollctl"), {"deploy", "web", release}, {"ROLLCTL_STEERING=ebpf"}),
                AllOf(ExitsWith(0), Complains("handover steer")));
  const json instance = instance_of("v3");
  for (const char* which : {"pid", "shim_pid"}) {
    const std::string status = read("/proc/" + std::to_string(instance.at(which).get<int>()) + "/status");
    for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapAmb"})
      EXPECT_THAT(status, HasSubstr(std::string(set) + ":\t0000000000000000")) << which;
  }
  EXPECT_THAT(run(path("bin/rollctl"), {"doctor", "--json"}), Says("\"steer-ebpf\""));
}

TEST_F(CapabilitiesTest, WithoutThemTheLibraryOfTheEnvironmentIsLoaded) {
  make_trap(path("trap"));
  write_app_with_tls();
  (void)run(program_path("rollctl"), {"deploy", "web", "v1"},
            {"ROLLCTL_LIBEXEC_DIR=" + path("trap"), "ROLL_TRAP_MARK=" + trap_mark()});
  EXPECT_TRUE(fs::exists(trap_mark())) << "the trap does not work: the other tests say nothing";
}

TEST_F(CapabilitiesTest, NoCodeIsTakenFromWhereTheEnvironmentSays) {
  make_trap(path("trap"));
  write_app_with_tls();
  for (const std::vector<std::string>& command :
       std::vector<std::vector<std::string>>{{"deploy", "web", "v1"}, {"status", "web"}, {"check", "web"}})
    expect_refused(run(path("bin/rollctl"), command,
                       {"ROLLCTL_LIBEXEC_DIR=" + path("trap"), "ROLL_TRAP_MARK=" + trap_mark()}));
  EXPECT_FALSE(fs::exists(trap_mark()));
}

// Without protected_hardlinks, any user can link it into an own folder.
TEST_F(CapabilitiesTest, NoCodeIsTakenFromBesideANameThatAnyoneMayGiveIt) {
  make_trap(path("trap"));
  fs::create_hard_link(path("bin/rollctl"), path("trap/rollctl"));
  write_app_with_tls();
  const Said said = run(path("trap/rollctl"), {"deploy", "web", "v1"}, {"ROLL_TRAP_MARK=" + trap_mark()});
  EXPECT_THAT(said, Not(ExitsWith(0)));
  EXPECT_FALSE(fs::exists(trap_mark()));
}

TEST_F(CapabilitiesTest, NoCodeIsTakenFromAFolderThatOthersMayWriteInto) {
  write_app_with_tls();
  fs::remove(path("bin/libroll-tls.so"));
  fs::copy_file(ROLL_TRAP_LIBRARY, path("bin/libroll-tls.so"));
  ASSERT_EQ(::chown(path("bin/libroll-tls.so").c_str(), kUser, kUser), 0);
  (void)run(path("bin/rollctl"), {"deploy", "web", "v1"}, {"ROLL_TRAP_MARK=" + trap_mark()});
  EXPECT_FALSE(fs::exists(trap_mark()));
}

TEST_F(CapabilitiesTest, ASetUserIdProgramRunsNothingAtAll) {
  fs::copy_file(program_path("rollctl"), path("bin/suid"));
  ASSERT_EQ(::chmod(path("bin/suid").c_str(), 04755), 0);
  write_app(StubApp{});
  for (const char* verb : {"deploy", "status", "doctor"})
    EXPECT_THAT(run(path("bin/suid"), {verb, "web"}),
                AllOf(ExitsWith(7), Complains("refuses to run setuid or setgid")));
}

}  // namespace
}  // namespace rollctl::test
