// Everything that this program can ask of Bybit v5 about orders and accounts, spot
// and linear, as Calls. Source: Bybit's public v5 API docs, pages order/*,
// position/*, account/*, market/*, and websocket/trade/guideline (the operations).
//
// Amounts are decimal strings in the JSON, flags and enumerated numbers bare. A
// success answer to placing, amending or cancelling means that the venue has the
// request; its fate comes by stream or query.
//
// Pure. INVALID_ARGUMENT: the venue has no such order; the message says what it
// does not offer.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/venue/bybit/category.h"
#include "libs/venue/order_call.h"

namespace gannet::venue::bybit {

absl::StatusOr<Call> Place(Category category, const OrderSpec& spec);
inline constexpr size_t kMaxSpotBatch = 10, kMaxLinearBatch = 20;
absl::StatusOr<Call> PlaceBatch(Category category, std::span<const OrderSpec> specs);
// The venue checks the order and says what it would do to the margin.
absl::StatusOr<Call> PreCheck(Category category, const OrderSpec& spec);

// The next page, by the cursor of the one before as it came: it is percent-encoded already.
void AddCursor(Parameters& out, std::string_view cursor);

struct Amendment {
  std::string symbol;
  OrderRef order;
  std::optional<Decimal> quantity, price, trigger_price;  // of those set
  std::optional<Decimal> take_profit, stop_loss;
};
Call Amend(Category category, const Amendment& amendment);
absl::StatusOr<Call> AmendBatch(Category category, std::span<const Amendment> amendments);

// `stop`: on spot, the order waits for a trigger; the venue keeps these apart.
Call Cancel(Category category, std::string_view symbol, const OrderRef& order, bool stop = false);
struct SymbolOrder {
  std::string symbol;
  OrderRef order;
};
absl::StatusOr<Call> CancelBatch(Category category, std::span<const SymbolOrder> orders);
// Of one symbol, or of all that settle in a coin.
Call CancelAll(Category category, std::string_view symbol, std::string_view settle_coin,
               bool stop = false);

// Working orders and the last 500 that ended (openOnly 0); OrderHistory has the rest.
Call QueryOrder(Category category, std::string_view symbol, const OrderRef& order);
Call OpenOrders(Category category, std::string_view symbol, std::string_view settle_coin,
                const Page& page, bool stop = false);
Call OrderHistory(Category category, std::string_view symbol, const OrderRef& order,
                  std::string_view status, const Page& page);
// `type`: Trade, Funding, AdlTrade, BustTrade, Settle, …; empty: all.
Call Executions(Category category, std::string_view symbol, const OrderRef& order,
                std::string_view type, const Page& page);
Call ClosedPnl(std::string_view symbol, const Page& page);  // linear

Call WalletBalance(std::string_view coin);  // of the unified account; empty: all
Call Positions(std::string_view symbol, std::string_view settle_coin, const Page& page);
Call QueryAccountInfo();  // margin mode, account version
Call QueryApiKey();       // what the key may do
Call FeeRate(Category category, std::string_view symbol);
Call TransactionLog(std::string_view currency, const Page& page);  // newest first
Call SelfTradeGroup();

Call SetLeverage(std::string_view symbol, Decimal leverage);
Call SetMarginMode(std::string_view mode);  // ISOLATED_MARGIN, REGULAR_MARGIN, PORTFOLIO_MARGIN
Call SetPositionMode(std::string_view symbol, std::string_view coin, bool hedge);
// Stops of a whole position; trailing distance and activation in price units.
struct TradingStop {
  std::string symbol;
  std::optional<Decimal> take_profit, stop_loss, trailing_distance, activation_price;
  PositionSide side = PositionSide::kOneWay;
};
Call SetTradingStop(const TradingStop& stop);

// Disconnect protection: the venue cancels all orders of the product when the
// private stream (topic "dcp.future" or "dcp.spot") is gone for this long.
inline constexpr base::Duration kMinDisconnectWindow = std::chrono::seconds(3),
                                kMaxDisconnectWindow = std::chrono::seconds(300);
absl::StatusOr<Call> SetDisconnectProtection(Category category, base::Duration window);
Call DisconnectProtection();
std::string_view ProductOf(Category category);  // as it is called there

Call ServerTime();

// Public data.
Call OrderBook(Category category, std::string_view symbol, int limit);
Call RecentTrades(Category category, std::string_view symbol, int limit);
enum class CandleKind : uint8_t { kTrade = 1, kMark, kIndex, kPremium };
// `interval`: minutes, or D, W, M.
Call Klines(CandleKind kind, Category category, std::string_view symbol, std::string_view interval,
            const Page& page);
Call Tickers(Category category, std::string_view symbol);  // empty: of the category
Call FundingRates(std::string_view symbol, const Page& page);
Call OpenInterest(std::string_view symbol, std::string_view interval, const Page& page);
Call RiskLimits(std::string_view symbol);
Call LongShortRatio(std::string_view symbol, std::string_view period, const Page& page);
Call Instruments(Category category, std::string_view symbol);

}  // namespace gannet::venue::bybit
