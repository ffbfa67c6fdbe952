// A small exchange with a bad connection, a lagging back end and a mind of its
// own, against the engine: whatever happens, in the end the engine's orders and
// positions are the exchange's, nothing was sent twice, and no end was guessed.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators_range.hpp>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "libs/base/rng.h"
#include "services/execution/engine_fixture_for_test.h"

namespace gannet::execution {
namespace {

using market::OrderState;
using venue::RequestKind;
using venue::VenueOrderStatus;
using namespace std::chrono_literals;

struct ModelOrder {
  std::string client_id, venue_id;
  int64_t quantity = 0, filled = 0;
  VenueOrderStatus status = VenueOrderStatus::kNew;
  base::Time updated{};
  std::vector<venue::TradeUpdate> trades;
  bool open() const {
    return status == VenueOrderStatus::kNew || status == VenueOrderStatus::kPartiallyFilled;
  }
};

std::string Decimal(int64_t thousandths) { return market::FormatDecimal(thousandths, 3); }

// The truth. Everything the engine learns, it learns from here.
class ModelExchange {
 public:
  ModelExchange(EngineFixture& fixture, base::Rng rng) : rng_(rng), words_(fixture) {}

  struct Reply {
    venue::Answer answer;
    int status = 200;
  };

  // Carries out a request that has arrived.
  Reply Handle(const OutgoingRequest& request, base::Time now) {
    const venue::WireRequest& wire = request.wire;
    if (wire.receive_window.count() > 0 && now > wire.timestamp + wire.receive_window) {
      return {wire.kind == RequestKind::kPlace || wire.kind == RequestKind::kPlaceBatch ||
                      wire.kind == RequestKind::kCancelReplace
                  ? EngineFixture::TurnedAway("-1021", "Timestamp outside of the recvWindow")
                  : EngineFixture::Refused("-1021", "Timestamp outside of the recvWindow"),
              400};
    }
    std::vector<std::string> part;
    for (size_t at = 0; at <= wire.target.size();) {
      const size_t end = std::min(wire.target.find(' ', at), wire.target.size());
      part.push_back(wire.target.substr(at, end - at));
      at = end + 1;
    }
    switch (wire.kind) {
      case RequestKind::kPlace:
        return Place(part[1], part[2], now);
      case RequestKind::kPlaceBatch:
        return PlaceAll(part, now);
      case RequestKind::kCancel:
        return Cancel(part[1], now, /*only_unfilled=*/false);
      case RequestKind::kCancelReplace:
        return Replace(part[1], part[3], part[4], now);
      case RequestKind::kQueryOrder:
        return Query(part[0] == "identify" ? ByVenueId(part[1]) : Find(part[1]), now);
      case RequestKind::kTrades:
        return Trades(part, now);
      case RequestKind::kOpenOrders:
        return List(now);
      case RequestKind::kAccount: {
        venue::Answer answer = EngineFixture::Confirmed();
        answer.balances = {{kCoin, market::Money(1, 0), {}}};  // what is traded is not told of
        for (const ModelOrder& order : orders_)
          answer.balances_time = std::max(answer.balances_time, order.updated);
        return {answer};
      }
      case RequestKind::kServerTime: {
        venue::Answer answer = EngineFixture::Confirmed();
        answer.server_time = now;
        return {answer};
      }
      default:
        return {EngineFixture::Confirmed()};
    }
  }

  // The market fills something, or somebody else trades on the account.
  void Live(base::Time now) {
    for (ModelOrder& order : orders_) {
      if (order.open() && rng_.Chance(0.03))
        Fill(order, rng_.Between(1, order.quantity - order.filled), now);
    }
    if (rng_.Chance(0.002)) {
      Add("web_" + std::to_string(orders_.size()), rng_.Between(1, 500), now);
    }
  }

