// Public market data of any venue as values: what a protocol (market_protocol.h) makes of
// bytes, and ingest makes events of.
//
// Numbers stay text until the instrument is known: a price becomes an integer at
// its instrument's scale or is refused (LevelsOf, and Instrument::ParsePrice).
// Ids are exact over the whole of uint64. Text points into the decoder that read it and is
// valid until that one's next call.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/time.h"
#include "libs/market/book.h"
#include "libs/market/instrument.h"

namespace gannet::venue {

inline constexpr size_t kMaxFrameBytes = 16u << 20;     // one WebSocket message
inline constexpr size_t kMaxDocumentBytes = 64u << 20;  // one REST answer
inline constexpr size_t kMaxLevels = 20'000;            // a side of one diff or snapshot
inline constexpr size_t kMaxNesting = 64;

struct TextLevel {
  std::string_view price, quantity;
};

// Diff of the book; with `snapshot` the whole book, in place of all that was before.
struct DepthDiff {
  std::string_view symbol;
  bool snapshot = false;
  uint64_t first_id = 0, last_id = 0;   // of the updates in it
  std::optional<uint64_t> previous_id;  // last_id of the diff before (Binance's futures)
  base::Time event_time;
  std::span<const TextLevel> bids, asks;
};

// A trade, or (`aggregate`) trades of one taker order at one price in one message.
struct TradeReport {
  std::string_view symbol;
  bool aggregate = false;
  // Ids count up by one from trade to trade; otherwise they only tell trades apart.
  bool numbered = true;
  uint64_t id = 0;
  uint64_t first_trade = 0, last_trade = 0;  // of an aggregate; otherwise both are `id`
  std::string_view price, quantity;
  bool buyer_is_maker = false;      // the aggressor sold
  std::string_view execution_type;  // "MARKET" or empty: dealt in the book
  base::Time event_time;
  base::Time trade_time;
};

struct TradeReports {  // several in one message
  std::span<const TradeReport> trades;
};

struct BookTicker {
  std::string_view symbol;
  uint64_t update_id = 0;
  std::string_view bid_price, bid_quantity, ask_price, ask_quantity;
  std::optional<base::Time> event_time;  // none on Binance's spot
};

struct Kline {
  std::string_view symbol;
  std::string_view interval;  // "1m"
  base::Time open_time, close_time, event_time;
  std::string_view open, high, low, close, volume;  // volume in base asset or contracts
  uint64_t trades = 0;
  bool closed = false;
};

// Answer to a subscription and the like.
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

using MarketFrame = std::variant<DepthDiff, TradeReport, TradeReports, BookTicker, Kline,
                                 RequestResult, ServerShutdown, OtherFrame>;

struct DepthSnapshot {
  std::string_view symbol;  // only Binance's COIN-M says it
  uint64_t last_update_id = 0;
  std::optional<base::Time> event_time;  // futures
  std::span<const TextLevel> bids, asks;
};

// Binance's exchangeInfo, a page of Bybit's instruments-info.
struct ExchangeInfo {
  std::vector<market::Instrument> instruments;  // by id
  std::vector<std::string> rejected;            // "SYMBOL: why", at most kMaxRejectedListed
  uint64_t rejected_count = 0;
  // REQUEST_WEIGHT a minute; 0: not stated.
  uint64_t request_weight_limit = 0;
  std::string next_page;  // empty: this is the last one
};
inline constexpr size_t kMaxRejectedListed = 20;

// 1 to 64 bytes without spaces, control characters, quotes, backslash and colon. (Venues
// list symbols outside ASCII.)
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
// A decimal, not negative, at `scale`; digits beyond it are rounded, so that venues may state
// bounds finer than the steps that they hold for. Nothing for anything else.
std::optional<market::Int128> ParseBound(std::string_view text, int scale,
                                         market::Rounding rounding);

// Adds a symbol that was left out, and why.
void Reject(ExchangeInfo& info, std::string why);
// Brings the instruments into their order. INVALID_ARGUMENT: one appears twice.
absl::Status SortById(ExchangeInfo& info);

// Value of a query parameter, percent-decoded; empty when absent.
std::string QueryParameter(std::string_view path, std::string_view name);

}  // namespace gannet::venue
