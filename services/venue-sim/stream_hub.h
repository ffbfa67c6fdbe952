// Market data streams: who subscribed to what, and what they get. Names, payloads
// and speeds as Binance's WebSocket streams documentation has them: /ws/<name>,
// /stream?streams=<name>/<name>, and SUBSCRIBE, UNSUBSCRIBE, LIST_SUBSCRIPTIONS,
// SET_PROPERTY, GET_PROPERTY on the open connection. The perpetuals have a hub of their own,
// behind /public and /market, with depth, bookTicker, aggTrade and kline of the same books.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "services/venue-sim/outbox.h"
#include "services/venue-sim/venue_core.h"

namespace gannet::venue_sim {

enum class StreamKind : uint8_t {
  kTrade,
  kAggregate,
  kBookTicker,
  kDepth,
  kPartialDepth,
  kKline,
  kMiniTicker,
  kTicker,
  kAveragePrice,
  kAllMiniTickers,
  kAllTickers,
};

struct Stream {
  StreamKind kind = StreamKind::kTrade;
  SymbolIndex symbol = 0;
  uint8_t detail = 0;  // kKline: the interval; kPartialDepth: levels
  bool fast = false;   // 100 ms; otherwise 1 s
  auto operator<=>(const Stream&) const = default;
};
// Nothing for a name that the venue does not have. Of the perpetuals depth without a speed is
// told every half second, where the real one has 250 ms.
std::optional<Stream> ParseStream(std::string_view name, bool usdm = false);

class StreamHub {
 public:
  static constexpr size_t kMaxStreams = 1024;      // of one connection
  static constexpr int kMaxMessagesPerSecond = 5;  // from one connection; more closes it

  // `usdm`: of the perpetuals, whose payloads say more.
  StreamHub(const VenueCore& core, Outbox& outbox, bool usdm = false)
      : core_(core), outbox_(outbox), usdm_(usdm) {}

  // False when a name has illegal form or there are too many.
  bool Open(ConnectionId id, const std::vector<std::string>& names, bool combined);
  void Close(ConnectionId id);
  void OnMessage(ConnectionId id, std::string_view text, base::Time now);

  // From the core.
  void OnLevel(SymbolIndex symbol, market::Side side, int64_t price, int64_t quantity,
               uint64_t update_id);
  void OnBest(SymbolIndex symbol);
  void OnTrade(SymbolIndex symbol, const TradePrint& trade);
  void OnAggregate(SymbolIndex symbol, const AggregateTrade& trade);

  // Every 100 ms: what is sent at intervals.
  void Flush(base::Time now);

  size_t connections() const { return connections_.size(); }

 private:
  struct Connection {
    std::set<std::string> names;
    bool combined = false;
    int64_t second = 0;
    int messages = 0;  // in that second
  };
  // Book changes since the last depth update.
  struct Diff {
    uint64_t first = 0, last = 0;
    std::map<std::pair<market::Side, int64_t>, int64_t> levels;
  };
  using Subscribers = std::map<ConnectionId, std::string>;  // by the name they used

  void Subscribe(ConnectionId id, const std::string& name);
  void Unsubscribe(ConnectionId id, const std::string& name);
  const Subscribers* Of(const Stream& stream) const;
  void Publish(const Stream& stream, std::string payload);
  void FlushDepth(bool fast, base::Time now);
  void FlushSlow(base::Time now);
  void FlushKline(const Stream& stream, base::Time now);

  const VenueCore& core_;
  Outbox& outbox_;
  const bool usdm_;
  std::map<ConnectionId, Connection> connections_;
  std::map<Stream, Subscribers> subscribers_;
  std::map<std::pair<bool, SymbolIndex>, Diff>
      diffs_;  // only where someone listens; key: fast, symbol
  struct KlineSent {
    int64_t open_ms = -1;
    uint64_t trades = 0;
  };
  std::map<Stream, KlineSent> klines_;
  std::map<Stream, uint64_t> partial_sent_;  // update id
  uint64_t flushes_ = 0;
};

}  // namespace gannet::venue_sim
