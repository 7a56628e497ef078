#!/usr/bin/env bash
# Every test of the ordinary build, which has to be there; and at the same time Tests/asan.sh, whose output comes when both are done.
#
# Side by side, because the tests of the whole chain leave a good part of the processors idle: they wait for kernels to start and
# for limits to pass. They come first, beside what is built and computed under AddressSanitizer.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

waiting=(EndToEndTests FaultTests LocalE2BTests)
computing=(FuzzTests)
for folder in Tests/*Tests; do
    [[ " ${waiting[*]} " == *" ${folder##*/} "* ]] || computing+=("${folder##*/}")
done

log=.build/asan.log
mkdir -p .build
# Each in a process group of its own, so that both end, with all that they have started, when this is interrupted.
set -m
Tests/asan.sh >"$log" 2>&1 </dev/null &
asan=$!
Tests/run.sh "${waiting[@]}" "${computing[@]}" </dev/null &
run=$!
trap 'kill -- "-$asan" "-$run" 2>/dev/null' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

ordinary=0 sanitized=0
wait "$run" || ordinary=$?
wait "$asan" || sanitized=$?
trap - EXIT
cat "$log"

# What either said in the end, once more: there is much between.
for logs in .build/tests .build-asan/tests; do
    printf '\n'
    [[ ! -e $logs/summary ]] || cat "$logs/summary"
done
printf '%s\n' "all of it took $SECONDS s"
((sanitized == 0)) || echo "failed under AddressSanitizer, status $sanitized: see above" >&2
((ordinary == 0 && sanitized == 0))
