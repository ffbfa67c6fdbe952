#include "services/venue-sim/tape.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "libs/base/check.h"
#include "libs/market/decimal.h"

namespace gannet::venue_sim {
namespace {

constexpr int64_t kMinute = 60'000, kHour = 60 * kMinute, kDay = 24 * kHour;

struct IntervalRow {
  std::string_view name;
  int64_t length;  // months: 0
};
constexpr std::array<IntervalRow, kIntervalCount> kIntervals{{{"1m", kMinute},
                                                              {"3m", 3 * kMinute},
                                                              {"5m", 5 * kMinute},
                                                              {"15m", 15 * kMinute},
                                                              {"30m", 30 * kMinute},
                                                              {"1h", kHour},
                                                              {"2h", 2 * kHour},
                                                              {"4h", 4 * kHour},
                                                              {"6h", 6 * kHour},
                                                              {"8h", 8 * kHour},
                                                              {"12h", 12 * kHour},
                                                              {"1d", kDay},
                                                              {"3d", 3 * kDay},
                                                              {"1w", 7 * kDay},
                                                              {"1M", 0}}};

std::chrono::year_month_day DateOf(int64_t ms) {
  return std::chrono::floor<std::chrono::days>(
      std::chrono::sys_time<std::chrono::milliseconds>(std::chrono::milliseconds(ms)));
}

int64_t MonthOpen(std::chrono::year_month month) {
  const std::chrono::sys_days first = month / std::chrono::day(1);
  return std::chrono::duration_cast<std::chrono::milliseconds>(first.time_since_epoch()).count();
}

template <class T>
void Bound(std::deque<T>& items, size_t limit) {
  while (items.size() > limit) items.pop_front();
}

// One candle of the walk, made backwards: `close` is known, the open is not.
Candle WalkBack(const Symbol& symbol, base::Rng& rng, int64_t open_ms, int64_t length_ms,
                int64_t close) {
  constexpr int kSteps = 12;
  const double seconds = static_cast<double>(length_ms) / 1000.0;
  // Sum of kSteps normals: each has a variance of length / kSteps.
  double step = symbol.volatility;
  double scale = 1;
  while (scale * scale < seconds / kSteps) scale *= 1.01;  // a square root without libm
  step *= scale;
  Candle candle{.open_ms = open_ms, .open = close, .high = close, .low = close, .close = close};
  double price = static_cast<double>(close);
  for (int i = 0; i < kSteps; ++i) {
    price *= 1 - std::clamp(step * rng.Normal(), -0.2, 0.2);
    const int64_t at =
        std::max(symbol.tick, static_cast<int64_t>(price) / symbol.tick * symbol.tick);
    candle.high = std::max(candle.high, at);
    candle.low = std::min(candle.low, at);
    candle.open = at;
  }
  const double trades = symbol.trades_per_second * seconds * (0.5 + rng.Uniform());
  candle.trades = static_cast<uint64_t>(trades) + 1;
  candle.volume = static_cast<Amount>(candle.trades) * symbol.typical_quantity;
  candle.quote_volume = candle.volume * ((candle.open + candle.close) / 2) / kOne;
  candle.taker_buy_volume = candle.volume * rng.Between(35, 65) / 100;
  candle.taker_buy_quote = candle.taker_buy_volume * ((candle.open + candle.close) / 2) / kOne;
  return candle;
}

void SaveCandle(wire::CanonicalWriter& writer, const Candle& c) {
  writer.I64(c.open_ms);
  for (const int64_t price : {c.open, c.high, c.low, c.close}) writer.I64(price);
  for (const Amount amount : {c.volume, c.quote_volume, c.taker_buy_volume, c.taker_buy_quote})
    writer.I128(amount);
  for (const uint64_t count : {c.trades, c.first_trade, c.last_trade}) writer.U64(count);
}

Candle LoadCandle(wire::CanonicalReader& reader) {
  Candle c;
  c.open_ms = reader.I64();
  for (int64_t* price : {&c.open, &c.high, &c.low, &c.close}) *price = reader.I64();
  for (Amount* amount : {&c.volume, &c.quote_volume, &c.taker_buy_volume, &c.taker_buy_quote})
    *amount = reader.I128();
  for (uint64_t* count : {&c.trades, &c.first_trade, &c.last_trade}) *count = reader.U64();
  return c;
}

}  // namespace

void Candle::Add(const TradePrint& trade) {
  const Amount quote = QuoteAmount(trade.price, trade.quantity);
  if (trades == 0) {
    open = high = low = trade.price;
    first_trade = trade.id;
  }
  high = std::max(high, trade.price);
  low = std::min(low, trade.price);
  close = trade.price;
  last_trade = trade.id;
  volume += trade.quantity;
  quote_volume += quote;
  if (!trade.buyer_is_maker) {
    taker_buy_volume += trade.quantity;
    taker_buy_quote += quote;
  }
  ++trades;
}

void Candle::Merge(const Candle& later) {
  high = std::max(high, later.high);
  low = std::min(low, later.low);
  close = later.close;
  volume += later.volume;
  quote_volume += later.quote_volume;
  taker_buy_volume += later.taker_buy_volume;
  taker_buy_quote += later.taker_buy_quote;
  trades += later.trades;
  if (first_trade == 0) first_trade = later.first_trade;
  if (later.last_trade != 0) last_trade = later.last_trade;
}

std::optional<Interval> ParseInterval(std::string_view name) {
  for (size_t i = 0; i < kIntervals.size(); ++i) {
    if (kIntervals[i].name == name) return static_cast<Interval>(i);
  }
  return std::nullopt;
}

std::string_view Name(Interval interval) { return kIntervals[static_cast<size_t>(interval)].name; }

int64_t OpenOf(Interval interval, int64_t ms) {
  if (interval == Interval::k1M) {
    const auto date = DateOf(ms);
    return MonthOpen(date.year() / date.month());
  }
  const int64_t length = kIntervals[static_cast<size_t>(interval)].length;
  const int64_t shift = interval == Interval::k1w ? 4 * kDay : 0;  // 1970-01-05 was a Monday
  return (ms - shift) / length * length + shift;
}

int64_t NextOpen(Interval interval, int64_t open_ms) {
  if (interval == Interval::k1M) {
    const auto date = DateOf(open_ms);
    return MonthOpen(date.year() / date.month() + std::chrono::months(1));
  }
  return open_ms + kIntervals[static_cast<size_t>(interval)].length;
}

void Tape::Backfill(const Symbol& symbol, base::Rng rng, int64_t now_ms) {
  minutes_.clear();
  hours_.clear();
  days_.clear();
  int64_t price = symbol.start_price;
  // The open candle of each series starts empty at the start price.
  const auto open_now = [&](Series& series, Interval interval) {
    series.push_front(Candle{.open_ms = OpenOf(interval, now_ms),
                             .open = price,
                             .high = price,
                             .low = price,
                             .close = price});
  };
  open_now(minutes_, Interval::k1m);
  open_now(hours_, Interval::k1h);
  open_now(days_, Interval::k1d);
  const auto extend = [&](Series& series, int64_t length, int64_t until_ms, size_t limit) {
    while (series.size() < limit && series.front().open_ms - length >= until_ms) {
      series.push_front(WalkBack(symbol, rng, series.front().open_ms - length, length, price));
      price = series.front().open;
    }
  };
  // Minutes first; hours they cover are summed from them, older ones walk on.
  const auto sum = [](const Series& from, Series& to, Interval interval) {
    for (auto candle = from.rbegin(); candle != from.rend(); ++candle) {
      const int64_t open_ms = OpenOf(interval, candle->open_ms);
      if (to.front().open_ms > open_ms) {
        Candle wider = *candle;
        wider.open_ms = open_ms;
        to.push_front(wider);
      } else if (candle->trades > 0 || to.front().trades > 0) {
        Candle merged = *candle;
        merged.open_ms = open_ms;
        if (to.front().trades > 0) merged.Merge(to.front());
        to.front() = merged;
      }
    }
  };
  const int64_t minutes_from =
      OpenOf(Interval::k1h, now_ms - static_cast<int64_t>(kMinuteLimit - 62) * kMinute);
  extend(minutes_, kMinute, minutes_from, kMinuteLimit);
  sum(minutes_, hours_, Interval::k1h);
  extend(hours_, kHour,
         OpenOf(Interval::k1d, now_ms - static_cast<int64_t>(kHourLimit - 26) * kHour), kHourLimit);
  sum(hours_, days_, Interval::k1d);
  extend(days_, kDay, now_ms - 365 * kDay, kDayLimit);
}

const TradePrint& Tape::AddTrade(int64_t price, int64_t quantity, int64_t time_ms,
                                 bool buyer_is_maker, uint64_t taker_order) {
  AdvanceTo(time_ms);
  const TradePrint trade{++last_trade_, price, quantity, time_ms, buyer_is_maker};
  trades_.push_back(trade);
  Bound(trades_, kTradeLimit);
  const bool joins = taker_order == last_taker_ && !aggregates_.empty() &&
                     aggregates_.back().price == price && aggregates_.back().time_ms == time_ms;
  if (joins) {
    aggregates_.back().quantity += quantity;
    aggregates_.back().last_trade = trade.id;
  } else {
    aggregates_.push_back(
        {++last_aggregate_, price, quantity, trade.id, trade.id, time_ms, buyer_is_maker});
    Bound(aggregates_, kTradeLimit);
  }
  last_taker_ = taker_order;
  for (Series* series : {&minutes_, &hours_, &days_}) series->back().Add(trade);
  return trades_.back();
}

void Tape::Advance(Series& series, Interval interval, int64_t now_ms, size_t limit, int64_t price) {
  if (series.empty()) {
    series.push_back(Candle{.open_ms = OpenOf(interval, now_ms),
                            .open = price,
                            .high = price,
                            .low = price,
                            .close = price});
  }
  while (NextOpen(interval, series.back().open_ms) <= now_ms) {
    const int64_t close = series.back().close;
    series.push_back(Candle{.open_ms = NextOpen(interval, series.back().open_ms),
                            .open = close,
                            .high = close,
                            .low = close,
                            .close = close});
    if (series.size() > limit) series.pop_front();
  }
}

void Tape::AdvanceTo(int64_t now_ms) {
  const int64_t price = last_price();
  Advance(minutes_, Interval::k1m, now_ms, kMinuteLimit, price);
  Advance(hours_, Interval::k1h, now_ms, kHourLimit, price);
  Advance(days_, Interval::k1d, now_ms, kDayLimit, price);
}

const Tape::Series& Tape::BaseOf(Interval interval) const {
  if (interval >= Interval::k1d) return days_;
  return interval >= Interval::k1h ? hours_ : minutes_;
}

std::vector<Candle> Tape::Candles(Interval interval, int64_t from_ms, int64_t to_ms,
                                  size_t limit) const {
  std::vector<Candle> candles;
  for (const Candle& base : BaseOf(interval)) {
    const int64_t open_ms = OpenOf(interval, base.open_ms);
    if (!candles.empty() && candles.back().open_ms == open_ms) {
      candles.back().Merge(base);
      continue;
    }
    candles.push_back(base);
    candles.back().open_ms = open_ms;
  }
  std::erase_if(candles, [&](const Candle& c) { return c.open_ms < from_ms || c.open_ms > to_ms; });
  if (candles.size() > limit) {
    const auto cut = static_cast<std::ptrdiff_t>(candles.size() - limit);
    if (from_ms > 0) {
      candles.resize(limit);
    } else {
      candles.erase(candles.begin(), candles.begin() + cut);
    }
  }
  return candles;
}

Candle Tape::Current(Interval interval) const {
  const Series& series = BaseOf(interval);
  Candle candle = series.back();
  const int64_t open_ms = OpenOf(interval, candle.open_ms);
  for (size_t i = series.size() - 1; i > 0 && series[i - 1].open_ms >= open_ms; --i) {
    Candle earlier = series[i - 1];
    earlier.Merge(candle);
    candle = earlier;
  }
  candle.open_ms = open_ms;
  return candle;
}

DayFigures Tape::Day(int64_t now_ms) const {
  DayFigures day;
  day.open_ms = now_ms - kDay;
  day.close_ms = now_ms;
  std::optional<Candle> sum;
  for (const Candle& candle : minutes_) {
    if (candle.open_ms < day.open_ms) {
      day.previous_close = candle.close;
    } else if (sum) {
      sum->Merge(candle);
    } else {
      sum = candle;
    }
  }
  if (!sum) return day;
  day.open = sum->open;
  day.high = sum->high;
  day.low = sum->low;
  day.last = sum->close;
  if (day.previous_close == 0) day.previous_close = day.open;
  day.volume = sum->volume;
  day.quote_volume = sum->quote_volume;
  day.trades = sum->trades;
  day.first_trade = sum->first_trade;
  day.last_trade = sum->last_trade;
  day.last_quantity = trades_.empty() ? 0 : trades_.back().quantity;
  return day;
}

int64_t Tape::AveragePrice(int64_t now_ms, int minutes) const {
  Amount volume = 0, quote = 0;
  for (auto candle = minutes_.rbegin();
       candle != minutes_.rend() && candle->open_ms > now_ms - minutes * kMinute; ++candle) {
    volume += candle->volume;
    quote += candle->quote_volume;
  }
  if (volume == 0) return last_price();
  return static_cast<int64_t>(*market::MulDiv(quote, kOne, volume, market::Rounding::kHalfEven));
}

void Tape::Save(wire::CanonicalWriter& writer) const {
  for (const uint64_t value : {last_trade_, last_aggregate_, last_taker_}) writer.U64(value);
  writer.U32(static_cast<uint32_t>(trades_.size()));
  for (const TradePrint& t : trades_) {
    writer.U64(t.id);
    for (const int64_t value : {t.price, t.quantity, t.time_ms}) writer.I64(value);
    writer.Bool(t.buyer_is_maker);
  }
  writer.U32(static_cast<uint32_t>(aggregates_.size()));
  for (const AggregateTrade& a : aggregates_) {
    for (const uint64_t value : {a.id, a.first_trade, a.last_trade}) writer.U64(value);
    for (const int64_t value : {a.price, a.quantity, a.time_ms}) writer.I64(value);
    writer.Bool(a.buyer_is_maker);
  }
  for (const Series* series : {&minutes_, &hours_, &days_}) {
    writer.U32(static_cast<uint32_t>(series->size()));
    for (const Candle& candle : *series) SaveCandle(writer, candle);
  }
}

void Tape::Load(wire::CanonicalReader& reader) {
  for (uint64_t* value : {&last_trade_, &last_aggregate_, &last_taker_}) *value = reader.U64();
  trades_.clear();
  for (uint32_t n = reader.U32(); n > 0 && reader.ok(); --n) {
    TradePrint& t = trades_.emplace_back();
    t.id = reader.U64();
    for (int64_t* value : {&t.price, &t.quantity, &t.time_ms}) *value = reader.I64();
    t.buyer_is_maker = reader.Bool();
  }
  aggregates_.clear();
  for (uint32_t n = reader.U32(); n > 0 && reader.ok(); --n) {
    AggregateTrade& a = aggregates_.emplace_back();
    for (uint64_t* value : {&a.id, &a.first_trade, &a.last_trade}) *value = reader.U64();
    for (int64_t* value : {&a.price, &a.quantity, &a.time_ms}) *value = reader.I64();
    a.buyer_is_maker = reader.Bool();
  }
  for (Series* series : {&minutes_, &hours_, &days_}) {
    series->clear();
    for (uint32_t n = reader.U32(); n > 0 && reader.ok(); --n)
      series->push_back(LoadCandle(reader));
  }
}

}  // namespace gannet::venue_sim
