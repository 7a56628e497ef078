#!/usr/bin/env bash
# Measures the responder behind nginx, against an E2B that answers at once, and beside it a C program that makes the same
# calls without us. Prints a table; asserts nothing about time, only that every answer was right, and that a known session
# is not looked up.
#
#     Tests/Bench/run.sh          RUNS=5: the median of so many.  QUICK=1: one short run.  BIN=DIR: other binaries.
#                                 ONLY=actions: a part of it (executions, allocations, in_flight, image, actions, mcp, store,
#                                 images).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/../.."
PATH=$PATH:/usr/sbin:/sbin
work=$(mktemp -d /tmp/e2b-bench.XXXXXX)
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$here/lib.sh"
trap stop_all EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

quick=${QUICK:+1}
runs=${RUNS:-${quick:-5}}
seconds=${quick:+3} seconds=${seconds:-10}
bin=$(cd "${BIN:-.build/release}" && pwd)
clients=64
many=1000  # executions in flight
soak=10000 # executions, for what is left behind
[[ -z $quick ]] || soak=2000
unset "${!E2B_@}" PORT # the developer's own settings

for program in nginx wrk cc openssl curl; do
    command -v "$program" >/dev/null || die "$program is missing; \`make deps deps-bench\` installs it"
done
ulimit -Sn 16384 2>/dev/null || ulimit -Sn "$(ulimit -Hn)"

progress "building the peers"
cc -O2 -Wall -Wextra -D_GNU_SOURCE "$here/direct.c" -o "$work/direct" -lcurl -lm
cc -O2 "$here/png_floor.c" -o "$work/png_floor" -lpng16
cc -O2 -Wall -Wextra -shared -fPIC "$here/allocations.c" -o "$work/allocations.so"

# An E2B of answers written down.
canned=$work/canned
mkdir -p "$canned/temp"
/usr/bin/python3 "$here/make_image.py" "$canned" # Debian's, which has Debian's packages
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=bench authority" \
    -keyout "$canned/ca.key" -out "$canned/ca.pem" 2>/dev/null
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=127.0.0.1" \
    -keyout "$canned/server.key" -out "$canned/server.csr" 2>/dev/null
openssl x509 -req -in "$canned/server.csr" -CA "$canned/ca.pem" -CAkey "$canned/ca.key" -CAcreateserial -days 2 \
    -extfile <(printf 'subjectAltName=IP:127.0.0.1') -out "$canned/server.pem" 2>/dev/null
text=$(free_port) tls=$(free_port) slow=$(free_port) png=$(free_port) plot=$(free_port) clock=$(free_port) front=$(free_port)
user=
[[ $(id -u) != 0 ]] || user='user root;'
kilobyte=$(printf 'x%.0s' {1..1000})
sed -e "s|@USER@|$user|; s|@TEXT@|$text|; s|@TLS@|$tls|; s|@SLOW@|$slow|; s|@PNG@|$png|; s|@PLOT@|$plot|; s|@CLOCK@|$clock|" \
    -e "s|@RATE@|150|; s|@KILOBYTE@|$kilobyte|" "$here/canned.conf" >"$canned/nginx.conf"
cp "$here/control.conf" "$canned"
cp "$here/../TestSupport/Recordings/matplotlib_sine.ndjson" "$canned/plot.ndjson"
start canned nginx -e stderr -p "$canned" -c "$canned/nginx.conf"
await accepts "$png"

# nginx as `make run` has it.
mkdir -p "$work/front/temp"
sed -e "s|@PORT@|$front|; s|^@USER@\$|$user|" nginx/nginx.conf >"$work/front/nginx.conf"
sed -e "s|unix:/run/e2b-fcgi/e2b-fcgi.sock|unix:$work/sock|" \
    -e "s|^set \$e2b_store \"\";|set \$e2b_store \"$work/store\";|" nginx/e2b-fcgi.conf >"$work/front/e2b-fcgi.conf"
