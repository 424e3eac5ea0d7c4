# Processes and ports of a stack; sourced by deploy/local. $DIR is the stack's folder.
#
# $DIR/run/PART.pid holds "pid start-time boot-id": a number the kernel gave to somebody else since is never signalled.
# $DIR/ports/NAME holds one port, chosen at the first start and kept.
# shellcheck shell=bash

# Below the kernel's range for outgoing connections, so nobody is given one of ours by chance.
PORT_FIRST=20000
PORT_COUNT=12000
CACHE=${FLASH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/flashgate} # what a user's stacks share

process_start_time() { # PID; empty if there is none
    local stat
    { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 0
    read -r -a stat <<<"${stat##*) }"
    echo "${stat[19]}"
}

process_state() { # PID: R, S, T, Z, …
    local stat
    { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 0
    stat=${stat##*) }
    echo "${stat%% *}"
}

boot_id() { cat /proc/sys/kernel/random/boot_id; }

# Prints the pid of a part that runs; fails if it does not.
part_pid() {
    local pid start boot state
    { read -r pid start boot <"$DIR/run/$1.pid"; } 2>/dev/null || return 1
    [[ $boot == "$(boot_id)" && -n $start && $(process_start_time "$pid") == "$start" ]] || return 1
    state=$(process_state "$pid") # empty: gone since
    [[ -n $state && $state != Z ]] || return 1
    echo "$pid"
}

# Starts a daemon that outlives this script and holds none of its files: launch PART COMMAND...
launch() {
    local part=$1 pid
    shift
    setsid "$@" </dev/null >>"$DIR/log/$part.log" 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &
    pid=$!
    disown "$pid"
    echo "$pid $(process_start_time "$pid") $(boot_id)" >"$DIR/run/$part.pid.new"
    mv "$DIR/run/$part.pid.new" "$DIR/run/$part.pid"
}

part_signal() { # PART SIGNAL; fails if the part does not run
    local pid
    pid=$(part_pid "$1") || return 1
    kill -s "$2" "$pid" 2>/dev/null
}

wait_gone() { # PART SECONDS
    local end=$((SECONDS + $2))
    while part_pid "$1" >/dev/null; do
        ((SECONDS < end)) || return 1
        sleep 0.05
    done
}

# TERM, then KILL when it has not gone in time. A frozen process must be thawed to hear TERM.
part_stop() { # PART SECONDS
    part_signal "$1" TERM || return 0
    part_signal "$1" CONT || true
    wait_gone "$1" "$2" && return 0
    [[ $1 == kafka* ]] || say "$1 did not stop in $2 s: killing it"
    part_kill "$1"
}

# Stops these parts at the same time. Of three brokers the last finds no quorum to take its leave from and would
# wait long; by then it has closed its logs.
parts_stop() {
    local part job
    local -a jobs=()
    for part in "$@"; do
        if [[ $part == kafka* && $BROKERS != 1 && $# != 1 ]]; then part_stop "$part" 4; else part_stop "$part" 15; fi &
        jobs+=($!)
    done
    for job in "${jobs[@]}"; do wait "$job"; done
}

part_kill() {
    part_signal "$1" KILL || return 0
    wait_gone "$1" 15 || fail "$1 does not die"
}

port_free() {
    if { : <>"/dev/tcp/127.0.0.1/$1"; } 2>/dev/null; then return 1; fi
}

port_of() { cat "$DIR/ports/$1"; }

# Whether another stack of this user has the port, also while nobody listens there: its part may be about to come back.
# $CACHE/ports/PORT names the stack that chose it last; one that is gone has no ports.
port_reserved() {
    local other
    other=$(cat "$CACHE/ports/$1" 2>/dev/null) || return 1
    [[ $other != "$DIR" ]] && grep -qsx "$1" "$other"/ports/*
}

# Gives NAME a port unless it has one.
port_choose() {
    [[ -s $DIR/ports/$1 ]] && return 0
    local port
    for _ in {1..200}; do
        port=$((PORT_FIRST + SRANDOM % PORT_COUNT))
        if ! grep -qsx "$port" "$DIR"/ports/* && ! port_reserved "$port" && port_free "$port"; then
            echo "$port" >"$DIR/ports/$1"
            mkdir -p "$CACHE/ports"
            echo "$DIR" >"$CACHE/ports/$port"
            return 0
        fi
    done
    fail "found no free port"
}

# Whether a part failed because somebody took its port since it was chosen.
port_was_taken() {
    tail -n 60 "$DIR/log/$1.log" 2>/dev/null |
        grep -qiE 'address already in use|bindexception|another mysqld server running on port'
}

# Asks until the part answers: wait_ready PART SECONDS. On failure the reason is in $REASON.
wait_ready() {
    local end=$((SECONDS + $2))
    until part_ready "$1"; do
        if ! part_pid "$1" >/dev/null; then
            REASON="it exited; the end of log/$1.log: $(tail -n 3 "$DIR/log/$1.log" | tr '\n' ' ')"
            return 1
        fi
        ((SECONDS < end)) || return 1
        sleep 0.05
    done
}
