#include "services/risk/exposure_book.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "libs/base/check.h"

namespace gannet::risk {
namespace {

using market::Int128;
using market::Money;
using market::Rounding;
using market::ScopeKind;
using market::Side;

constexpr Index kFirmScope = 0;
constexpr size_t kMaxScaleVersions = 16;
// Beyond any market: a report that says so is not believed.
constexpr int64_t kMaxPosition = std::numeric_limits<int64_t>::max() / 8;
constexpr Int128 kMaxUnits = static_cast<Int128>(1'000'000'000'000'000) * 1'000'000'000'000'000;

bool Derivative(const market::Instrument& instrument) {
  return instrument.kind != market::InstrumentKind::kSpot;
}

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
  if (Derivative(row.definition)) {
    cells_[leaf.cells[1]].balance = MakeBalance(account_scope, wallet, row.definition.settle);
  } else {
    leaf.quote_balance = MakeBalance(account_scope, wallet, row.definition.quote);
    leaf.base_balance = MakeBalance(account_scope, wallet, row.definition.base);
  }
  return last_leaf_ = at;
}

// --- instruments ---------------------------------------------------------------

void ExposureBook::PutInstrument(const market::Instrument& definition) {
  Index at = FindInstrument(definition.id);
  if (at == kNone) {
    if (instruments_.size() >= kMaxInstruments) {
      ++stats_.definitions_refused;
      return;
    }
    const std::string venue(market::VenueOf(definition.id));
    const Index scope = MakeScope(ScopeKind::kInstrument, definition.id.text());
    const Index venue_scope = MakeScope(ScopeKind::kVenue, venue);
    if (scope == kNone || venue_scope == kNone) return;
    at = static_cast<Index>(instruments_.size());
    instrument_index_.emplace(definition.id.text(), at);
    InstrumentRow& row = instruments_.emplace_back();
    row.venue = venue;
    row.scope = scope;
    row.venue_scope = venue_scope;
    row.definition = definition;
    row.moves.SetWindow(limits_.windows.market);
    FindGroup(row);
  } else if (InstrumentRow& row = instruments_[at]; row.definition.version >= definition.version) {
    return;
  } else if (Rescale(row, definition)) {
    row.definition = definition;
    row.bid = row.ask = row.mid = market::Price{};
    row.data_time = base::Time();
    row.crossed = false;
    row.moves.Clear();
  } else {
    ++stats_.definitions_refused;
  }
  InstrumentRow& row = instruments_[at];
  row.scales.push_back({definition.version, definition.price_scale, definition.quantity_scale});
  if (row.scales.size() > kMaxScaleVersions) row.scales.erase(row.scales.begin());
  LinkConversion(at);
  for (const Index cell : row.cells)
    cells_[cell].held = cells_[cell].longs = cells_[cell].shorts = {};
  RevalueInstrument(at);
}

// How amounts in the quote asset of this instrument get their value, and which
// instruments wait for this one's price.
void ExposureBook::LinkConversion(Index at) {
  const auto resolve = [this](Index which) {
    InstrumentRow& row = instruments_[which];
    const market::AssetId& quote = row.definition.quote;
    row.conversion = Conversion::kImpossible;
    row.rate = kNone;
    if (quote == limits_.valuation_asset || limits_.at_par.contains(quote)) {
      row.conversion = Conversion::kPar;
    } else if (const auto by = limits_.converted_by.find(quote); by != limits_.converted_by.end()) {
      const Index rate = FindInstrument(by->second);
      if (rate == kNone || rate == which || instruments_[rate].definition.base != quote) return;
      const market::AssetId& into = instruments_[rate].definition.quote;
      if (into != limits_.valuation_asset && !limits_.at_par.contains(into)) return;
      row.conversion = Conversion::kByPrice;
      row.rate = rate;
      auto& dependents = instruments_[rate].dependents;
      if (std::find(dependents.begin(), dependents.end(), which) == dependents.end())
        dependents.push_back(which);
    }
  };
  resolve(at);
  // This one may be the rate that others have been waiting for.
  for (const auto& [asset, instrument] : limits_.converted_by) {
    if (instrument != instruments_[at].definition.id) continue;
    for (Index other = 0; other < instruments_.size(); ++other) {
      if (instruments_[other].definition.quote == asset &&
          instruments_[other].conversion == Conversion::kImpossible) {
        resolve(other);
        RevalueInstrument(other);
      }
    }
  }
}

// Brings everything open in an instrument to the scales of a new version; false,
// and nothing changed, when a number would have to be rounded.
bool ExposureBook::Rescale(InstrumentRow& row, const market::Instrument& definition) {
  const market::Instrument& old = row.definition;
  if (old.price_scale == definition.price_scale &&
      old.quantity_scale == definition.quantity_scale &&
      old.quote_scale == definition.quote_scale) {
    return true;
  }
  const Index at = FindInstrument(definition.id);
  const auto open_in = [&](const Leaf& leaf) { return leaf.instrument == at; };
  const auto exact = [](Int128 value, int from, int to) -> std::optional<Int128> {
    const auto there = market::Rescale(value, from, to, Rounding::kDown);
    if (!there || !Sane(*there) ||
        market::Rescale(*there, to, from, Rounding::kDown) != std::optional(value))
      return std::nullopt;
    return there;
  };
  const auto quantity = [&](int64_t value) -> std::optional<int64_t> {
    const auto there = exact(value, old.quantity_scale, definition.quantity_scale);
    if (!there || *there > kMaxPosition || *there < -kMaxPosition) return std::nullopt;
    return static_cast<int64_t>(*there);
  };
  const auto cash = [&](Int128 value) {
    return exact(value, old.quote_scale, definition.quote_scale);
  };

  std::vector<std::pair<Leaf*, Leaf>> leaves;
  for (Leaf& leaf : leaves_) {
    if (!open_in(leaf)) continue;
    Leaf changed = leaf;
    const auto position = quantity(leaf.position);
    const auto units = cash(leaf.cash);
    if (!position || !units) return false;
    changed.position = *position;
    changed.cash = *units;
    changed.told = false;
    changed.differs_since = base::Time::max();
    leaves.emplace_back(&leaf, std::move(changed));
  }
  std::vector<std::pair<OpenOrder*, OpenOrder>> orders;
  for (auto& [id, order] : orders_) {
    if (!open_in(leaves_[order.leaf])) continue;
    OpenOrder changed = order;
    const auto ordered = quantity(order.quantity.mantissa),
               filled = quantity(order.cumulative.mantissa);
    const auto reserved = cash(order.reserved.units());
    if (!ordered || !filled || !reserved) return false;
    changed.quantity = {*ordered};
    changed.cumulative = {*filled};
    changed.reserved = Money(*reserved, definition.quote_scale);
    if (order.is_parent || order.taken > 0) {
      const auto rest = quantity(order.rest), taken = quantity(order.taken);
      const auto rest_value = cash(order.rest_value), taken_value = cash(order.taken_value);
      if (!rest || !taken || !rest_value || !taken_value) return false;
      changed.rest = *rest;
      changed.rest_value = *rest_value;
      changed.taken = *taken;
      changed.taken_value = *taken_value;
    }
    const auto meets = exact(order.meets, old.price_scale, definition.price_scale);
    if (order.meets != kAnyBuy && order.meets != kAnySell) {
      const bool fits = meets && *meets > 0 && *meets < kAnyBuy;
      changed.meets = fits                       ? static_cast<int64_t>(*meets)
                      : order.side == Side::kBuy ? kAnyBuy
                                                 : kAnySell;
    }
    orders.emplace_back(&order, std::move(changed));
  }
  const auto last_fill = exact(row.last_fill.mantissa, old.price_scale, definition.price_scale);
  for (auto& [leaf, changed] : leaves) *leaf = std::move(changed);
  for (auto& [order, changed] : orders) *order = std::move(changed);
  row.last_fill =
      market::Price{last_fill && *last_fill <= kMaxPosition ? static_cast<int64_t>(*last_fill) : 0};
  row.definition = definition;
  Rebuild();
  return true;
}

// --- orders and reports --------------------------------------------------------

void ExposureBook::UseSequence(Index leaf, uint64_t sequence) {
  leaves_[leaf].last_sequence = std::max(leaves_[leaf].last_sequence, sequence);
}

void ExposureBook::Open(const market::RiskDecision& decision, Index leaf) {
  OpenOrder order;
  order.leaf = leaf;
  order.side = decision.intent.side;
  order.quantity = decision.intent.quantity;
  order.reserved = decision.reserved;
  order.meets = MeetingPrice(decision.intent);
  order.decided = decision.decided;
  order.is_parent = decision.intent.kind == market::IntentKind::kParent;
  if (orders_.contains(decision.intent.client_order_id)) return;  // a repeated fact
  if (!decision.intent.parent.empty()) Take(order, decision.intent);
  if (order.is_parent) {
    order.answered = true;  // execution never hears of it
  } else {
    for (const Index scope : leaves_[leaf].scopes) ++scopes_[scope].open_orders;
    PutPrice(order, true);
    unanswered_.emplace_back(decision.decided, decision.intent.client_order_id);
  }
  Reserve(order, order.quantity.mantissa);
  orders_.emplace(decision.intent.client_order_id, std::move(order));
}

void ExposureBook::Reserve(OpenOrder& order, int64_t rest) {
  const auto part =
      market::MulDiv(order.reserved.units(), rest, order.quantity.mantissa, Rounding::kUp);
  GANNET_CHECK(part.has_value(), "a part of a reservation fits where the whole did");
  Reserve(order, rest, *part);
}

void ExposureBook::Reserve(OpenOrder& order, int64_t rest, Int128 value) {
  Leaf& leaf = leaves_[order.leaf];
  const InstrumentRow& row = instruments_[leaf.instrument];
  const bool buy = order.side == Side::kBuy;
  const int64_t quantity = rest - order.rest;
  (buy ? leaf.open_buy : leaf.open_sell) += quantity;
  order.rest = rest;

  const Int128 change = value - order.rest_value;
  order.rest_value = value;
  for (const Index at : leaf.cells) {
    Cell& cell = cells_[at];
    (buy ? cell.open_buy : cell.open_sell) += quantity;
    (buy ? cell.buys : cell.sells) += change;
    Revalue(cell);
  }
  if (Derivative(row.definition)) return;
  const Money asset = buy ? Money(value, order.reserved.scale())
                          : row.definition.BaseAmount(market::Quantity{rest});
  balances_[buy ? leaf.quote_balance : leaf.base_balance].reserved += asset - order.rest_asset;
  order.rest_asset = asset;
}

void ExposureBook::ApplyReport(const market::ExecReport& report, base::Time at) {
  using market::ExecKind;
  if (report.kind == ExecKind::kIllegal) return;
  std::optional<int64_t> filled;
  if (report.fill) {
    filled = ApplyFill(report);
    const Index leaf = FindLeaf(report.account, report.strategy, report.instrument);
    if (filled && leaf != kNone) {
      CountFill(leaf, at);
      Compare(leaves_[leaf], at);
    }
  }
  const auto found = orders_.find(report.client_order_id);
  if (found == orders_.end()) return;

  OpenOrder& order = found->second;
  order.answered = true;
  // What comes of an unknown fate was counted when it became unknown.
  const bool in_doubt = order.state == market::OrderState::kUnknown;
  order.state = report.state;
  if (!in_doubt && (report.kind == ExecKind::kRejected || report.kind == ExecKind::kUnknown ||
                    report.kind == ExecKind::kAbsent)) {
    CountFailure(order, at);
  }
  if (filled) {
    if (order.cumulative.mantissa == 0) CountExecution(order, at);
    order.cumulative.mantissa =
        std::min(order.cumulative.mantissa + *filled, order.quantity.mantissa);
    Reserve(order, order.quantity.mantissa - order.cumulative.mantissa);
  }
  if (market::IsTerminal(report.state)) {
    GiveBack(order);
    Reserve(order, 0);
    PutPrice(order, false);
    for (const Index scope : leaves_[order.leaf].scopes) --scopes_[scope].open_orders;
    orders_.erase(found);
  }
  while (!unanswered_.empty()) {
    const auto front = orders_.find(unanswered_.front().second);
    if (front != orders_.end() && !front->second.answered) break;
    unanswered_.pop_front();
  }
}

void ExposureBook::Break(InstrumentRow& row, std::string why) {
  ++stats_.reports_unplaced;
  if (row.broken.empty()) row.broken = std::move(why);
}

// The fill in the scales of the current definition; nothing, and the instrument
// shut, when that cannot be done exactly.
std::optional<market::Fill> ExposureBook::InCurrentScales(InstrumentRow& row,
                                                          const market::ExecReport& report) {
  market::Fill fill = *report.fill;
  if (report.instrument_version != row.definition.version) {
    const auto scales = std::find_if(
        row.scales.begin(), row.scales.end(),
        [&](const ScaleVersion& version) { return version.version == report.instrument_version; });
    std::optional<Int128> price, quantity;
    if (scales != row.scales.end()) {
      price = market::Rescale(fill.price.mantissa, scales->price_scale, row.definition.price_scale,
                              Rounding::kHalfEven);
      quantity = market::Rescale(fill.quantity.mantissa, scales->quantity_scale,
                                 row.definition.quantity_scale, Rounding::kDown);
      if (quantity &&
          market::Rescale(*quantity, row.definition.quantity_scale, scales->quantity_scale,
                          Rounding::kDown) != std::optional<Int128>(fill.quantity.mantissa)) {
        quantity.reset();
      }
    }
    if (!price || !quantity || *price > kMaxPosition || *quantity > kMaxPosition) {
      Break(row, absl::StrCat("trade ", fill.trade_id, " speaks of version ",
                              report.instrument_version, ", whose scales are not known here"));
      return std::nullopt;
    }
    fill.price = {static_cast<int64_t>(*price)};
    fill.quantity = {static_cast<int64_t>(*quantity)};
  }
  if (fill.price.mantissa <= 0 || fill.quantity.mantissa <= 0 ||
      fill.quantity.mantissa > kMaxPosition || !Sane(fill.fee.units())) {
    Break(row, absl::StrCat("trade ", fill.trade_id, " has no possible price, quantity or fee"));
    return std::nullopt;
  }
  return fill;
}

std::optional<int64_t> ExposureBook::ApplyFill(const market::ExecReport& report, bool spends) {
  const Index leaf_at = Touch(report.account, report.strategy, report.instrument);
  if (leaf_at == kNone) {
    ++stats_.reports_unplaced;
    return std::nullopt;
  }
  Leaf& leaf = leaves_[leaf_at];
  InstrumentRow& row = instruments_[leaf.instrument];
  const std::optional<market::Fill> fill = InCurrentScales(row, report);
  if (!fill) return std::nullopt;
  const auto notional = row.definition.Notional(fill->price, fill->quantity, Rounding::kHalfEven);
  const int64_t quantity = market::Sign(report.side) * fill->quantity.mantissa;
  if (!notional || !Sane(notional->units()) || leaf.position + quantity > kMaxPosition ||
      leaf.position + quantity < -kMaxPosition || !Sane(leaf.cash)) {
    Break(row, absl::StrCat("trade ", fill->trade_id, " is larger than a position can be"));
    return std::nullopt;
  }
  row.last_fill = fill->price;
  if (row.mid.mantissa == 0)
    RevalueInstrument(leaf.instrument);  // it is the mark until a quote comes
  const bool buy = report.side == Side::kBuy;
  ChangePosition(leaf, quantity, buy ? -notional->units() : notional->units());
  if (!Derivative(row.definition) && spends) {
    // What was spent is gone now; what was gained counts once the venue says so.
    BalanceRow& spent = balances_[buy ? leaf.quote_balance : leaf.base_balance];
    if (spent.known) spent.total -= buy ? *notional : row.definition.BaseAmount(fill->quantity);
  }
  BookFee(row, leaf, *fill);
  return fill->quantity.mantissa;
}

void ExposureBook::BookFee(InstrumentRow& row, Leaf& leaf, const market::Fill& fill) {
  if (fill.fee.zero()) return;
  const market::Instrument& definition = row.definition;
  if (fill.fee_asset == definition.base && !Derivative(definition)) {
    const Money owed = leaf.base_fee_rest + fill.fee;
    const auto whole =
        market::Rescale(owed.units(), owed.scale(), definition.quantity_scale, Rounding::kDown);
    if (!whole || *whole > kMaxPosition || *whole < -kMaxPosition) return;
    leaf.base_fee_rest = owed - Money(*whole, definition.quantity_scale);
    ChangePosition(leaf, -static_cast<int64_t>(*whole), 0);
  } else {
    Pay(leaf, fill.fee_asset, fill.fee);
  }
}

void ExposureBook::ChangePosition(Leaf& leaf, int64_t quantity, Int128 cash) {
  leaf.position += quantity;
  leaf.cash += cash;
  for (const Index at : leaf.cells) {
    cells_[at].position += quantity;
    cells_[at].cash += cash;
    Revalue(cells_[at]);
  }
}

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

// --- market data ---------------------------------------------------------------

void ExposureBook::SetQuote(const market::Quote& quote, base::Time at) {
  const Index which = FindInstrument(quote.instrument);
  if (which == kNone || instruments_[which].definition.version != quote.instrument_version) {
    ++stats_.unknown_market_data;
    return;
  }
  InstrumentRow& row = instruments_[which];
  row.data_time = std::max(row.data_time, at);
  row.bid = quote.bid.quantity.mantissa > 0 ? quote.bid.price : market::Price{};
  row.ask = quote.ask.quantity.mantissa > 0 ? quote.ask.price : market::Price{};
  row.bid_size = quote.bid.quantity.mantissa;
  row.ask_size = quote.ask.quantity.mantissa;
  const bool both = row.bid.mantissa > 0 && row.ask.mantissa > 0;
  row.crossed = both && row.bid >= row.ask;
  const market::Price before = row.mark();
  const bool quoted = row.mid.mantissa > 0;
  row.mid.mantissa = both ? row.bid.mantissa + (row.ask.mantissa - row.bid.mantissa) / 2 : 0;
  if (market_limits_ && row.mid.mantissa > 0) {
    if (MarketSlice* slice = row.moves.At(at)) {
      const int64_t mid = row.mid.mantissa;
      slice->low = slice->low == 0 ? mid : std::min(slice->low, mid);
      slice->high = std::max(slice->high, mid);
      slice->last = mid;
    }
  }
  if (row.mark() != before || (row.mid.mantissa > 0) != quoted) RevalueInstrument(which);
}

void ExposureBook::SetBook(const market::BookUpdate& update, base::Time at) {
  const Index which = FindInstrument(update.instrument);
  if (which == kNone || instruments_[which].definition.version != update.instrument_version) {
    ++stats_.unknown_market_data;
    return;
  }
  InstrumentRow& row = instruments_[which];
  row.book = update.state;
  row.book_fault = update.fault;
  // Word that the book is lost is no fresh data.
  if (update.state == market::BookState::kValid) row.data_time = std::max(row.data_time, at);
}

void ExposureBook::SetStatus(const market::MarketStatus& status) {
  const bool down = status.feed_state == market::FeedState::kDisconnected;
  if (status.instrument.empty()) {
    for (InstrumentRow& row : instruments_) {
      if (row.venue == status.feed) row.feed_down = down;
    }
    return;
  }
  const Index which = FindInstrument(status.instrument);
  if (which == kNone) {
    ++stats_.unknown_market_data;
    return;
  }
  instruments_[which].book = status.book_state;
  instruments_[which].book_fault = status.fault;
}

void ExposureBook::Observe() {
  stats_.fees_unvalued = 0;
  for (ScopeRow& row : scopes_) {
    Value fees = 0;
    for (const auto& [asset, amount] : row.other_fees) {
      if (const auto value = ValueOfAsset(asset, amount)) {
        fees += *value;
      } else {
        ++stats_.fees_unvalued;
      }
    }
    row.fees = fees;
    if (row.unvalued == 0 && row.unmarked == 0) row.high = std::max(row.high, row.result());
  }
}

}  // namespace gannet::risk
