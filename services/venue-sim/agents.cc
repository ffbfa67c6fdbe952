#include "services/venue-sim/agents.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace gannet::venue_sim {
namespace {

using market::Side;
using matching::NewOrder;
using matching::OrderNumber;
using matching::OwnerNumber;

// Owners 1 to kMakers are the makers; then one each.
constexpr OwnerNumber kFirstMaker = 1, kNoise = 10, kTrend = 11, kReactor = 12;

constexpr double kMostSecondsAStep = 2;  // a longer gap (restart, stopped process) counts as this
constexpr double kPullPerSecond = 1.0 / (8 * 3600);   // of the fair price to its start
constexpr double kHalfSpread = 0.25, kSpacing = 0.5;  // in units of the symbol's volatility
constexpr double kTakeImpact = 2.5e-6;  // on the fair price, for a typical order taken from a maker
constexpr double kSkew = 6e-6;          // of a maker's quotes, for a typical order held
constexpr double kShockSeconds = 12;    // how long a headline takes to be priced in
constexpr double kProtection = 0.004;   // agents' takers go no further than this

double Price(int64_t mantissa) { return static_cast<double>(mantissa); }

int64_t OnTick(const Symbol& symbol, double price) {
  const int64_t ticks = static_cast<int64_t>(price / static_cast<double>(symbol.tick) + 0.5);
  return std::clamp(ticks * symbol.tick, symbol.min_price, symbol.max_price);
}

}  // namespace

Agents::Agents(uint64_t seed, double speed)
    : rng_(seed), speed_(speed), markets_(ListedSymbols().size()) {
  for (SymbolIndex i = 0; i < markets_.size(); ++i) {
    Market& m = markets_[i];
    m.fair = m.fast = m.slow = Price(ListedSymbols()[i].start_price);
  }
}

uint64_t Agents::Arrivals(double rate) {
  const uint64_t whole = static_cast<uint64_t>(rate);
  return whole + (rng_.Chance(rate - static_cast<double>(whole)) ? 1 : 0);
}

// Heavy-tailed: most orders are small, some are large.
int64_t Agents::RandomSize(const Symbol& spec, double scale) {
  const double size =
      scale * Price(spec.typical_quantity) * (0.05 + 0.12 / (rng_.Uniform() + 0.02));
  const int64_t lots = std::max<int64_t>(1, static_cast<int64_t>(size) / spec.lot);
  return std::min(lots * spec.lot, spec.max_market_quantity);
}

void Agents::Populate(AgentMarket& market) {
  for (SymbolIndex i = 0; i < markets_.size(); ++i) QuoteAll(market, i);
}

void Agents::QuoteAll(AgentMarket& market, SymbolIndex symbol) {
  for (size_t level = 0; level < kLevels; ++level) {
    for (size_t maker = 0; maker < kMakers; ++maker) {
      Quote(market, symbol, maker, level, Side::kBuy);
      Quote(market, symbol, maker, level, Side::kSell);
    }
  }
}

void Agents::OnShock(const Shock& shock) {
  for (SymbolIndex i = 0; i < markets_.size(); ++i) {
    if (shock.symbol >= 0 && shock.symbol != static_cast<int>(i)) continue;
    if (ListedSymbols()[i].ratio_of >= 0) continue;  // follows its two markets
    markets_[i].pending_shock = std::clamp(markets_[i].pending_shock + shock.impact, -0.08, 0.08);
    markets_[i].excitement = std::clamp(markets_[i].excitement + shock.impact * 400, -6.0, 6.0);
  }
}

void Agents::OnMakerFill(SymbolIndex symbol, OwnerNumber owner, Side side, int64_t quantity) {
  const double orders = Price(quantity) / Price(ListedSymbols()[symbol].typical_quantity);
  Market& m = markets_[symbol];
  m.fair *= 1 - market::Sign(side) * kTakeImpact * std::min(orders, 20.0);
  if (owner >= kFirstMaker && owner < kFirstMaker + kMakers) {
    double& inventory = m.makers[owner - kFirstMaker].inventory;
    inventory = std::clamp(inventory + market::Sign(side) * orders, -60.0, 60.0);
  }
}

