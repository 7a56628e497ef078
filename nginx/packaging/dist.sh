#!/usr/bin/env bash
# Packs what `make build` has built: an archive that is unpacked below /usr/local, and a Debian package. Both run where no Swift is.
#
#     nginx/packaging/dist.sh [BIN]     BIN: where the programs are; by default .build/release. Results: .build/dist
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
bin=${1:-.build/release}
[[ -x $bin/e2b-fcgi && -x $bin/e2b-local ]] || {
    echo "dist: there is nothing in $bin. Run \`make build\` first." >&2
    exit 1
}
bin=$(cd "$bin" && pwd)
version=${VERSION:-$("$bin/e2b-fcgi" --version 2>/dev/null | grep -oE '[0-9]+(\.[0-9]+)+[^ ]*' | head -n 1 || true)}
[[ -n $version ]] || {
    echo "dist: $bin/e2b-fcgi does not say its version. VERSION=1.2.3 says it." >&2
    exit 1
}
out=.build/dist
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
export SOURCE_DATE_EPOCH

work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
umask 022
mkdir -p "$out" "$work/bin"
# What is left out is for debuggers; the names of a backtrace stay in the build folder.
for program in e2b-fcgi e2b-local; do strip --strip-unneeded -o "$work/bin/$program" "$bin/$program"; done

name=e2b-fcgi-$version-$(uname -m)-linux
nginx/packaging/install.sh "$work/archive" /usr/local "$work/bin"
mkdir "$work/$name"
mv "$work"/archive/usr/local/* "$work/$name"
pack=(tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" -C "$work" -c "$name")
"${pack[@]}" | xz -T0 >"$out/$name.tar.xz"
echo "$out/$name.tar.xz"

if command -v dpkg-deb dpkg-shlibdeps >/dev/null; then
    nginx/packaging/deb.sh "$work/bin" "$version" "$out"
else
    echo "dist: no Debian package without dpkg-dev" >&2
fi
