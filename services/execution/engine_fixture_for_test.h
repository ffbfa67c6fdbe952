// An ExecutionEngine with a venue that answers what the test tells it to. Facts
// are applied as they are emitted, as the shard does, and kept for recovery.
#pragma once

#include <catch2/catch_test_macros.hpp>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "services/execution/execution_engine.h"

namespace gannet::execution {

inline const market::InstrumentId kBtc{"test:BTCUSDT"};
inline const market::AccountId kAccount{"main/test"};
inline const market::AssetId kCoin{"BNB"};  // held by an account of which a test says nothing

// Requests are words; answers are what the test scripted.
class ScriptedVenue : public venue::OrderVenue {
 public:
  std::string_view name() const override { return "test"; }
  bool Serves(const market::InstrumentId& instrument) const override {
    return market::VenueOf(instrument) == "test";
  }
  const venue::AbsenceRules& absence() const override { return rules; }
  bool CancelReplaceUnfilled() const override { return cancel_replace; }
  bool RefusesClock(std::string_view code) const override { return code == "-1021"; }
  bool ReducesNet() const override { return reduces_net; }
  bool OrdersGrow() const override { return orders_grow; }
  bool OrderedTradeIds() const override { return ordered_trade_ids; }

  size_t Places(market::OrderType type) const override { return TwoIdentities(type) ? 2 : places; }
  bool TwoIdentities(market::OrderType type) const override {
    return two_identities && type == market::OrderType::kStop;
  }
  bool Continues(const market::VenueOrderId& known,
                 const market::VenueOrderId& next_id) const override {
    return known.text().starts_with("algo:") && !next_id.text().starts_with("algo:");
  }

