#include "libs/journal/format.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "libs/base/digest.h"

namespace gannet::journal {
namespace {

SegmentHeader SomeHeader() {
  SegmentHeader header;
  header.info = SegmentInfo{7, "build", "config", 9, {{"a", "1"}, {"b", ""}}};
  header.first_sequence = 12;
  header.previous_time = base::FromUnixNanos(-5);
  header.previous_chain = base::Sha256("x");
  return header;
}

}  // namespace

TEST_CASE("A segment header survives, and every shorter piece of it asks for more") {
  const std::string bytes = EncodeHeader(SomeHeader());
  size_t length = 0;
  const auto decoded = DecodeHeader(bytes + "what follows", &length);
  REQUIRE(decoded.ok());
  CHECK(*decoded == SomeHeader());
  CHECK(length == bytes.size());
  for (size_t size = 0; size < bytes.size(); ++size) {
    CHECK(absl::IsOutOfRange(DecodeHeader(bytes.substr(0, size), &length).status()));
  }
}

TEST_CASE("A segment header with any byte changed is refused") {
  const std::string bytes = EncodeHeader(SomeHeader());
  for (size_t i = 0; i < bytes.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = bytes;
      damaged[i] = static_cast<char>(damaged[i] ^ (1 << bit));
      size_t length = 0;
      REQUIRE_FALSE(DecodeHeader(damaged, &length).ok());
    }
  }
}

TEST_CASE("A header of a newer format is refused with what to do") {
  std::string bytes = EncodeHeader(SomeHeader());
  bytes[8] = static_cast<char>(kFormatVersion + 1);
  size_t length = 0;
  const absl::Status status = DecodeHeader(bytes, &length).status();
  CHECK(absl::IsFailedPrecondition(status));
  CHECK(std::string(status.message()).find("newer build") != std::string::npos);
}

TEST_CASE("A header is told from other files") {
  size_t length = 0;
  CHECK(absl::IsDataLoss(DecodeHeader("hello", &length).status()));
  CHECK(absl::IsDataLoss(DecodeHeader(std::string(100, '\0'), &length).status()));
  CHECK(absl::IsDataLoss(DecodeHeader(EncodeSnapshot(1, 2, "state"), &length).status()));
}

TEST_CASE("Frames of each kind survive") {
  std::string bytes;
  AppendRecord(bytes, 5, RecordType::kFact, base::FromUnixNanos(77), "topic",
               std::string("pay\0load", 8));
  AppendRecord(bytes, 6, RecordType::kInput, base::FromUnixNanos(-1), "", "");
  const BatchTrailer trailer{2, 5, 6, 99, base::Sha256("chain")};
  AppendTrailer(bytes, trailer);
  const CloseMark mark{6, 99, base::Sha256("end")};
  AppendClose(bytes, mark);

  std::string_view rest = bytes;
  size_t needed = 0;
  auto frame = DecodeFrame(rest, &needed);
  REQUIRE(frame.ok());
  CHECK(frame->kind == FrameKind::kRecord);
  CHECK(frame->sequence == 5);
  CHECK(frame->type == RecordType::kFact);
  CHECK(frame->time == base::FromUnixNanos(77));
  CHECK(frame->channel == "topic");
  CHECK(frame->payload == std::string_view("pay\0load", 8));
  CHECK(frame->bytes == RecordFrameBytes("topic", "12345678"));
  rest.remove_prefix(frame->bytes);

  frame = DecodeFrame(rest, &needed);
  REQUIRE(frame.ok());
  CHECK(frame->sequence == 6);
  CHECK(frame->payload.empty());
  rest.remove_prefix(frame->bytes);

  frame = DecodeFrame(rest, &needed);
  REQUIRE(frame.ok());
  CHECK(frame->kind == FrameKind::kTrailer);
  CHECK(frame->trailer == trailer);
  CHECK(frame->bytes == kTrailerFrameBytes);
  rest.remove_prefix(frame->bytes);

  frame = DecodeFrame(rest, &needed);
  REQUIRE(frame.ok());
  CHECK(frame->kind == FrameKind::kClose);
  CHECK(frame->close == mark);
  CHECK(frame->bytes == kCloseFrameBytes);
  rest.remove_prefix(frame->bytes);
  CHECK(rest.empty());
}

TEST_CASE("A frame with any bit changed is refused or asks for more") {
  std::string bytes;
  AppendRecord(bytes, 5, RecordType::kFact, base::FromUnixNanos(77), "topic", "payload");
  for (size_t i = 0; i < bytes.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = bytes;
      damaged[i] = static_cast<char>(damaged[i] ^ (1 << bit));
      size_t needed = 0;
      const auto frame = DecodeFrame(damaged, &needed);
      REQUIRE_FALSE(frame.ok());
      if (absl::IsOutOfRange(frame.status())) CHECK(needed > damaged.size());
    }
  }
  for (size_t size = 0; size < bytes.size(); ++size) {
    size_t needed = 0;
    CHECK(
        absl::IsOutOfRange(DecodeFrame(std::string_view(bytes).substr(0, size), &needed).status()));
    CHECK(needed > size);
  }
}

TEST_CASE("A frame never asks for more than a batch can hold") {
  std::string bytes(16, '\xff');
  size_t needed = 0;
  CHECK(absl::IsDataLoss(DecodeFrame(bytes, &needed).status()));
  CHECK(absl::IsDataLoss(DecodeFrame(std::string(16, '\0'), &needed).status()));
}

TEST_CASE("A snapshot survives, and any change or cut of it is noticed") {
  const std::string state("state\0with\xff", 11);
  const std::string bytes = EncodeSnapshot(3, 9, state);
  const auto decoded = DecodeSnapshot(bytes);
  REQUIRE(decoded.ok());
  CHECK(decoded->run == 3);
  CHECK(decoded->snapshot.sequence == 9);
  CHECK(decoded->snapshot.state == state);
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x40);
    CHECK_FALSE(DecodeSnapshot(damaged).ok());
    CHECK_FALSE(DecodeSnapshot(bytes.substr(0, i)).ok());
  }
  CHECK_FALSE(DecodeSnapshot(bytes + "x").ok());
  CHECK(DecodeSnapshot(EncodeSnapshot(3, 9, "")).ok());
}

TEST_CASE("The count of a gap is a plain number") {
  CHECK(GapCount("12") == 12);
  for (const char* text : {"", "x", "1x", " 1", "-1", "99999999999999999999"})
    CHECK(GapCount(text) == 0);
}

}  // namespace gannet::journal
