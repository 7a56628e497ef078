#!/usr/bin/env bash
# Runs everything on this machine, in the foreground: a local sandbox server when there is no E2B key, the responder,
# and nginx in front of them, on http://127.0.0.1:$PORT. Ctrl-C or TERM stops it all and leaves nothing behind.
#
#     nginx/run.sh [--bin DIR]     DIR holds e2b-fcgi and e2b-local; default: the release build
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/.."
PATH=$PATH:/usr/sbin:/sbin # Debian's nginx is there, and not in the PATH of an ordinary user

say() { printf '%s\n' "$*" >&2; }
die() {
    say "run: $*"
    exit 1
}

# A setting as the responder finds it, by the environment and .env. Stops here, with the reason, if one is wrong.
setting() { "$bin/e2b-fcgi" settings "$1" || die "the settings are not in order; the reason is above."; }

bin=.build/release
case "${1-}" in
'') ;;
--bin) bin=${2:?--bin needs a folder} ;;
*) die "unknown argument $1. Usage: nginx/run.sh [--bin DIR]" ;;
esac
[[ -d $bin ]] || die "there is no folder $bin. Run \`make build\` first."
bin=$(cd "$bin" && pwd)

[[ -x $bin/e2b-fcgi ]] || die "$bin/e2b-fcgi is missing. Run \`make build\` first."
port=$(setting PORT)
[[ $port =~ ^[1-9][0-9]{0,4}$ && $port -le 65535 ]] || die "PORT must be a number from 1 to 65535, not '$port'."
url=http://127.0.0.1:$port

# Everything that can be wrong before something has been started.
command -v nginx >/dev/null || die "nginx is missing. \`make deps\` installs it."
accepts() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
! accepts "$port" || die "port $port is taken. Stop what listens there, or choose another: PORT=3002 make run"

# Private (0700), and short: the path of a Unix socket ends at 107 bytes. One for each run, so two on two ports do not
# meet. Not in the checkout, which may be read-only or far down.
run=$(mktemp -d /tmp/e2b-fcgi.XXXXXX)
# Killed with -9 nobody could tidy up, so somebody else does: this pipe's other end closes with the script, however it dies.
exec {life}> >(trap '' INT TERM HUP && cat >/dev/null && exec rm -rf -- "$run")

names=() pids=()

# start NAME COMMAND…: in a session of its own, so that Ctrl-C reaches this script alone and the order of stopping stays
# ours; and with a parent-death signal, so that nothing outlives this script even when it is killed with -9.
start() {
    setsid setpriv --pdeathsig TERM "${@:2}" {life}>&- &
    names+=("$1") pids+=("$!")
}

alive() { kill -0 "$1" 2>/dev/null; }

# Last started, first stopped: nginx hangs up on its clients, the responder cancels their executions and kills the
# sandboxes, and only then does what runs the sandboxes go.
# shellcheck disable=SC2317 # the trap calls it
stop() {
    local status=$? i pid tries again grace patience
    trap '' INT TERM HUP
    # What the responder may take: its grace period, 20 s for the rest (it says so when it stops), and some for a busy machine.
    grace=$(setting E2B_FCGI_GRACE)
    [[ $grace =~ ^[0-9]{1,4}$ ]] || grace=30
    patience=$((10#$grace + 30))
    for ((i = ${#pids[@]} - 1; i >= 0; i--)); do
        pid=${pids[i]}
        kill -TERM "$pid" 2>/dev/null || continue
        again=0
        # Another Ctrl-C is handed on: the responder then ends what runs at once.
        trap 'again=1' INT TERM HUP
        for ((tries = 0; tries < patience * 10; tries++)); do
            alive "$pid" || continue 2
            if ((again)); then
                again=0
                kill -TERM "$pid" 2>/dev/null || true
            fi
            sleep 0.1 || true
        done
        say "run: ${names[i]} did not stop; killing it"
        kill -KILL -- "-$pid" 2>/dev/null || true
    done
    trap '' INT TERM HUP
    exec {life}>&- # what tidies up ends now, and `wait` waits for it, too
    wait
    rm -rf -- "$run"
    exit "$status"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

# await WHAT TEST…: until TEST succeeds, half a minute at most; the last started child has to stay alive meanwhile.
await() {
    local what=$1 tries
    shift
    for ((tries = 0; tries < 600; tries++)); do
        ! "$@" || return 0
        alive "${pids[-1]}" || die "$what ended before it was ready."
        sleep 0.05
    done
    die "$what was not ready after 30 s."
}

# An execution is a connection or two in each process, and the usual soft limit of 1,024 files is soon reached.
if [[ $(ulimit -Sn) != unlimited ]] && (($(ulimit -Sn) < 16384)); then
    ulimit -Sn 16384 2>/dev/null || ulimit -Sn "$(ulimit -Hn)"
fi

key=$(setting E2B_API_KEY)
if [[ -z $key ]]; then
    [[ -x $bin/e2b-local ]] || die "$bin/e2b-local is missing. Run \`make build\` first, or set E2B_API_KEY."
    say "run: no E2B_API_KEY, so code runs on this machine, in the local sandbox"
    start "the local sandbox (e2b-local)" "$bin/e2b-local" --port 0 >"$run/local.out"
    await "the local sandbox (e2b-local)" grep -q '^ready ' "$run/local.out"
    # "ready ADDRESS KEY", without a key where E2B_LOCAL_API_KEY chose one.
    read -r _ E2B_API_URL key < <(grep '^ready ' "$run/local.out")
    export E2B_API_URL E2B_SANDBOX_URL=$E2B_API_URL E2B_API_KEY=${key:-${E2B_LOCAL_API_KEY-}}
fi

socket=$run/e2b-fcgi.sock
start "the responder (e2b-fcgi)" "$bin/e2b-fcgi" --listen "unix:$socket"
await "the responder (e2b-fcgi)" test -S "$socket"

# As root nginx would give its workers to another user, who may not enter the private folder.
user=
[[ $(id -u) != 0 ]] || user='user root;'
mkdir "$run/temp"
sed -e "s|@PORT@|$port|" -e "s|^@USER@\$|$user|" nginx/nginx.conf >"$run/nginx.conf"
store=$(setting E2B_FCGI_STORE)
# What is in a bucket nginx cannot send itself.
[[ $store != s3://* ]] || store=
sed -e "s|unix:/run/e2b-fcgi/e2b-fcgi.sock|unix:$socket|" -e "s|^set \$e2b_store \"\";|set \$e2b_store \"$store\";|" nginx/e2b-fcgi.conf >"$run/e2b-fcgi.conf"
start nginx nginx -e stderr -p "$run" -c "$run/nginx.conf"
await nginx accepts "$port"

# Through the whole chain: nginx, the responder, a sandbox, an image, and back. In the background, because bash runs
# no trap while it waits for a command in the foreground.
"$bin/e2b-fcgi" check "$url" &
wait $! || die "the check failed; the reason is above."

cat <<READY
ready $url
see:  $url/
try:  curl $url/execute -H 'Content-Type: application/json' -d '{"code":"print(6 * 7)"}'
READY

status=0
wait -n -p ended "${pids[@]}" || status=$?
for i in "${!pids[@]}"; do
    [[ ${pids[i]} != "${ended-}" ]] || die "${names[i]} ended (status $status); stopping the rest."
done
die "a process ended (status $status); stopping the rest."
