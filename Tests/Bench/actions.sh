# shellcheck shell=bash
# POST /e2bcode in sessions that the process knows, one for each client, beside the one call to the sandbox that the action
# is made of. For run.sh.
: "${work:?}" "${canned:?}" "${url:?}" "${text:?}" "${seconds:?}" "${runs:?}" "${clients:?}" "${front_pid:?}" "${pid:=}"

# envelope FLAGS MESSAGE: of the Connect protocol, for a message of less than 256 bytes.
envelope() { printf "\\$(printf %03o "$1")\\0\\0\\0\\$(printf %03o "${#2}")%s" "$2"; }

# What the C program posts, and what envd answers to a command.
write_messages() {
    envelope 0 '{"process":{"cmd":"/bin/bash","args":["-l","-c","echo Hello, World!"]},"stdin":false}' >"$work/start"
    {
        envelope 0 '{"event":{"start":{"pid":1234}}}'
        envelope 0 '{"event":{"data":{"stdout":"SGVsbG8sIFdvcmxkIQo="}}}'
        envelope 0 '{"event":{"end":{"exited":true,"status":"exit status 0"}}}'
        envelope 2 '{}'
    } >"$canned/start.connect"
    printf '%s' '{"action":"shell","sessionId":"bench##","command":"echo Hello, World!"}' >"$work/shell"
    printf '%s' '{"action":"read_file","sessionId":"bench##","filePath":"/home/user/hello.txt"}' >"$work/read_file"
    printf '%s' "{\"action\":\"execute\",\"sessionId\":\"bench##\",\"code\":\"print('Hello, World!')\"}" >"$work/execute"
}

# describe ACTION: the options for the C program that go through us, and those that do not, in $through and $beside.
describe() {
    local e2b=http://127.0.0.1:$text answer port=49983
    case $1 in
        shell)
            answer='"output":"Hello, World!\n","error":"","exitCode":0}'
            beside=(--url "$e2b/process.Process/Start" --body "$work/start" --has 'exit status 0'
                --header "Content-Type: application/connect+json" --header "Connect-Protocol-Version: 1"
                --header "Connect-Timeout-Ms: 60000" --header "Keepalive-Ping-Interval: 50")
            ;;
        read_file)
            answer='"content":"Hello, World!\n","bytes":14,"encoding":"utf-8"}'
            beside=(--get "$e2b/files?path=%2Fhome%2Fuser%2Fhello.txt" --has 'Hello, World!')
            ;;
        execute)
            answer='"error":null,"results":[],"images":[]}' port=49999
            beside=(--url "$e2b/execute" --has end_of_execution)
            ;;
    esac
    through=(--url "$url/e2bcode" --body "$work/$1" --has "$answer")
    beside+=(--header "E2b-Sandbox-Id: i0123456789abcdef000" --header "E2b-Sandbox-Port: $port"
        --header "X-Access-Token: 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")
}

# control_calls REQUESTS: sends so many; what they had us ask of E2B's control API goes into $asked, a line for each call.
control_calls() {
    local before
    sleep 1.5 # the canned E2B writes its log once a second
    before=$(wc -l <"$canned/calls.log")
    right "$("$work/direct" "${through[@]}" -n "$1")"
    sleep 1.5
    mapfile -t asked < <(tail -n "+$((before + 1))" "$canned/calls.log" | sed -E 's|/i[0-9a-f]+$|/{id}|')
}