  std::vector<ModelOrder>& orders() { return orders_; }
  ModelOrder* Find(const std::string& client_id) {
    const auto found = std::find_if(orders_.begin(), orders_.end(),
                                    [&](const ModelOrder& o) { return o.client_id == client_id; });
    return found == orders_.end() ? nullptr : &*found;
  }
  std::vector<venue::OrderUpdate> TakeFrames() { return std::exchange(frames_, {}); }
  // Of our orders, and of foreign ones since the balances were taken over.
  int64_t Position(base::Time baseline) const {
    int64_t sum = 0;
    for (const ModelOrder& order : orders_) {
      for (const venue::TradeUpdate& trade : order.trades) {
        if (!order.client_id.starts_with("web_") || trade.time > baseline)
          sum += *market::ParseDecimal(trade.quantity, 3);
      }
    }
    return sum;
  }
  int duplicate_ids() const { return duplicate_ids_; }
  base::Duration lag{0};  // of the queries' back end

 private:
  ModelOrder* ByVenueId(const std::string& id) {
    const auto found = std::find_if(orders_.begin(), orders_.end(),
                                    [&](const ModelOrder& o) { return o.venue_id == id; });
    return found == orders_.end() ? nullptr : &*found;
  }
  venue::OrderUpdate UpdateOf(const ModelOrder& order) const {
    venue::OrderUpdate update = words_.Update(order.client_id, order.venue_id, order.status,
                                              Decimal(order.filled), Decimal(order.quantity));
    update.time = order.updated;
    return update;
  }
  ModelOrder& Add(const std::string& client_id, int64_t quantity, base::Time now) {
    if (Find(client_id) != nullptr) ++duplicate_ids_;
    orders_.push_back({client_id,
                       std::to_string(1000 + orders_.size()),
                       quantity,
                       0,
                       VenueOrderStatus::kNew,
                       now,
                       {}});
    frames_.push_back(UpdateOf(orders_.back()));
    return orders_.back();
  }
  void Fill(ModelOrder& order, int64_t quantity, base::Time now) {
    venue::TradeUpdate trade =
        words_.Trade(order.venue_id, std::to_string(++last_trade_), Decimal(quantity));
    trade.time = now;
    order.filled += quantity;
    order.status = order.filled == order.quantity ? VenueOrderStatus::kFilled
                                                  : VenueOrderStatus::kPartiallyFilled;
    order.updated = now;
    order.trades.push_back(trade);
    frames_.push_back(UpdateOf(order));
    frames_.back().trade = trade;
  }
  Reply Place(const std::string& id, const std::string& quantity, base::Time now) {
    if (rng_.Chance(0.05))
      return {EngineFixture::TurnedAway("-2010", "Account has insufficient balance"), 400};
    ModelOrder& order = Add(id, *market::ParseDecimal(quantity, 3), now);
    if (rng_.Chance(0.2)) Fill(order, rng_.Between(1, order.quantity), now);
    return {EngineFixture::Confirmed(UpdateOf(order), order.trades)};
  }
  // "place-batch a b of 1.000 2.000". Now and then of another length than asked, or half lost.
  Reply PlaceAll(const std::vector<std::string>& part, base::Time now) {
    venue::Answer answer = EngineFixture::Confirmed();
    const size_t count = (part.size() - 2) / 2;
    for (size_t i = 0; i < count; ++i) {
      const Reply placed = Place(part[1 + i], part[2 + count + i], now);
      venue::LegOutcome& leg = answer.legs.emplace_back();
      leg.outcome = placed.answer.outcome;
      leg.code = placed.answer.code;
      if (!placed.answer.orders.empty()) leg.order = placed.answer.orders.front();
      answer.trades.insert(answer.trades.end(), placed.answer.trades.begin(),
                           placed.answer.trades.end());
    }
    if (rng_.Chance(0.1)) return {venue::Answer{.code = "unparsable"}};
    return {answer};
  }
  Reply Cancel(const std::string& id, base::Time now, bool only_unfilled) {
    ModelOrder* order = Find(id);
    if (order == nullptr || !order->open() || (only_unfilled && order->filled > 0)) {
      return {EngineFixture::Refused("-2011", "Unknown order sent.", true), 400};
    }
    order->status = VenueOrderStatus::kCanceled;
    order->updated = now;
    frames_.push_back(UpdateOf(*order));
    return {EngineFixture::Confirmed(UpdateOf(*order))};
  }
  Reply Replace(const std::string& old_id, const std::string& new_id, const std::string& quantity,
                base::Time now) {
    venue::Answer answer = EngineFixture::Confirmed();
    const Reply cancel = Cancel(old_id, now, /*only_unfilled=*/true);
    if (cancel.answer.outcome != venue::OutcomeClass::kConfirmed) {
      answer.cancel_leg =
          venue::LegOutcome{venue::OutcomeClass::kRefused, true, "-2011", "restrictions", {}};
      answer.new_leg = venue::LegOutcome{venue::OutcomeClass::kTurnedAway, false, "", "", {}};
      return {answer, 400};
    }
    answer.cancel_leg = venue::LegOutcome{venue::OutcomeClass::kConfirmed, true, "", "",
                                          cancel.answer.orders.front()};
    const Reply placed = Place(new_id, quantity, now);
    venue::LegOutcome leg;
    leg.outcome = placed.answer.outcome;
    leg.code = placed.answer.code;
    if (!placed.answer.orders.empty()) leg.order = placed.answer.orders.front();
    answer.new_leg = leg;
    answer.trades = placed.answer.trades;
    return {answer, 200};
  }
  // The back end that queries read lags behind the engine.
  bool Visible(const ModelOrder& order, base::Time now) const { return order.updated + lag <= now; }
  Reply Query(ModelOrder* order, base::Time now) {
    if (order == nullptr || !Visible(*order, now)) return {EngineFixture::NotFound(), 400};
    return {EngineFixture::Confirmed(UpdateOf(*order))};
  }
  Reply Trades(const std::vector<std::string>& part, base::Time now) {
    std::vector<venue::TradeUpdate> trades;
    for (const ModelOrder& order : orders_) {
      if (part[0] == "trades-of" && order.venue_id != part[1]) continue;
      for (const venue::TradeUpdate& trade : order.trades) {
        if (trade.time + lag > now) continue;
        if (part[0] == "trades-from" && std::stoull(trade.trade_id) < std::stoull(part[2]))
          continue;
        trades.push_back(trade);
      }
    }
    std::sort(trades.begin(), trades.end(), [](const auto& a, const auto& b) {
      return std::stoull(a.trade_id) < std::stoull(b.trade_id);
    });
    return {EngineFixture::Trades(trades)};
  }
  Reply List(base::Time now) {
    venue::Answer answer = EngineFixture::Confirmed();
    for (const ModelOrder& order : orders_) {
      if (order.open() && Visible(order, now) && !rng_.Chance(list_cut))
        answer.orders.push_back(UpdateOf(order));
    }
    return {answer};
  }

