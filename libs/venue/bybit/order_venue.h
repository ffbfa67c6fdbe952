// Bybit v5 behind the order port, spot and linear (perpetuals that settle in USDT or USDC):
// REST for requests, the private stream for own updates. Pure; see ../order_venue.h for the
// contract.
//
// Success of placing and cancelling acknowledges: the fate comes by stream or query. A stop
// order of a unified account keeps its id when it triggers (create-order page). A trailing
// stop is a setting of the position there, no order with a name: it is refused.
//
// Linear: what closing a position adds to the balance is in the transaction log, with
// funding and transfers; fills state their fee.
#pragma once

#include <string>
#include <utility>

#include "libs/venue/bybit/answers.h"
#include "libs/venue/bybit/codec.h"
#include "libs/venue/keyed_venue.h"

namespace gannet::venue::bybit {

class BybitVenue : public KeyedVenue {
 public:
  // INVALID_ARGUMENT: the key cannot be used, or the venue has no such mode.
  static absl::Status Check(const KeyedVenueOptions& options);

  const AbsenceRules& absence() const override { return absence_; }
  bool CancelReplaceUnfilled() const override { return false; }
  size_t Places(market::OrderType) const override { return 2; }  // working, history
  bool ReducesNet() const override { return linear() && !options_.setup.hedge; }
  bool OrdersGrow() const override { return true; }
  size_t OpenOrderLists() const override;  // linear: one for each coin it settles in
  bool OrderedTradeIds() const override { return false; }
  bool RefusesClock(std::string_view code) const override {
    return code == "10002" || code == "-1";
  }

  absl::StatusOr<WireRequest> Place(const market::OrderIntent& intent, market::Quantity quantity,
                                    const market::Instrument& instrument, base::Time now) override;
  // By REST: over a socket each order is a frame of its own.
  size_t MostInPlaceBatch() const override;
  bool FitsPlaceBatch(const market::OrderIntent& intent) const override;
  absl::StatusOr<WireRequest> PlaceBatch(const std::vector<Placement>& orders,
                                         base::Time now) override;
  WireRequest Cancel(const OrderKey& order, base::Time now) override;
  size_t MostInBatch() const override;
  // The batch has no word for the kind of spot's stop orders.
  bool FitsBatch(const OrderKey& order) const override;
  WireRequest CancelBatch(const std::vector<OrderKey>& orders, base::Time now) override;
  // Price and quantity, of which only what changes is named.
  absl::StatusOr<WireRequest> Amend(const Change& change, const market::Instrument& instrument,
                                    base::Time now) override;
  absl::StatusOr<WireRequest> CancelReplace(const market::OrderIntent& replacement,
                                            market::Quantity quantity,
                                            const market::Instrument& instrument,
                                            base::Time now) override;
  WireRequest QueryOrder(const OrderKey& order, base::Time now) override;
  WireRequest TradesOfOrder(const market::InstrumentId& instrument,
                            const market::VenueOrderId& order, base::Time now) override;
  // The venue lists seven days from `since` on; what is older is not asked for, and shows
  // in the comparison of balances.
  WireRequest TradesSince(const market::InstrumentId& instrument, base::Time since,
                          base::Time now) override;
  WireRequest TradesFrom(const market::InstrumentId& instrument, std::string_view trade_id,
                         base::Time now) override;
  WireRequest MoreTrades(const RequestContext& context, const Answer& answer,
                         base::Time now) override;
  WireRequest OpenOrders(size_t list, base::Time now) override;
  // Linear: the wallet, then positions, then how the account is set up.
  WireRequest Account(base::Time now) override;
  std::optional<Part> NextPart(const RequestContext& context, const Answer& answer,
                               base::Time now) override;
  // Linear: the log of the last seven days at most.
  std::optional<WireRequest> BalanceChanges(base::Time since, size_t answers,
                                            base::Time now) override;
  std::optional<WireRequest> RightsOfKey(base::Time now) override;
  WireRequest ServerTime() override;
  WireRequest Best(const market::InstrumentId& instrument) override;
  WireRequest Subscribe(base::Time now) override;  // authenticates
  std::optional<WireRequest> Topics() override;
  std::optional<WireRequest> Heartbeat() override;
  // Sets it; then whether the account has it is asked.
  std::optional<WireRequest> DeadMan(const market::InstrumentId& instrument, base::Duration timeout,
                                     base::Time now) override;

  std::optional<std::string> SocketLogin(base::Time now) override;
  std::optional<bool> LoggedIn(std::string_view frame) override;
  StreamUpdate DecodeFrame(std::string_view frame) override;

 protected:
  BybitVenue(Category category, KeyedVenueOptions options);

 private:
  Answer Decode(const RequestContext& request, const wire::HttpExchange& exchange) override;
  bool linear() const { return category_ == Category::kLinear; }
  WireRequest Send(const Call& call, base::Time now);  // in its window
  OrderSpec SpecFor(const Placement& order) const;
  WireRequest SendPage(Call call, RequestKind kind, std::string_view cursor, base::Time now);
  // Linear: the questions of which Account is the first.
  std::optional<Call> AccountPart(size_t part) const;
  Call Log(base::Time since, base::Time now, std::string_view cursor) const;
  StreamUpdate Convert(const OperationAnswer& answer) const;
  StreamUpdate Convert(const OrderFrame& frame) const;
  StreamUpdate Convert(const ExecutionFrame& frame) const;
  StreamUpdate Convert(const WalletFrame& frame) const;

  const Category category_;
  const AbsenceRules absence_;
  const SelfTrade self_trade_;
  Reader reader_;
};

class SpotVenue : public BybitVenue {
 public:
  explicit SpotVenue(KeyedVenueOptions options) : BybitVenue(Category::kSpot, std::move(options)) {}
};
class LinearVenue : public BybitVenue {
 public:
  explicit LinearVenue(KeyedVenueOptions options)
      : BybitVenue(Category::kLinear, std::move(options)) {}
};

}  // namespace gannet::venue::bybit
