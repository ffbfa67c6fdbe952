#!/bin/bash
# A class of Kafka, run as the script of the same name in its distribution does: heap, collector
# and logging from the environment, the collector by Kafka's own choice unless stated.
set -euo pipefail
collector="-XX:+UseG1GC -XX:MaxGCPauseMillis=20 -XX:InitiatingHeapOccupancyPercent=35"
# shellcheck disable=SC2086  # several options each
exec java ${KAFKA_HEAP_OPTS:--Xmx256m} ${KAFKA_JVM_PERFORMANCE_OPTS:-$collector} ${KAFKA_LOG4J_OPTS:-} ${KAFKA_OPTS:-} \
  -cp "/opt/kafka/libs/*" "$@"
