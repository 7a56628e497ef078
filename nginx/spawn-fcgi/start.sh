#!/bin/sh
# Starts the responder by spawn-fcgi, which makes the socket, and gives up root for it. For systems without systemd. Where one runs already
# this starts another in its place: that gets every new request, and the old one ends when it has answered what it has taken.
set -e
run=/run/e2b-fcgi
socket=$run/e2b-fcgi.sock
old=$(cat $run/e2b-fcgi.pid 2>/dev/null || true)

# The socket is put in place at once, so that there is always one.
spawn-fcgi -s $socket.new -M 0660 -U www-data -G www-data -u e2b-fcgi -g e2b-fcgi -b 4096 \
    -P $run/e2b-fcgi.pid.new -- /usr/local/bin/e2b-fcgi --env-file /etc/e2b-fcgi/e2b-fcgi.env
mv $socket.new $socket
mv $run/e2b-fcgi.pid.new $run/e2b-fcgi.pid

if [ -n "$old" ] && [ "$(cat "/proc/$old/comm" 2>/dev/null)" = e2b-fcgi ]; then
    # It takes what has come to the old socket meanwhile.
    sleep 1
    kill -TERM "$old"
fi
