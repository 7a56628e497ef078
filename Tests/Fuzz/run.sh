#!/usr/bin/env bash
# Fuzzes the readers of strangers' bytes under AddressSanitizer, one after another: the ones named, or all. What is found is
# told, and kept in Tests/Fuzz/Findings: the ordinary tests run it from then on.
#
#     Tests/Fuzz/run.sh [READER…]      FUZZ_SECONDS=60: for each.  SMOKE=1: the same few runs every time, seconds in all.
#
# Swift and C of ours are instrumented for coverage; libpng, libjpeg-turbo, libxml2 and libyaml are the system's, and are
# driven through us without it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
scratch=.build-fuzz
findings=Tests/Fuzz/Findings
all=(png jpeg svg image execution base64 pieces fastcgi execute exec action mcp form templates)
readers=("$@")
(($#)) || readers=("${all[@]}")

# Every toolchain of swift.org for Linux has it. Others may not: that is no reason for `make test` to fail, since the findings
# have been tested by then without it.
resources=$(swiftc -print-target-info | sed -nE 's/.*"runtimeResourcePath": "(.*)".*/\1/p')
if ! compgen -G "$resources/clang/lib/linux/libclang_rt.fuzzer-*.a" >/dev/null; then
    echo "NOT FUZZED: this Swift toolchain comes without libFuzzer ($resources/clang/lib/linux)" >&2
    [[ -n ${SMOKE-} ]] && exit 0 || exit 1
fi

# Optimised, or there would be few runs; tests may see what is internal. SwiftPM renames our `main` on the command line, which
# only lld accepts beside libFuzzer's own.
FUZZ=1 nice swift build --no-color-diagnostics -c release --product Fuzz --scratch-path "$scratch" --sanitize=address \
    -Xswiftc -sanitize=fuzzer -Xswiftc -enable-testing -Xswiftc -use-ld=lld -Xcc -fsanitize=fuzzer-no-link

seeds=$scratch/seeds
rm -rf "$seeds"
/usr/bin/python3 -B Tests/Fuzz/seeds.py "$seeds" # Debian's, which has Debian's packages

# Swift's own report of a crash hangs under AddressSanitizer; libFuzzer's does not.
export SWIFT_BACKTRACE=enable=no
# 10 s and 2 GB are far more than any of these inputs may take.
options=(-timeout=10 -rss_limit_mb=2048 -print_final_stats=1)
if [[ -n ${SMOKE-} ]]; then
    options+=(-runs=20000 -max_total_time=4 -seed=1)
else
    options+=(-max_total_time="${FUZZ_SECONDS:-60}")
fi

failed=()
for reader in "${readers[@]}"; do
    case $reader in png | jpeg | svg | image) length=8192 ;; base64 | pieces) length=600 ;; *) length=4096 ;; esac
    # What is new goes into the first folder, to go on from there. A smoke run starts from the same seeds every time.
    new=$scratch/corpus/$reader
    if [[ -n ${SMOKE-} ]]; then
        new=$scratch/smoke
        rm -rf "$new"
    fi
    mkdir -p "$new" "$findings/$reader"
    log=$scratch/$reader.log
    if "$scratch/release/Fuzz" "$reader" "${options[@]}" -max_len="$length" -artifact_prefix="$findings/$reader/" \
        "$new" "$seeds/$reader" </dev/null >"$log" 2>&1; then
        printf '%-10s %9s runs\n' "$reader" \
            "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")"
    else
        tail -n 60 "$log" >&2
        failed+=("$reader")
    fi
    rmdir --ignore-fail-on-non-empty "$findings/$reader"
done
if ((${#failed[@]})); then
    echo "fuzzing found something: ${failed[*]} (above, and in $findings)" >&2
    exit 1
fi
