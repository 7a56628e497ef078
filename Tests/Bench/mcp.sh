# shellcheck shell=bash
# POST /mcp: a call of run_code that has a text and a plot of 30 kB, beside fastmcp with E2B's official SDK, which does the same and
# looks at no picture; and what needs no E2B. For run.sh.
: "${work:?}" "${here:?}" "${plot:?}" "${url:?}" "${seconds:?}" "${runs:?}" "${front_pid:?}" "${pid:=}" "${pids:?}"

# A Python for the peer, made once.
peer_python() {
    local folder=.build/python-bench
    [[ -e $folder/complete ]] && return
    /usr/bin/python3 -m venv --clear "$folder" &&
        "$folder/bin/python" -m pip --quiet install fastmcp==4.2.3 mcp==2.3.0 e2b-code-interpreter==2.11.5 && touch "$folder/complete"
}

# message METHOD PARAMS: as 2026-07-28 has it, which needs no handshake.
message() {
    printf '{"jsonrpc":"2.0","id":1,"method":"%s","params":{%s"_meta":%s}}' "$1" "$2" \
        '{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}'
}

# families PID…: the processes and their children as they are now; decoders come and go.
families() {
    local root
    for root in "$@"; do printf '%s ' "$(family "$root")"; done
}

# mcp_calls PID…: calls a second, and CPU of the processes and their children for 1,000; into $rate and $cost.
mcp_calls() {
    local line before count
    # shellcheck disable=SC2046 # words are wanted
    before=$(cpu $(families "$@"))
    line=$("$work/direct" "${request[@]}" -c 16 -d "$seconds")
    right "$line"
    count=$(value count <<<"$line") rate=$(value per_second <<<"$line")
    # shellcheck disable=SC2046 # words are wanted
    cost=$(calc "($(cpu $(families "$@")) - $before) / $count * 1000")
}

# needs_no_e2b METHOD ANSWERED PARAMS: the median of the milliseconds in the responder's log.
needs_no_e2b() {
    local from
    from=$(($(wc -l <"$work/responder.log") + 1))
    printf '{"jsonrpc":"2.0","id":1,"method":"%s","params":{%s}}' "$1" "$3" >"$work/light"
    right "$("$work/direct" --url "$url/mcp" --body "$work/light" --has "\"$2\"" --rate 100 -c 1 -d "$seconds")"
    # shellcheck disable=SC2046 # words are wanted
    row "MCP, $1, 1 client: ms in the responder, p50" \
        "$(median $(tail -n "+$from" "$work/responder.log" | sed -nE 's/.*"path":"\/mcp".*"ms":([0-9.]+).*/\1/p'))" "" "<= 0.3"
}

mcp() {
    local request rate cost i port peer_pid headers ours=() costs=() theirs=() their_costs=()
    peer_python || {
        progress "MCP is not measured: no fastmcp"
        return 0
    }
    progress "MCP: $runs runs of $seconds s"
    headers=(--header "Content-Type: application/json" --header "Accept: application/json, text/event-stream"
        --header "MCP-Protocol-Version: 2026-07-28" --header "Mcp-Method: tools/call" --header "Mcp-Name: run_code")
    message tools/call '"name":"run_code","arguments":{"code":"plot()","session":"bench##"},' >"$work/run_code"
    port=$(free_port)
    start peer env -C "$work" E2B_API_KEY=e2b_0000000000000000000000000000000000000000 \
        E2B_API_URL="http://127.0.0.1:$plot" E2B_SANDBOX_URL="http://127.0.0.1:$plot" \
        "$PWD/.build/python-bench/bin/python" -B "$here/fastmcp_peer.py" "$port"
    await accepts "$port"
    peer_pid=${pids[-1]}
    responder "http://127.0.0.1:$plot"
    for ((i = 0; i < runs + 1; i++)); do
        request=(--url "$url/mcp" --body "$work/run_code" "${headers[@]}" --has '"isError":false')
        mcp_calls "$pid" "$front_pid"
        # The first run warms both.
        if ((i)); then ours+=("$rate") costs+=("$cost"); fi
        request=(--url "http://127.0.0.1:$port/mcp" --body "$work/run_code" "${headers[@]}" --has '"isError":false')
        mcp_calls "$peer_pid"
        if ((i)); then theirs+=("$rate") their_costs+=("$cost"); fi
    done
    row "MCP, text and a plot, 16 clients: calls/s" "$(median "${ours[@]}")" "fastmcp with the E2B SDK: $(median "${theirs[@]}")" \
        ">= $(calc "15 * $(median "${theirs[@]}")" %.0f), 15 times"
    row "MCP: CPU s per 1,000, responder, decoders, nginx" "$(median "${costs[@]}")" \
        "fastmcp with the E2B SDK: $(median "${their_costs[@]}")" "<= $(calc "$(median "${their_costs[@]}") / 10"), a tenth"
    needs_no_e2b tools/list openWorldHint ''
    needs_no_e2b initialize serverInfo '"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"bench","version":"1"}'
    stop_last
    stop_last
}
