#include "apps/gannet/journal_fetch.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <sstream>
#include <vector>

#include "libs/base/sim_files.h"
#include "libs/base/virtual_executor.h"
#include "libs/bus/topics.h"
#include "libs/journal/journal.h"
#include "libs/runtime/journal_copy.h"

namespace gannet::app {
namespace {

using Catch::Matchers::ContainsSubstring;
using runtime::JournalPiece;

constexpr char kFile[] = "journal-00000000000000000001.gnj";

std::string Note(const std::string& engine, const std::string& kind, const std::string& body) {
  market::Event<wire::EngineNote> event;
  event.value = {engine, kind, body};
  return bus::kJournals.info.encode(&event);
}
std::string PieceOf(uint64_t run, uint64_t offset, std::string bytes,
                    JournalPiece::Kind kind = JournalPiece::Kind::kBytes) {
  return Note("news-signal", "journal",
              runtime::EncodePiece({kind, run, kFile, offset, std::move(bytes)}));
}

JournalSource Of(std::vector<std::string> events) {
  return [events = std::move(events)](const auto& take) -> absl::Status {
    for (const std::string& event : events) {
      if (absl::Status status = take(event); !status.ok()) return status;
    }
    return absl::OkStatus();
  };
}

absl::Status Assemble(base::Files& files, std::vector<std::string> events,
                      std::optional<uint64_t> run = {}) {
  std::ostringstream out;
  return AssembleJournal(files, {.program = "news-signal", .out_folder = "out", .run = run},
                         Of(std::move(events)), out);
}

TEST_CASE(
    "A journal is put together from pieces that came twice, were cut, and have others between") {
  base::SimFiles files;
  REQUIRE(Assemble(files, {Note("risk", "other", "x"), "no event", PieceOf(1, 0, "older run"),
                           PieceOf(2, 0, "abc"), PieceOf(2, 3, "def"), PieceOf(2, 3, "def"),
                           Note("ml-inference", "journal", "not ours"), PieceOf(2, 6, "torn"),
                           PieceOf(2, 7, "", JournalPiece::Kind::kCut), PieceOf(2, 7, "!")})
              .ok());
  CHECK(*files.Read(std::string("out/") + kFile) == "abcdeft!");
}

TEST_CASE("Of a journal whose beginning is no longer kept, the missing bytes are named") {
  base::SimFiles files;
  const absl::Status status = Assemble(files, {PieceOf(2, 3, "def")});
  CHECK(absl::IsDataLoss(status));
  CHECK_THAT(std::string(status.message()), ContainsSubstring("bytes 0 to 3"));
}

TEST_CASE("A journal is fetched by its run, into an empty folder only") {
  base::SimFiles files;
  CHECK(absl::IsNotFound(Assemble(files, {})));
  REQUIRE(Assemble(files, {PieceOf(1, 0, "one"), PieceOf(2, 0, "two")}, 1).ok());
  CHECK(*files.Read(std::string("out/") + kFile) == "one");
  CHECK(absl::IsFailedPrecondition(Assemble(files, {PieceOf(1, 0, "one")})));
}

}  // namespace
}  // namespace gannet::app
