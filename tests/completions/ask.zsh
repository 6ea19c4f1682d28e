#!/usr/bin/env zsh
# SPDX-License-Identifier: MIT
# Usage: ask.zsh FOLDER LINE: prints what zsh offers, with the functions of FOLDER, behind LINE when Tab is pressed.
# Completion works in a line editor alone, and that on a terminal alone: zpty makes one.
zmodload zsh/zpty
folder=$1 line=$2

# The inner shell writes every candidate that is about to be shown between two marks.
cat >$TMPDIR/inner.zsh <<'END'
PROMPT=
unsetopt zle_bracketed_paste prompt_cr 2>/dev/null
stty -onlcr -echo
fpath=($FOLDER $fpath)
autoload -Uz compinit && compinit -u -D
zstyle ':completion:*' list-separator ' -- '
compadd() {
  local -a offered
  # With -O, -A or -D it only sorts candidates for its caller.
  if [[ " ${(j: :)@[1,(i)(--|-)]}" == *\ -[a-zA-Z]#[OAD]\ * ]]; then
    builtin compadd "$@"
    return
  fi
  builtin compadd -A offered "$@"
  print -rn -l -- "${offered[@]/#/<offer>}" ''
  return 1
}
finished() {
  print -rn -- '<end>'
  exit
}
comppostfuncs=(finished)
bindkey '^I' complete-word
print -rn -- '<begin>'
END

TERM=dumb zpty inner "FOLDER=${(q)folder} zsh -f -i"
zpty -w inner "source $TMPDIR/inner.zsh"
said=
zpty -r -m inner said '*<begin>'
zpty -n -w inner "$line"$'\t'
zpty -r -m inner said '*<end>'
print -rl -- ${(M)${(f)said}:#*<offer>*} | sed 's/\r//g; s/.*<offer>//'
zpty -d inner
