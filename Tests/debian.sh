#!/usr/bin/env bash
# Builds and tests in fresh trees of Debian, which know nothing of this machine but its Swift.
#
#     Tests/debian.sh [SUITE…] [-- TARGET…]     SUITE: bookworm trixie, by default both.  TARGET: of Tests, by default `make test`
#
# As root, with debootstrap and bubblewrap. A tree is made once, below .build-debian, and used again; remove it for a fresh one.
# Debian comes from this machine's own mirror, Swift packages by way of this machine's git configuration (url.….insteadOf).
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

# What the tree sees of this machine, beside the network.
lent=(--ro-bind "$toolchain" "$toolchain")
for file in /etc/gitconfig "$HOME/.gitconfig"; do
    [[ ! -e $file ]] || lent+=(--ro-bind "$file" "${file/#$HOME/\/root}")
done
while read -r folder; do
    [[ ! -d $folder ]] || lent+=(--ro-bind "$folder" "$folder")
done < <(git config --get-regexp '^url\..*\.insteadof$' 2>/dev/null | sed -nE 's/^url\.(\/.*)\.insteadof .*/\1/p' | sort -u)

# The work tree as it is, without what was built.
copy() {
    rm -rf "$1/src/e2b-fcgi/Sources" "$1/src/e2b-fcgi/Tests"
    mkdir -p "$1/src/e2b-fcgi"
    # What was removed and not committed is still listed.
    git ls-files -z --cached --others --exclude-standard | tar -c --null --ignore-failed-read -T - | tar -x -C "$1/src/e2b-fcgi"
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
    mkdir -p "$root$toolchain"
    # shellcheck disable=SC2016 # the inner shell expands it
    if ((${#targets[@]})); then
        run='make swift deps && swift build --no-color-diagnostics --build-tests && Tests/run.sh "$@"'
    else
        run='make test'
    fi
    echo "debian: $suite"
    # bubblewrap and not chroot, in which no user namespaces can be made: the local sandbox needs them. And this machine's own
    # /proc: the kernel lets nobody in such a namespace mount another below one of which parts are hidden.
    bwrap --bind "$root" / --dev-bind /dev /dev --bind /proc /proc --ro-bind /sys /sys --tmpfs /tmp --chmod 1777 /tmp \
        "${lent[@]}" --cap-add ALL --die-with-parent --chdir /src/e2b-fcgi \
        --clearenv --setenv HOME /root --setenv LANG C.UTF-8 --setenv DEBIAN_FRONTEND noninteractive \
        --setenv PATH "$toolchain/usr/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" \
        -- bash -euc "apt-get -q update; $run" bash "${targets[@]}" || failed+=("$suite")
done
((${#failed[@]} == 0)) || die "failed on ${failed[*]}"
