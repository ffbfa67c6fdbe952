// Three processes in small, each with a shard and a journal of its own, joined by one
// bus that outlives them: what a signal causes is decided once, whoever dies when.
#include "libs/runtime/bus_link.h"

#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "libs/base/rng.h"
#include "libs/base/sim_files.h"
#include "libs/base/virtual_executor.h"
#include "libs/bus/memory_bus.h"
#include "libs/bus/topics.h"
#include "libs/journal/journal.h"
#include "libs/market/strategy_process.h"

namespace gannet::runtime {
namespace {

using base::FromUnixMillis;
using namespace std::chrono_literals;

constexpr char kDir[] = "/data/journal";
constexpr char kMark[] = "/data/published";

// What all three share: the files of each survive its crashes, unsynced bytes do not.
class Node {
 public:
  Node(std::string name, base::VirtualExecutor& executor, bus::Bus& bus, uint64_t seed)
      : name_(std::move(name)), executor_(executor), bus_(bus), files_(seed) {}
  virtual ~Node() = default;

  void Start() {
    journal::WriterOptions options;
    options.own_thread = false;
    options.reserve_bytes = 0;
    options.segment_bytes = segment_bytes;
    auto opened = journal::Writer::Open(files_, executor_, kDir, {.run = 5}, options);
    REQUIRE(opened.ok());
    journal_ = *std::move(opened);
    shard_ = std::make_unique<Shard>(ShardOptions{.name = name_}, executor_, executor_,
                                     journal_.get(), &bus_);
    Build();
    link_ = std::make_unique<BusLink>(*shard_, std::set<const bus::TopicInfo*>{});
    auto reader = journal::Reader::Open(files_, kDir);
    REQUIRE(reader.ok());
    const absl::Status recovered = shard_->Recover(**reader);
    INFO(recovered.ToString());
    REQUIRE(recovered.ok());
    shard_->Resume(executor_.Now());
    auto again = journal::Reader::Open(files_, kDir);
    REQUIRE(again.ok());
    const absl::Status connected =
        link_->Connect({bus_, {files_, executor_, executor_}, executor_, kMark}, again->get());
    INFO(connected.ToString());
    REQUIRE(connected.ok());
    if (hears) link_->Subscribe();
  }
  void Crash() {
    link_.reset();
    Forget();
    shard_.reset();
    journal_.reset();
    files_.Restart();
  }
  // As a process does now and then, with no other bounds.
  journal::Pruned Prune(uint64_t needed_after) {
    REQUIRE(shard_->WriteSnapshot().ok());
    executor_.RunFor(10ms);
    const auto pruned = journal_->Prune(executor_.Now(), {.needed_after = needed_after});
    REQUIRE(pruned.ok());
    return *pruned;
  }
  uint64_t segment_bytes = journal::WriterOptions().segment_bytes;
  bool hears = true;  // from its start on
  Shard& shard() { return *shard_; }
  BusLink& link() { return *link_; }
  base::SimFiles& files() { return files_; }

 protected:
  virtual void Build() = 0;   // engines into the shard; the state starts empty
  virtual void Forget() = 0;  // what refers to the shard

  std::unique_ptr<Shard> shard_;