  base::Rng rng_;
  EngineFixture& words_;
  std::vector<ModelOrder> orders_;
  std::vector<venue::OrderUpdate> frames_;
  uint64_t last_trade_ = 0;
  int duplicate_ids_ = 0;

 public:
  double list_cut = 0.05;  // an order missing from the list of open ones
};

// Engine, connection and exchange on virtual time.
class World {
 public:
  explicit World(uint64_t seed)
      : rng_(seed),
        words_(EngineFixture::Options(), false),
        exchange_(words_, rng_.Fork()),
        batches_(seed % 2 == 0) {
    exchange_.lag = std::chrono::milliseconds(rng_.Between(0, 2500));
    faults_ = static_cast<double>(rng_.Between(0, 30)) / 100.0;
    StartProcess();
  }

  enum class Phase { kFaulty, kHealthy, kQuiet };  // kQuiet: nothing happens, all messages arrive
  void Run(base::Duration span, Phase phase) {
    const bool faulty = phase == Phase::kFaulty;
    faulty_ = faulty;
    if (!faulty) exchange_.list_cut = 0;
    const base::Time until = now_ + span;
    while (now_ < until) {
      now_ += 50ms;
      words_.now = process_->now = now_;
      Deliver();
      process_->Advance(0ms);
      if (phase != Phase::kQuiet) exchange_.Live(now_);
      for (venue::OrderUpdate& frame : exchange_.TakeFrames()) Frame(std::move(frame));
      if (faulty_) Provoke();
      Flush();
    }
  }

