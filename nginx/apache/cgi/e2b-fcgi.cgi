#!/bin/sh
# The program and its settings, keys included, are in the account's home and not below the site. chmod 600 e2b-fcgi.env
home=/home/me/e2b-fcgi
exec "$home/bin/e2b-fcgi" --env-file "$home/e2b-fcgi.env"
