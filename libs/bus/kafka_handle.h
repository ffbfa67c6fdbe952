// Owners of librdkafka's objects. Its header stays inside kafka_*.cc and this file.
#pragma once

#include <librdkafka/rdkafka.h>

#include <memory>
#include <string>

namespace gannet::bus {

struct KafkaDelete {
  void operator()(rd_kafka_conf_t* conf) const { rd_kafka_conf_destroy(conf); }
  void operator()(rd_kafka_topic_t* topic) const { rd_kafka_topic_destroy(topic); }
  void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
  void operator()(rd_kafka_headers_t* headers) const { rd_kafka_headers_destroy(headers); }
  void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
  void operator()(rd_kafka_event_t* event) const { rd_kafka_event_destroy(event); }
  void operator()(rd_kafka_error_t* error) const { rd_kafka_error_destroy(error); }
  void operator()(const rd_kafka_metadata_t* metadata) const {
    rd_kafka_metadata_destroy(metadata);
  }
  void operator()(rd_kafka_topic_partition_list_t* list) const {
    rd_kafka_topic_partition_list_destroy(list);
  }
  void operator()(rd_kafka_AdminOptions_t* options) const {
    rd_kafka_AdminOptions_destroy(options);
  }
  void operator()(rd_kafka_NewTopic_t* topic) const { rd_kafka_NewTopic_destroy(topic); }
  void operator()(rd_kafka_ConfigResource_t* resource) const {
    rd_kafka_ConfigResource_destroy(resource);
  }
  // Of a client: consumers are closed before (kafka_consumer.cc).
  void operator()(rd_kafka_t* client) const { rd_kafka_destroy(client); }
};

template <class T>
using KafkaOwned = std::unique_ptr<T, KafkaDelete>;

inline std::string KafkaErrorText(rd_kafka_resp_err_t error) {
  return std::string(rd_kafka_err2name(error)) + " (" + rd_kafka_err2str(error) + ")";
}

}  // namespace gannet::bus
