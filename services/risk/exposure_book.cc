#include "services/risk/exposure_book.h"

#include <algorithm>
#include <cstddef>

#include "libs/base/check.h"
#include "libs/market/manual.h"

namespace gannet::risk {
namespace {

using market::Int128;
using market::ScopeKind;

constexpr Index kFirmScope = 0;
constexpr size_t kFirstPrices = 4;  // held ready, so that an order allocates nothing

}  // namespace

bool Sane(Int128 units) { return units <= kMaxUnits && units >= -kMaxUnits; }

ExposureBook::ExposureBook(const LimitSet& limits)
    : limits_(limits), leaf_index_(0, ByName{&leaves_}, ByName{&leaves_}) {
  TakeSharedLimits();
  MakeScope(ScopeKind::kFirm, "");
}

// --- names to rows -------------------------------------------------------------

Index ExposureBook::FindInstrument(const market::InstrumentId& id) const {
  const auto found = instrument_index_.find(id.text());
  return found == instrument_index_.end() ? kNone : found->second;
}

Index ExposureBook::FindScope(ScopeKind kind, const std::string& name) const {
  if (!market::HasOrders(kind)) return kNone;
  const auto& index = scope_index_[static_cast<size_t>(kind)];
  const auto found = index.find(name);
  return found == index.end() ? kNone : found->second;
}

Index ExposureBook::FindLeaf(const RowName& name) const {
  if (last_leaf_ != kNone && leaves_[last_leaf_].name.text() == name.text()) return last_leaf_;
  const auto found = leaf_index_.find(name.text());
  return found == leaf_index_.end() ? kNone : *found;
}

Index ExposureBook::FindLeaf(const market::AccountId& account, const market::StrategyId& strategy,
                             const market::InstrumentId& instrument) const {
  return FindLeaf(RowName(account, strategy, instrument));
}

void ExposureBook::Fetch(const Leaf& leaf) const {
  FetchLines(&leaf, &leaf.name);
  FetchLines(leaf.instrument_row, &leaf.instrument_row->definition);
  leaf.instrument_row->moves.Fetch();
  for (const ScopeRow* scope : leaf.scope_rows) {
    FetchLines(scope, &scope->whole);
    scope->flow.Fetch();
  }
  for (const Cell* cell : leaf.cell_rows) FetchLines(cell, &cell->margin);
  for (const BalanceRow* row : {leaf.quote_row, leaf.base_row}) {
    if (row != nullptr) FetchLines(row, &row->account);
  }
  // And where these point to.
  leaf.instrument_row->moves.FetchNewest();
  leaf.answered.Fetch();
  for (const ScopeRow* scope : leaf.scope_rows) {
    scope->messages.Fetch();
    scope->flow.FetchNewest();
  }
  const Cell& account = *leaf.cell_rows[1];
  for (const auto* prices : {&account.buy_prices, &account.sell_prices})
    FetchLines(prices->data(), prices->data() + std::min(prices->size() + 1, prices->capacity()));
}

Index ExposureBook::FindBalance(Index account, const std::string& venue,
                                const market::AssetId& asset) const {
  const auto found = balance_index_.find(std::tuple(account, venue, asset));
  return found == balance_index_.end() ? kNone : found->second;
}

std::map<market::ClientOrderId, const OpenOrder*> ExposureBook::SortedOrders() const {
  std::map<market::ClientOrderId, const OpenOrder*> sorted;
  orders_.ForEach(
      [&sorted](const auto& id, const OpenOrder& order) { sorted.emplace(id, &order); });
  return sorted;
}

Index ExposureBook::MakeScope(ScopeKind kind, const std::string& name) {
  if (const Index found = FindScope(kind, name); found != kNone) return found;
  if (!market::HasOrders(kind) || scopes_.size() >= kMaxScopes) {
    ++stats_.scopes_refused;
    return kNone;
  }
  ScopeRow& row = scopes_.emplace_back();
  row.scope = {kind, name};
  row.day = day_;
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
  const Limits& limits = row.limits;
  row.sum_limits = {.open_orders = limits.max_open_orders.value_or(UINT32_MAX),
                    .open_value = limits.max_open_notional.value_or(kNoLimit),
                    .gross = limits.max_gross.value_or(kNoLimit),
                    .net = limits.max_net.value_or(kNoLimit),
                    .loss = limits.max_daily_loss.value_or(kNoLimit),
                    .fall = limits.max_drawdown.value_or(kNoLimit)};
  row.spread_limits = {.instruments = limits.max_instruments.value_or(UINT32_MAX),
                       .venues = limits.max_venues.value_or(UINT32_MAX),
                       .concentration_ppm = limits.max_concentration_ppm.value_or(INT64_MAX),
                       .concentration_above = limits.concentration_above.value_or(0),
                       .correlated = limits.max_correlated.value_or(kNoLimit),
                       .capital = limits.capital.value_or(kNoLimit)};
  if (limits.max_concentration_ppm) {
    row.spread_limits.gross_free = static_cast<int64_t>(std::min<Value>(
        market::MulDiv(row.spread_limits.concentration_above, *limits.max_concentration_ppm,
                       1'000'000, market::Rounding::kFloor)
            .value_or(0),
        INT64_MAX));
  }
  row.flow_limits = {.any = limits.clip_quantity || limits.clip_notional || limits.clip_fills ||
                            limits.max_orders_per_fill || limits.max_cancel_ratio_ppm,
                     .quantity = limits.clip_quantity.value_or(kNoLimit),
                     .notional = limits.clip_notional.value_or(kNoLimit),
                     .fills = limits.clip_fills.value_or(UINT32_MAX),
                     .cancel_ratio_ppm = limits.max_cancel_ratio_ppm.value_or(INT64_MAX)};
  if (limits.max_orders_per_fill) row.flow_limits.orders_per_fill = *limits.max_orders_per_fill;
  row.flow.SetWindow(limits_.windows.flow);
  row.groups.resize(limits_.correlation.size());
  TakeRoom(row);
}

void ExposureBook::SetLimits(const LimitSet& limits) {
  GANNET_CHECK(limits.SharedWith(limits_), "limits that value, fund or group differently");
  limits_ = limits;
  TakeSharedLimits();
  for (ScopeRow& row : scopes_) TakeLimits(row);
  for (Leaf& leaf : leaves_) Tighten(leaf);
  Rebuild();  // margins
}

void ExposureBook::Tighten(Leaf& leaf) const {
  const InstrumentRow& instrument = *leaf.instrument_row;
  const std::string& strategy = scopes_[leaf.strategy].scope.name;
  const bool person = market::IsManual(strategy);
  RowLimits tight;
  for (auto& side : tight.position) side.fill(INT64_MAX);
  leaf.duplicates.clear();
  tight.known_account = leaf.scope_rows[1]->known_account;
  tight.open = tight.known_account && strategy != market::kManualPrefix;
  const auto least = [](auto& own, const auto& stated) {
    if (stated) own = std::min(own, *stated);
  };
  const auto least_amount = [](int64_t& own, const std::optional<Value>& stated) {
    if (stated) own = static_cast<int64_t>(std::clamp<Value>(*stated, INT64_MIN, own));
  };
  const auto allow = [&leaf](std::optional<bool> Limits::*permission) {
    bool allowed = false, forbidden = false;
    for (const ScopeRow* scope : leaf.scope_rows) {
      const std::optional<bool>& stated = scope->limits.*permission;
      allowed = allowed || stated.value_or(false);
      forbidden = forbidden || !stated.value_or(true);
    }
    return allowed && !forbidden;
  };
  uint32_t stated_limits = 0;
  for (size_t i = 0; i < leaf.scope_rows.size(); ++i) {
    const ScopeRow& scope = *leaf.scope_rows[i];
    const Limits& limits = scope.limits;
    const size_t cell = i == 1 || i == 2 ? i : 0;
    stated_limits |= scope.stated_limits;
    least_amount(tight.order_notional, limits.max_order_notional);
    least_amount(tight.order_quantity, limits.max_order_quantity);
    least_amount(tight.position[0][cell], limits.max_long);
    least_amount(tight.position[1][cell], limits.max_short);
    least(tight.stale_after, limits.stale_after);
    least(tight.dead_man, limits.dead_man);
    least(tight.max_move_ppm, limits.max_move_ppm);
    least(tight.max_volatility_ppm, limits.max_volatility_ppm);
    least(tight.stage, limits.stage);
    const int64_t collar = limits.price_collar_ppm.value_or(0);
    if (collar > 0 && (tight.collar_ppm == 0 || collar < tight.collar_ppm))
      tight.collar_ppm = collar;
    if (limits.duplicates) {
      tight.open = tight.open && limits.duplicates->count > 0;  // 0 refuses the first one
      leaf.duplicates.push_back(*limits.duplicates);
      tight.duplicates_within = std::max(tight.duplicates_within, limits.duplicates->window);
    }
    if (limits.permitted_types) tight.permitted_types &= limits.permitted_types->bits;
    tight.open =
        tight.open && !limits.restricted.value_or(false) &&
        (!limits.permitted_instruments ||
         limits.permitted_instruments->Has(instrument.definition.id.text(), instrument.venue));
    tight.news_off = tight.news_off || !limits.news_orders.value_or(true);
    tight.model_off = tight.model_off || !limits.model_orders.value_or(true);
    tight.manual_off = tight.manual_off || (person && !limits.manual_orders.value_or(true));
    tight.require_reason = tight.require_reason || limits.require_reason.value_or(false);
    tight.require_model = tight.require_model || limits.require_model.value_or(false);
  }
  if (!leaf.duplicates.empty()) leaf.answered.MakeRoom();
  tight.open = tight.open && stated_limits == kAllMandatory && tight.stage != Stage::kShadow &&
               (tight.stage != Stage::kPaper || leaf.scope_rows[1]->paper_account);
  tight.margin_allowed = allow(&Limits::margin_allowed);
  tight.self_trade_by_venue = allow(&Limits::self_trade_by_venue);
  leaf.limits = tight;
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

Index ExposureBook::MakeCell(Index scope, Index instrument, std::array<Index, 2> others) {
  const auto [at, added] =
      cell_index_.try_emplace(std::pair(scope, instrument), static_cast<Index>(cells_.size()));
  if (!added) return at->second;
  Cell& cell = cells_.emplace_back();
  cell.instrument = instrument;
  cell.instrument_row = &instruments_[instrument];
  cell.scopes[0] = &scopes_[scope];
  for (size_t i = 0; i < others.size(); ++i) {
    if (others[i] != kNone) cell.scopes[i + 1] = &scopes_[others[i]];
  }
  cell.instrument_row->cells.push_back(at->second);
  cell.venue_use = &scopes_[scope].venues_used[cell.instrument_row->venue_scope];
  return at->second;
}

Index ExposureBook::NumberOf(const market::AssetId& asset) {
  const auto same = std::find_if(assets_.begin(), assets_.end(),
                                 [&](const Asset& row) { return row.id == asset; });
  if (same != assets_.end()) return static_cast<Index>(same - assets_.begin());
  assets_.push_back({asset, asset == limits_.valuation_asset || limits_.at_par.contains(asset)});
  return static_cast<Index>(assets_.size() - 1);
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
  RowName name(account, strategy, instrument);
  if (const Index found = FindLeaf(name); found != kNone) {
    Leaf& leaf = leaves_[found];
    if (!leaf.duplicates.empty()) leaf.answered.MakeRoom();
    if (found != last_leaf_) Fetch(leaf);
    return last_leaf_ = found;
  }
  const Index row_at = FindInstrument(instrument);
  if (row_at == kNone) return kNone;
  const Index account_scope = MakeScope(ScopeKind::kAccount, account.text());
  const Index strategy_scope = MakeScope(ScopeKind::kStrategy, strategy.text());
  if (account_scope == kNone || strategy_scope == kNone) return kNone;
  InstrumentRow& row = instruments_[row_at];
  const Index at = static_cast<Index>(leaves_.size());
  Leaf& leaf = leaves_.emplace_back();
  leaf.name = std::move(name);
  leaf_index_.insert(at);
  leaf.account = account_scope;
  leaf.strategy = strategy_scope;
  leaf.instrument = row_at;
  leaf.scopes = {kFirmScope, account_scope, strategy_scope, row.venue_scope, row.scope};
  leaf.cells = {MakeCell(kFirmScope, row_at, {row.venue_scope, row.scope}),
                MakeCell(account_scope, row_at), MakeCell(strategy_scope, row_at)};
  const std::string& wallet = limits_.WalletOf(account.text(), row.venue);
  if (row.derivative()) {
    cells_[leaf.cells[1]].balance =
        &balances_[MakeBalance(account_scope, wallet, row.definition.settle)];
  } else {
    leaf.quote_balance = MakeBalance(account_scope, wallet, row.definition.quote);
    leaf.base_balance = MakeBalance(account_scope, wallet, row.definition.base);
    leaf.quote_row = &balances_[leaf.quote_balance];
    leaf.base_row = &balances_[leaf.base_balance];
  }
  leaf.instrument_row = &row;
  for (size_t i = 0; i < leaf.scopes.size(); ++i) leaf.scope_rows[i] = &scopes_[leaf.scopes[i]];
  for (size_t i = 0; i < leaf.cells.size(); ++i) leaf.cell_rows[i] = &cells_[leaf.cells[i]];
  for (Cell* cell : leaf.cell_rows) Revalue(*cell);  // new ones are found simple
  leaf.cell_rows[1]->buy_prices.reserve(kFirstPrices);
  leaf.cell_rows[1]->sell_prices.reserve(kFirstPrices);
  Tighten(leaf);
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
  TakeRoom(row);
}

void ExposureBook::SetMarks(const market::Scope& scope, const Marks& marks) {
  const Index at = MakeScope(scope.kind, scope.name);
  if (at == kNone) return;
  ScopeRow& row = scopes_[at];
  row.day_baseline = marks.day_baseline;
  row.peak = row.high = marks.peak;
  row.day = marks.day;
  TakeRoom(row);
}

void ExposureBook::BeginDay(int64_t day) {
  day_ = day;
  for (ScopeRow& row : scopes_) row.day = day;
}

}  // namespace gannet::risk
