#!/bin/bash
# Starts PostgreSQL with nothing of the image's own start, and a password for everybody: for the
# chart, with TLS, and for docker-compose.yml, on loopback.
set -euo pipefail
bin=/usr/lib/postgresql/15/bin
data=/var/lib/postgresql/data/cluster
tls=/etc/postgresql/tls
options=(-c "listen_addresses=${LISTEN:-*}" -c "port=${PORT:-5432}" -c unix_socket_directories=/tmp)
if [ -e $tls/tls.key ]; then
  install -m 0600 $tls/tls.key /tmp/tls.key # the server wants to own its key alone
  options+=(-c ssl=on -c "ssl_cert_file=$tls/tls.crt" -c ssl_key_file=/tmp/tls.key)
fi
if [ ! -f $data/PG_VERSION ]; then
  rm -rf $data.new # of a first start that was cut short
  $bin/initdb -D $data.new -U "$DATABASE_USER" -A scram-sha-256 --pwfile="${PASSWORD_FILE:-/etc/postgresql/password/password}" \
    -E UTF8 --locale=C.UTF-8 --no-instructions
  printf 'hostssl all all 0.0.0.0/0 scram-sha-256\nhostssl all all ::/0 scram-sha-256\n' >>$data.new/pg_hba.conf
  echo "CREATE DATABASE \"$DATABASE\"" | $bin/postgres --single -D $data.new postgres >/dev/null
  mv $data.new $data
fi
exec $bin/postgres -D $data "${options[@]}"