void Agents::Step(AgentMarket& market, base::Duration elapsed) {
  const double seconds =
      std::min(static_cast<double>(elapsed.count()) * 1e-9, kMostSecondsAStep) * speed_;
  if (seconds <= 0) return;
  const double common = rng_.Normal();
  for (SymbolIndex i = 0; i < markets_.size(); ++i) {
    MoveFair(i, seconds, common);
    if (market.symbol(i).halted) continue;
    StepMakers(market, i, seconds);
    StepNoise(market, i, seconds);
    StepTrend(market, i, seconds);
    StepReactors(market, i, seconds);
  }
}

void Agents::MoveFair(SymbolIndex symbol, double seconds, double common) {
  const Symbol& spec = ListedSymbols()[symbol];
  Market& m = markets_[symbol];
  if (spec.ratio_of >= 0) {
    const double ratio = markets_[static_cast<size_t>(spec.ratio_of)].fair /
                         markets_[static_cast<size_t>(spec.ratio_to)].fair;
    m.fair = ratio * static_cast<double>(kOne);
    return;
  }
  const double noise = 0.6 * spec.beta * common + 0.7 * rng_.Normal();
  const double step = spec.volatility * std::sqrt(seconds) * noise;
  const double shock = m.pending_shock * std::min(1.0, seconds / kShockSeconds);
  m.pending_shock -= shock;
  const double start = Price(spec.start_price);
  const double pull = kPullPerSecond * seconds * (m.fair / start - 1);
  m.fair *= 1 + std::clamp(step, -0.02, 0.02) + shock - pull;
  m.fair = std::clamp(m.fair, start * 0.2, start * 5);
}

void Agents::Quote(AgentMarket& market, SymbolIndex symbol, size_t maker, size_t level, Side side) {
  const Symbol& spec = market.symbol(symbol);
  Market& m = markets_[symbol];
  Maker& who = m.makers[maker];
  OrderNumber& slot = (side == Side::kBuy ? who.bids : who.asks)[level];

  const double width =
      1 + 1.3 * static_cast<double>(maker);  // each maker wider than the one before
  const double k = static_cast<double>(level);
  const double distance = spec.volatility * width * (kHalfSpread + kSpacing * k * (1 + 0.15 * k));
  const double center = m.fair * (1 - kSkew * who.inventory);
  const int sign = market::Sign(side);
  int64_t price = OnTick(spec, center * (1 - sign * distance));
  // Never level with the center: on coarse ticks the spread stays one tick.
  if (side == Side::kBuy && Price(price) > center) price -= spec.tick;
  if (side == Side::kSell && Price(price) < center) price += spec.tick;
  price = std::clamp(price, spec.min_price, spec.max_price);

  if (const matching::Order* order = slot == 0 ? nullptr : market.FindOrder(symbol, slot)) {
    const double off = std::abs(Price(order->price.mantissa - price)) / m.fair;
    const double tolerance = spec.volatility * width * (0.12 + 0.08 * k);
    const bool thin = order->remaining().mantissa * 4 < order->quantity.mantissa;
    if (off <= tolerance && !thin) return;
    market.CancelAgentOrder(symbol, slot);
  }
  NewOrder order;
  order.owner = kFirstMaker + static_cast<OwnerNumber>(maker);
  order.side = side;
  order.time_in_force = market::TimeInForce::kPostOnly;
  order.price = {price};
  order.quantity = {RandomSize(spec, (1 + 0.25 * k))};
  slot = market.SubmitAgentOrder(symbol, order);
  if (slot != 0 || level > 0) return;
  // Someone still quotes on the wrong side of the fair price: take it.
  order.time_in_force = market::TimeInForce::kIoc;
  order.self_trade = matching::SelfTrade::kExpireMaker;
  market.SubmitAgentOrder(symbol, order);
}

