// The section `portfolio` of the limits file.
#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "libs/config/config.h"
#include "libs/portfolio/monte_carlo.h"
#include "services/risk/config.h"

namespace gannet::risk {
namespace {

using config::Between;
using config::Ppm;
using config::Section;
using namespace std::chrono_literals;

void ReadRatio(Section& in, std::string_view key, int64_t& out, int64_t least, int64_t most) {
  Ppm ratio{out};
  in.Optional(key, ratio, Between(Ppm{least}, Ppm{most}));
  out = ratio.value;
}

void ReadSteps(Section& in, std::string_view key, std::vector<int64_t>& out) {
  std::vector<Ppm> steps;
  in.List(key, steps, {.min = 1, .max = kMaxStressSteps},
          Between(Ppm{-1'000'000}, Ppm{10'000'000}));
  for (const Ppm& step : steps) out.push_back(step.value);
}

void ReadStress(Section& in, StressPath& out) {
  ReadSteps(in, "others", out.others);
  in.OptionalSection("assets", [&out](Section& assets) {
    for (const std::string& name : assets.Keys())
      ReadSteps(assets, name, out.assets[market::AssetId(name)]);
  });
}

void ReadAlarm(Section& in, AlarmSettings& out) {
  static constexpr config::Name<market::TradingState> kStates[] = {
      {"reducing", market::TradingState::kReducing},
      {"cancel-only", market::TradingState::kCancelOnly},
      {"halted", market::TradingState::kHalted}};
  in.Optional("signals", out.signals, Between(1u, 5u));
  in.Optional("state", out.state, kStates);
  in.Optional("window", out.window, Between(20u, kMaxPortfolioObservations));
  ReadRatio(in, "tail", out.tail_ppm, 950'000, 999'990);
  ReadRatio(in, "jump", out.jump_ppm, 1, 500'000);
  ReadRatio(in, "depth", out.depth_ppm, 1, 1'000'000);
  ReadRatio(in, "correlation", out.correlation_ppm, 1, 1'000'000);
  ReadRatio(in, "peg", out.peg_ppm, 1, 1'000'000);
}

absl::Status Refuse(const std::string& key, const std::string& why) {
  return absl::InvalidArgumentError(absl::StrCat("portfolio.", key, ": ", why));
}

}  // namespace

void Read(Section& in, PortfolioSettings& out) {
  in.Optional("interval", out.interval, Between(1s, 24h));
  in.Optional("observations", out.observations, Between(21u, kMaxPortfolioObservations));
  in.Optional("minimum", out.minimum, Between(20u, kMaxPortfolioObservations));
  in.Optional("instruments", out.instruments, Between(1u, kMaxPortfolioInstruments));
  in.Optional("horizon", out.horizon, Between(1s, 240h));
  ReadRatio(in, "confidence", out.confidence_ppm, 900'000, 999'900);
  in.Optional("paths", out.paths, Between(1'000u, 200'000u));
  in.Optional("degrees_of_freedom", out.degrees_of_freedom, Between(0u, 100u));
  in.Optional("seed", out.seed);
  ReadRatio(in, "decay", out.decay_ppm, 500'000, 999'999);
  ReadRatio(in, "max_scale", out.max_scale_ppm, 1, 100'000'000);
  ReadRatio(in, "kelly_drawdown", out.kelly_drawdown_ppm, 10'000, 990'000);
  ReadRatio(in, "kelly_chance", out.kelly_chance_ppm, 1, 990'000);
  in.OptionalSection("alarm", out.alarm, ReadAlarm);
  in.Sections("stress", out.stress, ReadStress, {.max = kMaxStressPaths});
}

absl::Status Validate(const PortfolioSettings& settings) {
  if (settings.minimum >= settings.observations)
    return Refuse("minimum", "must be below observations; lower it, or keep more");
  if (settings.horizon < settings.interval)
    return Refuse("horizon", "must not be below interval; raise it");
  if (settings.paths % 2 != 0) return Refuse("paths", "must be even; add one");
  if (settings.degrees_of_freedom == 1 || settings.degrees_of_freedom == 2)
    return Refuse("degrees_of_freedom", "must be 3 or more, or 0 for a normal distribution");
  for (const auto& [name, path] : settings.stress) {
    for (const auto& [asset, steps] : path.assets) {
      if (steps.size() != path.others.size()) {
        return Refuse(absl::StrCat("stress.", name, ".assets.", asset.text()),
                      absl::StrCat("has ", steps.size(), " steps where others has ",
                                   path.others.size(), "; write as many"));
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace gannet::risk
