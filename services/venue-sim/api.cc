#include "services/venue-sim/api.h"

#include <array>

namespace gannet::venue_sim {
namespace {

template <int64_t kWeight>
int64_t Fixed(const Params&) {
  return kWeight;
}

int64_t DepthWeight(const Params& params) {
  ParamReader reader(params);
  const int64_t limit = reader.IntegerOr("limit", 100);
  return limit <= 100 ? 5 : limit <= 500 ? 25 : limit <= 1000 ? 50 : 250;
}
int64_t DayTickerWeight(const Params& params) {
  return params.Has("symbol") || params.Has("symbols") ? 2 : 80;
}
int64_t TickerWeight(const Params& params) { return params.Has("symbol") ? 2 : 4; }
int64_t OpenOrdersWeight(const Params& params) { return params.Has("symbol") ? 6 : 80; }
int64_t UsdmOpenWeight(const Params& params) { return params.Has("symbol") ? 1 : 40; }
int64_t UsdmDepthWeight(const Params& params) {
  ParamReader reader(params);
  const int64_t limit = reader.IntegerOr("limit", 500);
  return limit <= 50 ? 2 : limit <= 100 ? 5 : limit <= 500 ? 10 : 20;
}
int64_t UsdmTickerWeight(const Params& params) { return params.Has("symbol") ? 2 : 5; }
int64_t MyTradesWeight(const Params& params) { return params.Has("orderId") ? 5 : 20; }

constexpr std::array kEndpoints{
    Endpoint{"GET", "/api/v3/ping", "ping", Security::kNone, Fixed<1>, &Api::Ping},
    Endpoint{"GET", "/api/v3/time", "time", Security::kNone, Fixed<1>, &Api::Time},
    Endpoint{"GET", "/api/v3/exchangeInfo", "exchangeInfo", Security::kNone, Fixed<20>,
             &Api::ExchangeInfo},
    Endpoint{"GET", "/api/v3/depth", "depth", Security::kNone, DepthWeight, &Api::Depth},
    Endpoint{"GET", "/api/v3/trades", "trades.recent", Security::kNone, Fixed<25>, &Api::Trades},
    Endpoint{"GET", "/api/v3/historicalTrades", "trades.historical", Security::kNone, Fixed<25>,
             &Api::HistoricalTrades},
    Endpoint{"GET", "/api/v3/aggTrades", "trades.aggregate", Security::kNone, Fixed<4>,
             &Api::AggregateTrades},
    Endpoint{"GET", "/api/v3/klines", "klines", Security::kNone, Fixed<2>, &Api::Klines},
    Endpoint{"GET", "/api/v3/uiKlines", "uiKlines", Security::kNone, Fixed<2>, &Api::Klines},
    Endpoint{"GET", "/api/v3/avgPrice", "avgPrice", Security::kNone, Fixed<2>, &Api::AveragePrice},
    Endpoint{"GET", "/api/v3/ticker/24hr", "ticker.24hr", Security::kNone, DayTickerWeight,
             &Api::DayTicker},
    Endpoint{"GET", "/api/v3/ticker/price", "ticker.price", Security::kNone, TickerWeight,
             &Api::PriceTicker},
    Endpoint{"GET", "/api/v3/ticker/bookTicker", "ticker.book", Security::kNone, TickerWeight,
             &Api::BookTicker},
    Endpoint{"POST", "/api/v3/order", "order.place", Security::kSigned, Fixed<1>, &Api::PlaceOrder},
    Endpoint{"POST", "/api/v3/order/test", "order.test", Security::kSigned, Fixed<1>,
             &Api::TestOrder},
    Endpoint{"DELETE", "/api/v3/order", "order.cancel", Security::kSigned, Fixed<1>,
             &Api::CancelOrder},
    Endpoint{"GET", "/api/v3/order", "order.status", Security::kSigned, Fixed<4>, &Api::QueryOrder},
    Endpoint{"POST", "/api/v3/order/cancelReplace", "order.cancelReplace", Security::kSigned,
             Fixed<1>, &Api::CancelReplaceOrder},
    Endpoint{"PUT", "/api/v3/order/amend/keepPriority", "order.amend.keepPriority",
             Security::kSigned, Fixed<4>, &Api::AmendOrder},
    Endpoint{"GET", "/api/v3/openOrders", "openOrders.status", Security::kSigned, OpenOrdersWeight,
             &Api::OpenOrders},
    Endpoint{"DELETE", "/api/v3/openOrders", "openOrders.cancelAll", Security::kSigned, Fixed<1>,
             &Api::CancelOpenOrders},
    Endpoint{"GET", "/api/v3/allOrders", "allOrders", Security::kSigned, Fixed<20>,
             &Api::AllOrders},
    Endpoint{"GET", "/api/v3/myTrades", "myTrades", Security::kSigned, MyTradesWeight,
             &Api::MyTrades},
    Endpoint{"GET", "/api/v3/account", "account.status", Security::kSigned, Fixed<20>,
             &Api::Account},
    Endpoint{"GET", "/api/v3/rateLimit/order", "account.rateLimits.orders", Security::kSigned,
             Fixed<40>, &Api::OrderLimits},
    Endpoint{"GET", "/api/v3/account/commission", "account.commission", Security::kSigned,
             Fixed<20>, &Api::Commission},
    Endpoint{"GET", "/api/v3/openOrderList", "openOrderLists.status", Security::kSigned, Fixed<6>,
             &Api::EmptyList},
    Endpoint{"GET", "/api/v3/allOrderList", "allOrderLists", Security::kSigned, Fixed<20>,
             &Api::EmptyList},
    // Spot listen keys ended in February 2026: the WebSocket API's signature subscription took
    // their place.
    Endpoint{"POST", "/api/v3/userDataStream", "userDataStream.start", Security::kNone, Fixed<2>,
             &Api::RetiredListenKey},
    Endpoint{"PUT", "/api/v3/userDataStream", "userDataStream.ping", Security::kNone, Fixed<2>,
             &Api::RetiredListenKey},
    Endpoint{"DELETE", "/api/v3/userDataStream", "userDataStream.stop", Security::kNone, Fixed<2>,
             &Api::RetiredListenKey},
    // Asked by general-purpose clients at start.
    Endpoint{"GET", "/sapi/v1/capital/config/getall", "", Security::kSigned, Fixed<10>,
             &Api::AllCoins},
    Endpoint{"GET", "/sapi/v1/account/apiRestrictions", "", Security::kSigned, Fixed<1>,
             &Api::KeyRestrictions},
    Endpoint{"GET", "/sapi/v1/asset/tradeFee", "", Security::kSigned, Fixed<1>, &Api::TradeFees},
    Endpoint{"GET", "/sapi/v1/margin/allPairs", "", Security::kKey, Fixed<1>, &Api::EmptyList},
    Endpoint{"GET", "/sapi/v1/margin/allAssets", "", Security::kKey, Fixed<1>, &Api::EmptyList},
    Endpoint{"GET", "/sapi/v1/margin/isolated/allPairs", "", Security::kKey, Fixed<1>,
             &Api::EmptyList},
    Endpoint{"GET", "/fapi/v1/ping", "", Security::kNone, Fixed<1>, &Api::Ping},
    Endpoint{"GET", "/fapi/v1/time", "", Security::kNone, Fixed<1>, &Api::Time},
    Endpoint{"GET", "/fapi/v1/exchangeInfo", "", Security::kNone, Fixed<1>, &Api::UsdmExchangeInfo},
    Endpoint{"GET", "/fapi/v1/depth", "", Security::kNone, UsdmDepthWeight, &Api::UsdmDepth},
    Endpoint{"GET", "/fapi/v1/ticker/bookTicker", "", Security::kNone, UsdmTickerWeight,
             &Api::UsdmBookTicker},
    Endpoint{"POST", "/fapi/v1/order", "order.place", Security::kSigned, Fixed<0>,
             &Api::UsdmPlaceOrder},
    Endpoint{"DELETE", "/fapi/v1/order", "order.cancel", Security::kSigned, Fixed<1>,
             &Api::UsdmCancelOrder},
    Endpoint{"GET", "/fapi/v1/order", "order.status", Security::kSigned, Fixed<1>,
             &Api::UsdmQueryOrder},
    Endpoint{"GET", "/fapi/v1/openOrders", "", Security::kSigned, UsdmOpenWeight,
             &Api::UsdmOpenOrders},
    Endpoint{"GET", "/fapi/v1/allOrders", "", Security::kSigned, Fixed<5>, &Api::UsdmAllOrders},
    Endpoint{"POST", "/fapi/v1/batchOrders", "", Security::kSigned, Fixed<5>, &Api::UsdmPlaceBatch},
    Endpoint{"DELETE", "/fapi/v1/batchOrders", "", Security::kSigned, Fixed<1>,
             &Api::UsdmCancelBatch},
    Endpoint{"DELETE", "/fapi/v1/allOpenOrders", "", Security::kSigned, Fixed<1>,
             &Api::UsdmCancelAll},
    Endpoint{"POST", "/fapi/v1/algoOrder", "algoOrder.place", Security::kSigned, Fixed<0>,
             &Api::UsdmPlaceAlgo},
    Endpoint{"DELETE", "/fapi/v1/algoOrder", "algoOrder.cancel", Security::kSigned, Fixed<1>,
             &Api::UsdmCancelAlgo},
    Endpoint{"GET", "/fapi/v1/algoOrder", "", Security::kSigned, Fixed<1>, &Api::UsdmQueryAlgo},
    Endpoint{"GET", "/fapi/v1/openAlgoOrders", "", Security::kSigned, UsdmOpenWeight,
             &Api::UsdmOpenAlgos},
    Endpoint{"GET", "/fapi/v1/userTrades", "", Security::kSigned, Fixed<5>, &Api::UsdmTrades},
    Endpoint{"GET", "/fapi/v1/income", "", Security::kSigned, Fixed<30>, &Api::UsdmIncomes},
    Endpoint{"GET", "/fapi/v3/account", "", Security::kSigned, Fixed<5>, &Api::UsdmAccount},
    Endpoint{"PUT", "/fapi/v1/order", "order.modify", Security::kSigned, Fixed<1>,
             &Api::UsdmAmendOrder},
    Endpoint{"GET", "/fapi/v1/symbolConfig", "", Security::kSigned, Fixed<5>,
             &Api::UsdmSymbolConfig},
    Endpoint{"POST", "/fapi/v1/positionSide/dual", "", Security::kSigned, Fixed<1>,
             &Api::UsdmSetPositionMode},
    Endpoint{"POST", "/fapi/v1/leverage", "", Security::kSigned, Fixed<1>, &Api::UsdmSetLeverage},
    Endpoint{"POST", "/fapi/v1/marginType", "", Security::kSigned, Fixed<1>, &Api::UsdmSetMargin},
    Endpoint{"GET", "/fapi/v1/positionSide/dual", "", Security::kSigned, Fixed<30>,
             &Api::UsdmPositionMode},
    Endpoint{"POST", "/fapi/v1/countdownCancelAll", "", Security::kSigned, Fixed<10>,
             &Api::UsdmCountdown},
    Endpoint{"POST", "/fapi/v1/listenKey", "", Security::kKey, Fixed<1>, &Api::StartListenKey},
    Endpoint{"PUT", "/fapi/v1/listenKey", "", Security::kKey, Fixed<1>, &Api::KeepListenKey},
    Endpoint{"DELETE", "/fapi/v1/listenKey", "", Security::kKey, Fixed<1>, &Api::EndListenKey},
    Endpoint{"GET", "/dapi/v1/ping", "", Security::kNone, Fixed<1>, &Api::Ping},
    Endpoint{"GET", "/dapi/v1/time", "", Security::kNone, Fixed<1>, &Api::Time},
    Endpoint{"GET", "/dapi/v1/exchangeInfo", "", Security::kNone, Fixed<1>, &Api::EmptyDerivatives},
    // The simulation's own: moves an asset into (or, below zero, out of) the account.
    Endpoint{"POST", "/sim/v1/deposit", "", Security::kSigned, Fixed<1>, &Api::Deposit},
    // The venue ends an order that it had taken; `market=USDM`: of the perpetuals.
    Endpoint{"POST", "/sim/v1/expire", "", Security::kSigned, Fixed<1>, &Api::ExpireOrder},
    Endpoint{"POST", "/sim/v1/lose", "", Security::kSigned, Fixed<1>, &Api::LoseOrder},
    // States a symbol's rules anew, of both markets.
    Endpoint{"POST", "/sim/v1/restate", "", Security::kSigned, Fixed<1>, &Api::Restate},
    // The same of the perpetuals' wallet: funding, a transfer.
    Endpoint{"POST", "/sim/v1/income", "", Security::kSigned, Fixed<1>, &Api::SimIncome},
};

}  // namespace

std::span<const Endpoint> Api::endpoints() { return kEndpoints; }

const Endpoint* Api::FindRest(std::string_view method, std::string_view path, bool* path_known) {
  *path_known = false;
  for (const Endpoint& endpoint : kEndpoints) {
    if (endpoint.path != path) continue;
    *path_known = true;
    if (endpoint.method == method) return &endpoint;
  }
  return nullptr;
}

const Endpoint* Api::FindWs(std::string_view ws_method, bool usdm) {
  for (const Endpoint& endpoint : kEndpoints) {
    if (!endpoint.ws_method.empty() && endpoint.ws_method == ws_method &&
        IsUsdmPath(endpoint.path) == usdm)
      return &endpoint;
  }
  return nullptr;
}

Answer<AccountIndex> Api::Authenticate(const ApiRequest& request, Security security) const {
  const auto key = authenticator_.CheckKey(request.api_key);
  if (const ApiError* error = Failed(key)) return *error;
  const ApiKey& known = **Ok(key);
  if (security == Security::kSigned) {
    if (auto error =
            authenticator_.CheckSignature(known, request.payload, request.params, exchange_.now()))
      return *error;
  }
  return known.account;
}

ApiReply Api::Call(const Endpoint& endpoint, const ApiRequest& request) {
  ApiCall call{.request = request, .params = ParamReader(request.params), .now = exchange_.now()};
  RateLimits& limits = IsUsdmPath(endpoint.path) ? usdm_limits_ : limits_;
  if (auto error = limits.Use(request.address, endpoint.weight(request.params), call.now)) {
    call.Fail(*std::move(error));
    return std::move(call.reply);
  }
  if (endpoint.security != Security::kNone) {
    const auto account = Authenticate(request, endpoint.security);
    if (const ApiError* error = Failed(account)) {
      call.Fail(*error);
      return std::move(call.reply);
    }
    call.account = *Ok(account);
  }
  if (request.params.has_duplicates()) {
    call.Fail({-1101, "Too many parameters; a parameter was sent twice."});
    return std::move(call.reply);
  }
  (this->*endpoint.handler)(call);
  if (!call.params.ok()) call.Fail(call.params.error());
  if (!call.reply.error) call.reply.result = call.json.Take();
  return std::move(call.reply);
}

}  // namespace gannet::venue_sim
