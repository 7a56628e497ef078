# What the functions of a program's tools have in common. $__TOOLS has a folder for results, one for those that were used, and one
# for calls that have none yet. `command` is there because a tool may have the name of a command.
__call_tool() {
    local name=$1 text=${2-} key number=1 status
    [[ -n $text ]] || text='{}'
    key=$(command printf '%s\n%s' "$name" "$text" | command sha256sum)
    key=${key%% *}
    while ! command mkdir "$__TOOLS/used/$key.$number" 2>/dev/null; do number=$((number + 1)); done
    if [[ ! -e $__TOOLS/results/$key.$number ]]; then
        command printf '%s\n%s' "$name" "$text" >"$__TOOLS/calls/$key.$number.new"
        command mv "$__TOOLS/calls/$key.$number.new" "$__TOOLS/calls/$(command date +%s%N).$key.$number"
        # The program ends here, unless the call is refused.
        until [[ -e $__TOOLS/results/$key.$number ]]; do command sleep 0.05; done
    fi
    {
        command read -r status
        if ((status)); then command cat >&2; else command cat; fi
    } <"$__TOOLS/results/$key.$number"
    return "$status"
}
export -f __call_tool
