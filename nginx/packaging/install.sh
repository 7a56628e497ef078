#!/usr/bin/env bash
# Installs what `make build` has built. Calls neither apt nor Swift.
#
#     nginx/packaging/install.sh DESTDIR PREFIX [BIN]     BIN: where the programs are; by default .build/release
set -euo pipefail
destdir=${1?Usage: install.sh DESTDIR PREFIX [BIN]} prefix=${2:?PREFIX is empty}
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
bin=${3:-.build/release}
for program in e2b-fcgi e2b-local; do
    [[ -x $bin/$program ]] || {
        echo "install: there is no $bin/$program. Run \`make build\` first, as a user who need not be root." >&2
        exit 1
    }
done
[[ $prefix == /* && $prefix != *[[:space:]]* ]] || {
    echo "install: PREFIX has to be an absolute path without spaces, not '$prefix': units and web servers have it in their files." >&2
    exit 1
}
to=$destdir$prefix share=$destdir$prefix/share

install -d "$to/bin"
install -m 755 "$bin/e2b-fcgi" "$bin/e2b-local" "$to/bin"

# Of the program's own description, so that it is what this program knows.
install -d "$share/man/man1" "$share/bash-completion/completions" "$share/zsh/site-functions" "$share/fish/vendor_completions.d"
nginx/packaging/man.sh "$bin/e2b-fcgi" >"$share/man/man1/e2b-fcgi.1"
"$bin/e2b-fcgi" --generate-completion-script bash >"$share/bash-completion/completions/e2b-fcgi"
"$bin/e2b-fcgi" --generate-completion-script zsh >"$share/zsh/site-functions/_e2b-fcgi"
"$bin/e2b-fcgi" --generate-completion-script fish >"$share/fish/vendor_completions.d/e2b-fcgi.fish"

install -d "$share/e2b-fcgi/nginx"
install -m 644 nginx/e2b-fcgi.conf nginx/upstream.conf "$share/e2b-fcgi/nginx"
nginx/packaging/base.sh >"$share/e2b-fcgi/nginx/e2b-fcgi-base.conf"
sed -i "s|/usr/local/|$prefix/|g" "$share"/e2b-fcgi/nginx/*.conf

install -d "$to/lib/systemd/system"
for unit in nginx/systemd/e2b-fcgi.*; do
    sed "s|/usr/bin/e2b-fcgi|$prefix/bin/e2b-fcgi|" "$unit" >"$to/lib/systemd/system/${unit##*/}"
done

# Documents in one folder, and below it a folder of samples for each web server. The links between them lead to where they are here.
doc=$share/doc/e2b-fcgi
install -d "$doc/examples"
install -m 644 README.md .github/{LICENSE,CHANGELOG.md,SECURITY.md} Sources/*/*.docc/*.md "$doc"
(cd nginx && find . -type f ! -path './packaging/*' ! -name run.sh ! -name nginx.conf -exec install -D -m 644 {} "$doc/examples/{}" \;)
sed -Ei -e 's#\]\([./]*nginx/#](examples/#g' -e 's#\]\([^):]*(\.docc|\.github|\.\.)/([^/)]+)\)#](\2)#g' "$doc"/*.md
find "$doc/examples" -name '*.md' -exec sed -Ei 's#\]\(((\.\./)+)(Sources|\.github)/([^)]*/)?([^/)]+)\)#](\1\5)#g' {} +
# Where the programs and the snippet are, and where the samples say that they are.
find "$doc/examples" -type f -exec sed -i "s|/usr/local/|$prefix/|g" {} +
