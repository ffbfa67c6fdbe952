// Orders leave only with a key that may do what is needed and nothing that would hurt.
#include <catch2/catch_test_macros.hpp>

#include "services/execution/engine_fixture_for_test.h"

namespace gannet::execution {
namespace {

using namespace std::chrono_literals;
using market::ExecKind;

ExecutionOptions Checked(bool addresses) {
  ExecutionOptions options = EngineFixture::Options();
  options.check_key = true;
  options.key_addresses = addresses;
  return options;
}

venue::Answer Rights(bool trade, bool withdraw, bool anywhere) {
  venue::Answer answer = EngineFixture::Confirmed();
  answer.rights = venue::KeyRights{trade, withdraw, anywhere};
  return answer;
}

bool Says(const EngineFixture& f, std::string_view words) {
  for (const std::string& problem : f.engine.Problems(f.now)) {
    if (problem.find(words) != std::string::npos) return true;
  }
  return false;
}

// Whether an order leaves.
bool Leaves(EngineFixture& f, const std::string& id) {
  f.Place(id);
  if (f.TakeSent("place " + id)) return true;
  CHECK(f.Last(id).local_reason == market::RejectReason::kGateClosed);
  return false;
}

TEST_CASE("No order leaves before the venue has said what the key may do") {
  EngineFixture f(Checked(true));
  CHECK(f.engine.ready());  // it reads, compares and cancels
  CHECK_FALSE(Leaves(f, "g1a"));
  f.Lose("key-rights");
  CHECK(Says(f, "does not say what the API key may do"));
  CHECK_FALSE(Leaves(f, "g1b"));
  f.Advance(30s);
  f.Answer("key-rights", Rights(true, false, false));
  CHECK_FALSE(Says(f, "API key"));
  CHECK(Leaves(f, "g1c"));
}

TEST_CASE("No order leaves with a key that may withdraw, may not trade, or works anywhere") {
  const struct {
    venue::Answer answer;
    const char* says;
  } cases[] = {{Rights(true, true, false), "may withdraw: take that right from it"},
               {Rights(false, false, false), "may not trade here: give it the right to trade"},
               {Rights(true, false, true), "works from every address: restrict it"}};
  for (const auto& one : cases) {
    INFO(one.says);
    EngineFixture f(Checked(true));
    f.Answer("key-rights", one.answer);
    CHECK(Says(f, one.says));
    CHECK_FALSE(Leaves(f, "g1a"));
    CHECK(f.Last("g1a").detail.find(one.says) != std::string::npos);
    f.Advance(30s);  // it has been mended
    f.Answer("key-rights", Rights(true, false, false));
    CHECK(Leaves(f, "g1b"));
  }
}

TEST_CASE("A key is looked at again: one that has become unfit ends trading, not cancelling") {
  EngineFixture f(Checked(true));
  f.Answer("key-rights", Rights(true, false, false));
  f.Working("g1a", "1");
  f.Advance(kCheckKeyEvery);
  f.Lose("key-rights");  // says nothing of a key that fitted
  CHECK(Leaves(f, "g1b"));
  f.Advance(kCheckKeyEvery);
  f.Answer("key-rights", Rights(true, true, false));
  CHECK_FALSE(Leaves(f, "g1c"));
  f.CancelIntent("g1x", "g1a");
  CHECK(f.TakeSent("cancel g1a"));
}

TEST_CASE("On a test net a key may work from every address, and need not be checked") {
  EngineFixture test_net(Checked(false));
  test_net.Answer("key-rights", Rights(true, false, true));
  CHECK(Leaves(test_net, "g1a"));
  EngineFixture unchecked;
  CHECK_FALSE(unchecked.TakeSent("key-rights"));
  CHECK(Leaves(unchecked, "g1a"));
}

}  // namespace
}  // namespace gannet::execution
