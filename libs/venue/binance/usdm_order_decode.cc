#include <algorithm>

#include "absl/strings/str_cat.h"
#include "libs/base/status.h"
#include "libs/venue/answer_parts.h"
#include "libs/venue/binance/answer_words.h"
#include "libs/venue/binance/error_codes.h"
#include "libs/venue/binance/order_codec.h"
#include "libs/venue/binance/usdm_order_venue.h"
#include "libs/venue/binance/usdm_requests.h"

namespace gannet::venue::binance {
namespace {

constexpr size_t kRows = 1000;  // as many as were asked for

// "New Order", "Order types": the names of this venue are not those of spot.
struct TypeRow {
  std::string_view name;
  market::OrderType type;
};
constexpr TypeRow kTypes[] = {
    {"LIMIT", market::OrderType::kLimit},
    {"MARKET", market::OrderType::kMarket},
    {"STOP", market::OrderType::kStopLimit},
    {"STOP_MARKET", market::OrderType::kStop},
    {"TAKE_PROFIT", market::OrderType::kTakeProfitLimit},
    {"TAKE_PROFIT_MARKET", market::OrderType::kTakeProfit},
    {"TRAILING_STOP_MARKET", market::OrderType::kTrailingStop},
    {"LIQUIDATION", market::OrderType::kMarket},
};
std::optional<market::OrderType> TypeOf(std::string_view name) {
  const auto* found = std::find_if(std::begin(kTypes), std::end(kTypes),
                                   [name](const TypeRow& row) { return row.name == name; });
  return found == std::end(kTypes) ? std::nullopt : std::optional(found->type);
}

market::TimeInForce TimeInForceOf(std::string_view text) {
  if (text == "IOC") return market::TimeInForce::kIoc;
  if (text == "FOK") return market::TimeInForce::kFok;
  if (text == "GTX") return market::TimeInForce::kPostOnly;
  if (text == "GTD") return market::TimeInForce::kGtd;
  return market::TimeInForce::kGtc;
}

std::optional<VenueOrderStatus> OrderStatusOf(std::string_view text) {
  // Orders that the insurance fund or a deleveraged counterparty took over.
  if (text == "NEW_INSURANCE" || text == "NEW_ADL") return VenueOrderStatus::kNew;
  return StatusOf(text);
}

std::string HedgeWords() {
  return "the account is in hedge mode, the settings say one-way; switch it there "
         "(POST /fapi/v1/positionSide/dual), or set position_mode: hedge";
}

// Incomes that fills say themselves.
bool IsOfTrade(std::string_view type) { return type == "COMMISSION" || type == "REALIZED_PNL"; }

ChangeKind KindOf(std::string_view type) {
  if (type == "FUNDING_FEE") return ChangeKind::kFunding;
  if (type == "INSURANCE_CLEAR") return ChangeKind::kLiquidation;
  if (type == "DELIVERED_SETTELMENT") return ChangeKind::kSettlement;  // the venue's spelling
  if (type.find("TRANSFER") != std::string_view::npos || type == "COIN_SWAP_DEPOSIT" ||
      type == "COIN_SWAP_WITHDRAW")
    return ChangeKind::kTransfer;
  return ChangeKind::kAdjustment;
}

std::string AlgoId(const Integer& id) {
  return absl::StrCat(std::string(kAlgoPrefix), id.value_or(0));
}

// Before it triggers the field is empty, or "0".
std::string ActualId(const Text& id) { return id && *id != "0" ? *id : std::string(); }

bool OfAlgo(const RequestContext& request) {
  if (!request.venue_order_id.empty())
    return request.venue_order_id.text().starts_with(kAlgoPrefix);
  return usdm::IsAlgo(request.type) && request.place == 0;
}

// What each order of a batch would be asked for by itself.
RequestKind MemberKind(RequestKind kind) {
  return kind == RequestKind::kPlaceBatch    ? RequestKind::kPlace
         : kind == RequestKind::kCancelBatch ? RequestKind::kCancel
                                             : kind;
}

std::string_view EndpointOf(const RequestContext& request) {
  const bool algo = OfAlgo(request);
  switch (request.kind) {
    case RequestKind::kPlace:
      return algo ? "POST /fapi/v1/algoOrder" : "POST /fapi/v1/order";
    case RequestKind::kCancel:
      return algo ? "DELETE /fapi/v1/algoOrder" : "DELETE /fapi/v1/order";
    case RequestKind::kAmend:
      return "PUT /fapi/v1/order";
    case RequestKind::kPlaceBatch:
      return "POST /fapi/v1/batchOrders";
    case RequestKind::kCancelBatch:
      return "DELETE /fapi/v1/batchOrders";
    case RequestKind::kQueryOrder:
      return algo ? "GET /fapi/v1/algoOrder" : "GET /fapi/v1/order";
    case RequestKind::kTrades:
      return "GET /fapi/v1/userTrades";
    case RequestKind::kOpenOrders:
      return request.list == 0 ? "GET /fapi/v1/openAlgoOrders" : "GET /fapi/v1/openOrders";
    case RequestKind::kOrderHistory:
      return "GET /fapi/v1/allOrders";
    case RequestKind::kAccount:
      return request.part == 0   ? "GET /fapi/v3/account"
             : request.part == 1 ? "GET /fapi/v1/positionSide/dual"
                                 : "GET /fapi/v1/symbolConfig";
    case RequestKind::kBalanceChanges:
      return "GET /fapi/v1/income";
    case RequestKind::kServerTime:
      return "GET /fapi/v1/time";
    case RequestKind::kMarketData:
      return "GET /fapi/v1/ticker/bookTicker";
    case RequestKind::kKeyRights:
      return "GET /sapi/v1/account/apiRestrictions";
    case RequestKind::kStreamKey:
      return "/fapi/v1/listenKey";
    case RequestKind::kDeadMan:
      return "POST /fapi/v1/countdownCancelAll";
    default:  // not asked through this port
      return "?";
  }
}

// What the algo side says of an order; `update` has its names already.
absl::Status TakeAlgoStatus(std::string_view status, const Integer& algo_id, const Text& actual,
                            OrderUpdate& update) {
  const std::string order = ActualId(actual);
  update.venue_order_id = market::VenueOrderId(order.empty() ? AlgoId(algo_id) : order);
  if (!order.empty()) {
    // It has become an order: its fate is there.
    update.status = VenueOrderStatus::kNew;
    update.triggered = update.elsewhere = true;
    return absl::OkStatus();
  }
  update.cumulative = "0";
  update.triggered = false;
  if (status == "NEW" || status == "TRIGGERING") {
    update.status = VenueOrderStatus::kNew;
  } else if (status == "CANCELED") {
    update.status = VenueOrderStatus::kCanceled;
  } else if (status == "EXPIRED") {
    update.status = VenueOrderStatus::kExpired;
  } else if (status == "REJECTED") {
    // Triggered, and then turned away by the matching engine: it was taken before.
    update.status = VenueOrderStatus::kExpired;
    update.reject_code = std::string(status);
  } else {
    // TRIGGERED and FINISHED name the order; without it they say too little.
    return absl::InvalidArgumentError(
        absl::StrCat("algo status ", std::string(status), " without an order"));
  }
  return absl::OkStatus();
}

}  // namespace

// --- answers -----------------------------------------------------------------

Answer UsdmOrderVenue::Decode(const RequestContext& request, const wire::HttpExchange& exchange) {
  Answer answer;
  answer.evidence = absl::StrCat(std::string(WireOf(exchange)), std::string(EndpointOf(request)),
                                 " ", exchange.status, " #", request.request_id);
  if (!exchange.transport_error.empty()) {
    answer.code = "transport";
    answer.message = exchange.transport_error;
    return answer;
  }
  answer.rate = RateOf(exchange);
  if (exchange.status == 200) {
    if (const absl::Status understood = Understand(request, exchange.body, answer);
        understood.ok()) {
      answer.outcome = OutcomeClass::kConfirmed;
    } else {
      MakeUnparsable(answer, std::string(understood.message()));
    }
    NoteFullOrders(answer);
    return answer;
  }
  answer.code = absl::StrCat(exchange.status);
  const absl::StatusOr<usdm::Acknowledgement> error = reader_.ReadAcknowledgement(exchange.body);
  if (!error.ok()) {
    answer.message = absl::StrCat("HTTP ", exchange.status, ", ", error.status().message());
    return answer;
  }
  answer.code = absl::StrCat(*error->code);
  answer.message = error->message.value_or("");
  const Proof proof = ProofOf(MemberKind(request.kind), exchange.status,
                              static_cast<int>(*error->code), answer.message, Product::kUsdm);
  answer.outcome = ClassOf(proof);
  answer.not_found = proof == Proof::kNotFound;
  NoteFullOrders(answer);
  return answer;
}

// One result an order, an order or an error; of which order an error is, its place says: "the
// order of returned contents is the same as the order of the order list".
absl::Status UsdmOrderVenue::UnderstandBatch(const RequestContext& request, const std::string& body,
                                             Answer& answer) {
  GANNET_ASSIGN_OR_RETURN(const std::vector<usdm::Order> results, reader_.ReadOrders(body));
  if (results.size() != request.targets.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat(results.size(), " results of a batch of ", request.targets.size()));
  }
  for (size_t i = 0; i < results.size(); ++i) {
    LegOutcome& leg = answer.legs.emplace_back();
    if (results[i].code) {
      leg.code = absl::StrCat(*results[i].code);
      leg.message = results[i].message.value_or("");
      constexpr int kRefusedStatus = 400;  // as which the same refusal comes by itself
      // An order that was taken and an error at once: neither is believed of a placement.
      if (request.kind == RequestKind::kPlaceBatch && results[i].order_id) continue;
      leg.outcome =
          ClassOf(ProofOf(MemberKind(request.kind), kRefusedStatus,
                          static_cast<int>(*results[i].code), leg.message, Product::kUsdm));
      continue;
    }
    GANNET_ASSIGN_OR_RETURN(OrderUpdate update, Convert(results[i]));
    if (update.client_order_id != request.targets[i]) {
      return absl::InvalidArgumentError(
          absl::StrCat("the answer speaks of order ", update.client_order_id.text()));
    }
    leg.outcome = OutcomeClass::kConfirmed;
    leg.order = std::move(update);
  }
  return absl::OkStatus();
}

