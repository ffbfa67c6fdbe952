// What the journal's tests share: a small journal with known records.
#pragma once

#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/files.h"
#include "libs/base/rng.h"
#include "libs/base/virtual_executor.h"
#include "libs/journal/journal.h"

namespace gannet::journal {

inline constexpr char kDirForTest[] = "/data/journal";

inline WriterOptions OptionsForTest() {
  WriterOptions options;
  options.segment_bytes = 600;
  options.reserve_bytes = 0;
  options.own_thread = false;
  return options;
}

inline SegmentInfo InfoForTest() {
  return SegmentInfo{
      0x1122334455667788, "build-7", "config-9", 42, {{"limits", "17"}, {"model:direction", "3"}}};
}

// The record of a sequence is always the same.
inline Record RecordForTest(uint64_t sequence) {
  base::Rng rng(sequence);
  Record record;
  record.sequence = sequence;
  record.type = static_cast<RecordType>(1 + rng.Below(3));
  record.time = base::FromUnixMillis(1'700'000'000'000) + base::Duration(sequence * 1'000'000);
  record.channel = "channel" + std::to_string(rng.Below(3));
  for (uint64_t i = rng.Below(60); i > 0; --i) record.payload += static_cast<char>(rng.Below(256));
  return record;
}

inline uint64_t AppendForTest(Writer& writer, uint64_t sequence, bool essential = false) {
  const Record record = RecordForTest(sequence);
  if (essential)
    return writer.AppendEssential(record.type, record.time, record.channel, record.payload);
  return writer.Append(record.type, record.time, record.channel, record.payload);
}

// All records that a reader gives, until the end or a failure.
struct ReadBack {
  absl::Status status;
  std::vector<Record> records;
};
inline ReadBack ReadAll(base::Files& files, const std::string& dir = kDirForTest,
                        uint64_t after = 0) {
  ReadBack result;
  auto reader = Reader::Open(files, dir);
  result.status = reader.status();
  if (!reader.ok()) return result;
  if (after > 0) result.status = (*reader)->SeekAfter(after);
  while (result.status.ok()) {
    auto record = (*reader)->Next();
    if (!record.ok()) result.status = record.status();
    if (!record.ok() || !record->has_value()) break;
    result.records.push_back(**std::move(record));
  }
  return result;
}

// Are these the records 1 to n, unchanged? n, or nothing.
inline std::optional<uint64_t> CountIfIntact(const std::vector<Record>& records,
                                             uint64_t first = 1) {
  for (size_t i = 0; i < records.size(); ++i) {
    if (records[i] != RecordForTest(first + i)) return std::nullopt;
  }
  return records.size();
}

}  // namespace gannet::journal
