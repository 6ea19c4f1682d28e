// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <gmock/gmock.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "bpf/http_close_program.h"
#include "bpf/http_close_trial.h"
#include "steering/reuseport.h"
#include "support/net_namespace.h"
#include "support/without_capability.h"

namespace rollctl::test {
namespace {

using testing::Eq;

const std::string kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

// How a server hands its bytes to the kernel.
enum class How { Send, More, Writev, File, Splice };
struct Part {
  std::string bytes;
  How how = How::Send;
};

struct Shape {
  std::string name;
  std::vector<Part> parts;
  std::string expected;
  roll_http_state state = ROLL_HTTP_ASKED;
};

void PrintTo(const Shape& shape, std::ostream* out) {
  *out << shape.name;
}

std::string body_of(size_t size) {
  std::string body;
  for (size_t i = 0; body.size() < size; ++i)
    body += "HTTP/1.1 200 OK\r\nnumber " + std::to_string(i) + "\r\n\r\n";
  body.resize(size);
  return body;
}

// One connection of a server whose responses the program may change.
class Watched {
 public:
  explicit Watched(const Endpoint& bound, const Endpoint& target, int buffer = 0) {
    const Fd listener = listen_on(bound, bound.ip.is_unspecified() ? Dual::Yes : Dual::No);
    if (buffer > 0) {
      EXPECT_EQ(::setsockopt(listener.get(), SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer), 0);
    }
    client = connect_to(target);
    const timeval patience{5, 0};
    EXPECT_EQ(::setsockopt(client.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    server = Fd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    EXPECT_TRUE(server);
    socklen_t size = sizeof cookie;
    EXPECT_EQ(::getsockopt(server.get(), SOL_SOCKET, SO_COOKIE, &cookie, &size), 0);
  }

  void ask(const std::string& request = kGet) const {
    ASSERT_EQ(::send(client.get(), request.data(), request.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(request.size()));
    hear(request.size());
  }
  void hear(size_t size) const {
    std::string read(size, '\0');
    ASSERT_EQ(::recv(server.get(), read.data(), read.size(), MSG_WAITALL), static_cast<ssize_t>(size));
  }

  void send(const Part& part) const {
    const auto send_with = [&](int flags) {
      ASSERT_EQ(::send(server.get(), part.bytes.data(), part.bytes.size(), MSG_NOSIGNAL | flags),
                static_cast<ssize_t>(part.bytes.size()));
    };
    switch (part.how) {
      case How::Send:
        return send_with(0);
      case How::More:
        return send_with(MSG_MORE);
      case How::Writev:
        return write_in_pieces(part.bytes);
      case How::File:
        return send_file(part.bytes);
      case How::Splice:
        return splice(part.bytes);
    }
  }

  // Until the client's kernel has acknowledged all that was sent.
  void await_acknowledged() const {
    for (int left = 1; left > 0;) ASSERT_EQ(::ioctl(server.get(), SIOCOUTQ, &left), 0);
  }

  [[nodiscard]] std::string receive(size_t size) const {
    std::string read(size, '\0');
    const ssize_t received = ::recv(client.get(), read.data(), read.size(), MSG_WAITALL);
    EXPECT_GE(received, 0);
    read.resize(received > 0 ? static_cast<size_t>(received) : 0);
    return read;
  }
  // All bytes until the server's end, which this call makes.
  [[nodiscard]] std::string rest() {
    server.reset();
    std::string all;
    for (char buffer[65536];;) {
      const ssize_t received = ::recv(client.get(), buffer, sizeof buffer, 0);
      EXPECT_GE(received, 0);
      if (received <= 0) return all;
      all.append(buffer, static_cast<size_t>(received));
    }
  }

  Fd client, server;
  uint64_t cookie = 0;

 private:
  void write_in_pieces(const std::string& bytes) const {
    std::vector<iovec> pieces;
    for (size_t at = 0; at < bytes.size(); at += 7)
      pieces.push_back({const_cast<char*>(bytes.data()) + at, std::min<size_t>(7, bytes.size() - at)});
    ASSERT_EQ(::writev(server.get(), pieces.data(), static_cast<int>(pieces.size())),
              static_cast<ssize_t>(bytes.size()));
  }
  void send_file(const std::string& bytes) const {
    const Fd file = file_with(bytes);
    ASSERT_EQ(::sendfile(server.get(), file.get(), nullptr, bytes.size()),
              static_cast<ssize_t>(bytes.size()));
    EXPECT_EQ(content(file), bytes);
  }
  void splice(const std::string& bytes) const {
    const Fd file = file_with(bytes);
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const Fd read(ends[0]), write(ends[1]);
    ASSERT_EQ(::splice(file.get(), nullptr, write.get(), nullptr, bytes.size(), 0),
              static_cast<ssize_t>(bytes.size()));
    ASSERT_EQ(::splice(read.get(), nullptr, server.get(), nullptr, bytes.size(), 0),
              static_cast<ssize_t>(bytes.size()));
    EXPECT_EQ(content(file), bytes);
  }
  static Fd file_with(const std::string& bytes) {
    Fd file(::open(std::filesystem::temp_directory_path().c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    EXPECT_EQ(::write(file.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    EXPECT_EQ(::lseek(file.get(), 0, SEEK_SET), 0);
    return file;
  }
  static std::string content(const Fd& file) {
    std::string text(1 << 20, '\0');
    const ssize_t size = ::pread(file.get(), text.data(), text.size(), 0);
    text.resize(size > 0 ? static_cast<size_t>(size) : 0);
    return text;
  }
};

class HttpCloseTest : public NetNamespaceTest {
 protected:
  void SetUp() override {
    NetNamespaceTest::SetUp();
    if (IsSkipped()) return;
    auto program = HttpCloseProgram::load();
    ASSERT_TRUE(program) << program.error().message;
    program_.emplace(std::move(*program));
  }

  Watched watch(const Endpoint& bound = v4("127.0.0.1"), const Endpoint& target = v4("127.0.0.1"),
                int buffer = 0) {
    Watched connection(bound, target, buffer);
    add(connection);
    let_it_know(connection);
    return connection;
  }
  void add(const Watched& connection) {
    const Status added = program_->add(connection.server.get(), connection.cookie);
    ASSERT_TRUE(added) << added.error().message;
  }

  // Before the first message the program does not know how far the server has read, and the clock tick of a
  // request may be that of the last response.
  static void let_it_know(const Watched& connection) {
    connection.send({"x"});
    EXPECT_EQ(connection.receive(1), "x");
  }

  std::optional<HttpCloseProgram> program_;
};

class HttpCloseShapes : public HttpCloseTest, public testing::WithParamInterface<Shape> {};

TEST_P(HttpCloseShapes, ChangesNothingButTheHeader) {
  Watched connection = watch();
  connection.ask();
  for (const Part& part : GetParam().parts) connection.send(part);
  EXPECT_EQ(connection.receive(GetParam().expected.size()), GetParam().expected);
  EXPECT_THAT(program_->state(connection.cookie), testing::Optional(GetParam().state));
  EXPECT_EQ(connection.rest(), "");
}

std::vector<Shape> shapes() {
  const std::string line = "HTTP/1.1 200 OK\r\n";
  const std::string close = "Connection: close\r\n";
  const std::string fields = "Server: s\r\nContent-Length: 5\r\n\r\n";
  const std::string big = body_of(200'000);
  const std::string big_fields = "Content-Length: 200000\r\n\r\n";
  const std::string full = line + fields + "hello";
  const std::string chunk = "14\r\nHTTP/1.1 200 OK\r\n\r\n\r\n0\r\n\r\n";
  const std::string long_head = line + "X: " + std::string(3000, 'x') + "\r\nConnection: keep-alive\r\n\r\n";
  return {
      {"OneSend", {{full}}, line + close + fields + "hello"},
      {"HeadAndBody", {{line + fields}, {"hello"}}, line + close + fields + "hello"},
      {"StatusLineAlone", {{line}, {fields}, {"hello"}}, line + close + fields + "hello"},
      {"FiveSends",
       {{line}, {"Server: s\r\n"}, {"Content-Length: 5\r\n"}, {"\r\n"}, {"hello"}},
       line + close + fields + "hello"},
      {"HalfStatusLine",
       {{"HTTP/1.1 200 Some"}, {"thing\r\n" + fields + "hello"}},
       "HTTP/1.1 200 Something\r\n" + fields + "hello",
       ROLL_HTTP_OPEN},
      {"More", {{line, How::More}, {fields, How::More}, {"hello"}}, line + close + fields + "hello"},
      {"Writev", {{full, How::Writev}}, line + close + fields + "hello"},
      {"Sendfile", {{full, How::File}}, line + close + fields + "hello"},
      {"SendfileBody", {{line + fields}, {"hello", How::File}}, line + close + fields + "hello"},
      {"SpliceHead", {{full, How::Splice}}, line + close + fields + "hello"},
      {"BigBody", {{line + big_fields + big}}, line + close + big_fields + big},
      {"BigBodyBySendfile", {{line + big_fields}, {big, How::File}}, line + close + big_fields + big},
      {"OwnKeepAlive",
       {{line + "Connection: keep-alive\r\n" + fields + "hello"}},
       line + "Connection: close     \r\n" + fields + "hello"},
      {"OwnKeepAliveInOtherCase",
       {{line + "connection: Keep-Alive\r\n" + fields}},
       line + "connection: close     \r\n" + fields},
      {"OwnKeepAliveWithoutBlank",
       {{line + "Connection:keep-alive\r\n" + fields}},
       line + "Connection:close     \r\n" + fields},
      {"OwnKeepAliveBySendfile",
       {{line + "Connection: keep-alive\r\n" + fields, How::File}},
       line + "Connection: close     \r\n" + fields},
      {"OwnClose",
       {{line + "Connection: close\r\n" + fields}},
       line + "Connection: close\r\n" + fields,
       ROLL_HTTP_CLOSING},
      {"OwnOther",
       {{line + "Connection: X-Hop\r\n" + fields}},
       line + "Connection: X-Hop\r\n" + fields,
       ROLL_HTTP_OPEN},
      {"SimilarNames",
       {{line + "Connection-Time: 1\r\nX-Connection: keep-alive\r\n" + fields}},
       line + close + "Connection-Time: 1\r\nX-Connection: keep-alive\r\n" + fields},
      {"NameInBody",
       {{line + fields + "\r\nConnection: keep-alive\r\n"}},
       line + close + fields + "\r\nConnection: keep-alive\r\n"},
      {"LongHead", {{long_head}}, line + close + long_head.substr(line.size())},
      {"Chunked",
       {{line + "Transfer-Encoding: chunked\r\n\r\n"}, {chunk}},
       line + close + "Transfer-Encoding: chunked\r\n\r\n" + chunk},
      {"Http10", {{"HTTP/1.0 200 OK\r\n\r\nhello"}}, "HTTP/1.0 200 OK\r\n" + close + "\r\nhello"},
      {"NoContent", {{"HTTP/1.1 204 No Content\r\n\r\n"}}, "HTTP/1.1 204 No Content\r\n" + close + "\r\n"},
      {"NoReason",
       {{"HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n"}},
       "HTTP/1.1 404\r\n" + close + "Content-Length: 0\r\n\r\n"},
      {"Continue",
       {{"HTTP/1.1 100 Continue\r\n\r\n"}, {full}},
       "HTTP/1.1 100 Continue\r\n\r\n" + full,
       ROLL_HTTP_OPEN},
      {"ContinueAndAll",
       {{"HTTP/1.1 100 Continue\r\n\r\n" + full}, {full}},
       "HTTP/1.1 100 Continue\r\n\r\n" + full + full,
       ROLL_HTTP_OPEN},
      {"Switching",
       {{"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"}, {full}},
       "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n" + full,
       ROLL_HTTP_FOREIGN},
      {"Http2",
       {{std::string("\0\0\0\4\0\0\0\0\0HTTP/1.1 200 OK\r\n\r\n", 28)}},
       std::string("\0\0\0\4\0\0\0\0\0HTTP/1.1 200 OK\r\n\r\n", 28),
       ROLL_HTTP_FOREIGN},
      {"Http2ByName", {{"HTTP/2.0 200 OK\r\n\r\n"}}, "HTTP/2.0 200 OK\r\n\r\n", ROLL_HTTP_FOREIGN},
      {"Redis", {{"+OK\r\n"}, {full}}, "+OK\r\n" + full, ROLL_HTTP_FOREIGN},
      {"OneByte", {{"H"}, {full.substr(1)}}, full, ROLL_HTTP_FOREIGN},
  };
}

INSTANTIATE_TEST_SUITE_P(All, HttpCloseShapes, testing::ValuesIn(shapes()),
                         [](const auto& of) { return of.param.name; });

constexpr const char* kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
constexpr const char* kOkClosed = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";

TEST_F(HttpCloseTest, FitsThisKernel) {
  const auto fits = load_tried_http_close();
  EXPECT_TRUE(fits) << fits.error().message;
}

TEST_F(HttpCloseTest, ChangesOneResponseOfAConnection) {
  Watched connection = watch();
  for (const char* expected : {kOkClosed, kOk, kOk}) {
    connection.ask();
    connection.send({kOk});
    EXPECT_EQ(connection.receive(std::strlen(expected)), expected);
  }
  EXPECT_EQ(connection.rest(), "");
}

TEST_F(HttpCloseTest, TakesInConnectionsOfEachFamily) {
  Watched v6_only = watch(v6("::1"), v6("::1"));
  Watched mapped = watch(v6("::", 8081), v4("127.0.0.1", 8081));
  for (Watched* connection : {&v6_only, &mapped}) {
    connection->ask();
    connection->send({kOk});
    EXPECT_EQ(connection->receive(std::strlen(kOkClosed)), kOkClosed);
  }
}

TEST_F(HttpCloseTest, LeavesAResponseInProgressAlone) {
  Watched connection(v4("127.0.0.1"), v4("127.0.0.1"));
  connection.ask();
  connection.send({"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n"});
  EXPECT_EQ(connection.receive(39), "HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n");
  add(connection);
  connection.send({kOk});
  EXPECT_EQ(connection.receive(40), kOk);
  connection.ask();
  connection.send({kOk});
  EXPECT_EQ(connection.receive(std::strlen(kOkClosed)), kOkClosed);
}

// The server answers two requests that came together: what follows may be the rest of the first response.
TEST_F(HttpCloseTest, LeavesAResponseAloneWhileAnEarlierOneIsUnacknowledged) {
  Watched connection = watch();
  program_->remove(connection.cookie);
  const int room = 4'000'000;
  ASSERT_EQ(::setsockopt(connection.server.get(), SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room), 0);
  const std::string body = body_of(1'000'000);  // more than the client's window
  connection.send({body});
  add(connection);
  connection.send({"x"});
  connection.ask();
  connection.send({kOk});
  EXPECT_THAT(program_->state(connection.cookie), testing::Optional(ROLL_HTTP_OPEN));
  EXPECT_TRUE(connection.rest() == body + "x" + kOk);
}

// The server reads nothing between a 103 and the response.
TEST_F(HttpCloseTest, WaitsForTheResponseThatFollowsAnInterimOne) {
  Watched connection = watch();
  connection.ask();
  const std::string hints = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n";
  connection.send({hints});
  EXPECT_EQ(connection.receive(hints.size()), hints);
  connection.await_acknowledged();
  connection.send({kOk});
  EXPECT_EQ(connection.receive(std::strlen(kOkClosed)), kOkClosed);
}

TEST_F(HttpCloseTest, LeavesTheBodyAloneOfAResponseThatCameWithAnInterimOne) {
  Watched connection = watch();
  connection.ask();
  const std::string both = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n";
  connection.send({both});
  EXPECT_EQ(connection.receive(both.size()), both);
  connection.await_acknowledged();
  connection.send({kOk});
  EXPECT_EQ(connection.receive(std::strlen(kOk)), kOk);
  EXPECT_EQ(connection.rest(), "");
}

TEST_F(HttpCloseTest, TouchesNoWebSocket) {
  Watched connection = watch();
  connection.ask();
  const std::string switching = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";
  connection.send({switching});
  EXPECT_EQ(connection.receive(switching.size()), switching);
  connection.ask("frame");
  connection.send({kOk});
  EXPECT_EQ(connection.receive(std::strlen(kOk)), kOk);
}

TEST_F(HttpCloseTest, ASmallSendBufferLosesNothing) {
  const std::string body = body_of(300'000);
  const std::string line = "HTTP/1.1 200 OK\r\n";
  const std::string fields = "Content-Length: 300000\r\n\r\n";
  Watched connection = watch(v4("127.0.0.1"), v4("127.0.0.1"), 1);
  connection.ask();
  ASSERT_EQ(::fcntl(connection.server.get(), F_SETFL, O_NONBLOCK), 0);
  const std::string all = line + fields + body;
  const std::string expected = line + "Connection: close\r\n" + fields + body;
  std::string received;
  for (size_t sent = 0; received.size() < expected.size();) {
    const ssize_t some = sent < all.size() ? ::send(connection.server.get(), all.data() + sent,
                                                    all.size() - sent, MSG_NOSIGNAL)
                                           : 0;
    if (some > 0) sent += static_cast<size_t>(some);
    char buffer[65536];
    const ssize_t got =
        ::recv(connection.client.get(), buffer, sizeof buffer, sent < all.size() ? MSG_DONTWAIT : 0);
    if (got > 0) received.append(buffer, static_cast<size_t>(got));
  }
  EXPECT_TRUE(received == expected);
  EXPECT_EQ(connection.rest(), "");
}

TEST_F(HttpCloseTest, ARemovedConnectionIsPlainAgain) {
  Watched connection = watch();
  program_->remove(connection.cookie);
  EXPECT_EQ(program_->state(connection.cookie), std::nullopt);
  connection.ask();
  connection.send({kOk});
  EXPECT_EQ(connection.receive(std::strlen(kOk)), kOk);
  add(connection);
  let_it_know(connection);
  connection.ask();
  connection.send({kOk});
  EXPECT_EQ(connection.receive(std::strlen(kOkClosed)), kOkClosed);
}

TEST_F(HttpCloseTest, ConnectionsOutliveTheProgram) {
  Watched connection = watch();
  program_.reset();
  connection.ask();
  connection.send({kOk});
  // The kernel takes the sockets out of the map when it comes to that.
  EXPECT_THAT(connection.rest(), testing::AnyOf(kOk, kOkClosed));
}

TEST_F(HttpCloseTest, RefusesASocketWithZeroCopy) {
  const Watched connection(v4("127.0.0.1"), v4("127.0.0.1"));
  const int on = 1;
  ASSERT_EQ(::setsockopt(connection.server.get(), SOL_SOCKET, SO_ZEROCOPY, &on, sizeof on), 0);
  const Status added = program_->add(connection.server.get(), connection.cookie);
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().kind, ErrorKind::Unsupported);
}

TEST_F(HttpCloseTest, AConnectionThatItsClientHasClosedIsNotFound) {
  Watched connection(v4("127.0.0.1"), v4("127.0.0.1"));
  connection.client.reset();
  char none = 0;
  ASSERT_EQ(::recv(connection.server.get(), &none, 1, 0), 0);
  const Status added = program_->add(connection.server.get(), connection.cookie);
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().kind, ErrorKind::NotFound);
  EXPECT_EQ(program_->state(connection.cookie), std::nullopt);
}

TEST_F(HttpCloseTest, TellsWhichCapabilitiesItLacks) {
  for (const int capability : {CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN}) {
    // With CAP_SYS_ADMIN the kernel asks for none of them.
    const WithoutCapability all(CAP_SYS_ADMIN);
    const WithoutCapability one(capability);
    const auto program = HttpCloseProgram::load();
    ASSERT_FALSE(program) << capability;
    EXPECT_EQ(program.error().kind, ErrorKind::NotPermitted) << program.error().message;
    const char* name = capability == CAP_BPF       ? "CAP_BPF"
                       : capability == CAP_PERFMON ? "CAP_PERFMON"
                                                   : "CAP_NET_ADMIN";
    EXPECT_THAT(program.error().message, testing::HasSubstr(name));
  }
}

}  // namespace
}  // namespace rollctl::test