absl::Status UsdmOrderVenue::Understand(const RequestContext& request, const std::string& body,
                                        Answer& answer) {
  switch (request.kind) {
    case RequestKind::kPlaceBatch:
    case RequestKind::kCancelBatch:
      return UnderstandBatch(request, body, answer);
    case RequestKind::kPlace:
    case RequestKind::kCancel:
    case RequestKind::kAmend:
    case RequestKind::kQueryOrder: {
      OrderUpdate update;
      if (OfAlgo(request)) {
        GANNET_ASSIGN_OR_RETURN(const usdm::AlgoOrder order, reader_.ReadAlgoOrder(body));
        if (request.kind == RequestKind::kCancel) {
          // It names the order and says "success"; what became of it is asked for.
          update.client_order_id = market::ClientOrderId(order.client_algo_id.value_or(""));
          update.venue_order_id = market::VenueOrderId(AlgoId(order.algo_id));
          GANNET_RETURN_IF_ERROR(CheckAnswersRequest(update, request));
          if (order.code == "200") return absl::OkStatus();
          return absl::InvalidArgumentError(
              absl::StrCat("a cancel is answered with code ", order.code.value_or("none")));
        }
        GANNET_ASSIGN_OR_RETURN(update, Convert(order));
        // Asked by its first name it may answer with its second.
        const bool moved = update.elsewhere && !request.venue_order_id.empty() &&
                           AlgoId(order.algo_id) == request.venue_order_id.text();
        if (!moved) GANNET_RETURN_IF_ERROR(CheckAnswersRequest(update, request));
      } else {
        GANNET_ASSIGN_OR_RETURN(const usdm::Order order, reader_.ReadOrder(body));
        if (order.code) return absl::InvalidArgumentError("an error code in place of an order");
        GANNET_ASSIGN_OR_RETURN(update, Convert(order));
        GANNET_RETURN_IF_ERROR(CheckAnswersRequest(update, request));
      }
      answer.orders.push_back(std::move(update));
      return absl::OkStatus();
    }
    case RequestKind::kOpenOrders:
      return UnderstandOpenOrders(request.list, body, answer);
    case RequestKind::kOrderHistory:
      return UnderstandOpenOrders(/*list=*/1, body, answer);
    case RequestKind::kTrades: {
      GANNET_ASSIGN_OR_RETURN(const std::vector<usdm::Trade> trades, reader_.ReadTrades(body));
      for (const usdm::Trade& trade : trades) answer.trades.push_back(Convert(trade));
      answer.more_trades = trades.size() >= kRows;
      return absl::OkStatus();
    }
    case RequestKind::kAccount:
      if (request.part == kSymbolsPart) return UnderstandSymbols(body, answer);
      if (request.part == kPositionModePart) return UnderstandPositionMode(body, answer);
      return UnderstandAccount(body, answer);
    case RequestKind::kBalanceChanges:
      return UnderstandChanges(body, answer);
    case RequestKind::kServerTime: {
      GANNET_ASSIGN_OR_RETURN(const int64_t time, reader_.ReadServerTime(body));
      answer.server_time = base::FromUnixMillis(time);
      return absl::OkStatus();
    }
    case RequestKind::kMarketData: {
      GANNET_ASSIGN_OR_RETURN(answer.best, AnswerReader().BookTicker(body));
      return absl::OkStatus();
    }
    case RequestKind::kKeyRights: {
      GANNET_ASSIGN_OR_RETURN(const KeyRestrictions key, AnswerReader().Restrictions(body));
      answer.rights =
          KeyRights{key.futures.value_or(false), *key.may_withdraw, !*key.ip_restricted};
      return absl::OkStatus();
    }
    case RequestKind::kStreamKey:  // its body never comes here
    case RequestKind::kDeadMan:
      return absl::OkStatus();
    default:
      return absl::InvalidArgumentError("an answer to what this port does not ask");
  }
}

