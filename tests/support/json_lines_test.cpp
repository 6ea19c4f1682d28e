// SPDX-License-Identifier: MIT
#include "support/json_lines.h"

#include <gmock/gmock.h>

namespace rollctl::test {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(JsonLinesTest, AreThoseThatAreObjects) {
  EXPECT_THAT(json_lines("{\"a\":1}\nreading it\n7\n\n{\"b\":2}\n"),
              ElementsAre(json{{"a", 1}}, json{{"b", 2}}));
}

TEST(JsonLinesTest, OneThatIsStillBeingWrittenIsLeftOut) {
  EXPECT_THAT(json_lines("{\"a\":1}\n{\"b\":"), ElementsAre(json{{"a", 1}}));
  EXPECT_THAT(json_lines("{\"b\":2}"), IsEmpty());
}

}  // namespace
}  // namespace rollctl::test
