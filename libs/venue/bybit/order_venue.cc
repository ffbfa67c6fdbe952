#include "libs/venue/bybit/order_venue.h"

#include <algorithm>
#include <array>

#include "libs/base/check.h"
#include "libs/base/concat.h"
#include "libs/base/status.h"
#include "libs/venue/answer_parts.h"
#include "libs/venue/bybit/requests.h"
#include "libs/venue/bybit/transport.h"

namespace gannet::venue::bybit {
namespace {

using base::Concat;

constexpr int kRows = 100;     // of one page of executions
constexpr int kOpenRows = 50;  // of one page of orders
constexpr std::string_view kAuthId = "own-updates", kTopicsId = "own-topics";
// The last of each arms disconnect protection, should the account have it.
constexpr std::array<std::string_view, 4> kSpotTopics = {"order", "execution", "wallet",
                                                         "dcp.spot"};
constexpr std::array<std::string_view, 5> kLinearTopics = {"order", "execution", "position",
                                                           "wallet", "dcp.future"};
// execution/list, transaction-log: at most seven days in one request.
constexpr base::Duration kSpan = std::chrono::hours(7 * 24) - std::chrono::minutes(5);
// Of the log: by how much the venue's clock may be ahead of what we know of it.
constexpr base::Duration kLogMargin = std::chrono::minutes(2);
// Its counts begin anew within seconds; what a header says beyond this is not believed.
constexpr base::Duration kMostPause = std::chrono::minutes(1);
// "600 requests within a 5-second window" of an address.
constexpr base::Duration kAddressWindow = std::chrono::seconds(5);
// Of the order socket's login; the clocks need not agree better.
constexpr base::Duration kLoginWindow = std::chrono::seconds(10);
constexpr int kLogRows = 50, kPositionRows = 200;
// What linear contracts settle in: open orders and positions are asked for by it.
constexpr std::array<std::string_view, 2> kSettleCoins = {"USDT", "USDC"};
constexpr size_t kSetupPart = kSettleCoins.size() + 1;

struct Mode {
  std::string_view text;
  SelfTrade mode;
};
constexpr Mode kModes[] = {{"", SelfTrade::kVenueDefault},
                           {"None", SelfTrade::kAllow},
                           {"CancelMaker", SelfTrade::kExpireMaker},
                           {"CancelTaker", SelfTrade::kExpireTaker},
                           {"CancelBoth", SelfTrade::kExpireBoth}};
std::optional<SelfTrade> ModeOf(std::string_view text) {
  for (const Mode& row : kModes) {
    if (row.text == text) return row.mode;
  }
  return std::nullopt;
}

OrderRef RefOf(const OrderKey& order) {
  return order.venue_order_id.empty() ? OrderRef{"", order.client_order_id.text()}
                                      : OrderRef{order.venue_order_id.text(), ""};
}

bool IsStop(market::OrderType type) {
  return type != market::OrderType::kLimit && type != market::OrderType::kMarket;
}

}  // namespace

absl::Status BybitVenue::Check(const KeyedVenueOptions& options) {
  if (!ModeOf(options.self_trade_prevention)) {
    return absl::InvalidArgumentError(
        Concat({"self-trade mode ", options.self_trade_prevention,
                " does not exist on Bybit; use CancelTaker, CancelMaker, CancelBoth or None"}));
  }
  GANNET_ASSIGN_OR_RETURN(const Signer signer, Signer::FromKeyText(options.secret));
  if (signer.kind() == SignatureKind::kEd25519) {
    return absl::InvalidArgumentError(
        "Bybit takes no Ed25519 key; use an HMAC secret or an RSA key");
  }
  return absl::OkStatus();
}

BybitVenue::BybitVenue(Category category, KeyedVenueOptions options)
    : KeyedVenue(std::move(options)),
      category_(category),
      absence_({.lists_back = kSpan}),
      self_trade_(ModeOf(options_.self_trade_prevention).value_or(SelfTrade::kVenueDefault)) {
  GANNET_CHECK(Check(options_).ok(), "the options were checked");
}

// --- requests ------------------------------------------------------------------

WireRequest BybitVenue::Send(const Call& call, base::Time now) {
  if (GoesBySocket(call)) return ToFrame(call, NextFrameId(now), now, WindowOf(call.kind));
  return ToRest(call, signer_, options_.api_key, now, WindowOf(call.kind));
}

WireRequest BybitVenue::SendPage(Call call, RequestKind kind, std::string_view cursor,
                                 base::Time now) {
  call.kind = kind;
  AddCursor(call.parameters, cursor);
  return Send(call, now);
}

size_t BybitVenue::OpenOrderLists() const { return linear() ? kSettleCoins.size() : 1; }

OrderSpec BybitVenue::SpecFor(const Placement& order) const {
  OrderSpec spec = SpecOf(*order.intent, order.quantity, *order.instrument);
  spec.self_trade = self_trade_;
  spec.position_side = PositionSideOf(*order.intent);
  // Spot has no word for it: risk has seen to it that the order reduces.
  if (!linear()) spec.reduce_only = false;
  return spec;
}

absl::StatusOr<WireRequest> BybitVenue::Place(const market::OrderIntent& intent,
                                              market::Quantity quantity,
                                              const market::Instrument& instrument,
                                              base::Time now) {
  GANNET_ASSIGN_OR_RETURN(const Call call,
                          bybit::Place(category_, SpecFor({&intent, quantity, &instrument})));
  return Send(call, now);
}

size_t BybitVenue::MostInPlaceBatch() const { return uses_socket() ? 0 : MostInBatch(); }

bool BybitVenue::FitsPlaceBatch(const market::OrderIntent&) const { return true; }

absl::StatusOr<WireRequest> BybitVenue::PlaceBatch(const std::vector<Placement>& orders,
                                                   base::Time now) {
  std::vector<OrderSpec> specs;
  for (const Placement& order : orders) specs.push_back(SpecFor(order));
  GANNET_ASSIGN_OR_RETURN(const Call call, bybit::PlaceBatch(category_, specs));
  WireRequest wire = Send(call, now);
  // Each counts by itself.
  wire.weight = wire.orders = wire.orders_of_minute = static_cast<uint32_t>(orders.size());
  return wire;
}

// Spot keeps waiting orders apart until they trigger; asked about in the second place, it is
// among those that work.
WireRequest BybitVenue::Cancel(const OrderKey& order, base::Time now) {
  return Send(bybit::Cancel(category_, market::SymbolOf(order.instrument), RefOf(order),
                            IsStop(order.type) && !order.triggered && order.place == 0),
              now);
}

size_t BybitVenue::MostInBatch() const { return linear() ? kMaxLinearBatch : kMaxSpotBatch; }

bool BybitVenue::FitsBatch(const OrderKey& order) const {
  return linear() || !IsStop(order.type) || order.triggered;
}

WireRequest BybitVenue::CancelBatch(const std::vector<OrderKey>& orders, base::Time now) {
  std::vector<SymbolOrder> members;
  for (const OrderKey& order : orders)
    members.push_back({std::string(market::SymbolOf(order.instrument)), RefOf(order)});
  const absl::StatusOr<Call> call = bybit::CancelBatch(category_, members);
  GANNET_CHECK(call.ok(), "as many as fit");
  WireRequest wire = Send(*call, now);
  wire.weight = wire.orders = static_cast<uint32_t>(orders.size());  // each counts by itself
  return wire;
}

absl::StatusOr<WireRequest> BybitVenue::Amend(const Change& change,
                                              const market::Instrument& instrument,
                                              base::Time now) {
  Amendment amendment;
  amendment.symbol = std::string(market::SymbolOf(change.order.instrument));
  amendment.order = RefOf(change.order);
  if (change.quantity != change.quantity_now)
    amendment.quantity = Decimal{change.quantity.mantissa, instrument.quantity_scale};
  if (change.price != change.price_now)
    amendment.price = Decimal{change.price.mantissa, instrument.price_scale};
  return Send(bybit::Amend(category_, amendment), now);
}

absl::StatusOr<WireRequest> BybitVenue::CancelReplace(const market::OrderIntent&, market::Quantity,
                                                      const market::Instrument&, base::Time) {
  return absl::InvalidArgumentError("Bybit replaces in two steps");
}

WireRequest BybitVenue::QueryOrder(const OrderKey& order, base::Time now) {
  const std::string_view symbol = market::SymbolOf(order.instrument);
  Call call = order.place == 0 ? bybit::QueryOrder(category_, symbol, RefOf(order))
                               : bybit::OrderHistory(category_, symbol, RefOf(order), "", {});
  call.kind = RequestKind::kQueryOrder;
  return Send(call, now);
}

WireRequest BybitVenue::TradesOfOrder(const market::InstrumentId& instrument,
                                      const market::VenueOrderId& order, base::Time now) {
  Page page;
  page.limit = kRows;
  return Send(Executions(category_, market::SymbolOf(instrument), {order.text(), ""}, "", page),
              now);
}

WireRequest BybitVenue::TradesSince(const market::InstrumentId& instrument, base::Time since,
                                    base::Time now) {
  Page page;
  page.since = std::max(since, now - kSpan);
  page.limit = kRows;
  return Send(Executions(category_, market::SymbolOf(instrument), {}, "", page), now);
}

WireRequest BybitVenue::TradesFrom(const market::InstrumentId& instrument, std::string_view,
                                   base::Time now) {
  return TradesSince(instrument, base::Time(), now);  // ids have no order here
}

WireRequest BybitVenue::MoreTrades(const RequestContext& context, const Answer& answer,
                                   base::Time now) {
  Page page;
  // Of one order they were asked for without a time.
  if (context.venue_order_id.empty()) page.since = std::max(context.since, now - kSpan);
  page.limit = kRows;
  page.cursor = answer.cursor;
  return Send(Executions(category_, market::SymbolOf(context.instrument),
                         {context.venue_order_id.text(), ""}, "", page),
              now);
}

namespace {
Call OpenOrdersOf(Category category, size_t list) {
  Page page;
  page.limit = kOpenRows;
  const bool linear = category == Category::kLinear;
  return bybit::OpenOrders(category, "", linear ? kSettleCoins[list] : "", page);
}
}  // namespace

WireRequest BybitVenue::OpenOrders(size_t list, base::Time now) {
  return Send(OpenOrdersOf(category_, list), now);
}

WireRequest BybitVenue::Account(base::Time now) { return Send(WalletBalance(""), now); }

std::optional<Call> BybitVenue::AccountPart(size_t part) const {
  Page page;
  page.limit = kPositionRows;
  if (part == 0) return WalletBalance("");
  if (!linear()) return std::nullopt;
  if (part <= kSettleCoins.size()) return Positions("", kSettleCoins[part - 1], page);
  if (part == kSetupPart) return QueryAccountInfo();
  const size_t symbol = part - kSetupPart - 1;
  if (symbol >= options_.setup.leverage.size()) return std::nullopt;
  return Positions(
      std::next(options_.setup.leverage.begin(), static_cast<ptrdiff_t>(symbol))->first, "", {});
}

Call BybitVenue::Log(base::Time since, base::Time now, std::string_view cursor) const {
  Page page;
  page.since = std::max(since, now - kSpan);
  page.until = now + kLogMargin;
  page.limit = kLogRows;
  page.cursor = std::string(cursor);
  Call call = TransactionLog("", page);
  call.kind = RequestKind::kBalanceChanges;
  return call;
}

std::optional<WireRequest> BybitVenue::BalanceChanges(base::Time since, size_t, base::Time now) {
  if (!linear()) return std::nullopt;
  return Send(Log(since, now, ""), now);
}

std::optional<OrderVenue::Part> BybitVenue::NextPart(const RequestContext& context,
                                                     const Answer& answer, base::Time now) {
  const bool further = !answer.cursor.empty();
  switch (context.kind) {
    case RequestKind::kOpenOrders:
      if (!further || answer.orders.empty()) return std::nullopt;
      return Part{SendPage(OpenOrdersOf(category_, context.list), context.kind, answer.cursor, now),
                  context.part};
    case RequestKind::kBalanceChanges:
      if (!further) return std::nullopt;
      return Part{Send(Log(context.since, now, answer.cursor), now), context.part};
    case RequestKind::kAccount: {
      const size_t part = further ? context.part : context.part + 1;
      std::optional<Call> call = AccountPart(part);
      if (!call || (part >= kSetupPart && !context.setup)) return std::nullopt;
      return Part{SendPage(*std::move(call), context.kind, further ? answer.cursor : "", now),
                  part};
    }
    case RequestKind::kDeadMan:
      // That it was taken does not say that the account has the protection.
      if (context.part > 0) return std::nullopt;
      return Part{SendPage(DisconnectProtection(), context.kind, "", now), 1};
    default:
      return std::nullopt;
  }
}

std::optional<WireRequest> BybitVenue::RightsOfKey(base::Time now) {
  return Send(QueryApiKey(), now);
}

WireRequest BybitVenue::ServerTime() { return Send(bybit::ServerTime(), {}); }
WireRequest BybitVenue::Best(const market::InstrumentId& instrument) {
  return Send(OrderBook(category_, market::SymbolOf(instrument), 1), {});
}

WireRequest BybitVenue::Subscribe(base::Time now) {
  WireRequest request =
      Authenticate(signer_, options_.api_key, kAuthId, now + options_.query_window);
  request.kind = RequestKind::kSubscribe;
  return request;
}

std::optional<WireRequest> BybitVenue::Topics() {
  const std::span<const std::string_view> all =
      linear() ? std::span<const std::string_view>(kLinearTopics) : kSpotTopics;
  return bybit::Subscribe(kTopicsId,
                          all.first(all.size() - (options_.dead_man > base::Duration(0) ? 0 : 1)));
}

std::optional<WireRequest> BybitVenue::Heartbeat() { return Ping("alive"); }

// Of the whole account and product: the same for every instrument.
std::optional<WireRequest> BybitVenue::DeadMan(const market::InstrumentId&, base::Duration timeout,
                                               base::Time now) {
  const absl::StatusOr<Call> call = SetDisconnectProtection(category_, timeout);
  if (!call.ok()) return std::nullopt;  // settings keep to the venue's bounds
  return Send(*call, now);
}

std::optional<std::string> BybitVenue::SocketLogin(base::Time now) {
  return Authenticate(signer_, options_.api_key, kAuthId, now + kLoginWindow).body;
}

// retCode 20001: it is logged in already.
std::optional<bool> BybitVenue::LoggedIn(std::string_view text) {
  const absl::StatusOr<PrivateFrame> frame = reader_.ReadFrame(text);
  if (!frame.ok()) return std::nullopt;
  const auto* answer = std::get_if<TradeAnswer>(&*frame);
  if (answer == nullptr || answer->operation != "auth") return std::nullopt;
  return answer->envelope.code == 0 || answer->envelope.code == 20001;
}

// --- answers -------------------------------------------------------------------

Answer BybitVenue::Decode(const RequestContext& request, const wire::HttpExchange& exchange) {
  RequestContext context = request;
  const bool of_account = request.kind == RequestKind::kAccount;
  if (of_account && request.part > 0)
    context.kind = request.part == kSetupPart ? RequestKind::kAccountMode : RequestKind::kPositions;
  Answer answer = bybit::DecodeAnswer(
      reader_, {options_.venue, category_, options_.setup, options_.dead_man}, context, exchange);
  // Positions of one symbol say how it is set up; they were counted before.
  if (of_account && request.part > kSetupPart) answer.positions.reset();
  const EndpointLimit limit = LimitOf(exchange);
  // 10006, and the like: this endpoint takes no more before its count begins anew. 10018, and the
  // like: nothing does.
  const auto full = [](const std::string& code) {
    return code == "10006" || code == "10429" || code == "170005" || code == "170222";
  };
  const bool of_address = answer.code == "10018" || answer.code == "429" || answer.code == "20003";
  if (exchange.status == 200 && of_address) {
    answer.rate.full = Full::kAll;
    answer.rate.retry_after = kAddressWindow;
  } else if (full(answer.code) ||
             std::any_of(answer.legs.begin(), answer.legs.end(),
                         [&](const LegOutcome& leg) { return full(leg.code); })) {
    answer.rate.full = Full::kKind;
    const base::Duration least = std::chrono::seconds(1);
    const base::Time at = exchange.status == 200 && limit.reset ? *limit.reset : base::Time();
    // From what its clock said as it answered, where it says so, not from what we took it for.
    const absl::StatusOr<Envelope> envelope = reader_.ReadEnvelope(exchange.body);
    const base::Time now =
        envelope.ok() && envelope->time ? base::FromUnixMillis(*envelope->time) : request.asked_at;
    answer.rate.retry_after =
        at > now ? std::clamp<base::Duration>(at - now, least, kMostPause) : least;
  }
  return answer;
}

StreamUpdate BybitVenue::Convert(const OperationAnswer& answer) const {
  StreamUpdate out;
  out.detail = answer.operation + " " + answer.message;
  if (answer.operation == "auth") {
    out.kind = answer.success ? StreamKind::kAuthenticated : StreamKind::kSubscribeFailed;
  } else if (answer.operation == "subscribe") {
    out.kind = answer.success ? StreamKind::kSubscribed : StreamKind::kSubscribeFailed;
  }
  return out;
}

StreamUpdate BybitVenue::Convert(const OrderFrame& frame) const {
  StreamUpdate out;
  out.evidence = "stream:order";
  for (const Order& order : frame.orders) {
    if (order.category && *order.category != CategoryText(category_)) continue;
    absl::StatusOr<OrderUpdate> update = bybit::Convert(order, options_.venue, category_);
    if (!update.ok()) {
      out.orders.clear();
      out.kind = StreamKind::kBadFrame;
      out.detail = std::string(update.status().message());
      return out;
    }
    out.evidence += Concat({":", update->venue_order_id.text(), ":",
                            order.order_status.value_or(""), ":", order.updated_time.value_or("")});
    out.orders.push_back(*std::move(update));
  }
  out.kind = StreamKind::kOrders;
  out.time = base::FromUnixMillis(frame.created.value_or(0));
  return out;
}

StreamUpdate BybitVenue::Convert(const ExecutionFrame& frame) const {
  StreamUpdate out;
  out.kind = StreamKind::kOrders;
  out.evidence = "stream:execution";
  out.time = base::FromUnixMillis(frame.created.value_or(0));
  for (const Execution& execution : frame.executions) {
    if (execution.category && *execution.category != CategoryText(category_)) continue;
    if (auto trade = bybit::Convert(execution, options_.venue, category_)) {
      out.evidence += Concat({":", trade->trade_id});
      out.trades.push_back(*std::move(trade));
    }
  }
  return out;
}

StreamUpdate BybitVenue::Convert(const WalletFrame& frame) const {
  StreamUpdate out;
  // Of contracts the fills do not say all that changed it.
  out.kind = linear() ? StreamKind::kChangesBooked : StreamKind::kBalances;
  out.time = base::FromUnixMillis(frame.created.value_or(0));
  out.evidence = Concat({"stream:wallet:", std::to_string(frame.created.value_or(0))});
  for (const Wallet& wallet : frame.wallets) {
    for (const Coin& coin : wallet.coins) {
      const std::optional<BalanceEntry> entry = BalanceOf(coin);
      if (!entry) {
        out.balances.clear();
        out.kind = StreamKind::kBadFrame;
        out.detail = Concat({"balance of ", coin.coin.value_or(""), " is no amount"});
        return out;
      }
      out.balances.push_back(*entry);
    }
  }
  return out;
}

StreamUpdate BybitVenue::DecodeFrame(std::string_view text) {
  const absl::StatusOr<PrivateFrame> frame = reader_.ReadFrame(text);
  StreamUpdate out;
  if (!frame.ok()) {
    out.kind = StreamKind::kBadFrame;
    out.detail = std::string(frame.status().message());
    return out;
  }
  if (const auto* answer = std::get_if<OperationAnswer>(&*frame)) return Convert(*answer);
  if (const auto* orders = std::get_if<OrderFrame>(&*frame)) return Convert(*orders);
  if (const auto* executions = std::get_if<ExecutionFrame>(&*frame)) return Convert(*executions);
  if (const auto* wallets = std::get_if<WalletFrame>(&*frame)) return Convert(*wallets);
  return out;
}

}  // namespace gannet::venue::bybit
