#include <algorithm>

#include "absl/strings/str_cat.h"
#include "libs/base/status.h"
#include "libs/venue/answer_parts.h"
#include "libs/venue/binance/answer_words.h"
#include "libs/venue/binance/error_codes.h"
#include "libs/venue/binance/spot_order_venue.h"

namespace gannet::venue::binance {
namespace {

struct TypeRow {
  std::string_view name;
  market::OrderType type;
  bool stop;
};
constexpr TypeRow kTypes[] = {
    {"LIMIT", market::OrderType::kLimit, false},
    {"LIMIT_MAKER", market::OrderType::kLimit, false},
    {"MARKET", market::OrderType::kMarket, false},
    {"STOP_LOSS", market::OrderType::kStop, true},
    {"STOP_LOSS_LIMIT", market::OrderType::kStopLimit, true},
    {"TAKE_PROFIT", market::OrderType::kTakeProfit, true},
    {"TAKE_PROFIT_LIMIT", market::OrderType::kTakeProfitLimit, true},
};
const TypeRow* TypeOf(std::string_view name) {
  const auto* found = std::find_if(std::begin(kTypes), std::end(kTypes),
                                   [name](const TypeRow& row) { return row.name == name; });
  return found == std::end(kTypes) ? nullptr : found;
}

market::TimeInForce TimeInForceOf(std::string_view type, std::string_view text) {
  if (type == "LIMIT_MAKER") return market::TimeInForce::kPostOnly;
  if (text == "IOC") return market::TimeInForce::kIoc;
  if (text == "FOK") return market::TimeInForce::kFok;
  return market::TimeInForce::kGtc;
}

std::string Evidence(const RequestContext& request, std::string_view method_and_path,
                     const wire::HttpExchange& exchange) {
  return absl::StrCat(std::string(WireOf(exchange)), std::string(method_and_path), " ",
                      exchange.status, " #", request.request_id);
}

bool IsOrderRequest(RequestKind kind) {
  return kind == RequestKind::kPlace || kind == RequestKind::kCancel ||
         kind == RequestKind::kQueryOrder || kind == RequestKind::kAmend;
}

}  // namespace

// --- answers -----------------------------------------------------------------

Answer SpotOrderVenue::Decode(const RequestContext& request, const wire::HttpExchange& exchange) {
  Answer answer;
  answer.evidence = Evidence(request, EndpointOf(request.kind), exchange);
  if (!exchange.transport_error.empty()) {
    answer.code = "transport";
    answer.message = exchange.transport_error;
    return answer;
  }
  answer.rate = RateOf(exchange);
  if (request.kind == RequestKind::kCancelReplace) {
    DecodeCancelReplace(request, exchange, answer);
  } else if (exchange.status == 200) {
    DecodeSuccess(request, exchange.body, answer);
  } else {
    DecodeError(request, exchange, answer);
  }
  NoteFullOrders(answer);
  return answer;
}

void SpotOrderVenue::DecodeError(const RequestContext& request, const wire::HttpExchange& exchange,
                                 Answer& answer) {
  answer.code = absl::StrCat(exchange.status);
  const absl::StatusOr<SpotError> error = answers_.Error(exchange.body);
  if (!error.ok()) {
    answer.message = absl::StrCat("HTTP ", exchange.status, ", ", error.status().message());
    return;
  }
  answer.code = absl::StrCat(error->code);
  answer.message = error->message;
  const Proof proof = ProofOf(request.kind, exchange.status, error->code, error->message);
  answer.outcome = ClassOf(proof);
  answer.not_found = proof == Proof::kNotFound;
}

void SpotOrderVenue::DecodeSuccess(const RequestContext& request, const std::string& body,
                                   Answer& answer) {
  const auto understood = [&]() -> absl::Status {
    if (IsOrderRequest(request.kind)) {
      GANNET_ASSIGN_OR_RETURN(const SpotOrder order, request.kind == RequestKind::kAmend
                                                         ? answers_.Amended(body)
                                                         : answers_.Order(body));
      GANNET_ASSIGN_OR_RETURN(const OrderUpdate update, Convert(order, request));
      for (const SpotFill& fill : order.fills.value_or(std::vector<SpotFill>()))
        answer.trades.push_back(Convert(fill, update));
      answer.orders.push_back(update);
      return absl::OkStatus();
    }
    if (request.kind == RequestKind::kOpenOrders || request.kind == RequestKind::kOrderHistory) {
      GANNET_ASSIGN_OR_RETURN(const std::vector<SpotOrder> orders, answers_.Orders(body));
      for (const SpotOrder& order : orders) {
        GANNET_ASSIGN_OR_RETURN(OrderUpdate update, Convert(order, market::ClientOrderId()));
        answer.orders.push_back(std::move(update));
      }
      return absl::OkStatus();
    }
    if (request.kind == RequestKind::kTrades) {
      GANNET_ASSIGN_OR_RETURN(const std::vector<SpotTrade> trades, answers_.Trades(body));
      for (const SpotTrade& trade : trades) answer.trades.push_back(Convert(trade));
      answer.more_trades = trades.size() >= kTradesLimit;
      return absl::OkStatus();
    }
    if (request.kind == RequestKind::kAccount) {
      GANNET_ASSIGN_OR_RETURN(const SpotAccount account, answers_.Account(body));
      for (const SpotBalance& balance : account.balances) {
        const auto free = AmountOf(balance.free), locked = AmountOf(balance.locked);
        if (!free || !locked)
          return absl::InvalidArgumentError(
              absl::StrCat("balance of ", balance.asset, " is no amount"));
        answer.balances.push_back({market::AssetId(balance.asset), *free, *locked});
      }
      answer.balances_time = base::FromUnixMillis(account.update_time.value_or(0));
      return absl::OkStatus();
    }
    if (request.kind == RequestKind::kKeyRights) {
      GANNET_ASSIGN_OR_RETURN(const KeyRestrictions key, answers_.Restrictions(body));
      answer.rights = KeyRights{key.spot.value_or(false), *key.may_withdraw, !*key.ip_restricted};
      return absl::OkStatus();
    }
    if (request.kind == RequestKind::kMarketData) {
      GANNET_ASSIGN_OR_RETURN(answer.best, answers_.BookTicker(body));
      return absl::OkStatus();
    }
    GANNET_ASSIGN_OR_RETURN(const int64_t time, answers_.ServerTime(body));
    answer.server_time = base::FromUnixMillis(time);
    return absl::OkStatus();
  }();
  if (understood.ok()) {
    answer.outcome = OutcomeClass::kConfirmed;
    return;
  }
  // A half-understood answer is not understood.
  answer.orders.clear();
  answer.trades.clear();
  answer.balances.clear();
  answer.code = "unparsable";
  answer.message = std::string(understood.message());
}

void SpotOrderVenue::DecodeCancelReplace(const RequestContext& request,
                                         const wire::HttpExchange& exchange, Answer& answer) {
  answer.code = absl::StrCat(exchange.status);
  const absl::StatusOr<SpotCancelReplace> legs = answers_.CancelReplace(exchange.body);
  if (!legs.ok()) {
    answer.message = std::string(legs.status().message());
    return;
  }
  if (legs->error) {
    answer.code = absl::StrCat(legs->error->code);
    answer.message = legs->error->message;
  }
  // With results by leg, the body says more than the status (409: one of two
  // failed). Without, it is an error answer to the whole request.
  const bool by_leg = !legs->cancel.result.empty();
  if (!by_leg) {
    const Proof proof =
        ProofOf(RequestKind::kPlace, exchange.status, legs->error->code, legs->error->message);
    if (proof == Proof::kUnknown) return;
    answer.outcome = ClassOf(proof);
    // What became of the target is asked in any case.
    answer.cancel_leg = LegOutcome{OutcomeClass::kRefused, true, answer.code, answer.message, {}};
    answer.new_leg = LegOutcome{answer.outcome, true, answer.code, answer.message, {}};
    return;
  }
  if (exchange.status != 200 && exchange.status != 400 && exchange.status != 409) return;
  answer.cancel_leg = Leg(RequestKind::kCancel, legs->cancel, request.target);
  answer.new_leg = Leg(RequestKind::kPlace, legs->placed, request.client_order_id);
  answer.outcome = OutcomeClass::kConfirmed;
  for (const auto& [leg, raw] :
       {std::pair(&*answer.cancel_leg, &legs->cancel), {&*answer.new_leg, &legs->placed}}) {
    if (leg->outcome == OutcomeClass::kUnknown) answer.outcome = OutcomeClass::kUnknown;
    if (leg->order && raw->order && raw->order->fills) {
      for (const SpotFill& fill : *raw->order->fills)
        answer.trades.push_back(Convert(fill, *leg->order));
    }
  }
}

LegOutcome SpotOrderVenue::Leg(RequestKind kind, const SpotLeg& leg,
                               const market::ClientOrderId& order) const {
  LegOutcome outcome;
  if (leg.result == "NOT_ATTEMPTED") {
    // The first leg may have failed because another copy of the request had succeeded.
    outcome.outcome =
        kind == RequestKind::kPlace ? OutcomeClass::kTurnedAway : OutcomeClass::kRefused;
    outcome.attempted = false;
    outcome.message = "not attempted";
  } else if (leg.result == "SUCCESS" && leg.order) {
    absl::StatusOr<OrderUpdate> update = Convert(*leg.order, order);
    if (update.ok()) {
      outcome.outcome = OutcomeClass::kConfirmed;
      outcome.order = *std::move(update);
    } else {
      outcome.message = std::string(update.status().message());
    }
  } else if (leg.result == "FAILURE" && leg.error) {
    outcome.code = absl::StrCat(leg.error->code);
    outcome.message = leg.error->message;
    // The leg's own FAILURE stands in for the status 400 of a single request;
    // -1015 (order limit) then turns the order away too.
    outcome.outcome = leg.error->code == -1015
                          ? OutcomeClass::kTurnedAway
                          : ClassOf(ProofOf(kind, 400, leg.error->code, leg.error->message));
  }
  return outcome;
}

absl::StatusOr<OrderUpdate> SpotOrderVenue::Convert(const SpotOrder& order,
                                                    const RequestContext& request) const {
  const bool by_venue_id = !request.venue_order_id.empty();
  const market::ClientOrderId& own =
      request.kind == RequestKind::kCancel ? request.target : request.client_order_id;
  GANNET_ASSIGN_OR_RETURN(OrderUpdate update,
                          Convert(order, by_venue_id ? market::ClientOrderId() : own));
  if (by_venue_id && update.venue_order_id != request.venue_order_id) {
    return absl::InvalidArgumentError(
        absl::StrCat("the answer speaks of venue order ", update.venue_order_id.text()));
  }
  return update;
}

absl::StatusOr<OrderUpdate> SpotOrderVenue::Convert(const SpotOrder& order,
                                                    const market::ClientOrderId& expected) const {
  OrderUpdate update;
  update.instrument = InstrumentOf(order.symbol);
  update.client_order_id = market::ClientOrderId(order.original_client_order_id &&
                                                         !order.original_client_order_id->empty()
                                                     ? *order.original_client_order_id
                                                     : order.client_order_id);
  if (!expected.empty() && update.client_order_id != expected) {
    return absl::InvalidArgumentError(
        absl::StrCat("the answer speaks of order ", update.client_order_id.text()));
  }
  update.venue_order_id = market::VenueOrderId(absl::StrCat(order.order_id));
  const std::optional<VenueOrderStatus> status =
      order.status ? StatusOf(*order.status) : VenueOrderStatus::kNew;
  if (!status)
    return absl::InvalidArgumentError(absl::StrCat("unknown order status ", *order.status));
  update.status = *status;
  if (order.side) {
    const std::optional<market::Side> side = SideOf(*order.side);
    if (!side) return absl::InvalidArgumentError(absl::StrCat("unknown side ", *order.side));
    update.side = *side;
  }
  if (order.type) {
    const TypeRow* type = TypeOf(*order.type);
    if (type == nullptr)
      return absl::InvalidArgumentError(absl::StrCat("unknown order type ", *order.type));
    update.type = type->type;
    update.time_in_force = TimeInForceOf(*order.type, order.time_in_force.value_or(""));
    if (type->stop)
      update.triggered = order.is_working.value_or(order.working_time.value_or(-1) > 0);
  }
  update.price = order.price.value_or("");
  update.stop_price = order.stop_price.value_or("");
  update.quantity = order.original_quantity.value_or("");
  update.cumulative = order.executed_quantity.value_or("");
  update.time = base::FromUnixMillis(order.update_time.value_or(order.transact_time.value_or(0)));
  if (order.status == "EXPIRED_IN_MATCH") update.reject_code = *order.status;
  return update;
}

TradeUpdate SpotOrderVenue::Convert(const SpotFill& fill, const OrderUpdate& order) const {
  TradeUpdate trade;
  trade.instrument = order.instrument;
  trade.venue_order_id = order.venue_order_id;
  trade.trade_id = fill.trade_id >= 0 ? absl::StrCat(fill.trade_id)
                                      : absl::StrCat("alloc:", fill.allocation_id.value_or(-1));
  trade.side = order.side;
  trade.side_known = true;
  trade.price = fill.price;
  trade.quantity = fill.quantity;
  trade.fee = fill.commission;
  trade.fee_asset = market::AssetId(fill.commission_asset);
  trade.liquidity =
      market::Liquidity::kTaker;  // fills in the answer to placing are of the arriving order
  trade.time = order.time;
  return trade;
}

TradeUpdate SpotOrderVenue::Convert(const SpotTrade& source) const {
  TradeUpdate trade;
  trade.instrument = InstrumentOf(source.symbol);
  trade.venue_order_id = market::VenueOrderId(absl::StrCat(source.order_id));
  trade.trade_id = absl::StrCat(source.trade_id);
  trade.side = source.is_buyer ? market::Side::kBuy : market::Side::kSell;
  trade.side_known = true;
  trade.price = source.price;
  trade.quantity = source.quantity;
  trade.fee = source.commission;
  trade.fee_asset = market::AssetId(source.commission_asset);
  trade.liquidity = source.is_maker ? market::Liquidity::kMaker : market::Liquidity::kTaker;
  trade.time = base::FromUnixMillis(source.time);
  return trade;
}

// --- stream ------------------------------------------------------------------

StreamUpdate SpotOrderVenue::Convert(const ExecutionReport& report) const {
  StreamUpdate out;
  out.evidence = absl::StrCat("stream:executionReport:", report.symbol, ":", report.order_id, ":",
                              report.execution_type, ":", report.transaction_time,
                              report.trade_id >= 0 ? absl::StrCat(":", report.trade_id) : "");
  const std::optional<VenueOrderStatus> status = StatusOf(report.status);
  const std::optional<market::Side> side = SideOf(report.side);
  const TypeRow* type = TypeOf(report.type);
  if (!status || !side || type == nullptr) {
    out.kind = StreamKind::kBadFrame;
    out.detail = absl::StrCat("executionReport with status ", report.status, ", side ", report.side,
                              ", type ", report.type);
    return out;
  }
  out.kind = StreamKind::kOrder;
  out.time = base::FromUnixMillis(report.event_time);
  OrderUpdate& update = out.order.emplace();
  update.instrument = InstrumentOf(report.symbol);
  update.client_order_id = market::ClientOrderId(report.original_client_order_id.empty()
                                                     ? report.client_order_id
                                                     : report.original_client_order_id);
  update.venue_order_id = market::VenueOrderId(absl::StrCat(report.order_id));
  update.side = *side;
  update.type = type->type;
  update.time_in_force = TimeInForceOf(report.type, report.time_in_force);
  update.status = *status;
  update.price = report.price;
  update.stop_price = report.stop_price;
  update.quantity = report.quantity;
  update.cumulative = report.cumulative;
  if (type->stop) update.triggered = report.on_book || report.working_time.value_or(-1) > 0;
  update.time = base::FromUnixMillis(report.transaction_time);
  if (report.reject_reason != "NONE") update.reject_code = report.reject_reason;
  if (report.execution_type != "TRADE") return out;

  TradeUpdate& trade = update.trade.emplace();
  trade.instrument = update.instrument;
  trade.venue_order_id = update.venue_order_id;
  trade.trade_id = report.trade_id >= 0 ? absl::StrCat(report.trade_id)
                                        : absl::StrCat("alloc:", report.allocation_id.value_or(-1));
  trade.side = *side;
  trade.side_known = true;
  trade.price = report.last_price;
  trade.quantity = report.last_quantity;
  trade.fee = report.commission;
  trade.fee_asset = market::AssetId(report.commission_asset.value_or(""));
  trade.liquidity = report.is_maker ? market::Liquidity::kMaker : market::Liquidity::kTaker;
  trade.time = update.time;
  return out;
}

StreamUpdate SpotOrderVenue::DecodeFrame(std::string_view text) {
  StreamUpdate out;
  const absl::StatusOr<UserFrame> frame = stream_.Read(text);
  if (!frame.ok()) {
    out.kind = StreamKind::kBadFrame;
    out.detail = std::string(frame.status().message());
    return out;
  }
  if (const auto* report = std::get_if<ExecutionReport>(&frame->content)) return Convert(*report);
  if (const auto* position = std::get_if<AccountPosition>(&frame->content)) {
    out.kind = StreamKind::kBalances;
    out.evidence = absl::StrCat("stream:outboundAccountPosition:", position->update_time);
    out.time = base::FromUnixMillis(position->update_time);
    for (const SpotBalance& balance : position->balances) {
      const auto free = AmountOf(balance.free), locked = AmountOf(balance.locked);
      if (!free || !locked) {
        out = StreamUpdate{};
        out.kind = StreamKind::kBadFrame;
        out.detail = absl::StrCat("balance of ", balance.asset, " is no amount");
        return out;
      }
      out.balances.push_back({market::AssetId(balance.asset), *free, *locked});
    }
    return out;
  }
  if (const auto* delta = std::get_if<BalanceDelta>(&frame->content)) {
    const auto amount = AmountOf(delta->delta);
    out.kind = amount ? StreamKind::kBalanceChange : StreamKind::kBadFrame;
    out.evidence = absl::StrCat("stream:balanceUpdate:", delta->asset, ":", delta->clear_time, ":",
                                delta->delta);
    out.time = base::FromUnixMillis(delta->clear_time);
    if (amount) out.balance_delta.emplace(market::AssetId(delta->asset), *amount);
    return out;
  }
  if (const auto* end = std::get_if<StreamTerminated>(&frame->content)) {
    out.kind = StreamKind::kEnding;
    out.detail = end->event;
    return out;
  }
  if (const auto* response = std::get_if<ApiResponse>(&frame->content)) {
    if (response->id != kSubscribeId) {
      out.detail = "answer to another request";
    } else if (response->status == 200) {
      out.kind = StreamKind::kSubscribed;
    } else {
      out.kind = StreamKind::kSubscribeFailed;
      out.detail = response->error
                       ? absl::StrCat(response->error->code, " ", response->error->message)
                       : absl::StrCat("status ", response->status);
    }
    return out;
  }
  out.detail = std::get<OtherEvent>(frame->content).event;
  return out;
}

}  // namespace gannet::venue::binance