absl::Status UsdmOrderVenue::UnderstandOpenOrders(size_t list, const std::string& body,
                                                  Answer& answer) {
  if (list == 0) {
    GANNET_ASSIGN_OR_RETURN(const std::vector<usdm::AlgoOrder> orders,
                            reader_.ReadAlgoOrders(body));
    for (const usdm::AlgoOrder& order : orders) {
      GANNET_ASSIGN_OR_RETURN(OrderUpdate update, Convert(order));
      answer.orders.push_back(std::move(update));
    }
    return absl::OkStatus();
  }
  GANNET_ASSIGN_OR_RETURN(const std::vector<usdm::Order> orders, reader_.ReadOrders(body));
  for (const usdm::Order& order : orders) {
    GANNET_ASSIGN_OR_RETURN(OrderUpdate update, Convert(order));
    answer.orders.push_back(std::move(update));
  }
  return absl::OkStatus();
}

absl::Status UsdmOrderVenue::UnderstandAccount(const std::string& body, Answer& answer) {
  GANNET_ASSIGN_OR_RETURN(const usdm::Account account, reader_.ReadAccount(body));
  for (const usdm::Balance& asset : account.assets) {
    // The wallet: what fills, fees and funding add up to. Margin in use is the gate's
    // business, and what is open at market prices is not money yet.
    const auto wallet = AmountOf(asset.wallet_balance.value_or(""));
    if (!wallet)
      return absl::InvalidArgumentError(absl::StrCat("balance of ", *asset.asset, " is no amount"));
    answer.balances.push_back({market::AssetId(*asset.asset), *wallet, market::Money()});
    answer.balances_time =
        std::max(answer.balances_time, base::FromUnixMillis(asset.update_time.value_or(0)));
  }
  std::vector<PositionEntry>& positions = answer.positions.emplace();
  for (const usdm::Position& position : account.positions) {
    // Of a short position held apart the amount is negative as well.
    if (!AddPosition(positions, InstrumentOf(*position.symbol), position.amount.value_or("")))
      return absl::InvalidArgumentError(
          absl::StrCat("position in ", *position.symbol, " is no quantity"));
    const bool apart = position.side && *position.side != "BOTH";
    if (apart && !options_.setup.hedge && AmountOf(*position.amount) != market::Money())
      answer.unfit = HedgeWords();
  }
  return absl::OkStatus();
}

