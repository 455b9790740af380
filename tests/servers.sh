#!/usr/bin/env bash
# Private RabbitMQ and PostgreSQL servers for the tests. Sourced by `tests/run` and by the control scripts.
#
#   servers_start   Starts both in the folder $1 and exports AMQP_URL, DATABASE_URL, CONVENE_TEST_CONTROL and
#                   CONVENE_TEST_TLS.
#   servers_stop    Stops both and all they started; the folder stays. Safe to call at any time, and twice.
#   servers_logs    Prints the end of both logs.
#
# CONVENE_TEST_CONTROL is a folder of commands with which a test can pull a plug and put it back:
#   rabbit-start, postgres-start   Returns once the server answers on its port; at once if it runs already.
#   rabbit-stop, postgres-stop     Stops it as an operator would.
#   rabbit-kill, postgres-kill     Ends every process of it with SIGKILL, as a power cut would.
#   rabbitmqctl ARGUMENTS          Talks to this broker.
# Ports and data survive a stop or a kill, so AMQP_URL and DATABASE_URL hold for the whole run.
#
# Both take encrypted connections too. CONVENE_TEST_TLS is a folder that holds what a client needs for them: `ca.pem`, the
# authority that signed their certificate; `other.pem`, one that did not; `amqps-port`. PostgreSQL has one port for all.
#
# PostgreSQL refuses to run as root and RabbitMQ should not, so for root they run as `postgres` and `rabbitmq`, the
# users their packages made. They listen on 127.0.0.1 alone.

# How long a server may take to answer, and to stop before it is killed. Generous: small machines share their cores.
SERVERS_START_S_MAX=90
SERVERS_STOP_S_MAX=30
# Free ports can be taken between the look and the use.
SERVERS_PORT_ATTEMPTS=5

servers_start() {
    SERVERS_DIR=$1
    SERVERS_POSTGRES_BIN=$(servers_postgres_bin) || return 1
    # The servers' users must be able to read their settings, whatever the caller's habit.
    umask 022
    chmod 755 "$SERVERS_DIR"
    servers_write_control || return 1
    servers_certify || return 1
    servers_rabbit_prepare && servers_postgres_prepare || return 1
    servers_try rabbit || return 1
    servers_try postgres || return 1
    servers_postgres_database || return 1
    servers_load "$SERVERS_DIR"
    export AMQP_URL="amqp://guest:guest@127.0.0.1:$RABBIT_PORT/%2f"
    # Encrypted where a test asks for it: what is measured would be something else.
    export DATABASE_URL="postgres://convene:$POSTGRES_PASSWORD@127.0.0.1:$POSTGRES_PORT/convene?sslmode=disable"
    export CONVENE_TEST_CONTROL="$SERVERS_DIR/control" CONVENE_TEST_TLS="$SERVERS_DIR/tls"
}

servers_stop() {
    [[ -n ${SERVERS_DIR:-} && -d $SERVERS_DIR ]] || return 0
    servers_load "$SERVERS_DIR"
    postgres_stop
    servers_postgres_unlock
    rabbit_stop
    servers_end epmd KILL 0
}

servers_logs() {
    local log
    for log in "$SERVERS_DIR"/rabbit/log/rabbit.log "$SERVERS_DIR"/{rabbit,postgres}.out; do
        [[ -s $log ]] || continue
        printf '\n-- end of %s\n' "${log#"$SERVERS_DIR"/}"
        tail -n 40 "$log"
    done
}

# The commands of CONVENE_TEST_CONTROL.

rabbit_start() {
    servers_alive rabbit && return 0
    # Erlang's name server, on a port of our own and in the foreground: left alone the broker starts a shared one
    # that outlives it.
    servers_alive epmd || servers_spawn epmd rabbitmq epmd -port "$RABBIT_EPMD_PORT" -address 127.0.0.1
    servers_await epmd servers_port_open "$RABBIT_EPMD_PORT" || return 1
    servers_spawn rabbit rabbitmq env "${SERVERS_RABBIT_ENV[@]}" /usr/lib/rabbitmq/bin/rabbitmq-server
    servers_await rabbit servers_rabbit_answers
}
rabbit_stop() { servers_end rabbit TERM "$SERVERS_STOP_S_MAX"; }
rabbit_kill() { servers_end rabbit KILL 0; }