// The inner quotes are watched at every step, the outer ones in passing.
void Agents::StepMakers(AgentMarket& market, SymbolIndex symbol, double seconds) {
  Market& m = markets_[symbol];
  for (size_t maker = 0; maker < kMakers; ++maker) {
    m.makers[maker].inventory *= 1 - std::min(0.5, seconds / 90);
    const bool buys_first = rng_.Chance(0.5);
    for (const Side side :
         {buys_first ? Side::kBuy : Side::kSell, buys_first ? Side::kSell : Side::kBuy}) {
      Quote(market, symbol, maker, 0, side);
      Quote(market, symbol, maker, 1 + rng_.Below(3), side);
      for (uint64_t n = Arrivals(20 * seconds); n > 0; --n)
        Quote(market, symbol, maker, 4 + rng_.Below(kLevels - 4), side);
    }
  }
}

void Agents::TakeFromBook(AgentMarket& market, SymbolIndex symbol, OwnerNumber owner, Side side,
                          double size) {
  const Symbol& spec = market.symbol(symbol);
  const auto best = market.Best(symbol, market::Opposite(side));
  if (!best) return;
  NewOrder order;
  order.owner = owner;
  order.side = side;
  order.time_in_force = market::TimeInForce::kIoc;
  order.self_trade = matching::SelfTrade::kExpireMaker;
  order.price = {
      OnTick(spec, Price(best->price.mantissa) * (1 + market::Sign(side) * kProtection))};
  order.quantity = {RandomSize(spec, size)};
  market.SubmitAgentOrder(symbol, order);
}

void Agents::PlaceNoiseLimit(AgentMarket& market, SymbolIndex symbol) {
  const Symbol& spec = market.symbol(symbol);
  const Side side = rng_.Chance(0.5) ? Side::kBuy : Side::kSell;
  const auto best = market.Best(symbol, side);
  if (!best) return;
  const double unit =
      std::max(Price(spec.tick), spec.volatility * kSpacing * Price(best->price.mantissa));
  // One in five improves the best price, the others queue there or behind it.
  const double away = rng_.Chance(0.2) ? -0.5 : static_cast<double>(rng_.Below(8)) * rng_.Uniform();
  NewOrder order;
  order.owner = kNoise;
  order.side = side;
  order.time_in_force = market::TimeInForce::kPostOnly;
  order.price = {OnTick(spec, Price(best->price.mantissa) - market::Sign(side) * away * unit)};
  order.quantity = {RandomSize(spec, 0.6)};
  if (const OrderNumber id = market.SubmitAgentOrder(symbol, order); id != 0)
    markets_[symbol].noise.push_back(id);
}

void Agents::StepNoise(AgentMarket& market, SymbolIndex symbol, double seconds) {
  const Symbol& spec = ListedSymbols()[symbol];
  Market& m = markets_[symbol];
  for (uint64_t n = Arrivals(2.5 * spec.trades_per_second * seconds); n > 0; --n)
    PlaceNoiseLimit(market, symbol);
  std::vector<OrderNumber> kept;
  kept.reserve(m.noise.size());
  const double leave = std::min(1.0, seconds / 25);
  for (size_t i = 0; i < m.noise.size(); ++i) {
    if (market.FindOrder(symbol, m.noise[i]) == nullptr) continue;
    if (m.noise.size() - i > kNoiseOrders || rng_.Chance(leave)) {
      market.CancelAgentOrder(symbol, m.noise[i]);
    } else {
      kept.push_back(m.noise[i]);
    }
  }
  m.noise = std::move(kept);
  for (uint64_t n = Arrivals(spec.trades_per_second * seconds); n > 0; --n) {
    if (rng_.Chance(0.4)) m.noise_buys = !m.noise_buys;
    TakeFromBook(market, symbol, kNoise, m.noise_buys ? Side::kBuy : Side::kSell, 1);
  }
}

