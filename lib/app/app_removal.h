// SPDX-License-Identifier: MIT
#pragma once

#include "app/change_session.h"

namespace rollctl {

// Removes the state, history and logs of a stopped app. Failed if the app still has instances. Files that
// cannot be removed yet are moved aside, with a warning to the observer. Blocks for at most some seconds.
Status remove_app(ChangeSession& session, Observer& observer);

}  // namespace rollctl