 private:
  const std::string name_;
  base::VirtualExecutor& executor_;
  bus::Bus& bus_;
  base::SimFiles files_;
  std::unique_ptr<journal::Writer> journal_;
  std::unique_ptr<BusLink> link_;
};

std::string Lines(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

// Turns inputs into signals.
class Source : public Node {
 public:
  using Node::Node;
  void Say(const std::string& title, base::Time now) { shard().Deliver(port_, title, now); }
  std::vector<std::string> said;

 protected:
  void Build() override {
    said.clear();
    signals_ = std::make_unique<FactStream<market::NewsSignal>>(
        *shard_, bus::kNewsSignals,
        [this](const auto& event) { said.push_back(event.value.title); });
    port_ = shard_->AddInput("in", [this](std::string_view bytes, const market::Header& cause) {
      market::NewsSignal signal;
      signal.source = "test";
      signal.title = std::string(bytes);
      signals_->Emit(signal, cause);
    });
    shard_->AddState({"source",
                      [this](wire::CanonicalWriter& out) {
                        out.U32(static_cast<uint32_t>(said.size()));
                        for (const std::string& title : said) out.Bytes(title);
                      },
                      [this](wire::CanonicalReader& in) {
                        said.clear();
                        for (uint32_t left = in.U32(); left > 0 && in.ok(); --left)
                          said.push_back(in.Bytes());
                        return in.status();
                      },
                      nullptr});
  }
  void Forget() override { signals_.reset(); }

 private:
  std::unique_ptr<FactStream<market::NewsSignal>> signals_;
  InputPort port_{};
};

// Answers each signal with a balance whose asset counts the signals.
class Engine : public Node {
 public:
  using Node::Node;
  std::vector<std::string> applied, decided;
  std::vector<market::Header> signals, balances;

 protected:
  void Build() override {
    applied.clear();
    decided.clear();
    balances_ = std::make_unique<FactStream<market::BalanceUpdate>>(
        *shard_, bus::kBalances, [this](const auto& event) {
          decided.push_back(event.value.venue);
          balances.push_back(event.header);
        });
    shard_->Consume<market::NewsSignal>(
        bus::kNewsSignals,
        [this](const auto& event) {
          applied.push_back(event.value.title);
          signals.push_back(event.header);
        },
        [this](const auto& event) {
          market::BalanceUpdate balance;
          balance.account = market::AccountId("main/paper");
          balance.asset = market::AssetId("USDT");
          balance.venue = event.value.title;
          balances_->Emit(balance, event.header);
        });
    shard_->AddState({"engine",
                      [this](wire::CanonicalWriter& out) {
                        for (const auto* list : {&applied, &decided}) {
                          out.U32(static_cast<uint32_t>(list->size()));
                          for (const std::string& title : *list) out.Bytes(title);
                        }
                      },
                      [this](wire::CanonicalReader& in) {
                        for (auto* list : {&applied, &decided}) {
                          list->clear();
                          for (uint32_t left = in.U32(); left > 0 && in.ok(); --left)
                            list->push_back(in.Bytes());
                        }
                        return in.status();
                      },
                      // A signal whose answer was not durable is open work.
                      [this](const market::Header& cause) {
                        for (size_t i = decided.size(); i < applied.size(); ++i) {
                          market::BalanceUpdate balance;
                          balance.account = market::AccountId("main/paper");
                          balance.asset = market::AssetId("USDT");
                          balance.venue = applied[i];
                          balances_->Emit(balance, cause);
                        }
                      }});
  }
  void Forget() override { balances_.reset(); }

 private:
  std::unique_ptr<FactStream<market::BalanceUpdate>> balances_;
};

// Watches with a journal of its own.
class Watcher : public Node {
 public:
  using Node::Node;
  std::vector<std::string> seen;

 protected:
  void Build() override {
    seen.clear();
    shard_->Consume<market::BalanceUpdate>(
        bus::kBalances, [this](const auto& event) { seen.push_back(event.value.venue); });
    shard_->AddState({"watcher",
                      [this](wire::CanonicalWriter& out) {
                        out.U32(static_cast<uint32_t>(seen.size()));
                        for (const std::string& title : seen) out.Bytes(title);
                      },
                      [this](wire::CanonicalReader& in) {
                        seen.clear();
                        for (uint32_t left = in.U32(); left > 0 && in.ok(); --left)
                          seen.push_back(in.Bytes());
                        return in.status();
                      },
                      nullptr});
  }
  void Forget() override {}
};

struct Platform {
  explicit Platform(uint64_t seed, bool wire_mode = true)
      : bus(executor, Options(wire_mode)),
        source("source", executor, bus, seed),
        engine("engine", executor, bus, seed + 1),
        watcher("watcher", executor, bus, seed + 2) {
    for (Node* node : nodes()) node->Start();
  }
  static bus::MemoryBusOptions Options(bool wire_mode) {
    bus::MemoryBusOptions options;
    options.wire_mode = wire_mode;
    return options;
  }
  std::vector<Node*> nodes() { return {&source, &engine, &watcher}; }
  void Settle() { executor.RunFor(5s); }

  base::VirtualExecutor executor{FromUnixMillis(1'000)};
  bus::MemoryBus bus;
  Source source;
  Engine engine;
  Watcher watcher;
};

TEST_CASE("BusLink brings facts from process to process with their cause") {
  Platform p(1);
  CHECK(p.engine.link().topics() == std::vector<std::string>{"news.signals.v1"});
  CHECK(p.source.link().topics().empty());  // it owns what it says
  for (const char* title : {"a", "b", "c"}) p.source.Say(title, p.executor.Now());
  p.Settle();
  CHECK(p.watcher.seen == std::vector<std::string>{"a", "b", "c"});
  REQUIRE(p.engine.balances.size() == 3);
  for (size_t i = 0; i < 3; ++i) {
    CHECK(p.engine.balances[i].causation == p.engine.signals[i].id);
    CHECK(p.engine.balances[i].correlation == p.engine.signals[i].correlation);
    CHECK(p.engine.balances[i].trace.trace_id == p.engine.signals[i].trace.trace_id);
    CHECK(p.engine.balances[i].id.stream == market::StreamNumber("engine"));
  }
}

TEST_CASE("BusLink publishes again what the bus may have missed, and that has no effect twice") {
  Platform p(2);
  for (const char* title : {"a", "b"}) p.source.Say(title, p.executor.Now());
  p.Settle();
  p.source.files().Remove(kMark).IgnoreError();  // as if nothing had been known to be kept
  p.source.Crash();
  p.engine.Crash();  // its new subscription has seen nothing: its own state has
  p.engine.Start();
  p.source.Start();
  CHECK(p.source.link().stats().republished == 2);
  p.source.Say("c", p.executor.Now());
  p.Settle();
  CHECK(p.engine.decided == std::vector<std::string>{"a", "b", "c"});
  CHECK(p.engine.link().stats().duplicates == 2);
  CHECK(p.watcher.seen == p.engine.decided);
  // With its mark it publishes nothing that the bus had.
  p.source.Crash();
  p.source.Start();
  CHECK(p.source.link().stats().republished == 0);
}

TEST_CASE("BusLink hears nothing before it subscribes, and then all that was kept") {
  Platform p(4);
  p.source.Say("a", p.executor.Now());
  p.Settle();
  p.engine.Crash();
  p.engine.hears = false;
  p.engine.Start();
  const uint64_t sequence = p.engine.shard().sequence();
  p.source.Say("b", p.executor.Now());
  p.Settle();
  CHECK(p.engine.shard().sequence() == sequence);
  CHECK(p.engine.link().health().ok());
  p.engine.link().Subscribe();
  p.source.Say("c", p.executor.Now());
  p.Settle();
  CHECK(p.engine.decided == std::vector<std::string>{"a", "b", "c"});
}

// A bus that takes two signals as long as nobody reads them.
struct StuckBus {
  StuckBus() : bus(executor, Options()) {
    all = bus.Subscribe<market::NewsSignal>(bus::kNewsSignals, {.group = "all"},
                                            [this](const auto& event, bus::Position position) {
                                              said.insert(event.value.title);
                                              all->Ack(position);
                                            });
    stuck = bus.Subscribe<market::NewsSignal>(bus::kNewsSignals, {.group = "stuck"},
                                              [](const auto&, bus::Position) {});
  }
  static bus::MemoryBusOptions Options() {
    bus::MemoryBusOptions options;
    options.backlog_limit = 2;
    return options;
  }
  void Free() {
    stuck.reset();
    bus.ForgetGroup(bus::kNewsSignals.info, "stuck");
  }
  void Say(Source& source, int count) {
    for (; count > 0; --count) {
      source.Say(std::to_string(++titles), executor.Now());
      executor.RunFor(500ms);
    }
  }

  base::VirtualExecutor executor{FromUnixMillis(1'000)};
  bus::MemoryBus bus;
  std::set<std::string> said;
  std::unique_ptr<bus::Subscription> all, stuck;
  int titles = 0;
};

TEST_CASE("BusLink's journal keeps what the bus has not taken, however long that is away") {
  StuckBus f;
  Source source("source", f.executor, f.bus, 5);
  source.segment_bytes = 1;
  source.Start();
  f.Say(source, 10);
  source.Prune(source.link().published());
  f.Say(source, 10);
  const journal::Pruned pruned = source.Prune(source.link().published());
  CHECK(pruned.held);
  source.Crash();
  f.Free();
  source.Start();
  CHECK(source.link().lost() == 0);
  f.executor.RunFor(5s);
  CHECK(f.said.size() == 20);
  f.Say(source, 1);
  CHECK_FALSE(source.Prune(source.link().published()).held);
}

TEST_CASE("BusLink publishes what there is of a folder that was pruned before it had a bus") {
  StuckBus f;
  f.Free();
  Source source("source", f.executor, f.bus, 6);
  source.segment_bytes = 1;
  source.Start();
  for (int round = 0; round < 2; ++round) {
    f.Say(source, 10);
    source.Prune(source.shard().sequence());
  }
  source.Crash();
  source.files().Remove(kMark).IgnoreError();
  f.said.clear();
  source.Start();
  CHECK(source.link().lost() > 0);
  CHECK(source.link().lost() < source.shard().sequence());
  f.Say(source, 1);
  CHECK(source.link().stats().republished == 10);
  CHECK(f.said.contains("21"));
  // Told once: from now on the mark says how far it is.
  f.executor.RunFor(5s);
  source.Crash();
  source.Start();
  CHECK(source.link().lost() == 0);
}

TEST_CASE("BusLink's journal decides again without a bus") {
  Platform p(3);
  for (int i = 0; i < 20; ++i) {
    p.source.Say("s" + std::to_string(i), p.executor.Now());
    p.executor.RunFor(100ms);
  }
  p.Settle();
  auto reader = journal::Reader::Open(p.engine.files(), kDir);
  REQUIRE(reader.ok());
  // The same engine in a process that has neither bus nor journal.
  base::VirtualExecutor executor{FromUnixMillis(1'000)};
  Shard shard(ShardOptions{.name = "engine", .run_effects = false}, executor, executor, nullptr,
              nullptr);
  std::vector<std::string> again;
  FactStream<market::BalanceUpdate> balances(shard, bus::kBalances, [&](const auto& event) {
    again.push_back(wire::Canonical(event.value));
  });
  std::vector<std::string> recorded;
  shard.Consume<market::NewsSignal>(bus::kNewsSignals, nullptr, [&](const auto& event) {
    market::BalanceUpdate balance;
    balance.account = market::AccountId("main/paper");
    balance.asset = market::AssetId("USDT");
    balance.venue = event.value.title;
    balances.Emit(balance, event.header);
  });
  BusLink link(shard, {});
  while (true) {
    const auto record = (*reader)->Next();
    REQUIRE(record.ok());
    if (!*record) break;
    if ((*record)->type == journal::RecordType::kFact) {
      const auto event = wire::Decode<market::BalanceUpdate>((*record)->payload);
      REQUIRE(event.ok());
      recorded.push_back(wire::Canonical(event->value));
    } else if ((*record)->type == journal::RecordType::kInput) {
      const absl::Status replayed = shard.Replay(**record);
      INFO(replayed.ToString());
      REQUIRE(replayed.ok());
    }
  }
  CHECK(recorded.size() == 20);
  CHECK(again == recorded);
}

TEST_CASE("BookGate lets changes pass only upon a whole book, and says INVALID once") {
  BookGate gate;
  uint64_t skipped = 0, stream = 1;
  const auto pass = [&](const char* id, bool whole, market::BookState state) {
    BookGate::Event event;
    event.header.id.stream = stream;
    event.value.instrument = market::InstrumentId(id);
    event.value.snapshot = whole;
    event.value.state = state;
    event.value.bids = {{market::Price{1}, market::Quantity{1}}};
    const auto passed = gate.Pass(std::make_shared<const BookGate::Event>(event), skipped);
    if (passed == nullptr) return '-';
    if (passed->value == event.value) return 'p';
    CHECK(passed->value.state == market::BookState::kInvalid);
    CHECK(passed->value.fault == market::BookFault::kGap);
    CHECK(passed->value.bids.empty());
    return 'i';
  };
  const auto change = [&](const char* id) { return pass(id, false, market::BookState::kValid); };
  const auto whole = [&](const char* id) { return pass(id, true, market::BookState::kValid); };
  CHECK(change("x:A") == 'i');
  CHECK(change("x:A") == '-');
  CHECK(whole("x:A") == 'p');
  CHECK(change("x:A") == 'p');
  CHECK(change("x:B") == 'i');
  CHECK(whole("x:B") == 'p');
  skipped = 3;  // of which instrument is unknown
  CHECK(change("x:A") == 'i');
  CHECK(whole("x:B") == 'p');
  CHECK(change("x:A") == '-');
  CHECK(whole("x:A") == 'p');
  CHECK(pass("x:A", false, market::BookState::kInvalid) == 'p');
  CHECK(change("x:A") == '-');  // told already
  CHECK(whole("x:A") == 'p');
  stream = 2;  // its producer was started again, and what it said first is lost
  CHECK(change("x:A") == 'i');
  CHECK(change("x:A") == '-');
  CHECK(whole("x:A") == 'p');
  CHECK(change("x:A") == 'p');
  CHECK(gate.dropped() == 8);
}

TEST_CASE("BusLink loses and doubles nothing over random crashes of all three") {
  uint64_t crashes = 0, duplicates = 0, republished = 0;
  const auto count = [&](Node& node) {
    duplicates += node.link().stats().duplicates;
    republished += node.link().stats().republished;
  };
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    Platform p(seed * 10, seed % 2 == 0);
    base::Rng rng(seed);
    int number = 0;
    for (int step = 0; step < 60; ++step) {
      if (rng.Below(3) != 0) p.source.Say("s" + std::to_string(number++), p.executor.Now());
      p.executor.RunFor(std::chrono::milliseconds(rng.Below(40)));
      if (rng.Below(4) != 0) continue;
      Node* node = p.nodes()[rng.Below(3)];
      if (rng.Below(3) == 0) REQUIRE(node->shard().WriteSnapshot().ok());
      count(*node);
      ++crashes;
      node->Crash();
      p.executor.RunFor(std::chrono::milliseconds(rng.Below(100)));
      node->Start();
    }
    p.Settle();
    for (Node* node : p.nodes()) count(*node);
    INFO("seed " << seed << "\nsaid\n"
                 << Lines(p.source.said) << "decided\n"
                 << Lines(p.engine.decided));
    CHECK(p.source.said.size() > 20);
    CHECK(p.engine.applied == p.source.said);
    CHECK(p.engine.decided == p.source.said);
    CHECK(p.watcher.seen == p.source.said);
  }
  CHECK(crashes > 300);
  CHECK(duplicates > 0);
  CHECK(republished > 0);
}

}  // namespace
}  // namespace gannet::runtime
