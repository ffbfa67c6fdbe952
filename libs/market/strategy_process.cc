#include "libs/market/strategy_process.h"

#include "libs/base/concat.h"
#include "libs/base/digest.h"

namespace gannet::market {
namespace {

constexpr std::string_view kPrefix = "strategy/";

}  // namespace

std::string StrategyProcess(std::string_view shard) { return base::Concat({kPrefix, shard}); }

std::optional<std::string_view> StrategyShard(const Scope& scope) {
  if (scope.kind != ScopeKind::kService || !scope.name.starts_with(kPrefix)) return std::nullopt;
  return std::string_view(scope.name).substr(kPrefix.size());
}

uint64_t StreamNumber(std::string_view name) { return base::Sha256First64(name); }

}  // namespace gannet::market
