#include "services/risk/config.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/status.h"
#include "libs/config/config.h"
#include "libs/market/decimal.h"
#include "libs/market/names.h"

namespace gannet::risk {
namespace {

using config::Between;
using config::Section;
using market::ScopeKind;
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

using Key = std::string_view;

void ReadLimit(Section& in, Key key, std::optional<Value>& out) { ReadAmount(in, key, out); }
void ReadLimit(Section& in, Key key, std::optional<int64_t>& out) {
  std::optional<config::Ppm> ratio;
  in.Optional(key, ratio, Between(config::Ppm{1}, config::Ppm{MostPpm(key)}));
  if (ratio) out = ratio->value;
}
void ReadLimit(Section& in, Key key, std::optional<uint32_t>& out) { in.Optional(key, out); }
void ReadLimit(Section& in, Key key, std::optional<bool>& out) { in.Optional(key, out); }
void ReadLimit(Section& in, Key key, std::optional<base::Duration>& out) {
  in.Optional(key, out, Between(1ms, key == "dead_man" ? 240h : 24h));
}
void ReadLimit(Section& in, Key key, std::optional<RateLimit>& out) {
  in.OptionalSection(key, [&out](Section& rate) {
    RateLimit limit;
    rate.Required("count", limit.count, Between(1u, kMaxRateCount));
    rate.Required("window", limit.window, Between(1ms, 24h));
    out = limit;
  });
}
void ReadLimit(Section& in, Key key, std::optional<Stage>& out) {
  static constexpr config::Name<Stage> kStages[] = {{"shadow", Stage::kShadow},
                                                    {"paper", Stage::kPaper},
                                                    {"canary", Stage::kCanary},
                                                    {"full", Stage::kFull}};
  if (!in.Has(key)) return;
  Stage stage = Stage::kShadow;
  in.Optional(key, stage, kStages);
  out = stage;
}
void ReadLimit(Section& in, Key key, std::optional<OrderTypes>& out) {
  if (!in.Has(key)) return;
  std::vector<std::string> names;
  in.List(key, names, {.min = 1, .max = 20});
  if (names.empty()) return;  // refused
  OrderTypes types;
  for (const std::string& name : names) {
    auto type = market::OrderType::kMarket;
    while (type <= market::OrderType::kTrailingStop && name != market::Name(type))
      type = static_cast<market::OrderType>(static_cast<int>(type) + 1);
    if (type > market::OrderType::kTrailingStop)
      return in.Problem(key, absl::StrCat("'", name, "' is no order type; write LIMIT or MARKET"));
    types.bits |= 1u << static_cast<uint32_t>(type);
  }
  out = types;
}
void ReadLimit(Section& in, Key key, std::optional<InstrumentNames>& out) {
  if (!in.Has(key)) return;
  std::vector<std::string> names;
  in.List(key, names, {.min = 1, .max = 10'000});
  if (!names.empty()) out = InstrumentNames{{names.begin(), names.end()}};
}

void ReadLimits(Section& in, Limits& out) {
  ForEachLimit([&](const char* key, auto member) { ReadLimit(in, key, out.*member); });
}

void ReadCorrelation(Section& in, CorrelationGroup& out) {
  config::Ppm rho;
  in.Required("rho", rho, Between(config::Ppm{0}, config::Ppm{1'000'000}));
  out.rho_ppm = rho.value;
  std::vector<std::string> assets;
  in.List("assets", assets, {.min = 1, .max = 1'000});
  for (const std::string& asset : assets) out.assets.insert(market::AssetId(asset));
}

void ReadShared(Section& in, LimitSet& out) {
  std::vector<std::string> paper;
  in.List("paper_accounts", paper, {.max = 1'000});
  out.paper_accounts = {paper.begin(), paper.end()};
  in.Sections("correlation", out.correlation, ReadCorrelation, {.max = kMaxCorrelationGroups});
  in.OptionalSection("windows", [&out](Section& windows) {
    windows.Optional("flow", out.windows.flow, Between(1ms, 24h));
    windows.Optional("market", out.windows.market, Between(1ms, 24h));
    windows.Optional("ratio_minimum", out.windows.ratio_minimum);
  });
}

void ReadWatch(Section& in, WatchSettings& out) {
  const auto services = [](Section& from, std::string_view key, std::vector<std::string>& names) {
    from.List(key, names, {.max = 20});
  };
  in.OptionalSection("heartbeats", [&](Section& heartbeats) {
    heartbeats.Optional("lost_after", out.lost_after, Between(5s, 10min));
    heartbeats.Optional("cancel_on_loss", out.cancel_on_loss);
    ReadLimit(heartbeats, "breaker", out.breaker);
    heartbeats.OptionalSection("needed", [&](Section& needed) {
      services(needed, "all", out.all);
      services(needed, "models", out.models);
      services(needed, "news", out.news);
      needed.Sections("strategies", out.strategies,
                      [&](Section& strategy, std::vector<std::string>& names) {
                        services(strategy, "services", names);
                      });
    });
  });
  in.OptionalSection("models", [&](Section& models) {
    std::optional<RateLimit> failures;
    ReadLimit(models, "failures", failures);
    out.failures = failures.value_or(out.failures);
    models.Optional("stale_after", out.stale_after, Between(1s, 24h));
    models.Optional("allow_drifted", out.allow_drifted);
  });
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

void Read(Section& in, RiskConfig& out, const RefuseName& refuse_name) {
  LimitSet& limits = out.limits;
  in.Required("version", limits.version, config::AtLeast(1u));
  in.RequiredSection("valuation", limits, ReadValuation);
  in.OptionalSection("gate", [&out](Section& gate) {
    gate.Optional("verdict_lifetime", out.verdict_lifetime, Between(10ms, 60s));
    gate.Optional("unanswered_alarm", out.unanswered_alarm, Between(100ms, 10min));
    gate.Optional("four_eyes", out.four_eyes);
    gate.Optional("position_alarm", out.position_alarm, Between(100ms, 10min));
  });
  ReadShared(in, limits);
  ReadWatch(in, out.watch);
  in.OptionalSection(
      "portfolio", [&limits](Section& portfolio) { Read(portfolio, limits.portfolio.emplace()); });
  in.RequiredSection("firm", limits.firm, ReadLimits);
  const auto named = [&](std::string_view key, std::map<std::string, Limits>& entries,
                         ScopeKind kind, config::Count count) {
    in.Sections(key, entries, ReadLimits, count, [&](const std::string& name) {
      return refuse_name ? refuse_name(kind, name) : std::string();
    });
  };
  named("accounts", limits.accounts, ScopeKind::kAccount, {.min = 1, .max = 1'000});
  in.Map("wallets", limits.wallets, {.max = 1'000});
  named("strategies", limits.strategies, ScopeKind::kStrategy, {});
  named("venues", limits.venues, ScopeKind::kVenue, {});
  named("instruments", limits.instruments, ScopeKind::kInstrument, {});
  if (const absl::Status valid = Validate(limits); !valid.ok())
    in.Problem("", std::string(valid.message()));
}

}  // namespace

void Read(Section& in, RiskConfig& out) { Read(in, out, nullptr); }

absl::StatusOr<RiskConfig> LoadRiskConfig(base::Files& files, const std::string& path) {
  GANNET_ASSIGN_OR_RETURN(const std::string text, files.Read(path));
  return ParseRiskConfig(text, path);
}

absl::StatusOr<RiskConfig> ParseRiskConfig(std::string_view yaml, std::string_view name,
                                           const RefuseName& refuse_name) {
  GANNET_ASSIGN_OR_RETURN(RiskConfig config, config::LoadText<RiskConfig>(
                                                 yaml, name, [&](Section& in, RiskConfig& out) {
                                                   Read(in, out, refuse_name);
                                                 }));
  config.text = std::string(yaml);
  return config;
}

}  // namespace gannet::risk