void Agents::StepTrend(AgentMarket& market, SymbolIndex symbol, double seconds) {
  Market& m = markets_[symbol];
  const auto bid = market.Best(symbol, Side::kBuy), ask = market.Best(symbol, Side::kSell);
  if (!bid || !ask) return;
  const double middle = (Price(bid->price.mantissa) + Price(ask->price.mantissa)) / 2;
  m.fast += (middle - m.fast) * std::min(1.0, seconds / 8);
  m.slow += (middle - m.slow) * std::min(1.0, seconds / 60);
  m.trend_rest -= seconds;
  const double signal = m.fast / m.slow - 1;
  if (m.trend_rest > 0 || std::abs(signal) < 5 * ListedSymbols()[symbol].volatility) return;
  m.trend_rest = 2 + 6 * rng_.Uniform();
  TakeFromBook(market, symbol, kTrend, signal > 0 ? Side::kBuy : Side::kSell, 2.5);
}

void Agents::StepReactors(AgentMarket& market, SymbolIndex symbol, double seconds) {
  Market& m = markets_[symbol];
  if (std::abs(m.excitement) < 0.05) return;
  for (uint64_t n = Arrivals(std::abs(m.excitement) * 2 * seconds); n > 0; --n) {
    TakeFromBook(market, symbol, kReactor, m.excitement > 0 ? Side::kBuy : Side::kSell, 2);
  }
  m.excitement *= 1 - std::min(0.9, seconds / kShockSeconds);
}

namespace {
// Bit patterns: exact, and the same on every platform with IEEE doubles.
void SaveDouble(wire::CanonicalWriter& writer, double value) {
  writer.U64(std::bit_cast<uint64_t>(value));
}
double LoadDouble(wire::CanonicalReader& reader) { return std::bit_cast<double>(reader.U64()); }
}  // namespace

void Agents::Save(wire::CanonicalWriter& writer) const {
  for (const uint64_t word : rng_.state()) writer.U64(word);
  writer.U32(static_cast<uint32_t>(markets_.size()));
  for (const Market& m : markets_) {
    for (const double value : {m.fair, m.fast, m.slow, m.pending_shock, m.excitement, m.trend_rest})
      SaveDouble(writer, value);
    writer.Bool(m.noise_buys);
    for (const Maker& maker : m.makers) {
      for (const Ladder* ladder : {&maker.bids, &maker.asks}) {
        for (const OrderNumber id : *ladder) writer.U64(id);
      }
      SaveDouble(writer, maker.inventory);
    }
    writer.U32(static_cast<uint32_t>(m.noise.size()));
    for (const OrderNumber id : m.noise) writer.U64(id);
  }
}

void Agents::Load(wire::CanonicalReader& reader) {
  std::array<uint64_t, 4> state{};
  for (uint64_t& word : state) word = reader.U64();
  rng_.set_state(state);
  const uint32_t count = reader.U32();
  for (size_t i = 0; i < markets_.size() && i < count && reader.ok(); ++i) {
    Market& m = markets_[i];
    for (double* value :
         {&m.fair, &m.fast, &m.slow, &m.pending_shock, &m.excitement, &m.trend_rest})
      *value = LoadDouble(reader);
    m.noise_buys = reader.Bool();
    for (Maker& maker : m.makers) {
      for (Ladder* ladder : {&maker.bids, &maker.asks}) {
        for (OrderNumber& id : *ladder) id = reader.U64();
      }
      maker.inventory = LoadDouble(reader);
    }
    m.noise.clear();
    for (uint32_t n = reader.U32(); n > 0 && reader.ok(); --n) m.noise.push_back(reader.U64());
  }
}

}  // namespace gannet::venue_sim
