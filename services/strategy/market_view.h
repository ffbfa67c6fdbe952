// The market as strategies see it: definition, best prices, book state and
// volatility of each instrument that a strategy trades.
//
// Prices are integers. Volatility is an exponential average of squared returns on
// a one-second grid, in doubles with + - * / and square root only, quantised to
// integers before anything is decided on it. Nothing here is recovered: it warms
// up again after a start. Definitions alone are recorded and saved.
//
// Owned by StrategyEngine; one thread.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "libs/base/time.h"
#include "libs/market/instrument.h"
#include "libs/market/market_data.h"
#include "libs/market/order.h"

namespace gannet::strategy {

using Index = uint32_t;
inline constexpr Index kNone = UINT32_MAX;
inline constexpr size_t kMaxInstruments = 10'000;

struct VolatilitySettings {
  uint32_t span = 120;         // samples whose weight is 86 %: the factor is 2 / (span + 1)
  uint32_t warm_up = 30;       // samples before it is believed
  int64_t floor_ppb = 10'000;  // of one second: never below, 0.1 basis points
};

// What the numbers of an instrument's definitions mean, since one of its versions.
struct Numbers {
  uint32_t since = 0;
  int price_scale = 0, quantity_scale = 0;
  int64_t multiplier = 1;

  static Numbers Of(const market::Instrument& definition, uint32_t since) {
    return {since, definition.price_scale, definition.quantity_scale, definition.multiplier};
  }
  bool SameAs(const Numbers& other) const {
    return price_scale == other.price_scale && quantity_scale == other.quantity_scale &&
           multiplier == other.multiplier;
  }
};
inline constexpr size_t kMaxNumbers = 16;  // of an instrument; the oldest are forgotten

struct MarketRow {
  market::InstrumentId id;
  std::string venue;
  std::optional<market::Instrument> definition;
  std::vector<Numbers> numbers;  // newest last: of the definition, and recorded with it
  market::Level bid, ask;
  market::BookState book = market::BookState::kInvalid;
  bool feed_down = false;
  base::Time data_time;
  // volatility
  double variance = 0;  // of one second
  uint32_t samples = 0;
  market::Price sampled;  // mid at the last sample

  bool quoted() const {
    return bid.quantity.mantissa > 0 && ask.quantity.mantissa > 0 && bid.price.mantissa > 0 &&
           bid.price < ask.price;
  }
  // All that is needed to act on it: a definition, a proven book, both sides, fresh.
  bool tradable(base::Time now, base::Duration stale_after) const;
  // Prices and quantities of that version say here what they said there.
  bool Means(uint32_t version) const {
    return definition && numbers.back().since <= version && version <= definition->version;
  }
  // A fill of some version in the scales of the definition. Nothing when that version's are not
  // known, its contracts are of another size, or the quantity cannot be written.
  std::optional<market::Fill> InOurs(market::Fill fill, uint32_t version) const;
  market::Price mid() const {
    return {bid.price.mantissa + (ask.price.mantissa - bid.price.mantissa) / 2};
  }
  // Mid weighted by the opposite sizes: where the next trade is likelier.
  market::Price microprice() const;
  int64_t spread_ppm() const;
};

class MarketView {
 public:
  explicit MarketView(VolatilitySettings settings) : settings_(settings) {}

  // The row of a name, made when absent; kNone when the table is full.
  Index Touch(const market::InstrumentId& id);
  Index Find(const market::InstrumentId& id) const;
  const MarketRow& row(Index at) const { return rows_[at]; }
  size_t size() const { return rows_.size(); }
  // All rows by name: the order to decide in. That of the rows is the order in which
  // they were first heard of, which a restart changes.
  const std::vector<Index>& by_name() const { return by_name_; }

  // `numbers` of a row that was saved; empty: as its versions say, one after the other.
  void Define(const market::Instrument& definition, std::vector<Numbers> numbers = {});
  // The row that changed; kNone for an instrument that is not known.
  Index OnQuote(const market::Quote& quote, base::Time at);
  Index OnBook(const market::BookUpdate& update, base::Time at);
  // A feed's word: true when rows may have changed.
  bool OnStatus(const market::MarketStatus& status);
  // One second has passed.
  void Sample();

  // Standard deviation of one second's return in parts per billion; nothing while
  // warming up.
  std::optional<int64_t> Sigma(Index at) const;

 private:
  const VolatilitySettings settings_;
  std::deque<MarketRow> rows_;
  absl::flat_hash_map<std::string, Index> index_;
  std::vector<Index> by_name_;
};

// Of a second to that of `horizon`: times the square root of it in seconds,
// integers only. At least 1.
int64_t SigmaOver(int64_t sigma_ppb, base::Duration horizon);

}  // namespace gannet::strategy
