// SPDX-License-Identifier: MIT
#include "probe/http_statuses.h"

#include <gtest/gtest.h>

namespace rollctl {
namespace {

TEST(HttpStatusesTest, AreThoseOfKubernetesAtFirst) {
  const HttpStatuses statuses;
  for (const int status : {200, 204, 301, 399}) EXPECT_TRUE(statuses.contains(status)) << status;
  for (const int status : {101, 199, 400, 503}) EXPECT_FALSE(statuses.contains(status)) << status;
  EXPECT_EQ(statuses.text(), "200-399");
}

TEST(HttpStatusesTest, AreNumbersAndRanges) {
  const auto statuses = HttpStatuses::parse(" 200 ,204-206,  404").value();
  for (const int status : {200, 204, 205, 206, 404}) EXPECT_TRUE(statuses.contains(status)) << status;
  for (const int status : {201, 203, 207, 403}) EXPECT_FALSE(statuses.contains(status)) << status;
  EXPECT_EQ(statuses.text(), "200, 204-206, 404");
  EXPECT_EQ(HttpStatuses::parse(statuses.text()).value(), statuses);
}

TEST(HttpStatusesTest, RefusesWhatIsNone) {
  for (const char* text :
       {"", "99", "600", "2xx", "200-", "-200", "300-200", "200,", "200 204", "200-299-399", "99999999999"})
    EXPECT_FALSE(HttpStatuses::parse(text)) << text;
  EXPECT_EQ(HttpStatuses::parse("200, 2xx").error().message, "'2xx' is no HTTP status and no range of them");
}

}  // namespace
}  // namespace rollctl
