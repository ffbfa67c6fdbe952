#include "libs/runtime/health.h"

#include <algorithm>

#include "libs/base/concat.h"

namespace gannet::runtime {

Health HealthBoard::Overall() const {
  if (draining_)
    return {HealthState::kNotServing, {"the process is shutting down; ask another one"}};
  if (sources_.empty())
    return {HealthState::kNotServing, {"the process is starting; ask again in a moment"}};
  Health overall{HealthState::kServing, {}};
  for (const auto& [name, source] : sources_) {
    const Health health = source();
    overall.state = std::max(overall.state, health.state);
    for (const std::string& reason : health.reasons)
      overall.reasons.push_back(base::Concat({name, ": ", reason}));
  }
  return overall;
}

std::vector<std::pair<std::string, Health>> HealthBoard::Each() const {
  std::vector<std::pair<std::string, Health>> out;
  for (const auto& [name, source] : sources_) {
    out.emplace_back(name, draining_
                               ? Health{HealthState::kNotServing, {"the process is shutting down"}}
                               : source());
  }
  return out;
}

}  // namespace gannet::runtime
