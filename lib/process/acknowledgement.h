// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <utility>

#include "base/result.h"

namespace roll {

// Of an order that is on its way. So that several shims work at the same time: each gets its order first, and
// their answers are awaited afterwards.
class [[nodiscard]] Acknowledgement {
 public:
  // Known at once.
  Acknowledgement(Status status) : status_(std::move(status)) {}
  Acknowledgement(tl::unexpected<Error> failure) : status_(std::move(failure)) {}
  explicit Acknowledgement(std::function<Status()> await) : await_(std::move(await)) {}

  // Blocks until the order was carried out or refused, at most ten seconds.
  Status await() {
    if (await_) status_ = std::exchange(await_, nullptr)();
    return status_;
  }

 private:
  Status status_;
  std::function<Status()> await_;
};

}  // namespace roll
