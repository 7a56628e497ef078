#!/bin/bash
# What mod_fcgid starts. At a graceful restart it sends TERM to this, sends it again after a second, and after eight seconds it kills,
# while Apache's old processes still wait for answers. So this ends at the first TERM, and the responder, which gets it once, answers
# what it has taken and then ends by itself.
/usr/local/bin/e2b-fcgi --env-file /etc/e2b-fcgi/fcgid.env <&0 &
responder=$!
trap 'trap "" TERM; kill -TERM $responder; exit 0' TERM INT HUP USR1
wait