  absl::StatusOr<venue::WireRequest> Place(const market::OrderIntent& intent,
                                           market::Quantity quantity,
                                           const market::Instrument& instrument,
                                           base::Time now) override {
    if (intent.type == market::OrderType::kTrailingStop)
      return absl::InvalidArgumentError("no trailing stops here");
    return Request(venue::RequestKind::kPlace, "POST",
                   "place " + intent.client_order_id.text() + " " + instrument.Format(quantity) +
                       ReduceOnly(intent),
                   now, std::chrono::seconds(2), true);
  }
  size_t MostInPlaceBatch() const override { return place_batch; }
  bool FitsPlaceBatch(const market::OrderIntent& intent) const override {
    return intent.type != market::OrderType::kStop;
  }
  absl::StatusOr<venue::WireRequest> PlaceBatch(const std::vector<venue::Placement>& orders,
                                                base::Time now) override {
    std::string words = "place-batch", quantities = " of";
    for (const venue::Placement& order : orders) {
      if (!Place(*order.intent, order.quantity, *order.instrument, now).ok())
        return absl::InvalidArgumentError("one of them is no order here");
      words += " " + order.intent->client_order_id.text();
      quantities += " " + order.instrument->Format(order.quantity) + ReduceOnly(*order.intent);
    }
    venue::WireRequest wire = Request(venue::RequestKind::kPlaceBatch, "POST", words + quantities,
                                      now, std::chrono::seconds(2), true);
    wire.orders = members_count ? static_cast<uint32_t>(orders.size()) : place_batch;
    return wire;
  }
  venue::WireRequest Cancel(const venue::OrderKey& order, base::Time now) override {
    return Request(venue::RequestKind::kCancel, "DELETE",
                   order.venue_order_id.empty() ? "cancel " + Words(order)
                                                : "cancel-venue " + order.venue_order_id.text(),
                   now, std::chrono::seconds(2));
  }
  absl::StatusOr<venue::WireRequest> Amend(const venue::Change& change,
                                           const market::Instrument& instrument,
                                           base::Time now) override {
    if (!amends) return OrderVenue::Amend(change, instrument, now);
    return Request(venue::RequestKind::kAmend, "PUT",
                   "amend " + Words(change.order) + " to " + instrument.Format(change.price) +
                       " x " + instrument.Format(change.quantity),
                   now, std::chrono::seconds(2), true);
  }
  size_t MostInBatch() const override { return batch; }
  bool FitsBatch(const venue::OrderKey& order) const override {
    return batch > 0 && order.venue_order_id.empty();
  }
  venue::WireRequest CancelBatch(const std::vector<venue::OrderKey>& orders,
                                 base::Time now) override {
    std::string words = "cancel-batch";
    for (const venue::OrderKey& order : orders) words += " " + order.client_order_id.text();
    venue::WireRequest wire =
        Request(venue::RequestKind::kCancelBatch, "DELETE", words, now, std::chrono::seconds(2));
    wire.orders = static_cast<uint32_t>(orders.size());
    return wire;
  }
  absl::StatusOr<venue::WireRequest> CancelReplace(const market::OrderIntent& replacement,
                                                   market::Quantity quantity,
                                                   const market::Instrument& instrument,
                                                   base::Time now) override {
    return Request(venue::RequestKind::kCancelReplace, "POST",
                   "replace " + replacement.target.text() + " by " +
                       replacement.client_order_id.text() + " " + instrument.Format(quantity),
                   now, std::chrono::seconds(2), true);
  }
  venue::WireRequest QueryOrder(const venue::OrderKey& order, base::Time now) override {
    return Request(venue::RequestKind::kQueryOrder, "GET",
                   (places > 1 && order.place == 1 ? "past-" : "") +
                       (order.venue_order_id.empty() ? "query " + Words(order)
                                                     : "identify " + order.venue_order_id.text()),
                   now, std::chrono::seconds(5));
  }
  venue::WireRequest TradesOfOrder(const market::InstrumentId&, const market::VenueOrderId& order,
                                   base::Time now) override {
    return Request(venue::RequestKind::kTrades, "GET", "trades-of " + order.text(), now,
                   std::chrono::seconds(5));
  }
  venue::WireRequest TradesSince(const market::InstrumentId& instrument, base::Time,
                                 base::Time now) override {
    return Request(venue::RequestKind::kTrades, "GET", "trades-since " + instrument.text(), now,
                   std::chrono::seconds(5));
  }
  venue::WireRequest TradesFrom(const market::InstrumentId& instrument, std::string_view id,
                                base::Time now) override {
    return Request(venue::RequestKind::kTrades, "GET",
                   "trades-from " + instrument.text() + " " + std::string(id), now,
                   std::chrono::seconds(5));
  }
  venue::WireRequest OpenOrders(size_t, base::Time now) override {
    return Request(venue::RequestKind::kOpenOrders, "GET", "open-orders", now,
                   std::chrono::seconds(5));
  }
  std::optional<venue::WireRequest> OrderHistory(const market::InstrumentId&,
                                                 const market::VenueOrderId& oldest,
                                                 base::Time now) override {
    if (!history) return std::nullopt;
    return Request(venue::RequestKind::kOrderHistory, "GET", "history " + oldest.text(), now,
                   std::chrono::seconds(5));
  }
  std::optional<venue::WireRequest> BalanceChanges(base::Time since, size_t answers,
                                                   base::Time now) override {
    if (!derivatives) return std::nullopt;
    changes_since = since;
    return Request(venue::RequestKind::kBalanceChanges, "GET",
                   answers == 0 ? "changes" : "changes after " + std::to_string(answers), now,
                   std::chrono::seconds(5));
  }
  std::optional<venue::WireRequest> DeadMan(const market::InstrumentId&, base::Duration,
                                            base::Time now) override {
    if (!derivatives) return std::nullopt;
    return Request(venue::RequestKind::kDeadMan, "POST", "dead-man", now, std::chrono::seconds(5));
  }
  venue::WireRequest Account(base::Time now) override {
    return Request(venue::RequestKind::kAccount, "GET", "account", now, std::chrono::seconds(5));
  }
  std::optional<Part> NextPart(const venue::RequestContext& context, const venue::Answer& answer,
                               base::Time now) override {
    if (answer.cursor.empty()) return std::nullopt;
    return Part{Request(context.kind, "GET", "page " + answer.cursor, now, std::chrono::seconds(5)),
                context.part};
  }
  std::optional<venue::WireRequest> RightsOfKey(base::Time now) override {
    return Request(venue::RequestKind::kKeyRights, "GET", "key-rights", now,
                   std::chrono::seconds(5));
  }
  venue::WireRequest ServerTime() override {
    return Request(venue::RequestKind::kServerTime, "GET", "time", base::Time(), base::Duration(0));
  }
  venue::WireRequest Best(const market::InstrumentId& instrument) override {
    return Request(venue::RequestKind::kMarketData, "GET", "best " + instrument.text(),
                   base::Time(), base::Duration(0));
  }
  venue::WireRequest Subscribe(base::Time now) override {
    venue::WireRequest request =
        Request(venue::RequestKind::kSubscribe, "", "", now, std::chrono::seconds(5));
    request.body = "subscribe";
    return request;
  }

