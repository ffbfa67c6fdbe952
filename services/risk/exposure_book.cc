#include "services/risk/exposure_book.h"

#include <algorithm>

#include "libs/base/check.h"

namespace gannet::risk {
namespace {

using market::Int128;
using market::ScopeKind;

constexpr Index kFirmScope = 0;

}  // namespace

bool Sane(Int128 units) { return units <= kMaxUnits && units >= -kMaxUnits; }

ExposureBook::ExposureBook(const LimitSet& limits) : limits_(limits) {
  TakeSharedLimits();
  MakeScope(ScopeKind::kFirm, "");
}

// --- names to rows -------------------------------------------------------------

Index ExposureBook::FindInstrument(const market::InstrumentId& id) const {
  const auto found = instrument_index_.find(id.text());
  return found == instrument_index_.end() ? kNone : found->second;
}

Index ExposureBook::FindScope(ScopeKind kind, const std::string& name) const {
  const auto& index = scope_index_[static_cast<size_t>(kind)];
  const auto found = index.find(name);
  return found == index.end() ? kNone : found->second;
}

Index ExposureBook::FindLeaf(Index account, Index strategy, Index instrument) const {
  const auto found = leaf_index_.find(std::tuple(account, strategy, instrument));
  return found == leaf_index_.end() ? kNone : found->second;
}

bool ExposureBook::IsLeafOf(Index at, const market::AccountId& account,
                            const market::StrategyId& strategy,
                            const market::InstrumentId& instrument) const {
  const Leaf& leaf = leaves_[at];
  return instruments_[leaf.instrument].definition.id == instrument &&
         scopes_[leaf.strategy].scope.name == strategy.text() &&
         scopes_[leaf.account].scope.name == account.text();
}

Index ExposureBook::FindLeaf(const market::AccountId& account, const market::StrategyId& strategy,
                             const market::InstrumentId& instrument) const {
  if (last_leaf_ != kNone && IsLeafOf(last_leaf_, account, strategy, instrument)) return last_leaf_;
  return FindLeaf(FindScope(ScopeKind::kAccount, account.text()),
                  FindScope(ScopeKind::kStrategy, strategy.text()), FindInstrument(instrument));
}

Index ExposureBook::FindBalance(Index account, const std::string& venue,
                                const market::AssetId& asset) const {
  const auto found = balance_index_.find(std::tuple(account, venue, asset));
  return found == balance_index_.end() ? kNone : found->second;
}

const OpenOrder* ExposureBook::FindOrder(const market::ClientOrderId& id) const {
  const auto found = orders_.find(id);
  return found == orders_.end() ? nullptr : &found->second;
}

std::map<market::ClientOrderId, const OpenOrder*> ExposureBook::SortedOrders() const {
  std::map<market::ClientOrderId, const OpenOrder*> sorted;
  for (const auto& [id, order] : orders_) sorted.emplace(id, &order);
  return sorted;
}

base::Time ExposureBook::oldest_unanswered() const {
  return unanswered_.empty() ? base::Time::max() : unanswered_.front().first;
}

Index ExposureBook::MakeScope(ScopeKind kind, const std::string& name) {
  if (const Index found = FindScope(kind, name); found != kNone) return found;
  if (scopes_.size() >= kMaxScopes) {
    ++stats_.scopes_refused;
    return kNone;
  }
  ScopeRow& row = scopes_.emplace_back();
  row.scope = {kind, name};
  TakeLimits(row);
  const Index at = static_cast<Index>(scopes_.size() - 1);
  scope_index_[static_cast<size_t>(kind)].emplace(name, at);
  return at;
}

void ExposureBook::TakeLimits(ScopeRow& row) const {
  row.limits = limits_.Of(row.scope);
  row.stated_limits = StatedLimits(row.limits);
  row.known_account = row.scope.kind == ScopeKind::kAccount && limits_.KnowsAccount(row.scope.name);
  row.paper_account =
      row.scope.kind == ScopeKind::kAccount && limits_.paper_accounts.contains(row.scope.name);
  row.messages.SetLimit(row.limits.message_rate.value_or(RateLimit{}));
  row.executions.SetLimit(row.limits.repeated_executions.value_or(RateLimit{}));
  row.failures.SetLimit(row.limits.breaker.value_or(RateLimit{}));
  row.flow.SetWindow(limits_.windows.flow);
  row.groups.resize(limits_.correlation.size());
}

void ExposureBook::SetLimits(const LimitSet& limits) {
  GANNET_CHECK(limits.SharedWith(limits_), "limits that value, fund or group differently");
  limits_ = limits;
  TakeSharedLimits();
  for (ScopeRow& row : scopes_) TakeLimits(row);
  Rebuild();  // margins
}

// What the set says for all scopes.
void ExposureBook::TakeSharedLimits() {
  const auto states = [](const Limits& limits) {
    return limits.max_move_ppm || limits.max_volatility_ppm;
  };
  group_rho_ppm_.clear();
  for (const auto& [name, group] : limits_.correlation) group_rho_ppm_.push_back(group.rho_ppm);
  market_limits_ = states(limits_.firm);
  for (const auto* named :
       {&limits_.accounts, &limits_.strategies, &limits_.venues, &limits_.instruments}) {
    for (const auto& [name, limits] : *named) market_limits_ = market_limits_ || states(limits);
  }
  for (InstrumentRow& row : instruments_) {
    row.moves.SetWindow(limits_.windows.market);
    FindGroup(row);
  }
}

void ExposureBook::FindGroup(InstrumentRow& row) const {
  row.group = kNone;
  uint32_t at = 0;
  for (const auto& [name, group] : limits_.correlation) {
    if (group.assets.contains(row.definition.base)) row.group = at;
    ++at;
  }
}

Index ExposureBook::MakeCell(Index scope, Index instrument, std::array<Index, 3> scopes) {
  const auto [at, added] =
      cell_index_.try_emplace(std::pair(scope, instrument), static_cast<Index>(cells_.size()));
  if (!added) return at->second;
  Cell& cell = cells_.emplace_back();
  cell.instrument = instrument;
  cell.scopes = scopes;
  instruments_[instrument].cells.push_back(at->second);
  return at->second;
}

Index ExposureBook::MakeBalance(Index account, const std::string& venue,
                                const market::AssetId& asset) {
  const auto [at, added] = balance_index_.try_emplace(std::tuple(account, venue, asset),
                                                      static_cast<Index>(balances_.size()));
  if (added) {
    BalanceRow& row = balances_.emplace_back();
    row.account = account;
    row.venue = venue;
    row.asset = asset;
  }
  return at->second;
}

Index ExposureBook::Touch(const market::AccountId& account, const market::StrategyId& strategy,
                          const market::InstrumentId& instrument) {
  if (last_leaf_ != kNone && IsLeafOf(last_leaf_, account, strategy, instrument)) return last_leaf_;
  const Index row_at = FindInstrument(instrument);
  if (row_at == kNone) return kNone;
  const Index account_scope = MakeScope(ScopeKind::kAccount, account.text());
  const Index strategy_scope = MakeScope(ScopeKind::kStrategy, strategy.text());
  if (account_scope == kNone || strategy_scope == kNone) return kNone;
  if (const Index found = FindLeaf(account_scope, strategy_scope, row_at); found != kNone)
    return last_leaf_ = found;

  const InstrumentRow& row = instruments_[row_at];
  const Index at = static_cast<Index>(leaves_.size());
  leaf_index_.emplace(std::tuple(account_scope, strategy_scope, row_at), at);
  Leaf& leaf = leaves_.emplace_back();
  leaf.account = account_scope;
  leaf.strategy = strategy_scope;
  leaf.instrument = row_at;
  leaf.scopes = {kFirmScope, account_scope, strategy_scope, row.venue_scope, row.scope};
  leaf.cells = {MakeCell(kFirmScope, row_at, {kFirmScope, row.venue_scope, row.scope}),
                MakeCell(account_scope, row_at, {account_scope, kNone, kNone}),
                MakeCell(strategy_scope, row_at, {strategy_scope, kNone, kNone})};
  const std::string& wallet = limits_.WalletOf(account.text(), row.venue);
  if (row.derivative()) {
    cells_[leaf.cells[1]].balance = MakeBalance(account_scope, wallet, row.definition.settle);
  } else {
    leaf.quote_balance = MakeBalance(account_scope, wallet, row.definition.quote);
    leaf.base_balance = MakeBalance(account_scope, wallet, row.definition.base);
  }
  return last_leaf_ = at;
}

// --- balances and states --------------------------------------------------------

void ExposureBook::SetBalance(const market::BalanceUpdate& update) {
  const Index account = MakeScope(ScopeKind::kAccount, update.account.text());
  if (account == kNone || !Sane(update.free.units()) || !Sane(update.locked.units())) return;
  BalanceRow& row = balances_[MakeBalance(account, update.venue, update.asset)];
  row.known = true;
  row.total = update.free + update.locked;
}

void ExposureBook::SetState(const market::RiskState& state) {
  const Index at = MakeScope(state.scope.kind, state.scope.name);
  if (at == kNone) return;
  ScopeRow& row = scopes_[at];
  row.state = state.state;
  row.killed = state.killed;
  row.reason = state.reason;
  row.stated = true;
  // A person who lets it trade lets the counts begin anew.
  if (state.state == market::TradingState::kActive && !state.killed && !state.person.empty()) {
    row.throttled = row.breaker_open = false;
    row.executions.Clear();
    row.failures.Clear();
  }
}

void ExposureBook::SetBaseline(const market::Scope& scope, Value day_baseline, Value peak) {
  const Index at = MakeScope(scope.kind, scope.name);
  if (at == kNone) return;
  scopes_[at].day_baseline = day_baseline;
  scopes_[at].peak = scopes_[at].high = peak;
}

}  // namespace gannet::risk