absl::Status UsdmOrderVenue::UnderstandSymbols(const std::string& body, Answer& answer) {
  GANNET_ASSIGN_OR_RETURN(const std::vector<usdm::Settings> symbols,
                          reader_.ReadSymbolSettings(body));
  const AccountSetup& setup = options_.setup;
  for (const usdm::Settings& symbol : symbols) {
    const auto wanted = setup.leverage.find(symbol.symbol.value_or(""));
    // Of those traded with here: the rest is the account's own business.
    if (wanted == setup.leverage.end()) continue;
    if (symbol.leverage != wanted->second) {
      answer.unfit = absl::StrCat(
          "leverage of ", wanted->first, " is ", symbol.leverage.value_or(0), " at the venue and ",
          wanted->second,
          " in the settings; set it there (POST /fapi/v1/leverage), or correct leverage");
      return absl::OkStatus();
    }
    const bool isolated = symbol.margin_type == "ISOLATED";
    const bool fits =
        setup.margin == MarginMode::kAny || isolated == (setup.margin == MarginMode::kIsolated);
    if (!fits) {
      answer.unfit =
          absl::StrCat("margin of ", wanted->first, " is ", symbol.margin_type.value_or("unknown"),
                       " at the venue and the settings ask for the other; set it there "
                       "(POST /fapi/v1/marginType), or correct margin_mode");
      return absl::OkStatus();
    }
  }
  for (const auto& [name, leverage] : setup.leverage) {
    const bool stated = std::any_of(symbols.begin(), symbols.end(),
                                    [&](const auto& symbol) { return symbol.symbol == name; });
    if (!stated) {
      answer.unfit =
          absl::StrCat("the venue says nothing of ", name, "; correct its name in leverage");
      return absl::OkStatus();
    }
  }
  return absl::OkStatus();
}

