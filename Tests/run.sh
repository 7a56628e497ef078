#!/usr/bin/env bash
# Tests/run.sh TARGET... [-- OPTION...]   the tests of each target, in a process of its own; OPTIONs are swift test's
#
# All in one they share a thread for each core, and while the image tests compute on those, the others wait longer than
# their time limits. Where each test starts sandboxes, one test follows another: a dozen Python kernels that start at once
# are slow. A target that hangs is ended after 15 minutes, so that the run says which one it was.
#
# Most of these tests drive real servers and kernels on a machine that may be busy. A target with a test that failed runs
# once more: both outcomes are printed, and the last lines of the run name what failed. A crash and a sanitizer's report
# are final.
set -euo pipefail
cd "$(dirname "$0")/.."

targets=()
while (($#)) && [[ $1 != -- ]]; do targets+=("$1"); shift; done
(($# == 0)) || shift
logs=.build/tests
mkdir -p "$logs"

# run TARGET LOG [OPTION...]
run() {
	local target=$1 log=$2 order=--parallel
	shift 2
	case $target in EndToEndTests | FaultTests) order=--no-parallel ;; esac
	echo "$target $*"
	timeout --foreground --kill-after=10 900 \
		swift test --disable-xctest --skip-build "$order" "$@" --filter "^$target\\." > >(tee "$log") 2>&1 && return
	# Not a pipeline, which would last as long as anything that a dead runner left behind; so tee may be a moment late.
	sleep 1
	return 1
}

crash='Fatal error:|Program crashed|unexpected signal|(Address|Leak)Sanitizer'

# What a log says about failures, in few lines.
failures() { grep -aE -A 1 --no-group-separator "✘ .* recorded an issue|$crash" "$1" | cut -c 1-400 | head -n 12; }

report=()
failed=()
for target in "${targets[@]}"; do
	log=$logs/$target.log
	run "$target" "$log" "$@" && continue
	report+=("$target $*, first run:" "$(failures "$log")")
	if ! grep -qaE "$crash" "$log" && run "$target" "$log" "$@"; then
		report+=("$target $*: passed when run again")
	else
		report+=("$target $*: failed" "$(failures "$log")")
		failed+=("$target")
	fi
done

if ((${#report[@]})); then printf '%s\n' '' "${report[@]}" >&2; fi
if ((${#failed[@]})); then
	echo "failed: ${failed[*]} $*" >&2
	exit 1
fi
