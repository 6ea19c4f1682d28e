// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace rollctl {

// Receives output: standard output, standard error, or a string in tests. Text of one call is written in one
// piece if possible. A sink that cannot write drops the text: a closed output must not stop a deploy.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void write(std::string_view text) = 0;

  // How fast earlier text leaves the sink.
  enum class Flow {
    Free,     // it has room for more
    Slow,     // much is queued, the reader takes it slowly
    Blocked,  // much is queued, the reader has taken nothing for a while
  };
  [[nodiscard]] virtual Flow flow() const { return Flow::Free; }

  // Like write(), but drops the text and returns false if too much is queued.
  [[nodiscard]] virtual bool offer(std::string_view text) {
    write(text);
    return true;
  }
};

}  // namespace rollctl
