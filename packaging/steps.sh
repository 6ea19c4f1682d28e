# SPDX-License-Identifier: MIT
# Sourced by the scripts that show a newcomer what they are doing: one line per step, and of a step that
# fails the end of its log. No colours, so that it reads the same on a terminal, in a pipe and in a CI log.

# shellcheck shell=bash

say() { printf '%s\n' "$@"; } # each argument a line
complain() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() {
  complain "$@"
  exit 1
}

# run_step TITLE LOG COMMAND...: runs it with its output in LOG. Its exit status is the command's.
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

# What root builds in a user's own tree (sudo) shall stay usable by that user.
give_back_to_sudo_user() {
  if ((EUID == 0)) && [[ -n ${SUDO_UID-} && -e $1 && $(stat -c %u "$1/..") == "$SUDO_UID" ]]; then
    chown -R --no-dereference "$SUDO_UID:${SUDO_GID:-$SUDO_UID}" "$1"
  fi
}

# run_apart COMMAND...: as root, in pid, mount and network namespaces of its own with `lo` up, so that the host
# is not touched and nothing outlives it, whatever it starts. Its exit status is the command's; Ctrl-C ends it.
# The command is not process 1 there: that one reaps what is orphaned.
run_apart() {
  local pid status=0 name
  set -m # a job of its own: else bash would have it ignore SIGINT
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
