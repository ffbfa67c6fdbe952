// Bybit v5's public market data over the same books: the streams /v5/public/spot and
// /v5/public/linear (topics "orderbook.<1|50|200|1000>.<symbol>" and
// "publicTrade.<symbol>"), and the book of GET /v5/market/orderbook. A perpetual's book and
// trades are those of the spot market of its name.
// Source: Bybit's public v5 docs (websocket/public/orderbook, trade; market/orderbook;
// ws/connect).
//
// Each book is told as it changes, at every Flush: `u` counts its messages from 1 on, which
// is also what says that the venue was restarted. The book of one level has snapshots only.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "services/venue-sim/json_text.h"
#include "services/venue-sim/outbox.h"
#include "services/venue-sim/venue_core.h"

namespace gannet::venue_sim::bybit {

inline constexpr std::string_view kPublicSpotPath = "/v5/public/spot",
                                  kPublicLinearPath = "/v5/public/linear";

class PublicMarket {
 public:
  static constexpr size_t kMaxArgs = 10;      // of one request on spot
  static constexpr size_t kMaxTopics = 1024;  // of one connection
  static constexpr uint32_t kDeepest = 1000;  // the book that the REST answer is cut from

  PublicMarket(const VenueCore& core, Outbox& outbox) : core_(core), outbox_(outbox) {}

  void Open(ConnectionId id, bool linear) { connections_[id].linear = linear; }
  void Close(ConnectionId id);
  void OnMessage(ConnectionId id, std::string_view text, base::Time now);

  void OnTrade(SymbolIndex symbol, const TradePrint& trade);
  // Tells what has changed.
  void Flush(base::Time now);
  // The result of GET /v5/market/orderbook; its u is that of the deepest stream.
  void WriteBook(JsonText& json, bool linear, SymbolIndex symbol, size_t limit, base::Time now);

 private:
  struct Connection {
    bool linear = false;
    std::set<std::string, std::less<>> topics;
  };
  struct Topic {
    bool linear = false;
    SymbolIndex symbol = 0;
    uint32_t levels = 0;  // 0: trades
    auto operator<=>(const Topic&) const = default;
  };
  struct Book {
    uint64_t u = 0;
    std::vector<market::Level> bids, asks;  // as told last, best first
    base::Time told{};
  };

  static std::optional<Topic> Parse(bool linear, std::string_view name);
  void Reply(ConnectionId id, std::string_view operation, std::string_view request_id,
             std::string_view refusal);
  void Change(ConnectionId id, std::string_view operation, std::string_view request_id,
              const std::vector<std::string>& names, base::Time now);
  // Brings a book up to the core's, and tells who listens.
  Book& Tell(const Topic& topic, base::Time now);
  void Publish(const Topic& topic, std::string text);
  std::string Frame(const Topic& topic, const Book& book, bool snapshot,
                    const std::vector<market::Level>& bids, const std::vector<market::Level>& asks,
                    base::Time now) const;

  const VenueCore& core_;
  Outbox& outbox_;
  std::map<ConnectionId, Connection> connections_;
  std::map<Topic, std::set<ConnectionId>> subscribers_;
  std::map<Topic, Book> books_;  // each that was ever asked for
};

}  // namespace gannet::venue_sim::bybit
