#include "services/risk/config.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/config/config.h"
#include "libs/market/decimal.h"

namespace gannet::risk {
namespace {

using config::Between;
using config::Section;
using namespace std::chrono_literals;

void ReadAmount(Section& in, std::string_view key, std::optional<Value>& out) {
  std::optional<market::Money> amount;
  in.Optional(key, amount, config::AtLeast(market::Money(0, 0)));
  if (!amount) return;
  const auto value =
      amount->scale() <= kValueScale
          ? market::Rescale(amount->units(), amount->scale(), kValueScale, market::Rounding::kDown)
          : std::nullopt;
  if (value) {
    out = *value;
  } else {
    in.Problem(key, absl::StrCat("must be an amount with at most ", kValueScale,
                                 " digits after the point"));
  }
}

void ReadRatio(Section& in, std::string_view key, std::optional<int64_t>& out) {
  std::optional<config::Ppm> ratio;
  in.Optional(key, ratio, Between(config::Ppm{1}, config::Ppm{1'000'000}));
  if (ratio) out = ratio->value;
}

void ReadLimits(Section& in, Limits& out) {
  ReadAmount(in, "max_order_notional", out.max_order_notional);
  ReadRatio(in, "price_collar", out.price_collar_ppm);
  in.Optional("stale_after", out.stale_after, Between(1ms, 24h));
  in.OptionalSection("message_rate", [&out](Section& rate) {
    RateLimit limit;
    rate.Required("count", limit.count, Between(1u, kMaxRateCount));
    rate.Required("window", limit.window, Between(1ms, 24h));
    out.message_rate = limit;
  });
  in.Optional("max_open_orders", out.max_open_orders);
  ReadAmount(in, "max_open_notional", out.max_open_notional);
  ReadAmount(in, "max_long", out.max_long);
  ReadAmount(in, "max_short", out.max_short);
  ReadAmount(in, "max_gross", out.max_gross);
  ReadAmount(in, "max_net", out.max_net);
  ReadAmount(in, "max_daily_loss", out.max_daily_loss);
  ReadAmount(in, "max_drawdown", out.max_drawdown);
  ReadRatio(in, "initial_margin", out.initial_margin_ppm);
}

void ReadValuation(Section& in, LimitSet& out) {
  in.Required("asset", out.valuation_asset);
  std::vector<std::string> at_par;
  in.List("at_par", at_par, {.max = 100});
  for (const std::string& asset : at_par) out.at_par.insert(market::AssetId(asset));
  std::map<std::string, std::string> by;
  in.Map("by", by, {.max = 1'000});
  for (const auto& [asset, instrument] : by) {
    out.converted_by[market::AssetId(asset)] = market::InstrumentId(instrument);
  }
}

}  // namespace

void Read(Section& in, RiskConfig& out) {
  LimitSet& limits = out.limits;
  in.Required("version", limits.version, config::AtLeast(1u));
  in.RequiredSection("valuation", limits, ReadValuation);
  in.OptionalSection("gate", [&out](Section& gate) {
    gate.Optional("verdict_lifetime", out.verdict_lifetime, Between(10ms, 60s));
    gate.Optional("unanswered_alarm", out.unanswered_alarm, Between(100ms, 10min));
  });
  in.RequiredSection("firm", limits.firm, ReadLimits);
  in.Sections("accounts", limits.accounts, ReadLimits, {.min = 1, .max = 1'000});
  in.Map("wallets", limits.wallets, {.max = 1'000});
  in.Sections("strategies", limits.strategies, ReadLimits);
  in.Sections("venues", limits.venues, ReadLimits);
  in.Sections("instruments", limits.instruments, ReadLimits);
  if (const absl::Status valid = Validate(limits); !valid.ok())
    in.Problem("", std::string(valid.message()));
}

absl::StatusOr<RiskConfig> LoadRiskConfig(base::Files& files, const std::string& path) {
  return config::LoadFile<RiskConfig>(files, path,
                                      [](Section& in, RiskConfig& out) { Read(in, out); });
}

absl::StatusOr<RiskConfig> ParseRiskConfig(std::string_view yaml, std::string_view name) {
  return config::LoadText<RiskConfig>(yaml, name,
                                      [](Section& in, RiskConfig& out) { Read(in, out); });
}

}  // namespace gannet::risk
