#!/bin/bash
# Starts the bundled broker from the scripts of its distribution, with nothing of the image's own start.
set -euo pipefail
export LOG_DIR=/tmp/kafka-logs KAFKA_OPTS=-Djava.io.tmpdir=/tmp KAFKA_GC_LOG_OPTS=' '
export KAFKA_LOG4J_OPTS=-Dlog4j2.configurationFile=/etc/kafka/start/log4j2.properties
(umask 077; cat /etc/kafka/tls/tls.key /etc/kafka/tls/tls.crt >/tmp/keystore.pem)  # as Kafka wants PEM
if [ ! -f /var/lib/kafka/data/meta.properties ]; then
  KAFKA_HEAP_OPTS=-Xmx128m /opt/kafka/bin/kafka-storage.sh format \
    -t "$(KAFKA_HEAP_OPTS=-Xmx64m /opt/kafka/bin/kafka-storage.sh random-uuid)" -c /etc/kafka/start/server.properties
fi
exec /opt/kafka/bin/kafka-server-start.sh /etc/kafka/start/server.properties
