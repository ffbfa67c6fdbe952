#include "apps/gannet/canary_judge.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_join.h"
#include "libs/base/concat.h"

namespace gannet::app {
namespace {

constexpr char kProcesses[] = "processes";

std::string Times(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", value);
  return text;
}

}  // namespace

// https://prometheus.io/docs/prometheus/latest/querying/api/: a vector of series, each with its
// labels and [time, "value"]; values may be "NaN" and "+Inf".
absl::StatusOr<Burn> BurnOf(std::string_view body) {
  const absl::Status none =
      absl::InvalidArgumentError("this is no answer of Prometheus; check the address");
  const auto json = nlohmann::json::parse(body, nullptr, false);
  if (json.is_discarded() || !json.is_object() || json.value("status", "") != "success")
    return none;
  Burn burn;
  try {
    if (json.at("data").at("resultType").get<std::string>() != "vector") return none;
    for (const auto& series : json.at("data").at("result")) {
      const std::string text = series.at("value").at(1).get<std::string>();
      char* end = nullptr;
      const double value = std::strtod(text.c_str(), &end);
      if (text.empty() || *end != '\0') return none;
      if (!std::isnan(value)) burn[series.at("metric").at("slo").get<std::string>()] = value;
    }
  } catch (const nlohmann::json::exception&) {
    return none;
  }
  return burn;
}

absl::Status ReadObjectives(const std::vector<std::string>& texts, CanaryRules& rules) {
  for (const std::string& text : texts) {
    const size_t equals = text.find('=');
    const std::string name = text.substr(0, equals);
    double limit = rules.max_burn;
    if (equals != std::string::npos) {
      const char* const end = text.data() + text.size();
      const auto [stop, error] = std::from_chars(text.data() + equals + 1, end, limit);
      if (error != std::errc() || stop != end || !(limit > 0))
        return absl::InvalidArgumentError(
            base::Concat({"'", text, "' has no limit above zero; write it as gateway=6"}));
    }
    if (std::ranges::find(kObjectives, name) == kObjectives.end())
      return absl::InvalidArgumentError(base::Concat(
          {"'", name, "' is no objective; there are ", absl::StrJoin(kObjectives, ", ")}));
    rules.by_objective[name] = limit;
  }
  return absl::OkStatus();
}

CanaryState CanaryJudge::Blind(base::Time now, std::string why) {
  why_ = std::move(why);
  above_ = 0;
  return now - seen_ >= rules_.patience ? CanaryState::kBlind : CanaryState::kWatching;
}

CanaryState CanaryJudge::Look(base::Time now, const absl::StatusOr<Burn>& burn) {
  if (!burn.ok()) return Blind(now, std::string(burn.status().message()));
  const auto processes = burn->find(kProcesses);
  if (processes == burn->end() || processes->second < 1)
    return Blind(now, "Prometheus sees no process of ours; check its scrapes and rules");
  seen_ = now;
  if (now - began_ < rules_.settle) {
    why_ = "settling";
    return CanaryState::kWatching;
  }
  std::string worst;
  size_t with_events = 0;
  for (const auto& [objective, rate] : *burn) {
    if (objective == kProcesses) continue;
    const auto own = rules_.by_objective.find(objective);
    if (own == rules_.by_objective.end() && !rules_.by_objective.empty()) continue;
    ++with_events;
    const double limit = own == rules_.by_objective.end() ? rules_.max_burn : own->second;
    if (rate < limit) continue;
    worst += base::Concat({worst.empty() ? "" : ", ", objective, " burns ", Times(rate),
                           " times too fast (limit ", Times(limit), ")"});
  }
  above_ = worst.empty() ? 0 : above_ + 1;
  if (!worst.empty()) {
    why_ = std::move(worst);
    return above_ >= rules_.looks ? CanaryState::kBurning : CanaryState::kWatching;
  }
  why_ = base::Concat({"no budget burns; objectives with events: ", std::to_string(with_events)});
  return now - began_ >= rules_.watch ? CanaryState::kHealthy : CanaryState::kWatching;
}

}  // namespace gannet::app
