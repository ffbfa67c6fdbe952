#!/bin/bash
# Makes what the containers share and nobody else may know, once: a copy for each user that reads it.
set -euo pipefail
umask 077
cd /secrets
if [ ! -e server/password ]; then
  mkdir -p server client
  head -c 24 /dev/urandom | base64 | tr -d '/+=\n' >client/password
  cp client/password server/password
fi
random() { head -c 24 /dev/urandom | base64 | tr -d '/+=\n'; }
if [ ! -e alertmanager/notifier-token ]; then
  mkdir -p alertmanager grafana exporter
  random >client/notifier-token
  cp client/notifier-token alertmanager/notifier-token
  random >grafana/password
  cp client/password exporter/password
fi
if [ ! -e redis/password ]; then
  mkdir -p redis
  random >client/redis-password
  cp client/redis-password redis/password
fi
chown -R 65534:65534 alertmanager exporter
chown -R 472:0 grafana
chown -R 999:999 server redis
chown -R 65532:65532 client
chmod 0711 .
