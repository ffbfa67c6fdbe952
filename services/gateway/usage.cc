#include "services/gateway/usage.h"

#include <map>
#include <set>

#include "libs/market/scope.h"

namespace gannet::gateway {
namespace {

using market::Money;

// What one scope holds and has open, in one asset.
struct Sums {
  std::map<market::InstrumentId, Money> net;  // signed value of the position
  Money open_notional;
  uint64_t open_orders = 0, unpriced = 0;
};

std::optional<Money> Value(const View& view, const market::PositionUpdate& p) {
  const market::Instrument* definition = view.Definition(p.instrument, p.instrument_version);
  const auto found = view.markets().find(p.instrument);
  if (definition == nullptr || found == view.markets().end() || !found->second.quote)
    return std::nullopt;
  const market::Quote& q = *found->second.quote;
  if (q.instrument_version != p.instrument_version || q.bid.quantity.mantissa <= 0 ||
      q.ask.quantity.mantissa <= 0) {
    return std::nullopt;
  }
  const market::Price mid{q.bid.price.mantissa + (q.ask.price.mantissa - q.bid.price.mantissa) / 2};
  return definition->Notional(mid, p.net, market::Rounding::kFloor);
}

Sums SumsOf(const View& view, const market::Scope& scope) {
  Sums sums;
  for (const auto& [key, position] : view.positions()) {
    const market::PositionUpdate& p = position.value;
    if (p.net.mantissa == 0 || !Covers(scope, p)) continue;
    if (const auto value = Value(view, p)) {
      sums.net[p.instrument] += *value;
    } else {
      ++sums.unpriced;
    }
  }
  for (const auto& [id, order] : view.open_orders()) {
    const market::ExecReport& r = order.report;
    if (!Covers(scope, r)) continue;
    ++sums.open_orders;
    const market::Instrument* definition = view.Definition(r.instrument, r.instrument_version);
    const market::Quantity rest{r.quantity.mantissa - r.cumulative.mantissa};
    const auto value = definition != nullptr && r.price.mantissa > 0
                           ? definition->Notional(r.price, rest, market::Rounding::kCeiling)
                           : std::nullopt;
    if (value) {
      sums.open_notional += *value;
    } else {
      ++sums.unpriced;
    }
  }
  return sums;
}

Money Absolute(const Money& value) { return value < Money() ? -value : value; }

std::optional<Money> Used(const Sums& sums, const std::string& limit) {
  Money out;
  if (limit == "max_open_orders") return Money(static_cast<int64_t>(sums.open_orders), 0);
  if (limit == "max_open_notional") return sums.open_notional;
  if (limit == "max_gross" || limit == "max_net") {
    for (const auto& [id, value] : sums.net) out += limit == "max_net" ? value : Absolute(value);
    return Absolute(out);
  }
  if (limit == "max_long" || limit == "max_short") {
    for (const auto& [id, value] : sums.net) {
      const Money side = limit == "max_long" ? value : -value;
      if (side > out) out = side;
    }
    return out;
  }
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

std::vector<Usage> UsageOf(const View& view, const std::vector<market::LimitRow>& limits) {
  std::map<market::Scope, Sums> sums;
  std::set<market::Scope> stated;
  for (const auto& limit : limits) stated.insert(limit.scope);
  const auto sums_of = [&](const market::Scope& scope) -> const Sums& {
    const auto found = sums.find(scope);
    return found != sums.end() ? found->second
                               : sums.emplace(scope, SumsOf(view, scope)).first->second;
  };
  std::vector<Usage> out;
  for (const auto& limit : limits) {
    const bool rest = limit.scope.name == "*";
    std::set<std::string> names{limit.scope.name};
    if (rest) names = SeenNames(view, limit.scope.kind);
    for (const std::string& name : names) {
      const market::Scope scope{limit.scope.kind, name};
      if (rest && stated.contains(scope)) continue;
      const Sums& measured = sums_of(scope);
      out.push_back({limit, name, Used(measured, limit.name), measured.unpriced});
    }
  }
  return out;
}

}  // namespace gannet::gateway
