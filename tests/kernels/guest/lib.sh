# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2001,SC2009,SC2034
# Helpers of the guest's sections. A verdict is a line "RESULT ok|FAIL|none CHECK: TEXT"; CHECK is a row of the table.
export LC_ALL=C PATH=/usr/bin:/usr/sbin:/bin:/sbin HOME=/root
kernel_complains='WARNING|BUG|Oops|stall|lockup|Call Trace|segfault|traps:|refcount|general protection|REG INVARIANTS'

result() { echo "RESULT $1 $2: ${*:3}"; }
# expect CHECK TEXT COMMAND...: ok where the command succeeds.
expect() { if "${@:3}"; then result ok "$1" "$2"; else result FAIL "$1" "$2"; fi; }
now_ms() { echo $((${EPOCHREALTIME/./} / 1000)); }

# as: what comes before each rollctl; empty for root.
as=()
# show COMMAND...: prints it, its output and its exit status; leaves these in $output and $status.
show() {
  local begin
  begin=$(now_ms)
  echo "\$ $*"
  output=$(timeout 240 "$@" 2>&1) && status=0 || status=$?
  [[ -z $output ]] || sed 's/^/    /' <<<"$output"
  echo "    [exit status $status, $(($(now_ms) - begin)) ms]"
}
rolls() { show "${as[@]}" rollctl "$@"; }

make_releases() {
  local release
  for release in v{0..40}; do
    mkdir -p "/srv/$release"
    ln -sf /usr/bin/roll-httpd "/srv/$release/web"
  done
  mkdir -p /srv/bad /srv/dies
  printf '#!/bin/sh\nexec /usr/bin/roll-httpd --ready-after 1h "$@"\n' >/srv/bad/web
  printf '#!/bin/sh\nexit 3\n' >/srv/dies/web
  chmod 755 /srv/bad/web /srv/dies/web
}

# The time limit of a probe is the default: what only a slow machine trips is a limit of the product.
app_file() { # PATH PORT
  cat >"$1" <<TOML
command   = ["/srv/{release}/web", "--listen", "{listen}", "--root", "/srv/www"]
listen    = ["127.0.0.1:$2"]
instances = 2
[ready]
kind = "http"
path = "/-/readyz"
deadline = "60s"
[drain]
deadline = "60s"
TOML
}

# Clients that never retry: commands on descriptor 8, reports on descriptor 9.
begin_load() { # PORT
  rm -f /tmp/load.{in,out}
  mkfifo /tmp/load.in /tmp/load.out
  roll-load --target "127.0.0.1:$1" --connect 4 --keepalive "${keepalive-8}" --think 40ms --path / --timeout 60s \
    --until-stdin-eof --json </tmp/load.in >/tmp/load.out 2>/tmp/load.err &
  load=$!
  exec 8>/tmp/load.in 9</tmp/load.out
}
# Until so many further requests have come to an end.
await_load() {
  echo "await $1" >&8
  read -r -t 180 books <&9 || { result FAIL load "$1 further requests did not come to an end in 180 s"; books='{}'; }
}
snapshot_load() { echo snapshot >&8; read -r -t 60 books <&9 || books='{}'; }
end_load() {
  echo stop >&8
  exec 8>&-
  report=$(timeout 180 cat <&9 | tail -n 1)
  exec 9<&-
  wait "$load" && load_status=$? || load_status=$?
  cat /tmp/load.err
  failed=$(jq .failed <<<"$report") sent=$(jq .sent <<<"$report")
  jq -c '{sent, answered, failed, outstanding, failures, releases: (.releases | length), p50: .latency_ms.p50,
    max: .latency_ms.max}' <<<"$report" | sed 's/^/    load: /'
  [[ $failed == 0 ]] || jq -c .first_failures <<<"$report" | head -c 1500
}
left_over() { ps -eo pid,user,comm,args | grep -E '[r]oll-(shim|httpd)'; }
stop_app() { # APP
  rolls stop "$1"
  ! left_over || result FAIL left-over "processes after \`rollctl stop\`"
}

# deploy_often COUNT APP OPTION...: v1, v2, … under load. Leaves how many failed in $bad.
deploy_often() {
  local count=$1 app=$2 i begin times=()
  shift 2
  bad=0
  for ((i = 1; i <= count; ++i)); do
    begin=$(now_ms)
    timeout 240 "${as[@]}" rollctl deploy "$app" "v$i" "$@" >/tmp/deploy.txt 2>&1 && status=0 || status=$?
    times+=($(($(now_ms) - begin)))
    if ((i == 1 || status != 0)); then
      sed 's/^/    /' /tmp/deploy.txt
      echo "    [exit status $status]"
    fi
    ((status == 0)) || ((++bad))
    await_load 60
  done
  echo "    $count deploys, $bad failed; ms: ${times[*]}"
}
