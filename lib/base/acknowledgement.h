// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <utility>

#include "base/result.h"

namespace rollctl {

// The pending result of an operation: a request to another process, or lines not yet synced to disk. Start
// several operations, then await them all, and they run at the same time.
class [[nodiscard]] Acknowledgement {
 public:
  // A result that is known already.
  Acknowledgement(Status status) : status_(std::move(status)) {}
  Acknowledgement(tl::unexpected<Error> failure) : status_(std::move(failure)) {}
  explicit Acknowledgement(std::function<Status()> await) : await_(std::move(await)) {}

  // Blocks until the operation has succeeded or failed; waits at most ten seconds for another process.
  Status await() {
    if (await_) status_ = std::exchange(await_, nullptr)();
    return status_;
  }

 private:
  Status status_;
  std::function<Status()> await_;
};

}  // namespace rollctl