start front nginx -e stderr -p "$work/front" -c "$work/front/nginx.conf"
await accepts "$front"
front_pid=${pids[-1]}
url=http://127.0.0.1:$front

# responder E2B-URL [NAME=VALUE…]: a fresh one. Its request log is on, into a file.
responder() {
    rm -f "$work/sock"
    start responder env -C "$work" E2B_API_KEY=e2b_0000000000000000000000000000000000000000 E2B_API_URL="$1" \
        E2B_SANDBOX_URL="$1" E2B_FCGI_EXECUTIONS=100 "${@:2}" "$bin/e2b-fcgi" --listen "unix:$work/sock"
    await test -S "$work/sock"
    pid=${pids[-1]}
}

# right LINE: every request of that line of figures was answered as it should be.
right() {
    [[ $(value errors <<<"$1") == 0 ]] || {
        # 499: wrk hangs up on what is in flight when its time is over.
        grep -vE '"status":(200|499)|"notice"' "$work/responder.log" | tail -n 5 >&2 || true
        tail -n 5 "$work/front.log" >&2
        die "wrong answers: $1"
    }
}

# throughput LABEL E2B-URL DIRECT-OPTION…: executions a second and what they cost, through us and without us.
throughput() {
    local label=$1 e2b=$2 line i before_ours before_front count
    local rates=() ours=() fronts=() direct_rates=() direct_cpus=()
    for ((i = 0; i < runs; i++)); do
        # shellcheck disable=SC2046 # words are wanted
        before_ours=$(cpu "$pid") before_front=$(cpu $(family "$front_pid"))
        line=$(wrk -t 2 -c "$clients" -d "${seconds}s" --timeout 30 -s "$here/execute.lua" "$url/execute" | tail -n 1)
        right "$line"
        count=$(value count <<<"$line")
        rates+=("$(value per_second <<<"$line")")
        ours+=("$(calc "($(cpu "$pid") - $before_ours) / $count * 1000")")
        # shellcheck disable=SC2046
        fronts+=("$(calc "($(cpu $(family "$front_pid")) - $before_front) / $count * 1000")")
        line=$("$work/direct" --e2b "$e2b" -c "$clients" -d "$seconds" "${@:3}")
        right "$line"
        direct_rates+=("$(value per_second <<<"$line")")
        direct_cpus+=("$(value cpu_per_1000 <<<"$line")")
    done
    local our front
    our=$(median "${ours[@]}") front=$(median "${fronts[@]}")
    row "$label, $clients clients: executions/s" "$(median "${rates[@]}")" "direct: $(median "${direct_rates[@]}")" \
        "$(only_text ">= 6,000")"
    row "$label: CPU s per 1,000, responder" "$our" "direct: $(median "${direct_cpus[@]}")"
    row "$label: CPU s per 1,000, front nginx" "$front" ""
    row "$label: CPU s per 1,000, together" "$(calc "$our + $front")" "" "$(only_text "<= 0.25")"
}

# Some targets are for the plain case only. $label is the caller's.
only_text() { [[ $label != text ]] || printf '%s' "$1"; }

