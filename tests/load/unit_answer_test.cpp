// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "load/answer.h"

namespace rollctl::load {
namespace {

using Progress = AnswerReader::Progress;

struct Reading {
  Progress progress = Progress::NeedsMore;
  std::string body;
  std::string rest;
};

// In pieces of `piece` bytes, as they might come from the wire.
Reading read(AnswerReader& reader, std::string_view text, size_t piece) {
  Reading result;
  while (!text.empty() && result.progress == Progress::NeedsMore) {
    auto data = text.substr(0, piece);
    auto size = data.size();
    result.progress = reader.feed(data, [&](std::string_view body) { result.body += body; });
    text.remove_prefix(size - data.size());
  }
  result.rest = text;
  return result;
}

class AnswerReaderTest : public testing::TestWithParam<size_t> {
 protected:
  Reading read_all_of(std::string_view text) { return read(reader_, text, GetParam()); }
  AnswerReader reader_;
};

INSTANTIATE_TEST_SUITE_P(InPiecesOf, AnswerReaderTest, testing::Values(1, 2, 3, 7, 1000));

TEST_P(AnswerReaderTest, ReadsABodyOfAKnownLength) {
  auto result = read_all_of("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nx-release:  v1 \r\n\r\nhello");
  EXPECT_EQ(result.progress, Progress::Complete);
  EXPECT_EQ(result.body, "hello");
  EXPECT_EQ(reader_.status(), 200);
  EXPECT_EQ(reader_.release(), "v1");
  EXPECT_TRUE(reader_.keeps_connection());
}

TEST_P(AnswerReaderTest, LeavesWhatFollowsTheAnswer) {
  auto result = read_all_of("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 408 Timeout\r\n");
  EXPECT_EQ(result.progress, Progress::Complete);
  EXPECT_EQ(result.rest, "HTTP/1.1 408 Timeout\r\n");
}

TEST_P(AnswerReaderTest, NeedsTheWholeBody) {
  auto result = read_all_of("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello");
  EXPECT_EQ(result.progress, Progress::NeedsMore);
  EXPECT_EQ(reader_.at_end(), Progress::NeedsMore);
  EXPECT_TRUE(reader_.has_head());
}

TEST_P(AnswerReaderTest, ReadsAnEmptyBody) {
  EXPECT_EQ(read_all_of("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").progress, Progress::Complete);
}

TEST_P(AnswerReaderTest, KnowsTheStatusesThatHaveNoBody) {
  EXPECT_EQ(read_all_of("HTTP/1.1 304 Not Modified\r\nContent-Length: 77\r\n\r\n").progress,
            Progress::Complete);
}

TEST_P(AnswerReaderTest, ReadsChunksAndTheirTrailer) {
  auto result = read_all_of(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5;x=y\r\nhello\r\nA\r\n, my world\r\n0\r\nX-Trailer: 1\r\n\r\nrest");
  EXPECT_EQ(result.progress, Progress::Complete);
  EXPECT_EQ(result.body, "hello, my world");
  EXPECT_EQ(result.rest, "rest");
}

TEST_P(AnswerReaderTest, NeedsTheLastChunk) {
  auto result = read_all_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
  EXPECT_EQ(result.progress, Progress::NeedsMore);
  EXPECT_EQ(reader_.at_end(), Progress::NeedsMore);
}

TEST_P(AnswerReaderTest, EndsWithTheConnectionWhereNothingElseFramesTheBody) {
  auto result = read_all_of("HTTP/1.1 200 OK\r\n\r\nhello");
  EXPECT_EQ(result.progress, Progress::NeedsMore);
  EXPECT_EQ(result.body, "hello");
  EXPECT_EQ(reader_.at_end(), Progress::Complete);
  EXPECT_FALSE(reader_.keeps_connection());
}

TEST_P(AnswerReaderTest, SkipsAnInterimAnswer) {
  auto result = read_all_of(
      "HTTP/1.1 103 Early Hints\r\nX-Release: no\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx");
  EXPECT_EQ(result.progress, Progress::Complete);
  EXPECT_EQ(reader_.status(), 200);
  EXPECT_EQ(reader_.release(), "");
}

TEST_P(AnswerReaderTest, KnowsWhenTheConnectionWillNotBeKept) {
  read_all_of("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: Close\r\n\r\n");
  EXPECT_FALSE(reader_.keeps_connection());
  reader_.reset();
  read_all_of("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n");
  EXPECT_FALSE(reader_.keeps_connection());
  reader_.reset();
  read_all_of("HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_TRUE(reader_.keeps_connection());
}

TEST_P(AnswerReaderTest, WaitsForTheBytesOfAnotherProtocol) {
  reader_.reset("VERSION");
  EXPECT_EQ(read_all_of("x VERSIO").progress, Progress::NeedsMore);
  EXPECT_EQ(reader_.at_end(), Progress::NeedsMore);
  EXPECT_EQ(read_all_of("N 1.6").progress, Progress::Complete);
  EXPECT_EQ(reader_.status(), 200);
  EXPECT_TRUE(reader_.keeps_connection());
  reader_.reset();
  EXPECT_EQ(read_all_of("VERSION").progress, Progress::Malformed);
}

TEST_P(AnswerReaderTest, RefusesWhatIsNotHttp) {
  for (std::string_view text :
       {"220 mail.example.com ESMTP\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"}) {
    reader_.reset();
    EXPECT_EQ(read_all_of(text).progress, Progress::Malformed) << text;
  }
}

TEST_P(AnswerReaderTest, TellsHowFarALostAnswerHadCome) {
  EXPECT_FALSE(reader_.has_begun());
  read_all_of("HTTP/1.1 20");
  EXPECT_TRUE(reader_.has_begun());
  EXPECT_FALSE(reader_.has_head());
}

}  // namespace
}  // namespace rollctl::load
