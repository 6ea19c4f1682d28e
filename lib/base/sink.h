// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace rollctl {

// Where text for people or machines goes: standard output, standard error, a test's string. What is given in
// one call belongs together and is best written in one piece. A sink that cannot write swallows the text: a
// closed output never stops a deploy.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void write(std::string_view text) = 0;

  // How what was given before goes out.
  enum class Flow {
    Free,     // there is room for more
    Slow,     // much is waiting, and goes out bit by bit
    Blocked,  // much is waiting, and nothing of it has gone out for a while
  };
  [[nodiscard]] virtual Flow flow() const { return Flow::Free; }

  // As write(), for what may be left out. False: too much is waiting, and it was.
  [[nodiscard]] virtual bool offer(std::string_view text) {
    write(text);
    return true;
  }
};

}  // namespace rollctl
