#include "libs/signal/features.h"

#include <algorithm>
#include <cmath>

#include "libs/wire/canonical.h"

namespace gannet::signal {
namespace {

using std::chrono::seconds;

constexpr double kBasisPoints = 1e4;
constexpr size_t kMidsKept = 31;                  // 30 s of 1 s samples and the newest
constexpr double kVolatilityDecay = 31.0 / 33.0;  // span of 32 samples

constexpr std::array<FeatureInfo, kBookFeatureCount> kFeatures = {{
    {"return_1s", "bp", seconds(1), "change of the mid price"},
    {"return_5s", "bp", seconds(5), "change of the mid price"},
    {"return_30s", "bp", seconds(30), "change of the mid price"},
    {"volatility", "bp", seconds(30), "root of the EWMA (span 32) of squared 1 s returns"},
    {"spread", "bp", seconds(0), "ask minus bid over mid"},
    {"imbalance_1", "1", seconds(0), "(bid − ask) / (bid + ask) quantity at the touch"},
    {"imbalance_5", "1", seconds(0), "the same over five levels a side"},
    {"microprice", "bp", seconds(0), "quantity-weighted mid (weights crossed) over mid, less one"},
    {"flow_5s", "1", seconds(5), "(bought − sold) / (bought + sold) traded quantity by aggressor"},
    {"flow_30s", "1", seconds(30), "the same over 30 s"},
    {"trades_ratio", "1", seconds(30),
     "trades of the last 5 s over a sixth of those of the last 30 s, at most 6"},
}};

double Quantise(double value) {
  // Far outside anything a price can do; keeps the integer below exact.
  constexpr double kLimit = 1e9;
  if (!(value > -kLimit)) value = -kLimit;  // NaN too
  if (value > kLimit) value = kLimit;
  return std::nearbyint(value / kFeatureQuantum) * kFeatureQuantum;
}

double Number(market::Price price) { return static_cast<double>(price.mantissa); }
double Number(market::Quantity quantity) { return static_cast<double>(quantity.mantissa); }

}  // namespace

std::span<const FeatureInfo> BookFeatures() { return kFeatures; }

base::Sha256Digest BookFeatureSchema() {
  wire::CanonicalWriter out;
  for (const FeatureInfo& feature : kFeatures) {
    out.Bytes(feature.name);
    out.Bytes(feature.unit);
    out.Duration(feature.window);
  }
  out.Duration(BookFeatureEngine::kSampleInterval);
  return base::Sha256(out.bytes());
}

base::Sha256Digest HashOf(const FeatureRow& row) {
  wire::CanonicalWriter out;
  for (const double value : row.values)
    out.I64(static_cast<int64_t>(std::nearbyint(value / kFeatureQuantum)));
  return base::Sha256(out.bytes());
}

void BookFeatureEngine::Flow::Expire(base::Time now) {
  while (!trades.empty() &&
         (trades.front().time <= now - window || trades.size() > kMaxTradesInWindow))
    trades.pop_front();
}

double BookFeatureEngine::Flow::Imbalance() const {
  // Summed afresh: a running sum would drift with the order of rounding.
  double net = 0, gross = 0;
  for (const SignedTrade& trade : trades) {
    net += trade.signed_quantity;
    gross += std::fabs(trade.signed_quantity);
  }
  return gross > 0 ? net / gross : 0;
}

void BookFeatureEngine::Reset() {
  book_.Clear();
  mids_.clear();
  variance_ = 0;
  valid_ = false;
  valid_since_.reset();
}

void BookFeatureEngine::OnBook(const market::BookUpdate& update, base::Time now) {
  if (update.state != market::BookState::kValid) return Reset();
  if (update.snapshot) {
    book_.Clear();
  } else if (!valid_) {
    return;  // changes to a book we never had
  }
  for (const market::Level& level : update.bids)
    book_.Set(market::Side::kBuy, level.price, level.quantity);
  for (const market::Level& level : update.asks)
    book_.Set(market::Side::kSell, level.price, level.quantity);
  valid_ = true;
  if (!valid_since_) valid_since_ = now;
}

void BookFeatureEngine::OnTrade(const market::Trade& trade, base::Time now) {
  const SignedTrade entry{now, market::Sign(trade.aggressor) * Number(trade.quantity)};
  for (Flow* flow : {&short_flow_, &long_flow_}) {
    flow->Add(entry);
    flow->Expire(now);
  }
}

double BookFeatureEngine::Imbalance(size_t levels) const {
  double bid = 0, ask = 0;
  for (size_t i = 0; i < std::min(levels, book_.depth(market::Side::kBuy)); ++i)
    bid += Number(book_.level(market::Side::kBuy, i).quantity);
  for (size_t i = 0; i < std::min(levels, book_.depth(market::Side::kSell)); ++i)
    ask += Number(book_.level(market::Side::kSell, i).quantity);
  return bid + ask > 0 ? (bid - ask) / (bid + ask) : 0;
}

double BookFeatureEngine::Return(size_t samples_back) const {
  if (mids_.size() <= samples_back) return 0;
  return (mids_.front() / mids_[samples_back] - 1) * kBasisPoints;
}

void BookFeatureEngine::UpdateVolatility(double mid) {
  if (!mids_.empty()) {
    const double change = (mid / mids_.front() - 1) * kBasisPoints;
    variance_ = kVolatilityDecay * variance_ + (1 - kVolatilityDecay) * change * change;
  }
  mids_.push_front(mid);
  if (mids_.size() > kMidsKept) mids_.pop_back();
}

std::optional<FeatureRow> BookFeatureEngine::Sample(base::Time now) {
  short_flow_.Expire(now);
  long_flow_.Expire(now);
  const auto bid = book_.best(market::Side::kBuy), ask = book_.best(market::Side::kSell);
  if (!valid_ || !bid || !ask || book_.crossed()) {
    mids_.clear();  // a hole in the grid: returns across it would be guesses
    valid_since_.reset();
    if (valid_) valid_since_ = now;
    return std::nullopt;
  }
  const double mid = (Number(bid->price) + Number(ask->price)) / 2;
  UpdateVolatility(mid);
  if (!valid_since_ || now - *valid_since_ < kWarmUp || mids_.size() < kMidsKept)
    return std::nullopt;

  const double bid_quantity = Number(bid->quantity), ask_quantity = Number(ask->quantity);
  const double micro = (Number(bid->price) * ask_quantity + Number(ask->price) * bid_quantity) /
                       (bid_quantity + ask_quantity);
  const double long_count = long_flow_.count();
  FeatureRow row;
  row.time = now;
  row.mid = mid;
  row.spread = Number(ask->price) - Number(bid->price);
  row.values = {Return(1),
                Return(5),
                Return(30),
                std::sqrt(variance_),
                row.spread / mid * kBasisPoints,
                Imbalance(1),
                Imbalance(5),
                (micro / mid - 1) * kBasisPoints,
                short_flow_.Imbalance(),
                long_flow_.Imbalance(),
                long_count > 0 ? std::min(6.0, short_flow_.count() * 6 / long_count) : 0};
  for (double& value : row.values) value = Quantise(value);
  return row;
}

}  // namespace gannet::signal