  venue::Answer DecodeAnswer(const venue::RequestContext& request,
                             const wire::HttpExchange& exchange) override {
    asked = request;
    if (!exchange.transport_error.empty()) {
      venue::Answer lost;
      lost.code = "transport";
      lost.message = exchange.transport_error;
      return lost;
    }
    venue::Answer answer = std::exchange(next, venue::Answer{});
    if (answer.evidence.empty())
      answer.evidence = "http:" + std::string(venue::Name(request.kind)) + " #" +
                        std::to_string(request.request_id & 0xffff);
    return answer;
  }
  venue::StreamUpdate DecodeFrame(std::string_view) override {
    return std::exchange(frame, venue::StreamUpdate{});
  }

  venue::AbsenceRules rules;
  bool cancel_replace = true;
  bool amends = true;
  bool reduces_net = false;  // reduce-only is judged by what the account holds
  bool orders_grow = false;  // by other hands too
  bool ordered_trade_ids = true;
  bool history = false;         // of closed orders
  size_t batch = 0;             // cancels that one request takes
  size_t place_batch = 0;       // orders that one request places
  size_t places = 1;            // where orders may be; of two the second is asked as "past-…"
  bool members_count = false;   // of a batch of placements each order counts, and no more
  bool two_identities = false;  // stop orders wait as "algo:…"
  bool derivatives = false;     // balance changes are asked for, a dead-man timer is there
  base::Time changes_since{};   // of the latest question
  venue::Answer next;
  venue::RequestContext asked;  // what the latest answer was to
  venue::StreamUpdate frame;

 private:
  // Of an order kept apart by its type: which of its two identities is meant.
  std::string Words(const venue::OrderKey& order) const {
    return (TwoIdentities(order.type) && order.place == 0 ? "algo " : "") +
           order.client_order_id.text();
  }
  static const char* ReduceOnly(const market::OrderIntent& intent) {
    return intent.reduce_only ? " reduce-only" : "";
  }
  static venue::WireRequest Request(venue::RequestKind kind, std::string method, std::string target,
                                    base::Time now, base::Duration window, bool order = false) {
    venue::WireRequest request;
    request.kind = kind;
    request.method = std::move(method);
    request.target = std::move(target);
    request.timestamp = now;
    request.receive_window = window;
    request.counts_as_order = order;
    return request;
  }
};

class EngineFixture : public ExecutionOutput {
 public:
  using Fact = std::variant<market::Event<market::ExecReport>, market::Event<market::BalanceUpdate>,
                            market::Event<market::PositionUpdate>, market::Event<wire::EngineNote>,
                            market::Event<market::RiskDecision>, market::Event<market::OrderIntent>,
                            market::Event<market::RiskState>, market::Event<market::AccountEvent>>;

  explicit EngineFixture(ExecutionOptions options = Options(), bool start = true)
      : engine(std::move(options), venue, *this) {
    btc.id = kBtc;
    btc.base = market::AssetId("BTC");
    btc.quote = btc.settle = market::AssetId("USDT");
    btc.price_scale = 2;
    btc.quantity_scale = 3;
    btc.tick = {1};
    btc.lot = {1};
    engine.OnInstrument({Cause(), btc}, now);
    if (start) Start();
  }

  static ExecutionOptions Options() {
    ExecutionOptions options;
    options.account = kAccount;
    return options;
  }

