// Everything that this program can ask of Binance USD-M futures about orders and
// accounts, as Calls. Sources: the USDⓈ-M futures documentation (trade, account and
// user data stream endpoints, their WebSocket API) and Binance's own connector.
//
// Stop, take-profit and trailing orders go to the algo endpoint: the normal one
// refuses them (-4120). Such an order has two identities, the algo id at once and
// an order id once it has triggered; QueryAlgo names the second (actualOrderId).
//
// Pure. INVALID_ARGUMENT: the venue has no such order; the message says what it
// does not offer.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/venue/order_call.h"

namespace gannet::venue::binance::usdm {

// True for the types that live at the algo endpoint.
bool IsAlgo(market::OrderType type);

// To /fapi/v1/order or /fapi/v1/algoOrder, by its type.
absl::StatusOr<Call> Place(const OrderSpec& spec);
absl::StatusOr<Call> TestOrder(const OrderSpec& spec);
inline constexpr size_t kMaxBatch = 5;  // orders of one batch
absl::StatusOr<Call> PlaceBatch(std::span<const OrderSpec> specs);

// Price and quantity of a limit order, both stated. (Algo orders cannot be amended.)
struct Amendment {
  std::string symbol;
  OrderRef order;
  market::Side side = market::Side::kBuy;
  Decimal quantity, price;
};
Call Amend(const Amendment& amendment);
absl::StatusOr<Call> AmendBatch(std::span<const Amendment> amendments);

Call Cancel(std::string_view symbol, const OrderRef& order);
Call CancelAlgo(const OrderRef& order);
Call CancelAll(std::string_view symbol);      // orders, not algo orders
Call CancelAllAlgo(std::string_view symbol);  // algo orders
// By venue ids, or else by client ids, never mixed.
inline constexpr size_t kMaxCancelBatch = 10;
absl::StatusOr<Call> CancelBatch(std::string_view symbol, std::span<const OrderRef> orders);

Call QueryOrder(std::string_view symbol, const OrderRef& order);
Call QueryAlgo(const OrderRef& order);
Call OpenOrder(std::string_view symbol, const OrderRef& order);
Call OpenOrders(std::string_view symbol);  // empty: of all symbols
Call OpenAlgoOrders(std::string_view symbol);
Call AllOrders(std::string_view symbol, const Page& page);
Call AllAlgoOrders(std::string_view symbol, const Page& page);
Call Trades(std::string_view symbol, const OrderRef& order, const Page& page);

Call QueryBalances();
Call QueryAccount();
Call Positions(std::string_view symbol);     // empty: all
Call AccountConfig();                        // position mode, multi-asset mode, permissions
Call SymbolConfig(std::string_view symbol);  // leverage and margin type
Call LeverageBrackets(std::string_view symbol);
Call PositionMode();
Call MultiAssetMode();
Call Commission(std::string_view symbol);
Call Income(std::string_view symbol, std::string_view type, const Page& page);
Call OrderLimits();
Call SetLeverage(std::string_view symbol, int leverage);
Call SetMarginType(std::string_view symbol, bool isolated);
Call SetPositionMode(bool hedge);
Call SetMultiAssetMode(bool on);
// amount > 0; adds to or takes from the margin of an isolated position.
Call ChangeMargin(std::string_view symbol, Decimal amount, bool add, PositionSide side);

// The dead-man timer: without another such call within `timeout` the venue cancels
// every open order of the symbol; zero stops the timer.
Call Countdown(std::string_view symbol, base::Duration timeout);

// The key of the user stream: valid for an hour after each renewal.
inline constexpr base::Duration kListenKeyLife = std::chrono::minutes(60);
Call StartStream();
Call KeepStream();
Call CloseStream();
// Path of the user stream below the stream host, for this key.
std::string StreamPath(std::string_view listen_key);

Call ServerTime();

// Public data.
Call Depth(std::string_view symbol, int limit);
Call AggregateTrades(std::string_view symbol, const Page& page);
enum class CandleKind : uint8_t { kTrade = 1, kMark, kIndex, kPremium };
Call Klines(CandleKind kind, std::string_view symbol, std::string_view interval, const Page& page);
Call DayTicker(std::string_view symbol);
Call BookTicker(std::string_view symbol);
Call Price(std::string_view symbol);
Call PremiumIndex(std::string_view symbol);  // mark price, funding rate
Call FundingRates(std::string_view symbol, const Page& page);
Call FundingInfo();
Call OpenInterest(std::string_view symbol);
Call OpenInterestHistory(std::string_view symbol, std::string_view period, const Page& page);
Call LongShortRatio(std::string_view symbol, std::string_view period, const Page& page);

}  // namespace gannet::venue::binance::usdm
