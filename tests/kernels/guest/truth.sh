# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154

# doctor's word, compared with deploys under load in the way that `auto` takes.
expect_truth() { # CHECK APP PORT
  local verdict exit handover lossless
  rolls doctor
  verdict=$("${as[@]}" rollctl doctor --json) && exit=0 || exit=$?
  handover=$(jq -r .handover <<<"$verdict") lossless=$(jq -r .lossless <<<"$verdict")
  expect "$1" "doctor says lossless: $lossless, and ends with $exit" \
    test "$lossless$exit" = true0 -o "$lossless$exit" = false1
  rolls check "$2"
  rolls deploy "$2" v0
  if ((status != 0)); then
    expect "$1" "the first deploy ended with $status, doctor says \"$handover\", lossless: $lossless" \
      test "$lossless" = false
    result none "$1" "nothing is deployed here"
    rolls stop "$2"
    return
  fi
  expect "$1" "the deploy takes $handover, as doctor says" grep -q "handover $handover" <<<"$output"
  begin_load "$3"
  await_load 100
  deploy_often 5 "$2"
  end_load
  expect "$1" "$failed of $sent requests failed, $bad of 5 deploys; doctor says lossless: $lossless" \
    test "$failed$bad" = 00 -o "$lossless" = false
  [[ $lossless == true ]] || expect "$1" "deploys work also where connections may be lost" test "$bad" = 0
  stop_app "$2"
}