  void Check() {
    const ExecutionState& state = process_->engine.state();
    CHECK(exchange_.duplicate_ids() == 0);
    for (const ModelOrder& order : exchange_.orders()) {
      CAPTURE(order.client_id, venue::Name(order.status), order.filled);
      const TrackedOrder* known = state.Find(market::ClientOrderId(order.client_id));
      if (known == nullptr) {
        CHECK(order.client_id.starts_with("web_"));
        CHECK((order.filled == 0 || order.updated <= *state.baseline()));
        continue;
      }
      CAPTURE(market::Name(known->life.state()));
      CHECK(known->cumulative.mantissa == order.filled);
      CHECK(known->open() == order.open());
      const bool taken_over =
          !order.trades.empty() && order.trades.front().time <= *state.baseline();
      if (order.status == VenueOrderStatus::kFilled && !taken_over)
        CHECK(known->life.state() == OrderState::kFilled);
      if (order.status == VenueOrderStatus::kCanceled)
        CHECK(known->life.state() == OrderState::kCanceled);
    }
    for (const auto& [id, order] : state.orders()) {
      CAPTURE(id.text(), market::Name(order.life.state()));
      CHECK(order.life.state() != OrderState::kUnknown);
      CHECK(order.life.state() != OrderState::kSubmitted);
      // What never reached the venue, or was refused there, is not there.
      const bool nowhere = order.life.state() == OrderState::kAbsent ||
                           order.life.state() == OrderState::kDenied ||
                           order.life.state() == OrderState::kRejected;
      CHECK((exchange_.Find(id.text()) == nullptr) == nowhere);
    }
    CHECK(state.NetPosition(kBtc).units() == exchange_.Position(*state.baseline()));
    CHECK(illegal_ + process_->engine.stats().illegal_events == 0);
    CHECK(state.unanswered_verdicts().empty());
    CHECK(state.unanswered_cancels().empty());
    CHECK(process_->SavedState() == process_->RecoveredState());
    // Each verdict exactly one first report.
    std::map<std::string, int> first;
    for (const EngineFixture::Fact& fact : process_->facts) {
      const auto* report = std::get_if<market::Event<market::ExecReport>>(&fact);
      if (report == nullptr || report->value.previous != OrderState::kInitialized) continue;
      if (report->value.kind == market::ExecKind::kCancelRejected) continue;
      ++first[report->value.client_order_id.text()];
    }
    for (const std::string& id : decided_) {
      CAPTURE(id);
      CHECK(first[id] == 1);
    }
  }
  size_t placed() const { return decided_.size(); }
  uint64_t crashes() const { return crashes_; }
  uint64_t unknowns() const { return unknowns_ + process_->engine.stats().unknown_outcomes; }
  uint64_t absences() const { return absences_ + process_->engine.stats().absences_proven; }
  uint64_t batched() const {
    return placed_in_batches_ + process_->engine.stats().batched_placements;
  }

 private:
  struct Event {
    enum class Kind { kArrive, kAnswer, kFrame, kOpened, kSubscribed } kind = Kind::kArrive;
    OutgoingRequest request;
    ModelExchange::Reply reply;
    venue::OrderUpdate frame;
    bool lost = false;  // kAnswer: the transport gives up
    uint64_t process = 0;
  };

  bool Bad(double factor) { return faulty_ && rng_.Chance(faults_ * factor); }
  base::Duration Latency() {
    const int64_t most = faulty_ && rng_.Chance(faults_) ? 4000 : 60;
    return std::chrono::milliseconds(rng_.Between(5, most));
  }
  void In(base::Duration delay, Event event) {
    event.process = crashes_;
    queue_.emplace(std::pair(now_ + delay, ++created_), std::move(event));
  }