# latency LABEL E2B-URL DIRECT-OPTION…: what the way through us adds, at a rate that loads nobody.
latency() {
    local label=$1 line i ours50=() ours99=() direct50=() direct99=() added50 added99
    for ((i = 0; i < runs; i++)); do
        line=$("$work/direct" --url "$url/execute" --rate 50 -c 64 -d "$seconds")
        right "$line"
        ours50+=("$(value p50_ms <<<"$line")") ours99+=("$(value p99_ms <<<"$line")")
        line=$("$work/direct" --e2b "$2" --rate 50 -c 64 -d "$seconds" "${@:3}")
        right "$line"
        direct50+=("$(value p50_ms <<<"$line")") direct99+=("$(value p99_ms <<<"$line")")
    done
    added50=$(calc "$(median "${ours50[@]}") - $(median "${direct50[@]}")" %.2f)
    added99=$(calc "$(median "${ours99[@]}") - $(median "${direct99[@]}")" %.2f)
    # Over TLS the way through us may add little more than it does without.
    [[ $label != text ]] || plain50=$added50 plain99=$added99
    row "$label, 50/s: added ms, p50" "$added50" "$(median "${ours50[@]}") less direct $(median "${direct50[@]}")" \
        "$(if [[ $label == text ]]; then echo "<= 0.6"; else echo "<= $(calc "1.3 * $plain50" %.2f), 1.3 of plain"; fi)"
    row "$label, 50/s: added ms, p99" "$added99" "$(median "${ours99[@]}") less direct $(median "${direct99[@]}")" \
        "$(if [[ $label == text ]]; then echo "<= 2"; else echo "<= $(calc "1.3 * $plain99" %.2f), 1.3 of plain"; fi)"
}

# calls METHOD: how many sandboxes were made (POST), or killed (DELETE).
calls() { grep -c "^$1 /sandboxes" "$canned/calls.log" || true; }
settled() { [[ $(calls POST) == $(calls DELETE) ]]; }
all_created() { (($(calls POST) >= posts + many)); }

executions() {
    progress "text: $runs runs of $seconds s"
    responder "http://127.0.0.1:$text"
    "$work/direct" --url "$url/execute" -c "$clients" -n 500 >/dev/null # warm
    throughput text "http://127.0.0.1:$text"
    latency text "http://127.0.0.1:$text"

    # What is left behind, by the same responder.
    sleep 2 # the canned E2B writes its log once a second
    posts=$(calls POST)
    before=$(memory VmRSS "$pid") before_files=$(descriptors "$pid")
    right "$("$work/direct" --url "$url/execute" -c "$clients" -n "$soak")"
    sleep 2
    await settled || true
    row "$soak executions: RSS before, after, kB" "$before, $(memory VmRSS "$pid")" "" "flat"
    row "$soak executions: descriptors before, after" "$before_files, $(descriptors "$pid")" "pooled connections vary" "flat"
    row "$soak executions: creates, all creates, all kills" "$(($(calls POST) - posts)), $(calls POST), $(calls DELETE)" \
        "" "$soak, and the other two equal"
    stop_last

    progress "TLS"
    responder "https://127.0.0.1:$tls" E2B_FCGI_CA_FILE="$canned/ca.pem"
    throughput TLS "https://127.0.0.1:$tls" --cacert "$canned/ca.pem"
    latency TLS "https://127.0.0.1:$tls" --cacert "$canned/ca.pem"
    stop_last
}

# allocated: how many blocks the responder has allocated so far, and how many bytes.
allocated() { od -A n -t u8 -w16 "$work/allocations"; }

allocations() {
    progress "allocations"
    responder "http://127.0.0.1:$text" LD_PRELOAD="$work/allocations.so" ALLOCATIONS="$work/allocations"
    "$work/direct" --url "$url/execute" -c 4 -n 500 >/dev/null # warm
    local earlier later count=2000
    read -ra earlier < <(allocated)
    right "$("$work/direct" --url "$url/execute" -c 4 -n "$count")"
    read -ra later < <(allocated)
    row "text: allocations for an execution" "$(calc "(${later[0]} - ${earlier[0]}) / $count" %.0f)" \
        "$(calc "(${later[1]} - ${earlier[1]}) / $count / 1024" %.0f) KiB" "<= 300"
    stop_last
}

