// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/privilege.h"

namespace rollctl::test {

// This thread lacks that effective capability during the object's lifetime, as root in a container does.
class WithoutCapability {
 public:
  explicit WithoutCapability(int capability) : capability_(capability), had_(has_capability(capability)) {
    if (had_) set(Effective::No);
  }
  ~WithoutCapability() {
    if (had_) set(Effective::Yes);
  }
  WithoutCapability(const WithoutCapability&) = delete;
  WithoutCapability& operator=(const WithoutCapability&) = delete;

 private:
  enum class Effective { Yes, No };
  void set(Effective effective) const {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
    ASSERT_EQ(::syscall(SYS_capget, &header, data), 0);
    const uint32_t bit = CAP_TO_MASK(capability_);
    uint32_t& word = data[CAP_TO_INDEX(capability_)].effective;
    word = effective == Effective::Yes ? word | bit : word & ~bit;
    ASSERT_EQ(::syscall(SYS_capset, &header, data), 0);
  }

  int capability_;
  bool had_;
};

}  // namespace rollctl::test
