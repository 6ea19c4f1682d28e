// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <utility>

#include "base/result.h"

namespace rollctl {

// Of what was begun and is not done yet: an order on its way to another process, lines that are written and
// not on the disk. So that several are done at the same time: all are begun first, and awaited afterwards.
class [[nodiscard]] Acknowledgement {
 public:
  // Known at once.
  Acknowledgement(Status status) : status_(std::move(status)) {}
  Acknowledgement(tl::unexpected<Error> failure) : status_(std::move(failure)) {}
  explicit Acknowledgement(std::function<Status()> await) : await_(std::move(await)) {}

  // Blocks until it was done or refused; a process that does not answer is waited for at most ten seconds.
  Status await() {
    if (await_) status_ = std::exchange(await_, nullptr)();
    return status_;
  }

 private:
  Status status_;
  std::function<Status()> await_;
};

}  // namespace rollctl
