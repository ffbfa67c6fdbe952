#include "libs/wire/codec.h"

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <string>
#include <type_traits>

#include "gannet/exec/v1/exec.pb.h"
#include "gannet/market/v1/market_data.pb.h"
#include "gannet/order/v1/parent.pb.h"
#include "gannet/risk/v1/risk.pb.h"
#include "libs/market/heartbeat.h"
#include "libs/market/names.h"
#include "libs/wire/random_events.h"

namespace gannet::wire {
namespace {

using Catch::Matchers::ContainsSubstring;

constexpr int kRounds = 300;

// Instrument has no operator==: its bytes stand for it.
template <class T>
bool Same(const market::Event<T>& a, const market::Event<T>& b) {
  if constexpr (requires { a == b; }) {
    return a == b;
  } else {
    return a.header == b.header && Encode(a) == Encode(b);
  }
}

TEMPLATE_TEST_CASE("Every event comes back from its bytes as it was", "", market::Instrument,
                   market::Trade, market::Quote, market::BookUpdate, market::Bar,
                   market::MarketStatus, market::NewsItem, market::NewsSignal, market::Prediction,
                   market::OrderIntent, market::ParentOrder, market::RiskDecision,
                   market::ExecReport, market::PositionUpdate, market::BalanceUpdate,
                   market::RiskState, market::LimitEvent, market::Command, market::CommandAnswer,
                   market::Heartbeat, EngineNote) {
  base::Rng rng(17);
  for (int i = 0; i < kRounds; ++i) {
    const auto event = RandomEvent<TestType>(rng);
    const auto back = Decode<TestType>(Encode(event));
    REQUIRE(back.ok());
    REQUIRE(Same(*back, event));
  }
}

// What Encode writes is what protobuf's own classes write for the same fields.
TEMPLATE_TEST_CASE("The bytes of an event are those that protobuf writes", "",
                   gannet::market::v1::BookUpdateEvent, gannet::risk::v1::RiskDecisionEvent,
                   gannet::exec::v1::ExecReportEvent, gannet::order::v1::ParentOrderEvent) {
  base::Rng rng(29);
  for (int i = 0; i < kRounds; ++i) {
    std::string bytes;
    if constexpr (std::is_same_v<TestType, gannet::market::v1::BookUpdateEvent>) {
      bytes = Encode(RandomEvent<market::BookUpdate>(rng));
    } else if constexpr (std::is_same_v<TestType, gannet::risk::v1::RiskDecisionEvent>) {
      bytes = Encode(RandomEvent<market::RiskDecision>(rng));
    } else if constexpr (std::is_same_v<TestType, gannet::order::v1::ParentOrderEvent>) {
      bytes = Encode(RandomEvent<market::ParentOrder>(rng));
    } else {
      bytes = Encode(RandomEvent<market::ExecReport>(rng));
    }
    TestType message;
    REQUIRE(message.ParseFromString(bytes));
    CHECK(message.SerializeAsString() == bytes);
  }
}

// No byte string may crash, hang or be taken for something that does not encode
// back: prefixes, flipped bits and noise.
TEMPLATE_TEST_CASE("Damaged bytes are refused or mean something", "", market::Instrument,
                   market::BookUpdate, market::NewsSignal, market::RiskDecision, market::ExecReport,
                   market::ParentOrder, market::Command, market::CommandAnswer, market::Heartbeat,
                   EngineNote) {
  base::Rng rng(23);
  const auto check = [](const std::string& bytes) {
    const auto event = Decode<TestType>(bytes);
    if (!event.ok()) {
      CHECK(event.status().code() == absl::StatusCode::kInvalidArgument);
      return;
    }
    CHECK(Decode<TestType>(Encode(*event)).ok());
  };
  for (int i = 0; i < 40; ++i) {
    const std::string bytes = Encode(RandomEvent<TestType>(rng));
    check(bytes.substr(0, rng.Below(bytes.size())));
    for (int flip = 0; flip < 10; ++flip) {
      std::string damaged = bytes;
      char& byte = damaged[rng.Below(damaged.size())];
      byte = static_cast<char>(byte ^ (1 << rng.Below(8)));
      check(damaged);
    }
    std::string noise(rng.Below(100), '\0');
    for (char& byte : noise) byte = static_cast<char>(rng.Below(256));
    check(noise);
  }
}

// A fact that cannot be read back would stop every recovery from then on.
TEMPLATE_TEST_CASE("Facts decode even when nothing in them is set", "", market::NewsSignal,
                   market::Prediction, market::OrderIntent, market::ParentOrder,
                   market::RiskDecision, market::ExecReport, market::PositionUpdate,
                   market::BalanceUpdate, market::RiskState, market::LimitEvent, market::Command,
                   market::CommandAnswer, EngineNote) {
  const market::Event<TestType> event;
  const auto back = Decode<TestType>(Encode(event));
  REQUIRE(back.ok());
  CHECK(*back == event);
}

TEST_CASE("Amounts keep all 128 bits and their scale") {
  const market::Int128 highest = ~(market::Int128{1} << 127);
  for (const market::Int128 units :
       {highest, -highest - 1, market::Int128{0}, market::Int128{-1}}) {
    market::Event<market::BalanceUpdate> event;
    event.value.account = market::AccountId("main/paper");
    event.value.asset = market::AssetId("BTC");
    event.value.free = market::Money(units, 18);
    const auto back = Decode<market::BalanceUpdate>(Encode(event));
    REQUIRE(back.ok());
    CHECK((back->value.free.units() == units));
    CHECK(back->value.free.scale() == 18);
    CHECK(back->value.locked.scale() == 0);
  }
}

// Found by decode_fuzz: "no event" was dropped although its stream was given.
TEST_CASE("An event id keeps its stream although its sequence says that there is none") {
  market::Event<market::OrderIntent> event;
  event.value.account = market::AccountId("main/paper");
  event.value.instrument = market::InstrumentId("venue:A");
  event.value.signal = {.stream = 5, .sequence = 0};
  const auto back = Decode<market::OrderIntent>(Encode(event));
  REQUIRE(back.ok());
  CHECK(back->value.signal == event.value.signal);
}

template <class T>
std::string ErrorOf(const google::protobuf::MessageLite& message) {
  const auto decoded = Decode<T>(message.SerializeAsString());
  REQUIRE_FALSE(decoded.ok());
  CHECK(decoded.status().code() == absl::StatusCode::kInvalidArgument);
  return std::string(decoded.status().message());
}

template <class T, class Message>
Message Valid() {
  base::Rng rng(1);
  Message message;
  REQUIRE(message.ParseFromString(Encode(RandomEvent<T>(rng))));
  return message;
}

TEST_CASE("Decode names the field that is missing") {
  using Proto = market::v1::TradeEvent;
  const auto valid = Valid<market::Trade, Proto>();
  Proto message = valid;
  message.clear_header();
  CHECK(ErrorOf<market::Trade>(message) == "gannet.market.v1.TradeEvent.header is missing");
  message = valid;
  message.clear_value();
  CHECK(ErrorOf<market::Trade>(message) == "gannet.market.v1.TradeEvent.value is missing");
  message = valid;
  message.mutable_value()->clear_instrument();
  CHECK(ErrorOf<market::Trade>(message) ==
        "gannet.market.v1.TradeEvent.value.instrument is missing");
  message = valid;
  message.mutable_value()->clear_aggressor();
  CHECK(ErrorOf<market::Trade>(message) ==
        "gannet.market.v1.TradeEvent.value.aggressor is missing");

  auto balance = Valid<market::BalanceUpdate, exec::v1::BalanceUpdateEvent>();
  balance.mutable_value()->clear_locked();
  CHECK_THAT(ErrorOf<market::BalanceUpdate>(balance), ContainsSubstring("value.locked is missing"));
}

TEST_CASE("Decode names an enum value that it does not know") {
  auto trade = Valid<market::Trade, market::v1::TradeEvent>();
  trade.mutable_value()->set_aggressor(static_cast<common::v1::Side>(3));
  CHECK_THAT(ErrorOf<market::Trade>(trade),
             ContainsSubstring("value.aggressor has the value 3, which this build does not know"));
  auto decision = Valid<market::RiskDecision, risk::v1::RiskDecisionEvent>();
  decision.mutable_value()->mutable_intent()->set_type(static_cast<order::v1::OrderType>(-1));
  CHECK_THAT(ErrorOf<market::RiskDecision>(decision),
             ContainsSubstring("value.intent.type has the value -1"));
  decision = Valid<market::RiskDecision, risk::v1::RiskDecisionEvent>();
  decision.mutable_value()->add_failing(static_cast<order::v1::RejectReason>(1000));
  CHECK_THAT(ErrorOf<market::RiskDecision>(decision),
             ContainsSubstring("value.failing has the value 1000"));
}

TEST_CASE("Decode refuses fields of the wrong size") {
  auto decision = Valid<market::RiskDecision, risk::v1::RiskDecisionEvent>();
  decision.mutable_value()->mutable_intent()->set_hash("short");
  CHECK_THAT(ErrorOf<market::RiskDecision>(decision),
             ContainsSubstring("value.intent.hash has 5 bytes instead of 32"));
  decision = Valid<market::RiskDecision, risk::v1::RiskDecisionEvent>();
  decision.mutable_value()->mutable_reserved()->set_scale(19);
  CHECK_THAT(ErrorOf<market::RiskDecision>(decision),
             ContainsSubstring("value.reserved is 19; a scale is at most 18"));
  decision = Valid<market::RiskDecision, risk::v1::RiskDecisionEvent>();
  decision.mutable_header()->mutable_trace()->set_trace_id("x");
  CHECK_THAT(ErrorOf<market::RiskDecision>(decision),
             ContainsSubstring("header.trace.trace_id has 1 bytes"));
}

TEST_CASE("Decode refuses text that is not UTF-8 and names its field") {
  market::Event<market::NewsItem> event;
  event.value.source = "rss:x";
  event.value.title = "MARK";
  std::string bytes = Encode(event);
  bytes.replace(bytes.find("MARK"), 4, "\xC3\x28\xFF\xFE");
  const auto decoded = Decode<market::NewsItem>(bytes);
  REQUIRE_FALSE(decoded.ok());
  CHECK(decoded.status().code() == absl::StatusCode::kInvalidArgument);
  CHECK_THAT(std::string(decoded.status().message()),
             ContainsSubstring("gannet.news.v1.NewsItem.title"));
}

TEST_CASE("Encode writes text that is not UTF-8 so that it can be read") {
  market::Event<market::NewsItem> event;
  event.value.source = "rss:x";
  event.value.title =
      "a\xFF"
      "b\xC3";
  const auto decoded = Decode<market::NewsItem>(Encode(event));
  REQUIRE(decoded.ok());
  CHECK(decoded->value.title ==
        "a\xEF\xBF\xBD"
        "b\xEF\xBF\xBD");
}

TEST_CASE("Decode refuses messages above the limit without reading them") {
  const std::string bytes(kMaxMessageBytes + 1, '\0');
  const auto decoded = Decode<EngineNote>(bytes);
  REQUIRE_FALSE(decoded.ok());
  CHECK_THAT(std::string(decoded.status().message()), ContainsSubstring("the limit is 33554432"));
}

TEST_CASE("Fields that a later build added are passed over") {
  base::Rng rng(8);
  const auto event = RandomEvent<market::Quote>(rng);
  // Field 1000, length-delimited, three bytes.
  const std::string bytes = Encode(event) + "\xC2\x3E\x03xyz";
  const auto decoded = Decode<market::Quote>(bytes);
  REQUIRE(decoded.ok());
  CHECK(*decoded == event);
}

TEST_CASE("Proto names of reject reasons, order states and exec kinds are those of the domain") {
  using market::ExecKind;
  using market::RejectReason;
  const auto same = [](const std::string& proto, const std::string& prefix,
                       const std::string& domain) {
    CAPTURE(proto, domain);
    CHECK(proto == prefix + domain);
  };
  for (int i = 1; i <= static_cast<int>(market::kLastRejectReason); ++i) {
    market::Event<market::RiskDecision> event;
    event.value.intent.account = market::AccountId("main/paper");
    event.value.intent.instrument = market::InstrumentId("venue:A");
    event.value.reason = static_cast<RejectReason>(i);
    risk::v1::RiskDecisionEvent message;
    REQUIRE(message.ParseFromString(Encode(event)));
    same(order::v1::RejectReason_Name(message.value().reason()), "REJECT_REASON_",
         market::Name(event.value.reason));
  }
  for (int i = 1; i <= static_cast<int>(ExecKind::kIllegal); ++i) {
    market::Event<market::ExecReport> event;
    event.value.kind = static_cast<ExecKind>(i);
    event.value.state = static_cast<market::OrderState>(1 + i % 14);
    exec::v1::ExecReportEvent message;
    REQUIRE(message.ParseFromString(Encode(event)));
    same(exec::v1::ExecKind_Name(message.value().kind()), "EXEC_KIND_",
         market::Name(event.value.kind));
    same(order::v1::OrderState_Name(message.value().state()), "ORDER_STATE_",
         market::Name(event.value.state));
  }
}

TEST_CASE("Inputs come back from their bytes as they were, bodies byte for byte") {
  base::Rng rng(31);
  for (int i = 0; i < kRounds; ++i) {
    const auto exchange = RandomValue<HttpExchange>(rng);
    const auto exchange_back = DecodeHttpExchange(EncodeInput(exchange));
    REQUIRE(exchange_back.ok());
    CHECK(*exchange_back == exchange);
    const auto step = RandomValue<StreamEvent>(rng);
    const auto step_back = DecodeStreamEvent(EncodeInput(step));
    REQUIRE(step_back.ok());
    CHECK(*step_back == step);
  }
  CHECK(DecodeStreamEvent("").status().message() ==
        "gannet.journal.v1.StreamEvent.kind is missing");
  CHECK_FALSE(DecodeHttpExchange("\xFF\xFF").ok());
}

}  // namespace
}  // namespace gannet::wire
