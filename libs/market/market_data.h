// What is published on market.* topics. All prices and quantities are at the
// scales of `instrument` in version `instrument_version`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/time.h"
#include "libs/market/book.h"
#include "libs/market/ids.h"

namespace gannet::market {

struct Trade {
  InstrumentId instrument;
  uint32_t instrument_version = 1;
  uint64_t trade_id = 0;
  Price price;
  Quantity quantity;
  Side aggressor = Side::kBuy;
  bool operator==(const Trade&) const = default;
};

struct Quote {  // best bid and ask; a missing side has quantity 0
  InstrumentId instrument;
  uint32_t instrument_version = 1;
  Level bid, ask;
  uint64_t update_id = 0;
  bool operator==(const Quote&) const = default;
};

// VALID: proven continuous since its snapshot. Anything else must not be traded on.
enum class BookState : uint8_t { kValid = 1, kInvalid = 2 };
enum class BookFault : uint8_t {
  kNone = 0,
  kNoSnapshot,
  kGap,
  kCrossed,
  kStale,
  kDisconnected,
  kBadData
};

struct BookUpdate {
  InstrumentId instrument;
  uint32_t instrument_version = 1;
  BookState state = BookState::kInvalid;  // after this update
  BookFault fault = BookFault::kNone;     // why INVALID
  bool snapshot = false;                  // replaces the book; otherwise changes it
  uint64_t first_update_id = 0, last_update_id = 0;
  std::vector<Level> bids, asks;  // quantity 0 removes; empty with kInvalid
  bool operator==(const BookUpdate&) const = default;
};

struct Bar {
  InstrumentId instrument;
  uint32_t instrument_version = 1;
  base::Time open_time;
  base::Duration interval{0};
  Price open, high, low, close;
  Quantity volume;
  uint64_t trades = 0;
  bool closed = false;
  bool operator==(const Bar&) const = default;
};

enum class FeedState : uint8_t { kConnected = 1, kDisconnected = 2, kStale = 3 };
struct MarketStatus {  // of a feed (instrument empty) or of one instrument
  std::string feed;    // "binance-spot"
  InstrumentId instrument;
  FeedState feed_state = FeedState::kDisconnected;
  BookState book_state = BookState::kInvalid;
  BookFault fault = BookFault::kNone;
  std::string detail;
  bool operator==(const MarketStatus&) const = default;
};

}  // namespace gannet::market
