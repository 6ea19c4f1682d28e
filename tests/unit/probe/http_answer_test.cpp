// SPDX-License-Identifier: MIT
#include "probe/http_answer.h"

#include <gtest/gtest.h>

namespace rollctl::test {
namespace {

using State = HttpAnswer::State;

TEST(HttpAnswerTest, TellsTheStatusAndTheEndOfAKnownBody) {
  HttpAnswer answer;
  EXPECT_EQ(answer.take("HTTP/1.1 503 Service Unavailable\r\ncontent-LENGTH: 5\r\n\r\nab"),
            State::HeadComplete);
  EXPECT_EQ(answer.status(), 503);
  EXPECT_EQ(answer.take("cde"), State::Complete);
}

TEST(HttpAnswerTest, ReadsByteByByteAsWellAsAtOnce) {
  const std::string_view text = "HTTP/1.0 200 OK\r\nContent-Length: 2\r\nX: y\r\n\r\nok";
  HttpAnswer answer;
  for (size_t i = 0; i + 1 < text.size(); ++i)
    EXPECT_NE(answer.take(text.substr(i, 1)), State::Complete) << i;
  EXPECT_EQ(answer.take(text.substr(text.size() - 1)), State::Complete);
  EXPECT_EQ(answer.status(), 200);
}

TEST(HttpAnswerTest, TakesAStatusLineWithoutAReasonAndBareLineFeeds) {
  HttpAnswer answer;
  EXPECT_EQ(answer.take("HTTP/1.1 204\n\n"), State::Complete);
  EXPECT_EQ(answer.status(), 204);
}

TEST(HttpAnswerTest, SkipsInterimAnswers) {
  HttpAnswer answer;
  EXPECT_EQ(answer.take("HTTP/1.1 103 Early Hints\r\nContent-Length: 0\r\n\r\nHTTP/1.1 1"), State::NeedsMore);
  EXPECT_EQ(answer.take("00 Continue\r\n\r\n"), State::NeedsMore);
  EXPECT_EQ(answer.take("HTTP/1.1 404 Not Found\r\n\r\n"), State::HeadComplete);
  EXPECT_EQ(answer.status(), 404);
}

TEST(HttpAnswerTest, EndsABodyOfUnknownLengthWithTheConnection) {
  HttpAnswer answer;
  EXPECT_EQ(answer.take("HTTP/1.1 200 OK\r\n\r\nsome"), State::HeadComplete);
  EXPECT_EQ(answer.end(), State::Complete);
}

TEST(HttpAnswerTest, DoesNotReadABodyWithoutEnd) {
  HttpAnswer answer;
  answer.take("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n");
  for (size_t read = 0; read + 1000 < HttpAnswer::kLongestBody; read += 1000)
    ASSERT_EQ(answer.take(std::string(1000, 'x')), State::HeadComplete);
  EXPECT_EQ(answer.take(std::string(1000, 'x')), State::Complete);
}

TEST(HttpAnswerTest, RefusesAHeaderWithoutEnd) {
  HttpAnswer answer;
  answer.take("HTTP/1.1 200 OK\r\n");
  for (int i = 0; i < 20 && answer.state() == State::NeedsMore; ++i) answer.take(std::string(1000, 'x'));
  EXPECT_EQ(answer.state(), State::Malformed);
  EXPECT_EQ(answer.problem(), "got a header longer than 16 KiB");
}

TEST(HttpAnswerTest, SaysWhatAServerOfAnotherProtocolSent) {
  HttpAnswer answer;
  EXPECT_EQ(answer.take("SSH-2.0-Open\x01SSH\r\n"), State::Malformed);
  EXPECT_EQ(answer.problem(), "did not get an HTTP answer but \"SSH-2.0-Open.SSH\"");
}

TEST(HttpAnswerTest, RefusesAnotherProtocolBeforeItsLineEnds) {
  HttpAnswer answer;
  EXPECT_EQ(answer.take("HTTP/2"), State::Malformed);
}

TEST(HttpAnswerTest, RefusesMalformedStatusLines) {
  for (const char* line : {"HTTP/1.1200 OK", "HTTP/1.1x200 OK", "HTTP/1.1 20", "HTTP/1.1 2x0 OK",
                           "HTTP/1.1 2000", "HTTP/1.x 200 OK", "HTTP/1.1 099 No", "HTTP/1.1  200"}) {
    HttpAnswer answer;
    EXPECT_EQ(answer.take(std::string(line) + "\r\n"), State::Malformed) << line;
  }
}

TEST(HttpAnswerTest, RefusesAnAnswerThatWasBrokenOff) {
  HttpAnswer empty;
  EXPECT_EQ(empty.end(), State::Malformed);
  EXPECT_EQ(empty.problem(), "got no answer: the connection was closed");
  HttpAnswer torn;
  torn.take("HTTP/1.1 200 OK\r\nX: y\r\n");
  EXPECT_EQ(torn.end(), State::Malformed);
}

}  // namespace
}  // namespace rollctl::test
