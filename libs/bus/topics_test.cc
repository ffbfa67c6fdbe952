#include "libs/bus/topics.h"

#include <catch2/catch_test_macros.hpp>
#include <set>
#include <string>

#include "libs/base/rng.h"
#include "libs/bus/bus.h"
#include "libs/wire/random_events.h"

namespace gannet::bus {
namespace {

// "area.noun.v1"
bool WellFormed(const std::string& name) {
  const size_t first = name.find('.'), second = name.find('.', first + 1);
  if (first == std::string::npos || second == std::string::npos) return false;
  const std::string version = name.substr(second + 1);
  return first > 0 && second > first + 1 && version.size() == 2 && version[0] == 'v' &&
         version[1] >= '1' && version[1] <= '9' &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz.") == second + 2;
}

TEST_CASE("Topics have unique, versioned names and can be found by them") {
  std::set<std::string> names;
  for (const TopicInfo* topic : AllTopics()) {
    const std::string name(topic->name);
    CHECK(WellFormed(name));
    CHECK(names.insert(name).second);
    CHECK(FindTopic(name) == topic);
  }
  CHECK(names.size() == AllTopics().size());
  CHECK(FindTopic("market.trades.v0") == nullptr);
  CHECK(FindTopic("") == nullptr);
}

TEST_CASE("Market data and heartbeats may be skipped; orders, decisions, fills and facts may not") {
  for (const TopicInfo* topic : AllTopics()) {
    CAPTURE(topic->name);
    if (topic->delivery == Delivery::kConflate)
      CHECK((topic->name.starts_with("market.") || topic->name == "ops.heartbeats.v1"));
    if (topic->fact) CHECK(topic->delivery == Delivery::kBlock);
    if (topic->order_shard) CHECK(topic->fact);
  }
}

// A change here moves keys between partitions of running systems: never.
TEST_CASE("Keys keep their partitions for ever") {
  const auto partition = [](const char* instrument, uint32_t partitions) {
    market::Event<market::Trade> event;
    event.value.instrument = market::InstrumentId(instrument);
    return PartitionOf(kTrades.info, &event, partitions);
  };
  CHECK(partition("binance-spot:BTCUSDT", 1) == 0);
  CHECK(partition("binance-spot:BTCUSDT", 12) == 6);
  CHECK(partition("binance-spot:ETHUSDT", 12) == 6);
  CHECK(partition("", 12) == 0);
}

TEST_CASE("Order topics go by tenant, whatever their key") {
  base::Rng rng(3);
  std::set<uint32_t> used;
  for (int i = 0; i < 50; ++i) {
    auto event = wire::RandomEvent<market::ExecReport>(rng);
    event.header.tenant = "main";
    used.insert(PartitionOf(kExecReports.info, &event, 16));
  }
  CHECK(used.size() == 1);
}

TEST_CASE("A topic's erased codec, key and header are those of its type") {
  base::Rng rng(4);
  const auto event = wire::RandomEvent<market::ExecReport>(rng);
  const TopicInfo& topic = kExecReports.info;
  const auto decoded = topic.decode(topic.encode(&event));
  REQUIRE(decoded.ok());
  CHECK(*static_cast<const market::Event<market::ExecReport>*>(decoded->get()) == event);
  CHECK(topic.key(&event) == event.value.account.text() + "|" + event.value.instrument.text());
  CHECK(topic.header(&event) == event.header);
  CHECK(topic.decode("\xFF").status().code() == absl::StatusCode::kInvalidArgument);
}

TEST_CASE("What is kept of each key is one strategy's position, one venue's balance") {
  market::Event<market::PositionUpdate> position;
  position.value.account = market::AccountId("main/paper");
  position.value.strategy = market::StrategyId("maker");
  position.value.instrument = market::InstrumentId("binance-spot:BTCUSDT");
  CHECK(kPositions.info.key(&position) == "main/paper|maker|binance-spot:BTCUSDT");
  market::Event<market::BalanceUpdate> balance;
  balance.value.account = position.value.account;
  balance.value.venue = "binance-spot";
  balance.value.asset = market::AssetId("BTC");
  CHECK(kBalances.info.key(&balance) == "main/paper|binance-spot|BTC");
}

}  // namespace
}  // namespace gannet::bus
