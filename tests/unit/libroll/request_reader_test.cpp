// SPDX-License-Identifier: MIT
#include "libroll/request_reader.h"

#include <gtest/gtest.h>

namespace roll {
namespace {

using State = RequestReader::State;

constexpr RequestReader::Limits kLimits{200, 20};

struct Read {
  State state;
  Refusal refusal;
  std::string normal;
  std::string left;
};

Read read(std::string bytes, RequestReader::Limits limits = kLimits) {
  RequestReader reader(limits);
  std::string normal;
  for (std::size_t taken = 1; taken > 0 && !bytes.empty();) {
    taken = reader.take(bytes);
    bytes.erase(0, taken);
    normal += reader.take_normal_form();
  }
  return {reader.state(), reader.refusal(), normal, bytes};
}

Refusal refusal_of(const std::string& bytes) {
  const Read read_ = read(bytes);
  EXPECT_EQ(read_.state, State::Refused) << bytes;
  return read_.refusal;
}

TEST(RequestReader, GivesEvhttpOneFormOfWhatClientsWriteInSeveral) {
  EXPECT_EQ(
      read("\r\nPOST / HTTP/1.1\r\nHOST: \t test \t\r\nX:\tä\r\nContent-Length:\t005\r\n\r\n12345").normal,
      "POST / HTTP/1.1\r\nHOST:test\r\nX:ä\r\nContent-Length:5\r\n\r\n12345");
}

TEST(RequestReader, CutsChunksAnewAndDropsExtensionsAndTrailers) {
  EXPECT_EQ(read("POST / HTTP/1.1\r\nHost:a\r\nTransfer-Encoding:\tChunked\r\n\r\n"
                 "000a;x=\"y\"\r\n0123456789\r\n0;z\r\nConnection: close\r\nContent-Length: 7\r\n\r\n")
                .normal,
            "POST / HTTP/1.1\r\nHost:a\r\nTransfer-Encoding:chunked\r\n\r\na\r\n0123456789\r\n0\r\n\r\n");
}

TEST(RequestReader, StopsWhereTheNextRequestBegins) {
  const std::string next = "GET /next";
  EXPECT_EQ(read("GET / HTTP/1.1\r\nHost: a\r\n\r\n" + next).left, next);
  EXPECT_EQ(read("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n12" + next).left, next);
  EXPECT_EQ(read("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + next).left,
            next);
}

TEST(RequestReader, NeverPassesABodyThatEvhttpWouldNotRead) {
  for (const std::string method : {"HEAD", "TRACE"}) {
    const Read whole = read(method + " / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nGET /");
    EXPECT_EQ(whole.normal, method + " / HTTP/1.1\r\nHost:a\r\n\r\n");
    EXPECT_EQ(whole.state, State::Complete);
  }
}

TEST(RequestReader, KnowsWhoEndsTheConnection) {
  auto after = [](const std::string& head) {
    RequestReader reader(kLimits);
    reader.take(head + "\r\n");
    EXPECT_EQ(reader.state(), State::Complete) << head;
    return reader.after();
  };
  EXPECT_EQ(after("GET / HTTP/1.1\r\nHost: a\r\n"), After::NextRequest);
  EXPECT_EQ(after("GET / HTTP/1.1\r\nHost: a\r\nConnection: te, Close\r\n"), After::ClientEnds);
  EXPECT_EQ(after("GET / HTTP/1.0\r\n"), After::ClientEnds);
  EXPECT_EQ(after("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n"), After::NextRequest);
  EXPECT_EQ(after("HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n"), After::NextRequest);
  EXPECT_EQ(after("HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"), After::ServerEnds);
  EXPECT_EQ(after("TRACE / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"), After::ServerEnds);
  EXPECT_EQ(after("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n"), After::ServerEnds);
}

TEST(RequestReader, SaysWhatIsTooLong) {
  const std::string long_text(300, 'x');
  EXPECT_EQ(refusal_of(long_text), 414);
  EXPECT_EQ(refusal_of("GET /" + long_text), 414);
  EXPECT_EQ(refusal_of("GET / HTTP/1.1\r\nHost: a\r\nX: " + long_text), 431);
  EXPECT_EQ(refusal_of("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 21\r\n\r\n"), 413);
  const std::string chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(refusal_of(chunked + "15\r\n"), 413);
  EXPECT_EQ(refusal_of(chunked + "a\r\n0123456789\r\nb\r\n"), 413);
  EXPECT_EQ(refusal_of(chunked + "1;" + long_text), 400);
  EXPECT_EQ(refusal_of(chunked + "0\r\nX: " + long_text), 400);
}

TEST(RequestReader, MayTakeAHeadOfExactlyTheLimit) {
  std::string head = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
  head += std::string(kLimits.head - head.size() - 4, 'x') + "\r\n\r\n";
  ASSERT_EQ(head.size(), kLimits.head);
  EXPECT_EQ(read(head).state, State::Complete);
  head.insert(head.size() - 4, 1, 'x');
  EXPECT_EQ(refusal_of(head), 431);
}

TEST(RequestReader, TellsAPauseFromAnUnfinishedRequest) {
  EXPECT_EQ(read("").state, State::Empty);
  EXPECT_EQ(read("\r\n").state, State::Empty);
  EXPECT_EQ(read("G").state, State::Head);
  EXPECT_EQ(read("GET / HTTP/1.1\r\n").state, State::Head);
  EXPECT_EQ(read("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n").state, State::Body);
}

}  // namespace
}  // namespace roll