absl::Status UsdmOrderVenue::UnderstandPositionMode(const std::string& body, Answer& answer) {
  GANNET_ASSIGN_OR_RETURN(const usdm::Settings mode, reader_.ReadSettings(body));
  if (!mode.dual_side_position) return absl::InvalidArgumentError("dualSidePosition is missing");
  const bool hedge = *mode.dual_side_position;
  if (hedge == options_.setup.hedge) return absl::OkStatus();
  answer.unfit = hedge ? HedgeWords()
                       : "the account is in one-way mode, the settings say hedge; switch it there "
                         "(POST /fapi/v1/positionSide/dual), or set position_mode: one-way";
  return absl::OkStatus();
}

absl::Status UsdmOrderVenue::UnderstandChanges(const std::string& body, Answer& answer) {
  GANNET_ASSIGN_OR_RETURN(const std::vector<usdm::IncomeRow> rows, reader_.ReadIncome(body));
  for (const usdm::IncomeRow& row : rows) {
    answer.changes_until = std::max(answer.changes_until, base::FromUnixMillis(*row.time));
    if (IsOfTrade(*row.type)) continue;
    const auto amount = AmountOf(*row.amount);
    if (!amount)
      return absl::InvalidArgumentError(absl::StrCat("income ", *row.amount, " is no amount"));
    BalanceChange change;
    change.kind = KindOf(*row.type);
    change.asset = market::AssetId(*row.asset);
    change.amount = *amount;
    change.id =
        absl::StrCat("income:", Name(change.kind), ":", *row.type, ":", *row.transaction_id);
    // The trade that closes the position brings the result.
    if (change.kind == ChangeKind::kSettlement) change.kind = ChangeKind::kRealized;
    if (!row.symbol.value_or("").empty()) change.instrument = InstrumentOf(*row.symbol);
    change.time = base::FromUnixMillis(*row.time);
    answer.changes.push_back(std::move(change));
  }
  std::stable_sort(answer.changes.begin(), answer.changes.end(),
                   [](const BalanceChange& a, const BalanceChange& b) { return a.time < b.time; });
  answer.more_changes = rows.size() >= kRows;
  return absl::OkStatus();
}

