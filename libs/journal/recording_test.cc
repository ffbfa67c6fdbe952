#include "libs/journal/recording.h"

#include <catch2/catch_test_macros.hpp>

namespace gannet::journal {
namespace {

RecordedMessage Message() {
  RecordedMessage message{.partition = 3, .offset = 42, .timestamp_ms = 1'700'000'000'123};
  message.key = "binance-spot:BTCUSDT";
  message.payload = std::string("\x00\xff bytes", 8);
  message.headers = {{"gannet-event-id", "00c0ffee00c0ffee-42"}, {"empty", ""}, {"none", {}}};
  return message;
}

TEST_CASE("A recorded message comes back as it was, absent and empty apart") {
  RecordedMessage message = Message();
  CHECK(*DecodeRecorded(EncodeRecorded(message)) == message);
  message.payload.reset();
  CHECK(*DecodeRecorded(EncodeRecorded(message)) == message);
  message.key = "";
  CHECK(*DecodeRecorded(EncodeRecorded(message)) == message);
}

TEST_CASE("A recorded message that was cut, lengthened or written by a newer build is refused") {
  const std::string bytes = EncodeRecorded(Message());
  for (size_t size = 0; size < bytes.size(); ++size)
    CHECK_FALSE(DecodeRecorded(bytes.substr(0, size)).ok());
  CHECK(absl::IsDataLoss(DecodeRecorded(bytes + "x").status()));
  std::string newer = bytes;
  newer[0] = 2;
  CHECK(absl::IsFailedPrecondition(DecodeRecorded(newer).status()));
}

TEST_CASE("Gaps and repeats come back as they were") {
  const RecordedGap gap{.topic = "market.trades.v1",
                        .partition = 7,
                        .reason = RecordedGapReason::kCompacted,
                        .from = 5,
                        .to = 9,
                        .count = 4};
  CHECK(*DecodeGap(EncodeGap(gap)) == gap);
  const auto repeat = DecodeRepeat(EncodeRepeat("ref.instruments.v1", Message()));
  REQUIRE(repeat.ok());
  CHECK(repeat->topic == "ref.instruments.v1");
  CHECK(repeat->message == Message());
}

}  // namespace
}  // namespace gannet::journal
