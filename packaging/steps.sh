# SPDX-License-Identifier: MIT
# Sourced by scripts that show their progress: one line per step, and the end of the log of a failed step. No
# colours, so that terminals, pipes and CI logs look the same.

# shellcheck shell=bash

say() { printf '%s\n' "$@"; } # one line per argument
complain() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() {
  complain "$@"
  exit 1
}

# run_step TITLE LOG COMMAND...: runs the command with its output in LOG; returns its exit status.
run_step() {
  local title=$1 log=$2 started=$SECONDS status=0
  shift 2
  printf '%-45s ' "$title ..."
  "$@" >"$log" 2>&1 </dev/null || status=$?
  if ((status == 0)); then
    say "done ($((SECONDS - started)) s)"
    return 0
  fi
  say "FAILED ($((SECONDS - started)) s)"
  ((status == 124)) && complain "it took longer than it may"
  complain "exit status $status of: $*"
  complain "the end of $log:"
  tail -n 60 "$log" | sed 's/^/  | /' >&2
  return "$status"
}

# Files that root builds in a user's tree (sudo) must stay usable by that user.
give_back_to_sudo_user() {
  if ((EUID == 0)) && [[ -n ${SUDO_UID-} && -e $1 && $(stat -c %u "$1/..") == "$SUDO_UID" ]]; then
    chown -R --no-dereference "$SUDO_UID:${SUDO_GID:-$SUDO_UID}" "$1"
  fi
}

# run_apart COMMAND...: as root, runs the command in new pid, mount and network namespaces with `lo` up: it does not
# affect the host, and its processes end with it. Returns its exit status; Ctrl-C ends it. Process 1 of the pid
# namespace is another process, which reaps orphans.
run_apart() {
  local pid status=0 name
  set -m # makes it a separate job: else bash would let it ignore SIGINT
  # shellcheck disable=SC2016
  unshare --net --pid --mount --mount-proc --fork --kill-child=KILL \
    bash -c 'ip link set lo up && env --default-signal "$@"; exit $?' - "$@" </dev/null &
  pid=$!
  set +m
  for name in HUP INT TERM; do
    # shellcheck disable=SC2064
    trap "kill -KILL $pid 2>/dev/null; wait $pid 2>/dev/null || exit $((128 + $(kill -l $name)))" "$name"
  done
  wait "$pid" || status=$?
  trap - HUP INT TERM
  return "$status"
}
can_run_apart() { ((EUID == 0)) && unshare --net --pid --mount --mount-proc --fork true 2>/dev/null; }
