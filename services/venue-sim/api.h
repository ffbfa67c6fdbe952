// The venue's questions and commands, whatever wire they come over: REST
// (rest.h) and the WebSocket API (ws_api.h) share one table of endpoints. Limits
// first, then key and signature, then parameters, then the venue itself.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "services/venue-sim/auth.h"
#include "services/venue-sim/exchange.h"
#include "services/venue-sim/json_text.h"
#include "services/venue-sim/params.h"
#include "services/venue-sim/rate_limits.h"
#include "services/venue-sim/usdm_streams.h"

namespace gannet::venue_sim {

enum class Security : uint8_t { kNone, kKey, kSigned };

struct ApiRequest {
  Params params;
  std::string_view address;  // of the client, without port
  std::string_view api_key;
  std::string_view payload;  // what is signed
};

struct ApiReply {
  std::string result;  // JSON; empty on error
  std::optional<ApiError> error;
  std::string error_data;                  // JSON beside code and msg
  std::optional<AccountIndex> ordered_by;  // placed or tried to place an order
};

class Api;
// The call being answered.
struct ApiCall {
  const ApiRequest& request;
  ParamReader params;
  AccountIndex account = 0;
  base::Time now;
  JsonText json;
  ApiReply reply;
  void Fail(ApiError error) { reply.error = std::move(error); }
};

struct Endpoint {
  std::string_view method, path;  // REST; empty: none
  std::string_view ws_method;     // WebSocket API; empty: none
  Security security;
  int64_t (*weight)(const Params&);
  void (Api::*handler)(ApiCall&);
};

class Api {
 public:
  // `usdm_limits` and `streams` are those of the perpetuals.
  Api(Exchange& exchange, const Authenticator& authenticator, RateLimits& limits,
      RateLimits& usdm_limits, UsdmStreams& streams)
      : exchange_(exchange),
        authenticator_(authenticator),
        limits_(limits),
        usdm_limits_(usdm_limits),
        streams_(streams) {}

  static std::span<const Endpoint> endpoints();
  // nullptr: no such path. `path_known`: it exists with another method.
  static const Endpoint* FindRest(std::string_view method, std::string_view path, bool* path_known);
  // Of the perpetuals' WebSocket API, or of spot's.
  static const Endpoint* FindWs(std::string_view ws_method, bool usdm = false);

  ApiReply Call(const Endpoint& endpoint, const ApiRequest& request);
  // Key and signature alone: the account, or the error.
  Answer<AccountIndex> Authenticate(const ApiRequest& request, Security security) const;

  // Handlers, by the name of their path.
  void Ping(ApiCall& call);
  void Time(ApiCall& call);
  void ExchangeInfo(ApiCall& call);
  void Depth(ApiCall& call);
  void Trades(ApiCall& call);
  void HistoricalTrades(ApiCall& call);
  void AggregateTrades(ApiCall& call);
  void Klines(ApiCall& call);
  void AveragePrice(ApiCall& call);
  void DayTicker(ApiCall& call);
  void PriceTicker(ApiCall& call);
  void BookTicker(ApiCall& call);
  void PlaceOrder(ApiCall& call);
  void TestOrder(ApiCall& call);
  void CancelOrder(ApiCall& call);
  void QueryOrder(ApiCall& call);
  void CancelReplaceOrder(ApiCall& call);
  void AmendOrder(ApiCall& call);
  void OpenOrders(ApiCall& call);
  void CancelOpenOrders(ApiCall& call);
  void AllOrders(ApiCall& call);
  void MyTrades(ApiCall& call);
  void Account(ApiCall& call);
  void OrderLimits(ApiCall& call);
  void Commission(ApiCall& call);
  void Deposit(ApiCall& call);
  void ExpireOrder(ApiCall& call);
  void LoseOrder(ApiCall& call);
  void Restate(ApiCall& call);
  void EndOfItself(ApiCall& call, UsdmVerb verb,
                   const std::function<std::optional<ApiError>(const OrderRef&)>& on_spot);
  void RetiredListenKey(ApiCall& call);
  void AllCoins(ApiCall& call);
  void TradeFees(ApiCall& call);
  void KeyRestrictions(ApiCall& call);
  void EmptyList(ApiCall& call);
  void EmptyDerivatives(ApiCall& call);
  // api_usdm.cc
  void UsdmExchangeInfo(ApiCall& call);
  void UsdmDepth(ApiCall& call);
  void UsdmBookTicker(ApiCall& call);
  void UsdmPlaceOrder(ApiCall& call);
  void UsdmCancelOrder(ApiCall& call);
  void UsdmPlaceBatch(ApiCall& call);
  void UsdmCancelBatch(ApiCall& call);
  void UsdmQueryOrder(ApiCall& call);
  void UsdmOpenOrders(ApiCall& call);
  void UsdmAllOrders(ApiCall& call);
  void UsdmCancelAll(ApiCall& call);
  void UsdmPlaceAlgo(ApiCall& call);
  void UsdmCancelAlgo(ApiCall& call);
  void UsdmQueryAlgo(ApiCall& call);
  void UsdmOpenAlgos(ApiCall& call);
  void UsdmTrades(ApiCall& call);
  void UsdmIncomes(ApiCall& call);
  void UsdmAccount(ApiCall& call);
  void UsdmPositionMode(ApiCall& call);
  void UsdmAmendOrder(ApiCall& call);
  void UsdmSymbolConfig(ApiCall& call);
  void UsdmSetPositionMode(ApiCall& call);
  void UsdmSetLeverage(ApiCall& call);
  void UsdmSetMargin(ApiCall& call);
  void SetUpUsdm(ApiCall& call, UsdmCommand command);
  void UsdmCountdown(ApiCall& call);
  void StartListenKey(ApiCall& call);
  void KeepListenKey(ApiCall& call);
  void EndListenKey(ApiCall& call);
  void SimIncome(ApiCall& call);

 private:
  const VenueCore& core() const { return exchange_.core(); }
  const UsdmMarket& usdm() const { return exchange_.usdm(); }
  void PlaceUsdm(ApiCall& call, UsdmVerb verb);
  static void WriteUsdmReply(ApiCall& call, const UsdmReply& reply);
  static void WriteUsdmMember(ApiCall& call, const UsdmReply& reply);  // of a batch

  Exchange& exchange_;
  const Authenticator& authenticator_;
  RateLimits& limits_;
  RateLimits& usdm_limits_;
  UsdmStreams& streams_;
};

// Whose limits count for a REST path.
inline bool IsUsdmPath(std::string_view path) { return path.starts_with("/fapi/"); }

}  // namespace gannet::venue_sim