  // Connects, subscribes and reconciles.
  void Start() {
    engine.Resume(Cause(), now);
    Open();
    Reconcile();
    TakeSent("subscribe");
  }
  void Open() {
    engine.OnStream({"own", wire::StreamEvent::Kind::kOpened, ""}, Cause(), now);
    if (!sent.empty() && sent.back().wire.target == "time") AnswerTime();
    Frame({.kind = venue::StreamKind::kSubscribed});
  }
  void Reconcile() {
    for (;;) {
      if (TakeSent("open-orders") || TakeSent("changes")) {
        Answer(taken, Confirmed());
      } else if (TakeSent("account")) {
        Answer(taken, Account());
      } else if (TakeSent("trades-since") || TakeSent("trades-from")) {
        Answer(taken, Confirmed());
      } else {
        return;
      }
    }
  }
  // What the test says is held; when it says nothing, what the engine explains, and a coin.
  venue::Answer Account() const {
    venue::Answer answer = Confirmed();
    answer.balances_time = now - std::chrono::milliseconds(1);
    answer.balances = balances;
    if (!balances.empty()) return answer;
    std::set<market::AssetId> assets = engine.state().Assets();
    assets.insert(kCoin);
    for (const market::AssetId& asset : assets) {
      const market::Money held = engine.state().Explained(asset);
      const bool coin = asset == kCoin && !engine.state().baseline();
      answer.balances.push_back({asset, coin ? market::Money(1, 0) : held, market::Money()});
    }
    return answer;
  }
  void AnswerTime() {
    REQUIRE(TakeSent("time"));
    venue::Answer answer = Confirmed();
    answer.server_time = now + venue_ahead;
    Answer(taken, answer);
  }

  // --- facts -----------------------------------------------------------------------
  template <class T>
  void Record(T value, const market::Header& cause) {
    market::Event<T> event;
    event.header = cause;
    event.header.id = {1, ++sequence};
    event.header.causation = cause.id;
    event.value = std::move(value);
    engine.Apply(event);
    facts.emplace_back(std::move(event));
  }
  void Emit(market::ExecReport report, const market::Header& cause) override {
    reports.push_back(report);
    Record(std::move(report), cause);
  }
  void Emit(market::BalanceUpdate balance, const market::Header& cause) override {
    Record(std::move(balance), cause);
  }
  void Emit(market::PositionUpdate position, const market::Header& cause) override {
    positions.push_back(position);
    Record(std::move(position), cause);
  }
  void Emit(market::AccountEvent event, const market::Header& cause) override {
    bookings.push_back(event);
    Record(std::move(event), cause);
  }
  void Emit(wire::EngineNote note, const market::Header& cause) override {
    Record(std::move(note), cause);
  }
  void Emit(market::CommandAnswer answer, const market::Header&) override {
    answers.push_back(std::move(answer));
  }
  void Inspected(const std::vector<uint64_t>& tickets, const Comparison& comparison) override {
    inspected.emplace_back(tickets, comparison);
  }
  void Adjusted(uint64_t, const absl::StatusOr<AdjustAnswer>& answer) override {
    adjusted = answer;
  }
  void Send(OutgoingRequest request) override { sent.push_back(std::move(request)); }
  void RestartStream() override { ++stream_restarts; }

