// Bytes on disk: segment headers, frames, snapshots (docs/journal.md). Pure.
// All integers are little-endian.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/digest.h"
#include "libs/journal/journal.h"

namespace gannet::journal {

inline constexpr uint32_t kFormatVersion = 1;
inline constexpr size_t kMaxHeaderBytes = 1u << 20;
inline constexpr size_t kMaxBatchBytes = 64u << 20;  // trailer included
inline constexpr size_t kMaxChannelBytes = 255;
inline constexpr size_t kFramePrefixBytes = 8;  // length, CRC-32C

// --- segment header -----------------------------------------------------------

struct SegmentHeader {
  SegmentInfo info;
  uint64_t first_sequence = 1;          // of the first record that the segment can hold
  base::Time previous_time{};           // of the record before it; the epoch if none
  base::Sha256Digest previous_chain{};  // at the end of the segment before; zeros if none
  bool operator==(const SegmentHeader&) const = default;
};

std::string EncodeHeader(const SegmentHeader& header);
// Reads the header at the start of `bytes` and says in `length` how long it is.
// OUT_OF_RANGE: more bytes are needed. DATA_LOSS: damaged, or no segment.
// FAILED_PRECONDITION: a newer format.
absl::StatusOr<SegmentHeader> DecodeHeader(std::string_view bytes, size_t* length);

// --- frames -------------------------------------------------------------------

// Appends one record. `channel` is at most kMaxChannelBytes.
void AppendRecord(std::string& out, uint64_t sequence, RecordType type, base::Time time,
                  std::string_view channel, std::string_view payload);
size_t RecordFrameBytes(std::string_view channel, std::string_view payload);

// Ends a batch: how many records, which sequences, and the chain with them in it.
// `run`, known to nobody outside, keeps a payload from passing for a trailer when
// recovery looks for one behind damage.
struct BatchTrailer {
  uint32_t records = 0;
  uint64_t first_sequence = 0, last_sequence = 0;
  uint64_t run = 0;
  base::Sha256Digest chain{};
  bool operator==(const BatchTrailer&) const = default;
};
inline constexpr size_t kTrailerFrameBytes = kFramePrefixBytes + 1 + 4 + 8 + 8 + 8 + 32;
void AppendTrailer(std::string& out, const BatchTrailer& trailer);

// Ends a segment whose writer was closed in order.
struct CloseMark {
  uint64_t last_sequence = 0;
  uint64_t run = 0;
  base::Sha256Digest chain{};
  bool operator==(const CloseMark&) const = default;
};
inline constexpr size_t kCloseFrameBytes = kFramePrefixBytes + 1 + 8 + 8 + 32;
void AppendClose(std::string& out, const CloseMark& mark);

enum class FrameKind : uint8_t { kRecord, kTrailer, kClose };

struct Frame {
  FrameKind kind = FrameKind::kRecord;
  size_t bytes = 0;  // prefix included
  // One of these, by kind. Text views into the input.
  uint64_t sequence = 0;
  RecordType type = RecordType::kInput;
  base::Time time;
  std::string_view channel, payload;
  BatchTrailer trailer;
  CloseMark close;
};

// A gap's count of dropped records; 0 where its payload is none.
uint64_t GapCount(std::string_view payload);

// The frame at the start of `bytes`. OUT_OF_RANGE: more bytes are needed (their
// number, at least, in `needed`). DATA_LOSS: damaged.
absl::StatusOr<Frame> DecodeFrame(std::string_view bytes, size_t* needed);

// --- chain --------------------------------------------------------------------

// After a header: SHA-256(previous chain, header bytes). After a batch: SHA-256
// (chain, bytes of its record frames).
base::Sha256Digest NextChain(const base::Sha256Digest& chain, std::string_view bytes);

// --- snapshots ----------------------------------------------------------------

// Around the state where it lies: one may be megabytes.
std::string EncodeSnapshot(uint64_t run, uint64_t sequence, std::string state);
struct DecodedSnapshot {
  uint64_t run = 0;
  Snapshot snapshot;
};
// DATA_LOSS: damaged. FAILED_PRECONDITION: a newer format.
absl::StatusOr<DecodedSnapshot> DecodeSnapshot(std::string_view bytes);

}  // namespace gannet::journal
