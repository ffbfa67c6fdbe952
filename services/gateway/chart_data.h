// What the chart of one instrument shows: bars folded from trades, the newest
// trades, and the book. Derived from market data, kept in memory only.
//
// Pure; one thread. Bounded by kKept…
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "libs/base/time.h"
#include "libs/market/book.h"
#include "libs/market/header.h"
#include "libs/market/instrument.h"
#include "libs/market/market_data.h"
#include "services/gateway/bar_log.h"

namespace gannet::gateway {

class ChartData {
 public:
  static constexpr size_t kKeptInstruments = 2'000;
  static constexpr size_t kKeptTrades = 200;     // of one instrument
  static constexpr size_t kKeptSeconds = 3'600;  // bars of one second
  static constexpr size_t kKeptMinutes = 2'880;  // bars of one minute

  using Bar = gateway::Bar;
  struct TradeSeen {
    uint64_t number = 0;  // 1, 2, … in the order of arrival
    base::Time time;
    market::Price price;
    market::Quantity quantity;
    market::Side aggressor = market::Side::kBuy;
  };
  struct Chart {
    uint32_t version = 0;  // of the instrument: all numbers below are at its scales
    market::Book book;
    market::BookState book_state = market::BookState::kInvalid;
    uint64_t book_update = 0;
    base::Time book_time{};
    std::deque<TradeSeen> trades;  // newest first
    BarLog seconds{kKeptSeconds}, minutes{kKeptMinutes};
    uint64_t trade_count = 0;
  };

  void On(const market::Event<market::Trade>& event);
  void On(const market::Event<market::BookUpdate>& event);

  // Null: nothing has been seen of it.
  const Chart* Find(const market::InstrumentId& id) const;
  // Bars of `interval_s` seconds, oldest first, at most `limit`, folded from those
  // of a second below a minute and from those of a minute above.
  static std::vector<Bar> Bars(const Chart& chart, int64_t interval_s, size_t limit);
  static constexpr std::array<int64_t, 7> kIntervals = {1, 5, 15, 60, 300, 900, 3'600};
  uint64_t refused() const { return refused_; }  // no room for the instrument

 private:
  Chart* Open(const market::InstrumentId& id, uint32_t version);

  std::map<market::InstrumentId, Chart> charts_;
  uint64_t refused_ = 0;
};

}  // namespace gannet::gateway
