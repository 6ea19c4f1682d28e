// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/result.h"
#include "bpf/steer_layout.h"

namespace rollctl {

// The state map of one steered address, in this process's memory. The program, shims and an earlier rollctl
// see each store at once.
class SteerState {
 public:
  enum class Access { Read, Write };

  // `state_fd` is borrowed. Unsupported where its layout is not one of rollctl's.
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
  // Of the active table.
  void set_miss(roll_steer_miss miss);

  // The instance that owns a slot; 0: free. Only the rollctl that holds the app's lock sets owners; any
  // process reads them. If one process sets an owner and then detaches, and another attaches and then reads
  // the owner, at least one of them sees the other's change.
  [[nodiscard]] int64_t owner(uint32_t slot) const;
  void set_owner(uint32_t slot, int64_t instance);

 private:
  SteerState(roll_steer_state* state, size_t size) : state_(state), size_(size) {}
  roll_steer_state* state_ = nullptr;
  size_t size_ = 0;
};

}  // namespace rollctl
