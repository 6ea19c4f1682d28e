// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <utility>

namespace rollctl {

// A watched descriptor, signal or timer. Destroying it (or reset()) ends the watch, also from within its own
// callback; the callback is not called afterwards. It must not outlive its Loop.
class Watch {
 public:
  using Callback = std::function<void()>;

  // Kept by the Loop per watch; its destructor ends the watch.
  struct State {
    virtual ~State() = default;
  };

  Watch() = default;
  explicit Watch(std::unique_ptr<State> state) : state_(std::move(state)) {}

  explicit operator bool() const { return state_ != nullptr; }
  void reset() { state_.reset(); }

 private:
  std::unique_ptr<State> state_;
};

}  // namespace rollctl
