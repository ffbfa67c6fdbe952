#include "services/venue-sim/usdm_market.h"

#include <algorithm>

namespace gannet::venue_sim {
namespace {

using market::Side;

constexpr int64_t kPpm = 1'000'000;
constexpr Amount kFirstDeposit = Amount{100'000} * kOne;
constexpr base::Duration kLeastGoodTill = std::chrono::seconds(600);

UsdmReply Refused(int code, std::string message) {
  UsdmReply reply;
  reply.error = ApiError{code, std::move(message)};
  return reply;
}

// The market has come to the trigger price.
bool Reached(const UsdmPlace& request, int64_t last) {
  if (last == 0) return false;
  // A trailing stop is activated, like a take-profit, at a price better than the market's.
  const bool stop = request.type == UsdmType::kStop || request.type == UsdmType::kStopMarket;
  const bool rises = stop == (request.side == Side::kBuy);
  return rises ? last >= request.trigger : last <= request.trigger;
}

ApiError NotTrading() { return {-4140, "Invalid symbol status for opening position."}; }

// The market calls for the algo order. Of a trailing stop, as its endpoint documents it: the best
// price since it was placed has reached activatePrice, and the last one came back by the rate.
bool Calls(UsdmAlgo& algo, int64_t last) {
  const UsdmPlace& request = algo.request;
  if (request.trailing_bps == 0) return Reached(request, last);
  if (last == 0) return false;
  const bool sell = request.side == Side::kSell;
  int64_t& best = algo.best_price;
  best = best == 0 ? last : sell ? std::max(best, last) : std::min(best, last);
  if (request.trigger > 0 && !Reached(request, best)) return false;
  const Amount back = sell ? best - last : last - best;
  return back * kBasisPoints >= Amount{best} * request.trailing_bps;
}

template <class Map>
auto FindById(const Map& map, uint64_t id) {
  const auto found = map.find(id);
  return found == map.end() ? nullptr : &found->second;
}

// Newest first: the latest order under a client id is the one it names.
template <class Map, class Matches>
auto FindLatest(const Map& map, Matches matches) -> decltype(&map.begin()->second) {
  for (auto at = map.rbegin(); at != map.rend(); ++at) {
    if (matches(at->second)) return &at->second;
  }
  return nullptr;
}

}  // namespace

bool UsdmMarket::Lists(SymbolIndex symbol) {
  return symbol < ListedSymbols().size() && ListedSymbols()[symbol].quote == "USDT";
}

void UsdmMarket::SetAccounts(size_t count) {
  while (accounts_.size() < count) accounts_.emplace_back().wallet = kFirstDeposit;
}

UsdmReply UsdmMarket::Execute(const UsdmCommand& command, const VenueCore& core, base::Time now) {
  now_ = std::max(now_, now);
  UsdmReply reply;
  switch (command.verb) {
    case UsdmVerb::kPlace:
      reply = Place(command.account, command.place, core);
      break;
    case UsdmVerb::kPlaceAlgo:
      reply = PlaceAlgo(command.account, command.place, core);
      break;
    case UsdmVerb::kCancel:
      reply = End(command, OrderStatus::kCanceled, ExecutionType::kCanceled);
      break;
    case UsdmVerb::kExpire:
      reply = End(command, OrderStatus::kExpired, ExecutionType::kExpired);
      break;
    case UsdmVerb::kLose:
      reply = Lose(command);
      break;
    case UsdmVerb::kCancelAlgo:
      reply = CancelAlgo(command);
      break;
    case UsdmVerb::kCancelAll:
      CancelAll(command.account, command.place.symbol);
      break;
    case UsdmVerb::kCountdown: {
      auto& countdowns = accounts_[command.account].countdowns;
      if (command.countdown == base::Duration(0)) {
        countdowns.erase(command.place.symbol);
      } else {
        countdowns[command.place.symbol] = now_ + command.countdown;
      }
      break;
    }
    case UsdmVerb::kIncome:
      reply = Book(command);
      break;
    case UsdmVerb::kAmend:
      reply = Amend(command, core);
      break;
    case UsdmVerb::kSetHedge:
    case UsdmVerb::kSetLeverage:
    case UsdmVerb::kSetMargin:
      reply = SetUp(command);
      break;
  }
  Forget();
  return reply;
}

void UsdmMarket::Step(const VenueCore& core, base::Time now) {
  now_ = std::max(now_, now);
  for (AccountIndex account = 0; account < accounts_.size(); ++account) {
    auto& countdowns = accounts_[account].countdowns;
    for (auto at = countdowns.begin(); at != countdowns.end();) {
      if (at->second > now_) {
        ++at;
        continue;
      }
      CancelAll(account, at->first);
      at = countdowns.erase(at);
    }
  }
  const std::set<uint64_t> algos = open_algos_;
  for (const uint64_t id : algos) {
    UsdmAlgo& algo = algos_.at(id);
    if (algo.status != AlgoStatus::kNew || core.symbol(algo.request.symbol).halted) continue;
    if (Calls(algo, core.tape(algo.request.symbol).last_price())) Trigger(algo, core);
  }
  const std::set<uint64_t> open = open_orders_;
  for (const uint64_t id : open) {
    UsdmOrder& order = orders_.at(id);
    if (!IsOpen(order.status)) continue;
    if (order.request.good_till_ms > 0 && base::UnixMillis(now_) >= order.request.good_till_ms) {
      Close(order, OrderStatus::kExpired, ExecutionType::kExpired);
      continue;
    }
    if (core.symbol(order.request.symbol).halted) continue;
    // The market comes to it: filled at its own price.
    if (const int64_t quantity = Fillable(order, core); quantity > 0)
      Fill(order, order.request.price, quantity, /*is_maker=*/true);
  }
  Forget();
}

// --- placing ----------------------------------------------------------------------

std::optional<ApiError> UsdmMarket::Check(AccountIndex account, const UsdmPlace& request,
                                          const VenueCore& core) const {
  const Symbol& symbol = core.symbol(request.symbol);
  if (symbol.halted) return NotTrading();
  if (request.time_in_force == UsdmTime::kGtd &&
      request.good_till_ms < base::UnixMillis(now_ + kLeastGoodTill))
    return ApiError{-5040,
                    "The time in force goodTillDate should be greater than the current time plus "
                    "600 seconds."};
  if (request.quantity <= 0) return ApiError{-4003, "Quantity less than or equal to zero."};
  if (request.quantity % symbol.lot != 0) return ApiError{-4023, "Qty not increased by step size."};
  if (request.quantity >
      (HasPrice(request.type) ? symbol.max_quantity : symbol.max_market_quantity))
    return ApiError{-4005, "Quantity greater than max quantity."};
  if (HasPrice(request.type)) {
    if (request.price <= 0) return ApiError{-4001, "Price less than 0."};
    if (request.price % symbol.tick != 0)
      return ApiError{-4014, "Price not increased by tick size."};
    if (request.price > symbol.max_price) return ApiError{-4002, "Price greater than max price."};
  }
  const int64_t last = core.tape(request.symbol).last_price();
  const int64_t reference = HasPrice(request.type) ? request.price : last;
  const Amount notional = static_cast<Amount>(reference) * request.quantity / kOne;
  if (!request.reduce_only && notional < symbol.min_notional) {
    return ApiError{-4164,
                    "Order's notional must be no smaller than 5 (unless you choose reduce "
                    "only)."};
  }
  if ((request.leg != UsdmLeg::kBoth) != accounts_[account].setup.hedge)
    return ApiError{-4061, "Order's position side does not match user's setting."};
  const int64_t held = position(account, {request.symbol, request.leg}).quantity;
  const bool reduces = held != 0 && (held > 0) == (request.side == Side::kSell) &&
                       request.quantity <= std::abs(held);
  // Of two positions each is only opened from its own side.
  const bool closes = request.reduce_only ||
                      (request.leg == UsdmLeg::kLong && request.side == Side::kSell) ||
                      (request.leg == UsdmLeg::kShort && request.side == Side::kBuy);
  if (closes && !reduces) return ApiError{-2022, "ReduceOnly Order is rejected."};
  if (!reduces && (MarginInUse(account, core) + notional) / leverage(account, request.symbol) >
                      accounts_[account].wallet)
    return ApiError{-2019, "Margin is insufficient."};
  return std::nullopt;
}

Amount UsdmMarket::MarginInUse(AccountIndex account, const VenueCore& core) const {
  Amount notional = 0;
  for (const auto& [key, position] : accounts_[account].positions) {
    notional +=
        static_cast<Amount>(std::abs(position.quantity)) * core.tape(key.first).last_price() / kOne;
  }
  for (const uint64_t id : open_orders_) {
    const UsdmOrder& order = orders_.at(id);
    if (order.account == account && !order.request.reduce_only)
      notional += static_cast<Amount>(order.remaining()) * order.request.price / kOne;
  }
  return notional;
}

UsdmReply UsdmMarket::Place(AccountIndex account, const UsdmPlace& request, const VenueCore& core) {
  if (auto error = Check(account, request, core)) return {.error = std::move(error)};
  const auto open = OpenOrders(account, request.symbol);
  if (open.size() >= kMaxOpenOrders) return Refused(-2025, "Reach max open order limit.");
  for (const UsdmOrder* order : open) {
    if (!request.client_id.empty() && order->request.client_id == request.client_id)
      return Refused(-4116, "ClientOrderId is duplicated.");
  }
  UsdmOrder probe;
  probe.request = request;
  const int64_t at_once = Fillable(probe, core);
  if (request.time_in_force == UsdmTime::kFok && at_once < request.quantity &&
      !request.ended_not_refused)
    return Refused(-5021,
                   "Due to the order could not be filled immediately, the FOK order has "
                   "been rejected.");
  if (request.time_in_force == UsdmTime::kPostOnly && at_once > 0 && !request.ended_not_refused)
    return Refused(-5022,
                   "Due to the order could not be executed as maker, the Post Only order "
                   "will be rejected.");
  UsdmReply reply;
  reply.order = Enter(account, request, request.type, 0, core);
  return reply;
}

UsdmOrder& UsdmMarket::Enter(AccountIndex account, const UsdmPlace& request, UsdmType original,
                             uint64_t algo_id, const VenueCore& core) {
  const uint64_t id = ++last_order_;
  UsdmOrder& order = orders_[id];
  order.id = id;
  order.account = account;
  order.request = request;
  order.original_type = original;
  order.algo_id = algo_id;
  if (order.request.client_id.empty()) order.request.client_id = "auto-" + std::to_string(order.id);
  order.created = order.updated = now_;
  open_orders_.insert(id);
  if (request.rejected_later) {
    Close(order, OrderStatus::kRejected, ExecutionType::kRejected);
    return order;
  }
  Tell(ExecutionType::kNew, order);
  const int64_t at_once = Fillable(order, core);
  const bool as_asked = (request.time_in_force != UsdmTime::kFok || at_once >= request.quantity) &&
                        (request.time_in_force != UsdmTime::kPostOnly || at_once == 0);
  if (!as_asked) {
    Close(order, OrderStatus::kExpired, ExecutionType::kExpired);
    return order;
  }
  Take(order, core);
  const bool rests = HasPrice(request.type) && request.time_in_force != UsdmTime::kIoc &&
                     request.time_in_force != UsdmTime::kFok;
  if (IsOpen(order.status) && !rests) Close(order, OrderStatus::kExpired, ExecutionType::kExpired);
  return order;
}

int64_t UsdmMarket::Fillable(const UsdmOrder& order, const VenueCore& core) const {
  const UsdmPlace& request = order.request;
  const bool buy = request.side == Side::kBuy;
  const matching::MatchingEngine& book = core.engine(request.symbol);
  const Side other = market::Opposite(request.side);
  int64_t quantity = 0;
  for (size_t i = 0; i < book.depth(other) && quantity < order.remaining(); ++i) {
    const market::Level level = book.level(other, i);
    const int64_t price = level.price.mantissa;
    if (HasPrice(request.type) && (buy ? price > request.price : price < request.price)) break;
    quantity += level.quantity.mantissa;
  }
  return std::min(quantity, order.remaining());
}

void UsdmMarket::Take(UsdmOrder& order, const VenueCore& core) {
  const UsdmPlace& request = order.request;
  const bool buy = request.side == Side::kBuy;
  const matching::MatchingEngine& book = core.engine(request.symbol);
  const Side other = market::Opposite(request.side);
  for (size_t i = 0; i < book.depth(other) && IsOpen(order.status); ++i) {
    const market::Level level = book.level(other, i);
    const int64_t price = level.price.mantissa;
    if (HasPrice(request.type) && (buy ? price > request.price : price < request.price)) return;
    Fill(order, price, std::min(level.quantity.mantissa, order.remaining()), /*is_maker=*/false);
  }
}

// --- algo orders --------------------------------------------------------------------

UsdmReply UsdmMarket::PlaceAlgo(AccountIndex account, const UsdmPlace& request,
                                const VenueCore& core) {
  const Symbol& symbol = core.symbol(request.symbol);
  if (symbol.halted) return {.error = NotTrading()};
  // Margin is looked at when it triggers.
  if (request.quantity <= 0 || request.quantity % symbol.lot != 0)
    return Refused(-4023, "Qty not increased by step size.");
  const bool at_once = request.trailing_bps > 0 && request.trigger == 0;
  if ((request.trigger <= 0 && !at_once) || request.trigger % symbol.tick != 0 ||
      (HasPrice(request.type) && (request.price <= 0 || request.price % symbol.tick != 0)))
    return Refused(-4014, "Price not increased by tick size.");
  const int64_t last = core.tape(request.symbol).last_price();
  if (!at_once && Reached(request, last)) return Refused(-2021, "Order would immediately trigger.");
  const auto open = OpenAlgos(account, request.symbol);
  if (open.size() >= kMaxOpenAlgos) return Refused(-4045, "Reach max stop order limit.");
  for (const UsdmAlgo* algo : open) {
    if (!request.client_id.empty() && algo->request.client_id == request.client_id)
      return Refused(-4116, "ClientOrderId is duplicated.");
  }
  UsdmAlgo& algo = algos_[++last_algo_];
  algo.id = last_algo_;
  algo.account = account;
  algo.request = request;
  if (algo.request.client_id.empty()) algo.request.client_id = "auto-" + std::to_string(algo.id);
  algo.created = algo.updated = now_;
  if (request.trailing_bps > 0) algo.best_price = last;
  open_algos_.insert(algo.id);
  if (events_ != nullptr) events_->OnUsdmAlgo(algo);
  UsdmReply reply;
  reply.algo = algo;
  return reply;
}

// The order is told of before the algo order says that it has one. Whether it keeps the
// algo order's client id is not documented: every other one does here.
void UsdmMarket::Trigger(UsdmAlgo& algo, const VenueCore& core) {
  algo.triggered = algo.updated = now_;
  UsdmPlace request = algo.request;
  const UsdmType original = request.type;
  request.type = HasPrice(original) ? UsdmType::kLimit : UsdmType::kMarket;
  if (algo.id % 2 != 0) request.client_id.clear();
  if (const auto error = Check(algo.account, request, core)) {
    algo.reject_reason = error->message;
    return EndAlgo(algo, AlgoStatus::kRejected);
  }
  algo.status = AlgoStatus::kTriggered;
  algo.actual_order = last_order_ + 1;
  (void)Enter(algo.account, request, original, algo.id, core);
  if (algo.status != AlgoStatus::kTriggered) return;  // it is done already
  if (events_ != nullptr) events_->OnUsdmAlgo(algo);
}

void UsdmMarket::EndAlgo(UsdmAlgo& algo, AlgoStatus status) {
  algo.status = status;
  algo.updated = now_;
  open_algos_.erase(algo.id);
  closed_algos_.push_back(algo.id);
  if (events_ != nullptr) events_->OnUsdmAlgo(algo);
}

// --- cancelling ---------------------------------------------------------------------

UsdmReply UsdmMarket::End(const UsdmCommand& command, OrderStatus status, ExecutionType type) {
  const UsdmOrder* found =
      Find(command.account, command.place.symbol, command.id, command.client_id);
  if (found == nullptr || !IsOpen(found->status)) return Refused(-2011, "Unknown order sent.");
  UsdmOrder& order = orders_.at(found->id);
  Close(order, status, type);
  UsdmReply reply;
  reply.order = order;
  return reply;
}

UsdmReply UsdmMarket::Lose(const UsdmCommand& command) {
  const UsdmOrder* found =
      Find(command.account, command.place.symbol, command.id, command.client_id);
  if (found == nullptr || !IsOpen(found->status)) return Refused(-2011, "Unknown order sent.");
  const uint64_t id = found->id, algo_id = found->algo_id;
  open_orders_.erase(id);
  orders_.erase(id);
  open_algos_.erase(algo_id);
  algos_.erase(algo_id);
  return {};
}

UsdmReply UsdmMarket::CancelAlgo(const UsdmCommand& command) {
  const UsdmAlgo* found = FindAlgo(command.account, command.id, command.client_id);
  if (found == nullptr || found->status != AlgoStatus::kNew)
    return Refused(-2011, "Unknown order sent.");
  UsdmAlgo& algo = algos_.at(found->id);
  EndAlgo(algo, AlgoStatus::kCanceled);
  UsdmReply reply;
  reply.algo = algo;
  return reply;
}

// --- changing -----------------------------------------------------------------------

// At the back of its new price.
UsdmReply UsdmMarket::Amend(const UsdmCommand& command, const VenueCore& core) {
  const UsdmOrder* found =
      Find(command.account, command.place.symbol, command.id, command.client_id);
  if (found == nullptr || !IsOpen(found->status)) return Refused(-2013, "Order does not exist.");
  UsdmOrder& order = orders_.at(found->id);
  UsdmPlace changed = order.request;
  if (command.place.price > 0) changed.price = command.place.price;
  if (command.place.quantity > 0) changed.quantity = command.place.quantity;
  if (changed.type != UsdmType::kLimit) return Refused(-4192, "Only limit order is supported.");
  if (changed.price == order.request.price && changed.quantity == order.request.quantity)
    return Refused(-5027, "No need to modify the order.");
  if (auto error = Check(command.account, changed, core)) return {.error = std::move(error)};
  UsdmOrder probe = order;
  probe.request = changed;
  const bool takes = changed.time_in_force == UsdmTime::kPostOnly && Fillable(probe, core) > 0;
  UsdmReply reply;
  if (changed.quantity <= order.executed || takes) {
    // "The order will be cancelled by the amendment."
    Close(order, OrderStatus::kCanceled, ExecutionType::kCanceled);
    reply.order = order;
    return reply;
  }
  order.request = changed;
  order.updated = now_;
  Tell(ExecutionType::kReplaced, order);
  Take(order, core);
  reply.order = order;
  return reply;
}

UsdmReply UsdmMarket::SetUp(const UsdmCommand& command) {
  Account& account = accounts_[command.account];
  const SymbolIndex symbol = command.place.symbol;
  const bool on = command.amount != 0;
  switch (command.verb) {
    case UsdmVerb::kSetHedge:
      if (on == account.setup.hedge) return Refused(-4059, "No need to change position side.");
      if (!OpenOrders(command.account, std::nullopt).empty() ||
          !OpenAlgos(command.account, std::nullopt).empty())
        return Refused(-4067, "Position side cannot be changed if there exists open orders.");
      if (!account.positions.empty())
        return Refused(-4068, "Position side cannot be changed if there exists position.");
      account.setup.hedge = on;
      return {};
    case UsdmVerb::kSetLeverage:
      if (command.amount < 1 || command.amount > kMaxLeverage)
        return Refused(-4028, "Leverage is not valid.");
      account.setup.leverage[symbol] = static_cast<uint32_t>(command.amount);
      return {};
    default:
      if (on == account.setup.isolated.contains(symbol))
        return Refused(-4046, "No need to change margin type.");
      on ? void(account.setup.isolated.insert(symbol)) : void(account.setup.isolated.erase(symbol));
      return {};
  }
}

std::span<const UsdmLeg> UsdmMarket::legs(AccountIndex account) const {
  static constexpr UsdmLeg kOneWay[] = {UsdmLeg::kBoth};
  static constexpr UsdmLeg kApart[] = {UsdmLeg::kLong, UsdmLeg::kShort};
  if (setup(account).hedge) return kApart;
  return kOneWay;
}

uint32_t UsdmMarket::leverage(AccountIndex account, SymbolIndex symbol) const {
  const auto& set = accounts_[account].setup.leverage;
  const auto found = set.find(symbol);
  return found == set.end() ? kLeverage : found->second;
}

void UsdmMarket::CancelAll(AccountIndex account, SymbolIndex symbol) {
  for (const UsdmOrder* order : OpenOrders(account, symbol))
    Close(orders_.at(order->id), OrderStatus::kCanceled, ExecutionType::kCanceled);
}

// --- money --------------------------------------------------------------------------

UsdmReply UsdmMarket::Book(const UsdmCommand& command) {
  Account& account = accounts_[command.account];
  account.wallet += command.amount;
  account.updated = now_;
  account.income.push_back({command.income_type, ListedSymbols()[command.place.symbol].name,
                            command.amount, ++last_income_, 0, base::UnixMillis(now_)});
  TellAccount(command.account, command.income_type, command.amount, std::nullopt);
  return {};
}

void UsdmMarket::Fill(UsdmOrder& order, int64_t price, int64_t quantity, bool is_maker) {
  Account& account = accounts_[order.account];
  const PositionKey key{order.request.symbol, order.request.leg};
  UsdmPosition& position = account.positions[key];
  const bool buy = order.request.side == Side::kBuy;
  UsdmTrade trade;
  trade.id = ++last_trade_;
  trade.order_id = order.id;
  trade.symbol = order.request.symbol;
  trade.side = order.request.side;
  trade.price = price;
  trade.quantity = quantity;
  trade.quote = QuoteAmount(price, quantity);
  trade.commission = trade.quote * (is_maker ? kMakerFeePpm : kTakerFeePpm) / kPpm;
  trade.is_maker = is_maker;
  trade.leg = order.request.leg;
  trade.time_ms = base::UnixMillis(now_);
  const int64_t held = std::abs(position.quantity);
  const bool closes = position.quantity != 0 && (position.quantity > 0) != buy;
  const int64_t closed = closes ? std::min(held, quantity) : 0;
  if (closed > 0) {
    const Amount opened = position.cost * closed / held;
    const Amount worth = QuoteAmount(price, closed);
    trade.realized = position.quantity > 0 ? worth - opened : opened - worth;
    position.cost -= opened;
  }
  position.cost += QuoteAmount(price, quantity - closed);
  position.quantity += buy ? quantity : -quantity;
  if (position.quantity == 0) account.positions.erase(key);
  account.wallet += trade.realized - trade.commission;
  account.updated = now_;
  order.executed += quantity;
  order.quote += trade.quote;
  order.updated = now_;
  order.status = order.remaining() == 0 ? OrderStatus::kFilled : OrderStatus::kPartiallyFilled;
  account.trades.push_back(trade);
  const std::string& name = ListedSymbols()[trade.symbol].name;
  for (const auto& [type, amount] : {std::pair<const char*, Amount>{"REALIZED_PNL", trade.realized},
                                     {"COMMISSION", -trade.commission}}) {
    if (amount != 0)
      account.income.push_back({type, name, amount, ++last_income_, trade.id, trade.time_ms});
  }
  TellAccount(order.account, "ORDER", 0, trade.symbol);
  Tell(ExecutionType::kTrade, order, trade);
  if (order.remaining() > 0) return;
  open_orders_.erase(order.id);
  closed_orders_.push_back(order.id);
  if (order.algo_id != 0) EndAlgo(algos_.at(order.algo_id), AlgoStatus::kFinished);
}

void UsdmMarket::Close(UsdmOrder& order, OrderStatus status, ExecutionType type) {
  order.status = status;
  order.updated = now_;
  open_orders_.erase(order.id);
  closed_orders_.push_back(order.id);
  Tell(type, order);
  if (order.algo_id != 0) EndAlgo(algos_.at(order.algo_id), AlgoStatus::kFinished);
}

void UsdmMarket::Tell(ExecutionType type, const UsdmOrder& order, const UsdmTrade& trade) {
  if (events_ != nullptr) events_->OnUsdmOrder({type, order, trade, now_});
}

void UsdmMarket::TellAccount(AccountIndex account, const std::string& reason, Amount change,
                             std::optional<SymbolIndex> symbol) {
  if (events_ != nullptr) events_->OnUsdmAccount(account, reason, change, symbol, now_);
}

// What one command closes is still spoken of: at the end of it only.
void UsdmMarket::Forget() {
  for (; closed_orders_.size() > kMaxClosed; closed_orders_.pop_front())
    orders_.erase(closed_orders_.front());
  for (; closed_algos_.size() > kMaxClosed; closed_algos_.pop_front())
    algos_.erase(closed_algos_.front());
  for (Account& account : accounts_) {
    while (account.trades.size() > kMaxTrades) account.trades.pop_front();
    while (account.income.size() > kMaxIncome) account.income.pop_front();
  }
}

// --- queries ------------------------------------------------------------------------

const UsdmOrder* UsdmMarket::Find(AccountIndex account, SymbolIndex symbol, uint64_t id,
                                  const std::string& client_id) const {
  const UsdmOrder* order =
      id > 0 ? FindById(orders_, id) : FindLatest(orders_, [&](const UsdmOrder& candidate) {
        return candidate.account == account && candidate.request.symbol == symbol &&
               candidate.request.client_id == client_id;
      });
  const bool known =
      order != nullptr && order->account == account && order->request.symbol == symbol;
  return known ? order : nullptr;
}

const UsdmAlgo* UsdmMarket::FindAlgo(AccountIndex account, uint64_t id,
                                     const std::string& client_id) const {
  const UsdmAlgo* algo =
      id > 0 ? FindById(algos_, id) : FindLatest(algos_, [&](const UsdmAlgo& candidate) {
        return candidate.account == account && candidate.request.client_id == client_id;
      });
  return algo != nullptr && algo->account == account ? algo : nullptr;
}

std::vector<const UsdmOrder*> UsdmMarket::OpenOrders(AccountIndex account,
                                                     std::optional<SymbolIndex> symbol) const {
  std::vector<const UsdmOrder*> open;
  for (const uint64_t id : open_orders_) {
    const UsdmOrder& order = orders_.at(id);
    if (order.account == account && (!symbol || order.request.symbol == *symbol))
      open.push_back(&order);
  }
  return open;
}

std::vector<const UsdmOrder*> UsdmMarket::AllOrders(AccountIndex account,
                                                    SymbolIndex symbol) const {
  std::vector<const UsdmOrder*> out;
  for (const auto& [id, order] : orders_) {
    if (order.account == account && order.request.symbol == symbol) out.push_back(&order);
  }
  return out;
}

std::vector<const UsdmAlgo*> UsdmMarket::OpenAlgos(AccountIndex account,
                                                   std::optional<SymbolIndex> symbol) const {
  std::vector<const UsdmAlgo*> open;
  for (const uint64_t id : open_algos_) {
    const UsdmAlgo& algo = algos_.at(id);
    if (algo.account == account && algo.status == AlgoStatus::kNew &&
        (!symbol || algo.request.symbol == *symbol))
      open.push_back(&algo);
  }
  return open;
}

UsdmPosition UsdmMarket::position(AccountIndex account, PositionKey key) const {
  const auto& positions = accounts_[account].positions;
  const auto found = positions.find(key);
  return found == positions.end() ? UsdmPosition{} : found->second;
}

}  // namespace gannet::venue_sim
