// SPDX-License-Identifier: MIT
#include "config/program.h"

#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>

namespace rollctl {
namespace {

namespace fs = std::filesystem;

// The ELF header of this test program.
template <typename Header>
Header own_header() {
  std::ifstream self("/proc/self/exe", std::ios::binary);
  Header header{};
  self.read(reinterpret_cast<char*>(&header), sizeof header);
  return header;
}

template <typename T>
std::string bytes_of(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

// An ELF program for this machine with segments of these types and these notes.
std::string program_of(const std::vector<uint32_t>& segments, const std::string& notes = {}) {
  auto header = own_header<Elf64_Ehdr>();
  header.e_phoff = sizeof header;
  header.e_phnum = static_cast<uint16_t>(segments.size());
  const size_t end = sizeof header + segments.size() * sizeof(Elf64_Phdr);
  std::string text = bytes_of(header);
  for (const uint32_t type : segments) {
    Elf64_Phdr segment{};
    segment.p_type = type;
    segment.p_offset = end;
    segment.p_filesz = type == PT_NOTE ? notes.size() : 0;
    text += bytes_of(segment);
  }
  return text + notes;
}

std::string note(const std::string& name, const std::string& description) {
  Elf64_Nhdr head{};
  head.n_namesz = static_cast<uint32_t>(name.size());
  head.n_descsz = static_cast<uint32_t>(description.size());
  head.n_type = 4;
  std::string text = bytes_of(head) + name;
  text.resize((text.size() + 3) / 4 * 4);
  text += description;
  text.resize((text.size() + 3) / 4 * 4);
  return text;
}

const std::string kGoName("Go\0\0", 4);
const std::string kGnuName("GNU\0", 4);

class ProgramTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "roll-program-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string write(const std::string& text) {
    const std::string path = folder_ + "/program";
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }

  std::string copy_of_this() {
    std::string path = folder_ + "/copy";
    fs::copy_file("/proc/self/exe", path);
    return path;
  }

  static std::optional<PreloadObstacle> obstacle(const std::string& path) {
    const auto found = preload_obstacle(path);
    EXPECT_TRUE(found) << found.error().message;
    return found ? *found : std::nullopt;
  }

  std::string folder_;
};

TEST_F(ProgramTest, ADynamicProgramTakesWhatIsPreloaded) {
  EXPECT_EQ(obstacle("/proc/self/exe"), std::nullopt);
  EXPECT_EQ(obstacle("/bin/sh"), std::nullopt);
  EXPECT_EQ(obstacle(write(program_of({PT_LOAD, PT_NOTE, PT_INTERP}, note(kGnuName, "id")))), std::nullopt);
}

TEST_F(ProgramTest, AStaticOneDoesNot) {
  EXPECT_EQ(obstacle(write(program_of({PT_LOAD, PT_DYNAMIC}))), PreloadObstacle::Static);
}

TEST_F(ProgramTest, GoDoesNotHoweverItIsLinked) {
  const std::string notes = note(kGnuName, "longer") + note(kGoName, "build id");
  EXPECT_EQ(obstacle(write(program_of({PT_LOAD, PT_NOTE}, notes))), PreloadObstacle::Go);
  EXPECT_EQ(obstacle(write(program_of({PT_INTERP, PT_LOAD, PT_NOTE}, notes))), PreloadObstacle::Go);
}

TEST_F(ProgramTest, AnotherArchitectureDoesNot) {
  std::string text = program_of({PT_INTERP});
  const auto machine =
      static_cast<uint16_t>(own_header<Elf64_Ehdr>().e_machine == EM_S390 ? EM_X86_64 : EM_S390);
  std::memcpy(text.data() + offsetof(Elf64_Ehdr, e_machine), &machine, sizeof machine);
  EXPECT_EQ(obstacle(write(text)), PreloadObstacle::OtherMachine);
}

TEST_F(ProgramTest, WhatRunsAsSomebodyElseDoesNot) {
  const std::string path = copy_of_this();
  for (const mode_t mode : {04755, 02755}) {
    ASSERT_EQ(::chmod(path.c_str(), mode), 0);
    EXPECT_EQ(obstacle(path), PreloadObstacle::SetId);
  }
}

TEST_F(ProgramTest, WhatHasCapabilitiesDoesNot) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root: it gives a file capabilities";
  const std::string path = copy_of_this();
  // CAP_NET_BIND_SERVICE, permitted and effective, as vfs_cap_data revision 2.
  const uint32_t data[5] = {0x02000001, 1U << 10, 0, 0, 0};
  ASSERT_EQ(::setxattr(path.c_str(), "security.capability", data, sizeof data, 0), 0) << strerror(errno);
  EXPECT_EQ(obstacle(path), PreloadObstacle::Capabilities);
}

TEST_F(ProgramTest, WhatIsNoProgramIsSaidToBeNone) {
  for (const std::string& text : {std::string("#!/bin/sh\n"), std::string(), std::string("\177ELF"),
                                  program_of({PT_LOAD, PT_INTERP}).substr(0, 70)}) {
    const auto found = preload_obstacle(write(text));
    ASSERT_FALSE(found) << text.size();
    EXPECT_EQ(found.error().kind, ErrorKind::Invalid);
  }
  EXPECT_EQ(preload_obstacle(folder_ + "/gone").error().kind, ErrorKind::NotFound);
}

TEST_F(ProgramTest, NotesThatLieAreNotFollowed) {
  std::string notes = note(kGoName, "id");
  const uint32_t huge = 0xfffffff0;
  std::memcpy(notes.data() + offsetof(Elf64_Nhdr, n_descsz), &huge, sizeof huge);
  EXPECT_EQ(obstacle(write(program_of({PT_INTERP, PT_NOTE}, notes))), std::nullopt);
}

TEST_F(ProgramTest, ReadsTheFirstLineOfAScriptAsExecDoes) {
  const auto plain = script_line_of(write("#!/bin/sh\necho"));
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->interpreter, "/bin/sh");
  EXPECT_EQ(plain->argument, "");
  const auto with_argument = script_line_of(write("#! \t/usr/bin/env  python3 -u \r\n"));
  ASSERT_TRUE(with_argument);
  EXPECT_EQ(with_argument->interpreter, "/usr/bin/env");
  EXPECT_EQ(with_argument->argument, "python3 -u");
  EXPECT_FALSE(script_line_of(write("no script")));
  EXPECT_FALSE(script_line_of(folder_ + "/gone"));
  const auto empty = script_line_of(write("#!"));
  ASSERT_TRUE(empty);
  EXPECT_EQ(empty->interpreter, "");
}

}  // namespace
}  // namespace rollctl
