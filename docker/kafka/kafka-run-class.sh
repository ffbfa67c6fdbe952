#!/bin/bash
# A class of Kafka, run as the script of the same name in its distribution does: heap and
# logging from the environment.
set -euo pipefail
# shellcheck disable=SC2086  # several options each
exec java ${KAFKA_HEAP_OPTS:--Xmx256m} -XX:+UseSerialGC -XX:TieredStopAtLevel=1 ${KAFKA_LOG4J_OPTS:-} ${KAFKA_OPTS:-} \
  -cp "/opt/kafka/libs/*" "$@"
