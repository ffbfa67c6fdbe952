#include "apps/gannet/journal_replay_command.h"

#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "apps/gannet/run_record.h"
#include "libs/base/posix_files.h"
#include "libs/base/status.h"
#include "libs/base/temp_dir_for_test.h"
#include "libs/base/virtual_executor.h"
#include "libs/bus/memory_bus.h"
#include "libs/bus/topics.h"
#include "libs/net/no_network.h"

namespace gannet::app {
namespace {

using namespace std::chrono_literals;

const std::set<std::string> kServices = {"gateway", "risk", "strategy"};

// What `gannet run --services gateway,risk,strategy` leaves: no market, so timers only.
struct Journal {
  base::PosixFiles files;
  base::TempDirForTest dir;
  base::VirtualExecutor executor{base::FromUnixMillis(1'750'000'000'000)};
  std::string config_file;

  Journal() {
    for (const char* name : {"limits.yaml", "strategies.yaml"}) {
      const auto text = files.Read(std::string("config/") + name);
      REQUIRE(text.ok());
      REQUIRE(files.WriteAtomically(dir / name, *text).ok());
    }
    config_file = dir / "gannet.yaml";
    REQUIRE(files.WriteAtomically(config_file, "market: venue-sim\n").ok());
  }
  std::string data() const { return dir / "data"; }

  std::map<std::string, std::string> Record() {
    const auto config = LoadRunConfig(config_file, files);
    REQUIRE(config.ok());
    auto record = RecordOfRun(*config, kServices, files);
    REQUIRE(record.ok());
    return *record;
  }

  void Write(std::map<std::string, std::string> versions, bool forge = false) {
    journal::WriterOptions options;
    options.own_thread = false;
    options.reserve_bytes = 0;
    journal::SegmentInfo info{5, "build-1", "0123456789abcdef0123", 1, std::move(versions)};
    auto writer = journal::Writer::Open(files, executor, data() + "/journal", info, options);
    REQUIRE(writer.ok());
    runtime::ShardOptions shard_options;
    shard_options.run = 5;
    shard_options.start_epoch = 3;
    net::NoNetwork network;
    bus::MemoryBus memory(executor, {});
    telemetry::Log log("test", telemetry::Level::kError, executor, [](std::string_view) {});
    runtime::Shard shard(shard_options, executor, executor, writer->get(), nullptr);
    runtime::Deps deps{shard, memory,  executor, executor,     executor,
                       files, network, log,      base::Rng(0), ""};
    const auto config = LoadRunConfig(config_file, files);
    REQUIRE(config.ok());
    PipelineParts parts;
    parts.services = kServices;
    parts.watchers = false;
    const auto pipeline = BuildPipeline(config->pipeline, deps, std::move(parts));
    REQUIRE(pipeline.ok());
    shard.Resume(executor.Now());
    executor.RunFor(10s);
    REQUIRE(shard.WriteSnapshot().ok());
    executor.RunFor(1ms);
    if (forge) {
      market::Event<market::BalanceUpdate> balance;
      balance.value.asset = market::AssetId("USDT");
      (*writer)->Append(journal::RecordType::kFact, executor.Now(), bus::kBalances.info.name,
                        wire::Encode(balance));
    }
    (*writer)->Commit();
    executor.RunFor(1ms);
    REQUIRE((*writer)->Close().ok());
  }
};

}  // namespace

TEST_CASE("journal replay needs nothing but the journal") {
  Journal journal;
  journal.Write(journal.Record());
  // Not what was used then, and not even readable now.
  REQUIRE(journal.files.WriteAtomically(journal.config_file, "nonsense: [").ok());
  REQUIRE(journal.files.Remove(journal.dir / "limits.yaml").ok());
  std::ostringstream out;
  const absl::Status compared = CompareJournal(journal.files, journal.data(), "build-1", out);
  INFO(compared.ToString() << "\n" << out.str());
  CHECK(compared.ok());
  CHECK(out.str().find("start at record 1, ") != std::string::npos);
  CHECK(out.str().find("services gateway,risk,strategy") != std::string::npos);
  CHECK(out.str().find("risk.state.v1") != std::string::npos);
  CHECK(out.str().find("state compared with the newest snapshot") != std::string::npos);
  CHECK(out.str().find("decisions sha256=") != std::string::npos);
  CHECK(out.str().find("another build") == std::string::npos);
}

TEST_CASE("journal replay shows both sides of the first difference and names another build") {
  Journal journal;
  journal.Write(journal.Record(), /*forge=*/true);
  std::ostringstream out;
  CHECK(absl::IsAborted(CompareJournal(journal.files, journal.data(), "build-2", out)));
  CHECK(out.str().find("another build than this one (build-2)") != std::string::npos);
  CHECK(out.str().find("FIRST DIFFERENCE: record ") != std::string::npos);
  CHECK(out.str().find("recorded  exec.balances.v1 {\"header\":") != std::string::npos);
  CHECK(out.str().find("decided   nothing") != std::string::npos);
}

TEST_CASE("journal replay refuses a journal that does not state its configuration") {
  Journal journal;
  journal.Write({});
  std::ostringstream out;
  const absl::Status status = CompareJournal(journal.files, journal.data(), "build-1", out);
  CHECK(absl::IsInvalidArgument(status));
  CHECK(status.message().find("gannet run") != absl::string_view::npos);
}

TEST_CASE("journal replay says which model or dictionary is no longer what it was") {
  Journal journal;
  auto config = LoadRunConfig(journal.config_file, journal.files);
  REQUIRE(config.ok());
  auto record = RecordOfRun(*config, {"news-signal"}, journal.files);
  REQUIRE(record.ok());
  REQUIRE(record->contains("news-dictionary"));
  (*record)["news-dictionary"] = "of another time";
  OverlayFiles files(journal.files);
  const auto run = ReadRunRecord({5, "b", "c", 1, *record}, files);
  CHECK(absl::IsFailedPrecondition(run.status()));
  CHECK(run.status().message().find("news-dictionary of another time") != absl::string_view::npos);
}

TEST_CASE("The record of a run pins the version that an alias stood for") {
  base::PosixFiles files;
  const auto config = LoadRunConfig("", files);
  REQUIRE(config.ok());
  const auto record = RecordOfRun(*config, {"ml-inference"}, files);
  REQUIRE(record.ok());
  OverlayFiles overlay(files);
  const auto run = ReadRunRecord({5, "b", "c", 1, *record}, overlay);
  REQUIRE(run.ok());
  CHECK(run->services == std::set<std::string>{"ml-inference"});
  const std::string model = "model:" + config->pipeline.ml_inference.model;
  CHECK(record->at(model).starts_with(run->config.pipeline.ml_inference.version + " sha256:"));
  CHECK(run->config.pipeline.ml_inference.version != config->pipeline.ml_inference.version);
  CHECK(run->config.hash == config->hash);
}

}  // namespace gannet::app