absl::StatusOr<OrderUpdate> UsdmOrderVenue::Convert(const usdm::Order& order) const {
  if (!order.order_id || !order.symbol || !order.status)
    return absl::InvalidArgumentError("an order without id, symbol or status");
  OrderUpdate update;
  update.instrument = InstrumentOf(*order.symbol);
  update.client_order_id = market::ClientOrderId(order.client_order_id.value_or(""));
  update.venue_order_id = market::VenueOrderId(absl::StrCat(*order.order_id));
  const auto status = OrderStatusOf(*order.status);
  const auto side = SideOf(order.side.value_or(""));
  const auto type = TypeOf(order.original_type ? *order.original_type : order.type.value_or(""));
  if (!status)
    return absl::InvalidArgumentError(absl::StrCat("unknown order status ", *order.status));
  if (!side)
    return absl::InvalidArgumentError(absl::StrCat("unknown side ", order.side.value_or("")));
  if (!type)
    return absl::InvalidArgumentError(absl::StrCat("unknown order type ", order.type.value_or("")));
  update.status = *status;
  update.side = *side;
  update.type = *type;
  update.time_in_force = TimeInForceOf(order.time_in_force.value_or(""));
  if (usdm::IsAlgo(*type)) update.triggered = true;  // it is an order by now
  update.price = order.price.value_or("");
  update.stop_price = order.stop_price.value_or("");
  update.quantity = order.original_quantity.value_or("");
  update.cumulative = order.executed_quantity.value_or("");
  update.time = base::FromUnixMillis(order.update_time.value_or(order.time.value_or(0)));
  if (order.status == "EXPIRED_IN_MATCH") update.reject_code = *order.status;
  return update;
}

absl::StatusOr<OrderUpdate> UsdmOrderVenue::Convert(const usdm::AlgoOrder& order) const {
  if (!order.symbol || !order.status)
    return absl::InvalidArgumentError("an algo order without symbol or status");
  OrderUpdate update;
  update.instrument = InstrumentOf(*order.symbol);
  update.client_order_id = market::ClientOrderId(order.client_algo_id.value_or(""));
  const auto side = SideOf(order.side.value_or(""));
  const auto type = TypeOf(order.order_type.value_or(""));
  if (!side)
    return absl::InvalidArgumentError(absl::StrCat("unknown side ", order.side.value_or("")));
  if (!type)
    return absl::InvalidArgumentError(
        absl::StrCat("unknown order type ", order.order_type.value_or("")));
  update.side = *side;
  update.type = *type;
  update.time_in_force = TimeInForceOf(order.time_in_force.value_or(""));
  update.price = order.price.value_or("");
  update.stop_price = order.trigger_price.value_or("");
  update.quantity = order.quantity.value_or("");
  update.time = base::FromUnixMillis(order.update_time.value_or(order.create_time.value_or(0)));
  GANNET_RETURN_IF_ERROR(
      TakeAlgoStatus(*order.status, order.algo_id, order.actual_order_id, update));
  return update;
}