  void StartProcess() {
    ExecutionOptions options = EngineFixture::Options();
    options.compare_balances = false;
    auto next = std::make_unique<EngineFixture>(std::move(options), false);
    next->now = now_;
    if (batches_) next->venue.place_batch = 4;
    if (process_) {
      next->sequence = process_->sequence;
      process_->facts.resize(durable_);
      next->facts = process_->facts;
      for (const EngineFixture::Fact& fact : next->facts) {
        std::visit([&](const auto& event) { next->engine.Apply(event); }, fact);
      }
      REQUIRE(next->SavedState() == process_->RecoveredState());
    }
    process_ = std::move(next);
    process_->engine.Resume(process_->Cause(), now_);
    In(20ms, {.kind = Event::Kind::kOpened});
  }

  // Everything decided is durable; what waited for that goes out.
  void Flush() {
    durable_ = process_->facts.size();
    while (!process_->sent.empty()) {
      OutgoingRequest request = std::move(process_->sent.front());
      process_->sent.pop_front();
      if (request.wire.kind == RequestKind::kSubscribe) {
        In(20ms, {.kind = Event::Kind::kSubscribed});
        continue;
      }
      const bool batch = request.wire.kind == RequestKind::kPlaceBatch;
      std::optional<Block> block = process_->engine.SendBlock(request, now_);
      if (batch && faulty_ && rng_.Chance(0.1)) block = Block{.text = "the outside gate"};
      if (block) {
        wire::HttpExchange exchange;
        exchange.request_id = request.id;
        exchange.transport_error = batch ? AnewError(*block) : NotSentError(*block);
        process_->engine.OnHttp(exchange, process_->Cause(), now_);
        continue;
      }
      if (Bad(0.5)) {  // never arrives
        In(10s, {.kind = Event::Kind::kAnswer, .request = std::move(request), .lost = true});
      } else {
        In(Latency(), {.kind = Event::Kind::kArrive, .request = std::move(request)});
      }
    }
  }

  void Deliver() {
    while (!queue_.empty() && queue_.begin()->first.first <= now_) {
      Event event = std::move(queue_.begin()->second);
      queue_.erase(queue_.begin());
      const bool mine = event.process == crashes_;
      switch (event.kind) {
        case Event::Kind::kArrive: {
          event.reply = exchange_.Handle(event.request, now_);
          if (!mine) break;  // the answer finds nobody
          event.kind = Event::Kind::kAnswer;
          event.lost = Bad(0.5);
          const base::Duration delay = event.lost ? base::Duration(5s) : Latency();
          In(delay, std::move(event));
          break;
        }
        case Event::Kind::kAnswer:
          if (!mine) break;
          if (event.lost) {
            wire::HttpExchange lost;
            lost.request_id = event.request.id;
            lost.transport_error = "timeout";
            process_->engine.OnHttp(lost, process_->Cause(), now_);
          } else {
            process_->Answer(event.request, event.reply.answer, event.reply.status);
          }
          break;
        case Event::Kind::kFrame:
          if (mine && connected_) process_->StreamOrder(std::move(event.frame));
          break;
        case Event::Kind::kOpened:
          if (!mine) break;
          connected_ = true;
          process_->engine.OnStream({"own", wire::StreamEvent::Kind::kOpened, ""},
                                    process_->Cause(), now_);
          break;
        case Event::Kind::kSubscribed:
          if (mine && connected_) process_->Frame({.kind = venue::StreamKind::kSubscribed});
          break;
      }
    }
  }

  void Frame(venue::OrderUpdate frame) {
    if (!connected_ || Bad(0.3)) return;  // a healthy stream that says nothing
    if (Bad(0.2)) In(Latency(), {.kind = Event::Kind::kFrame, .frame = frame});
    In(Latency(), {.kind = Event::Kind::kFrame, .frame = std::move(frame)});
  }

