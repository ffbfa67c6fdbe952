// Bytes of Binance's public market data to values, and subscriptions to bytes.
// Pure: no clock, no I/O; the same for live frames, REST answers and captures.
// Layouts: Binance spot-api-docs (web-socket-streams.md, rest-api.md) and the
// USD-M and COIN-M futures documentation, market streams and market data.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/venue/binance/product.h"
#include "libs/venue/market_protocol.h"

namespace gannet::venue::binance {

// Decodes one message at a time into buffers it reuses. Not thread-safe.
class MarketDecoder {
 public:
  MarketDecoder();
  ~MarketDecoder();
  MarketDecoder(const MarketDecoder&) = delete;
  MarketDecoder& operator=(const MarketDecoder&) = delete;

  // A WebSocket message, raw or in the combined-stream envelope.
  absl::StatusOr<MarketFrame> DecodeFrame(std::string_view bytes);
  // GET …/depth.
  absl::StatusOr<DepthSnapshot> DecodeDepthSnapshot(std::string_view bytes);
  // GET …/exchangeInfo. `venue` is the first part of the instrument ids. A symbol
  // whose rules we cannot hold exactly is left out and counted, the rest stands.
  absl::StatusOr<ExchangeInfo> DecodeExchangeInfo(std::string_view bytes, Product product,
                                                  std::string_view venue);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// {"method":"SUBSCRIBE","params":[…],"id":N}
std::string EncodeSubscribe(std::span<const std::string> streams, uint64_t id);
std::string EncodeUnsubscribe(std::span<const std::string> streams, uint64_t id);
// "/api/v3/depth?symbol=BTCUSDT&limit=1000"
std::string DepthPath(Product product, std::string_view symbol, int limit);
// "/api/v3/exchangeInfo?symbols=…" on spot; the futures endpoints know no filter.
std::string ExchangeInfoPath(Product product, std::span<const std::string> symbols);
// Request weight that the venue charges for a depth answer of this many levels.
int DepthWeight(Product product, int limit);

// "btcusdt@depth@100ms", …; sorted.
std::vector<std::string> StreamNames(std::string_view symbol, const StreamSelection& selection);

// All of it as ingest meets it.
std::unique_ptr<MarketProtocol> MakeMarketProtocol(Product product);

}  // namespace gannet::venue::binance
