// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/result.h"
#include "bpf/steer_layout.h"

namespace rollctl {

// The state map of one steered address, mapped into this process. Others (the program, shims, an earlier
// rollctl) see each store at once.
class SteerState {
 public:
  enum class Access { Read, Write };

  // Maps the map behind the borrowed descriptor. Unsupported where its layout is not one that this program
  // understands.
  static Result<SteerState> map(int state_fd, Access access);

  SteerState(SteerState&& other) noexcept
      : state_(std::exchange(other.state_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  SteerState& operator=(SteerState&& other) noexcept {
    std::swap(state_, other.state_);
    std::swap(size_, other.size_);
    return *this;
  }
  SteerState(const SteerState&) = delete;
  SteerState& operator=(const SteerState&) = delete;
  ~SteerState();

  roll_steer_state* operator->() const { return state_; }

  [[nodiscard]] const roll_steer_table& active_table() const;
  [[nodiscard]] roll_steer_table& idle_table() const;
  void flip();

  // The instance that a slot is given to; 0: free. Only the rollctl that changes the app gives slots, any
  // process looks. Of two processes, one that stores an owner and then detaches the program and one that
  // attaches it and then looks, at least one sees what the other did.
  [[nodiscard]] int64_t owner(uint32_t slot) const;
  void set_owner(uint32_t slot, int64_t instance);

 private:
  SteerState(roll_steer_state* state, size_t size) : state_(state), size_(size) {}
  roll_steer_state* state_ = nullptr;
  size_t size_ = 0;
};

}  // namespace rollctl
