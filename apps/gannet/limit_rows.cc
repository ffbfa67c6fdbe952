#include "apps/gannet/limit_rows.h"

#include <map>
#include <optional>
#include <string>
#include <utility>

namespace gannet::app {
namespace {

class Rows {
 public:
  explicit Rows(const risk::LimitSet& limits) : limits_(limits) {}

  void Add(market::ScopeKind kind, const std::string& name, const risk::Limits& stated) {
    scope_ = {kind, name};
    Amount("max_order_notional", stated.max_order_notional);
    Count("max_open_orders", stated.max_open_orders);
    Amount("max_open_notional", stated.max_open_notional);
    Amount("max_long", stated.max_long);
    Amount("max_short", stated.max_short);
    Amount("max_gross", stated.max_gross);
    Amount("max_net", stated.max_net);
    Amount("max_daily_loss", stated.max_daily_loss);
    Amount("max_drawdown", stated.max_drawdown);
  }
  void AddAll(market::ScopeKind kind, const std::map<std::string, risk::Limits>& named) {
    for (const auto& [name, stated] : named) {
      Add(kind, name, name == risk::kDefaultEntry ? stated : limits_.Of({kind, name}));
    }
  }
  std::vector<store::LimitRow> Take() { return std::move(rows_); }

 private:
  void Amount(const char* name, const std::optional<risk::Value>& value) {
    if (value) Push(name, market::Money(*value, risk::kValueScale), limits_.valuation_asset);
  }
  void Count(const char* name, const std::optional<uint32_t>& value) {
    if (value) Push(name, market::Money(*value, 0), {});
  }
  void Push(const char* name, const market::Money& value, const market::AssetId& asset) {
    store::LimitRow row;
    row.limit_version = limits_.version;
    row.scope = scope_.kind;
    row.scope_name = scope_.name;
    row.name = name;
    row.value = value;
    row.asset = asset;
    rows_.push_back(std::move(row));
  }

  const risk::LimitSet& limits_;
  market::Scope scope_;
  std::vector<store::LimitRow> rows_;
};

}  // namespace

std::vector<store::LimitRow> LimitRowsOf(const risk::LimitSet& limits) {
  Rows rows(limits);
  rows.Add(market::ScopeKind::kFirm, "", limits.firm);
  rows.AddAll(market::ScopeKind::kAccount, limits.accounts);
  rows.AddAll(market::ScopeKind::kStrategy, limits.strategies);
  rows.AddAll(market::ScopeKind::kVenue, limits.venues);
  rows.AddAll(market::ScopeKind::kInstrument, limits.instruments);
  return rows.Take();
}

}  // namespace gannet::app
