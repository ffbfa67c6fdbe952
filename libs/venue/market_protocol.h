// The port of market data: what a venue's public streams and REST are to ingest. A
// protocol turns bytes into values and wishes into requests; it keeps no state of the
// market, so that one of a recording and one of a live session are the same.
//
// Hostile input gives INVALID_ARGUMENT with a message that names the field; a
// known field that appears twice is refused, fields we do not know pass. Not thread-safe:
// one an engine.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/venue/market_data.h"

namespace gannet::venue {

enum class TradeStream : uint8_t { kNone = 0, kEach = 1, kAggregate = 2 };

// What a client subscribes to for one symbol.
struct StreamSelection {
  TradeStream trades = TradeStream::kEach;
  bool depth = true;
  std::string depth_speed = "100ms";  // where the venue lets one choose; empty: its own pace
  uint32_t depth_levels = 50;         // a side, where the stream has a depth
  bool book_ticker = true;            // where the venue has one that tells more than the book
  bool klines = false;                // of one minute
};

class MarketProtocol {
 public:
  // What a path of ours asks for.
  enum class Request { kOther, kDepth, kDefinitions };
  // How much one connection and one subscription may carry.
  struct Limits {
    size_t streams_per_connection = 0, streams_per_request = 0;
  };

  virtual ~MarketProtocol() = default;

  // A WebSocket message.
  virtual absl::StatusOr<MarketFrame> DecodeFrame(std::string_view bytes) = 0;
  // The answers to the two kinds of request. `venue` is the first part of the instrument
  // ids. A symbol whose rules we cannot hold exactly is left out and counted.
  virtual absl::StatusOr<DepthSnapshot> DecodeDepthSnapshot(std::string_view bytes) = 0;
  virtual absl::StatusOr<ExchangeInfo> DecodeExchangeInfo(std::string_view bytes,
                                                          std::string_view venue) = 0;
  virtual Request KindOf(std::string_view path) const = 0;

  // A diff continues by its previous_id, not by the ids counting up.
  virtual bool chains_diffs() const = 0;
  // A subscription begins with the whole book, diffs are of the connection that brought it,
  // and subscribing again brings it again. Otherwise DepthPath does.
  virtual bool streams_snapshots() const = 0;
  // One contract is worth a sum of the quote asset whatever the price, settled in the base
  // asset: its notional is no product of price and quantity.
  virtual bool is_inverse() const = 0;
  virtual bool is_spot() const = 0;

  virtual std::string DefinitionsPath(std::span<const std::string> symbols,
                                      std::string_view page) const = 0;
  virtual std::string DepthPath(std::string_view symbol, int limit) const = 0;
  // Request weight that the venue charges for a depth answer of this many levels.
  virtual uint64_t DepthWeight(int limit) const = 0;
  // How long to ask nothing after an answer with this HTTP status that names no time itself;
  // 0: it does not mean that we ask too much.
  virtual base::Duration HoldAfter(int http_status) const = 0;

  // Behind the address of the streams: "/stream".
  virtual std::string StreamPath() const = 0;
  virtual Limits limits() const = 0;
  virtual std::vector<std::string> StreamNames(std::string_view symbol,
                                               const StreamSelection& selection) const = 0;
  virtual std::string EncodeSubscribe(std::span<const std::string> streams, uint64_t id) const = 0;
  virtual std::string EncodeUnsubscribe(std::span<const std::string> streams,
                                        uint64_t id) const = 0;
  // What the venue wants to hear now and then; every 0: nothing.
  virtual base::Duration ping_every() const = 0;
  virtual std::string EncodePing() const = 0;
};

}  // namespace gannet::venue
