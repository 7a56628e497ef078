#!/bin/sh
# Starts the responder by spawn-fcgi, which makes the socket, and gives up root for it. For systems without systemd.
exec spawn-fcgi -s /run/e2b-fcgi/e2b-fcgi.sock -M 0660 -U www-data -G www-data -u e2b-fcgi -g e2b-fcgi -b 4096 \
    -P /run/e2b-fcgi/e2b-fcgi.pid -- /usr/local/bin/e2b-fcgi --env-file /etc/e2b-fcgi/e2b-fcgi.env
