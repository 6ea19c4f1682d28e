# SPDX-License-Identifier: MIT
# Sourced by the scripts that show a newcomer what they are doing: one line per step, and of a step that
# fails the end of its log. No colours, so that it reads the same on a terminal, in a pipe and in a CI log.

# shellcheck shell=bash

say() { printf '%s\n' "$*"; }
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
