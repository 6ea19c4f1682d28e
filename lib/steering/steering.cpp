// SPDX-License-Identifier: MIT
#include "steering/steering.h"

namespace rollctl {

const char* handover_name(Handover handover) {
  switch (handover) {
    case Handover::Steer:
      return "steer";
    case Handover::Migrate:
      return "migrate";
    case Handover::Plain:
      return "plain";
  }
  return "plain";
}

}  // namespace rollctl
