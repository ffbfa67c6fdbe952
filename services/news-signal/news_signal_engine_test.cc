#include "services/news-signal/news_signal_engine.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "libs/base/sim_files.h"
#include "libs/base/virtual_executor.h"
#include "libs/bus/memory_bus.h"
#include "libs/net/no_network.h"
#include "services/news-signal/app.h"

namespace gannet::news_signal {
namespace {

using namespace std::chrono_literals;
using market::NewsEventType;
using market::NewsRelation;

const base::Time kStart = *base::ParseRfc3339("2024-06-01T00:00:00Z");

std::shared_ptr<const Classifier> Shipped() {
  static const std::shared_ptr<const Classifier> classifier = [] {
    base::SimFiles files;
    return *LoadClassifier({}, files);
  }();
  return classifier;
}

market::Instrument Of(const std::string& id, const std::string& base) {
  market::Instrument instrument;
  instrument.id = market::InstrumentId(id);
  instrument.base = market::AssetId(base);
  instrument.quote = market::AssetId("USDT");
  return instrument;
}

// An engine that is fed one headline after another and applies its own signals.
struct Desk {
  NewsSignalEngine engine{{}, Shipped()};
  uint64_t sequence = 0;
  base::Time now = kStart;

  Decision Say(const std::string& title, const std::string& source = "rss:a",
               std::string source_id = "") {
    now += 1s;
    market::Event<market::NewsItem> item;
    item.header.id = {1, ++sequence};
    item.header.event_time = item.header.receive_time = now;
    item.value.source = source;
    item.value.source_id = source_id.empty() ? "id" + std::to_string(sequence) : source_id;
    item.value.title = title;
    item.value.published = item.value.received = now;
    Decision decision = engine.Decide(item, now + 3ms);
    if (decision.verdict == Verdict::kSignal) {
      market::Event<market::NewsSignal> signal;
      signal.header = item.header;
      signal.value = decision.signal;
      engine.Apply(signal);
    }
    return decision;
  }
};

}  // namespace

TEST_CASE("NewsSignalEngine tells what happened, to whom, and how it sounds") {
  Desk desk;
  for (const char* id : {"binance-spot:ETHUSDT", "binance-usdm:ETHUSDT"})
    desk.engine.ApplyInstrument(Of(id, "ETH"));
  desk.engine.ApplyInstrument(Of("binance-spot:BTCUSDT", "BTC"));
  const market::NewsSignal hack =
      desk.Say("Attackers drain $120 million in Ethereum from Velora bridge in flash loan exploit")
          .signal;
  CHECK(hack.type == NewsEventType::kHack);
  CHECK(hack.type_probability_ppm > 900'000);
  CHECK(hack.confidence_ppm > 700'000);
  CHECK(hack.sentiment_ppm < -500'000);
  CHECK(hack.novelty_ppm == 1'000'000);
  REQUIRE(hack.entities.size() == 1);
  CHECK(hack.entities[0].id == "coin:ETH");
  CHECK(hack.entities[0].text == "Ethereum");
  CHECK(hack.entities[0].offset == 32);
  REQUIRE(hack.instruments.size() == 2);
  CHECK(hack.instruments[0].text() == "binance-spot:ETHUSDT");
  CHECK(hack.latency == 3ms);
  CHECK_FALSE(hack.classifier_version.empty());
  CHECK_FALSE(hack.dictionary_version.empty());
}

TEST_CASE("NewsSignalEngine tells the seven event types apart") {
  const std::pair<const char*, NewsEventType> cases[] = {
      {"Powell says the Fed will keep interest rates higher until inflation falls",
       NewsEventType::kFedSpeech},
      {"Trump vows new tariffs on China in late-night post", NewsEventType::kPoliticalPost},
      {"Lending protocol loses $8M as hacker exploits vault", NewsEventType::kHack},
      {"SEC sues crypto exchange over unregistered securities", NewsEventType::kRegulation},
      {"Visa partners with Solana on stablecoin payments", NewsEventType::kPartnership},
      {"Cardano hard fork goes live on mainnet", NewsEventType::kTechnical},
      {"Bitcoin price climbs 4% as traders return", NewsEventType::kNone},
  };
  for (const auto& [title, type] : cases) {
    INFO(title);
    CHECK(Desk().Say(title).signal.type == type);
  }
}

TEST_CASE("NewsSignalEngine hears that something ends") {
  const std::pair<const char*, int> cases[] = {
      {"Mastercard signs deal with Ripple", 1},
      {"Mastercard pulls out of Ripple deal", -1},
      {"Starbucks starts accepting Bitcoin", 1},
      {"Tesla stops accepting Bitcoin", -1},
      {"Visa partners with Solana foundation", 1},
      {"Binance ends partnership with Bitcoin foundation", -1},
      {"India bans crypto", -1},
      {"India scraps ban on crypto", 1},
      {"SEC ends investigation into Ethereum foundation", 1},
  };
  for (const auto& [title, sign] : cases) {
    INFO(title);
    CHECK(Desk().Say(title).signal.sentiment_ppm * sign > 100'000);
  }
}

TEST_CASE("NewsSignalEngine drops the same item and marks the same story") {
  Desk desk;
  const Decision first =
      desk.Say("Velora exchange halts withdrawals after $40M breach", "rss:a", "1");
  CHECK(desk.Say("Velora exchange halts withdrawals after $40M breach", "rss:a", "1").verdict ==
        Verdict::kSeenBefore);
  CHECK(desk.Say("Velora exchange halts withdrawals after a $40M breach", "rss:a", "1").verdict ==
        Verdict::kMinorEdit);
  const market::NewsSignal repeat =
      desk.Say("Velora Exchange Halts Withdrawals Following $40M Breach", "rss:b", "9").signal;
  CHECK(repeat.relation == NewsRelation::kRepeat);
  CHECK(repeat.original == first.signal.item);
  CHECK(repeat.novelty_ppm < 450'000);
  const market::NewsSignal other =
      desk.Say("Velora exchange halts withdrawals after $90M breach", "rss:c").signal;
  CHECK(other.relation == NewsRelation::kOriginal);
}

TEST_CASE("NewsSignalEngine links corrections and retractions") {
  Desk desk;
  const market::NewsSignal first =
      desk.Say("Central bank of Velora to buy 5,000 bitcoin, minister says", "rss:a", "1").signal;
  const market::NewsSignal other =
      desk.Say("Central bank of Velora to buy bitcoin", "rss:b", "2").signal;
  const market::NewsSignal marked =
      desk.Say("CORRECTION: Central bank of Velora to buy 500 bitcoin, minister says", "rss:a", "3")
          .signal;
  CHECK(marked.relation == NewsRelation::kCorrection);
  CHECK(marked.original == first.item);
  const market::NewsSignal changed =
      desk.Say("Central bank of Velora denies plan to hold crypto", "rss:b", "2").signal;
  CHECK(changed.relation == NewsRelation::kCorrection);
  CHECK(other.relation == NewsRelation::kRepeat);
  CHECK(changed.original == first.item);  // the story that both tell
  const market::NewsSignal retracted =
      desk.Say("RETRACTED: Central bank of Velora to buy bitcoin", "rss:c", "7").signal;
  CHECK(retracted.relation == NewsRelation::kRetraction);
  CHECK_FALSE(retracted.original.empty());
  CHECK(desk.Say("Correction: cake recipe needs two eggs", "rss:d").signal.relation ==
        NewsRelation::kOriginal);
}

TEST_CASE("NewsSignalEngine takes a retraction for no news, whatever it takes back") {
  const market::NewsSignal unknown =
      Desk().Say("RETRACTED: Attackers drain $120 million in Ethereum from Velora bridge").signal;
  CHECK(unknown.relation == NewsRelation::kRetraction);
  CHECK(unknown.original.empty());
  // The second correction and the retraction mean the first item, as does who acted on it.
  for (const bool same_id : {true, false}) {
    Desk desk;
    const auto say = [&](const std::string& title, const char* id) {
      return desk.Say(title, "rss:a", same_id ? "1" : id).signal;
    };
    const market::NewsSignal first =
        say("Central bank of Velora to buy 5,000 bitcoin, minister says", "1");
    for (const char* id : {"2", "3"}) {
      const market::NewsSignal corrected = say("CORRECTION: Central bank of Velora to buy " +
                                                   std::string(id) + "00 bitcoin, minister says",
                                               id);
      CHECK(corrected.relation == NewsRelation::kCorrection);
      CHECK(corrected.original == first.item);
    }
    const market::NewsSignal back =
        say("RETRACTED: Central bank of Velora to buy 300 bitcoin, minister says", "4");
    CHECK(back.relation == NewsRelation::kRetraction);
    CHECK(back.original == first.item);
  }
}

TEST_CASE("NewsSignalEngine takes back the item that was acted on, whoever repeated it since") {
  const char* const title = "Attackers drain $120 million in Ethereum from Velora bridge";
  for (const char* source : {"rss:a", "rss:b"}) {
    INFO(source);
    Desk desk;
    const market::NewsSignal first = desk.Say(title, "rss:a", "1").signal;
    const market::NewsSignal again = desk.Say(title, source, "2").signal;
    REQUIRE(again.relation == NewsRelation::kRepeat);
    const market::NewsSignal back =
        desk.Say(std::string("RETRACTED: ") + title, source, "3").signal;
    CHECK(back.relation == NewsRelation::kRetraction);
    CHECK(back.original == first.item);
  }
}

TEST_CASE("NewsSignalEngine gives each name the tone of its clause") {
  const market::NewsSignal signal = Desk()
                                        .Say(
                                            "Solana soars to record high after successful upgrade, "
                                            "while Cardano crashes on exploit and theft")
                                        .signal;
  REQUIRE(signal.entities.size() == 2);
  CHECK(signal.entities[0].sentiment_ppm > 0);
  CHECK(signal.entities[1].sentiment_ppm < 0);
}

TEST_CASE("NewsSignalEngine does not pretend to read other scripts") {
  const market::NewsSignal signal = Desk().Say("比特币价格今天上涨 市场").signal;
  CHECK(signal.type == NewsEventType::kNone);
  CHECK(signal.confidence_ppm == 0);
  CHECK(Desk().Say("").verdict == Verdict::kEmpty);
}

TEST_CASE("NewsSignalService decides in the shard and recovers its window from signals") {
  struct Process {
    base::VirtualExecutor executor{kStart};
    base::SimFiles files;
    net::NoNetwork network;
    bus::MemoryBus bus{executor};
    runtime::Shard shard{{}, executor, executor, nullptr, &bus};
    telemetry::Log log{"test", telemetry::Level::kError, executor, [](std::string_view) {}};
    runtime::Deps deps{shard, bus,     executor, executor,     executor,
                       files, network, log,      base::Rng(1), ""};
    std::unique_ptr<NewsSignalService> service = *BuildNewsSignal({}, deps);
    std::vector<market::Event<market::NewsSignal>> signals;
    runtime::InputPort port =
        shard.AddInput("test", [this](std::string_view title, const market::Header& cause) {
          market::NewsItem item;
          item.source = "rss:a";
          item.source_id = item.title = std::string(title);
          item.published = item.received = cause.receive_time;
          shard.Publish(bus::kNewsRaw, item, cause);
        });
    Process() {
      shard.Consume<market::NewsSignal>(bus::kNewsSignals,
                                        [this](const auto& event) { signals.push_back(event); });
      REQUIRE(service->Start().ok());
    }
  };
  Process first;
  first.shard.Deliver(first.port, "Bridge exploited for $5M", kStart + 1s);
  first.shard.Deliver(first.port, "Bridge exploited for $5M", kStart + 2s);
  REQUIRE(first.signals.size() == 1);
  CHECK(first.signals[0].value.item == first.signals[0].header.causation);
  CHECK(first.service->stats().seen_before == 1);
  CHECK(first.service->health().state == runtime::HealthState::kServing);

  Process second;
  REQUIRE(second.shard.LoadState(first.shard.SaveState()).ok());
  CHECK(second.shard.StateHash() == first.shard.StateHash());
  second.shard.Deliver(second.port, "Bridge exploited for $5M", kStart + 3s);
  CHECK(second.signals.empty());
}

TEST_CASE("NewsSignalConfig refuses nonsense by key and line") {
  const auto problem = [](std::string_view text) {
    return std::string(config::LoadText<NewsSignalConfig>(text, "n.yaml", Read).status().message());
  };
  CHECK(config::LoadText<NewsSignalConfig>("window: 12h\nsame_story: 60%\n", "n.yaml", Read)
            ->same_story_ppm == 600'000);
  CHECK(problem("windw: 1h").find("n.yaml:1: windw") != std::string::npos);
  CHECK(problem("window: 1s").find("window") != std::string::npos);
  CHECK(problem("same_story: 20%").find("related_story") != std::string::npos);
}

}  // namespace gannet::news_signal