in_flight() {
    progress "$many executions in flight"
    responder "http://127.0.0.1:$slow" E2B_FCGI_EXECUTIONS=$many
    idle=$(memory VmRSS "$pid")
    "$work/direct" --url "$url/execute" -c "$many" -n "$many" >"$work/many" &
    load=$!
    posts=$(calls POST)
    await all_created
    line=$("$work/direct" --get "$url/health" --rate 100 -c 64 -d 2)
    right "$line"
    row "$many in flight: responder RSS, MB (idle $((idle / 1024)))" "$(($(memory VmRSS "$pid") / 1024))" "" \
        "<= 80"
    # shellcheck disable=SC2046 # words are wanted
    row "$many in flight: responder and nginx, PSS, MB" "$(($(proportional $(family "$pid") $(family "$front_pid")) / 1024))" \
        "" "<= 60"
    row "$many in flight: /health ms, p50, p99" "$(value p50_ms <<<"$line"), $(value p99_ms <<<"$line")" \
        "answered meanwhile" "< 10"
    kill -0 "$load" 2>/dev/null || die "the executions ended before /health was measured"
    wait "$load"
    right "$(cat "$work/many")"
    stop_last
}

# shellcheck disable=SC2046 # words are wanted
image() {
    progress "one PNG of 6000×4000"
    responder "http://127.0.0.1:$png" E2B_FCGI_EXECUTIONS=4
    size=$(calc "$(stat -c %s "$canned/image.png") / 1e6" %.1f)
    # Warm by a health check only, so that the peak is of the images.
    curl -sf "$url/health" >/dev/null
    idle=$(memory VmHWM "$pid")
    right "$("$work/direct" --url "$url/execute" -n 1)"
    row "$size MB PNG: peak RSS over idle with the decoder, MB, one" \
        "$(calc "($(memory VmHWM $(family "$pid")) - $idle) / 1024" %.1f)" ""
    images=()
    for ((i = 0; i < runs; i++)); do
        before=$(cpu $(family "$pid"))
        right "$("$work/direct" --url "$url/execute" -n 10)"
        images+=("$(calc "($(cpu $(family "$pid")) - $before) / 10 * 1000" %.0f)")
    done
    floor="no floor built"
    if [[ -x $work/png_floor ]]; then
        floors=()
        for ((i = 0; i < 5; i++)); do
            floors+=("$("$work/png_floor" "$canned/image.png" | grep -oE '[0-9.]+ ms' | cut -d ' ' -f 1)")
        done
        bare=$(median "${floors[@]}")
        floor="libpng alone: $bare"
        limit="<= $(calc "1.3 * $bare" %.0f), 1.3 of libpng"
    fi
    row "$size MB PNG: CPU ms each, responder and decoder" "$(median "${images[@]}")" "$floor" "${limit-}"
    row "$size MB PNG: peak RSS over idle with the decoder, MB, $((runs * 10 + 1)) in a row" \
        "$(calc "($(memory VmHWM $(family "$pid")) - $idle) / 1024" %.1f)" "as for one"
    stop_last
}

# shellcheck source-path=SCRIPTDIR source=actions.sh
source "$here/actions.sh"
# shellcheck source-path=SCRIPTDIR source=mcp.sh
source "$here/mcp.sh"
# shellcheck source-path=SCRIPTDIR source=store.sh
source "$here/store.sh"
# shellcheck source-path=SCRIPTDIR source=images.sh
source "$here/images.sh"

for part in ${ONLY:-executions allocations in_flight image actions mcp store images}; do "$part"; done

printf '\n%s, %s cores, Linux %s\n' "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" "$(nproc)" "$(uname -r)"
printf '%s, %s, commit %s, %s, median of %s runs of %s s\n\n' "$(date -u +%F)" \
    "$(swift --version 2>/dev/null | head -n 1)" "$(git rev-parse --short HEAD 2>/dev/null || echo unknown)" \
    "$(nginx -v 2>&1 | sed 's/.*: //')" "$runs" "$seconds"
printf '%s\n' "${rows[@]}" | awk -F'|' '
    BEGIN { printf "  %-50s %22s   %-28s %s\n", "", "measured", "target", "beside it" }
    { printf "  %-50s %22s   %-28s %s\n", $1, $2, $4, $3 }'
