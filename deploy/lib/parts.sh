# The three servers: how each is configured, started and asked whether it is ready; sourced by deploy/local.
# A part is redis, mariadb, kafka1, kafka2 or kafka3. part_ready leaves in $REASON why not.
# shellcheck shell=bash

# Small and quick to start; a broker for tests never runs long enough to miss the better compiler. One that does is told
# KAFKA_JVM_PERFORMANCE_OPTS, as Kafka's own scripts are. Most of a start is loading classes: an archive of them, which
# install makes, halves it. A JVM that cannot use the archive goes without.
KAFKA_ARCHIVE=$KAFKA_JARS/classes.jsa
read -ra KAFKA_JVM <<<"${KAFKA_JVM_PERFORMANCE_OPTS:--XX:+UseSerialGC -XX:TieredStopAtLevel=1}"
KAFKA_JAVA=(java -Xmx384m "${KAFKA_JVM[@]}"
    "-Dlog4j2.configurationFile=$LIB/kafka-log4j2.properties" -cp "$KAFKA_JARS/*")
[[ ! -s $KAFKA_ARCHIVE ]] || KAFKA_JAVA+=(-Xlog:disable -Xlog:all=error:stderr "-XX:SharedArchiveFile=$KAFKA_ARCHIVE")
CLUSTER_ID=Zmxhc2hnYXRlLWxvY2FsMQ
REASON=

parts() {
    local broker
    echo redis
    echo mariadb
    for ((broker = 1; broker <= BROKERS; broker++)); do echo "kafka$broker"; done
}

part_ports() { # the names under ports/ that belong to a part
    echo "$1"
    [[ $1 != kafka* ]] || echo "$1-controller"
}

part_prepare() { "${1%%[0-9]*}_prepare" "$1"; }
part_start() { "${1%%[0-9]*}_start" "$1"; }

part_ready() {
    local pid
    if ! pid=$(part_pid "$1"); then
        REASON="not running"
    elif [[ $(process_state "$pid") == T ]]; then
        REASON="stopped (SIGSTOP)"
    elif port_free "$(port_of "$1")"; then
        REASON="not listening yet"
    else
        "${1%%[0-9]*}_ready" "$1"
        return
    fi
    return 1
}

# ---- redis ----

redis_prepare() {
    mkdir -p "$DIR/redis/passwords"
    # As shipped, but that everybody on this machine may do anything, too: people and tests look and break things.
    "$ROOT/deploy/redis/acl" "$DIR/redis/passwords" | sed '/^user default /s/.*/user default on nopass ~* \&* +@all/' \
        >"$DIR/redis/users.acl"
    cat >"$DIR/redis/redis.conf" <<END
aclfile "$DIR/redis/users.acl"
bind 127.0.0.1
port $(port_of redis)
dir "$DIR/redis"
daemonize no
save ""
appendonly yes
appendfsync $APPENDFSYNC
auto-aof-rewrite-min-size 4gb
maxmemory 2gb
maxmemory-policy noeviction
tcp-backlog 4096
enable-debug-command local
disable-thp no
END
}

# Its heap in huge pages (docs/adr/0010).
redis_start() { launch redis env MALLOC_CONF=thp:always redis-server "$DIR/redis/redis.conf"; }

redis_ready() {
    REASON=$(timeout 5 redis-cli -h 127.0.0.1 -p "$(port_of redis)" PING 2>&1) || REASON="no answer to PING"
    [[ $REASON == PONG ]]
}

# ---- mariadb ----

mariadb_socket() { cat "$DIR/mariadb/socket"; }

