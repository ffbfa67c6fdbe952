// The newest events of some topics, kept for those who ask: lists with pages, and
// streams that resume. What an API serves of the bus is folded from a Feed.
//
// Bounded (FeedSize): what is kept is kept encoded, in memory that is taken at the start,
// so that a feed is as large after a week as after a minute. Streams of market data leave
// out what a slow client cannot take and count it, all others end with RESOURCE_EXHAUSTED.
// Executor's thread; the bus outlives it.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "libs/base/record_ring.h"
#include "libs/bus/bus.h"
#include "libs/bus/topic.h"
#include "libs/market/header.h"
#include "libs/rpc/server.h"

namespace gannet::api {

enum class Slow : uint8_t { kConflate, kDisconnect };

// Whichever is reached first.
struct FeedSize {
  size_t events, bytes;
};

class Feed {
 public:
  struct Item {
    uint64_t sequence = 0;  // in this feed, from 1
    const bus::TopicInfo* topic = nullptr;
    std::shared_ptr<const void> event;

    template <class T>
    const market::Event<T>* As(const bus::Topic<T>& t) const {
      return topic == &t.info ? static_cast<const market::Event<T>*>(event.get()) : nullptr;
    }
    const market::Header& header() const { return topic->header(event.get()); }
    // Into the topic's message, "<Value>Event".
    template <class Envelope>
    Envelope To() const {
      Envelope envelope;
      envelope.ParseFromString(topic->encode(event.get()));
      return envelope;
    }
  };

  // One that came by no bus.
  template <class T>
  static Item ItemOf(const bus::Topic<T>& topic, const market::Event<T>& event) {
    return {0, &topic.info, std::make_shared<const market::Event<T>>(event)};
  }

  // `epoch` names this run in resume tokens: those of another are out of range.
  Feed(bus::Bus& bus, uint64_t epoch, FeedSize size)
      : bus_(bus), epoch_(epoch), kept_(size.events, size.bytes) {}
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  // `hear` gets each event of a topic. What it does not Keep is not in this feed.
  void Listen(const bus::TopicInfo& topic, std::function<void(const Item&)> hear);
  // The same; `hear` (may be empty) runs before the event is kept.
  void Add(const bus::TopicInfo& topic, std::function<void(const Item&)> hear = nullptr);
  // Puts an item that was just heard into the feed, and to its streams. `name`: what it can
  // be found by.
  void Keep(const Item& item, std::string_view name = "");

  uint64_t newest() const { return sequence_; }  // 0: nothing yet
  // The newest that has this id.
  std::optional<Item> Find(const market::EventId& id) const;
  // The newest under this name that is wanted. (Others may have it by chance: look.)
  std::optional<Item> Find(std::string_view name,
                           const std::function<bool(const Item&)>& wanted) const;

  // A message for one item with everything but its position; null: not wanted. The
  // response type has a field `position`.
  using Fill = std::function<std::unique_ptr<google::protobuf::Message>(const Item&)>;
  // `snapshot` goes first, unless `token` resumes.
  void Open(const rpc::CallPtr& call, const std::string& token, Slow slow, Fill fill,
            std::vector<Item> snapshot = {});

  // Newest first: calls `take` with items that lie before `token`'s; false: not wanted.
  // The token of the next page; empty: there is none.
  absl::StatusOr<std::string> Page(int32_t page_size, int32_t fallback, int32_t most,
                                   const std::string& token,
                                   const std::function<bool(const Item&)>& take) const;

  struct Stats {
    uint64_t skipped = 0, disconnected = 0;
  };
  const Stats& stats() const { return stats_; }

 private:
  static constexpr size_t kConflateAbove = 200;  // messages that wait for one client
  struct Tail {
    rpc::CallPtr call;
    Slow slow;
    Fill fill;
    uint64_t sent = 0, skipped = 0;
  };
  struct Kept {
    const bus::TopicInfo* topic = nullptr;
    market::EventId id;
    size_t name = 0;  // its hash
  };
  uint64_t SequenceOf(size_t index) const { return sequence_ + 1 + index - kept_.size(); }
  // Nothing: the codec does not take back what it gave.
  std::optional<Item> At(size_t index) const;
  // False: the stream is over.
  bool Send(Tail& tail, const Item& item);

  bus::Bus& bus_;
  const uint64_t epoch_;
  uint64_t sequence_ = 0;
  base::RecordRing<Kept> kept_;
  std::list<Tail> tails_;
  Stats stats_;
  std::vector<std::unique_ptr<bus::Subscription>> subscriptions_;
};

}  // namespace gannet::api
