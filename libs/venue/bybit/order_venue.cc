#include "libs/venue/bybit/order_venue.h"

#include <algorithm>
#include <array>

#include "libs/base/check.h"
#include "libs/base/concat.h"
#include "libs/base/status.h"
#include "libs/venue/answer_parts.h"
#include "libs/venue/bybit/requests.h"
#include "libs/venue/bybit/transport.h"

namespace gannet::venue::bybit {
namespace {

using base::Concat;

constexpr int kRows = 100;     // of one page of executions
constexpr int kOpenRows = 50;  // of one page of orders
constexpr std::string_view kAuthId = "own-updates", kTopicsId = "own-topics";
constexpr std::array<std::string_view, 4> kTopics = {"order", "execution", "wallet", "dcp.spot"};
// execution/list: at most seven days in one request.
constexpr base::Duration kTradesSpan = std::chrono::hours(7 * 24) - std::chrono::minutes(1);

struct Mode {
  std::string_view text;
  SelfTrade mode;
};
constexpr Mode kModes[] = {{"", SelfTrade::kVenueDefault},
                           {"None", SelfTrade::kAllow},
                           {"CancelMaker", SelfTrade::kExpireMaker},
                           {"CancelTaker", SelfTrade::kExpireTaker},
                           {"CancelBoth", SelfTrade::kExpireBoth}};
std::optional<SelfTrade> ModeOf(std::string_view text) {
  for (const Mode& row : kModes) {
    if (row.text == text) return row.mode;
  }
  return std::nullopt;
}

OrderRef RefOf(const OrderKey& order) {
  return order.venue_order_id.empty() ? OrderRef{"", order.client_order_id.text()}
                                      : OrderRef{order.venue_order_id.text(), ""};
}

bool IsStop(market::OrderType type) {
  return type != market::OrderType::kLimit && type != market::OrderType::kMarket;
}

}  // namespace

absl::Status SpotVenue::Check(const KeyedVenueOptions& options) {
  if (!ModeOf(options.self_trade_prevention)) {
    return absl::InvalidArgumentError(
        Concat({"self-trade mode ", options.self_trade_prevention,
                " does not exist on Bybit; use CancelTaker, CancelMaker, CancelBoth or None"}));
  }
  GANNET_ASSIGN_OR_RETURN(const Signer signer, Signer::FromKeyText(options.secret));
  if (signer.kind() == SignatureKind::kEd25519) {
    return absl::InvalidArgumentError(
        "Bybit takes no Ed25519 key; use an HMAC secret or an RSA key");
  }
  return absl::OkStatus();
}

SpotVenue::SpotVenue(KeyedVenueOptions options)
    : KeyedVenue(std::move(options)),
      self_trade_(ModeOf(options_.self_trade_prevention).value_or(SelfTrade::kVenueDefault)) {
  GANNET_CHECK(Check(options_).ok(), "the options were checked");
}

// --- requests ------------------------------------------------------------------

WireRequest SpotVenue::Send(const Call& call, base::Time now) const {
  return ToRest(call, signer_, options_.api_key, now, WindowOf(call.kind));
}

absl::StatusOr<WireRequest> SpotVenue::Place(const market::OrderIntent& intent,
                                             market::Quantity quantity,
                                             const market::Instrument& instrument, base::Time now) {
  if (IsStop(intent.type)) {
    return absl::InvalidArgumentError(
        "stop orders are not sent to Bybit spot; hold the stop here and send a limit order");
  }
  OrderSpec spec = SpecOf(intent, quantity, instrument);
  spec.self_trade = self_trade_;
  // The venue has no word for it: risk has seen to it that the order reduces.
  spec.reduce_only = false;
  GANNET_ASSIGN_OR_RETURN(const Call call, bybit::Place(Category::kSpot, spec));
  return Send(call, now);
}

WireRequest SpotVenue::Cancel(const OrderKey& order, base::Time now) {
  return Send(bybit::Cancel(Category::kSpot, market::SymbolOf(order.instrument), RefOf(order)),
              now);
}

absl::StatusOr<WireRequest> SpotVenue::CancelReplace(const market::OrderIntent&, market::Quantity,
                                                     const market::Instrument&, base::Time) {
  return absl::InvalidArgumentError("Bybit replaces in two steps");
}

WireRequest SpotVenue::QueryOrder(const OrderKey& order, base::Time now) {
  const std::string_view symbol = market::SymbolOf(order.instrument);
  Call call = order.place == 0 ? bybit::QueryOrder(Category::kSpot, symbol, RefOf(order))
                               : OrderHistory(Category::kSpot, symbol, RefOf(order), "", {});
  call.kind = RequestKind::kQueryOrder;
  return Send(call, now);
}

WireRequest SpotVenue::TradesOfOrder(const market::InstrumentId& instrument,
                                     const market::VenueOrderId& order, base::Time now) {
  Page page;
  page.limit = kRows;
  return Send(
      Executions(Category::kSpot, market::SymbolOf(instrument), {order.text(), ""}, "", page), now);
}

WireRequest SpotVenue::TradesSince(const market::InstrumentId& instrument, base::Time since,
                                   base::Time now) {
  Page page;
  page.since = std::max(since, now - kTradesSpan);
  page.limit = kRows;
  return Send(Executions(Category::kSpot, market::SymbolOf(instrument), {}, "", page), now);
}

WireRequest SpotVenue::TradesFrom(const market::InstrumentId& instrument, std::string_view,
                                  base::Time now) {
  return TradesSince(instrument, base::Time(), now);  // ids have no order here
}

WireRequest SpotVenue::MoreTrades(const RequestContext& context, const Answer& answer,
                                  base::Time now) {
  Page page;
  page.since = std::max(context.since, now - kTradesSpan);
  page.limit = kRows;
  page.cursor = answer.cursor;
  return Send(Executions(Category::kSpot, market::SymbolOf(context.instrument), {}, "", page), now);
}

WireRequest SpotVenue::OpenOrders(size_t, base::Time now) {
  Page page;
  page.limit = kOpenRows;
  return Send(bybit::OpenOrders(Category::kSpot, "", "", page), now);
}

WireRequest SpotVenue::Account(base::Time now) { return Send(WalletBalance(""), now); }

std::optional<WireRequest> SpotVenue::RightsOfKey(base::Time now) {
  return Send(QueryApiKey(), now);
}

WireRequest SpotVenue::ServerTime() { return Send(bybit::ServerTime(), {}); }

WireRequest SpotVenue::Subscribe(base::Time now) {
  WireRequest request =
      Authenticate(signer_, options_.api_key, kAuthId, now + options_.query_window);
  request.kind = RequestKind::kSubscribe;
  return request;
}

std::optional<WireRequest> SpotVenue::Topics() { return bybit::Subscribe(kTopicsId, kTopics); }

std::optional<WireRequest> SpotVenue::Heartbeat() { return Ping("alive"); }

// Of the whole account and product: the same for every instrument.
std::optional<WireRequest> SpotVenue::DeadMan(const market::InstrumentId&, base::Duration timeout,
                                              base::Time now) {
  const absl::StatusOr<Call> call = SetDisconnectProtection(Category::kSpot, timeout);
  if (!call.ok()) return std::nullopt;  // settings keep to the venue's bounds
  return Send(*call, now);
}

// --- answers -------------------------------------------------------------------

Answer SpotVenue::DecodeAnswer(const RequestContext& request, const wire::HttpExchange& exchange) {
  Answer answer = bybit::DecodeAnswer(reader_, options_.venue, Category::kSpot, request, exchange);
  const EndpointLimit limit = LimitOf(exchange);
  // 10006, and the like: this endpoint takes no more before its count begins anew.
  answer.rate.limited = answer.code == "10006" || answer.code == "10429";
  if (answer.rate.limited) {
    const base::Duration least = std::chrono::seconds(1);
    const base::Time at = exchange.status == 200 && limit.reset ? *limit.reset : base::Time();
    answer.rate.retry_after =
        at > request.asked_at ? std::max<base::Duration>(least, at - request.asked_at) : least;
  }
  return answer;
}

StreamUpdate SpotVenue::Convert(const OperationAnswer& answer) const {
  StreamUpdate out;
  out.detail = answer.operation + " " + answer.message;
  if (answer.operation == "auth") {
    out.kind = answer.success ? StreamKind::kAuthenticated : StreamKind::kSubscribeFailed;
  } else if (answer.operation == "subscribe") {
    out.kind = answer.success ? StreamKind::kSubscribed : StreamKind::kSubscribeFailed;
  }
  return out;
}

StreamUpdate SpotVenue::Convert(const OrderFrame& frame) const {
  StreamUpdate out;
  out.evidence = "stream:order";
  for (const Order& order : frame.orders) {
    if (order.category && *order.category != "spot") continue;
    absl::StatusOr<OrderUpdate> update = bybit::Convert(order, options_.venue);
    if (!update.ok()) {
      out.orders.clear();
      out.kind = StreamKind::kBadFrame;
      out.detail = std::string(update.status().message());
      return out;
    }
    out.evidence += Concat({":", update->venue_order_id.text(), ":",
                            order.order_status.value_or(""), ":", order.updated_time.value_or("")});
    out.orders.push_back(*std::move(update));
  }
  out.kind = StreamKind::kOrders;
  out.time = base::FromUnixMillis(frame.created.value_or(0));
  return out;
}

StreamUpdate SpotVenue::Convert(const ExecutionFrame& frame) const {
  StreamUpdate out;
  out.kind = StreamKind::kOrders;
  out.evidence = "stream:execution";
  out.time = base::FromUnixMillis(frame.created.value_or(0));
  for (const Execution& execution : frame.executions) {
    if (execution.category && *execution.category != "spot") continue;
    if (auto trade = bybit::Convert(execution, options_.venue)) {
      out.evidence += Concat({":", trade->trade_id});
      out.trades.push_back(*std::move(trade));
    }
  }
  return out;
}

StreamUpdate SpotVenue::Convert(const WalletFrame& frame) const {
  StreamUpdate out;
  out.kind = StreamKind::kBalances;
  out.time = base::FromUnixMillis(frame.created.value_or(0));
  out.evidence = Concat({"stream:wallet:", std::to_string(frame.created.value_or(0))});
  for (const Wallet& wallet : frame.wallets) {
    for (const Coin& coin : wallet.coins) {
      const std::optional<BalanceEntry> entry = BalanceOf(coin);
      if (!entry) {
        out.balances.clear();
        out.kind = StreamKind::kBadFrame;
        out.detail = Concat({"balance of ", coin.coin.value_or(""), " is no amount"});
        return out;
      }
      out.balances.push_back(*entry);
    }
  }
  return out;
}

StreamUpdate SpotVenue::DecodeFrame(std::string_view text) {
  const absl::StatusOr<PrivateFrame> frame = reader_.ReadFrame(text);
  StreamUpdate out;
  if (!frame.ok()) {
    out.kind = StreamKind::kBadFrame;
    out.detail = std::string(frame.status().message());
    return out;
  }
  if (const auto* answer = std::get_if<OperationAnswer>(&*frame)) return Convert(*answer);
  if (const auto* orders = std::get_if<OrderFrame>(&*frame)) return Convert(*orders);
  if (const auto* executions = std::get_if<ExecutionFrame>(&*frame)) return Convert(*executions);
  if (const auto* wallets = std::get_if<WalletFrame>(&*frame)) return Convert(*wallets);
  return out;
}

}  // namespace gannet::venue::bybit