  // --- inputs ------------------------------------------------------------------------
  market::Header Cause() {
    market::Header header;
    header.id = {1, ++sequence};
    header.correlation = header.id;
    header.receive_time = header.event_time = now;
    return header;
  }
  market::OrderIntent Intent(std::string id, int64_t quantity = 1000, int64_t price = 50'000'00) {
    market::OrderIntent intent;
    intent.account = kAccount;
    intent.strategy = market::StrategyId("maker");
    intent.sequence = ++intents;
    intent.client_order_id = market::ClientOrderId(std::move(id));
    intent.instrument = kBtc;
    intent.quantity = {quantity};
    intent.price = {price};
    intent.created = now;
    intent.hash = wire::IntentHash(intent);
    return intent;
  }
  static void Rehash(market::OrderIntent& intent) { intent.hash = wire::IntentHash(intent); }
  market::RiskDecision Permitted(market::OrderIntent intent, uint64_t epoch = 1,
                                 base::Duration lives = std::chrono::seconds(5)) const {
    market::RiskDecision decision;
    decision.intent = std::move(intent);
    decision.permitted = true;
    decision.epoch = epoch;
    decision.decided = now;
    decision.expires = now + lives;
    return decision;
  }
  void Decide(market::OrderIntent intent, uint64_t epoch = 1,
              base::Duration lives = std::chrono::seconds(5)) {
    Decision(Permitted(std::move(intent), epoch, lives));
  }
  void Decision(market::RiskDecision decision) {
    market::Event<market::RiskDecision> event{Cause(), std::move(decision)};
    event.header.causation.stream = origin;
    facts.emplace_back(event);
    engine.Apply(event);
    engine.OnVerdict(event, now);
    if (!in_turn) engine.DecideGathered();
  }
  // What is decided in it comes in one turn.
  void Turn(const std::function<void()>& act) {
    in_turn = true;
    act();
    in_turn = false;
    engine.DecideGathered();
  }
  void Place(std::string id, int64_t quantity = 1000) { Decide(Intent(std::move(id), quantity)); }
  void CancelIntent(std::string id, std::string target) {
    market::OrderIntent intent = Intent(std::move(id));
    intent.kind = market::IntentKind::kCancel;
    intent.target = market::ClientOrderId(std::move(target));
    Rehash(intent);
    const market::Event<market::OrderIntent> event{Cause(), intent};
    facts.emplace_back(event);
    engine.Apply(event);
    engine.OnIntent(event, now);
  }
  void RiskState(market::Scope scope, market::TradingState state, bool killed = false) {
    market::RiskState value;
    value.scope = std::move(scope);
    value.state = state;
    value.killed = killed;
    value.epoch = 1;
    const market::Event<market::RiskState> event{Cause(), value};
    facts.emplace_back(event);
    engine.Apply(event);
    engine.OnRiskState(event, now);
  }
  void Command(market::CommandKind kind, market::Scope scope, std::string person = "ann") {
    market::Command command;
    command.kind = kind;
    command.scope = std::move(scope);
    command.person = std::move(person);
    engine.OnCommand({Cause(), command}, now);
  }
  // What execution says to a person about a difference.
  absl::StatusOr<AdjustAnswer> Adjust(AdjustmentNote::Step step, std::string person,
                                      std::string subject, uint64_t proposal = 0,
                                      std::string price = "", std::string book_as = "") {
    adjusted.reset();
    engine.Adjust(1,
                  {.step = step,
                   .person = std::move(person),
                   .reason = "looked into",
                   .subject = std::move(subject),
                   .price = std::move(price),
                   .proposal = proposal,
                   .book_as = std::move(book_as)},
                  Cause(), now);
    REQUIRE(adjusted.has_value());
    return *adjusted;
  }
  absl::StatusOr<AdjustAnswer> Propose(std::string person, std::string asset,
                                       std::string book_as = kAsResult) {
    return Adjust(AdjustmentNote::Step::kProposed, std::move(person), std::move(asset), 0, "",
                  std::move(book_as));
  }
  absl::StatusOr<AdjustAnswer> ProposeEnd(std::string person, std::string order,
                                          std::string filled = "",
                                          std::string evidence = "https://tickets/12") {
    adjusted.reset();
    engine.Adjust(1,
                  {.person = std::move(person),
                   .reason = "purged",
                   .order = market::ClientOrderId(std::move(order)),
                   .evidence = std::move(evidence),
                   .filled = std::move(filled)},
                  Cause(), now);
    REQUIRE(adjusted.has_value());
    return *adjusted;
  }
  void Frame(venue::StreamUpdate update) {
    venue.frame = std::move(update);
    engine.OnStream({"own", wire::StreamEvent::Kind::kFrame, "x"}, Cause(), now);
  }
  void CloseStream() {
    engine.OnStream({"own", wire::StreamEvent::Kind::kClosed, "gone"}, Cause(), now);
  }
  void Advance(base::Duration span) {
    const base::Time until = now + span;
    while (engine.next_wake() <= until) {
      now = std::max(now, engine.next_wake());
      engine.OnWake(Cause(), now);
    }
    now = until;
  }

