#!/usr/bin/env bash
# Measures the pictures that the gate lets out: SSIM and PSNR against a reference in linear light, beside vipsthumbnail,
# Pillow and ImageMagick, which get as many pixels and no more bytes. One line for each picture; fails only if one of ours
# is over the budget.
#
#     Tests/Bench/quality.sh [NAME…]    pictures with such names only. BIN=DIR: other binaries. BYTES=n: another budget.
#                                       ALONE=1: without the others. GALLERY=FILE.html: a page to look at.
#                                       KEEP=DIR: our pictures as files.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/../.."
bin=$(cd "${BIN:-.build/release}" && pwd)
unset "${!E2B_@}" # the developer's own settings
for program in vipsthumbnail convert cc; do
    command -v "$program" >/dev/null || {
        printf 'quality: %s is missing; "make deps-bench" installs it\n' "$program" >&2
        exit 1
    }
done
work=$(mktemp -d /tmp/e2b-quality.XXXXXX)
trap 'rm -rf -- "$work"' EXIT
cc -O2 "$here/png_floor.c" -o "$work/png_floor" -lpng16

options=(--bin "$bin" --floor "$work/png_floor" --bytes "${BYTES:-100000}")
[[ -z ${ALONE-} ]] || options+=(--alone)
if [[ -n ${GALLERY-} ]]; then
    mkdir -p "$(dirname "$GALLERY")"
    options+=(--gallery "$GALLERY")
fi
if [[ -n ${KEEP-} ]]; then
    mkdir -p "$KEEP"
    options+=(--keep "$KEEP")
fi
# With the ground that the pictures have: the others put none behind dark ink.
export E2B_FCGI_IMAGE_GROUND=keep
# One picture a core or so: no threads inside. Debian's Python has Debian's packages.
OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 VIPS_CONCURRENCY=1 MAGICK_THREAD_LIMIT=1 PYTHONDONTWRITEBYTECODE=1 \
    /usr/bin/python3 "$here/quality/quality.py" "${options[@]}" "$@"
