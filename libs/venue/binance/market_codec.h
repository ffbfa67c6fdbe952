// Bytes of Binance's public market data to values, and subscriptions to bytes.
// Pure: no clock, no I/O; the same for live frames, REST answers and captures.
// Layouts: Binance spot-api-docs (web-socket-streams.md, rest-api.md) and the
// USD-M and COIN-M futures documentation, market streams and market data.
//
// Numbers stay text until the instrument is known: a price becomes an integer at
// its instrument's scale or is refused (LevelsOf, and Instrument::ParsePrice).
// Ids are exact over the whole of uint64.
//
// Hostile input gives INVALID_ARGUMENT with a message that names the field; a
// known field that appears twice is refused, fields we do not know pass.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/market/book.h"
#include "libs/market/instrument.h"
#include "libs/venue/binance/product.h"

namespace gannet::venue::binance {

inline constexpr size_t kMaxFrameBytes = 16u << 20;     // one WebSocket message
inline constexpr size_t kMaxDocumentBytes = 64u << 20;  // one REST answer
inline constexpr size_t kMaxLevels = 20'000;            // a side of one diff or snapshot
inline constexpr size_t kMaxNesting = 64;

// All text below points into the decoder and is valid until its next call.

struct TextLevel {
  std::string_view price, quantity;
};

// Diff of the book. Spot has no `previous_id` and no transaction time.
struct DepthDiff {
  std::string_view symbol;
  uint64_t first_id = 0, last_id = 0;   // U, u
  std::optional<uint64_t> previous_id;  // pu: u of the diff before (futures)
  base::Time event_time;                // E
  std::span<const TextLevel> bids, asks;
};

// A trade, or (`aggregate`) trades of one taker order at one price in one message.
struct TradeReport {
  std::string_view symbol;
  bool aggregate = false;
  uint64_t id = 0;                           // t, or a
  uint64_t first_trade = 0, last_trade = 0;  // of an aggregate: f, l; otherwise both are `id`
  std::string_view price, quantity;
  bool buyer_is_maker = false;  // m: the aggressor sold
  std::string_view
      execution_type;     // X on futures: "MARKET", "INSURANCE_FUND", "ADL", "NA"; may be empty
  base::Time event_time;  // E
  base::Time trade_time;  // T
};

struct BookTicker {
  std::string_view symbol;
  uint64_t update_id = 0;
  std::string_view bid_price, bid_quantity, ask_price, ask_quantity;
  std::optional<base::Time> event_time;  // none on spot
};

struct Kline {
  std::string_view symbol;
  std::string_view interval;  // "1m"
  base::Time open_time, close_time, event_time;
  std::string_view open, high, low, close, volume;  // volume in base asset or contracts
  uint64_t trades = 0;
  bool closed = false;
};

// Answer to SUBSCRIBE and the like.
struct RequestResult {
  uint64_t id = 0;
  bool ok = true;
  int64_t code = 0;          // of an error
  std::string_view message;  // of an error
};

struct ServerShutdown {  // the connection will be closed soon: connect anew
  base::Time event_time;
};

struct OtherFrame {         // well-formed, of a kind that we do not read
  std::string_view type;    // "24hrTicker", or empty
  std::string_view stream;  // of the envelope, or empty
};

using MarketFrame = std::variant<DepthDiff, TradeReport, BookTicker, Kline, RequestResult,
                                 ServerShutdown, OtherFrame>;

struct DepthSnapshot {
  std::string_view symbol;  // only COIN-M says it
  uint64_t last_update_id = 0;
  std::optional<base::Time> event_time;  // futures
  std::span<const TextLevel> bids, asks;
};

struct ExchangeInfo {
  std::vector<market::Instrument> instruments;  // by id
  std::vector<std::string> rejected;            // "SYMBOL: why", at most kMaxRejectedListed
  uint64_t rejected_count = 0;
  // REQUEST_WEIGHT a minute; 0: not stated.
  uint64_t request_weight_limit = 0;
};
inline constexpr size_t kMaxRejectedListed = 20;

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

// 1 to 64 bytes without spaces, control characters, quotes, backslash and colon. (The
// venue lists symbols outside ASCII.)
bool IsSymbol(std::string_view text);

// `text` at the instrument's scales, appended to `out`. INVALID_ARGUMENT naming the
// field (`side` is "b", "asks", …) for what is not a decimal, is negative, or has
// more digits than the scale; a price of 0 too.
absl::Status LevelsOf(const market::Instrument& instrument, std::string_view side,
                      std::span<const TextLevel> text, std::vector<market::Level>& out);

// The largest scale, at most 8, at which `largest` (a decimal) stays within 9e17 —
// a tenth of int64, so that sums of a few such values cannot overflow — and at
// which `step` is exact. Nothing when there is none.
std::optional<int> ChooseScale(std::string_view largest, std::string_view step);

// {"method":"SUBSCRIBE","params":[…],"id":N}
std::string EncodeSubscribe(std::span<const std::string> streams, uint64_t id);
std::string EncodeUnsubscribe(std::span<const std::string> streams, uint64_t id);
// "/api/v3/depth?symbol=BTCUSDT&limit=1000"
std::string DepthPath(Product product, std::string_view symbol, int limit);
// "/api/v3/exchangeInfo?symbols=…" on spot; the futures endpoints know no filter.
std::string ExchangeInfoPath(Product product, std::span<const std::string> symbols);
// Value of a query parameter, percent-decoded; empty when absent.
std::string QueryParameter(std::string_view path, std::string_view name);
// Request weight that the venue charges for a depth answer of this many levels.
int DepthWeight(Product product, int limit);

// What a client subscribes to for one symbol.
enum class TradeStream : uint8_t { kNone = 0, kEach = 1, kAggregate = 2 };  // "trade", "aggTrade"
struct StreamSelection {
  TradeStream trades = TradeStream::kEach;  // the futures documentation knows only kAggregate
  bool depth = true;
  // Empty: the venue's own pace (spot 1 s, futures 250 ms).
  std::string depth_speed = "100ms";
  bool book_ticker = true;
  bool klines = false;  // of one minute
};
// "btcusdt@depth@100ms", …; sorted.
std::vector<std::string> StreamNames(std::string_view symbol, const StreamSelection& selection);

}  // namespace gannet::venue::binance
