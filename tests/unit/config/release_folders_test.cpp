// SPDX-License-Identifier: MIT
#include "config/release_folders.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "support/temp_dir.h"

namespace rollctl::test {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

class ReleaseFoldersTest : public TempDirTest {
 protected:
  void make(const std::string& name) { fs::create_directories(here_ / name); }
  AppConfig config(const std::string& program) {
    AppConfig config;
    config.command = {program, "--root", "/nowhere/{release}"};
    return config;
  }

  fs::path here_ = dir_;
};

TEST_F(ReleaseFoldersTest, AreThoseThatStandWhereTheReleaseIsNamed) {
  make("v1");
  make("v2.0+b~3");
  fs::create_directory_symlink("v1", here_ / "current");
  std::ofstream(here_ / "v3.tar");
  EXPECT_THAT(release_folders(config(here_ / "{release}/web"), "web"),
              ElementsAre("current", "v1", "v2.0+b~3"));
}

TEST_F(ReleaseFoldersTest, HaveNamesOfReleases) {
  for (const char* name : {"v9$(id)", "v9 w", "v9\nw", "-rf", "v9;w", "\xff", ".hidden", "v9'w"}) make(name);
  make(std::string(129, 'v'));
  EXPECT_THAT(release_folders(config(here_ / "{release}/web"), "web"), IsEmpty());
}

TEST_F(ReleaseFoldersTest, AreFoundBehindOtherPlaceholders) {
  make("web/v1");
  EXPECT_THAT(release_folders(config(here_ / "{app}/{release}/web"), "web"), ElementsAre("v1"));
  EXPECT_THAT(release_folders(config(here_ / "{instance}/{release}/web"), "web"), IsEmpty());
}

TEST_F(ReleaseFoldersTest, AreWholeNames) {
  make("web-v1");
  EXPECT_THAT(release_folders(config(here_ / "web-{release}/web"), "web"), IsEmpty());
}

}  // namespace
}  // namespace rollctl::test
