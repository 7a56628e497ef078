#!/usr/bin/env bash
# Writes the manual page of a built program: settings, commands and version are the program's own words.
#
#     nginx/packaging/man.sh PROGRAM
set -euo pipefail
program=${1:?Usage: man.sh PROGRAM}
export COLUMNS=100

# Backslashes and leading dots are commands to troff, and a bare hyphen is typeset as another sign.
escape() { sed -e 's/\\/\\e/g' -e 's/-/\\-/g' -e "s/^\\([.']\\)/\\\\\&\\1/"; }

# Of `--help`: the settings, each a line "  NAME=default" and lines of words below it.
settings() {
    "$program" --help | escape | awk '
        /^USAGE:/ { exit }
        /^  [A-Z][A-Z0-9_*]+(=.*)?$/ { sub(/^ +/, ""); split($0, part, "="); name = part[1]
            value = substr($0, length(name) + 2)
            print ".TP\n.B " name (value == "" ? "" : "\n(" value ")\n.br"); inside = 1; next }
        inside && NF { sub(/^ +/, ""); print }'
}

commands() {
    "$program" --help | awk '/^SUBCOMMANDS:/ { inside = 1; next } inside && /^  [a-z]/ { print $1 }' | while read -r command; do
        printf '.SS %s\n.nf\n' "$command"
        "$program" help "$command" | escape
        printf '.fi\n'
    done
}

version=$("$program" --version 2>/dev/null | grep -oE '[0-9]+(\.[0-9]+)+[^ ]*' | head -n 1) || version=
date=$(date -u -d "@${SOURCE_DATE_EPOCH:-$(date +%s)}" +%Y-%m-%d)
while IFS= read -r line; do
    case $line in
    @SETTINGS@) settings ;;
    @COMMANDS@) commands ;;
    *) line=${line//@VERSION@/$version} && printf '%s\n' "${line//@DATE@/$date}" ;;
    esac
done <"$(dirname "${BASH_SOURCE[0]}")/e2b-fcgi.1.in"
