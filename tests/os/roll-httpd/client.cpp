// SPDX-License-Identifier: MIT
#include "os/roll-httpd/client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>

namespace rollctl::test {

std::string HttpAnswer::header(const std::string& lower_case_name) const {
  auto found = headers.find(lower_case_name);
  return found == headers.end() ? "" : found->second;
}

std::string get_request(std::string_view target, std::string_view headers) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: test\r\n" + std::string(headers) + "\r\n";
}

std::optional<Client> Client::connect(std::uint16_t port, int family) {
  Fd fd(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  timeval patience{5, 0};
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  v6.sin6_addr = in6addr_loopback;
  const auto* address =
      family == AF_INET ? reinterpret_cast<sockaddr*>(&v4) : reinterpret_cast<sockaddr*>(&v6);
  if (::connect(fd.get(), address, family == AF_INET ? sizeof v4 : sizeof v6) != 0) return std::nullopt;
  return Client(std::move(fd));
}

bool Client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t count = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

bool Client::fill() {
  char bytes[65536];
  ssize_t count = recv(fd_.get(), bytes, sizeof bytes, 0);
  if (count > 0) buffer_.append(bytes, static_cast<std::size_t>(count));
  return count > 0;
}

std::optional<HttpAnswer> Client::read_answer(Body body) {
  std::size_t head = 0;
  while ((head = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill()) return std::nullopt;
  }
  HttpAnswer answer;
  answer.status = std::atoi(buffer_.c_str() + buffer_.find(' '));
  std::size_t line = buffer_.find("\r\n") + 2;
  while (line < head) {
    std::size_t end = buffer_.find("\r\n", line);
    std::size_t colon = buffer_.find(": ", line);
    std::string name = buffer_.substr(line, colon - line);
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    answer.headers[name] = buffer_.substr(colon + 2, end - colon - 2);
    line = end + 2;
  }
  buffer_.erase(0, head + 4);
  if (body == Body::None) return answer;
  std::size_t length = std::strtoull(answer.header("content-length").c_str(), nullptr, 10);
  while (buffer_.size() < length) {
    if (!fill()) return std::nullopt;
  }
  answer.body = buffer_.substr(0, length);
  buffer_.erase(0, length);
  return answer;
}

std::string Client::read_some() {
  if (buffer_.empty()) fill();
  return std::exchange(buffer_, {});
}

Client::End Client::read_end() {
  char byte = 0;
  if (!buffer_.empty()) return End::StillOpen;
  ssize_t count = recv(fd_.get(), &byte, 1, 0);
  if (count == 0) return End::Eof;
  return count < 0 && errno == ECONNRESET ? End::Reset : End::StillOpen;
}

void Client::shut_writing() {
  shutdown(fd_.get(), SHUT_WR);
}

}  // namespace rollctl::test
