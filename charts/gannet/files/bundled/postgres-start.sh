#!/bin/bash
# Starts the bundled PostgreSQL, with nothing of the image's own start: TLS and a password for everybody.
set -euo pipefail
bin=/usr/lib/postgresql/15/bin
data=/var/lib/postgresql/data/cluster
# The server wants to own its key alone.
install -m 0600 /etc/postgresql/tls/tls.key /tmp/tls.key
if [ ! -f $data/PG_VERSION ]; then
  # A folder that an interrupted first start left half made is made anew.
  rm -rf $data.new
  $bin/initdb -D $data.new -U "$DATABASE_USER" -A scram-sha-256 --pwfile=/etc/postgresql/password/password \
    -E UTF8 --locale=C.UTF-8 --no-instructions
  printf 'hostssl all all 0.0.0.0/0 scram-sha-256\nhostssl all all ::/0 scram-sha-256\n' >>$data.new/pg_hba.conf
  echo "CREATE DATABASE \"$DATABASE\"" | $bin/postgres --single -D $data.new postgres >/dev/null
  mv $data.new $data
fi
exec $bin/postgres -D $data -c listen_addresses='*' -c unix_socket_directories=/tmp \
  -c ssl=on -c ssl_cert_file=/etc/postgresql/tls/tls.crt -c ssl_key_file=/tmp/tls.key
