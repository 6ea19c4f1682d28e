// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "config/app_config.h"
#include "config/keys.h"
#include "config/nearest.h"

namespace rollctl::test {
namespace {

TEST(BatchTest, CountsInstances) {
  EXPECT_EQ(Batch::parse("2")->of(5), 2);
  EXPECT_EQ(Batch::parse("9")->of(5), 5);
  EXPECT_EQ(Batch::parse("all")->of(5), 5);
  EXPECT_EQ(Batch::parse("25%")->of(8), 2);
  EXPECT_EQ(Batch::parse("25%")->of(2), 1) << "rounded up";
  EXPECT_EQ(Batch::parse("34%")->of(3), 2);
  EXPECT_EQ(Batch::parse("100%")->of(3), 3);
}

TEST(BatchTest, ReadsBackWhatItWrites) {
  for (const char* text : {"1", "25%", "all"}) EXPECT_EQ(Batch::parse(text)->text(), text);
  for (const char* text : {"", "0", "-1", "0%", "101%", "2x", "%", "ALL", " 1", "99999999999"})
    EXPECT_FALSE(Batch::parse(text)) << text;
}

TEST(InstanceCountTest, CountsProcessors) {
  EXPECT_EQ(InstanceCount::parse("4")->resolve(), 4);
  EXPECT_GE(InstanceCount::parse("cpus")->resolve(), 1);
  EXPECT_EQ(InstanceCount::parse("cpus")->text(), "cpus");
  for (const char* text : {"", "0", "1025", "two", "1.5"}) EXPECT_FALSE(InstanceCount::parse(text)) << text;
}

TEST(PercentTest, ReadsShares) {
  EXPECT_EQ(*parse_percent("10%"), 10);
  EXPECT_EQ(*parse_percent("0.5"), 0.5);
  EXPECT_EQ(*parse_percent("0%"), 0);
  for (const char* text : {"", "%", "-1%", "100%", "nan%", "inf", "1%%", "ten", "0x10", " 1", "+1"})
    EXPECT_FALSE(parse_percent(text)) << text;
}

TEST(EditDistanceTest, CountsLetters) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("abc", ""), 3U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
  EXPECT_EQ(edit_distance("instnaces", "instances"), 1U) << "two neighbours swapped";
  EXPECT_GE(edit_distance(std::string(100'000, 'x'), "xx"), 10'000U);
}

TEST(KeysTest, AreAllFoundAndNearestToThemselves) {
  for (const Key& key : known_keys()) {
    EXPECT_EQ(find_key(key.path), &key);
    EXPECT_EQ(nearest_key(key.path), key.path);
  }
  EXPECT_TRUE(is_table("ready"));
  EXPECT_FALSE(is_table("env"));
  EXPECT_FALSE(is_table(""));
}

TEST(KeysTest, WriteWhatTheyRead) {
  const AppConfig defaults;
  for (const Key& key : known_keys()) {
    const Value value = key.write(defaults);
    if (std::holds_alternative<std::monostate>(value)) continue;
    AppConfig config;
    ASSERT_TRUE(key.read(config, value)) << key.path;
    EXPECT_EQ(key.write(config), value) << key.path;
  }
}

}  // namespace
}  // namespace rollctl::test
