#include "libs/venue/binance/usdm_order_venue.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "libs/base/check.h"
#include "libs/base/status.h"
#include "libs/venue/binance/parameter_names.h"
#include "libs/venue/binance/spot_requests.h"
#include "libs/venue/binance/usdm_algo_chain.h"
#include "libs/venue/binance/usdm_requests.h"

namespace gannet::venue::binance {
namespace {

constexpr int kRows = 1000;  // of one answer about trades or changes
// "Account Trade List": at most seven days in one request.
constexpr base::Duration kTradesSpan = std::chrono::hours(7 * 24) - std::chrono::minutes(1);

bool IsAlgoId(const market::VenueOrderId& id) { return id.text().starts_with(kAlgoPrefix); }

// Of an order that is, or began as, one of the algo endpoint.
usdm::AlgoChain ChainOf(const OrderKey& order) {
  const std::string symbol(market::SymbolOf(order.instrument));
  const std::string& id = order.venue_order_id.text();
  const bool algo = IsAlgoId(order.venue_order_id);
  return usdm::AlgoChain(symbol, order.client_order_id.text(),
                         algo ? id.substr(kAlgoPrefix.size()) : "", algo ? "" : id);
}

bool GoesToAlgo(const OrderKey& order) {
  if (!order.venue_order_id.empty()) return IsAlgoId(order.venue_order_id);
  return usdm::IsAlgo(order.type) && order.place == 0;
}

Page FirstPage() {
  Page page;
  page.limit = kRows;
  return page;
}

}  // namespace

absl::Status UsdmOrderVenue::Check(const KeyedVenueOptions& options) {
  const std::optional<SelfTrade> mode = ParseSelfTrade(options.self_trade_prevention);
  if (!mode || *mode == SelfTrade::kDecrement) {
    return absl::InvalidArgumentError(
        absl::StrCat("self-trade mode ", options.self_trade_prevention,
                     " does not exist on Binance USD-M; use EXPIRE_TAKER, EXPIRE_MAKER, "
                     "EXPIRE_BOTH or NONE"));
  }
  return Signer::FromKeyText(options.secret).status();
}

UsdmOrderVenue::UsdmOrderVenue(KeyedVenueOptions options)
    : KeyedVenue(std::move(options)),
      self_trade_(ParseSelfTrade(options_.self_trade_prevention).value_or(SelfTrade::kAllow)),
      absence_({.lists_back = kTradesSpan}) {
  GANNET_CHECK(Check(options_).ok(), "the options were checked");
}

bool UsdmOrderVenue::TwoIdentities(market::OrderType type) const { return usdm::IsAlgo(type); }

bool UsdmOrderVenue::Continues(const market::VenueOrderId& known,
                               const market::VenueOrderId& next) const {
  return IsAlgoId(known) && !next.empty() && !IsAlgoId(next);
}

WireRequest UsdmOrderVenue::Send(const Call& call, base::Time now) {
  if (GoesBySocket(call))
    return ToFrame(call, signer_, options_.api_key, NextFrameId(now), now, WindowOf(call.kind));
  return ToRest(call, signer_, now, WindowOf(call.kind));
}

OrderSpec UsdmOrderVenue::SpecFor(const Placement& order) const {
  OrderSpec spec = SpecOf(*order.intent, order.quantity, *order.instrument);
  spec.self_trade = self_trade_;
  spec.position_side = PositionSideOf(*order.intent);
  // In hedge mode the side of the position says it, and the flag "cannot be sent".
  if (spec.position_side != PositionSide::kOneWay) spec.reduce_only = false;
  return spec;
}

absl::StatusOr<WireRequest> UsdmOrderVenue::Place(const market::OrderIntent& intent,
                                                  market::Quantity quantity,
                                                  const market::Instrument& instrument,
                                                  base::Time now) {
  GANNET_ASSIGN_OR_RETURN(const Call call, usdm::Place(SpecFor({&intent, quantity, &instrument})));
  return Send(call, now);
}

size_t UsdmOrderVenue::MostInPlaceBatch() const { return uses_socket() ? 0 : usdm::kMaxBatch; }

bool UsdmOrderVenue::FitsPlaceBatch(const market::OrderIntent& intent) const {
  return !usdm::IsAlgo(intent.type);
}

absl::StatusOr<WireRequest> UsdmOrderVenue::PlaceBatch(const std::vector<Placement>& orders,
                                                       base::Time now) {
  std::vector<OrderSpec> specs;
  for (const Placement& order : orders) specs.push_back(SpecFor(order));
  GANNET_ASSIGN_OR_RETURN(const Call call, usdm::PlaceBatch(specs));
  WireRequest wire = Send(call, now);
  // "Place Multiple Orders": 5 of the limit by ten seconds, 1 of that by the minute, however
  // many they are.
  wire.orders = usdm::kMaxBatch;
  return wire;
}

WireRequest UsdmOrderVenue::Cancel(const OrderKey& order, base::Time now) {
  return Send(GoesToAlgo(order) ? ChainOf(order).Cancel()
                                : usdm::Cancel(market::SymbolOf(order.instrument), RefOf(order)),
              now);
}

size_t UsdmOrderVenue::MostInBatch() const { return usdm::kMaxCancelBatch; }

bool UsdmOrderVenue::FitsBatch(const OrderKey& order) const {
  return order.venue_order_id.empty() && !GoesToAlgo(order);
}

WireRequest UsdmOrderVenue::CancelBatch(const std::vector<OrderKey>& orders, base::Time now) {
  std::vector<OrderRef> refs;
  for (const OrderKey& order : orders) refs.push_back(RefOf(order));
  const absl::StatusOr<Call> call =
      usdm::CancelBatch(market::SymbolOf(orders.at(0).instrument), refs);
  GANNET_CHECK(call.ok(), "as many as fit, by client ids");
  return Send(*call, now);
}

absl::StatusOr<WireRequest> UsdmOrderVenue::Amend(const Change& change,
                                                  const market::Instrument& instrument,
                                                  base::Time now) {
  return Send(usdm::Amend({.symbol = std::string(market::SymbolOf(change.order.instrument)),
                           .order = RefOf(change.order),
                           .side = change.side,
                           .quantity = {change.quantity.mantissa, instrument.quantity_scale},
                           .price = {change.price.mantissa, instrument.price_scale}}),
              now);
}

absl::StatusOr<WireRequest> UsdmOrderVenue::CancelReplace(const market::OrderIntent&,
                                                          market::Quantity,
                                                          const market::Instrument&, base::Time) {
  return absl::InvalidArgumentError("Binance USD-M replaces in two steps");
}

WireRequest UsdmOrderVenue::QueryOrder(const OrderKey& order, base::Time now) {
  return Send(GoesToAlgo(order)
                  ? ChainOf(order).Query()
                  : usdm::QueryOrder(market::SymbolOf(order.instrument), RefOf(order)),
              now);
}

WireRequest UsdmOrderVenue::TradesOfOrder(const market::InstrumentId& instrument,
                                          const market::VenueOrderId& order, base::Time now) {
  return Send(usdm::Trades(market::SymbolOf(instrument), {order.text(), ""}, FirstPage()), now);
}

WireRequest UsdmOrderVenue::TradesSince(const market::InstrumentId& instrument, base::Time since,
                                        base::Time now) {
  Page page = FirstPage();
  page.since = std::max(since, now - kTradesSpan);
  return Send(usdm::Trades(market::SymbolOf(instrument), {}, page), now);
}

WireRequest UsdmOrderVenue::TradesFrom(const market::InstrumentId& instrument,
                                       std::string_view trade_id, base::Time now) {
  Page page = FirstPage();
  page.from_id = std::string(trade_id);
  return Send(usdm::Trades(market::SymbolOf(instrument), {}, page), now);
}

std::optional<WireRequest> UsdmOrderVenue::OrderHistory(const market::InstrumentId& instrument,
                                                        const market::VenueOrderId& oldest,
                                                        base::Time now) {
  Page page = FirstPage();
  page.from_id = oldest.text();
  return Send(usdm::AllOrders(market::SymbolOf(instrument), page), now);
}

WireRequest UsdmOrderVenue::OpenOrders(size_t list, base::Time now) {
  return Send(list == 0 ? usdm::OpenAlgoOrders("") : usdm::OpenOrders(""), now);
}

WireRequest UsdmOrderVenue::Account(base::Time now) { return Send(usdm::QueryAccount(), now); }

// Beside what is held, how the account is set up: the position mode, then leverage and margin
// of symbols.
std::optional<OrderVenue::Part> UsdmOrderVenue::NextPart(const RequestContext& context,
                                                         const Answer&, base::Time now) {
  if (context.kind != RequestKind::kAccount || !context.setup || context.part >= kSymbolsPart ||
      (context.part == kPositionModePart && options_.setup.leverage.empty()))
    return std::nullopt;
  const size_t part = context.part + 1;
  Call call = part == kSymbolsPart ? usdm::SymbolConfig("") : usdm::PositionMode();
  call.kind = RequestKind::kAccount;
  return Part{Send(call, now), part};
}

std::optional<WireRequest> UsdmOrderVenue::RightsOfKey(base::Time now) {
  return Send(spot::ApiKeyRestrictions(), now);
}

std::optional<WireRequest> UsdmOrderVenue::BalanceChanges(base::Time since, size_t answers,
                                                          base::Time now) {
  Page page = FirstPage();
  page.since = since;
  Call call = usdm::Income("", "", page);
  if (answers > 0) call.parameters.Number("page", static_cast<int64_t>(answers) + 1);
  call.kind = RequestKind::kBalanceChanges;
  return Send(call, now);
}

WireRequest UsdmOrderVenue::ServerTime() { return Send(usdm::ServerTime(), {}); }
WireRequest UsdmOrderVenue::Best(const market::InstrumentId& instrument) {
  return Send(usdm::BookTicker(market::SymbolOf(instrument)), {});
}

WireRequest UsdmOrderVenue::Subscribe(base::Time) { return {}; }

WireRequest UsdmOrderVenue::StreamKey(bool keep) {
  return Send(keep ? usdm::KeepStream() : usdm::StartStream(), {});
}

std::optional<WireRequest> UsdmOrderVenue::DeadMan(const market::InstrumentId& instrument,
                                                   base::Duration timeout, base::Time now) {
  return Send(usdm::Countdown(market::SymbolOf(instrument), timeout), now);
}

}  // namespace gannet::venue::binance