postgres_start() {
    servers_alive postgres && return 0
    servers_spawn postgres postgres "$SERVERS_POSTGRES_BIN/postgres" -D "$SERVERS_DIR/postgres/data"
    servers_await postgres servers_postgres_answers
}
# SIGINT is the "fast" stop: sessions are closed, committed work is flushed.
postgres_stop() { servers_end postgres INT "$SERVERS_STOP_S_MAX"; }
postgres_kill() {
    servers_end postgres KILL 0
    servers_postgres_unlock
}

rabbitmqctl() { servers_as rabbitmq env "${SERVERS_RABBIT_ENV[@]}" /usr/lib/rabbitmq/bin/rabbitmqctl "$@"; }

servers_write_control() {
    local name verb
    mkdir -p "$SERVERS_DIR/control"
    for name in rabbit postgres; do
        for verb in start stop kill; do servers_write_command "$name-$verb" "${name}_$verb"; done
    done
    servers_write_command rabbitmqctl 'rabbitmqctl "$@"'
}

servers_write_command() {
    local file="$SERVERS_DIR/control/$1"
    printf '#!/usr/bin/env bash\nset -u\nsource %q\nservers_load %q\n%s\n' \
        "$(realpath "${BASH_SOURCE[0]}")" "$SERVERS_DIR" "$2" >"$file"
    chmod 755 "$file"
}