# What the first action on a session asks, and that further ones ask nothing.
session_calls() {
    local asked
    control_calls 1
    row "first action on a session: control calls" "${#asked[@]}" "$(printf '%s; ' "${asked[@]}")a list tells no token" \
        "1 list"
    [[ $(printf '%s\n' "${asked[@]}" | grep -c '^GET /v2/sandboxes$') == 1 ]] || die "the list was not asked for once"
    control_calls 100
    row "100 further actions: control calls" "${#asked[@]}" "" "0"
    ((${#asked[@]} == 0)) || die "a known session was looked up: ${asked[*]}"
}

# in_responder ACTION LINE: the median of the milliseconds in its log from there on.
in_responder() {
    # shellcheck disable=SC2046 # words are wanted
    median $(tail -n "+$2" "$work/responder.log" | sed -nE "s/.*\"ms\":([0-9.]+).*\"action\":\"$1\".*/\1/p")
}

# action_latency ACTION: what the way through us adds at a rate that loads nobody. The two, and a request that needs no E2B,
# take turns: what else the machine does, it does to all of them.
action_latency() {
    local i lines ours50=() ours99=() bare50=() bare99=() health50=() inner50=() from ours bare inner health
    for ((i = 0; i < runs; i++)); do
        from=$(($(wc -l <"$work/responder.log") + 1))
        mapfile -t lines < <("$work/direct" "${through[@]}" "${beside[@]}" --get "$url/health" --rate 150 -c 64 -d "$seconds")
        right "${lines[0]}" && right "${lines[1]}" && right "${lines[2]}"
        ours50+=("$(value p50_ms <<<"${lines[0]}")") ours99+=("$(value p99_ms <<<"${lines[0]}")")
        bare50+=("$(value p50_ms <<<"${lines[1]}")") bare99+=("$(value p99_ms <<<"${lines[1]}")")
        health50+=("$(value p50_ms <<<"${lines[2]}")")
        inner50+=("$(in_responder "$1" "$from")")
    done
    ours=$(median "${ours50[@]}") bare=$(median "${bare50[@]}")
    row "$1, 50/s: added ms, p50" "$(calc "$ours - $bare" %.2f)" "$ours less direct $bare" "<= 0.5"
    # By its log, which begins when the request has been read; /health comes the same way and asks nobody.
    inner=$(calc "$(median "${inner50[@]}") - $bare" %.2f) health=$(median "${health50[@]}")
    row "$1, 50/s: of it in the responder, p50" "$inner" "the rest is nginx and FastCGI; /health: $health"
    row "$1, 50/s: added ms, p99" "$(calc "$(median "${ours99[@]}") - $(median "${bare99[@]}")" %.2f)" \
        "$(median "${ours99[@]}") less direct $(median "${bare99[@]}")"
}

# action_throughput ACTION: actions a second and what they cost.
action_throughput() {
    local i line count before before_front rates=() ours=() fronts=() bare_rates=() bare_cpus=()
    for ((i = 0; i < runs; i++)); do
        # shellcheck disable=SC2046 # words are wanted
        before=$(cpu "$pid") before_front=$(cpu $(family "$front_pid"))
        line=$("$work/direct" "${through[@]}" -c "$clients" -d "$seconds")
        right "$line"
        count=$(value count <<<"$line")
        rates+=("$(value per_second <<<"$line")")
        ours+=("$(calc "($(cpu "$pid") - $before) / $count * 1000")")
        # shellcheck disable=SC2046
        fronts+=("$(calc "($(cpu $(family "$front_pid")) - $before_front) / $count * 1000")")
        line=$("$work/direct" "${beside[@]}" -c "$clients" -d "$seconds")
        right "$line"
        bare_rates+=("$(value per_second <<<"$line")") bare_cpus+=("$(value cpu_per_1000 <<<"$line")")
    done
    row "$1, $clients clients: actions/s" "$(median "${rates[@]}")" "direct: $(median "${bare_rates[@]}")"
    row "$1: CPU s per 1,000, responder" "$(median "${ours[@]}")" "direct: $(median "${bare_cpus[@]}")"
    row "$1: CPU s per 1,000, front nginx" "$(median "${fronts[@]}")" ""
}

actions() {
    local through=() beside=() action
    progress "actions on a session"
    responder "http://127.0.0.1:$text"
    write_messages
    describe shell
    session_calls
    for action in shell read_file execute; do
        describe "$action"
        right "$("$work/direct" "${through[@]}" -c "$clients" -n 500)" # warm
        action_throughput "$action"
        action_latency "$action"
    done
    stop_last
}