TradeUpdate UsdmOrderVenue::Convert(const usdm::Trade& source) const {
  TradeUpdate trade;
  trade.instrument = InstrumentOf(*source.symbol);
  trade.venue_order_id = market::VenueOrderId(absl::StrCat(*source.order_id));
  trade.trade_id = absl::StrCat(*source.trade_id);
  if (const auto side = SideOf(source.side.value_or(""))) {
    trade.side = *side;
    trade.side_known = true;
  }
  trade.price = *source.price;
  trade.quantity = *source.quantity;
  trade.fee = source.commission.value_or("");
  trade.fee_asset = market::AssetId(source.commission_asset.value_or(""));
  trade.realized = source.realized_pnl.value_or("");
  trade.liquidity =
      source.is_maker.value_or(false) ? market::Liquidity::kMaker : market::Liquidity::kTaker;
  trade.time = base::FromUnixMillis(source.time.value_or(0));
  return trade;
}

// --- stream ------------------------------------------------------------------

StreamUpdate UsdmOrderVenue::Convert(const usdm::OrderEvent& event) const {
  StreamUpdate out;
  const int64_t trade_id = event.trade_id.value_or(0);
  out.evidence = absl::StrCat("stream:ORDER_TRADE_UPDATE:", *event.symbol, ":", *event.order_id,
                              ":", *event.execution_type, ":", event.transaction_time.value_or(0),
                              trade_id > 0 ? absl::StrCat(":", trade_id) : "");
  const auto status = OrderStatusOf(*event.status);
  const auto side = SideOf(*event.side);
  const auto type = TypeOf(event.original_type ? *event.original_type : event.type.value_or(""));
  if (!status || !side || !type) {
    out.kind = StreamKind::kBadFrame;
    out.detail = absl::StrCat("ORDER_TRADE_UPDATE with status ", *event.status, ", side ",
                              *event.side, ", type ", event.type.value_or(""));
    return out;
  }
  out.kind = StreamKind::kOrder;
  out.time = base::FromUnixMillis(event.event_time.value_or(0));
  OrderUpdate& update = out.order.emplace();
  update.instrument = InstrumentOf(*event.symbol);
  update.client_order_id = market::ClientOrderId(*event.client_order_id);
  update.venue_order_id = market::VenueOrderId(absl::StrCat(*event.order_id));
  update.side = *side;
  update.type = *type;
  update.time_in_force = TimeInForceOf(event.time_in_force.value_or(""));
  update.status = *status;
  update.price = event.price.value_or("");
  update.stop_price = event.stop_price.value_or("");
  update.quantity = *event.quantity;
  update.cumulative = *event.cumulative;
  if (usdm::IsAlgo(*type)) update.triggered = true;
  update.time = base::FromUnixMillis(event.transaction_time.value_or(0));
  if (*event.status == "EXPIRED_IN_MATCH") update.reject_code = *event.status;
  // CALCULATED: executed by a liquidation.
  if (trade_id <= 0 || (*event.execution_type != "TRADE" && *event.execution_type != "CALCULATED"))
    return out;
  TradeUpdate& trade = update.trade.emplace();
  trade.instrument = update.instrument;
  trade.venue_order_id = update.venue_order_id;
  trade.trade_id = absl::StrCat(trade_id);
  trade.side = *side;
  trade.side_known = true;
  trade.price = event.last_price.value_or("");
  trade.quantity = event.last_quantity.value_or("");
  trade.fee = event.commission.value_or("");
  trade.fee_asset = market::AssetId(event.commission_asset.value_or(""));
  trade.realized = event.realized_profit.value_or("");
  trade.liquidity =
      event.is_maker.value_or(false) ? market::Liquidity::kMaker : market::Liquidity::kTaker;
  trade.time = base::FromUnixMillis(event.trade_time.value_or(event.transaction_time.value_or(0)));
  return out;
}

