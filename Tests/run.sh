#!/usr/bin/env bash
# Tests/run.sh TARGET... [-- OPTION...]   the tests of each target, in a process of its own; OPTIONs are swift test's
#
# Each target runs once: what fails there has failed. All in one process they would share a thread for each core, and while
# the image tests compute on those, the others would wait longer than their limits against hangs. No more tests run side by
# side than there are cores: many of them start sandboxes. A target that hangs is ended after 15 minutes, and the last lines
# say which it was and which of its tests had not ended. Tests/run.sh ends with what failed and with how long each target took.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

limit=${TEST_TARGET_SECONDS:-900}
export SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=${TEST_WIDTH:-$(nproc)}

targets=()
while (($#)) && [[ $1 != -- ]]; do targets+=("$1"); shift; done
(($# == 0)) || shift
logs=${TEST_LOGS:-.build/tests}
mkdir -p "$logs"
: >"$logs/summary"

# run TARGET LOG [OPTION...]: the runner's status; 124 or 137 when it took too long.
run() {
    local target=$1 log=$2
    shift 2
    echo "$target $*"
    # Not a pipeline, which would last as long as anything that a dead runner left behind.
    timeout --foreground --kill-after=10 "$limit" \
        swift test --disable-xctest --skip-build --parallel "$@" --filter "^$target\\." > >(tee "$log") 2>&1
    local status=$?
    sleep 0.2 # `tee` may be a moment late
    return "$status"
}

crash='Fatal error:|Program crashed|unexpected signal|(Address|Leak)Sanitizer'

# What a log says about failures, in few lines.
failures() {
    grep -aE -A 1 --no-group-separator "✘ .* recorded an issue|$crash" "$1" | cut -c 1-400 | head -n 24
    grep -aE '^error: ' "$1" | cut -c 1-400 | head -n 5
}

# Tests that began and did not end.
unfinished() {
    comm -23 \
        <(sed -nE 's/^◇ Test (case passing .* to )?"(.*)" started\.$/\2/p' "$1" | sort -u) \
        <(sed -nE 's/^(✔|✘|➜) Test "(.*)" (with [0-9]+ test cases? )?(passed|failed|skipped).*$/\2/p' "$1" | sort -u) |
        head -n 12
}

failed=() told=() times=()
for target in "${targets[@]}"; do
    log=$logs/$target.log
    start=$SECONDS status=0
    run "$target" "$log" "$@" || status=$?
    times+=("$target $((SECONDS - start)) s")
    ((status)) || continue
    failed+=("$target")
    case $status in
    124 | 137) told+=("$target did not end within $limit s and was stopped. Not ended by then:" "$(unfinished "$log")") ;;
    *) told+=("$target ended with status $status:") ;;
    esac
    told+=("$(failures "$log")")
done

{
    printf '%s\n' "${times[@]}"
    ((${#failed[@]} == 0)) || printf '%s\n' '' "${told[@]}" "failed: ${failed[*]} $*"
} | tee "$logs/summary" >&2
((${#failed[@]} == 0))
