#include "libs/bus/kafka_headers.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include "libs/base/rng.h"
#include "libs/wire/random_events.h"

namespace gannet::bus {
namespace {

constexpr const char* kTraceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST_CASE("A trace context goes through Kafka's header as it was") {
  const auto trace = ParseTraceparent(kTraceparent);
  REQUIRE(trace);
  CHECK(trace->trace_id[0] == 0x4b);
  CHECK(trace->trace_id[15] == 0x36);
  CHECK(trace->span_id[1] == 0xf0);
  CHECK(trace->flags == 1);
  CHECK(FormatTraceparent(*trace) == kTraceparent);
  // A later version may carry more behind a dash.
  CHECK(ParseTraceparent("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-ever"));
  CHECK(ParseTraceparent("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
}

TEST_CASE("A hostile trace context is no trace context") {
  const std::string good = kTraceparent;
  const std::vector<std::string> hostile = {
      std::string(),
      std::string("00"),
      good.substr(0, 54),
      good + "0",
      good + "-00",  // version 00 has nothing behind
      good + std::string(1'000'000, 'a'),
      "ff" + good.substr(2),
      "0x" + good.substr(2),
      "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
      "00_" + good.substr(3),
      "00-" + std::string(32, '0') + "-00f067aa0ba902b7-01",
      "00-4bf92f3577b34da6a3ce929d0e0e4736-" + std::string(16, '0') + "-01",
      "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
      good.substr(0, 53) + std::string("\0001", 2),
      std::string(55, '\0'),
      std::string(55, '-'),
      " " + good,
      good + "\r\nx: y",
      "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01x"};
  for (const std::string& text : hostile) {
    CAPTURE(text.substr(0, 80));
    CHECK_FALSE(ParseTraceparent(text));
  }
}

TEST_CASE("An event id goes through Kafka's header as it was, and nothing else does") {
  for (const market::EventId id : {market::EventId{0, 1}, market::EventId{UINT64_MAX, UINT64_MAX},
                                   market::EventId{0x00c0ffee00c0ffee, 42}}) {
    CHECK(ParseEventId(FormatEventId(id)) == id);
  }
  CHECK(FormatEventId({0x00c0ffee00c0ffee, 42}) == "00c0ffee00c0ffee-42");
  for (const char* text : {"", "-", "00c0ffee00c0ffee", "00c0ffee00c0ffee-", "00c0ffee00c0ffee-0",
                           "00c0ffee00c0ffee--1", "00c0ffee00c0ffee-+1", "00c0ffee00c0ffee- 1",
                           "00c0ffee00c0ffee-18446744073709551616", "00C0FFEE00C0FFEE-1",
                           "0c0ffee00c0ffee-12", "00c0ffee00c0ffee-1x", "00c0ffee00c0ffee-0x1"}) {
    CAPTURE(text);
    CHECK_FALSE(ParseEventId(text));
  }
}

TEST_CASE("Kafka's headers say what the event's header says") {
  base::Rng rng(11);
  for (int i = 0; i < 200; ++i) {
    const market::Header header = wire::RandomHeader(rng);
    const uint64_t gap = rng.Below(3);
    const KafkaHeaders headers = HeadersOf(header, gap);
    CHECK(headers.size() <= kMaxKafkaHeaders);
    const ReadHeaders read = ReadKafkaHeaders(headers);
    CHECK(read.malformed == 0);
    CHECK(read.gap == gap);
    if (!header.id.empty()) CHECK(read.id == header.id);
    if (read.trace) CHECK(*read.trace == header.trace);
    CHECK(FindHeader(headers, header::kEventTime) ==
          std::to_string(header.event_time.time_since_epoch().count()));
  }
}

TEST_CASE("Malformed Kafka headers are counted and mean nothing") {
  const ReadHeaders read = ReadKafkaHeaders({{"traceparent", "nonsense"},
                                             {"gannet-event-id", std::string(100'000, '9')},
                                             {"gannet-gap", "-1"},
                                             {"gannet-number", "00c0ffee00c0ffee-0"},
                                             {"", ""},
                                             {std::string("a\0b", 3), "\xFF\xFE"}});
  CHECK(read.malformed == 4);
  CHECK_FALSE(read.trace);
  CHECK_FALSE(read.id);
  CHECK(read.gap == 0);
  CHECK_FALSE(read.number);
  CHECK(ReadKafkaHeaders({{"gannet-number", "00c0ffee00c0ffee-18446744073709551615"}}).malformed ==
        1);
  CHECK(ReadKafkaHeaders({{"gannet-number", "00c0ffee00c0ffee-42"}}).number ==
        market::EventId{0x00c0ffee00c0ffee, 42});
  CHECK(ReadKafkaHeaders({{"gannet-gap", "18446744073709551615"}}).malformed == 1);
  CHECK(ReadKafkaHeaders({}).malformed == 0);
  // The last one counts.
  CHECK(ReadKafkaHeaders({{"gannet-gap", "7"}, {"gannet-gap", "8"}}).gap == 8);
  CHECK(ReadKafkaHeaders({{"traceparent", kTraceparent}, {"traceparent", ""}}).malformed == 1);
}

}  // namespace
}  // namespace gannet::bus
