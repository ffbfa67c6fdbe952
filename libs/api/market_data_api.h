// gannet.market.v1.MarketDataService from the bus: definitions, books put together
// from their changes, bars, and streams that begin with what stands now.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <utility>

#include "libs/api/feed.h"
#include "libs/bus/topics.h"
#include "libs/market/book.h"
#include "libs/rpc/server.h"

namespace gannet::market::v1 {
class BookUpdate;
}

namespace gannet::api {

class MarketDataApi {
 public:
  static constexpr FeedSize kKept{.events = 5'000, .bytes = 1u << 20};  // to resume streams
  static constexpr size_t kKeptInstruments = 10'000;
  static constexpr size_t kKeptBars = 1'000;  // of one instrument and interval

  enum class Serves : uint8_t { kAll, kDefinitions };  // the latter: of instruments, nothing else
  MarketDataApi(rpc::Server& server, bus::Bus& bus, uint64_t epoch, Serves serves = Serves::kAll);

 private:
  struct Standing {
    market::Book book;
    market::BookUpdate last;  // without levels
    market::Header header;
    Feed::Item quote, trade, status;
  };
  void OnInstrument(const Feed::Item& item);
  void OnBook(const Feed::Item& item);
  void OnBar(const Feed::Item& item);
  Standing* Find(const market::InstrumentId& id);
  // The whole book, `depth` levels a side.
  market::Event<market::BookUpdate> Whole(const Standing& standing, size_t depth) const;
  void ServeDefinitions(rpc::Server& server);
  void Serve(rpc::Server& server);
  void Stream(const rpc::CallPtr& call, const google::protobuf::Message& request);

  Feed feed_;
  std::map<market::InstrumentId, std::map<uint32_t, Feed::Item>> definitions_;  // by version
  std::map<market::InstrumentId, Standing> standing_;
  std::map<std::pair<market::InstrumentId, base::Duration>, std::deque<Feed::Item>> bars_;
};

}  // namespace gannet::api