  // --- requests and answers -------------------------------------------------------------
  // The first request sent whose words begin so, taken out of `sent`.
  bool TakeSent(std::string_view words) {
    for (auto at = sent.begin(); at != sent.end(); ++at) {
      if (!at->wire.target.starts_with(words) && !at->wire.body.starts_with(words)) continue;
      if (at->wire.target.empty() && at->wire.body.empty()) continue;
      taken = *at;
      sent.erase(at);
      return true;
    }
    return false;
  }
  void Answer(const OutgoingRequest& request, venue::Answer answer, int status = 200) {
    venue.next = std::move(answer);
    wire::HttpExchange exchange;
    exchange.request_id = request.id;
    exchange.status = status;
    engine.OnHttp(exchange, Cause(), now);
  }
  void Answer(std::string_view words, venue::Answer answer, int status = 200) {
    INFO(words);
    REQUIRE(TakeSent(words));
    Answer(taken, std::move(answer), status);
  }
  // The venue knows nothing of the order, whatever it is asked, until that is proven.
  void ProveAbsence(const std::string& id) {
    const base::Time limit = now + std::chrono::minutes(1);
    while (Order(id).open()) {
      REQUIRE(now < limit);
      Advance(std::chrono::milliseconds(500));
      while (TakeSent("query " + id)) Answer(taken, NotFound(), 400);
      if (TakeSent("time")) {
        sent.push_front(taken);
        AnswerTime();
      }
      while (TakeSent("query " + id)) Answer(taken, NotFound(), 400);
      while (TakeSent("trades-since")) Answer(taken, Confirmed());
      while (TakeSent("cancel " + id))
        Answer(taken, Refused("-2011", "Unknown order sent.", true), 400);
    }
  }
  void Lose(std::string_view words, std::string error = "timeout") {
    INFO(words);
    REQUIRE(TakeSent(words));
    wire::HttpExchange exchange;
    exchange.request_id = taken.id;
    exchange.transport_error = std::move(error);
    engine.OnHttp(exchange, Cause(), now);
  }
  static venue::Answer Confirmed() {
    venue::Answer answer;
    answer.outcome = venue::OutcomeClass::kConfirmed;
    return answer;
  }
  static venue::Answer Confirmed(venue::OrderUpdate order,
                                 std::vector<venue::TradeUpdate> trades = {}) {
    venue::Answer answer = Confirmed();
    answer.orders = {std::move(order)};
    answer.trades = std::move(trades);
    return answer;
  }
  static venue::Answer Trades(std::vector<venue::TradeUpdate> trades) {
    venue::Answer answer = Confirmed();
    answer.trades = std::move(trades);
    return answer;
  }
  static venue::Answer Refused(std::string code, std::string message, bool not_found = false) {
    venue::Answer answer;
    answer.outcome = venue::OutcomeClass::kRefused;
    answer.code = std::move(code);
    answer.message = std::move(message);
    answer.not_found = not_found;
    return answer;
  }
  // Of one copy of a placement; another may have been taken.
  static venue::Answer TurnedAway(std::string code, std::string message) {
    venue::Answer answer = Refused(std::move(code), std::move(message));
    answer.outcome = venue::OutcomeClass::kTurnedAway;
    return answer;
  }
  static venue::Answer NotFound() { return Refused("-2013", "Order does not exist.", true); }
  venue::OrderUpdate Update(std::string id, std::string venue_id, venue::VenueOrderStatus status,
                            std::string cumulative, std::string quantity = "") const {
    // Of an order that is known here, its own figures unless told.
    const TrackedOrder* known = engine.state().Find(market::ClientOrderId(id));
    if (quantity.empty()) quantity = known == nullptr ? "1" : btc.Format(known->quantity);
    venue::OrderUpdate update;
    update.instrument = kBtc;
    update.client_order_id = market::ClientOrderId(std::move(id));
    update.venue_order_id = market::VenueOrderId(std::move(venue_id));
    update.status = status;
    update.price = known == nullptr ? "50000" : btc.Format(known->price);
    update.quantity = std::move(quantity);
    update.cumulative = std::move(cumulative);
    update.time = now;
    return update;
  }
  venue::TradeUpdate Trade(std::string venue_id, std::string trade_id, std::string quantity,
                           std::string fee = "0") const {
    venue::TradeUpdate trade;
    trade.instrument = kBtc;
    trade.venue_order_id = market::VenueOrderId(std::move(venue_id));
    trade.trade_id = std::move(trade_id);
    trade.side_known = true;
    trade.price = "50000";
    trade.quantity = std::move(quantity);
    trade.fee = std::move(fee);
    trade.fee_asset = market::AssetId("USDT");
    trade.time = now;
    return trade;
  }
  void StreamOrder(venue::OrderUpdate update) {
    Frame({.kind = venue::StreamKind::kOrder,
           .evidence = "stream:order",
           .order = std::move(update)});
  }
  void StreamFill(std::string id, std::string venue_id, std::string trade_id, std::string quantity,
                  std::string cumulative,
                  venue::VenueOrderStatus status = venue::VenueOrderStatus::kPartiallyFilled) {
    venue::OrderUpdate update = Update(std::move(id), venue_id, status, std::move(cumulative));
    update.trade = Trade(std::move(venue_id), std::move(trade_id), std::move(quantity));
    StreamOrder(std::move(update));
  }
  // An order that the venue has acknowledged.
  void Working(const std::string& id, const std::string& venue_id, int64_t quantity = 1000) {
    Place(id, quantity);
    Answer("place " + id, Confirmed(Update(id, venue_id, venue::VenueOrderStatus::kNew, "0")));
  }

