// SPDX-License-Identifier: MIT
#include "config/pinned_release.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "support/temp_dir.h"

namespace rollctl::test {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// /HERE/v1 and /HERE/v2, and `current`, which names one of them.
class PinnedReleaseTest : public TempDirTest {
 protected:
  void SetUp() override {
    for (const char* release : {"v1", "v2"}) {
      fs::create_directories(here_ / release / "bin");
      std::ofstream(here_ / release / "bin/web") << release;
      std::ofstream(here_ / release / "app.py") << release;
    }
    point_at("v1");
  }
  void point_at(const std::string& release) {
    fs::remove(here_ / "current");
    fs::create_directory_symlink(release, here_ / "current");
  }
  GenerationSpec pinned(std::vector<std::string> command, const std::string& workdir = {}) {
    GenerationSpec spec{"web", "v9", 1, {}};
    spec.config.command = std::move(command);
    spec.config.workdir = workdir;
    pin_release(spec);
    return spec;
  }

  fs::path here_ = fs::canonical(dir_);
};

TEST_F(PinnedReleaseTest, RunsWhatTheLinkNamedThen) {
  const GenerationSpec spec =
      pinned({here_ / "current/bin/web", here_ / "current/app.py", "--port", "80"}, here_ / "current");
  point_at("v2");
  EXPECT_THAT(spec.config.command, ElementsAre(here_ / "v1/bin/web", here_ / "v1/app.py", "--port", "80"));
  EXPECT_EQ(spec.config.workdir, here_ / "v1");
  EXPECT_THAT(changed_files(spec), IsEmpty());
}

TEST_F(PinnedReleaseTest, LeavesWhatHasNoLinkInItsWay) {
  const std::vector<std::string> command{here_ / "{release}/bin/web", "python3",     here_ / "v1/app.py",
                                         here_ / "nowhere/file",      "/dev/stdout", "--config=/etc/x"};
  EXPECT_EQ(pinned(command).config.command, command);
}

TEST_F(PinnedReleaseTest, NamesThePathsThatAreReplaced) {
  GenerationSpec spec{"web", "", 1, {}};
  spec.config.command = {here_ / "current/bin/web", here_ / "v1/app.py", here_ / "current/{release}/app.py"};
  spec.config.workdir = here_ / "current";
  spec.config.env_file = here_ / "current/app.py";
  EXPECT_THAT(pinned_paths(spec),
              ElementsAre(PinnedPath{"workdir", here_ / "current", here_ / "v1"},
                          PinnedPath{"env_file", here_ / "current/app.py", here_ / "v1/app.py"},
                          PinnedPath{"command", here_ / "current/bin/web", here_ / "v1/bin/web"}));
  fs::create_directory_symlink("v2", here_ / "v1/v9");
  EXPECT_THAT(pinned_paths(spec), SizeIs(3)) << "no release, no folder of it";
  spec.release = "v9";
  fs::remove(here_ / "v1/v9");
  fs::create_directory(here_ / "v1/v9");
  std::ofstream(here_ / "v1/v9/app.py") << "v9";
  EXPECT_THAT(pinned_paths(spec),
              Contains(PinnedPath{"command", here_ / "current/v9/app.py", here_ / "v1/v9/app.py"}));
}

TEST_F(PinnedReleaseTest, ExpandsTheReleaseBeforeItLooks) {
  fs::create_directory_symlink("v2", here_ / "v9");
  const auto spec =
      pinned({here_ / "{release}/bin/web", here_ / "{release}/{instance}"}, here_ / "{release}");
  EXPECT_THAT(spec.config.command, ElementsAre(here_ / "v2/bin/web", here_ / "{release}/{instance}"));
  EXPECT_EQ(spec.config.workdir, here_ / "v2");
}

// As the kernel goes: first the link, then up from where it leads.
TEST_F(PinnedReleaseTest, GoesUpFromWhereALinkLeads) {
  fs::create_directories(here_ / "far/v3/bin");
  std::ofstream(here_ / "far/v3/bin/web") << "v3";
  fs::create_directory_symlink("far/v3", here_ / "link");
  EXPECT_THAT(pinned({here_ / "link/../v3/bin/web"}).config.command, ElementsAre(here_ / "far/v3/bin/web"));
}

// As python in a virtual environment, or a program of busybox: it looks at the name that it was started by.
TEST_F(PinnedReleaseTest, KeepsTheNameOfAFileThatIsALink) {
  fs::create_symlink("/bin/sh", here_ / "v1/bin/python");
  EXPECT_THAT(pinned({here_ / "current/bin/python"}).config.command, ElementsAre(here_ / "v1/bin/python"));
}

TEST_F(PinnedReleaseTest, KeepsBracesInTheNameOfAFolder) {
  fs::create_directories(here_ / "{v3}/bin");
  std::ofstream(here_ / "{v3}/bin/web") << "v3";
  point_at("{v3}");
  EXPECT_THAT(pinned({here_ / "current/bin/web"}).config.command, ElementsAre(here_ / "{{v3}}/bin/web"));
}

TEST_F(PinnedReleaseTest, TellsWhichFilesHaveChanged) {
  const GenerationSpec spec = pinned({here_ / "v1/bin/web", "./app.py", "./data"}, here_ / "v1");
  EXPECT_THAT(changed_files(spec), IsEmpty());
  std::ofstream(here_ / "v1/new") << "other";
  fs::rename(here_ / "v1/new", here_ / "v1/bin/web");
  EXPECT_THAT(changed_files(spec), ElementsAre(here_ / "v1/bin/web"));
  fs::remove(here_ / "v1/app.py");
  EXPECT_THAT(changed_files(spec), ElementsAre(here_ / "v1/app.py", here_ / "v1/bin/web"));
}

TEST_F(PinnedReleaseTest, IsKeptWithTheSpecification) {
  const GenerationSpec spec = pinned({here_ / "v1/bin/web"});
  const auto back = generation_spec_from_json(to_json(spec));
  ASSERT_FALSE(spec.files.empty());
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->files, spec.files);
}

}  // namespace
}  // namespace rollctl::test
