#include "services/risk/limits.h"

#include "absl/strings/str_cat.h"
#include "libs/base/status.h"

namespace gannet::risk {
namespace {

template <class T>
void Inherit(std::optional<T>& own, const std::optional<T>& other) {
  if (!own) own = other;
}

void InheritAll(Limits& own, const Limits& other) {
  Inherit(own.max_order_notional, other.max_order_notional);
  Inherit(own.price_collar_ppm, other.price_collar_ppm);
  Inherit(own.stale_after, other.stale_after);
  Inherit(own.message_rate, other.message_rate);
  Inherit(own.max_open_orders, other.max_open_orders);
  Inherit(own.max_open_notional, other.max_open_notional);
  Inherit(own.max_long, other.max_long);
  Inherit(own.max_short, other.max_short);
  Inherit(own.max_gross, other.max_gross);
  Inherit(own.max_net, other.max_net);
  Inherit(own.max_daily_loss, other.max_daily_loss);
  Inherit(own.max_drawdown, other.max_drawdown);
  Inherit(own.initial_margin_ppm, other.initial_margin_ppm);
}

Limits Entry(const std::map<std::string, Limits>& entries, const std::string& name) {
  Limits limits;
  if (const auto own = entries.find(name); own != entries.end()) limits = own->second;
  if (const auto rest = entries.find(std::string(kDefaultEntry)); rest != entries.end())
    InheritAll(limits, rest->second);
  return limits;
}

absl::Status Refuse(const std::string& where, const char* key, const char* allowed) {
  return absl::InvalidArgumentError(
      absl::StrCat(where, ".", key, ": must be ", allowed, "; correct the limits file"));
}

absl::Status ValidateOne(const std::string& where, const Limits& limits) {
  const auto negative = [](const std::optional<Value>& value) { return value && *value < 0; };
  if (negative(limits.max_order_notional)) return Refuse(where, "max_order_notional", "0 or more");
  if (negative(limits.max_open_notional)) return Refuse(where, "max_open_notional", "0 or more");
  if (negative(limits.max_long)) return Refuse(where, "max_long", "0 or more");
  if (negative(limits.max_short)) return Refuse(where, "max_short", "0 or more");
  if (negative(limits.max_gross)) return Refuse(where, "max_gross", "0 or more");
  if (negative(limits.max_net)) return Refuse(where, "max_net", "0 or more");
  if (negative(limits.max_daily_loss)) return Refuse(where, "max_daily_loss", "0 or more");
  if (negative(limits.max_drawdown)) return Refuse(where, "max_drawdown", "0 or more");
  if (limits.price_collar_ppm &&
      (*limits.price_collar_ppm <= 0 || *limits.price_collar_ppm > 1'000'000)) {
    return Refuse(where, "price_collar", "above 0% and at most 100%");
  }
  if (limits.initial_margin_ppm &&
      (*limits.initial_margin_ppm <= 0 || *limits.initial_margin_ppm > 1'000'000)) {
    return Refuse(where, "initial_margin", "above 0% and at most 100%");
  }
  if (limits.stale_after && limits.stale_after->count() <= 0)
    return Refuse(where, "stale_after", "above 0");
  if (limits.message_rate &&
      (limits.message_rate->count == 0 || limits.message_rate->count > kMaxRateCount ||
       limits.message_rate->window.count() <= 0)) {
    return Refuse(where, "message_rate", "1 to 100,000 messages in a window above 0");
  }
  return absl::OkStatus();
}

absl::Status ValidateAll(const char* kind, const std::map<std::string, Limits>& entries) {
  for (const auto& [name, limits] : entries) {
    if (name.empty())
      return absl::InvalidArgumentError(absl::StrCat(kind, ": an entry has no name; give it one"));
    GANNET_RETURN_IF_ERROR(ValidateOne(absl::StrCat(kind, ".", name), limits));
  }
  return absl::OkStatus();
}

}  // namespace

uint32_t StatedLimits(const Limits& limits) {
  const std::array<bool, kMandatoryLimits.size()> stated = {
      limits.max_order_notional.has_value(), limits.price_collar_ppm.has_value(),
      limits.stale_after.has_value(),        limits.message_rate.has_value(),
      limits.max_open_orders.has_value(),    limits.max_open_notional.has_value(),
      limits.max_long.has_value(),           limits.max_short.has_value(),
      limits.max_gross.has_value(),          limits.max_net.has_value(),
      limits.max_daily_loss.has_value(),     limits.max_drawdown.has_value()};
  uint32_t bits = 0;
  for (size_t i = 0; i < stated.size(); ++i) bits |= stated[i] ? 1u << i : 0u;
  return bits;
}

Limits LimitSet::Of(const market::Scope& scope) const {
  switch (scope.kind) {
    case market::ScopeKind::kFirm:
      return firm;
    case market::ScopeKind::kAccount:
      return Entry(accounts, scope.name);
    case market::ScopeKind::kStrategy:
      return Entry(strategies, scope.name);
    case market::ScopeKind::kVenue:
      return Entry(venues, scope.name);
    case market::ScopeKind::kInstrument:
      return Entry(instruments, scope.name);
  }
  return Limits{};
}

absl::Status Validate(const LimitSet& limits) {
  if (limits.version == 0)
    return absl::InvalidArgumentError("version: must be 1 or more; raise it with every change");
  if (limits.valuation_asset.empty()) {
    return absl::InvalidArgumentError("valuation.asset: must name an asset, for example USDT");
  }
  for (const auto& [asset, instrument] : limits.converted_by) {
    if (limits.at_par.contains(asset) || asset == limits.valuation_asset) {
      return absl::InvalidArgumentError(absl::StrCat(
          "valuation.by.", asset.text(), ": the asset is at par already; remove one of the two"));
    }
    if (market::VenueOf(instrument).empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("valuation.by.", asset.text(),
                       ": write it as venue:symbol, for example binance-spot:BTCUSDT"));
    }
  }
  for (const auto& [account, wallet] : limits.wallets) {
    if (wallet.empty() || !limits.accounts.contains(account)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "wallets.", account, ": must name a venue, for an account that accounts names too"));
    }
  }
  GANNET_RETURN_IF_ERROR(ValidateOne("firm", limits.firm));
  GANNET_RETURN_IF_ERROR(ValidateAll("accounts", limits.accounts));
  GANNET_RETURN_IF_ERROR(ValidateAll("strategies", limits.strategies));
  GANNET_RETURN_IF_ERROR(ValidateAll("venues", limits.venues));
  return ValidateAll("instruments", limits.instruments);
}

std::string FormatValue(Value value) { return market::FormatDecimal(value, kValueScale); }

std::string FormatScope(const market::Scope& scope) {
  static constexpr std::array<const char*, 6> kNames = {"",          "firm",   "account ",
                                                        "strategy ", "venue ", "instrument "};
  return absl::StrCat(kNames[static_cast<size_t>(scope.kind)], scope.name);
}

}  // namespace gannet::risk
