#!/bin/sh
# Starts Redis with nothing of the image's own start, and one user who may touch the keys of one
# platform only: for the chart, with TLS, and for docker-compose.yml, on loopback.
set -eu
# The default user is off, so nobody is it but Redis while it reads its own file: without rights what
# scripts wrote is refused there, and every session is lost at a start (7.0.15).
tls=${TLS:-/etc/redis/tls}
listen="port ${PORT:-6379}"
if [ -e "$tls/tls.key" ]; then
  listen="port 0
tls-port ${PORT:-6379}
tls-cert-file $tls/tls.crt
tls-key-file $tls/tls.key
tls-auth-clients no"
fi
hash=$(tr -d ' \r\n' <"${PASSWORD_FILE:-/etc/redis/password/password}" | sha256sum | cut -d' ' -f1)
exec redis-server - <<X
bind ${LISTEN:-* -::*}
$listen
dir ${DATA:-/data}
appendonly yes
save ""
maxmemory ${MAX_MEMORY:-64mb}
maxmemory-policy noeviction
user default off ~* &* +@all
user $REDIS_USER on #$hash ~$PREFIX* +@hash +@sortedset +@keyspace +@scripting +time +ping -@dangerous
X
