#include "libs/command/audit.h"

#include <catch2/catch_test_macros.hpp>
#include <set>
#include <string>

namespace gannet::command {
namespace {

using market::CommandKind;

base::Time At(int64_t second) { return base::FromUnixMillis(1'700'000'000'000 + second * 1'000); }

market::Event<market::Command> Kill(uint64_t id, const std::string& person,
                                    const std::string& request) {
  market::Event<market::Command> event;
  event.header.id = {1, id};
  event.header.event_time = At(static_cast<int64_t>(id));
  event.value.kind = CommandKind::kKill;
  event.value.person = person;
  event.value.request_id = request;
  event.value.reason = "too fast";
  return event;
}
market::Event<market::CommandAnswer> Answer(uint64_t id, const std::string& person,
                                            const std::string& request, bool refused = false) {
  market::Event<market::CommandAnswer> event;
  event.value.command = {1, id};
  event.value.person = person;
  event.value.request_id = request;
  event.value.outcome =
      refused ? market::CommandOutcome::kRefused : market::CommandOutcome::kApplied;
  event.value.detail = refused ? "nothing to stop" : "halted";
  return event;
}
market::Event<wire::EngineNote> Note(uint64_t id, AccessNote note) {
  market::Event<wire::EngineNote> event;
  event.header.id = {1, id};
  event.header.event_time = At(static_cast<int64_t>(id));
  event.value = ToNote(note);
  return event;
}

TEST_CASE("Each kind of what people do beside commands has a name of its own") {
  std::set<std::string> names;
  const int last = static_cast<int>(AccessKind::kReport);
  for (int kind = 0; kind <= last; ++kind) names.insert(Name(static_cast<AccessKind>(kind)));
  CHECK(names.size() == static_cast<size_t>(last) + 1);
  CHECK_FALSE(names.contains("?"));
  CHECK(Name(static_cast<AccessKind>(last + 1)) == std::string("?"));
}

TEST_CASE("AuditRecord tells who did what and what became of it") {
  AuditRecord record(false);
  record.Apply(Note(1, {"ann", "SIGN_IN", "", "127.0.0.1", false}));
  record.Apply(Kill(2, "ann", "r1"));
  record.Apply(Kill(3, "bob", "r1"));
  CHECK(record.Find({1, 2})->result == "RECORDED");
  record.Apply(Answer(2, "ann", "r1"));
  record.Apply(Answer(3, "bob", "r1", true));
  record.Apply(Answer(9, "eve", "r9"));  // of nobody's command
  record.Apply(Kill(2, "ann", "r1"));    // heard twice
  const auto all = Select(record, {});
  REQUIRE(all.size() == 3);
  CHECK(all[0]->person == "bob");
  CHECK(all[0]->result == "REFUSED");
  CHECK(all[0]->detail == "nothing to stop");
  CHECK(all[1]->result == "APPLIED");
  CHECK(all[1]->about == "firm");
  CHECK(all[1]->reason == "too fast");
  CHECK(all[2]->action == "SIGN_IN");
  CHECK(all[2]->detail == "127.0.0.1");
}

TEST_CASE("AuditRecord is filtered by person, action, time and place") {
  AuditRecord record(false);
  for (uint64_t id = 1; id <= 10; ++id)
    record.Apply(Kill(id, id % 2 == 0 ? "ann" : "bob", "r" + std::to_string(id)));
  record.Apply(Note(11, {"ann", "SIGN_IN", "", "", true}));
  CHECK(Select(record, {.persons = {"ann"}, .actions = {"KILL"}}).size() == 5);
  CHECK(Select(record, {.actions = {"SIGN_IN"}}).front()->result == "REFUSED");
  const auto range = Select(record, {.from = At(3), .to = At(5)});
  REQUIRE(range.size() == 2);
  CHECK(range[0]->id == market::EventId{1, 4});
  const auto page = Select(record, {.before = market::EventId{1, 4}, .limit = 2});
  REQUIRE(page.size() == 2);
  CHECK(page[0]->id == market::EventId{1, 3});
}

TEST_CASE("AuditRecord survives a snapshot and forgets the oldest") {
  AuditRecord record(false);
  for (uint64_t id = 1; id <= AuditRecord::kKept + 5; ++id)
    record.Apply(Kill(id, "ann", std::to_string(id)));
  CHECK(record.entries().size() == AuditRecord::kKept);
  CHECK(record.forgotten() == 5);
  CHECK(record.Find({1, 5}) == nullptr);
  record.Apply(Answer(7, "ann", "7"));
  wire::CanonicalWriter out;
  record.Save(out);
  AuditRecord again(false);
  wire::CanonicalReader in(out.bytes());
  REQUIRE(again.Load(in).ok());
  CHECK(again.entries().size() == AuditRecord::kKept);
  CHECK(again.Find({1, 7})->result == "APPLIED");
  again.Apply(Answer(8, "ann", "8"));  // still knows whose answer it is
  CHECK(again.Find({1, 8})->result == "APPLIED");
}

TEST_CASE("AuditRecord that waits takes an answer before its command") {
  AuditRecord record(true);
  record.Apply(Answer(1, "ann", "r1"));
  record.Apply(Kill(1, "ann", "r1"));
  CHECK(record.Find({1, 1})->result == "APPLIED");
  AuditRecord other(true);
  other.Merge(record);
  CHECK(other.Find({1, 1})->detail == "halted");
}

TEST_CASE("AuditRecord answers each of two commands of one request, in any order") {
  AuditRecord record(true);
  record.Apply(Kill(1, "ann", "r1"));
  record.Apply(Answer(2, "ann", "r1"));
  CHECK(record.Find({1, 1})->result == "RECORDED");
  record.Apply(Kill(2, "ann", "r1"));
  record.Apply(Answer(1, "ann", "r1", true));
  CHECK(record.Find({1, 1})->result == "REFUSED");
  CHECK(record.Find({1, 2})->result == "APPLIED");
}

TEST_CASE("An access note of another engine, or a broken one, is none") {
  CHECK_FALSE(AccessOf({"risk", "SIGN_IN", "x"}));
  CHECK_FALSE(AccessOf({"access", "SIGN_IN", "x"}));
  const auto note = AccessOf(ToNote({"ann", "CONSENT", "version 1", "", false}));
  REQUIRE(note);
  CHECK(note->about == "version 1");
}

}  // namespace
}  // namespace gannet::command
