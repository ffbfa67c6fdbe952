#include "services/strategy/market_view.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "libs/market/decimal.h"

namespace gannet::strategy {
namespace {

constexpr double kBillion = 1e9;
// A return beyond this in a second is a change of market, not volatility.
constexpr double kMaxReturn = 0.2;

// A number that can be added to others of its kind.
std::optional<int64_t> Rescaled(int64_t mantissa, int from, int to, market::Rounding rounding) {
  const auto there = market::Rescale(mantissa, from, to, rounding);
  if (!there || *there > std::numeric_limits<int64_t>::max() / 4) return std::nullopt;
  return static_cast<int64_t>(*there);
}

uint64_t SquareRoot(uint64_t value) {
  uint64_t root = static_cast<uint64_t>(std::sqrt(static_cast<double>(value)));
  while (root > 0 && root > value / root) --root;
  while ((root + 1) <= value / (root + 1)) ++root;
  return root;
}

}  // namespace

std::optional<market::Fill> MarketRow::InOurs(market::Fill fill, uint32_t version) const {
  if (Means(version)) return fill;
  if (!definition || version > definition->version) return std::nullopt;
  const auto theirs = std::find_if(numbers.rbegin(), numbers.rend(),
                                   [&](const Numbers& one) { return one.since <= version; });
  if (theirs == numbers.rend() || theirs->multiplier != definition->multiplier) return std::nullopt;
  const auto price = Rescaled(fill.price.mantissa, theirs->price_scale, definition->price_scale,
                              market::Rounding::kHalfEven);
  const auto quantity = Rescaled(fill.quantity.mantissa, theirs->quantity_scale,
                                 definition->quantity_scale, market::Rounding::kDown);
  if (!price || !quantity ||
      Rescaled(*quantity, definition->quantity_scale, theirs->quantity_scale,
               market::Rounding::kDown) != fill.quantity.mantissa) {
    return std::nullopt;
  }
  fill.price = {*price};
  fill.quantity = {*quantity};
  return fill;
}

bool MarketRow::tradable(base::Time now, base::Duration stale_after) const {
  return definition && definition->status == market::InstrumentStatus::kTrading &&
         definition->tick.mantissa > 0 && definition->lot.mantissa > 0 &&
         book == market::BookState::kValid && !feed_down && quoted() &&
         now - data_time <= stale_after;
}

market::Price MarketRow::microprice() const {
  const market::Int128 sizes =
      static_cast<market::Int128>(bid.quantity.mantissa) + ask.quantity.mantissa;
  const auto up = market::MulDiv(ask.price.mantissa - bid.price.mantissa, bid.quantity.mantissa,
                                 sizes, market::Rounding::kDown);
  return {bid.price.mantissa + static_cast<int64_t>(up.value_or(0))};
}

int64_t MarketRow::spread_ppm() const {
  const auto ppm = market::MulDiv(ask.price.mantissa - bid.price.mantissa, 1'000'000,
                                  bid.price.mantissa, market::Rounding::kUp);
  return static_cast<int64_t>(std::min<market::Int128>(ppm.value_or(1'000'000), 1'000'000));
}

Index MarketView::Touch(const market::InstrumentId& id) {
  if (const Index found = Find(id); found != kNone) return found;
  if (rows_.size() >= kMaxInstruments) return kNone;
  MarketRow& row = rows_.emplace_back();
  row.id = id;
  row.venue = std::string(market::VenueOf(id));
  const Index at = static_cast<Index>(rows_.size() - 1);
  index_.emplace(id.text(), at);
  by_name_.insert(std::lower_bound(by_name_.begin(), by_name_.end(), id,
                                   [this](Index other, const market::InstrumentId& name) {
                                     return rows_[other].id < name;
                                   }),
                  at);
  return at;
}

Index MarketView::Find(const market::InstrumentId& id) const {
  const auto found = index_.find(id.text());
  return found == index_.end() ? kNone : found->second;
}

void MarketView::Define(const market::Instrument& definition, std::vector<Numbers> numbers) {
  const Index at = Touch(definition.id);
  if (at == kNone) return;
  MarketRow& row = rows_[at];
  if (row.definition && row.definition->version >= definition.version) return;
  if (!numbers.empty()) row.numbers = std::move(numbers);
  const Numbers now = Numbers::Of(definition, definition.version);
  if (row.numbers.empty() || !row.numbers.back().SameAs(now)) {
    row.numbers.push_back(now);
    if (row.numbers.size() > kMaxNumbers) row.numbers.erase(row.numbers.begin());
  }
  row.definition = definition;
  row.bid = row.ask = {};
  row.sampled = {};
}

Index MarketView::OnQuote(const market::Quote& quote, base::Time at) {
  const Index which = Find(quote.instrument);
  if (which == kNone) return kNone;
  MarketRow& row = rows_[which];
  if (!row.definition || row.definition->version != quote.instrument_version) return kNone;
  row.bid = quote.bid;
  row.ask = quote.ask;
  row.data_time = std::max(row.data_time, at);
  return which;
}

Index MarketView::OnBook(const market::BookUpdate& update, base::Time at) {
  const Index which = Find(update.instrument);
  if (which == kNone) return kNone;
  MarketRow& row = rows_[which];
  // The quotes of another version are dropped: its book says nothing of the prices held here. A
  // fault is a fault in any version.
  const bool valid = update.state == market::BookState::kValid;
  if (valid && (!row.definition || row.definition->version != update.instrument_version))
    return kNone;
  if (valid) row.data_time = std::max(row.data_time, at);
  // Depth far from the best prices is no news here; a change of state is.
  if (row.book == update.state) return kNone;
  row.book = update.state;
  return which;
}

bool MarketView::OnStatus(const market::MarketStatus& status) {
  if (!status.instrument.empty()) {
    const Index which = Find(status.instrument);
    if (which != kNone) rows_[which].book = status.book_state;
    return which != kNone;
  }
  bool changed = false;
  for (MarketRow& row : rows_) {
    if (row.venue != status.feed) continue;
    row.feed_down = status.feed_state == market::FeedState::kDisconnected;
    changed = true;
  }
  return changed;
}

void MarketView::Sample() {
  const double factor = 2.0 / (static_cast<double>(settings_.span) + 1.0);
  for (MarketRow& row : rows_) {
    if (row.book != market::BookState::kValid || row.feed_down || !row.quoted()) {
      row.sampled = {};  // no return across a gap
      continue;
    }
    const market::Price mid = row.mid();
    if (row.sampled.mantissa > 0) {
      const double change = static_cast<double>(mid.mantissa - row.sampled.mantissa) /
                            static_cast<double>(row.sampled.mantissa);
      const double bounded = std::clamp(change, -kMaxReturn, kMaxReturn);
      // Equal weights until the average has its span.
      const double weight = std::max(factor, 1.0 / (static_cast<double>(row.samples) + 1.0));
      row.variance += weight * (bounded * bounded - row.variance);
      row.samples = std::min(row.samples + 1, settings_.span);
    }
    row.sampled = mid;
  }
}

std::optional<int64_t> MarketView::Sigma(Index at) const {
  const MarketRow& row = rows_[at];
  if (row.samples < std::min(settings_.warm_up, settings_.span)) return std::nullopt;
  const int64_t sigma = static_cast<int64_t>(std::sqrt(row.variance) * kBillion);
  return std::max(sigma, settings_.floor_ppb);
}

int64_t SigmaOver(int64_t sigma_ppb, base::Duration horizon) {
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(horizon).count();
  const uint64_t root =
      SquareRoot(static_cast<uint64_t>(std::max<int64_t>(micros, 0)));  // of seconds, times 1000
  const auto scaled =
      market::MulDiv(sigma_ppb, static_cast<int64_t>(root), 1'000, market::Rounding::kHalfEven);
  return std::max<int64_t>(
      1, static_cast<int64_t>(std::min<market::Int128>(scaled.value_or(1), 1'000'000'000'000)));
}

}  // namespace gannet::strategy
