#include "libs/base/line_reader.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include "libs/base/gzip_for_test.h"
#include "libs/base/sim_files.h"

namespace gannet::base {
namespace {

struct Outcome {
  std::vector<std::string> lines;
  absl::Status end;
  bool truncated = false;
  std::vector<uint64_t> too_long;
};

Outcome ReadAll(const std::string& content, size_t limit = 1 << 20) {
  SimFiles files;
  REQUIRE(files.WriteAtomically("/in", content).ok());
  auto reader = LineReader::Open(files, "/in", limit);
  REQUIRE(reader.ok());
  Outcome outcome;
  for (;;) {
    const auto line = (*reader)->Next();
    if (!line.ok()) {
      outcome.end = line.status();
      break;
    }
    if (!line->has_value()) break;
    outcome.lines.emplace_back((*line)->text);
    CHECK((*line)->number == outcome.lines.size());
    if ((*line)->too_long) outcome.too_long.push_back((*line)->number);
  }
  outcome.truncated = (*reader)->truncated();
  return outcome;
}

std::string ManyLines(int count) {
  std::string text;
  for (int i = 0; i < count; ++i)
    text += "line " + std::to_string(i) + std::string(static_cast<size_t>(i % 97), 'x') + "\n";
  return text;
}

}  // namespace

TEST_CASE("LineReader gives the same lines of plain and gzip files") {
  const std::string text = ManyLines(30'000);  // several blocks
  const Outcome plain = ReadAll(text);
  const Outcome packed = ReadAll(Gzip(text));
  REQUIRE(plain.end.ok());
  CHECK(plain.lines.size() == 30'000);
  CHECK(plain.lines == packed.lines);
  CHECK(packed.end.ok());
  CHECK_FALSE(packed.truncated);
}

TEST_CASE("LineReader knows line ends, blank lines and a last line without one") {
  for (const bool packed : {false, true}) {
    const std::string text = "a\r\n\nb\nc";
    const Outcome outcome = ReadAll(packed ? Gzip(text) : text);
    CHECK(outcome.lines == std::vector<std::string>{"a", "", "b", "c"});
  }
  CHECK(ReadAll("").lines.empty());
  CHECK(ReadAll("x").lines.size() == 1);
  CHECK(ReadAll("x\n").lines.size() == 1);
  CHECK(ReadAll(Gzip("")).lines.empty());
}

TEST_CASE("LineReader reads gzip files of several members") {
  CHECK(ReadAll(Gzip("a\nb") + Gzip("c\nd\n")).lines == std::vector<std::string>{"a", "bc", "d"});
}

TEST_CASE("LineReader says when compressed data is cut, after all whole lines") {
  const std::string text = ManyLines(2'000);
  const std::string packed = Gzip(text);
  const Outcome outcome = ReadAll(packed.substr(0, packed.size() / 2));
  CHECK(outcome.end.code() == absl::StatusCode::kDataLoss);
  CHECK(outcome.truncated);
  CHECK(outcome.lines.size() > 100);
  CHECK(outcome.lines.size() < 2'000);
  const Outcome tail = ReadAll(packed.substr(0, packed.size() - 4));  // checksum missing
  CHECK(tail.end.code() == absl::StatusCode::kDataLoss);
  CHECK(tail.lines.size() == 2'000);
}

TEST_CASE("LineReader says when compressed data is damaged") {
  std::string packed = Gzip(ManyLines(2'000));
  packed[packed.size() - 6] = static_cast<char>(packed[packed.size() - 6] ^ 1);  // checksum
  const Outcome outcome = ReadAll(packed);
  CHECK(outcome.end.code() == absl::StatusCode::kDataLoss);
  CHECK_FALSE(outcome.truncated);
  CHECK(outcome.lines.size() == 2'000);
  CHECK(ReadAll(Gzip("a\n") + "garbage").end.code() == absl::StatusCode::kDataLoss);
}

TEST_CASE("LineReader marks a line beyond the limit and goes on after it") {
  const std::string text = "short\n" + std::string(1'000'000, 'z') + "\nafter\n";
  for (const bool packed : {false, true}) {
    const Outcome outcome = ReadAll(packed ? Gzip(text) : text, 1000);
    REQUIRE(outcome.lines.size() == 3);
    CHECK(outcome.too_long == std::vector<uint64_t>{2});
    CHECK(outcome.lines[1] == std::string(64, 'z'));
    CHECK(outcome.lines[2] == "after");
  }
}

TEST_CASE("LineReader reports a missing file") {
  SimFiles files;
  CHECK(LineReader::Open(files, "/none", 100).status().code() == absl::StatusCode::kNotFound);
}

}  // namespace gannet::base
