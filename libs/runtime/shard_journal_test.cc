// The shard on a journal: what is recorded, what is held back until it is durable,
// what comes back after a crash.
#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/sim_files.h"
#include "libs/base/virtual_executor.h"
#include "libs/bus/topics.h"
#include "libs/journal/journal.h"
#include "libs/runtime/shard.h"

namespace gannet::runtime {
namespace {

using base::FromUnixMillis;
using namespace std::chrono_literals;

constexpr char kDir[] = "/data/journal";

// A service in small: counts what it decided, one fact of an order topic and one
// of another for each input, and sends something.
struct Host {
  base::VirtualExecutor executor{FromUnixMillis(1'000)};
  std::unique_ptr<journal::Writer> journal;
  std::unique_ptr<Shard> shard;
  std::unique_ptr<FactStream<market::BalanceUpdate>> balances;
  std::unique_ptr<FactStream<market::NewsSignal>> signals;
  InputPort port{};
  uint64_t decided = 0;
  std::vector<uint64_t> sent;

  absl::Status Start(base::SimFiles& files, uint64_t reserve_bytes = 0) {
    journal::WriterOptions options;
    options.own_thread = false;
    options.reserve_bytes = reserve_bytes;
    auto opened = journal::Writer::Open(files, executor, kDir, {.run = 5}, options);
    if (!opened.ok()) return opened.status();
    journal = *std::move(opened);
    shard = std::make_unique<Shard>(ShardOptions{.name = "test"}, executor, executor, journal.get(),
                                    nullptr);
    balances = std::make_unique<FactStream<market::BalanceUpdate>>(
        *shard, bus::kBalances, [this](const auto&) { ++decided; });
    signals = std::make_unique<FactStream<market::NewsSignal>>(*shard, bus::kNewsSignals, nullptr);
    shard->AddState({"test", [this](wire::CanonicalWriter& out) { out.U64(decided); },
                     [this](wire::CanonicalReader& in) {
                       decided = in.U64();
                       return in.status();
                     },
                     nullptr});
    port = shard->AddInput("in", [this](std::string_view, const market::Header& cause) {
      signals->Emit(market::NewsSignal{}, cause);
      market::BalanceUpdate balance;
      balance.account = market::AccountId("main/paper");
      balance.asset = market::AssetId("USDT");
      balances->Emit(balance, cause);
      shard->AfterDurable([this, number = decided] { sent.push_back(number); });
    });
    auto reader = journal::Reader::Open(files, kDir);
    if (!reader.ok()) return reader.status();
    return shard->Recover(**reader);
  }
  void Deliver(int count = 1) {
    for (int i = 0; i < count; ++i) {
      executor.RunFor(1s);
      shard->Deliver(port, "input", executor.Now());
    }
  }
};

TEST_CASE("A long silence is leapt over, but for its last hour, and so it is in a replay") {
  // Counts its seconds, and waits for one moment in the silence.
  const auto run = [](Shard& shard, std::vector<base::Time>& seconds,
                      std::vector<std::string>& seen) {
    return shard.AddInput("in", [&](std::string_view bytes, const market::Header&) {
      seen.emplace_back(bytes);
      if (bytes != "start") return;
      const auto second = std::make_shared<Shard::TimerTask>();
      *second = [&shard, &seconds, second](const market::Header&) {
        seconds.push_back(shard.now());
        shard.After(1s, *second);
      };
      shard.After(1s, *second);
      shard.After(24h, [&](const market::Header&) {
        seen.push_back("a day: " + base::FormatTime(shard.now()));
      });
    });
  };
  base::SimFiles files(1);
  base::VirtualExecutor executor{base::ParseRfc3339("2026-01-01T00:00:00Z").value()};
  const base::Time start = executor.Now(), end = start + 72h;
  std::vector<base::Time> seconds;
  std::vector<std::string> seen;
  {
    auto journal = journal::Writer::Open(files, executor, "journal", {.run = 1},
                                         {.reserve_bytes = 0, .own_thread = false})
                       .value();
    Shard shard({.name = "test", .run = 1}, executor, executor, journal.get(), nullptr);
    const InputPort port = run(shard, seconds, seen);
    shard.Deliver(port, "start", start);
    shard.Deliver(port, "end", end);
    CHECK(shard.stats().leaps == 1);
    REQUIRE(journal->Close().ok());
  }
  const std::string day = "a day: " + base::FormatTime(end - 1h);
  CHECK(seen == std::vector<std::string>{"start", day, "end"});
  REQUIRE(seconds.size() == 3'601);
  CHECK(seconds.front() == end - 1h);
  CHECK(seconds.back() == end);

  Shard again({.name = "test", .run = 1}, executor, executor, nullptr, nullptr);
  std::vector<base::Time> seconds_again;
  std::vector<std::string> seen_again;
  run(again, seconds_again, seen_again);
  const auto reader = journal::Reader::Open(files, "journal").value();
  while (const auto record = reader->Next().value()) REQUIRE(again.Replay(*record).ok());
  CHECK(seen_again == seen);
  CHECK(seconds_again == seconds);
}

}  // namespace

TEST_CASE("Shard sends nothing before its record is durable, and nothing at all if it never is") {
  base::SimFiles files;
  Host host;
  REQUIRE(host.Start(files).ok());
  host.Deliver();
  CHECK(host.decided == 1);
  CHECK(host.sent.empty());
  host.executor.RunFor(1s);
  CHECK(host.sent == std::vector<uint64_t>{1});
  files.set_faults({.sync_failure = 1});
  host.Deliver(2);
  host.executor.RunFor(1s);
  CHECK(host.sent == std::vector<uint64_t>{1});
  CHECK_FALSE(host.shard->health().ok());
}

TEST_CASE("Shard gives the bus data behind what the turn sends, before its facts, and in order") {
  struct ListedBus : bus::Bus {
    std::vector<std::string> heard;
    absl::Status PublishRaw(const bus::TopicInfo& topic, std::shared_ptr<const void>) override {
      heard.emplace_back(topic.name);
      return absl::OkStatus();
    }
    std::unique_ptr<bus::Subscription> SubscribeRaw(const bus::TopicInfo&, bus::SubscribeOptions,
                                                    RawHandler) override {
      return nullptr;
    }
    void WhenKept(std::function<void()> done) override { done(); }
    void ResolveHalted(const bus::TopicInfo&, bus::Position, bus::ResolutionOrder, base::Executor&,
                       std::function<void(const absl::Status&)>) override {}
    void Flush() override {}
  };
  base::SimFiles files;
  base::VirtualExecutor executor{FromUnixMillis(1'000)};
  auto journal = journal::Writer::Open(files, executor, kDir, {.run = 5}, {.own_thread = false});
  REQUIRE(journal.ok());
  ListedBus bus;
  Shard shard({.name = "test"}, executor, executor, journal->get(), &bus);
  FactStream<market::NewsSignal> signals(shard, bus::kNewsSignals, nullptr);
  const auto port = shard.AddInput("in", [&](std::string_view bytes, const market::Header& cause) {
    shard.Publish(bus::kQuotes, market::Quote{}, cause);
    if (bytes != "decide") return;
    signals.Emit(market::NewsSignal{}, cause);
    shard.AfterDurable([&] { bus.heard.emplace_back("sent"); });
  });
  using Heard = std::vector<std::string>;
  const std::string data(bus::kQuotes.info.name), fact(bus::kNewsSignals.info.name);

  shard.Deliver(port, "quiet", executor.Now());
  CHECK(bus.heard == Heard{data});
  bus.heard.clear();
  shard.Deliver(port, "decide", executor.Now());
  CHECK(bus.heard.empty());
  executor.RunFor(1s);
  CHECK(bus.heard == Heard{"sent", data, fact});
  bus.heard.clear();
  shard.Deliver(port, "decide", executor.Now());
  shard.Deliver(port, "quiet", executor.Now());  // before the commit could run
  CHECK(bus.heard == Heard{data, data});
  executor.RunFor(1s);
  CHECK(bus.heard == Heard{data, data, "sent", fact});
}

TEST_CASE("Shard comes back from a crash with every fact that was followed by an effect") {
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    base::SimFiles files(seed);
    uint64_t sent = 0, decided = 0;
    for (int round = 0; round < 4; ++round) {
      Host host;
      REQUIRE(host.Start(files).ok());
      CHECK(host.decided >= sent);
      CHECK(host.decided <= decided);
      host.Deliver(3);
      if (seed % 2 == 0) REQUIRE(host.shard->WriteSnapshot().ok());
      host.Deliver(2);
      if (!host.sent.empty()) sent = host.sent.back();
      decided = host.decided;
      files.Restart();
    }
    CHECK(sent > 10);
  }
}

TEST_CASE("Shard on a full disk keeps the reserve for the facts of orders") {
  base::SimFiles files;
  files.set_faults({.capacity_bytes = 40'000});
  Host host;
  REQUIRE(host.Start(files, 20'000).ok());
  while (host.journal->failure().ok()) {
    host.Deliver();
    host.executor.RunFor(1s);
  }
  CHECK(absl::IsResourceExhausted(host.shard->health()));
  const size_t sent = host.sent.size();
  const uint64_t dropped = host.journal->stats().dropped;
  host.Deliver(10);
  host.executor.RunFor(1s);
  CHECK(host.sent.size() == sent + 10);                  // what order facts ask for still leaves
  CHECK(host.journal->stats().dropped == dropped + 20);  // inputs and signals do not stay
  const uint64_t decided = host.decided;
  REQUIRE(host.journal->Close().ok());
  host.journal.reset();
  files.set_faults({});
  Host next;
  REQUIRE(next.Start(files).ok());
  CHECK(next.decided == decided);
}

TEST_CASE("Shard on a full disk sends what rests on kept facts or on none, and nothing else") {
  base::SimFiles files;
  files.set_faults({.capacity_bytes = 40'000});
  Host host;
  REQUIRE(host.Start(files, 20'000).ok());
  FactStream<wire::EngineNote> notes(*host.shard, bus::kJournals, nullptr);
  FactStream<wire::EngineNote> kept(*host.shard, bus::kJournals, nullptr, /*essential=*/true);
  std::vector<std::string> sent;
  const auto send = [&](const char* what) {
    host.shard->AfterDurable([&sent, what] { sent.emplace_back(what); });
  };
  const InputPort asks =
      host.shard->AddInput("asks", [&](std::string_view, const market::Header&) { send("query"); });
  const InputPort notes_down =
      host.shard->AddInput("notes", [&](std::string_view, const market::Header& cause) {
        notes.Emit({"test", "cursor", ""}, cause);
        send("acknowledgement");
      });
  const InputPort cancels =
      host.shard->AddInput("cancels", [&](std::string_view, const market::Header& cause) {
        notes.Emit({"test", "cursor", ""}, cause);
        kept.Emit({"test", "request", ""}, cause);
        send("cancel");
      });
  while (host.journal->failure().ok()) {
    host.Deliver();
    host.executor.RunFor(1s);
  }
  sent.clear();
  for (const InputPort port : {asks, notes_down, cancels}) {
    host.shard->Deliver(port, "x", host.executor.Now());
    host.executor.RunFor(1s);
  }
  CHECK(sent == std::vector<std::string>{"query", "cancel"});
}

TEST_CASE("Shard on a full disk tells of every fact that was kept, and of none that was not") {
  base::SimFiles files;
  files.set_faults({.capacity_bytes = 40'000});
  Host host;
  REQUIRE(host.Start(files, 20'000).ok());
  int balances = 0, signals = 0, links = 0;
  host.shard->WatchDurable<market::BalanceUpdate>(bus::kBalances, [&](const auto&) { ++balances; });
  host.shard->WatchDurable<market::NewsSignal>(bus::kNewsSignals, [&](const auto&) { ++signals; });
  host.shard->WatchLinks([&](const Shard::Link&) { ++links; });
  const InputPort reversed =
      host.shard->AddInput("reversed", [&](std::string_view, const market::Header& cause) {
        host.balances->Emit(market::BalanceUpdate{}, cause);
        host.signals->Emit(market::NewsSignal{}, cause);
      });
  while (host.journal->failure().ok()) {
    host.Deliver();
    host.executor.RunFor(1s);
  }
  balances = signals = links = 0;
  host.shard->Deliver(reversed, "x", host.executor.Now());
  host.Deliver();
  host.executor.RunFor(1s);
  CHECK(balances == 2);
  CHECK(signals == 0);
  CHECK(links == 2);
}

TEST_CASE("Shard does not take a journal that reads short for recovered") {
  base::SimFiles files, shorter;
  Host host;
  REQUIRE(host.Start(files).ok());
  host.Deliver(3);
  host.executor.RunFor(1s);
  {
    Host other;
    REQUIRE(other.Start(shorter).ok());
    other.Deliver(2);
    other.executor.RunFor(1s);
  }
  auto reader = journal::Reader::Open(shorter, kDir);
  REQUIRE(reader.ok());
  Shard shard(ShardOptions{.name = "test"}, host.executor, host.executor, host.journal.get(),
              nullptr);
  CHECK(absl::IsDataLoss(shard.Recover(**reader)));
}

}  // namespace gannet::runtime
