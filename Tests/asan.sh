#!/usr/bin/env bash
# Builds and tests what touches C, and the client of it, under AddressSanitizer; then fuzzes a little. The tests take their local
# sandboxes from the ordinary build, which has to be there.
set -euo pipefail
cd "$(dirname "$0")/.."

logs=.build-asan/tests
rm -rf "$logs"
export SANITIZED=1 # see Package.swift
asan=(--sanitize=address --scratch-path .build-asan)
# Other tests may run at the same time, and have limits against hangs; a build has none.
nice swift build --no-color-diagnostics --build-tests "${asan[@]}"
status=0
TEST_LOGS=$logs Tests/run.sh E2BTests FastCGITests FetchTests ImageGateTests -- "${asan[@]}" || status=1
env -u SANITIZED SMOKE=1 Tests/Fuzz/run.sh || status=1
exit "$status"
