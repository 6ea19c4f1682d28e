// SPDX-License-Identifier: MIT
#pragma once

#include "deploy/plan.h"

namespace rollctl::test {

inline constexpr Batch kOne{Batch::Unit::Count, 1};
inline constexpr Batch kTwo{Batch::Unit::Count, 2};
inline constexpr Batch kAll{Batch::Unit::All, 0};

}  // namespace rollctl::test
