// SPDX-License-Identifier: MIT
#include "bpf/steer_state.h"

#include <sys/mman.h>
#include <unistd.h>

#include "bpf/raw_bpf.h"

namespace rollctl {

namespace {

constexpr const char* kContext = "cannot read the steering state";

}  // namespace

Result<SteerState> SteerState::map(int state_fd, Access access) {
  uint32_t size = 0;
  if (const int failure = raw_bpf::value_size(state_fd, size); failure != 0)
    return fail(os_failure(kContext, failure));
  if (size < sizeof(roll_steer_state))
    return fail(ErrorKind::Unsupported, std::string(kContext) + ": its layout is not one of rollctl's");

  // The kernel maps whole pages.
  const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  const size_t length = (size + page - 1) / page * page;
  const int protection = access == Access::Write ? PROT_READ | PROT_WRITE : PROT_READ;
  void* memory = ::mmap(nullptr, length, protection, MAP_SHARED, state_fd, 0);
  if (memory == MAP_FAILED) return fail(last_os_failure(kContext));
  SteerState state(static_cast<roll_steer_state*>(memory), length);

  if (access == Access::Read && state->version == 0)
    return fail(ErrorKind::Unsupported, std::string(kContext) + ": it was never written");
  return state;
}

SteerState::~SteerState() {
  if (state_ != nullptr) ::munmap(state_, size_);
}

const roll_steer_table& SteerState::active_table() const {
  return state_->tables[__atomic_load_n(&state_->active, __ATOMIC_ACQUIRE) & 1U];
}

roll_steer_table& SteerState::idle_table() const {
  return state_->tables[(state_->active & 1U) ^ 1U];
}

void SteerState::flip() {
  __atomic_store_n(&state_->active, (state_->active & 1U) ^ 1U, __ATOMIC_RELEASE);
}

void SteerState::set_miss(roll_steer_miss miss) {
  __atomic_store_n(&state_->tables[state_->active & 1U].on_miss, static_cast<__u32>(miss), __ATOMIC_RELEASE);
}

// Needs no fence: attaching and detaching take the same lock in the kernel, which orders the stores before
// one with the loads after the other.
int64_t SteerState::owner(uint32_t slot) const {
  return __atomic_load_n(&state_->owners[slot], __ATOMIC_ACQUIRE);
}

void SteerState::set_owner(uint32_t slot, int64_t instance) {
  __atomic_store_n(&state_->owners[slot], instance, __ATOMIC_RELEASE);
}

}  // namespace rollctl
