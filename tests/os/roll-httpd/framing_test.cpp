// SPDX-License-Identifier: MIT
// Requests of attackers. Each is followed by one for /secret, as in a body, or after a length that a proxy
// reads differently. It must be answered only where it is a request of its own.
#include <cstdio>

#include "os/roll-httpd/httpd_fixture.h"

namespace rollctl::test {
namespace {

const std::string kSecret = "GET /secret HTTP/1.1\r\nHost: test\r\n\r\n";
const std::string kHost = "Host: test\r\n";
constexpr int kNothing = 0;

struct Row {
  const char* name;
  std::string bytes;    // before the request for /secret
  int status;           // of the first answer; kNothing: none
  bool secret = false;  // whether /secret is a request of its own
};

std::string get_with(const std::string& fields, const std::string& target = "/a") {
  return "GET " + target + " HTTP/1.1\r\n" + kHost + fields + "\r\n";
}
std::string post_with(const std::string& fields, const std::string& body = "") {
  return "POST /a HTTP/1.1\r\n" + kHost + fields + "\r\n" + body;
}
std::string with_method(const std::string& method, const std::string& fields) {
  return method + " /a HTTP/1.1\r\n" + kHost + fields + "\r\n";
}
std::string chunked(const std::string& body) {
  return post_with("Transfer-Encoding: chunked\r\n", body);
}
const std::string kLengthOfSecret = "Content-Length: " + std::to_string(kSecret.size()) + "\r\n";
const std::string kMany(20'000, 'x');

class FramingTest : public HttpdTest {
 protected:
  void SetUp() override {
    HttpdTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    write("a", "A");
    write("secret", "TOP-SECRET");
    start();
  }

  // All bytes that answer `bytes` on a connection, whose client then shuts its side.
  static std::string everything_for(const std::string& bytes) {
    Client client = connect();
    client.send(bytes);
    client.shut_writing();
    std::string all;
    for (std::string some; !(some = client.read_some()).empty();) all += some;
    EXPECT_NE(client.read_end(), Client::End::StillOpen);
    return all;
  }

  static void expect(const std::vector<Row>& rows) {
    for (const Row& row : rows) {
      SCOPED_TRACE(row.name);
      const std::string all = everything_for(row.bytes + kSecret);
      EXPECT_EQ(all.find("TOP-SECRET") != std::string::npos, row.secret) << all;
      if (row.status == kNothing) {
        EXPECT_EQ(all, "");
        continue;
      }
      EXPECT_EQ(all.substr(0, 7) + all.substr(8, 5), "HTTP/1. " + std::to_string(row.status) + " ") << all;
      // One answer and then the end, or two answers to two requests.
      int answers = 0;
      for (std::size_t at = 0; (at = all.find("HTTP/1.", at)) != std::string::npos; ++at) ++answers;
      EXPECT_EQ(answers, row.secret ? 2 : 1) << all;
    }
  }
};

TEST_F(FramingTest, ALengthThatTwoReadersMayReadInTwoWaysIsRefused) {
  expect({
      {"two, equal", post_with("Content-Length: 5\r\nContent-Length: 5\r\n", "12345"), 400},
      {"two, different", post_with("Content-Length: 0\r\n" + kLengthOfSecret), 400},
      {"two, far apart", post_with(kLengthOfSecret + "X: y\r\ncontent-length: 0\r\n"), 400},
      {"a list", post_with("Content-Length: 5, 5\r\n", "12345"), 400},
      {"blank before the colon", post_with("Content-Length : 5\r\n", "12345"), 400},
      {"tab before the colon", post_with("Content-Length\t: 5\r\n", "12345"), 400},
      {"blank before the name", post_with(" Content-Length: 5\r\n", "12345"), 400},
      {"a word", post_with("Content-Length: many\r\n"), 400},
      {"nothing", post_with("Content-Length:\r\n"), 400},
      {"negative", post_with("Content-Length: -1\r\n"), 400},
      {"plus", post_with("Content-Length: +5\r\n", "12345"), 400},
      {"hexadecimal", post_with("Content-Length: 0x5\r\n", "12345"), 400},
      {"a fraction", post_with("Content-Length: 5.0\r\n", "12345"), 400},
      {"an exponent", post_with("Content-Length: 5e0\r\n", "12345"), 400},
      {"blank inside", post_with("Content-Length: 1 2\r\n", "12345"), 400},
      {"quoted", post_with("Content-Length: \"5\"\r\n", "12345"), 400},
      {"a little too large for 64 bits", post_with("Content-Length: 18446744073709551617\r\n"), 400},
      {"much too large", post_with("Content-Length: " + std::string(400, '9') + "\r\n"), 400},
      {"negative in 64 bits", post_with("Content-Length: 18446744073709551615\r\n"), 413},
      {"longer than any body may be", post_with("Content-Length: 65537\r\n"), 413},
      {"vertical tab", post_with("Content-Length: \v5\r\n", "12345"), 400},
      {"other digits", post_with("Content-Length: \xd9\xa5\r\n", "12345"), 400},
      {"of GET", get_with("Content-Length: 5\r\nContent-Length: 0\r\n"), 400},
      {"of HEAD", with_method("HEAD", "Content-Length: x\r\n"), 400},
  });
}

TEST_F(FramingTest, ATransferEncodingOtherThanChunkedAloneIsRefused) {
  expect({
      {"with a length", post_with("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400},
      {"before a length", post_with("Transfer-Encoding: chunked\r\nContent-Length: 6\r\n", "0\r\n\r\n"), 400},
      {"with a length of 0", get_with("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n"), 400},
      {"gzip first", post_with("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), 400},
      {"gzip alone", post_with("Transfer-Encoding: gzip\r\n"), 400},
      {"gzip last", post_with("Transfer-Encoding: chunked, gzip\r\n", "0\r\n\r\n"), 400},
      {"twice in a list", post_with("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n"), 400},
      {"twice", post_with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400},
      {"and identity",
       post_with("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n"), 400},
      {"identity", post_with("Transfer-Encoding: identity\r\n"), 400},
      {"with a prefix", post_with("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"), 400},
      {"with a parameter", post_with("Transfer-Encoding: chunked;q=1\r\n", "0\r\n\r\n"), 400},
      {"quoted", post_with("Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n"), 400},
      {"empty", post_with("Transfer-Encoding:\r\n"), 400},
      {"an empty member", post_with("Transfer-Encoding: , chunked\r\n", "0\r\n\r\n"), 400},
      {"blank before the colon", post_with("Transfer-Encoding : chunked\r\n", "0\r\n\r\n"), 400},
      {"vertical tab", post_with("Transfer-Encoding: \vchunked\r\n", "0\r\n\r\n"), 400},
      {"folded", post_with("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n"), 400},
      {"of an old client", "POST /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"of HEAD, gzip", with_method("HEAD", "Transfer-Encoding: gzip, chunked\r\n"), 400},
  });
}

TEST_F(FramingTest, ALineThatIsNoFieldIsRefused) {
  const std::string nul("\0", 1);
  expect({
      {"folded", get_with("X: y\r\n z\r\n"), 400},
      {"folded with a tab", get_with("X: y\r\n\tz\r\n"), 400},
      {"blank before the first", "GET /a HTTP/1.1\r\n " + kHost + "\r\n", 400},
      {"no colon", get_with("X\r\n"), 400},
      {"no name", get_with(": y\r\n"), 400},
      {"blank in the name", get_with("X Y: z\r\n"), 400},
      {"brackets in the name", get_with("X[]: z\r\n"), 400},
      {"a name in quotes", get_with("\"X\": z\r\n"), 400},
      {"a byte above ASCII in the name", get_with("X\xa0: z\r\n"), 400},
      {"NUL in the name", get_with("X" + nul + ": z\r\n"), 400},
      {"NUL in the value", get_with("X: y" + nul + "z\r\n"), 400},
      {"NUL behind a length", post_with("Content-Length: 0" + nul + "\r\n"), 400},
      {"bare CR in the value", get_with("X: y\rZ: z\r\n"), 400},
      {"two CR", get_with("X: y\r\r\n"), 400},
      {"bare LF", get_with("X: y\nZ: z\r\n"), 400},
      {"bare LF at the end of the head", "GET /a HTTP/1.1\r\n" + kHost + "\n", 400},
      {"LF LF", "GET /a HTTP/1.1\nHost: test\n\n", 400},
      {"a bell", get_with("X: \a\r\n"), 400},
      {"DEL", get_with("X: \x7f\r\n"), 400},
      {"escape", get_with("X: \x1b[2J\r\n"), 400},
      {"a long one", get_with("X: " + kMany + "\r\n"), 431},
      {"a long name", get_with(kMany + ": y\r\n"), 431},
      {"many", get_with([] {
         std::string fields;
         for (int i = 0; i < 5'000; ++i) fields += "X: y\r\n";
         return fields;
       }()),
       431},
  });
}

TEST_F(FramingTest, ARequestLineThatIsNotOfThreePartsIsRefused) {
  const std::string rest = "\r\n" + kHost + "\r\n";
  expect({
      {"of HTTP/0.9", "GET /a\r\n\r\n", 400},
      {"two blanks", "GET  /a HTTP/1.1" + rest, 400},
      {"two blanks before the version", "GET /a  HTTP/1.1" + rest, 400},
      {"a tab", "GET\t/a\tHTTP/1.1" + rest, 400},
      {"a blank before the method", " GET /a HTTP/1.1" + rest, 400},
      {"a blank behind the version", "GET /a HTTP/1.1 " + rest, 400},
      {"a blank in the target", "GET /a b HTTP/1.1" + rest, 400},
      {"no method", "/a HTTP/1.1" + rest, 400},
      {"no target", "GET HTTP/1.1" + rest, 400},
      {"two empty lines before it", "\r\n\r\n" + get_with(""), 400},
      {"a bare LF before it", "\n" + get_with(""), 400},
      {"a bare CR before it", "\r" + get_with(""), 400},
      {"a method in brackets", "(GET) /a HTTP/1.1" + rest, 400},
      {"NUL in the method", std::string("G\0T", 3) + " /a HTTP/1.1" + rest, 400},
      {"a method in lower case", "get /a HTTP/1.1" + rest, 405},
      {"an unknown method", "BREW /a HTTP/1.1" + rest, 405},
      {"of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},
      {"of another version", "GET /a HTTP/1.2" + rest, 400},
      {"of version 0.9", "GET /a HTTP/0.9" + rest, 400},
      {"of version 11", "GET /a HTTP/1.10" + rest, 400},
      {"a zero before the version", "GET /a HTTP/01.1" + rest, 400},
      {"a sign before the version", "GET /a HTTP/+1.1" + rest, 400},
      {"a version in lower case", "GET /a http/1.1" + rest, 400},
      {"no version", "GET /a HTTP/" + rest, 400},
      {"of TLS", "\x16\x03\x01\x02\x01\x01\x01\xfc\x03\x03\r\n\r\n", 400},
      {"of the PROXY protocol", "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n" + get_with(""), 400},
      {"a long one", "GET /" + kMany + " HTTP/1.1" + rest, 414},
      {"a long method", kMany + " /a HTTP/1.1" + rest, 414},
  });
}

TEST_F(FramingTest, ATargetOrHostThatNamesTwoPlacesIsRefused) {
  auto at = [](const std::string& target, const std::string& host) {
    return "GET " + target + " HTTP/1.1\r\n" + host + "\r\n";
  };
  expect({
      {"no host", at("/a", ""), 400},
      {"two hosts", at("/a", kHost + kHost), 400},
      {"two different hosts", at("/a", kHost + "host: other\r\n"), 400},
      {"two hosts of an old client", "GET /a HTTP/1.0\r\n" + kHost + kHost + "\r\n", 400},
      {"a list of hosts", at("/a", "Host: a, b\r\n"), 400},
      {"a path in the host", at("/a", "Host: test/b\r\n"), 400},
      {"a user in the host", at("/a", "Host: me@test\r\n"), 400},
      {"a port that is none", at("/a", "Host: test:http\r\n"), 400},
      {"a long port", at("/a", "Host: test:123456\r\n"), 400},
      {"half an address", at("/a", "Host: [::1\r\n"), 400},
      {"a host behind an address", at("/a", "Host: [::1]test\r\n"), 400},
      {"a bad escape in the host", at("/a", "Host: t%e\r\n"), 400},
      {"a blank before the host's colon", at("/a", "Host : test\r\n"), 400},
      {"no slash", at("a", kHost), 400},
      {"a fragment", at("/a#/../b", kHost), 400},
      {"an empty authority", at("http:///a", kHost), 400},
      {"a user in the authority", at("http://me@test/a", kHost), 400},
      {"an authority and another host", at("http://other/a", kHost), 400},
      {"another scheme", at("ftp://test/a", kHost), 400},
      {"a star", at("*", kHost), 400},
      {"only an authority", at("test:80", kHost), 400},
      {"a control character", at("/a\x01", kHost), 400},
      {"DEL", at("/a\x7f", kHost), 400},
      {"CONNECT to a path", "CONNECT /a HTTP/1.1\r\n" + kHost + "\r\n", 400},
      {"CONNECT with a body", "CONNECT test:80 HTTP/1.1\r\nHost: test:80\r\n" + kLengthOfSecret + "\r\n",
       400},
      {"CONNECT", "CONNECT test:80 HTTP/1.1\r\nHost: test:80\r\n\r\n", 405},
  });
}

TEST_F(FramingTest, AChunkThatIsNotExactIsRefused) {
  expect({
      {"plus", chunked("+5\r\n12345\r\n0\r\n\r\n"), 400},
      {"minus", chunked("-5\r\n12345\r\n0\r\n\r\n"), 400},
      {"0x", chunked("0x5\r\n12345\r\n0\r\n\r\n"), 400},
      {"a blank before", chunked(" 5\r\n12345\r\n0\r\n\r\n"), 400},
      {"a blank behind", chunked("5 \r\n12345\r\n0\r\n\r\n"), 400},
      {"a tab behind", chunked("5\t;a\r\n12345\r\n0\r\n\r\n"), 400},
      {"two numbers", chunked("5 5\r\n12345\r\n0\r\n\r\n"), 400},
      {"no number", chunked("\r\n12345\r\n0\r\n\r\n"), 400},
      {"no digit", chunked(";a=b\r\n12345\r\n0\r\n\r\n"), 400},
      {"a word", chunked("five\r\n12345\r\n0\r\n\r\n"), 400},
      {"a little too large for 64 bits", chunked("10000000000000005\r\n12345\r\n0\r\n\r\n"), 400},
      {"many zeros", chunked(std::string(17, '0') + "5\r\n12345\r\n0\r\n\r\n"), 400},
      {"negative in 64 bits", chunked("ffffffffffffffff\r\n12345\r\n0\r\n\r\n"), 413},
      {"longer than any body may be", chunked("10001\r\n"), 413},
      {"longer in the sum", chunked("5\r\n12345\r\nfffc\r\n"), 413},
      {"data too long", chunked("5\r\n123456\r\n0\r\n\r\n"), 400},
      {"data too short", chunked("5\r\n1234\r\n0\r\n\r\n"), 400},
      {"no end of the data", chunked("5\r\n123450\r\n\r\n"), 400},
      {"LF behind the data", chunked("5\r\n12345\n0\r\n\r\n"), 400},
      {"CR behind the data", chunked("5\r\n12345\r0\r\n\r\n"), 400},
      {"LF behind the number", chunked("5\n12345\r\n0\r\n\r\n"), 400},
      {"CR behind the number", chunked("5\r12345\r\n0\r\n\r\n"), 400},
      {"LF in an extension", chunked("5;a\nb\r\n12345\r\n0\r\n\r\n"), 400},
      {"CR in an extension", chunked("5;a\rb\r\n12345\r\n0\r\n\r\n"), 400},
      {"NUL in an extension", chunked(std::string("5;\0\r\n12345\r\n0\r\n\r\n", 18)), 400},
      {"a long extension", chunked("5;" + kMany + "\r\n12345\r\n0\r\n\r\n"), 400},
      {"many extensions", chunked([] {
         std::string chunks;
         for (int i = 0; i < 10'000; ++i) chunks += "1;abc\r\nx\r\n";
         return chunks;
       }()),
       400},
      {"a trailer that is no field", chunked("0\r\nX\r\n\r\n"), 400},
      {"a blank before a trailer", chunked("0\r\n X: y\r\n\r\n"), 400},
      {"a long trailer", chunked("0\r\nX: " + kMany + "\r\n\r\n"), 400},
      {"LF behind the last", chunked("0\n\n"), 400},
      {"of GET, which has one as well", with_method("GET", "Transfer-Encoding: chunked\r\n") + "zz\r\n", 400},
  });
}

TEST_F(FramingTest, ABodyIsNeverTheNextRequest) {
  for (const std::string method : {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"}) {
    SCOPED_TRACE(method);
    // Requests whose body is never read are answered at once; later bytes are not.
    const int at_once = method == "HEAD" ? 200 : method == "TRACE" ? 405 : kNothing;
    const int at_end = method == "HEAD" || method == "GET" ? 200 : 405;
    const std::string begun = with_method(method, "Transfer-Encoding: chunked\r\n");
    expect({
        {"by its length", with_method(method, kLengthOfSecret), at_end},
        {"in a chunk", begun + "1000\r\n", at_once},
        {"behind a chunk", begun + "5\r\n12345\r\n", at_once == kNothing ? 400 : at_once},
        {"shorter than its length", with_method(method, "Content-Length: 1000\r\n"), at_once},
    });
  }
}

TEST_F(FramingTest, WhatIsPlainIsReadAndTheNextRequestToo) {
  expect({
      {"GET", get_with(""), 200, true},
      {"no blank behind the colon", "GET /a HTTP/1.1\r\nHost:test\r\n\r\n", 200, true},
      {"blanks and tabs around a value", "GET /a HTTP/1.1\r\nHost: \t test \t\r\n\r\n", 200, true},
      {"an empty value", get_with("X:\r\n"), 200, true},
      {"bytes above ASCII in a value", get_with("X: \xc3\xa4\r\n"), 200, true},
      {"an empty line before it", "\r\n" + get_with(""), 200, true},
      {"a length of 0", get_with("Content-Length: 0\r\n"), 200, true},
      {"HEAD with a length of 0", with_method("HEAD", "Content-Length: 0\r\n"), 200, true},
      {"GET with a body", get_with("Content-Length: 5\r\n") + "12345", 200, true},
      {"POST", post_with("Content-Length: 5\r\n", "12345"), 405, true},
      {"POST without any length", post_with(""), 405, true},
      {"POST that wants to go on", post_with("Content-Length: 5\r\nExpect: 100-continue\r\n", "12345"), 405,
       true},
      {"PUT", with_method("PUT", "Content-Length: 5\r\n") + "12345", 405, true},
      {"DELETE with a body", with_method("DELETE", "Content-Length: 5\r\n") + "12345", 405, true},
      {"zeros before a length", post_with("Content-Length: 005\r\n", "12345"), 405, true},
      {"tab before a length", post_with("Content-Length:\t5\r\n", "12345"), 405, true},
      {"tab before an encoding", post_with("Transfer-Encoding:\tchunked\r\n", "0\r\n\r\n"), 405, true},
      {"chunks", chunked("5\r\n12345\r\n5\r\n12345\r\n0\r\n\r\n"), 405, true},
      {"no chunk", chunked("0\r\n\r\n"), 405, true},
      {"many zeros", chunked("0005\r\n12345\r\n000\r\n\r\n"), 405, true},
      {"chunks with extensions", chunked("5;a=b;c=\"d\"\r\n12345\r\n0;e\r\n\r\n"), 405, true},
      {"trailers", chunked("5\r\n12345\r\n0\r\nX: y\r\nContent-Length: 9\r\n\r\n"), 405, true},
      {"CHUNKED", post_with("transfer-encoding: CHUNKED\r\n", "0\r\n\r\n"), 405, true},
      {"an upgrade that is not made", get_with("Connection: Upgrade\r\nUpgrade: h2c\r\n"), 200, true},
      // evhttp treats an absolute target as a request to a proxy, and ends its connection.
      {"an absolute target", get_with("", "http://test/a"), 200},
      {"an absolute target with a port", get_with("", "HTTP://TEST:80/a"), 200},
      {"a star", "OPTIONS * HTTP/1.1\r\n" + kHost + "\r\n", 405, true},
      {"an address", "GET /a HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", 200, true},
      {"an empty host", "GET /a HTTP/1.1\r\nHost:\r\n\r\n", 200, true},
      {"an old client", "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 200, true},
      {"an old client that goes", "GET /a HTTP/1.0\r\n\r\n", 200},
      {"one that goes", get_with("Connection: close\r\n"), 200},
      {"one that goes and says more", get_with("Connection: X, Close\r\n"), 200},
      {"another expectation", post_with("Expect: miracles\r\n"), 417},
      {"HEAD with a body ends", with_method("HEAD", "Content-Length: 5\r\n") + "12345", 200},
  });
}

}  // namespace
}  // namespace rollctl::test
