#include "services/risk/limits.h"

#include <algorithm>
#include <initializer_list>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "libs/base/status.h"
#include "libs/market/decimal.h"
#include "libs/market/names.h"

namespace gannet::risk {
namespace {

using market::ScopeKind;

template <class T>
void Inherit(std::optional<T>& own, const std::optional<T>& other) {
  if (!own) own = other;
}

void InheritAll(Limits& own, const Limits& other) {
  ForEachLimit([&](const char*, auto member) { Inherit(own.*member, other.*member); });
}

Limits Entry(const std::map<std::string, Limits>& entries, const std::string& name) {
  Limits limits;
  if (const auto own = entries.find(name); own != entries.end()) limits = own->second;
  if (const auto rest = entries.find(std::string(kDefaultEntry)); rest != entries.end())
    InheritAll(limits, rest->second);
  return limits;
}

constexpr int64_t kPpm = 1'000'000;
constexpr base::Duration kMinWindow = std::chrono::milliseconds(1);

absl::Status Refuse(const std::string& where, const char* key, const char* allowed) {
  return absl::InvalidArgumentError(
      absl::StrCat(where, ".", key, ": must be ", allowed, "; correct the limits file"));
}

// Where a limit has a meaning; null: here too.
const char* WhereAllowed(std::string_view key, ScopeKind kind) {
  const auto is = [key](std::initializer_list<std::string_view> keys) {
    return std::find(keys.begin(), keys.end(), key) != keys.end();
  };
  if (is({"max_order_quantity", "clip_quantity"}) && kind != ScopeKind::kInstrument)
    return "under instruments, in whose units it is";
  if (key == "initial_margin" && kind == ScopeKind::kStrategy)
    return "for the firm, accounts, venues and instruments";
  if (kind != ScopeKind::kFirm && is({"capital", "max_var", "max_expected_shortfall",
                                      "max_stress_loss", "target_volatility", "max_risk_share"}))
    return "for the firm";
  const bool own_cells = kind <= ScopeKind::kStrategy;
  if (!own_cells && is({"max_concentration", "concentration_above", "max_correlated",
                        "max_instruments", "max_venues"})) {
    return "for the firm, accounts and strategies";
  }
  return nullptr;
}

const char* Fault(const char*, Value value) { return value < 0 ? "0 or more" : nullptr; }
const char* Fault(const char* key, int64_t ppm) {
  if (ppm <= 0) return "above 0%";
  return ppm > MostPpm(key) ? "at most 100%" : nullptr;
}
const char* Fault(const char*, base::Duration duration) {
  return duration.count() <= 0 ? "above 0" : nullptr;
}
const char* Fault(const char* key, const RateLimit& rate) {
  if (std::string_view(key) == "duplicates" && rate.count > kMaxDuplicates)
    return "at most 255 orders";
  return rate.count == 0 || rate.count > kMaxRateCount || rate.window.count() <= 0
             ? "1 to 100,000 in a window above 0"
             : nullptr;
}
const char* Fault(const char*, Stage stage) {
  return stage > Stage::kFull ? "shadow, paper, canary or full" : nullptr;
}
const char* Fault(const char*, const OrderTypes& types) {
  return types.bits == 0 ? "a list with an order type" : nullptr;
}
const char* Fault(const char*, const InstrumentNames& names) {
  return names.names.empty() ? "a list with an instrument" : nullptr;
}
const char* Fault(const char*, uint32_t) { return nullptr; }
const char* Fault(const char*, bool) { return nullptr; }

absl::Status ValidateOne(const std::string& where, ScopeKind kind, const Limits& limits) {
  absl::Status status;
  ForEachLimit([&](const char* key, auto member) {
    if (!status.ok() || !(limits.*member)) return;
    if (const char* allowed = Fault(key, *(limits.*member))) {
      status = Refuse(where, key, allowed);
    } else if (const char* place = WhereAllowed(key, kind)) {
      status = absl::InvalidArgumentError(absl::StrCat(where, ".", key, ": is stated ", place,
                                                       "; move it there in the limits file"));
    }
  });
  return status;
}

absl::Status ValidateAll(const char* group, ScopeKind kind,
                         const std::map<std::string, Limits>& entries) {
  for (const auto& [name, limits] : entries) {
    if (name.empty())
      return absl::InvalidArgumentError(absl::StrCat(group, ": an entry has no name; give it one"));
    GANNET_RETURN_IF_ERROR(ValidateOne(absl::StrCat(group, ".", name), kind, limits));
  }
  return absl::OkStatus();
}

absl::Status ValidateShared(const LimitSet& limits) {
  if (limits.windows.flow < kMinWindow || limits.windows.market < kMinWindow)
    return absl::InvalidArgumentError("windows: must be 1ms or more; correct the limits file");
  if (limits.correlation.size() > kMaxCorrelationGroups)
    return absl::InvalidArgumentError("correlation: at most 64 groups; join some");
  std::set<market::AssetId> seen;
  for (const auto& [name, group] : limits.correlation) {
    const std::string where = absl::StrCat("correlation.", name);
    if (group.rho_ppm < 0 || group.rho_ppm > kPpm) return Refuse(where, "rho", "0% to 100%");
    for (const market::AssetId& asset : group.assets) {
      if (!seen.insert(asset).second)
        return absl::InvalidArgumentError(absl::StrCat(where, ".assets: ", asset.text(),
                                                       " is in two groups; remove it from one"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

int64_t MostPpm(std::string_view key) {
  const bool more = key == "max_move" || key == "max_volatility" || key == "max_cancel_ratio" ||
                    key == "target_volatility";
  return kPpm * (more ? 1'000 : 1);
}

bool InstrumentNames::Has(const std::string& instrument, const std::string& venue) const {
  return names.contains(instrument) || names.contains(venue + ":*");
}

uint32_t StatedLimits(const Limits& limits) {
  uint32_t bits = 0;
  ForEachLimit([&](const char* name, auto member) {
    const auto* at = std::find(kMandatoryLimits.begin(), kMandatoryLimits.end(), name);
    if (at != kMandatoryLimits.end() && limits.*member)
      bits |= 1u << (at - kMandatoryLimits.begin());
  });
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
    case market::ScopeKind::kModel:
    case market::ScopeKind::kService:
      break;  // they have no orders
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
  GANNET_RETURN_IF_ERROR(ValidateShared(limits));
  if (limits.portfolio) GANNET_RETURN_IF_ERROR(Validate(*limits.portfolio));
  GANNET_RETURN_IF_ERROR(ValidateOne("firm", ScopeKind::kFirm, limits.firm));
  GANNET_RETURN_IF_ERROR(ValidateAll("accounts", ScopeKind::kAccount, limits.accounts));
  GANNET_RETURN_IF_ERROR(ValidateAll("strategies", ScopeKind::kStrategy, limits.strategies));
  GANNET_RETURN_IF_ERROR(ValidateAll("venues", ScopeKind::kVenue, limits.venues));
  return ValidateAll("instruments", ScopeKind::kInstrument, limits.instruments);
}

bool LimitSet::SharedWith(const LimitSet& other) const {
  return valuation_asset == other.valuation_asset && at_par == other.at_par &&
         converted_by == other.converted_by && wallets == other.wallets &&
         paper_accounts == other.paper_accounts && correlation == other.correlation &&
         windows == other.windows && portfolio == other.portfolio;
}

void LimitSet::TakeShared(const LimitSet& other) {
  valuation_asset = other.valuation_asset;
  at_par = other.at_par;
  converted_by = other.converted_by;
  wallets = other.wallets;
  paper_accounts = other.paper_accounts;
  correlation = other.correlation;
  windows = other.windows;
  portfolio = other.portfolio;
}

std::string FormatValue(Value value) { return market::FormatDecimal(value, kValueScale); }

std::string FormatLimit(Value value) { return FormatValue(value); }
std::string FormatLimit(int64_t ppm) {
  return absl::StrCat(market::FormatDecimal(ppm, 4), "%");  // 10,000 ppm are 1 %
}
std::string FormatLimit(uint32_t count) { return absl::StrCat(count); }
std::string FormatLimit(base::Duration duration) { return base::FormatDuration(duration); }
std::string FormatLimit(const RateLimit& rate) {
  return absl::StrCat(rate.count, " in ", base::FormatDuration(rate.window));
}
std::string FormatLimit(bool flag) { return flag ? "true" : "false"; }
std::string FormatLimit(Stage stage) {
  static constexpr std::array<const char*, 4> kNames = {"shadow", "paper", "canary", "full"};
  return kNames[static_cast<size_t>(stage)];
}
std::string FormatLimit(const OrderTypes& types) {
  std::string text;
  for (auto type = market::OrderType::kMarket; type <= market::OrderType::kTrailingStop;
       type = static_cast<market::OrderType>(static_cast<int>(type) + 1)) {
    if (types.Has(type)) absl::StrAppend(&text, text.empty() ? "" : ", ", market::Name(type));
  }
  return text;
}
std::string FormatLimit(const InstrumentNames& names) { return absl::StrJoin(names.names, ", "); }

std::string FormatScope(const market::Scope& scope) {
  static constexpr std::array<const char*, 8> kNames = {
      "", "firm", "account ", "strategy ", "venue ", "instrument ", "model ", "service "};
  return absl::StrCat(kNames[static_cast<size_t>(scope.kind)], scope.name);
}

}  // namespace gannet::risk
