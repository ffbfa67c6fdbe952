#include "services/venue-sim/venue_core.h"

#include <algorithm>

#include "libs/base/check.h"
#include "libs/market/decimal.h"
#include "services/venue-sim/filters.h"
#include "services/venue-sim/symbol_book.h"

namespace gannet::venue_sim {
namespace {

using market::Side;

// Orders of accounts are told from agents' by their owner.
constexpr matching::OwnerNumber kFirstAccount = 1000;
constexpr int64_t kPpm = 1'000'000;
// A stop order to market locks more than its stop price, for what may slip.
constexpr int64_t kStopReservePercent = 105;

ApiError Refused(int code, std::string message) { return ApiError{code, std::move(message)}; }
ApiError FilterFailure(const char* filter) {
  return ApiError{-1013, std::string("Filter failure: ") + filter};
}
ApiError MarketClosed() { return Refused(-2010, "Market is closed."); }
ApiError UnknownOrder() { return Refused(-2011, "Unknown order sent."); }

market::OrderType EngineType(OrderKind kind) {
  switch (kind) {
    case OrderKind::kLimit:
    case OrderKind::kLimitMaker:
      return market::OrderType::kLimit;
    case OrderKind::kMarket:
      return market::OrderType::kMarket;
    case OrderKind::kStopLoss:
      return market::OrderType::kStop;
    case OrderKind::kStopLossLimit:
      return market::OrderType::kStopLimit;
    case OrderKind::kTakeProfit:
      return market::OrderType::kTakeProfit;
    case OrderKind::kTakeProfitLimit:
      return market::OrderType::kTakeProfitLimit;
  }
  return market::OrderType::kLimit;
}

market::TimeInForce EngineTime(const PlaceRequest& request) {
  if (request.kind == OrderKind::kLimitMaker) return market::TimeInForce::kPostOnly;
  switch (request.time_in_force) {
    case TimeInForce::kGtc:
      return market::TimeInForce::kGtc;
    case TimeInForce::kIoc:
      return market::TimeInForce::kIoc;
    case TimeInForce::kFok:
      return market::TimeInForce::kFok;
  }
  return market::TimeInForce::kGtc;
}

bool OffStep(int64_t value, int64_t step, int64_t least, int64_t most) {
  return value < least || value > most || value % step != 0;
}

}  // namespace

std::map<std::string, int64_t> DefaultDeposits() {
  return {{"USDT", 250'000 * kOne}, {"BTC", 2 * kOne},        {"ETH", 30 * kOne},
          {"BNB", 100 * kOne},      {"SOL", 300 * kOne},      {"XRP", 50'000 * kOne},
          {"ADA", 50'000 * kOne},   {"DOGE", 200'000 * kOne}, {"AVAX", 500 * kOne},
          {"LINK", 1'000 * kOne},   {"LTC", 200 * kOne},      {"DOT", 2'000 * kOne}};
}

VenueCore::VenueCore(VenueEvents* events) : events_(events), symbols_(ListedSymbols()) {
  for (SymbolIndex i = 0; i < ListedSymbols().size(); ++i) {
    books_.push_back(std::make_unique<SymbolBook>(*this, i));
  }
}

VenueCore::~VenueCore() = default;

base::Time VenueCore::Step(base::Time now) {
  now_ = std::max(now_, now);
  return now_;
}

// ---- commands

void VenueCore::AddAccounts(size_t count) {
  const auto deposits = options_.deposits.empty() ? DefaultDeposits() : options_.deposits;
  while (trades_.size() < count) {
    const AccountIndex account = ledger_.AddAccount();
    trades_.emplace_back();
    for (const auto& [asset, amount] : deposits) ledger_.Deposit(account, asset, amount);
  }
}

void VenueCore::Open(const CoreOptions& options, base::Time now) {
  GANNET_CHECK(!open_, "a venue opens once");
  options_ = options;
  agents_ = Agents(base::Rng(options_.seed).Next(), options_.speed);
  news_ = NewsWire(base::Rng(options_.seed ^ 0x6e657773).Next(), options_.news_interval);
  id_rng_ = base::Rng(options_.seed ^ 0x696473);
  const base::Time begin = now - options_.warm_up;
  Step(begin);
  base::Rng history(options_.seed ^ 0x68697374);
  for (SymbolIndex i = 0; i < books_.size(); ++i) {
    books_[i]->tape().Backfill(ListedSymbols()[i], history.Fork(), base::UnixMillis(begin));
  }
  AddAccounts(options_.accounts);
  open_ = opening_ = true;
  last_tick_ = begin;
  agents_.Populate(*this);
  for (base::Time at = begin; at < now; at += std::chrono::milliseconds(250)) Tick(at);
  for (int i = 0; i < 5; ++i) news_.Compose(now);  // a first page, already priced in
  opening_ = false;
  Tick(now);
}

void VenueCore::Configure(const CoreOptions& options, base::Time now) {
  Step(now);
  const uint64_t seed = options_.seed;
  options_ = options;
  options_.seed = seed;
  options_.accounts = std::max(options.accounts, trades_.size());
  agents_.set_speed(options_.speed);
  news_.set_mean_interval(options_.news_interval);
  AddAccounts(options_.accounts);
}

void VenueCore::Tick(base::Time now) {
  Step(now);
  const base::Duration elapsed = now_ - last_tick_;
  last_tick_ = now_;
  agents_.Step(*this, elapsed);
  for (const auto& book : books_) book->tape().AdvanceTo(base::UnixMillis(now_));
  if (opening_) return;
  const base::Duration paced(
      static_cast<int64_t>(static_cast<double>(elapsed.count()) * options_.speed));
  if (const auto story = news_.Step(now_, paced)) {
    if (story->shock.impact != 0) agents_.OnShock(story->shock);
    if (events_ != nullptr) events_->OnStory(*story);
  }
}

Answer<Placed> VenueCore::Place(AccountIndex account, const PlaceRequest& request, base::Time now) {
  Step(now);
  return PlaceNow(account, request);
}

Answer<Placed> VenueCore::PlaceNow(AccountIndex account, const PlaceRequest& wanted) {
  if (auto error = Check(account, wanted)) return *std::move(error);
  SymbolBook& book = *books_[wanted.symbol];
  const Symbol& symbol = symbols_[wanted.symbol];
  const OrderKey key{wanted.symbol, book.NextOrderId()};
  VenueOrder& order = orders_[key];
  order.order_id = key.second;
  order.account = account;
  order.request = wanted;
  if (order.request.client_order_id.empty()) order.request.client_order_id = MakeClientOrderId();
  order.created = order.updated = now_;
  const ClientKey client_key{account, wanted.symbol, order.request.client_order_id};
  const auto previous = by_client_id_.find(client_key);
  const uint64_t previous_id = previous == by_client_id_.end() ? 0 : previous->second;
  by_client_id_[client_key] = key.second;
  if (wanted.rejected_later) {
    order.status = OrderStatus::kRejected;
    Tell({.type = ExecutionType::kRejected, .order = order});
    return Placed{order, {}, {}};
  }
  open_orders_.insert(key);

  matching::NewOrder engine_order;
  engine_order.id = key.second;
  engine_order.owner = kFirstAccount + account;
  engine_order.side = wanted.side;
  engine_order.type = EngineType(wanted.kind);
  engine_order.time_in_force = EngineTime(wanted);
  engine_order.self_trade = wanted.self_trade;
  engine_order.price = {HasPrice(wanted.kind) ? wanted.price : 0};
  engine_order.stop_price = {wanted.stop_price};
  engine_order.trailing_bps = wanted.trailing_delta;
  engine_order.quantity = {wanted.quantity};
  engine_order.lot = {symbol.lot};
  const Amount reserve = LockFor(order);
  if (wanted.quote_quantity > 0) {
    // By value: quantity is only the bound of what a seller has.
    const Amount most =
        wanted.side == Side::kSell ? std::min<Amount>(reserve, INT64_MAX / 4) : INT64_MAX / 4;
    engine_order.quantity = {std::max<int64_t>(1, static_cast<int64_t>(most) / symbol.lot) *
                             symbol.lot};
    engine_order.budget = static_cast<Amount>(wanted.quote_quantity) * kOne;
  } else if (!HasPrice(wanted.kind) && wanted.side == Side::kBuy) {
    engine_order.budget = reserve * kOne;
  }
  taker_fills_.clear();
  prevented_.clear();
  const matching::Reject reason = book.engine().Submit(engine_order);
  book.EndOperation();
  if (reason == matching::Reject::kNone) return Placed{orders_.at(key), taker_fills_, prevented_};

  // The book refused: as if it had never been there.
  Unlock(order);
  open_orders_.erase(key);
  orders_.erase(key);
  if (previous_id != 0) {
    by_client_id_[client_key] = previous_id;
  } else {
    by_client_id_.erase(client_key);
  }
  switch (reason) {
    case matching::Reject::kWouldTake:
      return Refused(-2010, "Order would immediately match and take.");
    case matching::Reject::kWouldTrigger:
      return Refused(-2010, "Stop price would trigger immediately.");
    case matching::Reject::kFull:
      return Refused(
          -1008,
          "Server is currently overloaded with other requests. Please try again in a few minutes.");
    default:
      return Refused(-1013, "Invalid order.");
  }
}

Answer<Canceled> VenueCore::Cancel(AccountIndex account, const OrderRef& order,
                                   const std::string& cancel_client_order_id, base::Time now) {
  Step(now);
  return CancelIfOpen(account, order, cancel_client_order_id);
}

Answer<Canceled> VenueCore::Expire(AccountIndex account, const OrderRef& order, base::Time now) {
  Step(now);
  expiring_ = true;
  Answer<Canceled> expired = CancelIfOpen(account, order, {});
  expiring_ = false;
  return expired;
}

std::optional<ApiError> VenueCore::Lose(AccountIndex account, const OrderRef& ref, base::Time now) {
  Step(now);
  const VenueOrder* found = Resolve(account, ref);
  if (found == nullptr || !IsOpen(found->status)) return UnknownOrder();
  const OrderKey key{ref.symbol, found->order_id};
  Unlock(orders_.at(key));
  by_client_id_.erase({account, ref.symbol, found->request.client_order_id});
  open_orders_.erase(key);
  orders_.erase(key);
  // The book ends what is no order of an account any more, and so nobody hears of it.
  SymbolBook& book = *books_[ref.symbol];
  const matching::Reject reason = book.engine().Cancel(key.second);
  GANNET_CHECK(reason == matching::Reject::kNone, "an open order of an account stands in its book");
  book.EndOperation();
  return std::nullopt;
}

Answer<Canceled> VenueCore::CancelIfOpen(AccountIndex account, const OrderRef& ref,
                                         const std::string& cancel_client_order_id) {
  const VenueOrder* order = Resolve(account, ref);
  if (order == nullptr || !IsOpen(order->status)) return UnknownOrder();
  return CancelNow(orders_.at({ref.symbol, order->order_id}), cancel_client_order_id);
}

Canceled VenueCore::CancelNow(VenueOrder& order, const std::string& cancel_client_order_id) {
  SymbolBook& book = *books_[order.request.symbol];
  book.cancel_client_order_id =
      cancel_client_order_id.empty() ? MakeClientOrderId() : cancel_client_order_id;
  Canceled canceled;
  canceled.cancel_client_order_id = book.cancel_client_order_id;
  const OrderKey key{order.request.symbol, order.order_id};
  const matching::Reject reason = book.engine().Cancel(order.order_id);
  GANNET_CHECK(reason == matching::Reject::kNone, "an open order of an account stands in its book");
  book.EndOperation();
  canceled.order = orders_.at(key);
  return canceled;
}

std::vector<Canceled> VenueCore::CancelAll(AccountIndex account, SymbolIndex symbol,
                                           base::Time now) {
  Step(now);
  std::vector<uint64_t> open;
  for (const VenueOrder* order : OpenOrders(account, symbol)) open.push_back(order->order_id);
  std::vector<Canceled> canceled;
  for (const uint64_t id : open) canceled.push_back(CancelNow(orders_.at({symbol, id}), {}));
  return canceled;
}

CancelReplaced VenueCore::CancelReplace(AccountIndex account, const OrderRef& order,
                                        const std::string& cancel_client_order_id,
                                        bool stop_on_failure, const PlaceRequest& request,
                                        base::Time now) {
  Step(now);
  CancelReplaced result;
  result.canceled = CancelIfOpen(account, order, cancel_client_order_id);
  result.cancel = Ok(result.canceled) ? LegResult::kSuccess : LegResult::kFailure;
  if (result.cancel == LegResult::kFailure && stop_on_failure) return result;
  result.placed = PlaceNow(account, request);
  result.place = Ok(result.placed) ? LegResult::kSuccess : LegResult::kFailure;
  return result;
}

Answer<Amended> VenueCore::Amend(AccountIndex account, const OrderRef& ref, int64_t quantity,
                                 const std::string& new_client_order_id, base::Time now) {
  Step(now);
  const VenueOrder* found = Resolve(account, ref);
  if (found == nullptr || !IsOpen(found->status)) return Refused(-2038, "Unknown order sent.");
  VenueOrder& order = orders_.at({ref.symbol, found->order_id});
  const Symbol& symbol = symbols_[ref.symbol];
  if (symbol.halted) return MarketClosed();
  if (quantity <= 0 || quantity % symbol.lot != 0) return FilterFailure("LOT_SIZE");
  if (!HasPrice(order.request.kind))
    return Refused(-2038, "Order amend is not supported for this order.");
  if (quantity == order.request.quantity)
    return Refused(-2038, "The requested action would change no state; rejecting.");
  if (quantity > order.request.quantity)
    return Refused(-2038, "Order amend (quantity increase) is not supported.");
  if (quantity <= order.executed)
    return Refused(-2038, "Order amend is not supported for this order.");
  SymbolBook& book = *books_[ref.symbol];
  const matching::Order* resting = book.engine().Find(order.order_id);
  if (resting->pending_stop) return Refused(-2038, "Order amend is not supported for this order.");
  if (order.amends >= kMaxOrderAmends) return FilterFailure("MAX_NUM_ORDER_AMENDS");

  Amended amended;
  amended.original_client_order_id = order.request.client_order_id;
  const Amount less = order.request.quantity - quantity;
  const Amount freed = order.request.side == Side::kBuy
                           ? QuoteAmount(order.request.price, static_cast<int64_t>(less))
                           : less;
  ledger_.Unlock(account, order.LockedAsset(), freed);
  order.locked -= freed;
  order.request.quantity = quantity;
  ++order.amends;
  order.updated = now_;
  by_client_id_.erase({account, ref.symbol, order.request.client_order_id});
  order.request.client_order_id =
      new_client_order_id.empty() ? MakeClientOrderId() : new_client_order_id;
  by_client_id_[{account, ref.symbol, order.request.client_order_id}] = order.order_id;
  (void)book.engine().Amend(order.order_id, resting->price, {quantity});
  book.EndOperation();
  Execution execution{.type = ExecutionType::kReplaced, .order = order};
  execution.client_order_id = order.request.client_order_id;
  execution.original_client_order_id = amended.original_client_order_id;
  Tell(std::move(execution));
  TellBalances(account, {order.LockedAsset()});
  amended.order = order;
  amended.execution_id = last_execution_;
  return amended;
}

bool VenueCore::Deposit(AccountIndex account, const std::string& asset, Amount change,
                        base::Time now) {
  Step(now);
  const auto& listed = ListedAssets();
  if (!std::binary_search(listed.begin(), listed.end(), asset)) return false;
  if (ledger_.balance(account, asset).free + change < 0) return false;
  ledger_.Deposit(account, asset, change);
  if (events_ != nullptr) events_->OnDeposit(account, asset, change, now_);
  TellBalances(account, {asset});
  return true;
}

bool VenueCore::Restate(SymbolIndex symbol, const Restatement& restatement, base::Time now) {
  Step(now);
  std::optional<Symbol> restated = Restated(ListedSymbols()[symbol], restatement);
  if (!restated) return false;
  symbols_[symbol] = *std::move(restated);
  if (restatement == Restatement{}) {
    restatements_.erase(symbol);
  } else {
    restatements_[symbol] = restatement;
  }
  return true;
}

// ---- checks

std::optional<ApiError> VenueCore::Check(AccountIndex account, const PlaceRequest& request) const {
  if (symbols_[request.symbol].halted) return MarketClosed();
  if (auto error = CheckFilters(account, request)) return error;
  if (!request.client_order_id.empty()) {
    const auto same = by_client_id_.find({account, request.symbol, request.client_order_id});
    if (same != by_client_id_.end() && IsOpen(orders_.at({request.symbol, same->second}).status)) {
      return Refused(-2010, "Duplicate order sent.");
    }
  }
  const Symbol& symbol = symbols_[request.symbol];
  const std::string& asset = request.side == Side::kBuy ? symbol.quote : symbol.base;
  if (ledger_.balance(account, asset).free < Needed(request)) {
    return Refused(-2010, "Account has insufficient balance for requested action.");
  }
  return std::nullopt;
}

std::optional<ApiError> VenueCore::CheckFilters(AccountIndex account,
                                                const PlaceRequest& request) const {
  const Symbol& symbol = symbols_[request.symbol];
  const int64_t average =
      tape(request.symbol).AveragePrice(base::UnixMillis(now_), kAveragePriceMinutes);
  if (HasPrice(request.kind) &&
      OffStep(request.price, symbol.tick, symbol.min_price, symbol.max_price)) {
    return FilterFailure("PRICE_FILTER");
  }
  const bool trails = request.trailing_delta > 0;
  if (HasStop(request.kind) && (!trails || request.stop_price > 0) &&
      OffStep(request.stop_price, symbol.tick, symbol.min_price, symbol.max_price)) {
    return FilterFailure("PRICE_FILTER");
  }
  if (trails &&
      (request.trailing_delta < kMinTrailingDelta || request.trailing_delta > kMaxTrailingDelta)) {
    return FilterFailure("TRAILING_DELTA");
  }
  if (HasPrice(request.kind)) {
    const bool buy = request.side == Side::kBuy;
    const Amount up = static_cast<Amount>(average) * (buy ? kBidUpTenths : kAskUpTenths);
    const Amount down = static_cast<Amount>(average) * (buy ? kBidDownTenths : kAskDownTenths);
    const Amount tenfold = static_cast<Amount>(request.price) * 10;
    if (tenfold > up || tenfold < down) return FilterFailure("PERCENT_PRICE_BY_SIDE");
  }
  Amount notional = request.quote_quantity;
  if (request.quote_quantity == 0) {
    if (OffStep(request.quantity, symbol.lot, symbol.lot, symbol.max_quantity))
      return FilterFailure("LOT_SIZE");
    if (!HasPrice(request.kind) && request.quantity > symbol.max_market_quantity)
      return FilterFailure("MARKET_LOT_SIZE");
    notional = static_cast<Amount>(HasPrice(request.kind) ? request.price : average) *
               request.quantity / kOne;
  }
  if (notional < symbol.min_notional) return FilterFailure("NOTIONAL");
  if (HasPrice(request.kind) && notional > symbol.max_notional) return FilterFailure("NOTIONAL");
  const auto [open, algo] = CountOpen(account, request.symbol);
  if (open >= kMaxOpenOrders) return FilterFailure("MAX_NUM_ORDERS");
  if (HasStop(request.kind) && algo >= kMaxAlgoOrders) return FilterFailure("MAX_NUM_ALGO_ORDERS");
  return std::nullopt;
}

std::pair<size_t, size_t> VenueCore::CountOpen(AccountIndex account, SymbolIndex symbol) const {
  size_t open = 0, algo = 0;
  for (const VenueOrder* order : OpenOrders(account, symbol)) {
    ++open;
    if (HasStop(order->request.kind) && !order->is_working) ++algo;
  }
  return {open, algo};
}

Amount VenueCore::Needed(const PlaceRequest& request) const {
  const bool buy = request.side == Side::kBuy;
  if (!buy && request.quote_quantity == 0) return request.quantity;
  if (buy && HasPrice(request.kind)) return QuoteAmount(request.price, request.quantity);
  if (buy && HasStop(request.kind)) {
    // A trailing one is triggered at most this far above where it begins to track.
    const int64_t start = request.trailing_delta == 0
                              ? request.stop_price
                              : std::max(request.stop_price, tape(request.symbol).last_price());
    return QuoteAmount(start, request.quantity) * (kBasisPoints + request.trailing_delta) /
           kBasisPoints;
  }
  if (buy && request.quote_quantity > 0) return request.quote_quantity;
  return VisibleCost(request);
}

Amount VenueCore::VisibleCost(const PlaceRequest& request) const {
  const matching::MatchingEngine& book = engine(request.symbol);
  const Side other = market::Opposite(request.side);
  Amount cost = 0, left = request.quote_quantity > 0 ? request.quote_quantity : request.quantity;
  for (size_t i = 0; i < book.depth(other) && left > 0; ++i) {
    const market::Level level = book.level(other, i);
    const int64_t price = level.price.mantissa;
    Amount quantity = level.quantity.mantissa;
    if (request.quote_quantity > 0) {
      quantity = std::min(quantity, left * kOne / price);
      left -= price * quantity / kOne;
      cost += quantity;  // a sale by value: base to be sold
      if (quantity < level.quantity.mantissa) break;
    } else {
      quantity = std::min(quantity, left);
      left -= quantity;
      cost += price * quantity / kOne;
    }
  }
  return cost;
}

// Locks what a resting order may pay; the bound of a market order stays free,
// since the order is done before anything else can use it.
Amount VenueCore::LockFor(VenueOrder& order) {
  const PlaceRequest& request = order.request;
  const Amount free = ledger_.balance(order.account, order.LockedAsset()).free;
  if (request.kind == OrderKind::kMarket) return free;
  Amount amount = Needed(request);
  if (!HasPrice(request.kind) && request.side == Side::kBuy)
    amount = std::min(free, amount * kStopReservePercent / 100);
  const bool locked = ledger_.Lock(order.account, order.LockedAsset(), amount);
  GANNET_CHECK(locked, "the balance was checked before");
  order.locked = amount;
  return amount;
}

void VenueCore::Unlock(VenueOrder& order) {
  if (order.locked > 0) ledger_.Unlock(order.account, order.LockedAsset(), order.locked);
  order.locked = 0;
}

std::string VenueCore::MakeClientOrderId() {
  static constexpr char kLetters[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  std::string id;
  for (int i = 0; i < 22; ++i) id += kLetters[id_rng_.Below(62)];
  return id;
}

// ---- from the books

VenueOrder* VenueCore::OfEngine(SymbolIndex symbol, const matching::Order& order) {
  if (order.owner < kFirstAccount) return nullptr;
  const auto found = orders_.find({symbol, order.id});
  return found == orders_.end() ? nullptr : &found->second;  // none: it is being lost
}

void VenueCore::OnOrderAccepted(SymbolIndex symbol, const matching::Order& engine_order) {
  VenueOrder* order = OfEngine(symbol, engine_order);
  if (order == nullptr) return;
  if (!HasStop(order->request.kind)) {
    order->is_working = true;
    order->working = now_;
  }
  Tell({.type = ExecutionType::kNew, .order = *order});
  if (order->locked > 0) TellBalances(order->account, {order->LockedAsset()});
}

void VenueCore::OnOrderTriggered(SymbolIndex symbol, const matching::Order& engine_order) {
  VenueOrder* order = OfEngine(symbol, engine_order);
  if (order == nullptr) return;
  order->is_working = true;
  order->working = order->updated = now_;
  Tell({.type = ExecutionType::kNew, .order = *order});
}

void VenueCore::OnOrderMatch(SymbolIndex symbol, const matching::Order& taker,
                             const matching::Order& maker, int64_t price, int64_t quantity) {
  SymbolBook& book = *books_[symbol];
  const TradePrint trade = book.tape().AddTrade(price, quantity, base::UnixMillis(now_),
                                                maker.side == Side::kBuy, taker.id);
  if (events_ != nullptr) events_->OnTrade(symbol, trade);
  const bool agent_takes = taker.owner < kFirstAccount, agent_makes = maker.owner < kFirstAccount;
  if (agent_makes) agents_.OnMakerFill(symbol, maker.owner, maker.side, quantity);
  if (!agent_takes) Settle(symbol, taker, /*is_maker=*/false, trade, agent_makes);
  if (!agent_makes) Settle(symbol, maker, /*is_maker=*/true, trade, agent_takes);
}

void VenueCore::Settle(SymbolIndex symbol, const matching::Order& engine_order, bool is_maker,
                       const TradePrint& trade, bool against_agent) {
  VenueOrder& order = *OfEngine(symbol, engine_order);
  const Symbol& spec = ListedSymbols()[symbol];
  const bool buy = order.request.side == Side::kBuy;
  const Amount quote = QuoteAmount(trade.price, trade.quantity);
  const std::string& paid_asset = buy ? spec.quote : spec.base;
  const std::string& received_asset = buy ? spec.base : spec.quote;
  const Amount paid = buy ? quote : Amount{trade.quantity};
  const Amount received = buy ? Amount{trade.quantity} : quote;
  const Amount fee = received * (is_maker ? options_.maker_fee_ppm : options_.taker_fee_ppm) / kPpm;

  ledger_.Pay(order.account, paid_asset, paid, /*locked=*/order.locked > 0);
  if (order.locked > 0) {
    Amount reserved = paid;
    if (buy && HasPrice(order.request.kind))
      reserved = QuoteAmount(order.request.price, trade.quantity);
    order.locked -= reserved;
    if (reserved > paid) ledger_.Unlock(order.account, paid_asset, reserved - paid);
  }
  ledger_.Receive(order.account, received_asset, received, fee);
  if (against_agent) {
    ledger_.House(paid_asset, paid);
    ledger_.House(received_asset, -received);
  }

  order.executed += trade.quantity;
  order.cumulative_quote += quote;
  order.updated = now_;
  if (order.request.quote_quantity > 0) order.request.quantity = order.executed;
  const bool whole = order.request.quote_quantity == 0 && order.remaining() == 0;
  order.status = whole ? OrderStatus::kFilled : OrderStatus::kPartiallyFilled;

  const FillReport fill{trade.id, trade.price,    trade.quantity, quote,
                        fee,      received_asset, is_maker};
  auto& trades = trades_[order.account];
  trades.push_back({symbol, order.order_id, fill, trade.time_ms, buy});
  if (trades.size() > options_.max_account_trades) trades.pop_front();
  if (!is_maker) taker_fills_.push_back(fill);
  Tell({.type = ExecutionType::kTrade, .order = order, .fill = fill});
  TellBalances(order.account, {spec.base, spec.quote});
}

void VenueCore::OnOrderPrevented(SymbolIndex symbol, const matching::Order& taker,
                                 const matching::Order& maker) {
  VenueOrder* taking = OfEngine(symbol, taker);
  VenueOrder* making = OfEngine(symbol, maker);
  if (taking == nullptr || making == nullptr) return;  // agents among themselves
  PreventedMatch match;
  match.id = ++last_prevented_;
  match.maker_order = maker.id;
  match.price = maker.price.mantissa;
  if (taker.self_trade != matching::SelfTrade::kExpireMaker) {
    match.taker_quantity = taker.remaining().mantissa;
    taking->prevented_match = match.id;
    taking->prevented_quantity = match.taker_quantity;
  }
  if (taker.self_trade != matching::SelfTrade::kExpireTaker) {
    match.maker_quantity = maker.remaining().mantissa;
    making->prevented_match = match.id;
    making->prevented_quantity = match.maker_quantity;
  }
  prevented_.push_back(match);
}

void VenueCore::OnOrderDone(SymbolIndex symbol, const matching::Order& engine_order,
                            matching::Done reason) {
  VenueOrder* found = OfEngine(symbol, engine_order);
  if (found == nullptr) return;
  VenueOrder& order = *found;
  order.updated = now_;
  const bool had_lock = order.locked > 0;
  Unlock(order);
  Execution execution{.type = ExecutionType::kExpired};
  switch (reason) {
    case matching::Done::kFilled: {
      const bool short_of_funds = order.request.quote_quantity == 0 && order.remaining() > 0;
      Close(order, short_of_funds ? OrderStatus::kExpired : OrderStatus::kFilled);
      if (!short_of_funds) {
        // Orders by value, and locks that a better price left over, end here.
        if (order.request.quote_quantity > 0 || had_lock)
          TellBalances(order.account, {order.LockedAsset()});
        return;
      }
      break;
    }
    case matching::Done::kCanceled:
    case matching::Done::kReplaced:
      if (expiring_) {
        Close(order, OrderStatus::kExpired);
        break;
      }
      Close(order, OrderStatus::kCanceled);
      execution.type = ExecutionType::kCanceled;
      execution.client_order_id = books_[symbol]->cancel_client_order_id;
      execution.original_client_order_id = order.request.client_order_id;
      break;
    case matching::Done::kExpired:
      Close(order, OrderStatus::kExpired);
      break;
    case matching::Done::kSelfTrade:
      Close(order, OrderStatus::kExpiredInMatch);
      execution.type = ExecutionType::kTradePrevention;
      break;
  }
  execution.order = order;
  Tell(std::move(execution));
  if (had_lock) TellBalances(order.account, {order.LockedAsset()});
}

void VenueCore::Close(VenueOrder& order, OrderStatus status) {
  order.status = status;
  order.is_working = order.working != base::Time{};
  const OrderKey key{order.request.symbol, order.order_id};
  open_orders_.erase(key);
  closed_.push_back(key);
  // What one command closes is still spoken of: keep at least that many.
  while (closed_.size() > std::max<size_t>(1000, options_.max_closed_orders)) {
    const auto oldest = orders_.find(closed_.front());
    const ClientKey client_key{oldest->second.account, oldest->first.first,
                               oldest->second.request.client_order_id};
    const auto named = by_client_id_.find(client_key);
    if (named != by_client_id_.end() && named->second == oldest->first.second)
      by_client_id_.erase(named);
    orders_.erase(oldest);
    closed_.pop_front();
  }
}

void VenueCore::Tell(Execution execution) {
  execution.execution_id = ++last_execution_;
  if (execution.client_order_id.empty())
    execution.client_order_id = execution.order.request.client_order_id;
  execution.time = now_;
  if (events_ != nullptr) events_->OnExecution(execution);
}

void VenueCore::TellBalances(AccountIndex account, std::vector<std::string> assets) {
  if (events_ != nullptr) events_->OnBalances(account, assets, now_);
}

// ---- agents

std::optional<market::Level> VenueCore::Best(SymbolIndex symbol, Side side) const {
  return engine(symbol).best(side);
}

const matching::Order* VenueCore::FindOrder(SymbolIndex symbol, matching::OrderNumber id) const {
  return engine(symbol).Find(id);
}

matching::OrderNumber VenueCore::SubmitAgentOrder(SymbolIndex symbol,
                                                  const matching::NewOrder& wanted) {
  SymbolBook& book = *books_[symbol];
  matching::NewOrder order = wanted;
  order.id = book.NextOrderId();
  const matching::Reject reason = book.engine().Submit(order);
  book.EndOperation();
  return reason == matching::Reject::kNone ? order.id : 0;
}

void VenueCore::CancelAgentOrder(SymbolIndex symbol, matching::OrderNumber id) {
  SymbolBook& book = *books_[symbol];
  (void)book.engine().Cancel(id);
  book.EndOperation();
}

// ---- queries

const matching::MatchingEngine& VenueCore::engine(SymbolIndex symbol) const {
  return books_[symbol]->engine();
}
uint64_t VenueCore::update_id(SymbolIndex symbol) const { return books_[symbol]->update_id(); }
const Tape& VenueCore::tape(SymbolIndex symbol) const { return books_[symbol]->tape(); }

const VenueOrder* VenueCore::Resolve(AccountIndex account, const OrderRef& ref) const {
  uint64_t id = ref.order_id;
  if (id == 0) {
    const auto named = by_client_id_.find({account, ref.symbol, ref.client_order_id});
    if (named == by_client_id_.end()) return nullptr;
    id = named->second;
  }
  const auto found = orders_.find({ref.symbol, id});
  if (found == orders_.end() || found->second.account != account) return nullptr;
  const bool both_given = ref.order_id != 0 && !ref.client_order_id.empty();
  if (both_given && found->second.request.client_order_id != ref.client_order_id) return nullptr;
  return &found->second;
}

Answer<VenueOrder> VenueCore::FindOrder(AccountIndex account, const OrderRef& ref) const {
  const VenueOrder* order = Resolve(account, ref);
  if (order == nullptr) return ApiError{-2013, "Order does not exist."};
  return *order;
}

std::vector<const VenueOrder*> VenueCore::OpenOrders(AccountIndex account,
                                                     std::optional<SymbolIndex> symbol) const {
  std::vector<const VenueOrder*> open;
  auto at = symbol ? open_orders_.lower_bound({*symbol, 0}) : open_orders_.begin();
  for (; at != open_orders_.end() && (!symbol || at->first == *symbol); ++at) {
    const VenueOrder& order = orders_.at(*at);
    if (order.account == account) open.push_back(&order);
  }
  return open;
}

void VenueCore::ForOrders(AccountIndex account, SymbolIndex symbol, uint64_t from_order,
                          const std::function<bool(const VenueOrder&)>& visit) const {
  for (auto at = orders_.lower_bound({symbol, from_order});
       at != orders_.end() && at->first.first == symbol; ++at) {
    if (at->second.account == account && !visit(at->second)) return;
  }
}

}  // namespace gannet::venue_sim