# Reads what `servers_start` decided: ports, password, where PostgreSQL is.
servers_load() {
    SERVERS_DIR=$1
    local home="$SERVERS_DIR/rabbit" loopback='-kernel inet_dist_use_interface {127,0,0,1}'
    local setting
    # shellcheck disable=SC1090
    for setting in "$SERVERS_DIR"/*.settings; do [[ -f $setting ]] && source "$setting"; done
    # What the caller's environment or the machine's /etc/rabbitmq says of another broker must not reach this one.
    SERVERS_RABBIT_ENV=(-u NOTIFY_SOCKET)
    for setting in $(compgen -e | grep -E '^(RABBITMQ|ERL)_' || true); do SERVERS_RABBIT_ENV+=(-u "$setting"); done
    SERVERS_RABBIT_ENV+=(
        HOME="$home" LC_ALL=C.UTF-8
        RABBITMQ_CONF_ENV_FILE="$home/environment" RABBITMQ_CONFIG_FILE="$home/rabbitmq.conf"
        RABBITMQ_CONFIG_FILES="$home/no-more-files" RABBITMQ_ADVANCED_CONFIG_FILE="$home/advanced.config"
        RABBITMQ_ENABLED_PLUGINS_FILE="$home/enabled_plugins" RABBITMQ_MNESIA_BASE="$home/data"
        RABBITMQ_GENERATED_CONFIG_DIR="$home/generated" RABBITMQ_SCHEMA_DIR="$home/schema"
        RABBITMQ_LOG_BASE="$home/log" RABBITMQ_LOGS="$home/log/rabbit.log" RABBITMQ_PID_FILE="$home/pid"
        RABBITMQ_NODENAME=convene-test@localhost RABBITMQ_DIST_PORT="${RABBIT_DIST_PORT:-}"
        ERL_EPMD_PORT="${RABBIT_EPMD_PORT:-}" ERL_EPMD_ADDRESS=127.0.0.1 ERL_AFLAGS="$loopback"
        # Makes the start script become the broker, so that the pid we know is the broker's own.
        RUNNING_UNDER_SYSTEMD=true
    )
}

# Preparing.

# An authority for this run, and a certificate of it for this machine.
servers_certify() {
    local tls="$SERVERS_DIR/tls"
    local -a key=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30)
    mkdir -p "$tls"
    {
        openssl req -x509 "${key[@]}" -subj '/CN=convene tests' -keyout "$tls/ca.key" -out "$tls/ca.pem" &&
            openssl req -x509 "${key[@]}" -subj '/CN=somebody else' -keyout "$tls/other.key" -out "$tls/other.pem" &&
            openssl req "${key[@]}" -subj '/CN=localhost' -keyout "$tls/server.key" -out "$tls/server.csr" &&
            printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\n' >"$tls/server.names" &&
            openssl x509 -req -in "$tls/server.csr" -CA "$tls/ca.pem" -CAkey "$tls/ca.key" -CAcreateserial -days 30 \
                -extfile "$tls/server.names" -out "$tls/server.pem"
    } >"$SERVERS_DIR/openssl.out" 2>&1 || { cat "$SERVERS_DIR/openssl.out" >&2; return 1; }
}

# The certificate for server $1, in folder $2: its key must be its own.
servers_give_certificate() {
    cp "$SERVERS_DIR"/tls/{ca,server}.pem "$SERVERS_DIR/tls/server.key" "$2" && chmod 600 "$2/server.key" &&
        servers_own "$1" "$2"
}

servers_rabbit_prepare() {
    local home="$SERVERS_DIR/rabbit"
    mkdir -p "$home/log" "$home/data"
    : >"$home/environment"
    printf '[].\n' >"$home/advanced.config"
    printf '[rabbitmq_sharding].\n' >"$home/enabled_plugins"
    servers_give_certificate rabbitmq "$home"
}

# Sizes are absolute: a share of the memory would block publishers on a small machine and hide a leak on a large one.
servers_rabbit_configure() {
    local home="$SERVERS_DIR/rabbit"
    RABBIT_PORT=$(servers_free_port) && RABBIT_DIST_PORT=$(servers_free_port) &&
        RABBIT_EPMD_PORT=$(servers_free_port) && RABBIT_TLS_PORT=$(servers_free_port) || return 1
    printf '%s\n' "$RABBIT_TLS_PORT" >"$SERVERS_DIR/tls/amqps-port"
    printf '%s\n' "RABBIT_PORT=$RABBIT_PORT" "RABBIT_DIST_PORT=$RABBIT_DIST_PORT" \
        "RABBIT_EPMD_PORT=$RABBIT_EPMD_PORT" >"$SERVERS_DIR/rabbit.settings"
    printf '%s\n' "listeners.tcp.1 = 127.0.0.1:$RABBIT_PORT" 'log.file.level = info' 'log.console = false' \
        'vm_memory_high_watermark.absolute = 1GB' 'disk_free_limit.absolute = 50MB' \
        "listeners.ssl.1 = 127.0.0.1:$RABBIT_TLS_PORT" "ssl_options.cacertfile = $home/ca.pem" \
        "ssl_options.certfile = $home/server.pem" "ssl_options.keyfile = $home/server.key" \
        >"$home/rabbitmq.conf"
}

servers_postgres_prepare() {
    local home="$SERVERS_DIR/postgres"
    mkdir -p "$home"
    POSTGRES_PASSWORD=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    (umask 077 && printf '%s\n' "$POSTGRES_PASSWORD" >"$home/password")
    servers_own postgres "$home"
    servers_as postgres "$SERVERS_POSTGRES_BIN/initdb" -D "$home/data" -U convene --pwfile="$home/password" \
        --auth=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 >"$SERVERS_DIR/initdb.out" 2>&1 ||
        { cat "$SERVERS_DIR/initdb.out" >&2; return 1; }
    servers_give_certificate postgres "$home"
}

# `fsync` stays on: what a commit promises is part of what the tests test.
servers_postgres_configure() {
    POSTGRES_PORT=$(servers_free_port) || return 1
    (umask 077 && printf '%s\n' "POSTGRES_PORT=$POSTGRES_PORT" "POSTGRES_PASSWORD=$POSTGRES_PASSWORD" \
        "SERVERS_POSTGRES_BIN=$SERVERS_POSTGRES_BIN" >"$SERVERS_DIR/postgres.settings")
    # Shared memory in files of the data folder: in /dev/shm it would outlive a kill.
    printf '%s\n' "port = $POSTGRES_PORT" "listen_addresses = '127.0.0.1'" \
        "unix_socket_directories = '$SERVERS_DIR/postgres'" 'max_connections = 100' \
        'dynamic_shared_memory_type = mmap' 'ssl = on' "ssl_ca_file = '$SERVERS_DIR/postgres/ca.pem'" \
        "ssl_cert_file = '$SERVERS_DIR/postgres/server.pem'" "ssl_key_file = '$SERVERS_DIR/postgres/server.key'" >>"$SERVERS_DIR/postgres/data/postgresql.conf"
}

servers_postgres_database() {
    PGPASSWORD=$POSTGRES_PASSWORD \
        "$SERVERS_POSTGRES_BIN/createdb" -h 127.0.0.1 -p "$POSTGRES_PORT" -U convene convene
}

# The newest installed PostgreSQL; its server programs are not on the PATH of Debian.
servers_postgres_bin() {
    local bin newest=''
    for bin in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V); do [[ -x $bin/initdb ]] && newest=$bin; done
    [[ -n $newest ]] || { echo 'no PostgreSQL server under /usr/lib/postgresql' >&2; return 1; }
    printf '%s\n' "$newest"
}

# Starts server $1 on ports that look free; on others when it turns out that they were not.
servers_try() {
    local attempt
    for ((attempt = 1; attempt <= SERVERS_PORT_ATTEMPTS; attempt++)); do
        "servers_$1_configure" && servers_load "$SERVERS_DIR" || return 1
        "$SERVERS_DIR/control/$1-start" && return 0
        "${1}_stop"
        servers_end epmd KILL 0
        grep -qsiE 'eaddrinuse|address already in use|port .* in use' "$SERVERS_DIR"/{"$1",epmd}.out \
            "$SERVERS_DIR/rabbit/log/rabbit.log" || break
    done
    printf '%s did not start\n' "$1" >&2
    servers_logs >&2
    return 1
}

# Below the range from which the kernel gives ports to clients, so that nobody takes one while its server is down.
servers_free_port() {
    local port attempt used
    used=$(servers_used_ports)
    for ((attempt = 0; attempt < 200; attempt++)); do
        port=$((20000 + RANDOM % 10000))
        [[ " $used " == *" $port "* ]] || { printf '%s\n' "$port"; return 0; }
    done
    echo 'no free port between 20000 and 29999' >&2
    return 1
}

# Local ports of every TCP socket, from the kernel's table: `ss` may be missing on a small machine.
servers_used_ports() {
    local line
    cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | while read -r line; do
        # shellcheck disable=SC2086
        set -- $line
        [[ $2 == *:* ]] && printf '%d ' "$((16#${2##*:}))"
    done
}

# Asking.

servers_port_open() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

servers_postgres_answers() {
    "$SERVERS_POSTGRES_BIN/pg_isready" -q -h 127.0.0.1 -p "$POSTGRES_PORT" -t 2
}

# An AMQP greeting, answered with a frame of type method (1): an open port alone may belong to a broker still booting.
servers_rabbit_answers() {
    local first
    first=$(
        exec 2>/dev/null 3<>"/dev/tcp/127.0.0.1/$RABBIT_PORT" || exit 1
        printf 'AMQP\0\0\x09\x01' >&3
        timeout 2 head -c 1 <&3 | od -An -tu1
    )
    [[ ${first// /} == 1 ]]
}

# Waits until server $1 passes the question in the other arguments. Fails at once when it has died.
servers_await() {
    local name=$1 until=$((SECONDS + SERVERS_START_S_MAX))
    shift
    until "$@"; do
        servers_alive "$name" || { printf '%s died while starting\n' "$name" >&2; return 1; }
        if ((SECONDS >= until)); then
            printf '%s gives no answer after %s s\n' "$name" "$SERVERS_START_S_MAX" >&2
            return 1
        fi
        sleep 0.1
    done
}

# Processes. A pid is kept with its start time, so that a number the kernel gave away again is never signalled.

# Runs the other arguments as user $1, whom a server needs.
servers_as() {
    local -a become
    servers_become "$1"
    shift
    (cd "$SERVERS_DIR" && "${become[@]}" "$@")
}

# Sets `become` to the words that turn the process itself into the command that follows: same pid, other user.
servers_become() {
    become=(env)
    [[ $EUID != 0 ]] || become=(setpriv --reuid="$1" --regid="$1" --init-groups)
}

servers_own() { [[ $EUID != 0 ]] || chown -R "$1:$1" "$2"; }

# Starts server $1 as user $2, away from the terminal: Ctrl-C must reach `tests/run`, which stops servers in order.
# A signal between the start and the note of the pid would leave a server nobody knows, hence the trap.
servers_spawn() {
    local name=$1 note="$SERVERS_DIR/$1.pid" tries
    local -a become
    servers_become "$2"
    shift 2
    rm -f "$note"
    trap : INT TERM HUP
    # More files than a server needs, but not the millions some containers allow: Erlang reserves memory for each.
    (
        cd "$SERVERS_DIR" || exit 1
        ulimit -n 65536 2>/dev/null || ulimit -n "$(ulimit -Hn)"
        # shellcheck disable=SC2016
        exec setsid bash -c 'echo $$ >"$1.new" && mv "$1.new" "$1" && shift && exec "$@"' \
            spawn "$note" "${become[@]}" "$@"
    ) </dev/null >>"$SERVERS_DIR/$name.out" 2>&1 &
    for ((tries = 0; tries < 100; tries++)); do [[ -s $note ]] && break; sleep 0.05; done
    printf '%s %s\n' "$(<"$note")" "$(servers_born "$(<"$note")")" >"$note"
    trap - INT TERM HUP
}

# When process $1 started, in ticks since boot. Nothing when it is gone; a zombie is gone.
servers_born() {
    local stat
    { stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 0
    # shellcheck disable=SC2086
    set -- ${stat##*) }
    [[ $1 == [ZX] ]] || printf '%s\n' "${20}"
}

servers_alive() {
    local pid born
    read -r pid born 2>/dev/null <"$SERVERS_DIR/$1.pid" || return 1
    [[ -n ${born:-} && $(servers_born "$pid") == "$born" ]]
}

# Process $1 and all its descendants, one "pid start-time" a line.
servers_tree() {
    local born child stat
    born=$(servers_born "$1")
    [[ -n $born ]] || return 0
    printf '%s %s\n' "$1" "$born"
    for child in /proc/[0-9]*/stat; do
        { stat=$(<"$child"); } 2>/dev/null || continue
        # shellcheck disable=SC2086
        set -- "$1" ${stat##*) }
        [[ $3 == "$1" ]] && servers_tree "${stat%% *}"
    done
    return 0
}

# Ends server $1 with signal $2. Whatever of it is still there after $3 seconds is killed.
servers_end() {
    local name=$1 signal=$2 until=$((SECONDS + $3)) tree pid
    servers_alive "$name" || { rm -f "$SERVERS_DIR/$name.pid"; return 0; }
    read -r pid _ <"$SERVERS_DIR/$name.pid"
    # A stopped process starts no others, so the list stays complete.
    [[ $signal != KILL ]] || kill -s STOP "$pid" 2>/dev/null
    tree=$(servers_tree "$pid")
    if [[ $signal != KILL ]]; then
        kill -s "$signal" "$pid" 2>/dev/null
        while ((SECONDS < until)) && servers_alive "$name"; do sleep 0.1; done
    fi
    servers_kill "$tree"
    rm -f "$SERVERS_DIR/$name.pid"
}

# Kills every process of the list $1 and returns when the last is gone.
servers_kill() {
    local pid born tries left=yes
    for ((tries = 0; tries < 100; tries++)); do
        left=
        while read -r pid born; do
            [[ -n $pid && $(servers_born "$pid") == "$born" ]] || continue
            kill -s KILL "$pid" 2>/dev/null
            left=yes
        done <<<"$1"
        [[ -n $left ]] || return 0
        sleep 0.05
    done
}

# Removes what a killed PostgreSQL leaves: its socket, its lock files, and the System V segment named in line 7 of one.
# A new server would do so itself, unless the old pid is still there as a zombie, as where nobody reaps orphans.
servers_postgres_unlock() {
    local lock="$SERVERS_DIR/postgres/data/postmaster.pid" id
    [[ -f $lock ]] || return 0
    id=$(sed -n '7s/^ *[0-9]\{1,\}  *\([0-9]\{1,\}\) *$/\1/p' "$lock")
    [[ -z $id ]] || ipcrm -m "$id" 2>/dev/null
    rm -f "$lock" "$SERVERS_DIR/postgres"/.s.PGSQL.*
}
