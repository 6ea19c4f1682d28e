# SPDX-License-Identifier: MIT
"""What the documentation of the modules that change an app has in common. A test compares it with what they take."""


class ModuleDocFragment:
    WHERE = r"""
options:
  app:
    description: The app, which has the app file C(/etc/rollctl/APP.toml) on the host.
    type: str
    required: true
  program:
    description: The rollctl of the host.
    type: str
    default: rollctl
"""

    WAITING = r"""
options:
  wait_lock:
    description: Wait so many seconds for another rollctl that changes the app. A canary is not waited for.
    type: int
    default: 60
"""

    DOCUMENTATION = r"""
options:
  drain_deadline:
    description: Cut the connections that are still open after this time, as in C(60s).
    type: str
  handover:
    description: Insist on a way to hand connections over; fail if the host does not allow it.
    type: str
    choices: [auto, steer, migrate, plain]
  detach:
    description: Return when the traffic has moved; do not wait for the drains.
    type: bool
    default: false
  strict:
    description: Fail if connections were cut at the drain deadline. The change stands nevertheless.
    type: bool
    default: false
  note:
    description: Kept in the history of the app.
    type: str
attributes:
  check_mode:
    description: Runs C(rollctl ... --dry-run), which touches nothing.
    support: full
  diff_mode:
    description: Shows release, instances, addresses and command before and after.
    support: full
notes:
  - The host needs rollctl and no Python; the controller sends one command.
  - A connection that goes away in the middle does not end the change. rollctl on the host finishes or undoes it.
  - rollctl wants to be root, or the user whose servers it rolls.
  - rollctl-fleet(7) has a tutorial, and says what fails how.
"""

    ROLLING = r"""
options:
  batch:
    description: How many instances are replaced at a time, as in C(1), C(50%) or C(all).
    type: str
  ready_deadline:
    description: Give up if an instance is not ready after this time, as in C(30s).
    type: str
"""

    HOLDING = r"""
options:
  hold:
    description: Keep the old instances on standby for this time, as in C(10m); a rollback then is instant.
    type: str
"""
