// SPDX-License-Identifier: MIT
// A client that sends given bytes, and distinguishes an end of file from a reset.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/fd.h"

namespace rollctl::test {

struct HttpAnswer {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;

  std::string header(const std::string& lower_case_name) const;
};

// "GET <target> HTTP/1.1" with a Host and `headers`, lines that end with "\r\n".
std::string get_request(std::string_view target, std::string_view headers = "");

// Every call waits at most five seconds.
class Client {
 public:
  // 127.0.0.1 or ::1; nothing without a listener.
  static std::optional<Client> connect(std::uint16_t port, int family);

  bool send(std::string_view bytes);
  // The next complete answer; nothing if the connection ended first. An answer to HEAD has no body.
  enum class Body { Expected, None };
  std::optional<HttpAnswer> read_answer(Body body = Body::Expected);
  // Reads the next bytes.
  std::string read_some();
  enum class End { Eof, Reset, StillOpen };
  // Waits for the server's end; bytes before it count as StillOpen.
  End read_end();
  void shut_writing();

 private:
  explicit Client(Fd fd) : fd_(std::move(fd)) {}
  bool fill();

  Fd fd_;
  std::string buffer_;
};

}  // namespace rollctl::test
