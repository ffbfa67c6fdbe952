// Settings of strategy: the strategies file (config/strategies.yaml is the
// example, README.md explains the keys).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/files.h"
#include "services/strategy/market_maker.h"
#include "services/strategy/news_playbook.h"
#include "services/strategy/prediction_follower.h"
#include "services/strategy/strategy_engine.h"

namespace gannet::config {
class Section;
}

namespace gannet::strategy {

struct StrategyConfig {
  EngineSettings engine;  // `run` comes from the shard
  std::vector<PlaybookSettings> playbooks;
  std::vector<FollowerSettings> followers;
  std::vector<MakerSettings> makers;

  // Names of all of them, in the order of the file.
  std::vector<std::string> Names() const;
  // Drops all others. NOT_FOUND naming those that the configuration has not.
  absl::Status Keep(const std::vector<std::string>& names);
};

// Strict: INVALID_ARGUMENT with every error of the file, or what reading it says.
absl::StatusOr<StrategyConfig> LoadStrategyConfig(base::Files& files, const std::string& path);
absl::StatusOr<StrategyConfig> ParseStrategyConfig(std::string_view yaml, std::string_view name);
void Read(config::Section& in, StrategyConfig& out);

std::vector<std::unique_ptr<Strategy>> MakeStrategies(const StrategyConfig& config);

}  // namespace gannet::strategy
