# shellcheck shell=bash
# The gate alone, beside what libpng costs and beside vipsthumbnail: `e2b-fcgi admit` on one image, by the CPU time of the
# process, less that of the same with an image of one pixel. For run.sh.
: "${work:?}" "${canned:?}" "${here:?}" "${bin:?}" "${runs:?}"

usage() { /usr/bin/python3 "$here/images.py" run "$@"; }
admit() { usage "$bin/e2b-fcgi" admit "$@" /dev/null; }
# floor [-d] IMAGE: milliseconds of libpng.
floor() { "$work/png_floor" "$@" | grep -oE '[0-9.]+ ms' | cut -d ' ' -f 1; }

# beside LABEL LIMIT FLOOR… -- ADMIT…: CPU of both in turns, so that what else the machine does, it does to both.
beside() {
    local label=$1 limit=$2 i libpng=() ours=() bare own
    shift 2
    local alone=()
    while [[ $1 != -- ]]; do
        alone+=("$1")
        shift
    done
    shift
    for ((i = 0; i < 2 * runs + 1; i++)); do
        libpng+=("$(floor "${alone[@]}")")
        ours+=("$(calc "$(admit "$@" | value cpu_ms) - $(admit "$work/dot.png" | value cpu_ms)")")
    done
    bare=$(median "${libpng[@]}") own=$(median "${ours[@]}")
    row "$label: CPU" "$(calc "$own / $bare" %.2f) of libpng's" "$(calc "$own" %.0f) ms, libpng $(calc "$bare" %.0f)" "<= $limit"
}

images() {
    local i image line vips=()
    progress "images through the gate"
    /usr/bin/python3 "$here/images.py" make "$work" "$canned/image.png"
    for image in "$canned/image.png" "$work/rgba.png"; do
        beside "$(basename "$image") validated" 1.05 -d "$image" -- --box 6000x6000 --bytes 33554432 "$image"
        beside "$(basename "$image") thumbnailed" 1.10 "$image" -- --bytes 33554432 "$image"
        beside "$(basename "$image") into 100,000 bytes" 2 "$image" -- "$image"
    done
    if command -v vipsthumbnail >/dev/null; then
        for ((i = 0; i < 2 * runs + 1; i++)); do
            vips+=("$(usage vipsthumbnail "$canned/image.png" --size 1152x768 -o "$work/vips.png" | value cpu_ms)")
        done
        row "image.png thumbnailed by vipsthumbnail: CPU ms" "$(median "${vips[@]}")" "its whole process"
    fi
    line=$(admit "$work/rgba.png")
    row "rgba.png: peak beyond its bytes and one pixel's, MiB" \
        "$(calc "($(value peak_kb <<<"$line") - $(admit "$work/dot.png" | value peak_kb) - $(stat -c %s "$work/rgba.png") / 1024) / 1024" %.1f)" \
        "of 6000×4000×4 = 92" "<= 10"

    local sources=()
    for i in Execution/{ExecutionEvent,ExecutionLine,ExecutionReader,StringTrimmer} Wire/LineSplitter \
        Client/{E2BError,E2BError+Description}; do
        sources+=("Sources/E2B/$i.swift")
    done
    local options=(-O -wmo -package-name e2b-fcgi -parse-as-library -enable-upcoming-feature InternalImportsByDefault)
    local json=()
    mapfile -t json < <(find Sources/JSON -name '*.swift')
    swiftc "${options[@]}" -enable-default-cmo -module-name JSON -emit-module -emit-module-path "$work/JSON.swiftmodule" \
        -c "${json[@]}" -o "$work/JSON.o"
    swiftc "${options[@]}" -I "$work" "$here/base64.swift" "${sources[@]}" "$work/JSON.o" -o "$work/base64"
    line=$("$work/base64")
    row "base64: GB/s encoded, decoded" "$(value encode <<<"$line"), $(value decode <<<"$line")" "of bytes, one thread" ">= 2"
    row "8 MB of PNG, from the line to its bytes: GB/s" "$(value line <<<"$line")" "joined, scanned, decoded"
}