StreamUpdate UsdmOrderVenue::Convert(const usdm::AlgoEvent& event) const {
  StreamUpdate out;
  out.evidence = absl::StrCat("stream:ALGO_UPDATE:", *event.symbol, ":", *event.algo_id, ":",
                              *event.status, ":", event.transaction_time.value_or(0));
  OrderUpdate update;
  update.instrument = InstrumentOf(*event.symbol);
  update.client_order_id = market::ClientOrderId(event.client_algo_id.value_or(""));
  const auto side = SideOf(event.side.value_or(""));
  const auto type = TypeOf(event.order_type.value_or(""));
  const absl::Status status =
      TakeAlgoStatus(*event.status, event.algo_id, event.actual_order_id, update);
  if (!side || !type || !status.ok()) {
    out.kind = StreamKind::kBadFrame;
    out.detail = absl::StrCat("ALGO_UPDATE with status ", *event.status, ", side ",
                              event.side.value_or(""), ", type ", event.order_type.value_or(""));
    return out;
  }
  update.side = *side;
  update.type = *type;
  update.time_in_force = TimeInForceOf(event.time_in_force.value_or(""));
  update.price = event.price.value_or("");
  update.stop_price = event.trigger_price.value_or("");
  update.quantity = event.quantity.value_or("");
  update.time = base::FromUnixMillis(event.transaction_time.value_or(0));
  if (event.reject_reason && update.status == VenueOrderStatus::kExpired)
    update.reject_code = *event.reject_reason;
  out.kind = StreamKind::kOrder;
  out.time = base::FromUnixMillis(event.event_time.value_or(0));
  out.order = std::move(update);
  return out;
}

StreamUpdate UsdmOrderVenue::Convert(const usdm::AccountEvent& event) const {
  StreamUpdate out;
  out.evidence =
      absl::StrCat("stream:ACCOUNT_UPDATE:", event.reason, ":", event.transaction_time.value_or(0));
  out.time = base::FromUnixMillis(event.transaction_time.value_or(0));
  for (const usdm::BalanceChange& balance : event.balances) {
    const auto wallet = AmountOf(*balance.wallet_balance);
    if (!wallet) {
      out.balances.clear();
      out.kind = StreamKind::kBadFrame;
      out.detail = absl::StrCat("balance of ", *balance.asset, " is no amount");
      return out;
    }
    out.balances.push_back({market::AssetId(*balance.asset), *wallet, market::Money()});
  }
  out.kind = event.reason == "ORDER" ? StreamKind::kBalances : StreamKind::kChangesBooked;
  out.detail = event.reason;
  return out;
}

StreamUpdate UsdmOrderVenue::DecodeFrame(std::string_view text) {
  const absl::StatusOr<usdm::StreamEvent> event = reader_.ReadEvent(text);
  StreamUpdate out;
  if (!event.ok()) {
    out.kind = StreamKind::kBadFrame;
    out.detail = std::string(event.status().message());
    return out;
  }
  if (const auto* order = std::get_if<usdm::OrderEvent>(&*event)) return Convert(*order);
  if (const auto* algo = std::get_if<usdm::AlgoEvent>(&*event)) return Convert(*algo);
  if (const auto* account = std::get_if<usdm::AccountEvent>(&*event)) return Convert(*account);
  if (std::holds_alternative<usdm::KeyExpired>(*event)) {
    out.kind = StreamKind::kEnding;
    out.detail = "listenKeyExpired";
    return out;
  }
  out.detail = std::get<usdm::OtherEvent>(*event).event;
  return out;
}

}  // namespace gannet::venue::binance
