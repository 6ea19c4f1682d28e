// SPDX-License-Identifier: MIT
#include "config/spec_diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rollctl {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

GenerationSpec sample(const std::string& release) {
  GenerationSpec spec{"web", release, 1, {}};
  spec.config.command = {"/srv/{release}/web", "--id", "{instance}"};
  spec.config.listen = {*ListenAddress::parse(":8080")};
  spec.config.env = {{"COLOR", "red"}, {"API_TOKEN", "one"}};
  spec.env_file = Environment{{"DB", "a"}};
  return spec;
}

TEST(SpecDiffTest, OfTheSameIsEmpty) {
  EXPECT_THAT(differences_of(sample("v1"), sample("v1")), IsEmpty());
}

TEST(SpecDiffTest, TellsEachSettingAndMasksSecrets) {
  GenerationSpec next = sample("v2");
  next.config.env = {{"COLOR", "blue"}, {"API_TOKEN", "two"}};
  next.env_file = Environment{{"DB", "b"}, {"NEW", "c"}};
  next.config.drain.deadline = Millis(5000);
  EXPECT_THAT(differences_of(sample("v1"), next),
              ElementsAre(SpecDifference{"release", "v1", "v2"},
                          SpecDifference{"command", R"(["/srv/v1/web", "--id", "{instance}"])",
                                         R"(["/srv/v2/web", "--id", "{instance}"])"},
                          SpecDifference{"env.API_TOKEN", "***", "*** (another value)"},
                          SpecDifference{"env.COLOR", "\"red\"", "\"blue\""},
                          SpecDifference{"drain.deadline", "", "\"5s\""},
                          SpecDifference{"env_file.DB", "***", "*** (another value)"},
                          SpecDifference{"env_file.NEW", "", "***"}));
}

TEST(SpecDiffTest, TellsWhatIsNotSetAnyMore) {
  GenerationSpec next = sample("v1");
  next.config.env.erase("COLOR");
  EXPECT_THAT(differences_of(sample("v1"), next), ElementsAre(SpecDifference{"env.COLOR", "\"red\"", ""}));
}

TEST(SpecDiffTest, SaysNothingOfVariablesThatWereNotKept) {
  GenerationSpec old = sample("v1");
  old.env_file.reset();
  EXPECT_THAT(differences_of(old, sample("v1")), IsEmpty());
}

TEST(SpecDiffTest, KnowsSecretsByTheirNames) {
  for (const char* name :
       {"DB_PASSWORD", "github_token", "AWS_SECRET_ACCESS_KEY", "SENTRY_DSN", "DATABASE_URL"})
    EXPECT_TRUE(is_secret(name)) << name;
  for (const char* name : {"COLOR", "PORT", "RAILS_ENV"}) EXPECT_FALSE(is_secret(name)) << name;
}

}  // namespace
}  // namespace rollctl