  // --- what came of it ---------------------------------------------------------------------
  const TrackedOrder& Order(const std::string& id) const {
    const TrackedOrder* order = engine.state().Find(market::ClientOrderId(id));
    REQUIRE(order != nullptr);
    return *order;
  }
  market::OrderState State(const std::string& id) const { return Order(id).life.state(); }
  size_t Count(market::ExecKind kind, const std::string& id = "") const {
    size_t count = 0;
    for (const market::ExecReport& report : reports) {
      if (report.kind == kind && (id.empty() || report.client_order_id.text() == id)) ++count;
    }
    return count;
  }
  const market::ExecReport& Last(const std::string& id) const {
    for (auto at = reports.rbegin(); at != reports.rend(); ++at) {
      if (at->client_order_id.text() == id) return *at;
    }
    FAIL("no report for " << id);
    return reports.front();
  }
  std::string SavedState() const {
    wire::CanonicalWriter out;
    engine.state().Save(out);
    return out.Take();
  }
  // The state of a process that saw only the facts.
  std::string RecoveredState() const {
    ExecutionState state(kAccount);
    for (const Fact& fact : facts) {
      std::visit(
          [&](const auto& event) {
            if constexpr (requires { state.Apply(event); }) state.Apply(event);
          },
          fact);
    }
    wire::CanonicalWriter out;
    state.Save(out);
    return out.Take();
  }

  base::Time now = base::FromUnixMillis(1'700'000'000'000);
  base::Duration venue_ahead{0};
  market::Instrument btc;
  ScriptedVenue venue;
  std::vector<Fact> facts;
  std::vector<market::ExecReport> reports;
  std::vector<market::AccountEvent> bookings;
  std::vector<market::CommandAnswer> answers;
  std::vector<std::pair<std::vector<uint64_t>, Comparison>> inspected;
  std::optional<absl::StatusOr<AdjustAnswer>> adjusted;
  std::vector<market::PositionUpdate> positions;
  std::deque<OutgoingRequest> sent;
  OutgoingRequest taken;
  std::vector<venue::BalanceEntry> balances;
  int stream_restarts = 0;
  bool in_turn = false;
  uint64_t sequence = 0, intents = 0;
  uint64_t origin = 0;  // stream of what asks for orders
  ExecutionEngine engine;
};

}  // namespace gannet::execution
