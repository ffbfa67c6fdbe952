#include "services/strategy/config.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "libs/config/config.h"
#include "services/strategy/schedule.h"

namespace gannet::strategy {
namespace {

using config::AtLeast;
using config::Between;
using config::Ppm;
using config::Section;
using namespace std::chrono_literals;

constexpr config::Name<market::NewsEventType> kEvents[] = {
    {"FED_SPEECH", market::NewsEventType::kFedSpeech},
    {"POLITICAL_POST", market::NewsEventType::kPoliticalPost},
    {"HACK", market::NewsEventType::kHack},
    {"REGULATION", market::NewsEventType::kRegulation},
    {"PARTNERSHIP", market::NewsEventType::kPartnership},
    {"TECHNICAL", market::NewsEventType::kTechnical}};
constexpr config::Name<Direction> kDirections[] = {
    {"sentiment", Direction::kSentiment}, {"long", Direction::kLong}, {"short", Direction::kShort}};

constexpr size_t kMaxStrategies = 100;
const Ppm kWhole{1'000'000};

void OptionalRatio(Section& in, const char* key, int64_t& out, Ppm least, Ppm most) {
  Ppm ratio{out};
  in.Optional(key, ratio, Between(least, most));
  out = ratio.value;
}

void Amount(Section& in, const char* key, market::Money& out) {
  in.Optional(key, out, AtLeast(market::Money(0, 0)));
  if (out.zero()) in.Problem(key, "must be above 0");
}

void ReadName(Section& in, market::StrategyId& name, std::vector<std::string>& instruments) {
  in.Required("name", name);
  const std::string& text = name.text();
  if (text.starts_with("manual/") || text == "EXTERNAL" || text.size() > 64) {
    in.Problem("name", "must not be EXTERNAL, begin with manual/ or be longer than 64 characters");
  }
  in.List("instruments", instruments, {.min = 1, .max = 1'000});
  for (const std::string& pattern : instruments) {
    if (pattern.find(':') == std::string::npos ||
        std::count(pattern.begin(), pattern.end(), '*') > 1) {
      in.Problem(
          "instruments",
          absl::StrCat(
              "'", pattern,
              "' must be venue:symbol with at most one star, for example binance-spot:*USDT"));
    }
  }
}

void ReadSizing(Section& in, SizingSettings& out) {
  Amount(in, "risk", out.risk);
  Amount(in, "max_notional", out.max_notional);
}

void ReadEntry(Section& in, EntryRules& out) {
  in.Required("over", out.over, Between(1s, 1h));
  in.Optional("slices", out.slices, Between(1, static_cast<int64_t>(market::kMaxSlices)));
  if (out.slices > 0 && out.over / out.slices < kMinSliceInterval)
    in.Problem("slices", "are less than a second apart");
}

void ReadExits(Section& in, ExitRules& out) {
  in.Optional("horizon", out.horizon, Between(1s, 24h * 30));
  OptionalRatio(in, "take_profit", out.take_profit_ppm, Ppm{0}, kWhole);
  OptionalRatio(in, "stop_loss", out.stop_loss_ppm, Ppm{0}, kWhole);
  OptionalRatio(in, "max_slippage", out.max_slippage_ppm, Ppm{0}, Ppm{100'000});
}

void ReadPlaybook(Section& in, PlaybookSettings& out) {
  ReadName(in, out.name, out.instruments);
  in.Required("event", out.event, kEvents);
  in.Optional("linked_only", out.linked_only);
  in.Optional("direction", out.direction, kDirections);
  in.Optional("allow_short", out.allow_short);
  if (out.direction == Direction::kShort && !out.allow_short)
    in.Problem("allow_short", "must be true for direction short");
  OptionalRatio(in, "min_confidence", out.min_confidence_ppm, Ppm{0}, kWhole);
  OptionalRatio(in, "min_novelty", out.min_novelty_ppm, Ppm{0}, kWhole);
  OptionalRatio(in, "min_sentiment", out.min_sentiment_ppm, Ppm{0}, kWhole);
  in.Optional("max_age", out.max_age, Between(1s, 24h));
  in.OptionalSection("sizing", out.sizing, ReadSizing);
  in.OptionalSection("entry", out.entry, ReadEntry);
  in.OptionalSection("exits", out.exits, ReadExits);
  in.Optional("cooldown", out.cooldown, Between(0s, 24h));
  in.Optional("max_positions", out.max_positions, Between(1, 1'000));
}

void ReadFollower(Section& in, FollowerSettings& out) {
  ReadName(in, out.name, out.instruments);
  in.Optional("model", out.model);
  OptionalRatio(in, "min_probability", out.min_probability_ppm, Ppm{1}, kWhole);
  OptionalRatio(in, "taker_fee", out.taker_fee_ppm, Ppm{0}, Ppm{100'000});
  OptionalRatio(in, "min_edge", out.min_edge_ppm, Ppm{0}, kWhole);
  in.Optional("max_age", out.max_age, Between(100ms, 1h));
  in.Optional("allow_short", out.allow_short);
  in.Optional("allow_drifted", out.allow_drifted);
  in.OptionalSection("sizing", out.sizing, ReadSizing);
  in.OptionalSection("entry", out.entry, ReadEntry);
  in.OptionalSection("exits", out.exits, ReadExits);
  in.Optional("cooldown", out.cooldown, Between(0s, 24h));
  in.Optional("max_positions", out.max_positions, Between(1, 1'000));
}

void ReadMaker(Section& in, MakerSettings& out) {
  ReadName(in, out.name, out.instruments);
  Amount(in, "quote_notional", out.quote_notional);
  Amount(in, "max_position", out.max_position);
  if (out.max_position < out.quote_notional)
    in.Problem("max_position", "must be at least quote_notional");
  in.Optional("allow_short", out.allow_short);
  OptionalRatio(in, "min_half_spread", out.min_half_spread_ppm, Ppm{0}, Ppm{100'000});
  OptionalRatio(in, "volatility", out.volatility_ppm, Ppm{0}, Ppm{10'000'000});
  in.Optional("horizon", out.horizon, Between(1s, 1h));
  OptionalRatio(in, "maker_fee", out.maker_fee_ppm, Ppm{0}, Ppm{100'000});
  OptionalRatio(in, "skew", out.skew_ppm, Ppm{0}, Ppm{5'000'000});
  OptionalRatio(in, "refresh", out.refresh_ppm, Ppm{1}, Ppm{100'000});
  in.Optional("min_life", out.min_life, Between(100ms, 1h));
  in.Optional("pause_after_fill", out.pause_after_fill, Between(0s, 1h));
}

void ReadEngine(Section& in, EngineSettings& out) {
  in.Optional("account", out.account);
  in.Optional("stale_after", out.stale_after, Between(100ms, 10min));
  in.OptionalSection("volatility", out.volatility,
                     [](Section& volatility, VolatilitySettings& settings) {
                       volatility.Optional("span", settings.span, Between(2, 100'000));
                       volatility.Optional("warm_up", settings.warm_up, Between(2, 100'000));
                     });
  in.OptionalSection("messages", [&out](Section& messages) {
    messages.Required("count", out.message_count,
                      Between(5, static_cast<int64_t>(kMaxRememberedMessages)));
    messages.Required("window", out.message_window, Between(1s, 1h));
  });
  in.Optional("cancel_on_drain", out.cancel_on_drain);
  std::map<std::string, Ppm> fees;
  in.Map("taker_fees", fees, {.max = 100}, Between(Ppm{0}, Ppm{100'000}));
  for (const auto& [venue, fee] : fees) out.taker_fees_ppm[venue] = fee.value;
}

}  // namespace

void Read(config::Section& in, StrategyConfig& out) {
  ReadEngine(in, out.engine);
  in.Items("playbooks", out.playbooks, ReadPlaybook, {.max = kMaxStrategies});
  in.Items("followers", out.followers, ReadFollower, {.max = kMaxStrategies});
  in.Items("makers", out.makers, ReadMaker, {.max = kMaxStrategies});
  std::set<std::string> names;
  for (const std::string& name : out.Names()) {
    if (!names.insert(name).second)
      in.Problem(
          "", absl::StrCat("two strategies are called '", name, "'; each needs a name of its own"));
  }
}

std::vector<std::string> StrategyConfig::Names() const {
  std::vector<std::string> names;
  for (const auto& playbook : playbooks) names.push_back(playbook.name.text());
  for (const auto& follower : followers) names.push_back(follower.name.text());
  for (const auto& maker : makers) names.push_back(maker.name.text());
  return names;
}

absl::Status StrategyConfig::Keep(const std::vector<std::string>& names) {
  const std::vector<std::string> have = Names();
  std::vector<std::string> missing;
  for (const std::string& name : names) {
    if (std::find(have.begin(), have.end(), name) == have.end()) missing.push_back(name);
  }
  if (!missing.empty()) {
    return absl::NotFoundError(absl::StrCat("no strategy is called ", absl::StrJoin(missing, ", "),
                                            "; the configuration has ", absl::StrJoin(have, ", ")));
  }
  const auto dropped = [&names](const auto& settings) {
    return std::find(names.begin(), names.end(), settings.name.text()) == names.end();
  };
  std::erase_if(playbooks, dropped);
  std::erase_if(followers, dropped);
  std::erase_if(makers, dropped);
  return absl::OkStatus();
}

absl::StatusOr<StrategyConfig> LoadStrategyConfig(base::Files& files, const std::string& path) {
  return config::LoadFile<StrategyConfig>(files, path,
                                          [](Section& in, StrategyConfig& out) { Read(in, out); });
}

absl::StatusOr<StrategyConfig> ParseStrategyConfig(std::string_view yaml, std::string_view name) {
  return config::LoadText<StrategyConfig>(yaml, name,
                                          [](Section& in, StrategyConfig& out) { Read(in, out); });
}

std::vector<std::unique_ptr<Strategy>> MakeStrategies(const StrategyConfig& config) {
  std::vector<std::unique_ptr<Strategy>> strategies;
  for (const auto& settings : config.playbooks)
    strategies.push_back(std::make_unique<NewsPlaybook>(settings));
  for (const auto& settings : config.followers)
    strategies.push_back(std::make_unique<PredictionFollower>(settings));
  for (const auto& settings : config.makers)
    strategies.push_back(std::make_unique<MarketMaker>(settings));
  return strategies;
}

}  // namespace gannet::strategy
