// SPDX-License-Identifier: MIT
#include "base/descriptor_limit.h"

#include <algorithm>
#include <limits>

namespace rollctl {

namespace {

// Plain data: a vforked child reads it.
rlimit original{};
bool is_raised = false;

}  // namespace

void raise_descriptor_limit() {
  rlimit limit{};
  if (is_raised || ::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= limit.rlim_max) return;
  original = limit;
  const rlimit all{limit.rlim_max, limit.rlim_max};
  is_raised = ::setrlimit(RLIMIT_NOFILE, &all) == 0;
}

bool restore_descriptor_limit() {
  return !is_raised || ::setrlimit(RLIMIT_NOFILE, &original) == 0;
}

rlimit original_descriptor_limit() {
  rlimit limit = original;
  if (!is_raised) (void)::getrlimit(RLIMIT_NOFILE, &limit);
  return limit;
}

size_t descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  return static_cast<size_t>(std::min<rlim_t>(limit.rlim_cur, std::numeric_limits<int>::max()));
}

}  // namespace rollctl
