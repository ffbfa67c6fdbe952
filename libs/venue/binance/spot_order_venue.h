// Binance spot behind the order port: REST for requests, the WebSocket API for
// own updates. Pure; see ../order_venue.h for the contract.
#pragma once

#include <string>

#include "libs/base/hmac_key.h"
#include "libs/venue/binance/order_codec.h"
#include "libs/venue/binance/transport.h"
#include "libs/venue/binance/user_stream_codec.h"
#include "libs/venue/keyed_venue.h"

namespace gannet::venue::binance {

inline constexpr int kTradesLimit = 1000;  // rows of one answer about trades
inline constexpr std::string_view kSubscribeId = "own-updates";

// "POST /api/v3/order"
std::string_view EndpointOf(RequestKind kind);

class SpotOrderVenue : public KeyedVenue {
 public:
  // INVALID_ARGUMENT: the key cannot be used.
  static absl::Status Check(const KeyedVenueOptions& options);
  explicit SpotOrderVenue(KeyedVenueOptions options);

  const AbsenceRules& absence() const override { return absence_; }
  bool CancelReplaceUnfilled() const override { return true; }
  bool RefusesClock(std::string_view code) const override { return code == "-1021"; }

  absl::StatusOr<WireRequest> Place(const market::OrderIntent& intent, market::Quantity quantity,
                                    const market::Instrument& instrument, base::Time now) override;
  WireRequest Cancel(const OrderKey& order, base::Time now) override;
  // A smaller quantity, which keeps its place in the queue.
  absl::StatusOr<WireRequest> Amend(const Change& change, const market::Instrument& instrument,
                                    base::Time now) override;
  absl::StatusOr<WireRequest> CancelReplace(const market::OrderIntent& replacement,
                                            market::Quantity quantity,
                                            const market::Instrument& instrument,
                                            base::Time now) override;
  WireRequest QueryOrder(const OrderKey& order, base::Time now) override;
  WireRequest TradesOfOrder(const market::InstrumentId& instrument,
                            const market::VenueOrderId& order, base::Time now) override;
  WireRequest TradesSince(const market::InstrumentId& instrument, base::Time since,
                          base::Time now) override;
  WireRequest TradesFrom(const market::InstrumentId& instrument, std::string_view trade_id,
                         base::Time now) override;
  WireRequest OpenOrders(size_t list, base::Time now) override;
  std::optional<WireRequest> OrderHistory(const market::InstrumentId& instrument,
                                          const market::VenueOrderId& oldest,
                                          base::Time now) override;
  WireRequest Account(base::Time now) override;
  std::optional<WireRequest> RightsOfKey(base::Time now) override;
  WireRequest ServerTime() override;
  WireRequest Best(const market::InstrumentId& instrument) override;
  WireRequest Subscribe(base::Time now) override;

  StreamUpdate DecodeFrame(std::string_view frame) override;

 private:
  Answer Decode(const RequestContext& request, const wire::HttpExchange& exchange) override;
  // The spec of an intent as this venue places it.
  OrderSpec Spec(const market::OrderIntent& intent, market::Quantity quantity,
                 const market::Instrument& instrument) const;
  WireRequest Send(const Call& call, base::Time now);  // in its window

  void DecodeSuccess(const RequestContext& request, const std::string& body, Answer& answer);
  void DecodeError(const RequestContext& request, const wire::HttpExchange& exchange,
                   Answer& answer);
  void DecodeCancelReplace(const RequestContext& request, const wire::HttpExchange& exchange,
                           Answer& answer);
  LegOutcome Leg(RequestKind kind, const SpotLeg& leg, const market::ClientOrderId& order) const;
  // What the answer to placing or cancelling says of `expected`; INVALID_ARGUMENT
  // when it speaks of another order or in words that are not documented.
  absl::StatusOr<OrderUpdate> Convert(const SpotOrder& order,
                                      const market::ClientOrderId& expected) const;
  // The same of a single order's answer, by whichever id it was asked.
  absl::StatusOr<OrderUpdate> Convert(const SpotOrder& order, const RequestContext& request) const;
  TradeUpdate Convert(const SpotFill& fill, const OrderUpdate& order) const;
  TradeUpdate Convert(const SpotTrade& trade) const;
  StreamUpdate Convert(const ExecutionReport& report) const;

  const SelfTrade self_trade_;
  const AbsenceRules absence_;
  AnswerReader answers_;
  UserStreamReader stream_;
};

}  // namespace gannet::venue::binance
