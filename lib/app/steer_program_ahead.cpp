// SPDX-License-Identifier: MIT
#include "app/steer_program_ahead.h"

namespace rollctl {

SteerProgramAhead load_steer_program_ahead() {
  return SteerProgramAhead(load_steer_program);
}

}  // namespace rollctl
