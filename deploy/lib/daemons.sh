# Flashgate's own daemons beside a private stack: configuration, start, readiness, stop; sourced by deploy/demo and
# deploy/daemons. $DIR is a folder of its own, the stack is in $DIR/stack, $BUILD has the programs.
#
# Each daemon reads a file of its own, $DIR/NAME.conf: its account in the ledger is its own, and flash-engine has none.
# $DIR/flashgate.conf has the same for the verbs and for people. Their secrets are why only their owner may read them.
# shellcheck shell=bash

DAEMONS=(engine consumer reconciler admin)
REASON=

# process.sh has launch, part_pid, part_stop, port_choose, wait_ready; it asks for part_ready below.
# shellcheck source=deploy/lib/process.sh
source "$ROOT/deploy/lib/process.sh"

daemon_ops_port() { # the listener with /readyz and /metrics
    if [[ $1 == engine ]]; then port_of engine-internal; else port_of "$1"; fi
}

part_ready() {
    local answer
    answer=$(curl -s -m 2 "http://127.0.0.1:$(daemon_ops_port "$1")/readyz") || {
        REASON="flash-$1 does not answer on port $(daemon_ops_port "$1")"
        return 1
    }
    REASON="flash-$1 is not ready: $answer"
    [[ $answer == '{"ready":true'* ]]
}

# What a caller's environment says must not reach the daemons: the file alone counts.
environment_clear() {
    local name
    for name in "${!FLASH_@}"; do
        [[ $name == FLASH_CACHE ]] || unset "$name"
    done
}

stack_up() {
    local said
    said=$("$ROOT/deploy/local" up --dir "$DIR/stack" 2>&1) || fail "the stack does not start: $said"
    eval "$("$ROOT/deploy/local" env --dir "$DIR/stack")"
}

key_make() {
    [[ -s $DIR/key ]] || (umask 077 && head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$DIR/key")
}

# A port that somebody else has by now is given up for another.
port_renew() {
    if [[ -s $DIR/ports/$1 ]] && ! port_free "$(port_of "$1")"; then rm "$DIR/ports/$1"; fi
    port_choose "$1"
}

# daemons_configure [SECTION.KEY=VALUE...]: the file anew, with free ports, the stack's endpoints and these settings.
daemons_configure() {
    local name
    mkdir -p "$DIR"/{log,run,ports}
    key_make
    for name in "${DAEMONS[@]}" engine-internal; do
        if ! part_pid "${name%-internal}" >/dev/null; then port_renew "$name"; fi
    done
    (umask 077 && daemons_settings "$@" | settings_to_ini >"$DIR/flashgate.conf")
    for name in "${DAEMONS[@]}"; do
        (umask 077 && daemons_settings "$@" | settings_of "$name" | settings_to_ini >"$DIR/$name.conf")
    done
}

daemons_settings() {
    cat <<END
auth.key_1=@$DIR/key
redis.host=$FLASH_REDIS_HOST
redis.port=$FLASH_REDIS_PORT
kafka.brokers=$FLASH_KAFKA_BROKERS
mysql.host=$FLASH_MYSQL_HOST
mysql.port=$FLASH_MYSQL_PORT
mysql.user=$FLASH_MYSQL_USER
mysql.password=$FLASH_MYSQL_PASSWORD
mysql.database=$FLASH_MYSQL_DATABASE
engine.listen=127.0.0.1:$(port_of engine)
engine.internal_listen=127.0.0.1:$(port_of engine-internal)
consumer.listen=127.0.0.1:$(port_of consumer)
reconciler.listen=127.0.0.1:$(port_of reconciler)
admin.listen=127.0.0.1:$(port_of admin)
END
    (($# == 0)) || printf '%s\n' "$@"
}

# The settings as NAME is to have them: with its own account, or without the ledger.
settings_of() { # NAME
    if [[ $1 == engine ]]; then
        grep -v '^mysql\.'
    else
        sed "s/^mysql\.user=flash\$/mysql.user=flash_$1/"
    fi
}

# section.key=value lines, in any order, to an INI file; the last value of a key counts.
settings_to_ini() {
    awk '{ at = index($0, "="); name = substr($0, 1, at - 1); value[name] = substr($0, at + 1)
           match(name, /^kafka\.(producer|consumer)\./) || match(name, /^[^.]*\./); section = substr(name, 1, RLENGTH - 1)
           if (!(name in seen)) { seen[name] = 1; keys[section] = keys[section] " " name } }
         END { for (section in keys) { print "[" section "]"; n = split(keys[section], list, " ")
                   for (i = 1; i <= n; i++) print substr(list[i], length(section) + 2) " = " value[list[i]] } }'
}

daemon_start() { # NAME
    local program=$BUILD/$1/flash-$1
    local -a verb=()
    [[ $1 != reconciler ]] || verb=(run)
    [[ -x $program ]] || fail "$program is not built"
    : >"$DIR/log/$1.log"
    (environment_clear && export FLASH_REDIS_USER=flash-$1 FLASH_REDIS_PASSWORD=@$DIR/stack/redis/passwords/$1 &&
        launch "$1" "$program" "${verb[@]}" --config "$DIR/$1.conf")
}

# Starts these daemons and returns when each says it is ready.
daemons_start() {
    local name
    for name in "$@"; do daemon_start "$name"; done
    for name in "$@"; do
        wait_ready "$name" 20 || daemon_failed "$name"
    done
}

daemon_failed() {
    if part_pid "$1" >/dev/null; then say "$REASON"; else say "flash-$1 has exited"; fi
    say "the end of $DIR/log/$1.log:"
    tail -n 8 "$DIR/log/$1.log" >&2
    exit 1
}

# The engine first: what it accepted still flows. Frees nothing of the stack.
daemons_stop() {
    local name
    [[ -d $DIR/run ]] || return 0
    for name in "${DAEMONS[@]}"; do part_stop "$name" 15; done
}