# A socket's path has at most 107 bytes; deep folders get one in the temporary folder.
mariadb_socket_choose() {
    local path=$DIR/mariadb/mariadb.sock
    [[ -s $DIR/mariadb/socket ]] && return 0
    ((${#path} <= 100)) || path=$(mktemp -d "${TMPDIR:-/tmp}/flash-XXXXXX")/mariadb.sock
    echo "$path" >"$DIR/mariadb/socket"
}

mariadb_configure() {
    cat >"$DIR/mariadb/my.cnf" <<END
[mariadbd]
datadir = $DIR/mariadb/data
tmpdir = $DIR/mariadb/tmp
socket = $(mariadb_socket)
pid-file = $DIR/mariadb/mariadbd.pid
port = $(port_of mariadb)
bind-address = 127.0.0.1
user = $(id -un)
skip-name-resolve = 1
max_connections = 300
max_allowed_packet = 64M
character-set-server = utf8mb4
collation-server = utf8mb4_bin
default-time-zone = +00:00
sql_mode = STRICT_ALL_TABLES,ONLY_FULL_GROUP_BY,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION
transaction-isolation = READ-COMMITTED
innodb_lock_wait_timeout = 5
innodb_buffer_pool_size = 512M
innodb_log_file_size = 256M
innodb_flush_log_at_trx_commit = 1
innodb_autoinc_lock_mode = 2
innodb_buffer_pool_dump_at_shutdown = 0
innodb_buffer_pool_load_at_startup = 0
log_bin = $DIR/mariadb/data/binlog
server_id = 1
binlog_format = ROW
sync_binlog = 1
expire_logs_days = 1
END
}

# The users: flash owns every database called flash…; root is for tests that must break things. Same password.
mariadb_users() {
    echo "FLUSH PRIVILEGES;" # without it the bootstrap has no grant tables to write to
    local host
    for host in localhost 127.0.0.1; do
        echo "CREATE USER flash@'$host' IDENTIFIED BY '$1';"
        echo "GRANT ALL PRIVILEGES ON \`flash%\`.* TO flash@'$host';"
        echo "GRANT PROCESS, CONNECTION ADMIN ON *.* TO flash@'$host';"
    done
    echo "CREATE USER IF NOT EXISTS root@'127.0.0.1' IDENTIFIED BY '$1';"
    echo "ALTER USER root@'127.0.0.1' IDENTIFIED BY '$1';"
    echo "ALTER USER root@localhost IDENTIFIED BY '$1';"
    echo "GRANT ALL PRIVILEGES ON *.* TO root@'127.0.0.1' WITH GRANT OPTION;"
    echo "CREATE DATABASE flashgate CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;"
}

# The daemons' own accounts, with the password of the others. Once for each schema: while it is done, an account is without rights.
mariadb_grants() {
    local name schema
    schema=$(cat "$ROOT"/deploy/sql/*.sql "$ROOT"/deploy/sql/grants/*.sql | sha256sum)
    [[ $(cat "$DIR/mariadb/granted" 2>/dev/null) != "$schema" ]] || return 0
    mkdir -p "$DIR/mariadb/passwords"
    for name in flash_consumer flash_reconciler flash_admin; do
        (umask 077 && cp "$DIR/mariadb/password" "$DIR/mariadb/passwords/$name")
    done
    # shellcheck disable=SC1091 # written by env_write
    REASON=$(set -a && source "$DIR/stack.env" && FLASH_MYSQL_USER=root "$ROOT/deploy/grants" \
        --passwords "$DIR/mariadb/passwords" 2>&1) && echo "$schema" >"$DIR/mariadb/granted"
}

mariadb_prepare() {
    local secret
    # A private temporary folder: a starting mariadbd deletes the temporary tables it finds in a shared one.
    mkdir -p "$DIR/mariadb/tmp"
    mariadb_socket_choose
    mariadb_configure
    [[ -d $DIR/mariadb/data ]] && return 0
    secret=$(head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n')
    (umask 077 && mariadb_users "$secret" >"$DIR/mariadb/users.sql" && echo "$secret" >"$DIR/mariadb/password")
    rm -rf "$DIR/mariadb/data.new"
    if ! TMPDIR=$DIR/mariadb/tmp mariadb-install-db --no-defaults --user="$(id -un)" --datadir="$DIR/mariadb/data.new" \
        --auth-root-authentication-method=normal --skip-test-db --skip-name-resolve \
        --extra-file="$DIR/mariadb/users.sql" </dev/null >"$DIR/log/mariadb-install.log" 2>&1; then
        REASON="mariadb-install-db failed: $(grep -i -m 4 error "$DIR/log/mariadb-install.log" | tr '\n' ' ')"
        return 1
    fi
    rm "$DIR/mariadb/users.sql"
    mv "$DIR/mariadb/data.new" "$DIR/mariadb/data"
}

mariadb_start() { launch mariadb mariadbd --defaults-file="$DIR/mariadb/my.cnf"; }

mariadb_ready() {
    MYSQL_PWD=$(cat "$DIR/mariadb/password") mariadb-admin --no-defaults --protocol=tcp --connect-timeout=5 \
        -h 127.0.0.1 -P "$(port_of mariadb)" -u flash ping >/dev/null 2>&1 && return 0
    REASON="no answer to mariadb-admin ping"
    return 1
}

# ---- kafka ----

kafka_quorum() {
    local broker voters=
    for ((broker = 1; broker <= BROKERS; broker++)); do
        voters+=,$broker@127.0.0.1:$(port_of "kafka$broker-controller")
    done
    echo "${voters#,}"
}

kafka_configure() {
    local part=$1 copies=1 in_sync=1 session=2000 heartbeat=500
    ((BROKERS == 1)) || { copies=3 in_sync=2 session=4000 heartbeat=1000; }
    cat >"$DIR/$part/server.properties" <<END
process.roles=broker,controller
node.id=${part#kafka}
controller.quorum.voters=$(kafka_quorum)
listeners=PLAINTEXT://127.0.0.1:$(port_of "$part"),CONTROLLER://127.0.0.1:$(port_of "$part-controller")
controller.listener.names=CONTROLLER
log.dirs=$DIR/$part/data
offsets.topic.num.partitions=1
offsets.topic.replication.factor=$copies
transaction.state.log.replication.factor=$copies
transaction.state.log.min.isr=$in_sync
share.coordinator.state.topic.replication.factor=$copies
share.coordinator.state.topic.min.isr=$in_sync
default.replication.factor=$copies
min.insync.replicas=$in_sync
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
broker.session.timeout.ms=$session
broker.heartbeat.interval.ms=$heartbeat
END
}

kafka_prepare() {
    local part=$1
    mkdir -p "$DIR/$part"
    kafka_configure "$part"
    [[ -f $DIR/$part/data/meta.properties ]] && return 0
    "${KAFKA_JAVA[@]}" kafka.tools.StorageTool format -t "$CLUSTER_ID" -c "$DIR/$part/server.properties" \
        </dev/null >"$DIR/log/$part-format.log" 2>&1 && return 0
    REASON="formatting failed: $(tail -n 3 "$DIR/log/$part-format.log" | tr '\n' ' ')"
    return 1
}

kafka_start() { launch "$1" "${KAFKA_JAVA[@]}" kafka.Kafka "$DIR/$1/server.properties"; }

# Leaves the archive of classes: a broker of its own starts, answers, and writes it when it stops.
kafka_archive() (
    DIR=$(mktemp -d "$CACHE/archive.XXXXXX") BROKERS=1
    trap 'part_stop kafka1 15; rm -rf "$DIR"' EXIT
    mkdir "$DIR"/{log,run,ports}
    ports_lock
    port_choose kafka1 && port_choose kafka1-controller
    KAFKA_JAVA+=("-XX:ArchiveClassesAtExit=$DIR/classes.jsa")
    kafka_prepare kafka1 && rm -f "$DIR/classes.jsa" && kafka_start kafka1 && wait_ready kafka1 "$READY_S" && part_stop kafka1 60 &&
        mv "$DIR/classes.jsa" "$KAFKA_ARCHIVE" && return
    say "no archive of Kafka's classes ($REASON): brokers start more slowly"
)

kafka_ready() {
    REASON=$(/usr/bin/python3 -I "$LIB/kafka_admin.py" ready "127.0.0.1:$(port_of "$1")" "${1#kafka}" 2>&1)
}

kafka_brokers() {
    local broker list=
    for ((broker = 1; broker <= BROKERS; broker++)); do list+=,127.0.0.1:$(port_of "kafka$broker"); done
    echo "${list#,}"
}

kafka_topics() {
    local -a orders=(message.timestamp.type=CreateTime message.timestamp.before.max.ms=25000
        message.timestamp.after.max.ms=5000 unclean.leader.election.enable=false cleanup.policy=delete
        retention.ms=604800000 max.message.bytes=2097152)
    local -a admin=(/usr/bin/python3 -I "$LIB/kafka_admin.py" create "$(kafka_brokers)" --brokers "$BROKERS")
    local -a dead=(unclean.leader.election.enable=false cleanup.policy=delete retention.ms=-1
        max.message.bytes=2097152)
    ((BROKERS == 1)) || orders+=(min.insync.replicas=2) dead+=(min.insync.replicas=2)
    REASON=$("${admin[@]}" flash.orders 8 "${orders[@]}" 2>&1) &&
        REASON=$("${admin[@]}" flash.dead 1 "${dead[@]}" 2>&1)
}
