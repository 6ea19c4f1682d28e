// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace rollctl {

// Parses the answer to one GET as far as a probe needs it: the status line strictly, of the headers only
// Content-Length. The body is read and discarded, so that closing does not reset the server's connection.
// Memory and input are bounded.
class HttpAnswer {
 public:
  enum class State {
    NeedsMore,
    HeadComplete,  // the status is known; the body may be incomplete
    Complete,
    Malformed,  // see problem()
  };

  static constexpr size_t kLongestHead = 16 * 1024;
  static constexpr size_t kLongestBody = 64 * 1024;  // then it counts as complete

  // Takes the next bytes.
  State take(std::string_view bytes);
  // The server closed the connection.
  State end();

  [[nodiscard]] State state() const { return state_; }
  // From HeadComplete on; answers of 1xx before the real one are skipped.
  [[nodiscard]] int status() const { return status_; }
  // Follows "GET /" in messages: "did not answer in HTTP (got "SSH-2.0-OpenSSH")".
  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  State malformed(std::string problem);
  State read_head();
  bool read_status_line(std::string_view line);
  void read_header(std::string_view line);
  State count_body(size_t bytes);

  State state_ = State::NeedsMore;
  std::string head_;
  int status_ = 0;
  std::optional<size_t> content_length_;
  size_t body_ = 0;
  std::string problem_;
};

}  // namespace rollctl
