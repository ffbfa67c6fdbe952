// Bybit v5 spot behind the order port: REST for requests, the private stream for own
// updates. Pure; see ../order_venue.h for the contract.
//
// Success of placing and cancelling acknowledges: the fate comes by stream or query. Stop
// orders are refused here: what becomes of their ids when they trigger is not documented.
#pragma once

#include <string>

#include "libs/venue/bybit/answers.h"
#include "libs/venue/bybit/codec.h"
#include "libs/venue/keyed_venue.h"

namespace gannet::venue::bybit {

class SpotVenue : public KeyedVenue {
 public:
  // INVALID_ARGUMENT: the key cannot be used, or the venue has no such mode.
  static absl::Status Check(const KeyedVenueOptions& options);
  explicit SpotVenue(KeyedVenueOptions options);

  const AbsenceRules& absence() const override { return absence_; }
  bool CancelReplaceUnfilled() const override { return false; }
  size_t Places(market::OrderType) const override { return 2; }  // working, history
  bool OrderedTradeIds() const override { return false; }
  std::string_view clock_refusal() const override { return "10002"; }

  absl::StatusOr<WireRequest> Place(const market::OrderIntent& intent, market::Quantity quantity,
                                    const market::Instrument& instrument, base::Time now) override;
  WireRequest Cancel(const OrderKey& order, base::Time now) override;
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
  WireRequest Account(base::Time now) override;
  std::optional<WireRequest> RightsOfKey(base::Time now) override;
  WireRequest ServerTime() override;
  WireRequest Subscribe(base::Time now) override;  // authenticates
  std::optional<WireRequest> Topics() override;
  std::optional<WireRequest> Heartbeat() override;
  std::optional<WireRequest> DeadMan(const market::InstrumentId& instrument, base::Duration timeout,
                                     base::Time now) override;

  Answer DecodeAnswer(const RequestContext& request, const wire::HttpExchange& exchange) override;
  StreamUpdate DecodeFrame(std::string_view frame) override;

 private:
  WireRequest Send(const Call& call, base::Time now) const;  // in its window
  StreamUpdate Convert(const OperationAnswer& answer) const;
  StreamUpdate Convert(const OrderFrame& frame) const;
  StreamUpdate Convert(const ExecutionFrame& frame) const;
  StreamUpdate Convert(const WalletFrame& frame) const;

  const SelfTrade self_trade_;
  const AbsenceRules absence_;
  Reader reader_;
};

}  // namespace gannet::venue::bybit
