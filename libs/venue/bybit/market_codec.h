// Bytes of Bybit v5's public market data to values, and subscriptions to bytes.
// Pure: no clock, no I/O; the same for live frames, REST answers and recordings.
// Source: Bybit's public v5 API docs, pages websocket/public/{orderbook,trade},
// market/instrument, ws/connect and rate-limit.
//
// The book is the stream "orderbook.<levels>.<symbol>": a subscription begins with a
// snapshot; `u` of each delta is one more than that of the message before. A snapshot takes
// the place of the book whenever it comes; one with u = 1 says that the service was
// restarted. Level ids are not stated; a quantity of 0 takes a level away, as does a level
// that is no longer among the best.
//
// Trades have ids that count up on neither product: a number on spot, a UUID on linear, of
// which the first 64 bits are kept.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/venue/bybit/category.h"
#include "libs/venue/market_protocol.h"

namespace gannet::venue::bybit {

// Decodes one message at a time into buffers it reuses. Not thread-safe.
class MarketDecoder {
 public:
  MarketDecoder();
  ~MarketDecoder();
  MarketDecoder(const MarketDecoder&) = delete;
  MarketDecoder& operator=(const MarketDecoder&) = delete;

  // A message of /v5/public/spot or /v5/public/linear.
  absl::StatusOr<MarketFrame> DecodeFrame(std::string_view bytes);
  // One page of GET /v5/market/instruments-info. INVALID_ARGUMENT too for an answer that
  // says a retCode. A symbol whose rules we cannot hold exactly, or that is no contract of
  // this category, is left out and counted, the rest stands.
  absl::StatusOr<ExchangeInfo> DecodeInstrumentsInfo(std::string_view bytes, Category category,
                                                     std::string_view venue);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// The books that the venue streams, by their levels a side. The smallest has snapshots only.
inline constexpr uint32_t kBookLevels[] = {1, 50, 200, 1000};

// {"op":"subscribe","req_id":"N","args":[…]}
std::string EncodeSubscribe(std::span<const std::string> topics, uint64_t id);
std::string EncodeUnsubscribe(std::span<const std::string> topics, uint64_t id);
// "/v5/market/instruments-info?category=linear&limit=1000&cursor=…"
std::string InstrumentsInfoPath(Category category, std::string_view page);
// "orderbook.50.BTCUSDT", "publicTrade.BTCUSDT"
std::vector<std::string> TopicNames(std::string_view symbol, const StreamSelection& selection);

// All of it as ingest meets it.
std::unique_ptr<MarketProtocol> MakeMarketProtocol(Category category);

}  // namespace gannet::venue::bybit
