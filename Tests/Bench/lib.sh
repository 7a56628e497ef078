# shellcheck shell=bash
# Starting, stopping and measuring, for run.sh. Expects $work, a folder.
: "${work:?}"

die() {
    printf 'bench: %s\n' "$*" >&2
    exit 1
}
progress() { printf 'bench: %s\n' "$*" >&2; }

names=() pids=()

# start NAME COMMAND…: output in $work/NAME.log. The kernel ends it when this script dies, however that comes about.
start() {
    setsid setpriv --pdeathsig KILL "${@:2}" >"$work/$1.log" 2>&1 &
    names+=("$1") pids+=("$!")
}

# stop_last: ends what was started last, in ten seconds at most.
stop_last() {
    local i=$((${#pids[@]} - 1)) tries
    local pid=${pids[i]}
    kill -TERM "$pid" 2>/dev/null || true
    for ((tries = 0; tries < 100; tries++)); do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.1
    done
    kill -KILL -- "-$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
    unset "pids[i]" "names[i]"
}

# shellcheck disable=SC2317 # the trap calls it
stop_all() {
    local status=$?
    trap '' INT TERM
    while ((${#pids[@]})); do stop_last; done
    rm -rf -- "$work"
    exit "$status"
}

# await TEST…: until it succeeds; the process started last has to stay alive meanwhile.
await() {
    local tries
    for ((tries = 0; tries < 600; tries++)); do
        ! "$@" 2>/dev/null || return 0
        kill -0 "${pids[-1]}" 2>/dev/null || {
            cat "$work/${names[-1]}.log" >&2
            die "${names[-1]} ended before it was ready"
        }
        sleep 0.05
    done
    die "${names[-1]}: waited 30 s in vain for: $*"
}
accepts() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# A port nobody listens on.
free_port() {
    local port
    while port=$((20000 + RANDOM % 12000)) && accepts "$port"; do :; done
    printf '%s' "$port"
}

# family PID: it and its children, nginx's workers or the responder's decoders.
family() { printf '%s %s' "$1" "$(cat "/proc/$1/task/"*"/children" 2>/dev/null)"; }

# cpu PID…: user and system seconds so far, those of children that have ended and were waited for included.
cpu() {
    local pid
    for pid in "$@"; do cat "/proc/$pid/stat" 2>/dev/null || true; done |
        awk -v tick="$(getconf CLK_TCK)" '{ sub(/^.*\) /, ""); sum += $12 + $13 + $14 + $15 } END { printf "%.2f", sum / tick }'
}

# memory FIELD PID…: VmRSS or VmHWM, in kB, of all of them; pages that they share count for each.
memory() {
    local field=$1 pid
    shift
    for pid in "$@"; do cat "/proc/$pid/status"; done |
        awk -v field="$field:" '$1 == field { sum += $2 } END { print sum }'
}

# proportional PID…: PSS, in kB, of all of them: of a page that several processes share, each has its part.
proportional() {
    local pid
    for pid in "$@"; do cat "/proc/$pid/smaps_rollup"; done | awk '$1 == "Pss:" { sum += $2 } END { print sum }'
}
descriptors() {
    local files=("/proc/$1/fd/"*)
    printf '%s' "${#files[@]}"
}

# value NAME: of a line of name=value on stdin.
value() { tr ' ' '\n' | sed -n "s/^$1=//p"; }
calc() { awk "BEGIN { printf \"${2-%.3f}\", $1 }"; }
median() { printf '%s\n' "$@" | sort -g | awk '{ v[NR] = $1 } END { print (NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2) }'; }

# row WHAT FIGURE BESIDE [TARGET]: a line of the table; BESIDE is what to hold the figure against.
rows=()
row() { rows+=("$1|$2|$3|${4-}") && progress "$1: $2${4:+  target: $4}${3:+  ($3)}"; }
