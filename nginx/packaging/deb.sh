#!/usr/bin/env bash
# Makes the Debian package of programs that are built and stripped.
#
#     nginx/packaging/deb.sh BIN VERSION OUT
set -euo pipefail
bin=${1:?} version=${2:?} out=${3:?}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
architecture=$(dpkg --print-architecture)
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
root=$work/e2b-fcgi
"$here/install.sh" "$root" /usr "$bin"

# The stand-in for E2B is for trying out, and asks for a Python with Jupyter: it is in the archive only.
rm "$root/usr/bin/e2b-local"
mv "$root/usr/share/zsh/site-functions" "$root/usr/share/zsh/vendor-completions"
gzip -9n "$root/usr/share/man/man1/e2b-fcgi.1"
install -D -m 644 "$here/debian/e2b-fcgi.env" "$root/etc/e2b-fcgi/e2b-fcgi.env"
echo /etc/e2b-fcgi/e2b-fcgi.env >"$work/conffiles"
documents=$root/usr/share/doc/e2b-fcgi
rm "$documents/LICENSE" # it is in the file that Debian wants it in
sed -i 's|](LICENSE)|](copyright)|' "$documents/README.md"
cat "$here/debian/copyright" "$here/../../.github/LICENSE" >"$documents/copyright"
gzip -9n <<CHANGELOG >"$documents/changelog.gz"
e2b-fcgi ($version) unstable; urgency=medium

  * Version $version. CHANGELOG.md says what is new.

 -- The e2b-fcgi authors <maintainers@e2b-fcgi.example>  $(date -uR -d "@${SOURCE_DATE_EPOCH:-$(date +%s)}")
CHANGELOG
install -D -m 644 "$here/debian/lintian-overrides" "$root/usr/share/lintian/overrides/e2b-fcgi"

# The libraries that the program is linked to, in the versions that this system has. Ubuntu calls one of them otherwise.
mkdir "$work/debian"
printf 'Source: e2b-fcgi\n\nPackage: e2b-fcgi\nArchitecture: any\n' >"$work/debian/control"
libraries=$(cd "$work" && dpkg-shlibdeps -O --ignore-missing-info e2b-fcgi/usr/bin/e2b-fcgi 2>"$work/shlibdeps.log" | sed -n 's/^shlibs:Depends=//p') ||
    { cat "$work/shlibdeps.log" >&2 && exit 1; }
libraries=$(sed -E 's/libturbojpeg0( \([^)]*\))?/&| libturbojpeg\1/; s/\)\|/) |/; s/libturbojpeg0\|/libturbojpeg0 |/' <<<"$libraries")

install -d "$root/DEBIAN"
install -m 755 "$here"/debian/{postinst,prerm,postrm} "$root/DEBIAN"
install -m 644 "$work/conffiles" "$root/DEBIAN/conffiles"
sed -e "s|@VERSION@|$version|" -e "s|@ARCHITECTURE@|$architecture|" -e "s#@LIBRARIES@#$libraries#" \
    -e "s|@SIZE@|$(du -sk --apparent-size "$root/usr" | cut -f 1)|" "$here/debian/control" >"$root/DEBIAN/control"
(cd "$root" && find usr -type f -print0 | sort -z | xargs -0 md5sum >DEBIAN/md5sums)
dpkg-deb --root-owner-group -Zxz --build "$root" "$out/e2b-fcgi_${version}_$architecture.deb" >/dev/null
echo "$out/e2b-fcgi_${version}_$architecture.deb"
