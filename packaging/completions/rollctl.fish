# SPDX-License-Identifier: MIT
# fish completion for rollctl(1). Commands and options are read from `rollctl --help`, so they are those of the
# rollctl that is installed.

# __rollctl_folder KIND [APP]: where this user's rollctl has its app files, journals, or logs of an app.
function __rollctl_folder
    set -l root (test (id -u) -eq 0; and echo yes)
    set -l config $ROLLCTL_CONFIG_DIR
    set -l state $ROLLCTL_STATE_DIR
    if test -z "$config"
        set config (test -n "$root"; and echo /etc/rollctl; or __rollctl_xdg "$XDG_CONFIG_HOME" .config)
    end
    if test -z "$state"
        set state (test -n "$root"; and echo /var/lib/rollctl; or __rollctl_xdg "$XDG_STATE_HOME" .local/state)
    end
    switch $argv[1]
        case config
            echo $config
        case state
            echo $state
        case log
            if test -n "$ROLLCTL_LOG_DIR"
                echo $ROLLCTL_LOG_DIR/$argv[2]
            else if test -n "$root"
                echo /var/log/rollctl/$argv[2]
            else
                echo $state/$argv[2]/log
            end
    end
end

function __rollctl_xdg
    test -n "$argv[1]"; and echo $argv[1]/rollctl; or echo $HOME/$argv[2]/rollctl
end

# One candidate a line, its description behind a tab.
function __rollctl_commands
    rollctl --help 2>/dev/null | sed -n '/^Subcommands:/,/^$/s/^  \([a-z][a-z]*\)  *\(.*\)/\1\t\2/p'
end

function __rollctl_options
    # The description of one that excludes another stands in the next line.
    rollctl $argv[1] --help 2>/dev/null | sed -n '/^  -.*[A-Z][a-z]*: -/{N;s/ [A-Z][a-z]*: -[^\n]*\n */  /;}
        s/^  \(-[^ ]*\).*  \([^ ].*\)/\1\t\2/p' | while read -d \t names text
        for name in (string split , -- $names)
            printf '%s\t%s\n' $name $text
        end
    end
end

function __rollctl_apps
    for file in (__rollctl_folder config)/*.toml
        string replace -r '\.toml$' '' -- (basename $file)
    end
    for file in (__rollctl_folder state)/*/journal.jsonl
        basename (dirname $file)
    end
end

# __rollctl_history APP MEMBER: of each completed change.
function __rollctl_history
    rollctl history $argv[1] --json -n 1000 2>/dev/null | sed 's/},{/}\n{/g' |
        sed -n '/"outcome":"deployed"/s/.*"'$argv[2]'":"\{0,1\}\([^",}]*\).*/\1/p'
end

# The folders that stand where the app file says {release}, and what was deployed before.
function __rollctl_releases
    set -l file (__rollctl_folder config)/$argv[1].toml
    if test -r $file
        set -l folder (sed -n 's/^[^#]*"\(\/[^"{]*\/\){release}.*/\1/p' $file | head -n 1)
        if test -n "$folder"
            for release in $folder*/
                basename $release
            end
        end
    end
    __rollctl_history $argv[1] release
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
        case --to
            __rollctl_history "$argv[3]" release
        case --to-generation
            __rollctl_history "$argv[3]" generation
        case --instance
            for file in (__rollctl_folder log $argv[3])/*.log
                string replace -r '\.log$' '' -- (basename $file)
            end
    end
end

function __rollctl_complete
    set -l takes_value --handover --ready -n --instances --batch --to --to-generation --instance --listen --canary \
        --bake --hold --ready-deadline --drain-deadline --note
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
            __fish_complete_suffix "$current" .toml
        else if test "$verb" != doctor
            __rollctl_apps
        end
    else if test (count $positionals) -eq 1
        switch $verb
            case deploy
                __rollctl_releases $positionals[1]
            case scale
                echo cpus
        end
    end
end

complete -c rollctl -f -a '(__rollctl_complete)'