  // Strategies, people and accidents.
  void Provoke() {
    if (rng_.Chance(0.06)) {
      const int64_t together = batches_ && rng_.Chance(0.5) ? rng_.Between(2, 5) : 1;
      process_->Turn([&] {
        for (int64_t i = 0; i < together; ++i) Propose();
      });
    }
    if (rng_.Chance(0.04)) {
      if (const std::string target = SomeOpen(); !target.empty()) {
        process_->CancelIntent("c-" + std::to_string(++cancels_), target);
      }
    }
    if (rng_.Chance(0.002 * faults_ * 10)) {
      connected_ = false;
      process_->CloseStream();
      In(std::chrono::milliseconds(rng_.Between(50, 3000)), {.kind = Event::Kind::kOpened});
    }
    if (rng_.Chance(0.001 * faults_ * 10)) Crash();
  }

  void Propose() {
    const std::string id = "g1-" + std::to_string(decided_.size());
    market::OrderIntent intent = process_->Intent(id, rng_.Between(1, 2000));
    const std::string target = SomeOpen();
    if (!target.empty() && rng_.Chance(0.3)) {
      intent.kind = market::IntentKind::kReplace;
      intent.target = market::ClientOrderId(target);
    }
    EngineFixture::Rehash(intent);
    decided_.push_back(id);
    process_->Decide(intent, 1, 20s);
  }

  void Crash() {
    illegal_ += process_->engine.stats().illegal_events;
    unknowns_ += process_->engine.stats().unknown_outcomes;
    absences_ += process_->engine.stats().absences_proven;
    placed_in_batches_ += process_->engine.stats().batched_placements;
    // The last turns may not have become durable; then nothing of them has left.
    // A verdict that was cut comes again from risk's journal.
    std::set<std::string> lost;
    for (size_t i = durable_; i < process_->facts.size(); ++i) {
      if (const auto* verdict =
              std::get_if<market::Event<market::RiskDecision>>(&process_->facts[i])) {
        lost.insert(verdict->value.intent.client_order_id.text());
      }
    }
    std::erase_if(decided_, [&](const std::string& id) { return lost.contains(id); });
    ++crashes_;
    connected_ = false;
    StartProcess();
  }

  std::string SomeOpen() {
    const auto& open = process_->engine.state().open();
    if (open.empty()) return "";
    auto at = open.begin();
    std::advance(at, static_cast<long>(rng_.Below(open.size())));
    return at->text();
  }

  base::Rng rng_;
  base::Time now_ = base::FromUnixMillis(1'700'000'000'000);
  EngineFixture words_;
  ModelExchange exchange_;
  std::unique_ptr<EngineFixture> process_;
  std::map<std::pair<base::Time, uint64_t>, Event> queue_;
  uint64_t created_ = 0, crashes_ = 0, illegal_ = 0, unknowns_ = 0, absences_ = 0, cancels_ = 0;
  uint64_t placed_in_batches_ = 0;
  const bool batches_;  // the venue places several orders in one request
  size_t durable_ = 0;
  double faults_ = 0;
  bool faulty_ = true, connected_ = false;
  std::vector<std::string> decided_;
};

TEST_CASE("In the end the engine agrees with the exchange, whatever the connection did") {
  uint64_t placed = 0, crashes = 0, unknowns = 0, absences = 0, batched = 0;
  for (uint64_t seed = 1; seed <= 120; ++seed) {
    CAPTURE(seed);
    World world(seed);
    world.Run(60s, World::Phase::kFaulty);
    world.Run(120s, World::Phase::kHealthy);
    world.Run(120s, World::Phase::kQuiet);
    world.Check();
    placed += world.placed();
    crashes += world.crashes();
    unknowns += world.unknowns();
    absences += world.absences();
    batched += world.batched();
  }
  // The rare paths were walked.
  CHECK(placed > 4000);
  CHECK(crashes > 50);
  CHECK(unknowns > 150);
  CHECK(absences > 30);
  CHECK(batched > 500);
}

}  // namespace
}  // namespace gannet::execution
