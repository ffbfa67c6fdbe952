// The strategies and limits that ship, the gate and the paper venue in one shard,
// over half an hour of random market: what a newcomer's platform does, without its
// network. Behaviour only; exact figures are the business of the unit tests.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "libs/base/posix_files.h"
#include "libs/base/rng.h"
#include "libs/base/sim_files.h"
#include "libs/base/virtual_executor.h"
#include "libs/bus/memory_bus.h"
#include "libs/bus/topics.h"
#include "libs/journal/journal.h"
#include "libs/matching/paper_venue.h"
#include "libs/net/no_network.h"
#include "libs/runtime/service.h"
#include "libs/wire/canonical.h"
#include "services/risk/app.h"
#include "services/strategy/app.h"

namespace gannet {
namespace {

using namespace std::chrono_literals;
using market::ExecKind;
using market::OrderState;
using market::Side;

struct Coin {
  const char* name;
  int64_t price;  // at scale 8
  int64_t tick;
  int64_t lot;
  int64_t balance;
};
constexpr int64_t kOne = 100'000'000;
constexpr Coin kCoins[] = {{"BTC", 64'250 * kOne, 1'000'000, 1'000, 2 * kOne},
                           {"ETH", 3'180 * kOne, 1'000'000, 10'000, 30 * kOne},
                           {"SOL", 14'850'000'000, 1'000'000, 100'000, 500 * kOne},
                           {"XRP", 59'120'000, 10'000, 10'000'000, 0}};

// A process on virtual time with a venue that answers within the turn.
class FloorTest {
 public:
  explicit FloorTest(uint64_t seed, bool wire_mode = false, base::Files* disk = nullptr)
      : rng_(seed),
        bus_(executor_, {}),
        journal_(disk == nullptr ? nullptr : OpenJournal(*disk)),
        shard_({.name = "floor", .run = 9, .start_epoch = 1, .wire_mode = wire_mode}, executor_,
               executor_, journal_.get(), &bus_),
        log_("floor", telemetry::Level::kWarning, executor_, [](std::string_view) {}),
        deps_{shard_, bus_,     executor_, executor_,    executor_,
              files_, network_, log_,      base::Rng(0), ""},
        signals_(shard_, bus::kNewsSignals, nullptr),
        predictions_(shard_, bus::kPredictions, nullptr),
        reports_(shard_, bus::kExecReports, nullptr),
        balances_(shard_, bus::kBalances, nullptr),
        venue_({.maker_fee_ppm = 1'000,
                .taker_fee_ppm = 1'000,
                .fee_asset = matching::FeeAsset::kReceived}) {
    auto limits = risk::LoadRiskConfig(files_, "config/limits.yaml");
    auto strategies = strategy::LoadStrategyConfig(files_, "config/strategies.yaml");
    REQUIRE(limits.ok());
    REQUIRE(strategies.ok());
    strategy_ = strategy::BuildStrategy(*strategies, deps_);
    risk_ = risk::BuildRisk(*limits, deps_);
    port_ = shard_.AddInput("in",
                            [this](std::string_view, const market::Header& cause) { Step(cause); });
    shard_.Consume<market::OrderIntent>(bus::kOrderIntents, nullptr,
                                        [this](const auto& event) { OnIntent(event); });
    shard_.Consume<market::RiskDecision>(bus::kRiskDecisions, nullptr,
                                         [this](const auto& event) { OnVerdict(event); });
    for (const Coin& coin : kCoins) prices_[coin.name] = coin.price;
  }

  void Recover(base::Files& disk) {
    auto reader = journal::Reader::Open(disk, kJournal);
    REQUIRE(reader.ok());
    REQUIRE(shard_.Recover(**reader).ok());
  }
  void Snapshot() { REQUIRE(shard_.WriteSnapshot().ok()); }
  void Run(base::Duration span) {
    if (!resumed_) shard_.Resume(executor_.Now());
    resumed_ = true;
    const base::Time end = executor_.Now() + span;
    while (executor_.Now() < end) {
      executor_.RunFor(250ms);
      shard_.Deliver(port_, "", executor_.Now());
    }
  }
  void Drain() {
    strategy_->Drain([this] { drained = true; });
    Run(10s);
  }

  std::map<market::RejectReason, uint64_t> rejects;
  std::map<std::string, uint64_t> intents, fills;
  std::map<std::string, std::deque<base::Time>> recent;
  size_t most_in_window = 0;
  uint64_t permitted = 0;
  bool drained = false;
  const runtime::Service& risk() const { return *risk_; }
  const runtime::Service& strategies() const { return *strategy_; }
  size_t open_orders() const { return venue_.OpenOrders().size(); }
  // Lets the journal write what is pending.
  void Settle() { executor_.RunFor(100ms); }
  std::string State() const { return shard_.SaveState(); }

 private:
  static constexpr char kJournal[] = "/floor/journal";

  std::unique_ptr<journal::Writer> OpenJournal(base::Files& disk) {
    journal::WriterOptions options;
    options.own_thread = false;
    auto opened = journal::Writer::Open(disk, executor_, kJournal, {.run = 9}, options);
    REQUIRE(opened.ok());
    return *std::move(opened);
  }
  market::Instrument Define(const Coin& coin) {
    market::Instrument instrument;
    instrument.id = market::InstrumentId(std::string("binance-spot:") + coin.name + "USDT");
    instrument.base = market::AssetId(coin.name);
    instrument.quote = instrument.settle = market::AssetId("USDT");
    instrument.tick = {coin.tick};
    instrument.lot = {coin.lot};
    instrument.min_quantity = {coin.lot};
    instrument.min_notional = market::Money(5 * kOne, 8);
    return instrument;
  }
  void Open(const market::Header& cause) {
    for (const Coin& coin : kCoins) {
      const market::Instrument instrument = Define(coin);
      venue_.OnInstrument(instrument);
      shard_.Publish(bus::kInstruments, instrument, cause);
      held_[coin.name] = market::Money(coin.balance, 8);
    }
    held_["USDT"] = market::Money(100'000 * kOne, 8);
    for (const auto& [asset, amount] : held_) SayBalance(asset, cause);
  }
  void SayBalance(const std::string& asset, const market::Header& cause) {
    market::BalanceUpdate update;
    update.account = market::AccountId("main/paper");
    update.venue = "binance-spot";
    update.asset = market::AssetId(asset);
    update.free = held_[asset];
    balances_.Emit(update, cause);
  }

  // A quarter of a second: every market moves by about a basis point, some news,
  // predictions each second.
  void Step(const market::Header& cause) {
    if (steps_++ == 0) Open(cause);
    for (const Coin& coin : kCoins) Move(coin, cause);
    if (rng_.Chance(0.01)) Headline(cause);
    if (steps_ % 4 == 0) Predict(cause);
  }
  void Move(const Coin& coin, const market::Header& cause) {
    int64_t& price = prices_[coin.name];
    price += static_cast<int64_t>(static_cast<double>(price) * 5e-5 * rng_.Normal());
    price = price / coin.tick * coin.tick;
    market::BookUpdate book;
    book.instrument = market::InstrumentId(std::string("binance-spot:") + coin.name + "USDT");
    book.state = market::BookState::kValid;
    book.snapshot = true;
    for (int64_t i = 1; i <= 5; ++i) {
      const auto size = [&] { return market::Quantity{rng_.Between(1, 50) * coin.lot * 100}; };
      book.bids.push_back({{price - i * coin.tick}, size()});
      book.asks.push_back({{price + i * coin.tick}, size()});
    }
    market::Quote quote{.instrument = book.instrument, .bid = book.bids[0], .ask = book.asks[0]};
    venue_.OnBook(book, shard_.now());
    shard_.Publish(bus::kBooks, std::move(book), cause);
    shard_.Publish(bus::kQuotes, quote, cause);
    Answer(cause);
  }
  void Headline(const market::Header& cause) {
    market::NewsSignal signal;
    signal.item = {7, steps_};
    signal.type = static_cast<market::NewsEventType>(2 + rng_.Below(6));
    signal.sentiment_ppm = static_cast<int32_t>(rng_.Between(-1'000'000, 1'000'000));
    signal.confidence_ppm = signal.novelty_ppm = 950'000;
    signal.instruments = {
        market::InstrumentId(std::string("binance-spot:") + kCoins[rng_.Below(4)].name + "USDT")};
    signals_.Emit(signal, cause);
  }
  void Predict(const market::Header& cause) {
    for (const Coin& coin : kCoins) {
      market::Prediction prediction;
      prediction.instrument =
          market::InstrumentId(std::string("binance-spot:") + coin.name + "USDT");
      prediction.model = "direction";
      prediction.version = "1";
      prediction.horizon = 10s;
      prediction.drift = market::DriftState::kOk;
      prediction.up_ppm = static_cast<uint32_t>(rng_.Between(200'000, 700'000));
      prediction.down_ppm = 900'000 - prediction.up_ppm;
      prediction.flat_ppm = 100'000;
      predictions_.Emit(prediction, cause);
    }
  }

  void OnIntent(const market::Event<market::OrderIntent>& event) {
    const market::OrderIntent& intent = event.value;
    ++intents[intent.strategy.text()];
    auto& times = recent[intent.strategy.text()];
    times.push_back(shard_.now());
    while (times.front() + 10s <= shard_.now()) times.pop_front();
    most_in_window = std::max(most_in_window, times.size());
    if (intent.kind != market::IntentKind::kCancel) return;
    venue_.Cancel(intent.target, shard_.now());
    Answer(event.header);
  }
  void OnVerdict(const market::Event<market::RiskDecision>& event) {
    const market::OrderIntent& intent = event.value.intent;
    if (!event.value.permitted) {
      ++rejects[event.value.reason];
      return;
    }
    ++permitted;
    orders_[intent.client_order_id] = intent;
    Report(intent, ExecKind::kJournaled, OrderState::kSubmitted, event.header);
    venue_.Submit({.client_order_id = intent.client_order_id,
                   .instrument = intent.instrument,
                   .side = intent.side,
                   .type = intent.type,
                   .time_in_force = intent.time_in_force,
                   .price = intent.price,
                   .quantity = intent.quantity},
                  shard_.now());
    Answer(event.header);
  }
  void Answer(const market::Header& cause) {
    for (const matching::PaperEvent& event : venue_.Take()) {
      const market::OrderIntent& intent = orders_.at(event.client_order_id);
      switch (event.kind) {
        case matching::PaperEventKind::kAccepted:
          Report(intent, ExecKind::kAccepted, OrderState::kAccepted, cause);
          break;
        case matching::PaperEventKind::kRejected:
          Report(intent, ExecKind::kRejected, OrderState::kRejected, cause);
          break;
        case matching::PaperEventKind::kCanceled:
          Report(intent, ExecKind::kCanceled, OrderState::kCanceled, cause);
          break;
        case matching::PaperEventKind::kExpired:
          Report(intent, ExecKind::kExpired, OrderState::kExpired, cause);
          break;
        case matching::PaperEventKind::kFill:
          Fill(intent, event, cause);
          break;
        default:
          break;
      }
    }
  }
  void Fill(const market::OrderIntent& intent, const matching::PaperEvent& event,
            const market::Header& cause) {
    ++fills[intent.strategy.text()];
    const std::string base(market::SymbolOf(intent.instrument).substr(0, 3));
    const market::Money cash =
        Define(*std::find_if(std::begin(kCoins), std::end(kCoins),
                             [&](const Coin& coin) { return base == coin.name; }))
            .Notional(event.price, event.quantity, market::Rounding::kHalfEven)
            .value();
    const market::Money coins(event.quantity.mantissa, 8);
    held_[base] += intent.side == Side::kBuy ? coins : -coins;
    held_["USDT"] += intent.side == Side::kBuy ? -cash : cash;
    held_[event.fee_asset.text()] -= event.fee;
    CHECK(held_[base] >= market::Money());
    CHECK(held_["USDT"] >= market::Money());
    market::Fill fill{.trade_id = event.trade_id,
                      .price = event.price,
                      .quantity = event.quantity,
                      .fee = event.fee,
                      .fee_asset = event.fee_asset,
                      .liquidity = event.liquidity};
    const bool last = event.cumulative == intent.quantity;
    Report(intent, ExecKind::kFill, last ? OrderState::kFilled : OrderState::kPartiallyFilled,
           cause, std::move(fill));
    SayBalance(base, cause);
    SayBalance("USDT", cause);
  }
  void Report(const market::OrderIntent& intent, ExecKind kind, OrderState state,
              const market::Header& cause, std::optional<market::Fill> fill = std::nullopt) {
    market::ExecReport report = market::ReportOf(intent, kind, state);
    report.fill = std::move(fill);
    reports_.Emit(std::move(report), cause);
  }

  base::Rng rng_;
  base::VirtualExecutor executor_{base::FromUnixMillis(1'700'000'000'000)};
  base::PosixFiles files_;
  net::NoNetwork network_;
  bus::MemoryBus bus_;
  std::unique_ptr<journal::Writer> journal_;
  runtime::Shard shard_;
  telemetry::Log log_;
  runtime::Deps deps_;
  runtime::FactStream<market::NewsSignal> signals_;
  runtime::FactStream<market::Prediction> predictions_;
  runtime::FactStream<market::ExecReport> reports_;
  runtime::FactStream<market::BalanceUpdate> balances_;
  matching::PaperVenue venue_;
  std::unique_ptr<runtime::Service> strategy_, risk_;
  runtime::InputPort port_{};
  std::map<std::string, int64_t> prices_;
  std::map<std::string, market::Money> held_;
  std::map<market::ClientOrderId, market::OrderIntent> orders_;
  uint64_t steps_ = 0;
  bool resumed_ = false;
};

TEST_CASE(
    "The strategies and limits that ship trade half an hour without a storm, a refusal in a loop, "
    "or an overdraft") {
  FloorTest floor(4);
  floor.Run(30min);
  for (const auto& [name, count] : floor.intents)
    UNSCOPED_INFO(name << " intents " << count << " fills " << floor.fills[name]);
  for (const auto& [reason, count] : floor.rejects)
    UNSCOPED_INFO("reason " << static_cast<int>(reason) << " count " << count);
  CHECK(floor.permitted > 100);
  CHECK(floor.fills["maker"] > 0);
  CHECK(floor.fills.size() >= 4);
  CHECK(floor.most_in_window <= 20);
  uint64_t refused = 0;
  for (const auto& [reason, count] : floor.rejects) refused += count;
  CHECK(refused <= floor.permitted / 2);
  CHECK(floor.risk().health().state == runtime::HealthState::kServing);
  CHECK(floor.strategies().health().state == runtime::HealthState::kServing);
  floor.Drain();
  CHECK(floor.drained);
  CHECK(floor.open_orders() == 0);
}

TEST_CASE("The same seed decides the same, with every event through its wire codec too") {
  FloorTest first(5), again(5), wire(5, true), other(6);
  for (FloorTest* floor : {&first, &again, &wire, &other}) floor->Run(3min);
  CHECK(first.permitted > 0);
  CHECK(first.State() == again.State());
  CHECK(first.State() == wire.State());
  CHECK(first.State() != other.State());
}

TEST_CASE(
    "Recovery from the journal gives the state before the crash, with and without a snapshot") {
  for (const bool snapshot : {false, true}) {
    base::SimFiles disk(3);
    std::string before;
    {
      FloorTest floor(8, false, &disk);
      floor.Run(2min);
      if (snapshot) floor.Snapshot();
      floor.Run(2min);
      floor.Settle();
      before = floor.State();
      CHECK(floor.permitted > 0);
    }
    disk.Restart();
    FloorTest after(8, false, &disk);
    after.Recover(disk);
    CHECK(after.State() == before);
  }
}

}  // namespace
}  // namespace gannet
