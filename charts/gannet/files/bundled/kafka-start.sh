#!/bin/bash
# Starts one broker from the scripts of its distribution, with nothing of the image's own start:
# for the chart and for docker-compose.yml, each with its own server.properties beside this.
set -euo pipefail
here=$(dirname "$0")
export LOG_DIR=/tmp/kafka-logs KAFKA_OPTS=-Djava.io.tmpdir=/tmp KAFKA_GC_LOG_OPTS=' '
export KAFKA_LOG4J_OPTS=-Dlog4j2.configurationFile=$here/log4j2.properties
if [ -e /etc/kafka/tls/tls.key ]; then
  (umask 077; cat /etc/kafka/tls/tls.key /etc/kafka/tls/tls.crt >/tmp/keystore.pem) # as Kafka wants PEM
fi
if [ ! -f /var/lib/kafka/data/meta.properties ]; then
  id=$(KAFKA_HEAP_OPTS=-Xmx64m /opt/kafka/bin/kafka-storage.sh random-uuid)
  KAFKA_HEAP_OPTS=-Xmx128m /opt/kafka/bin/kafka-storage.sh format -t "$id" -c "$here/server.properties"
fi
exec /opt/kafka/bin/kafka-server-start.sh "$here/server.properties"
