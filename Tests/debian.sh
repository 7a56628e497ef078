#!/usr/bin/env bash
# Builds, tests and runs in fresh trees of Debian, as a newcomer would: a user with sudo, in a folder with a space in its path.
#
#     Tests/debian.sh [SUITE…] [-- TARGET…]     SUITE: bookworm trixie, by default both.  TARGET: of Tests, by default `make test`
#
# As root, with debootstrap. A tree is made once, below .build-debian, and used again; remove it for a fresh one. It knows nothing of
# this machine but its Swift: Debian comes from this machine's mirror, Swift packages by way of this machine's git configuration
# (url.….insteadOf), Python's by way of its settings for pip.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

die() {
    echo "debian: $*" >&2
    exit 1
}

suites=() targets=()
while (($#)) && [[ $1 != -- ]]; do suites+=("$1"); shift; done
(($# == 0)) || { shift; targets=("$@"); }
((${#suites[@]})) || suites=(bookworm trixie)

(($(id -u) == 0)) || die "this needs root, to make a tree of Debian."
command -v debootstrap >/dev/null || die "debootstrap is missing: apt-get install debootstrap"
swift=$(readlink -f "$(command -v swift)")
toolchain=${swift%/usr/bin/*}
[[ $toolchain != "$swift" && -n $toolchain ]] || die "Swift is part of this system ($swift), and cannot be lent to another."
# shellcheck disable=SC2016 # apt expands it
mirror=$(apt-get indextargets --format '$(ORIGIN) $(REPO_URI)' 'Created-By: Packages' | sed -n 's/^Debian //p' | grep -v security | head -n 1)
[[ -n $mirror ]] || die "this machine's apt knows no mirror of Debian. Try apt-get update."

# What the tree sees of this machine, beside the network; read-only, at the same path.
lent=("$toolchain")
while read -r folder; do
    [[ ! -d $folder ]] || lent+=("$folder")
done < <(git config --get-regexp '^url\..*\.insteadof$' 2>/dev/null | sed -nE 's/^url\.(\/.*)\.insteadof .*/\1/p' | sort -u)
# A mirror may have an authority of its own.
for file in /etc/ssl/certs/ca-certificates.crt /etc/pip.conf; do
    [[ ! -e $file ]] || lent+=("$file")
done
pip=$HOME/.config/pip/pip.conf
while read -r folder; do
    [[ ! -d $folder ]] || lent+=("$folder")
done < <(sed -nE 's/^find-links *= *//p' /etc/pip.conf "$pip" 2>/dev/null)

user=newcomer
project="/home/$user/My Projects/e2b-fcgi"

# Inside the tree, as root: the user, then what the README tells them to type.
# shellcheck disable=SC2016 # the inner shell expands it
inside='
project=$1 user=$2 path=$3
shift 3
export DEBIAN_FRONTEND=noninteractive
apt-get -q update
apt-get -q install -y --no-install-recommends sudo
id "$user" >/dev/null 2>&1 || useradd --create-home --shell /bin/bash "$user"
echo "$user ALL=(ALL) NOPASSWD: ALL" >"/etc/sudoers.d/$user"
cp /etc/gitconfig.lent "/home/$user/.gitconfig"
chown -R "$user:" "/home/$user"
cd "$project"
exec env -i HOME="/home/$user" USER="$user" LANG=C.UTF-8 PATH="$path" \
    setpriv --reuid "$user" --regid "$user" --init-groups bash -euo pipefail -c "$NEWCOMER" bash "$@"
'
say='say() { echo "debian: $*"; }
'
# shellcheck disable=SC2016
run='
say "make run"
: >/tmp/run.log
make run >/tmp/run.log 2>&1 &
run=$!
until grep -q "^ready http" /tmp/run.log; do
    kill -0 "$run" 2>/dev/null || { cat /tmp/run.log; say "make run ended before it was ready"; exit 1; }
    sleep 1
done
answer=$(python3 -c "
import json, urllib.request
code = \"import matplotlib.pyplot as plt; plt.plot([1, 4, 9]); plt.show(); print(6 * 7)\"
request = urllib.request.Request(
    \"http://127.0.0.1:3001/execute\", json.dumps({\"code\": code}).encode(), {\"Content-Type\": \"application/json\"})
print(urllib.request.urlopen(request, timeout=120).read().decode())
")
kill -TERM "$run"
wait "$run" || true
tail -n 3 /tmp/run.log
[[ $answer == *42* && $answer == *iVBORw0KGgo* ]] || { printf "%.400s\n" "$answer"; say "no picture came back"; exit 1; }
say "make run showed a picture"
'
# shellcheck disable=SC2016
test='say "make test"
make test
'
# shellcheck disable=SC2016
((${#targets[@]} == 0)) || test='say "tests of $*"
make swift deps && swift build --no-color-diagnostics --build-tests && Tests/run.sh "$@"
'

# The work tree as it is, without what was built.
copy() {
    local project=$1$project
    mkdir -p "$project"
    rm -rf "$project/Sources" "$project/Tests"
    # What was removed and not committed is still listed.
    git ls-files -z --cached --others --exclude-standard | tar -c --null --ignore-failed-read -T - | tar -x -C "$project"
}

failed=()
for suite in "${suites[@]}"; do
    root=$PWD/.build-debian/$suite
    if [[ ! -e $root/.complete ]]; then
        rm -rf "$root"
        mkdir -p "$root"
        debootstrap --variant=minbase --include=ca-certificates,make "$suite" "$root" "$mirror"
        touch "$root/.complete"
    fi
    copy "$root"
    cp /etc/resolv.conf /etc/hosts "$root/etc/"
    rm -f "$root/etc/gitconfig.lent"
    git config --get-regexp '^url\..*\.insteadof$' | while read -r key value; do
        git config --file "$root/etc/gitconfig.lent" --add "$key" "$value"
    done
    if [[ -e $pip ]]; then
        mkdir -p "$root/home/$user/.config/pip"
        cp "$pip" "$root/home/$user/.config/pip/"
    fi
    # What is lent belongs to root, and git wants to be told that this is in order.
    git config --file "$root/etc/gitconfig.lent" --add safe.directory '*'
    echo "debian: $suite"
    # Its own root and not a chroot, in which no user namespaces can be made: the local sandbox needs them. And this machine's own
    # /proc: the kernel lets nobody in such a namespace mount another below one of which parts are hidden.
    # shellcheck disable=SC2016
    unshare --mount --propagation private bash -euo pipefail -c '
        root=$1
        shift
        mount --bind "$root" "$root"
        for folder in /dev /proc /sys; do mount --rbind "$folder" "$root$folder"; done
        mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
        while (($#)) && [[ $1 != -- ]]; do
            if [[ -d $1 ]]; then mkdir -p "$root$1"; else touch -a "$root$1"; fi
            mount --bind -o ro "$1" "$root$1"
            shift
        done
        shift
        cd "$root"
        mkdir -p .this-machine
        pivot_root . .this-machine
        exec chroot . bash -euc "umount -l /.this-machine; exec \"\$@\"" bash "$@"
    ' bash "$root" "${lent[@]}" -- \
        env NEWCOMER="$say$run$test" bash -euo pipefail -c "$inside" bash "$project" "$user" \
        "$toolchain/usr/bin:/usr/local/bin:/usr/bin:/bin" "${targets[@]}" </dev/null || failed+=("$suite")
done
((${#failed[@]} == 0)) || die "failed on ${failed[*]}"
