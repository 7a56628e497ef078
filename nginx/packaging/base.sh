#!/usr/bin/env bash
# Writes the snippet for a base path: nginx/e2b-fcgi.conf, whose paths begin with $e2b_base, which the site sets, and go to $e2b_socket,
# which it sets, too. nginx takes no variable in the expression of a location, so the base path is compared before locations are looked at.
#
#     nginx/packaging/base.sh >e2b-fcgi-base.conf
set -euo pipefail
snippet=$(dirname "${BASH_SOURCE[0]}")/../e2b-fcgi.conf

streamed='/e2b-fcgi-streamed'
# shellcheck disable=SC2016 # the $ are nginx's
location='location ~ "^(?<e2b_base>)' path='(?<e2b_path>' rewrite='rewrite ^ $e2b_base'$streamed
# What the one location looks for: the service's paths.
line=$(grep -F "$location" "$snippet")
paths=${line##*"$path"/(?:(?<=*/)|}
paths=${paths%))\$*}
[[ $(grep -cF "$location" "$snippet") == 1 && $(grep -cF "$rewrite" "$snippet") == 3 && $paths == execute* && $paths == *\) ]] || {
    echo "base: $snippet is another than this script knows" >&2
    exit 1
}

cat <<'HEAD'
# e2b-fcgi below a base path, behind an nginx of your own: include this file in a server {} block, after two variables.
#
#     set $e2b_base   /code;
#     set $e2b_socket unix:/run/e2b-fcgi/e2b-fcgi.sock;
#     include /usr/local/share/e2b-fcgi/nginx/e2b-fcgi-base.conf;
#
# Its paths are then /code/mcp, /code/v1/… and so on, and the page is /code/. All others are the site's own. Made of e2b-fcgi.conf, which
# says more about who is served without keys, and about proxies.

set $e2b_asked $e2b_base|$uri;
if ($e2b_asked ~ "^(?<e2b_given>/[^|]*)[|]\k<e2b_given>/(?:e2b-fcgi/)?$") {
    rewrite ^ /e2b-fcgi-base/e2b-fcgi/ last;
}
HEAD
cat <<PATHS
if (\$e2b_asked ~ "^(?<e2b_given>/[^|]*)[|]\\k<e2b_given>(?<e2b_rest>/(?:$paths))$") {
    rewrite ^ /e2b-fcgi-base\$e2b_rest last;
}
PATHS
# From the folder of stored files on, with the location below a name that only those two lines lead to.
awk -v location="$location" -v rewrite="$rewrite" '
    /^# The folder of stored files/ { on = 1; print "" }
    /^# The page for people/ { skip = 1 }
    index($0, location) == 1 {
        skip = 0
        print "location ~ \"^/e2b-fcgi-base" substr($0, length(location) + 1)
        print "    internal;"
        next
    }
    on && !skip {
        if (at = index($0, rewrite))
            $0 = substr($0, 1, at - 1) "rewrite ^ /e2b-fcgi-base" substr($0, at + length("rewrite ^ $e2b_base"))
        print
    }' "$snippet"
