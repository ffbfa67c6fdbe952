#include "services/gateway/usage.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <tuple>
#include <utility>

#include "libs/config/config.h"
#include "libs/market/scope.h"

namespace gannet::gateway {
namespace {

using market::Money;
using market::Rounding;

constexpr int kValueScale = 8;  // of amounts that limits are in

// A scope in one instrument: what is held, negative when short, and what is open on each side.
struct Cell {
  Money held, buys, sells;
  Money long_side() const { return held + buys; }
  Money short_side() const { return sells - held; }
  Money gross() const { return std::max(long_side(), short_side()); }
};

// What one scope holds and has open, in the asset of the limits.
struct Sums {
  std::map<market::InstrumentId, Cell> cells;
  Money open_notional;
  uint64_t open_orders = 0;
  uint64_t unvalued = 0;  // positions and orders that no cell has
  uint64_t unpriced = 0;  // orders that open_notional leaves out
};

struct Mid {
  market::Price price;
  const market::Instrument* definition;  // of the version that the price is of
};

std::optional<Mid> MidOf(const View& view, const market::InstrumentId& id) {
  const auto found = view.markets().find(id);
  if (found == view.markets().end() || !found->second.quote) return std::nullopt;
  const market::Quote& q = *found->second.quote;
  const market::Instrument* definition = view.Definition(id, q.instrument_version);
  if (definition == nullptr || q.bid.quantity.mantissa <= 0 || q.ask.quantity.mantissa <= 0)
    return std::nullopt;
  return Mid{{q.bid.price.mantissa + (q.ask.price.mantissa - q.bid.price.mantissa) / 2},
             definition};
}

// An amount of `asset` in the asset of the limits.
std::optional<Money> Converted(const View& view, const Valuation& valuation,
                               const market::AssetId& asset, const Money& amount) {
  if (amount.zero() || asset == valuation.asset || valuation.at_par.contains(asset)) return amount;
  const auto by = valuation.converted_by.find(asset);
  if (by == valuation.converted_by.end()) return std::nullopt;
  const auto mid = MidOf(view, by->second);
  if (!mid || mid->definition->base != asset ||
      (mid->definition->quote != valuation.asset &&
       !valuation.at_par.contains(mid->definition->quote)))
    return std::nullopt;
  const auto units = market::Rescale(amount.units(), amount.scale(), kValueScale, Rounding::kUp);
  const auto value =
      units ? market::MulDiv(*units, mid->price.mantissa,
                             market::PowerOfTen(mid->definition->price_scale), Rounding::kUp)
            : std::nullopt;
  return value ? std::optional(Money(*value, kValueScale)) : std::nullopt;
}

// A quantity of a version of an instrument, negative too, at the mid: a newer version may have
// the quote already.
std::optional<Money> AtMid(const View& view, const Valuation& valuation,
                           const market::InstrumentId& id, uint32_t version,
                           market::Quantity quantity) {
  const market::Instrument* definition = view.Definition(id, version);
  const auto mid = MidOf(view, id);
  if (definition == nullptr || !mid) return std::nullopt;
  const auto price = market::Rescale(mid->price.mantissa, mid->definition->price_scale,
                                     definition->price_scale, Rounding::kDown);
  if (!price || *price > std::numeric_limits<int64_t>::max()) return std::nullopt;
  const auto notional =
      definition->Notional(market::Price{static_cast<int64_t>(*price)}, quantity, Rounding::kUp);
  return notional ? Converted(view, valuation, definition->quote, *notional) : std::nullopt;
}

// What is left of an order at its own price, as it is reserved: a limit that sells below the
// market sells at the market.
std::optional<Money> Reserved(const View& view, const Valuation& valuation,
                              const market::ExecReport& r, market::Quantity rest,
                              const std::optional<Money>& at_mid) {
  const market::Instrument* definition = view.Definition(r.instrument, r.instrument_version);
  if (definition == nullptr || r.price.mantissa <= 0) return std::nullopt;
  const auto notional = definition->Notional(r.price, rest, Rounding::kUp);
  if (!notional) return std::nullopt;
  const auto value = Converted(view, valuation, definition->quote, *notional);
  return value && r.side == market::Side::kSell && at_mid ? std::max(*value, *at_mid) : value;
}

Sums SumsOf(const View& view, const market::Scope& scope, const Valuation& valuation) {
  Sums sums;
  for (const auto& [key, position] : view.positions()) {
    const market::PositionUpdate& p = position.value;
    if (p.net.mantissa == 0 || !Covers(scope, p)) continue;
    if (const auto value = AtMid(view, valuation, p.instrument, p.instrument_version, p.net)) {
      sums.cells[p.instrument].held += *value;
    } else {
      ++sums.unvalued;
    }
  }
  for (const auto& [id, order] : view.open_orders()) {
    const market::ExecReport& r = order.report;
    if (!Covers(scope, r)) continue;
    ++sums.open_orders;
    const market::Quantity rest{std::max<int64_t>(r.quantity.mantissa - r.cumulative.mantissa, 0)};
    const auto value = AtMid(view, valuation, r.instrument, r.instrument_version, rest);
    if (value) {
      Cell& cell = sums.cells[r.instrument];
      (r.side == market::Side::kBuy ? cell.buys : cell.sells) += *value;
    } else {
      ++sums.unvalued;
    }
    if (const auto reserved = Reserved(view, valuation, r, rest, value)) {
      sums.open_notional += *reserved;
    } else {
      ++sums.unpriced;
    }
  }
  return sums;
}

// And how much of what the scope has is not in it.
std::optional<std::pair<Money, uint64_t>> Used(const Sums& sums, const std::string& limit) {
  if (limit == "max_open_orders")
    return std::pair(Money(static_cast<int64_t>(sums.open_orders), 0), uint64_t{0});
  if (limit == "max_open_notional") return std::pair(sums.open_notional, sums.unpriced);
  Money gross, longs, shorts, longest, shortest;
  for (const auto& [id, cell] : sums.cells) {
    gross += cell.gross();
    longs += cell.long_side();
    shorts += cell.short_side();
    longest = std::max(longest, cell.long_side());
    shortest = std::max(shortest, cell.short_side());
  }
  if (limit == "max_gross") return std::pair(gross, sums.unvalued);
  if (limit == "max_net") return std::pair(std::max(longs, shorts), sums.unvalued);
  if (limit == "max_long") return std::pair(longest, sums.unvalued);
  if (limit == "max_short") return std::pair(shortest, sums.unvalued);
  return std::nullopt;
}

// The names that a "*" entry stands for: those seen that have none of their own.
std::set<std::string> SeenNames(const View& view, market::ScopeKind kind) {
  std::set<std::string> names;
  const auto add = [&](const auto& account, const auto& strategy, const auto& instrument) {
    if (kind == market::ScopeKind::kAccount) names.insert(account.text());
    if (kind == market::ScopeKind::kStrategy) names.insert(strategy.text());
    if (kind == market::ScopeKind::kVenue) names.insert(std::string(market::VenueOf(instrument)));
    if (kind == market::ScopeKind::kInstrument) names.insert(instrument.text());
  };
  for (const auto& [key, p] : view.positions())
    add(p.value.account, p.value.strategy, p.value.instrument);
  for (const auto& [id, o] : view.open_orders())
    add(o.report.account, o.report.strategy, o.report.instrument);
  return names;
}

}  // namespace

// The rest of the file is risk's to read: what it finds there of keys not known here says nothing.
Valuation ReadValuation(std::string_view limits_file) {
  Valuation out;
  (void)config::LoadText(limits_file, "limits.yaml", [&out](config::Section& file) {
    file.OptionalSection("valuation", [&out](config::Section& in) {
      in.Optional("asset", out.asset);
      std::vector<std::string> at_par;
      in.List("at_par", at_par);
      for (const std::string& asset : at_par) out.at_par.insert(market::AssetId(asset));
      std::map<std::string, std::string> by;
      in.Map("by", by);
      for (const auto& [asset, instrument] : by)
        out.converted_by[market::AssetId(asset)] = market::InstrumentId(instrument);
    });
  });
  return out;
}

std::vector<Usage> UsageOf(const View& view, const std::vector<market::LimitRow>& limits,
                           const Valuation& valuation) {
  std::map<market::Scope, Sums> sums;
  std::set<market::Scope> stated;
  for (const auto& limit : limits) stated.insert(limit.scope);
  const auto sums_of = [&](const market::Scope& scope) -> const Sums& {
    const auto found = sums.find(scope);
    return found != sums.end() ? found->second
                               : sums.emplace(scope, SumsOf(view, scope, valuation)).first->second;
  };
  std::vector<Usage> out;
  for (const auto& limit : limits) {
    const bool rest = limit.scope.name == "*";
    std::set<std::string> names{limit.scope.name};
    if (rest) names = SeenNames(view, limit.scope.kind);
    for (const std::string& name : names) {
      const market::Scope scope{limit.scope.kind, name};
      if (rest && stated.contains(scope)) continue;
      Usage usage{.limit = limit, .scope_name = name};
      if (const auto used = Used(sums_of(scope), limit.name))
        std::tie(usage.used, usage.unpriced) = *used;
      out.push_back(std::move(usage));
    }
  }
  return out;
}

}  // namespace gannet::gateway
