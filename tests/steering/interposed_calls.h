// SPDX-License-Identifier: MIT
#pragma once

#include "base/clock.h"

namespace rollctl::test {

// The calls of setsockopt() and connect() in the program that links this: counted, made to fail, made late.
class Calls {
 public:
  // The calls of setsockopt() with this option so far.
  static int of(int option);

  // From now on setsockopt() with this option fails with ENOBUFS; 0: with none.
  static void fail(int option);

  // As long as one exists, connect() on a non-blocking socket says EINPROGRESS, and its packet is sent that
  // much later.
  class LateConnects {
   public:
    explicit LateConnects(Millis delay);
    LateConnects(const LateConnects&) = delete;
    LateConnects& operator=(const LateConnects&) = delete;
    ~LateConnects();
  };
};

}  // namespace rollctl::test
