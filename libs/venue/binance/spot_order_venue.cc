#include "libs/venue/binance/spot_order_venue.h"

#include "absl/strings/str_cat.h"
#include "libs/base/check.h"
#include "libs/base/status.h"
#include "libs/venue/binance/parameter_names.h"
#include "libs/venue/binance/spot_requests.h"

namespace gannet::venue::binance {
std::string_view EndpointOf(RequestKind kind) {
  switch (kind) {
    case RequestKind::kPlace:
      return "POST /api/v3/order";
    case RequestKind::kCancel:
      return "DELETE /api/v3/order";
    case RequestKind::kCancelReplace:
      return "POST /api/v3/order/cancelReplace";
    case RequestKind::kAmend:
      return "PUT /api/v3/order/amend/keepPriority";
    case RequestKind::kQueryOrder:
      return "GET /api/v3/order";
    case RequestKind::kTrades:
      return "GET /api/v3/myTrades";
    case RequestKind::kOpenOrders:
      return "GET /api/v3/openOrders";
    case RequestKind::kOrderHistory:
      return "GET /api/v3/allOrders";
    case RequestKind::kAccount:
      return "GET /api/v3/account";
    case RequestKind::kServerTime:
      return "GET /api/v3/time";
    case RequestKind::kMarketData:
      return "GET /api/v3/ticker/bookTicker";
    case RequestKind::kKeyRights:
      return "GET /sapi/v1/account/apiRestrictions";
    case RequestKind::kSubscribe:
      return "userDataStream.subscribe.signature";
    default:  // not asked through this port
      return "?";
  }
}

namespace {

Page FirstPage() {
  Page page;
  page.limit = kTradesLimit;
  return page;
}

}  // namespace

absl::Status SpotOrderVenue::Check(const KeyedVenueOptions& options) {
  if (!ParseSelfTrade(options.self_trade_prevention)) {
    return absl::InvalidArgumentError(
        absl::StrCat("self-trade mode ", options.self_trade_prevention,
                     " does not exist on Binance; use EXPIRE_TAKER, EXPIRE_MAKER, EXPIRE_BOTH, "
                     "DECREMENT or NONE"));
  }
  return Signer::FromKeyText(options.secret).status();
}

SpotOrderVenue::SpotOrderVenue(KeyedVenueOptions options)
    : KeyedVenue(std::move(options)),
      self_trade_(ParseSelfTrade(options_.self_trade_prevention).value_or(SelfTrade::kAllow)) {
  GANNET_CHECK(Check(options_).ok(), "the options were checked");
}

// --- requests ----------------------------------------------------------------

OrderSpec SpotOrderVenue::Spec(const market::OrderIntent& intent, market::Quantity quantity,
                               const market::Instrument& instrument) const {
  OrderSpec spec = SpecOf(intent, quantity, instrument);
  spec.self_trade = self_trade_;
  // The venue has no word for it: risk has seen to it that the order reduces.
  spec.reduce_only = false;
  return spec;
}

WireRequest SpotOrderVenue::Send(const Call& call, base::Time now) {
  if (GoesBySocket(call))
    return ToFrame(call, signer_, options_.api_key, NextFrameId(now), now, WindowOf(call.kind));
  return ToRest(call, signer_, now, WindowOf(call.kind));
}

absl::StatusOr<WireRequest> SpotOrderVenue::Place(const market::OrderIntent& intent,
                                                  market::Quantity quantity,
                                                  const market::Instrument& instrument,
                                                  base::Time now) {
  GANNET_ASSIGN_OR_RETURN(const Call call, spot::Place(Spec(intent, quantity, instrument)));
  return Send(call, now);
}

WireRequest SpotOrderVenue::Cancel(const OrderKey& order, base::Time now) {
  return Send(spot::Cancel(market::SymbolOf(order.instrument), RefOf(order)), now);
}

absl::StatusOr<WireRequest> SpotOrderVenue::Amend(const Change& change,
                                                  const market::Instrument& instrument,
                                                  base::Time now) {
  if (change.price != change.price_now || change.quantity >= change.quantity_now) {
    return absl::InvalidArgumentError(
        "Binance spot makes an order smaller in place and changes nothing else; replace it");
  }
  // Without a new client id the venue would make one up.
  return Send(spot::Amend(market::SymbolOf(change.order.instrument), RefOf(change.order),
                          {change.quantity.mantissa, instrument.quantity_scale},
                          change.order.client_order_id.text()),
              now);
}

absl::StatusOr<WireRequest> SpotOrderVenue::CancelReplace(const market::OrderIntent& replacement,
                                                          market::Quantity quantity,
                                                          const market::Instrument& instrument,
                                                          base::Time now) {
  GANNET_ASSIGN_OR_RETURN(const Call call,
                          spot::CancelReplace(Spec(replacement, quantity, instrument),
                                              OrderRef{"", replacement.target.text()},
                                              spot::CancelRestriction::kOnlyNew));
  return Send(call, now);
}

WireRequest SpotOrderVenue::QueryOrder(const OrderKey& order, base::Time now) {
  return Send(spot::QueryOrder(market::SymbolOf(order.instrument), RefOf(order)), now);
}

WireRequest SpotOrderVenue::TradesOfOrder(const market::InstrumentId& instrument,
                                          const market::VenueOrderId& order, base::Time now) {
  return Send(spot::Trades(market::SymbolOf(instrument), {order.text(), ""}, FirstPage()), now);
}

WireRequest SpotOrderVenue::TradesSince(const market::InstrumentId& instrument, base::Time since,
                                        base::Time now) {
  Page page = FirstPage();
  page.since = since;
  return Send(spot::Trades(market::SymbolOf(instrument), {}, page), now);
}

WireRequest SpotOrderVenue::TradesFrom(const market::InstrumentId& instrument,
                                       std::string_view trade_id, base::Time now) {
  Page page = FirstPage();
  page.from_id = std::string(trade_id);
  return Send(spot::Trades(market::SymbolOf(instrument), {}, page), now);
}

std::optional<WireRequest> SpotOrderVenue::OrderHistory(const market::InstrumentId& instrument,
                                                        const market::VenueOrderId& oldest,
                                                        base::Time now) {
  Page page = FirstPage();
  page.from_id = oldest.text();
  return Send(spot::AllOrders(market::SymbolOf(instrument), page), now);
}

WireRequest SpotOrderVenue::OpenOrders(size_t, base::Time now) {
  return Send(spot::OpenOrders(""), now);
}

WireRequest SpotOrderVenue::Account(base::Time now) { return Send(spot::Account(false), now); }
std::optional<WireRequest> SpotOrderVenue::RightsOfKey(base::Time now) {
  return Send(spot::ApiKeyRestrictions(), now);
}

WireRequest SpotOrderVenue::ServerTime() { return Send(spot::ServerTime(), {}); }
WireRequest SpotOrderVenue::Best(const market::InstrumentId& instrument) {
  return Send(spot::BookTicker(market::SymbolOf(instrument)), {});
}

WireRequest SpotOrderVenue::Subscribe(base::Time now) {
  return ToFrame(spot::Subscribe(), signer_, options_.api_key, kSubscribeId, now,
                 options_.query_window);
}

}  // namespace gannet::venue::binance
