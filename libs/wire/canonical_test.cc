#include "libs/wire/canonical.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "libs/base/digest.h"
#include "libs/wire/random_events.h"

namespace gannet::wire {
namespace {

using market::OrderIntent;

TEST_CASE("The example of docs/canonical.md is what is written") {
  market::RiskState state;
  state.scope.kind = market::ScopeKind::kFirm;
  state.state = market::TradingState::kHalted;
  state.killed = true;
  state.reason = "drill";
  state.person = "ann";
  state.limit_version = 7;
  state.epoch = 2;
  CHECK(base::Hex(Canonical(state)) ==
        "0107"
        "01"
        "00000000"
        "04"
        "01"
        "000000056472696c6c"
        "00000003616e6e"
        "0000000000000007"
        "0000000000000002");
}

TEST_CASE("Primitive encodings are big-endian and fixed") {
  CanonicalWriter out;
  out.U8(0xFE);
  out.U16(0x0102);
  out.U32(0x01020304);
  out.U64(0x0102030405060708);
  out.I32(-2);
  out.I64(-2);
  out.I128(-2);
  out.Bool(true);
  out.Bool(false);
  out.Bytes("h\xC3\xA9");
  out.Fixed("xy");
  out.Time(base::FromUnixNanos(1));
  out.Duration(base::Duration(-1));
  out.Money(market::Money(-150, 2));
  out.EventId({.stream = 1, .sequence = 2});
  CHECK(base::Hex(out.bytes()) ==
        "fe"
        "0102"
        "01020304"
        "0102030405060708"
        "fffffffe"
        "fffffffffffffffe"
        "fffffffffffffffffffffffffffffffe"
        "01"
        "00"
        "0000000368c3a9"
        "7879"
        "0000000000000001"
        "ffffffffffffffff"
        "02ffffffffffffffffffffffffffffff6a"
        "00000000000000010000000000000002");
}

TEST_CASE("CanonicalReader reads what CanonicalWriter wrote, extremes included") {
  const market::Int128 lowest = market::Int128{1} << 127;  // two's complement: the sign bit alone
  base::Sha256Digest digest{};
  digest[31] = 7;
  CanonicalWriter out;
  out.U8(255);
  out.U16(65535);
  out.U32(UINT32_MAX);
  out.U64(UINT64_MAX);
  out.I32(INT32_MIN);
  out.I64(INT64_MIN);
  out.I128(lowest);
  out.Bool(true);
  out.Bytes(std::string_view("a\0b", 3));
  out.Time(base::FromUnixNanos(-5));
  out.Duration(base::Duration(9));
  out.Money(market::Money(lowest, 18));
  out.Digest(digest);
  out.EventId({.stream = 3, .sequence = 4});
  out.Text(market::AssetId("BTC"));

  const std::string bytes = out.Take();
  CanonicalReader in(bytes);
  CHECK(in.U8() == 255);
  CHECK(in.U16() == 65535);
  CHECK(in.U32() == UINT32_MAX);
  CHECK(in.U64() == UINT64_MAX);
  CHECK(in.I32() == INT32_MIN);
  CHECK(in.I64() == INT64_MIN);
  CHECK((in.I128() == lowest));
  CHECK(in.Bool());
  CHECK(in.Bytes() == std::string("a\0b", 3));
  CHECK(in.Time() == base::FromUnixNanos(-5));
  CHECK(in.Duration() == base::Duration(9));
  const market::Money money = in.Money();
  CHECK((money.units() == lowest));
  CHECK(money.scale() == 18);
  CHECK(in.Digest() == digest);
  CHECK(in.EventId() == market::EventId{.stream = 3, .sequence = 4});
  CHECK(in.Text<market::AssetId>() == market::AssetId("BTC"));
  CHECK(in.ok());
  CHECK(in.done());
  CHECK(in.status().ok());
}

void ReadAll(CanonicalReader& in) {
  in.U32();
  in.Bytes();
  in.Bool();
  in.Money();
  in.Digest();
  in.EventId();
}

TEST_CASE("CanonicalReader stops at bytes that end early, at every length") {
  CanonicalWriter out;
  out.U32(1);
  out.Bytes("text");
  out.Bool(false);
  out.Money(market::Money(5, 3));
  out.Digest(base::Sha256Digest{});
  out.EventId({.stream = 1, .sequence = 1});
  const std::string bytes = out.Take();
  for (size_t length = 0; length < bytes.size(); ++length) {
    CanonicalReader in(std::string_view(bytes).substr(0, length));
    ReadAll(in);
    CHECK_FALSE(in.ok());
    CHECK(in.status().code() == absl::StatusCode::kDataLoss);
    CHECK(in.U64() == 0);
    CHECK(in.Bytes().empty());
    CHECK((in.I128() == 0));
  }
  CanonicalReader whole(bytes);
  ReadAll(whole);
  CHECK(whole.ok());
}

TEST_CASE("CanonicalReader refuses values that no writer writes and says where") {
  CanonicalReader flag(std::string_view("\x00\x02", 2));
  CHECK_FALSE(flag.Bool());
  CHECK(flag.ok());
  CHECK_FALSE(flag.Bool());
  CHECK_FALSE(flag.ok());
  CHECK_THAT(std::string(flag.status().message()),
             Catch::Matchers::ContainsSubstring("offset 1 of 2"));

  const std::string money = std::string(1, 19) + std::string(16, '\0');
  CanonicalReader amount(money);
  CHECK(amount.Money().zero());
  CHECK_FALSE(amount.ok());

  CanonicalReader text("\xFF\xFF\xFF\xFF");  // 4 GiB of nothing
  CHECK(text.Bytes().empty());
  CHECK_FALSE(text.ok());
}

TEST_CASE("Publish time, trace and transport are outside a header's bytes") {
  base::Rng rng(2);
  market::Header header = RandomHeader(rng);
  header.publish_time = header.receive_time = base::FromUnixNanos(5);
  market::Header other = header;
  other.publish_time += base::Duration(1);
  other.trace.flags ^= 1;
  CHECK(Canonical(header) == Canonical(other));
  other = header;
  other.receive_time += base::Duration(1);
  CHECK(Canonical(header) != Canonical(other));
}

TEST_CASE("IntentHash believes no hash that an intent carries") {
  base::Rng rng(11);
  for (int round = 0; round < 50; ++round) {
    OrderIntent intent = RandomValue<OrderIntent>(rng);
    const base::Sha256Digest digest = base::Sha256(Canonical(intent));
    CHECK(IntentHash(intent) == digest);
    intent.hash = digest;
    CHECK(IntentHash(intent) == digest);  // known by now
    OrderIntent forged = intent;
    forged.quantity.mantissa ^= 1;
    CHECK(IntentHash(forged) == base::Sha256(Canonical(forged)));
    CHECK(IntentHash(forged) != digest);
    forged = intent;
    forged.hash[31] ^= 1;
    CHECK(IntentHash(forged) == digest);
    CHECK(IntentHash(OrderIntent{}) == base::Sha256(Canonical(OrderIntent{})));
  }
}

TEST_CASE("IntentHash changes with every field but the hash itself") {
  const std::vector<std::function<void(OrderIntent&)>> changes = {
      [](auto& v) { v.kind = market::IntentKind::kReplace; },
      [](auto& v) { v.account = market::AccountId("x"); },
      [](auto& v) { v.strategy = market::StrategyId("x"); },
      [](auto& v) { ++v.sequence; },
      [](auto& v) { ++v.attempt; },
      [](auto& v) { v.client_order_id = market::ClientOrderId("x"); },
      [](auto& v) { v.target = market::ClientOrderId("x"); },
      [](auto& v) { v.parent = market::ClientOrderId("x"); },
      [](auto& v) { v.instrument = market::InstrumentId("x"); },
      [](auto& v) { ++v.instrument_version; },
      [](auto& v) { v.side = market::Opposite(v.side); },
      [](auto& v) { v.type = market::OrderType::kStop; },
      [](auto& v) { v.time_in_force = market::TimeInForce::kFok; },
      [](auto& v) { ++v.price.mantissa; },
      [](auto& v) { ++v.stop_price.mantissa; },
      [](auto& v) { ++v.quantity.mantissa; },
      [](auto& v) { v.reduce_only = !v.reduce_only; },
      [](auto& v) { v.created += base::Duration(1); },
      [](auto& v) { v.expires += base::Duration(1); },
      [](auto& v) { v.reason = "x"; },
      [](auto& v) { v.model_version = "x"; },
      [](auto& v) { ++v.signal.stream; },
      [](auto& v) { ++v.signal.sequence; },
  };
  const OrderIntent intent;
  std::set<base::Sha256Digest> hashes = {IntentHash(intent)};
  for (const auto& change : changes) {
    OrderIntent changed = intent;
    change(changed);
    CHECK(hashes.insert(IntentHash(changed)).second);
  }
  OrderIntent trailing = intent;
  trailing.type = market::OrderType::kTrailingStop;
  CHECK(hashes.insert(IntentHash(trailing)).second);
  ++trailing.trailing_bps;
  CHECK(hashes.insert(IntentHash(trailing)).second);
  OrderIntent hashed = intent;
  hashed.hash = IntentHash(intent);
  CHECK(IntentHash(hashed) == hashed.hash);
}

TEST_CASE("Text cannot slip from one field into the next") {
  OrderIntent a, b;
  a.target = market::ClientOrderId("ab");
  a.parent = market::ClientOrderId("c");
  b.target = market::ClientOrderId("a");
  b.parent = market::ClientOrderId("bc");
  CHECK(Canonical(a) != Canonical(b));
}

TEST_CASE("Equal events of different types have different bytes") {
  CHECK(Canonical(market::Header{}).substr(0, 2) != Canonical(OrderIntent{}).substr(0, 2));
  CHECK(Canonical(market::PositionUpdate{}).substr(0, 2) !=
        Canonical(market::BalanceUpdate{}).substr(0, 2));
}

TEST_CASE("Client order ids fit every venue and name one order each") {
  const market::AccountId account("main/paper");
  const market::StrategyId strategy("news-playbook");
  std::set<market::ClientOrderId> ids;
  const auto add = [&](const market::ClientOrderId& id) {
    CAPTURE(id.text());
    CHECK(id.text().size() >= 23);
    CHECK(id.text().size() <= 32);
    CHECK(id.text().starts_with("g1"));
    CHECK(id.text().find_first_not_of(
              "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
          std::string::npos);
    CHECK(ids.insert(id).second);
  };
  for (uint64_t sequence = 0; sequence < 2'000; ++sequence) {
    add(MakeClientOrderId(account, 7, 3, strategy, sequence, 1));
  }
  add(MakeClientOrderId(account, 8, 3, strategy, 1, 1));
  add(MakeClientOrderId(account, 7, 4, strategy, 1, 1));
  add(MakeClientOrderId(market::AccountId("main/other"), 7, 3, strategy, 1, 1));
  add(MakeClientOrderId(account, 7, 3, market::StrategyId("manual/ann"), 1, 1));
  add(MakeClientOrderId(account, UINT64_MAX, UINT64_MAX, strategy, UINT64_MAX, UINT32_MAX));
  // The attempt stands outside the digest: ids of one order differ in it alone.
  const std::string first = MakeClientOrderId(account, 7, 3, strategy, 1, 1).text();
  const std::string second = MakeClientOrderId(account, 7, 3, strategy, 1, 2).text();
  CHECK(first.substr(0, 22) == second.substr(0, 22));
  CHECK(first.substr(22) == "1");
  CHECK(second.substr(22) == "2");
}

}  // namespace
}  // namespace gannet::wire
