# SPDX-License-Identifier: MIT
# bash completion for rollctl(1). Commands and options come from `rollctl --help` of the installed rollctl; apps,
# releases and other names from `rollctl complete`, which omits every name with a character special to a shell.
#
# Bash inserts COMPREPLY without quoting, except for files (`filenames`). Nothing here evaluates text: no
# `compgen -W`, no eval.

__rollctl_commands() {
  rollctl --help 2>/dev/null | sed -n '/^Subcommands:/,/^$/s/^  \([a-z][a-z]*\) .*/\1/p'
}

__rollctl_options() {
  rollctl "$1" --help 2>/dev/null | sed -n 's/^  \(-[^ ]*\).*/\1/p' | tr ',' '\n'
}

__rollctl_takes_value() {
  case $1 in
    --handover | --ready | -n | --instances | --batch | --to | --to-generation | --instance | --listen) ;;
    --canary | --bake | --hold | --ready-deadline | --drain-deadline | --note | --wait-lock | --since | --until | --release) ;;
    *) return 1 ;;
  esac
}

# __rollctl_values OPTION COMMAND APP PREFIX: the values of an option.
__rollctl_values() {
  case $1 in
    --handover) printf '%s\n' auto steer migrate plain ;;
    --ready) printf '%s\n' http:/ https:/ tcp listen notify ;;
    -n | --instances) [[ $2 == deploy ]] && echo cpus ;;
    --batch) echo all ;;
    --to | --release) rollctl complete deployed "$3" "$4" 2>/dev/null ;;
    --to-generation) rollctl complete generations "$3" "$4" 2>/dev/null ;;
    --instance) rollctl complete instances "$3" "$4" 2>/dev/null ;;
  esac
}

# Offers the lines that start with $1.
__rollctl_offer() {
  local word
  while IFS= read -r word; do
    [[ $word == "$1"* ]] && COMPREPLY+=("$word")
  done
}

# Offers files. Omits names that contain a newline: their lines are not files.
__rollctl_offer_files() {
  local file
  compopt -o filenames 2>/dev/null
  while IFS= read -r file; do
    [[ -e $file || $file == '~'* ]] && COMPREPLY+=("$file")
  done
}

_rollctl() {
  local current=${COMP_WORDS[COMP_CWORD]} option='' verb='' positionals=() index word
  # Bash splits `--option=value` into three words.
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=${COMP_WORDS[index]}
    if [[ $word == -- ]]; then
      __rollctl_offer_files < <(compgen -f -- "$current")
      [[ $current == */* ]] || __rollctl_offer "$current" < <(compgen -c -- "$current")
      return
    elif [[ $word == '=' ]]; then
      continue
    elif [[ $option ]]; then
      option=''
    elif [[ $word == -* ]]; then
      __rollctl_takes_value "$word" && option=$word
    elif [[ ! $verb ]]; then
      verb=$word
    else
      positionals+=("$word")
    fi
  done
  [[ $current == '=' ]] && current=''

  if [[ $option ]]; then
    __rollctl_offer "$current" < <(__rollctl_values "$option" "$verb" "${positionals[0]-}" "$current")
  elif [[ ! $verb ]]; then
    __rollctl_offer "$current" < <(__rollctl_commands; printf '%s\n' --help --version)
  elif [[ $current == -* ]]; then
    __rollctl_offer "$current" < <(__rollctl_options "$verb")
  elif ((${#positionals[@]} == 0)) && [[ $current == */* ]]; then
    __rollctl_offer_files < <(compgen -f -X '!*.toml' -- "$current"; compgen -d -- "$current")
  elif ((${#positionals[@]} == 0)); then
    [[ $verb == doctor ]] || __rollctl_offer "$current" < <(rollctl complete apps "" "$current" 2>/dev/null)
  elif ((${#positionals[@]} == 1)); then
    case $verb in
      deploy | diff | run) __rollctl_offer "$current" < <(rollctl complete releases "${positionals[0]}" "$current" 2>/dev/null) ;;
      history) __rollctl_offer "$current" < <(rollctl complete generations "${positionals[0]}" "$current" 2>/dev/null) ;;
      canary) __rollctl_offer "$current" < <(printf '%s\n' 0% 1% 10% 25% 50%) ;;
      scale) __rollctl_offer "$current" <<<cpus ;;
    esac
  fi
}

complete -F _rollctl rollctl
