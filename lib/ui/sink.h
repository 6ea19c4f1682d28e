// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace roll {

// Where text for people or machines goes: standard output, standard error, a test's string. What is given in
// one call belongs together and is best written in one piece. A sink that cannot write swallows the text: a
// closed output never stops a deploy.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void write(std::string_view text) = 0;
};

}  // namespace roll
