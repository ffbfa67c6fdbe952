// Binance USD-M futures behind the order port: REST for requests, a listen-key stream
// for own updates. Pure; see ../order_venue.h for the contract.
//
// A stop order is known as "algo:<algo id>" until it triggers, then by the id of the
// order that it became (usdm_algo_chain.h).
#pragma once

#include <string>

#include "libs/venue/binance/transport.h"
#include "libs/venue/binance/usdm_codec.h"
#include "libs/venue/keyed_venue.h"

namespace gannet::venue::binance {

inline constexpr std::string_view kAlgoPrefix = "algo:";

class UsdmOrderVenue : public KeyedVenue {
 public:
  // INVALID_ARGUMENT: the key cannot be used, or the venue has no such mode.
  static absl::Status Check(const KeyedVenueOptions& options);
  explicit UsdmOrderVenue(KeyedVenueOptions options);

  const AbsenceRules& absence() const override { return absence_; }
  bool CancelReplaceUnfilled() const override { return false; }
  bool TwoIdentities(market::OrderType type) const override;
  bool Continues(const market::VenueOrderId& known,
                 const market::VenueOrderId& next) const override;
  bool OrdersGrow() const override { return true; }
  bool ReducesNet() const override { return !options_.setup.hedge; }
  size_t OpenOrderLists() const override { return 2; }  // algo orders, orders
  StreamAccess stream_access() const override { return StreamAccess::kKey; }
  bool RefusesClock(std::string_view code) const override { return code == "-1021"; }

  absl::StatusOr<WireRequest> Place(const market::OrderIntent& intent, market::Quantity quantity,
                                    const market::Instrument& instrument, base::Time now) override;
  // By REST: the WebSocket API has no batches. Not of stop orders.
  size_t MostInPlaceBatch() const override;
  bool FitsPlaceBatch(const market::OrderIntent& intent) const override;
  absl::StatusOr<WireRequest> PlaceBatch(const std::vector<Placement>& orders,
                                         base::Time now) override;
  WireRequest Cancel(const OrderKey& order, base::Time now) override;
  // By client ids; stop orders that wait have an endpoint of their own, which takes one.
  size_t MostInBatch() const override;
  bool FitsBatch(const OrderKey& order) const override;
  WireRequest CancelBatch(const std::vector<OrderKey>& orders, base::Time now) override;
  // Price and quantity; it goes to the end of the queue.
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
  // in the comparison of positions.
  WireRequest TradesSince(const market::InstrumentId& instrument, base::Time since,
                          base::Time now) override;
  WireRequest TradesFrom(const market::InstrumentId& instrument, std::string_view trade_id,
                         base::Time now) override;
  WireRequest OpenOrders(size_t list, base::Time now) override;
  // Of the ordinary endpoint: what a stop order was before it triggered is not in it.
  std::optional<WireRequest> OrderHistory(const market::InstrumentId& instrument,
                                          const market::VenueOrderId& oldest,
                                          base::Time now) override;
  WireRequest Account(base::Time now) override;
  std::optional<Part> NextPart(const RequestContext& context, const Answer& answer,
                               base::Time now) override;
  std::optional<WireRequest> RightsOfKey(base::Time now) override;  // at the host of spot
  std::optional<WireRequest> BalanceChanges(base::Time since, size_t answers,
                                            base::Time now) override;
  WireRequest ServerTime() override;
  WireRequest Best(const market::InstrumentId& instrument) override;
  WireRequest Subscribe(base::Time now) override;  // not asked: the key does it
  WireRequest StreamKey(bool keep) override;
  std::optional<WireRequest> DeadMan(const market::InstrumentId& instrument, base::Duration timeout,
                                     base::Time now) override;

  StreamUpdate DecodeFrame(std::string_view frame) override;

 private:
  Answer Decode(const RequestContext& request, const wire::HttpExchange& exchange) override;
  WireRequest Send(const Call& call, base::Time now);  // in its window
  OrderSpec SpecFor(const Placement& order) const;

  absl::Status Understand(const RequestContext& request, const std::string& body, Answer& answer);
  // Parts of Account.
  static constexpr size_t kPositionModePart = 1, kSymbolsPart = 2;
  absl::Status UnderstandBatch(const RequestContext& request, const std::string& body,
                               Answer& answer);
  absl::Status UnderstandAccount(const std::string& body, Answer& answer);
  absl::Status UnderstandSymbols(const std::string& body, Answer& answer);
  absl::Status UnderstandPositionMode(const std::string& body, Answer& answer);
  absl::Status UnderstandOpenOrders(size_t list, const std::string& body, Answer& answer);
  absl::Status UnderstandChanges(const std::string& body, Answer& answer);
  absl::StatusOr<OrderUpdate> Convert(const usdm::Order& order) const;
  absl::StatusOr<OrderUpdate> Convert(const usdm::AlgoOrder& order) const;
  TradeUpdate Convert(const usdm::Trade& source) const;
  StreamUpdate Convert(const usdm::OrderEvent& event) const;
  StreamUpdate Convert(const usdm::AlgoEvent& event) const;
  StreamUpdate Convert(const usdm::AccountEvent& event) const;

  const SelfTrade self_trade_;
  const AbsenceRules absence_;
  usdm::Reader reader_;
};

}  // namespace gannet::venue::binance
