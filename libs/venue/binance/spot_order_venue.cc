#include "libs/venue/binance/spot_order_venue.h"

#include "absl/strings/str_cat.h"
#include "libs/base/check.h"
#include "libs/base/status.h"

namespace gannet::venue::binance {
namespace {

// Request weights of rest-api.md.
constexpr uint32_t kOrderWeight = 1, kQueryWeight = 4, kOpenOrdersWeight = 80,
                   kTradesOfOrderWeight = 5, kTradesWeight = 20, kAccountWeight = 20;

std::string_view MethodOf(RequestKind kind) {
  return EndpointOf(kind).substr(0, EndpointOf(kind).find(' '));
}
std::string_view RouteOf(RequestKind kind) {
  return EndpointOf(kind).substr(EndpointOf(kind).find(' ') + 1);
}

}  // namespace

std::string_view EndpointOf(RequestKind kind) {
  switch (kind) {
    case RequestKind::kPlace:
      return "POST /api/v3/order";
    case RequestKind::kCancel:
      return "DELETE /api/v3/order";
    case RequestKind::kCancelReplace:
      return "POST /api/v3/order/cancelReplace";
    case RequestKind::kQueryOrder:
      return "GET /api/v3/order";
    case RequestKind::kTrades:
      return "GET /api/v3/myTrades";
    case RequestKind::kOpenOrders:
      return "GET /api/v3/openOrders";
    case RequestKind::kAccount:
      return "GET /api/v3/account";
    case RequestKind::kServerTime:
      return "GET /api/v3/time";
    case RequestKind::kSubscribe:
      return "userDataStream.subscribe.signature";
  }
  return "?";
}
SpotOrderVenue::SpotOrderVenue(SpotOrderOptions options)
    : options_(std::move(options)), key_(options_.secret) {
  GANNET_CHECK(options_.placement_window <= kMaxPlacementWindow,
               "the placement window is at most 2 s");
}

bool SpotOrderVenue::Serves(const market::InstrumentId& instrument) const {
  return market::VenueOf(instrument) == options_.venue;
}

market::InstrumentId SpotOrderVenue::InstrumentOf(const std::string& symbol) const {
  return market::InstrumentId(absl::StrCat(options_.venue, ":", symbol));
}

// --- requests ----------------------------------------------------------------

WireRequest SpotOrderVenue::Start(RequestKind kind, std::string_view method, base::Time now,
                                  base::Duration window) const {
  WireRequest request;
  request.kind = kind;
  request.method.assign(method);
  request.with_key = true;
  request.timestamp = base::FromUnixMillis(base::UnixMillis(now));
  request.receive_window = window;
  return request;
}

void SpotOrderVenue::Finish(WireRequest& request, QueryWriter& query) const {
  query.AddNumber(
      "recvWindow",
      std::chrono::duration_cast<std::chrono::milliseconds>(request.receive_window).count());
  query.AddNumber("timestamp", base::UnixMillis(request.timestamp));
  query.Sign(key_);
}

absl::StatusOr<WireRequest> SpotOrderVenue::Place(const market::OrderIntent& intent,
                                                  market::Quantity quantity,
                                                  const market::Instrument& instrument,
                                                  base::Time now) {
  WireRequest request = Start(RequestKind::kPlace, "POST", now, options_.placement_window);
  request.weight = kOrderWeight;
  request.counts_as_order = true;
  QueryWriter query(request.target, RouteOf(RequestKind::kPlace));
  query.Add("symbol", market::SymbolOf(intent.instrument));
  GANNET_RETURN_IF_ERROR(AddOrderParameters(query, intent, quantity, instrument));
  query.Add("newClientOrderId", intent.client_order_id.text());
  query.AddPlain("newOrderRespType", "FULL");  // fills with their trade ids
  if (!options_.self_trade_prevention.empty())
    query.Add("selfTradePreventionMode", options_.self_trade_prevention);
  Finish(request, query);
  return request;
}

WireRequest SpotOrderVenue::Cancel(const market::InstrumentId& instrument,
                                   const market::ClientOrderId& order, base::Time now) {
  WireRequest request = Start(RequestKind::kCancel, "DELETE", now, options_.placement_window);
  request.weight = kOrderWeight;
  QueryWriter query(request.target, RouteOf(RequestKind::kCancel));
  query.Add("symbol", market::SymbolOf(instrument));
  query.Add("origClientOrderId", order.text());
  Finish(request, query);
  return request;
}

WireRequest SpotOrderVenue::CancelVenueOrder(const market::InstrumentId& instrument,
                                             const market::VenueOrderId& order, base::Time now) {
  WireRequest request = Start(RequestKind::kCancel, "DELETE", now, options_.placement_window);
  request.weight = kOrderWeight;
  QueryWriter query(request.target, RouteOf(RequestKind::kCancel));
  query.Add("symbol", market::SymbolOf(instrument));
  query.Add("orderId", order.text());
  Finish(request, query);
  return request;
}

absl::StatusOr<WireRequest> SpotOrderVenue::CancelReplace(const market::OrderIntent& replacement,
                                                          market::Quantity quantity,
                                                          const market::Instrument& instrument,
                                                          base::Time now) {
  WireRequest request = Start(RequestKind::kCancelReplace, "POST", now, options_.placement_window);
  request.weight = kOrderWeight;
  request.counts_as_order = true;
  QueryWriter query(request.target, RouteOf(RequestKind::kCancelReplace));
  query.Add("symbol", market::SymbolOf(replacement.instrument));
  // The new leg only after the cancel took effect, and the cancel only while
  // nothing is filled: then the new leg's size is right whatever happens between.
  query.AddPlain("cancelReplaceMode", "STOP_ON_FAILURE");
  query.AddPlain("cancelRestrictions", "ONLY_NEW");
  query.Add("cancelOrigClientOrderId", replacement.target.text());
  GANNET_RETURN_IF_ERROR(AddOrderParameters(query, replacement, quantity, instrument));
  query.Add("newClientOrderId", replacement.client_order_id.text());
  query.AddPlain("newOrderRespType", "FULL");
  if (!options_.self_trade_prevention.empty())
    query.Add("selfTradePreventionMode", options_.self_trade_prevention);
  Finish(request, query);
  return request;
}

WireRequest SpotOrderVenue::QueryOrder(const market::InstrumentId& instrument,
                                       const market::ClientOrderId& order, base::Time now) {
  WireRequest request = Start(RequestKind::kQueryOrder, "GET", now, options_.query_window);
  request.weight = kQueryWeight;
  QueryWriter query(request.target, RouteOf(RequestKind::kQueryOrder));
  query.Add("symbol", market::SymbolOf(instrument));
  query.Add("origClientOrderId", order.text());
  Finish(request, query);
  return request;
}

WireRequest SpotOrderVenue::QueryVenueOrder(const market::InstrumentId& instrument,
                                            const market::VenueOrderId& order, base::Time now) {
  WireRequest request = Start(RequestKind::kQueryOrder, "GET", now, options_.query_window);
  request.weight = kQueryWeight;
  QueryWriter query(request.target, RouteOf(RequestKind::kQueryOrder));
  query.Add("symbol", market::SymbolOf(instrument));
  query.Add("orderId", order.text());
  Finish(request, query);
  return request;
}

WireRequest SpotOrderVenue::TradesOfOrder(const market::InstrumentId& instrument,
                                          const market::VenueOrderId& order, base::Time now) {
  WireRequest request = Start(RequestKind::kTrades, "GET", now, options_.query_window);
  request.weight = kTradesOfOrderWeight;
  QueryWriter query(request.target, RouteOf(RequestKind::kTrades));
  query.Add("symbol", market::SymbolOf(instrument));
  query.Add("orderId", order.text());
  query.AddNumber("limit", kTradesLimit);
  Finish(request, query);
  return request;
}

WireRequest SpotOrderVenue::TradesSince(const market::InstrumentId& instrument, base::Time since,
                                        base::Time now) {
  WireRequest request = Start(RequestKind::kTrades, "GET", now, options_.query_window);
  request.weight = kTradesWeight;
  QueryWriter query(request.target, RouteOf(RequestKind::kTrades));
  query.Add("symbol", market::SymbolOf(instrument));
  query.AddNumber("startTime", base::UnixMillis(since));
  query.AddNumber("limit", kTradesLimit);
  Finish(request, query);
  return request;
}

WireRequest SpotOrderVenue::TradesFrom(const market::InstrumentId& instrument,
                                       std::string_view trade_id, base::Time now) {
  WireRequest request = Start(RequestKind::kTrades, "GET", now, options_.query_window);
  request.weight = kTradesWeight;
  QueryWriter query(request.target, RouteOf(RequestKind::kTrades));
  query.Add("symbol", market::SymbolOf(instrument));
  query.Add("fromId", trade_id);
  query.AddNumber("limit", kTradesLimit);
  Finish(request, query);
  return request;
}

WireRequest SpotOrderVenue::OpenOrders(base::Time now) {
  WireRequest request = Start(RequestKind::kOpenOrders, "GET", now, options_.query_window);
  request.weight = kOpenOrdersWeight;
  QueryWriter query(request.target, RouteOf(RequestKind::kOpenOrders));
  Finish(request, query);
  return request;
}

WireRequest SpotOrderVenue::Account(base::Time now) {
  WireRequest request = Start(RequestKind::kAccount, "GET", now, options_.query_window);
  request.weight = kAccountWeight;
  QueryWriter query(request.target, RouteOf(RequestKind::kAccount));
  query.AddPlain("omitZeroBalances", "false");
  Finish(request, query);
  return request;
}

WireRequest SpotOrderVenue::ServerTime() {
  WireRequest request;
  request.kind = RequestKind::kServerTime;
  request.method.assign(MethodOf(request.kind));
  request.target.assign(RouteOf(request.kind));
  return request;
}

WireRequest SpotOrderVenue::Subscribe(base::Time now) {
  WireRequest request;
  request.kind = RequestKind::kSubscribe;
  request.timestamp = base::FromUnixMillis(base::UnixMillis(now));
  request.receive_window = options_.query_window;
  request.weight = 2;
  request.body = EncodeSubscribe(key_, options_.api_key, kSubscribeId, request.timestamp,
                                 request.receive_window);
  return request;
}

}  // namespace gannet::venue::binance
