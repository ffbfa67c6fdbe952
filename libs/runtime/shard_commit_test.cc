// A turn and its commit, on a real file and the journal's own thread.
#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <thread>
#include <utility>

#include "libs/base/posix_files.h"
#include "libs/base/temp_dir_for_test.h"
#include "libs/bus/topics.h"
#include "libs/journal/journal.h"
#include "libs/runtime/asio_executor.h"
#include "libs/runtime/shard.h"
#include "libs/runtime/system_clock.h"

namespace gannet::runtime {
namespace {

using namespace std::chrono_literals;

TEST_CASE("A turn is one commit: nothing of it is on the disk before its end") {
  const base::TempDirForTest folder;
  base::PosixFiles files;
  const SystemClock clock;
  AsioExecutor executor(clock);
  auto journal = journal::Writer::Open(files, executor, folder.path() + "/journal", {.run = 1}, {});
  REQUIRE(journal.ok());
  Shard shard(ShardOptions{.name = "test"}, executor, clock, journal->get(), nullptr);
  FactStream<wire::EngineNote> notes(shard, bus::kJournals, nullptr);
  bool sent = false;
  const InputPort port = shard.AddInput("in", [&](std::string_view, const market::Header& cause) {
    const uint64_t before = (*journal)->durable_sequence();
    notes.Emit({"test", "request", ""}, cause);
    shard.AfterDurable([&] {
      sent = true;
      executor.Stop();
    });
    // A commit begun here would be done long before this is over.
    for (int i = 0; i < 20 && (*journal)->durable_sequence() == before; ++i)
      std::this_thread::sleep_for(5ms);
    CHECK((*journal)->durable_sequence() == before);
    notes.Emit({"test", "more of the turn", ""}, cause);
  });
  shard.Deliver(port, "", clock.Now());
  executor.Run();
  CHECK(sent);
  CHECK((*journal)->durable_sequence() == (*journal)->last_sequence());
}

}  // namespace
}  // namespace gannet::runtime
