// The newest events of some topics, kept for those who ask: lists with pages, and
// streams that resume. What an API serves of the bus is folded from a Feed.
//
// Bounded: `kept` events; streams of market data leave out what a slow client cannot
// take and count it, all others end with RESOURCE_EXHAUSTED. Executor's thread; the
// bus outlives it.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "libs/bus/bus.h"
#include "libs/bus/topic.h"
#include "libs/market/header.h"
#include "libs/rpc/server.h"

namespace gannet::api {

enum class Slow : uint8_t { kConflate, kDisconnect };

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
  Feed(bus::Bus& bus, uint64_t epoch, size_t kept) : bus_(bus), epoch_(epoch), kept_(kept) {}
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  // `hear` gets each event of a topic that this feed does not keep.
  void Listen(const bus::TopicInfo& topic, std::function<void(const Item&)> hear);
  // `hear` (may be empty) runs before streams see the event.
  void Add(const bus::TopicInfo& topic, std::function<void(const Item&)> hear = nullptr);

  const std::deque<Item>& items() const { return items_; }  // oldest first

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
  void On(const bus::TopicInfo& topic, const std::shared_ptr<const void>& event);
  // False: the stream is over.
  bool Send(Tail& tail, const Item& item);

  bus::Bus& bus_;
  const uint64_t epoch_;
  const size_t kept_;
  uint64_t sequence_ = 0;
  std::deque<Item> items_;
  std::list<Tail> tails_;
  Stats stats_;
  std::vector<std::unique_ptr<bus::Subscription>> subscriptions_;
};

}  // namespace gannet::api
