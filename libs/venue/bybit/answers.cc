#include "libs/venue/bybit/answers.h"

#include "libs/base/concat.h"
#include "libs/base/status.h"
#include "libs/market/decimal.h"
#include "libs/venue/answer_parts.h"
#include "libs/venue/bybit/outcomes.h"

namespace gannet::venue::bybit {
namespace {

using base::Concat;

struct StatusRow {
  std::string_view text;
  VenueOrderStatus status;
  std::optional<bool> triggered;
};
// enum page, orderStatus.
constexpr StatusRow kStatuses[] = {
    {"New", VenueOrderStatus::kNew, std::nullopt},
    {"PartiallyFilled", VenueOrderStatus::kPartiallyFilled, std::nullopt},
    {"Untriggered", VenueOrderStatus::kNew, false},
    {"Triggered", VenueOrderStatus::kNew, true},
    {"Filled", VenueOrderStatus::kFilled, std::nullopt},
    {"Cancelled", VenueOrderStatus::kCanceled, std::nullopt},
    {"PartiallyFilledCanceled", VenueOrderStatus::kCanceled, std::nullopt},
    {"Deactivated", VenueOrderStatus::kCanceled, false},
    {"Rejected", VenueOrderStatus::kRejected, std::nullopt},
};

absl::Status Undocumented(std::string_view what, std::string_view word) {
  return absl::InvalidArgumentError(Concat({"unknown ", what, " ", word}));
}

base::Time MillisOf(const Text& text) {
  const auto millis = market::ParseDecimal(text.value_or(""), 0);
  constexpr int64_t kLast = 9'223'372'036'854;  // that fits nanoseconds in int64
  return base::FromUnixMillis(millis && *millis > 0 && *millis <= kLast ? *millis : 0);
}

bool Means(const Text& text) { return text && !text->empty() && *text != "UNKNOWN"; }

market::OrderType TypeOf(const Order& order) {
  const bool limited = order.order_type == "Limit";
  if (!Means(order.stop_order_type))
    return limited ? market::OrderType::kLimit : market::OrderType::kMarket;
  if (*order.stop_order_type == "TrailingStop") return market::OrderType::kTrailingStop;
  if (order.stop_order_type->find("TakeProfit") != std::string::npos)
    return limited ? market::OrderType::kTakeProfitLimit : market::OrderType::kTakeProfit;
  return limited ? market::OrderType::kStopLimit : market::OrderType::kStop;
}

market::TimeInForce TimeInForceOf(std::string_view text) {
  if (text == "IOC") return market::TimeInForce::kIoc;
  if (text == "FOK") return market::TimeInForce::kFok;
  if (text == "PostOnly") return market::TimeInForce::kPostOnly;
  return market::TimeInForce::kGtc;
}

bool IsAction(RequestKind kind) {
  switch (kind) {
    case RequestKind::kPlace:
    case RequestKind::kCancel:
    case RequestKind::kAmend:
    case RequestKind::kCancelAll:
      return true;
    default:
      return false;
  }
}

// The members of a batch have codes of their own: no class speaks for all of them.
bool IsBatch(RequestKind kind) {
  return kind == RequestKind::kPlaceBatch || kind == RequestKind::kAmendBatch ||
         kind == RequestKind::kCancelBatch;
}

absl::Status ReadOrders(Reader& reader, std::string_view venue, const RequestContext& request,
                        const std::string& result, Answer& answer) {
  GANNET_ASSIGN_OR_RETURN(const List<Order> list, reader.ReadOrders(result));
  for (const Order& order : list.rows) {
    GANNET_ASSIGN_OR_RETURN(OrderUpdate update, Convert(order, venue));
    if (request.kind == RequestKind::kQueryOrder)
      GANNET_RETURN_IF_ERROR(CheckAnswersRequest(update, request));
    answer.orders.push_back(std::move(update));
  }
  // The query answers with an empty list where others have a code.
  if (request.kind == RequestKind::kQueryOrder && answer.orders.empty()) answer.not_found = true;
  return absl::OkStatus();
}

absl::Status ReadWallets(Reader& reader, const std::string& result, Answer& answer) {
  GANNET_ASSIGN_OR_RETURN(const List<Wallet> list, reader.ReadWallets(result));
  for (const Wallet& wallet : list.rows) {
    for (const Coin& coin : wallet.coins) {
      const std::optional<BalanceEntry> entry = BalanceOf(coin);
      if (!entry) {
        return absl::InvalidArgumentError(
            Concat({"balance of ", coin.coin.value_or(""), " is no amount"}));
      }
      answer.balances.push_back(*entry);
    }
  }
  return absl::OkStatus();
}

absl::Status ReadResult(Reader& reader, std::string_view venue, Category category,
                        const RequestContext& request, const Envelope& envelope, Answer& answer) {
  switch (request.kind) {
    case RequestKind::kQueryOrder:
    case RequestKind::kOpenOrders:
    case RequestKind::kOrderHistory:
      return ReadOrders(reader, venue, request, envelope.result, answer);
    case RequestKind::kTrades: {
      GANNET_ASSIGN_OR_RETURN(const List<Execution> list, reader.ReadExecutions(envelope.result));
      for (const Execution& execution : list.rows) {
        if (auto trade = Convert(execution, venue)) answer.trades.push_back(*std::move(trade));
      }
      answer.more_trades = !list.cursor.empty() && !list.rows.empty();
      answer.cursor = list.cursor;
      return absl::OkStatus();
    }
    case RequestKind::kAccount:
      if (envelope.time) answer.balances_time = base::FromUnixMillis(*envelope.time);
      return ReadWallets(reader, envelope.result, answer);
    case RequestKind::kKeyRights: {
      GANNET_ASSIGN_OR_RETURN(const ApiKeyInfo key, reader.ReadApiKey(envelope.result));
      const bool trades = category == Category::kSpot ? key.trades_spot : key.trades_contracts;
      answer.rights = KeyRights{trades && !key.read_only, key.may_withdraw, key.from_anywhere};
      return absl::OkStatus();
    }
    case RequestKind::kServerTime: {
      GANNET_ASSIGN_OR_RETURN(const int64_t time, reader.ReadServerTime(envelope.result));
      answer.server_time = base::FromUnixMillis(time);
      return absl::OkStatus();
    }
    default:
      return absl::OkStatus();  // read by its own reader
  }
}

}  // namespace

absl::StatusOr<OrderUpdate> Convert(const Order& order, std::string_view venue) {
  OrderUpdate update;
  const StatusRow* status = nullptr;
  for (const StatusRow& row : kStatuses) {
    if (row.text == *order.order_status) status = &row;
  }
  if (status == nullptr) return Undocumented("order status", *order.order_status);
  if (*order.side != "Buy" && *order.side != "Sell") return Undocumented("side", *order.side);
  update.instrument = market::InstrumentId(Concat({venue, ":", *order.symbol}));
  update.client_order_id = market::ClientOrderId(order.order_link_id.value_or(""));
  update.venue_order_id = market::VenueOrderId(*order.order_id);
  update.side = *order.side == "Buy" ? market::Side::kBuy : market::Side::kSell;
  update.type = TypeOf(order);
  update.time_in_force = TimeInForceOf(order.time_in_force.value_or(""));
  update.status = status->status;
  update.triggered = status->triggered;
  update.price = order.price.value_or("");
  update.stop_price = order.trigger_price.value_or("");
  update.quantity = order.quantity.value_or("");
  update.cumulative = order.executed_quantity.value_or("");
  update.time = MillisOf(order.updated_time);
  if (Means(order.reject_reason) && *order.reject_reason != "EC_NoError")
    update.reject_code = *order.reject_reason;
  return update;
}

std::optional<TradeUpdate> Convert(const Execution& execution, std::string_view venue) {
  const std::string type = execution.exec_type.value_or("Trade");
  if (type != "Trade" && type != "AdlTrade" && type != "BustTrade") return std::nullopt;
  TradeUpdate trade;
  trade.instrument = market::InstrumentId(Concat({venue, ":", *execution.symbol}));
  trade.venue_order_id = market::VenueOrderId(*execution.order_id);
  trade.client_order_id = market::ClientOrderId(execution.order_link_id.value_or(""));
  trade.trade_id = *execution.exec_id;
  trade.side = *execution.side == "Buy" ? market::Side::kBuy : market::Side::kSell;
  trade.side_known = *execution.side == "Buy" || *execution.side == "Sell";
  trade.price = *execution.price;
  trade.quantity = *execution.quantity;
  trade.fee = execution.fee.value_or("");
  trade.fee_asset = market::AssetId(execution.fee_currency.value_or(""));
  if (execution.is_maker) {
    trade.liquidity = *execution.is_maker ? market::Liquidity::kMaker : market::Liquidity::kTaker;
  }
  trade.time = MillisOf(execution.time);
  return trade;
}

std::optional<BalanceEntry> BalanceOf(const Coin& coin) {
  const auto total = AmountOf(coin.wallet_balance.value_or(""));
  const auto locked = AmountOf(coin.locked && !coin.locked->empty() ? *coin.locked : "0");
  if (!total || !locked) return std::nullopt;
  return BalanceEntry{market::AssetId(*coin.coin), *total - *locked, *locked};
}

EndpointLimit LimitOf(const wire::HttpExchange& exchange) {
  EndpointLimit out;
  out.limit = NumberOf(HeaderOf(exchange, "x-bapi-limit"));
  out.left = NumberOf(HeaderOf(exchange, "x-bapi-limit-status"));
  const std::string reset(HeaderOf(exchange, "x-bapi-limit-reset-timestamp"));
  if (const base::Time time = MillisOf(reset); time != base::FromUnixMillis(0)) out.reset = time;
  return out;
}

Answer DecodeAnswer(Reader& reader, std::string_view venue, Category category,
                    const RequestContext& request, const wire::HttpExchange& exchange) {
  Answer answer;
  answer.evidence =
      Concat({"http:bybit ", CategoryText(category), " ", Name(request.kind), " ",
              std::to_string(exchange.status), " #", std::to_string(request.request_id)});
  if (!exchange.transport_error.empty()) {
    answer.code = "transport";
    answer.message = exchange.transport_error;
    return answer;
  }
  answer.code = std::to_string(exchange.status);
  answer.rate.banned = exchange.status == 403;  // the address took too much: some minutes of peace
  if (exchange.status != 200) {
    answer.message = "HTTP " + answer.code;
    return answer;
  }
  const absl::StatusOr<Envelope> envelope = reader.ReadEnvelope(exchange.body);
  if (!envelope.ok()) {
    MakeUnparsable(answer, std::string(envelope.status().message()));
    return answer;
  }
  answer.code = std::to_string(envelope->code);
  answer.message = envelope->message;
  if (envelope->code != 0) {
    const CodeProof proof = ProofOfCode(Outcomes(), request.kind, envelope->code);
    answer.outcome = proof.outcome;
    answer.not_found = proof.not_found;
    return answer;
  }
  answer.code.clear();
  if (IsBatch(request.kind)) return answer;
  if (IsAction(request.kind)) {
    answer.outcome = OutcomeClass::kAcknowledged;
    return answer;
  }
  if (const absl::Status read = ReadResult(reader, venue, category, request, *envelope, answer);
      !read.ok()) {
    MakeUnparsable(answer, std::string(read.message()));
    return answer;
  }
  answer.outcome = answer.not_found ? OutcomeClass::kRefused : OutcomeClass::kConfirmed;
  return answer;
}

}  // namespace gannet::venue::bybit
