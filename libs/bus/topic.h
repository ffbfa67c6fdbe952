// A topic binds a name, a domain type, its wire codec and its key. The constants
// are in topics.h; a topic name written anywhere else is a defect.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/market/header.h"
#include "libs/wire/codec.h"

namespace gannet::bus {

// What happens to a consumer that is too slow.
enum class Delivery : uint8_t {
  kConflate,  // market data: the oldest are skipped, the gap is counted
  kBlock,     // orders, decisions, fills, news: never dropped; producers wait or are refused
};

struct TopicInfo {
  std::string_view name;
  Delivery delivery;
  bool fact;                 // decided by an engine: journaled, visible only once durable
  bool compacted;            // the last event of each key is kept
  bool order_shard;          // partition = shard; an undecodable record halts the shard
  uint32_t partitions;       // on Kafka; changing it moves keys, so it never changes
  base::Duration retention;  // on Kafka; of a compacted topic: of deletions
  // Type-erased codec: `event` points to a market::Event<T>.
  std::string (*encode)(const void* event);
  absl::StatusOr<std::shared_ptr<const void>> (*decode)(std::string_view bytes);
  std::string (*key)(const void* event);
  const market::Header& (*header)(const void* event);
};

template <class T>
struct Topic {
  using Value = T;
  TopicInfo info;
};

struct TopicTraits {
  Delivery delivery = Delivery::kBlock;
  bool fact = false;
  bool compacted = false;
  bool order_shard = false;
  uint32_t partitions = 4;
  base::Duration retention = std::chrono::hours(24 * 7);
};

// `key` is a captureless lambda: the part of the value that orders events.
template <class T, std::string (*key)(const T&)>
constexpr Topic<T> MakeTopic(std::string_view name, TopicTraits traits) {
  return Topic<T>{TopicInfo{
      name, traits.delivery, traits.fact, traits.compacted, traits.order_shard, traits.partitions,
      traits.retention,
      [](const void* event) { return wire::Encode(*static_cast<const market::Event<T>*>(event)); },
      [](std::string_view bytes) -> absl::StatusOr<std::shared_ptr<const void>> {
        absl::StatusOr<market::Event<T>> event = wire::Decode<T>(bytes);
        if (!event.ok()) return event.status();
        return std::static_pointer_cast<const void>(
            std::make_shared<const market::Event<T>>(*std::move(event)));
      },
      [](const void* event) { return key(static_cast<const market::Event<T>*>(event)->value); },
      [](const void* event) -> const market::Header& {
        return static_cast<const market::Event<T>*>(event)->header;
      }}};
}

}  // namespace gannet::bus
