# SPDX-License-Identifier: MIT
# fish completion for rollctl(1). Commands and options come from `rollctl --help` of the installed rollctl.

# One candidate per line, with its description after a tab.
function __rollctl_commands
    rollctl --help 2>/dev/null | sed -n '/^Subcommands:/,/^$/s/^  \([a-z][a-z]*\)  *\(.*\)/\1\t\2/p'
end

function __rollctl_options
    # For an option that excludes another, CLI11 prints the description on the next line.
    rollctl $argv[1] --help 2>/dev/null | sed -n '/^  -.*[A-Z][a-z]*: -/{N;s/ [A-Z][a-z]*: -[^\n]*\n */  /;}
        s/^  \(-[^ ]*\).*  \([^ ].*\)/\1\t\2/p' | while read -d \t names text
        for name in (string split , -- $names)
            printf '%s\t%s\n' $name $text
        end
    end
end

# __rollctl_candidates KIND [APP]: the words of `rollctl complete`, which omits every name with a character special
# to a shell. If there are too many, it prints only those with the typed prefix.
function __rollctl_candidates
    rollctl complete $argv[1] "$argv[2]" (commandline -ct | string replace -r '^--[a-z-]+=' '') 2>/dev/null
end

function __rollctl_values
    switch $argv[1]
        case --handover
            printf '%s\n' auto steer migrate plain
        case --ready
            printf '%s\n' http:/ https:/ tcp listen notify
        case -n --instances
            test "$argv[2]" = deploy; and echo cpus
        case --batch
            echo all
        case --to --release
            __rollctl_candidates deployed "$argv[3]"
        case --to-generation
            __rollctl_candidates generations "$argv[3]"
        case --instance
            __rollctl_candidates instances "$argv[3]"
    end
end

# Omits names that contain a newline or a tab: their pieces are not files.
function __rollctl_app_files
    for line in (__fish_complete_suffix $argv[1] .toml)
        set -l file (string split -m 1 \t -- $line)[1]
        if string match -q '~*' -- $file; or test -e "$file"
            echo $file
        end
    end
end

function __rollctl_complete
    set -l takes_value --handover --ready -n --instances --batch --to --to-generation --instance --listen --canary \
        --bake --hold --ready-deadline --drain-deadline --note --wait-lock --since --until --release
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l verb
    set -l option
    set -l positionals
    for word in $words[2..-1]
        if test "$word" = --
            __fish_complete_subcommand --fcs-skip=(math (contains -i -- -- $words))
            return
        else if test -n "$option"
            set option
        else if string match -q -- '-*' $word
            contains -- $word $takes_value; and set option $word
        else if test -z "$verb"
            set verb $word
        else
            set -a positionals $word
        end
    end

    if test -n "$option"
        __rollctl_values $option "$verb" $positionals[1]
    else if set -l given (string match -r -- '^(--[a-z-]+)=' "$current")
        for value in (__rollctl_values $given[2] "$verb" $positionals[1])
            echo $given[2]=$value
        end
    else if test -z "$verb"
        __rollctl_commands
        printf '%s\t%s\n' --help 'print the commands' --version 'print the version'
    else if string match -q -- '-*' "$current"
        __rollctl_options $verb
    else if test (count $positionals) -eq 0
        if string match -q -- '*/*' "$current"
            __rollctl_app_files "$current"
        else if test "$verb" != doctor
            __rollctl_candidates apps
        end
    else if test (count $positionals) -eq 1
        switch $verb
            case deploy diff run
                __rollctl_candidates releases $positionals[1]
            case history
                __rollctl_candidates generations $positionals[1]
            case canary
                printf '%s\n' 0% 1% 10% 25% 50%
            case scale
                echo cpus
        end
    end
end

complete -c rollctl -f -a '(__rollctl_complete)'
