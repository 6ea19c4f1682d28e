// SPDX-License-Identifier: MIT
#pragma once

#include "app/change_session.h"

namespace rollctl {

// Forgets a stopped app: its state, history and logs. Failed where it still has instances. What cannot be
// removed yet is put aside, and the observer is warned. Blocks for some seconds at most.
Status remove_app(ChangeSession& session, Observer& observer);

}  // namespace rollctl
