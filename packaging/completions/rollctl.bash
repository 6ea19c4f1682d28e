# SPDX-License-Identifier: MIT
# bash completion for rollctl(1). Commands and options are read from `rollctl --help`, so they are those of the
# rollctl that is installed.

# __rollctl_folder KIND: where this user's rollctl has its app files (config), journals (state) or logs (log).
__rollctl_folder() {
  local state=${ROLLCTL_STATE_DIR:-${XDG_STATE_HOME:-$HOME/.local/state}/rollctl}
  ((EUID == 0)) && state=${ROLLCTL_STATE_DIR:-/var/lib/rollctl}
  case $1 in
    state) printf '%s\n' "$state" ;;
    config)
      if ((EUID == 0)); then
        printf '%s\n' "${ROLLCTL_CONFIG_DIR:-/etc/rollctl}"
      else
        printf '%s\n' "${ROLLCTL_CONFIG_DIR:-${XDG_CONFIG_HOME:-$HOME/.config}/rollctl}"
      fi
      ;;
    log) # of the app in $2
      if [[ ${ROLLCTL_LOG_DIR-} ]]; then
        printf '%s\n' "$ROLLCTL_LOG_DIR/$2"
      elif ((EUID == 0)); then
        printf '%s\n' "/var/log/rollctl/$2"
      else
        printf '%s\n' "$state/$2/log"
      fi
      ;;
  esac
}

__rollctl_commands() {
  rollctl --help 2>/dev/null | sed -n '/^Subcommands:/,/^$/s/^  \([a-z][a-z]*\) .*/\1/p'
}

__rollctl_options() {
  rollctl "$1" --help 2>/dev/null | sed -n 's/^  \(-[^ ]*\).*/\1/p' | tr ',' '\n'
}

__rollctl_apps() {
  local file
  for file in "$(__rollctl_folder config)"/*.toml; do
    [[ -e $file ]] && file=${file##*/} && printf '%s\n' "${file%.toml}"
  done
  for file in "$(__rollctl_folder state)"/*/journal.jsonl; do
    [[ -e $file ]] && file=${file%/*} && printf '%s\n' "${file##*/}"
  done
}

# __rollctl_history APP KEY: that member of each change that was completed.
__rollctl_history() {
  rollctl history "$1" --json -n 1000 2>/dev/null | sed 's/},{/}\n{/g' |
    sed -n '/"outcome":"deployed"/s/.*"'"$2"'":"\{0,1\}\([^",}]*\).*/\1/p'
}

# The folders that stand where the app file says {release}, and what was deployed before.
__rollctl_releases() {
  local folder file
  file=$(__rollctl_folder config)/$1.toml
  [[ -r $file ]] && folder=$(sed -n 's/^[^#]*"\(\/[^"{]*\){release}.*/\1/p' "$file" | head -n 1)
  if [[ ${folder-} == */ ]]; then
    for file in "$folder"*/; do
      [[ -d $file ]] && file=${file%/} && printf '%s\n' "${file##*/}"
    done
  fi
  __rollctl_history "$1" release
}

__rollctl_instances() {
  local file
  for file in "$(__rollctl_folder log "$1")"/*.log; do
    [[ -e $file ]] && file=${file##*/} && printf '%s\n' "${file%.log}"
  done
}

# What may follow an option that takes a value; fails for any other.
__rollctl_values() {
  case $1 in
    --handover) printf '%s\n' auto steer migrate plain ;;
    --ready) printf '%s\n' http:/ https:/ tcp listen notify ;;
    -n | --instances) [[ $2 == deploy ]] && echo cpus ;;
    --batch) echo all ;;
    --to) __rollctl_history "$3" release ;;
    --to-generation) __rollctl_history "$3" generation ;;
    --instance) __rollctl_instances "$3" ;;
    --listen | --canary | --bake | --hold | --ready-deadline | --drain-deadline | --note) ;;
    *) return 1 ;;
  esac
  return 0
}

_rollctl() {
  local current=${COMP_WORDS[COMP_CWORD]} option='' verb='' positionals=() index word words
  # `--option=value` comes as three words.
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=${COMP_WORDS[index]}
    if [[ $word == -- ]]; then
      mapfile -t COMPREPLY < <(compgen -c -- "$current"; compgen -f -- "$current")
      return
    elif [[ $word == '=' ]]; then
      continue
    elif [[ $option ]]; then
      option=''
    elif [[ $word == -* ]]; then
      __rollctl_values "$word" '' '' >/dev/null && option=$word
    elif [[ ! $verb ]]; then
      verb=$word
    else
      positionals+=("$word")
    fi
  done
  [[ $current == '=' ]] && current=''

  if [[ $option ]]; then
    words=$(__rollctl_values "$option" "$verb" "${positionals[0]-}")
  elif [[ ! $verb ]]; then
    words=$(__rollctl_commands; printf '%s\n' --help --version)
  elif [[ $current == -* ]]; then
    words=$(__rollctl_options "$verb")
  elif ((${#positionals[@]} == 0)) && [[ $current == */* ]]; then
    mapfile -t COMPREPLY < <(compgen -f -X '!*.toml' -- "$current"; compgen -d -- "$current")
    return
  elif ((${#positionals[@]} == 0)); then
    [[ $verb == doctor ]] || words=$(__rollctl_apps)
  elif ((${#positionals[@]} == 1)); then
    case $verb in
      deploy) words=$(__rollctl_releases "${positionals[0]}") ;;
      scale) words=cpus ;;
    esac
  fi
  mapfile -t COMPREPLY < <(compgen -W "${words-}" -- "$current" | sort -u)
}

complete -F _rollctl rollctl
