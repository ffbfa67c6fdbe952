#include "libs/journal/format.h"

#include <bit>
#include <charconv>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "libs/base/check.h"
#include "libs/base/status.h"

namespace gannet::journal {
namespace {

static_assert(std::endian::native == std::endian::little);

// Eight bytes that no text file starts with and that a transfer in text mode
// would change.
constexpr std::string_view kSegmentMagic("\x89GNJ\r\n\x1a\n", 8);
constexpr std::string_view kSnapshotMagic("\x89GNS\r\n\x1a\n", 8);
constexpr uint8_t kTrailerKind = 0x10;
constexpr uint8_t kCloseKind = 0x11;
constexpr size_t kRecordFixedBytes = 1 + 8 + 8 + 1;  // kind, sequence, time, channel length

template <class T>
void Put(std::string& out, T value) {
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  out.append(bytes, sizeof(T));
}

void PutText(std::string& out, std::string_view text) {
  Put(out, static_cast<uint32_t>(text.size()));
  out.append(text);
}

void PutDigest(std::string& out, const base::Sha256Digest& digest) {
  out.append(reinterpret_cast<const char*>(digest.data()), digest.size());
}

std::string_view View(const base::Sha256Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

// Takes values off the front; after the first that is not there all are zero.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : rest_(bytes) {}
  template <class T>
  T Take() {
    T value{};
    const std::string_view bytes = Bytes(sizeof(T));
    if (ok_) std::memcpy(&value, bytes.data(), sizeof(T));
    return value;
  }
  std::string_view Bytes(size_t count) {
    if (count > rest_.size()) ok_ = false;
    if (!ok_) return {};
    const std::string_view bytes = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return bytes;
  }
  std::string Text() { return std::string(Bytes(Take<uint32_t>())); }
  base::Sha256Digest Digest() {
    base::Sha256Digest digest{};
    const std::string_view bytes = Bytes(digest.size());
    if (ok_) std::memcpy(digest.data(), bytes.data(), digest.size());
    return digest;
  }
  std::string_view Rest() { return Bytes(rest_.size()); }
  bool done() const { return ok_ && rest_.empty(); }
  bool ok() const { return ok_; }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

absl::Status NewerFormat(uint32_t version) {
  return absl::FailedPreconditionError(absl::StrCat("format version ", version,
                                                    ", this build reads up to ", kFormatVersion,
                                                    "; use the newer build that wrote it"));
}

// Opens a frame and gives the place where its prefix will be filled in.
size_t BeginFrame(std::string& out) {
  const size_t at = out.size();
  out.append(kFramePrefixBytes, '\0');
  return at;
}

void EndFrame(std::string& out, size_t at) {
  const auto length = static_cast<uint32_t>(out.size() - at - kFramePrefixBytes);
  std::memcpy(out.data() + at, &length, 4);
  const std::string_view body = std::string_view(out).substr(at + kFramePrefixBytes);
  const uint32_t crc = base::Crc32c(body, base::Crc32c(std::string_view(out).substr(at, 4)));
  std::memcpy(out.data() + at + 4, &crc, 4);
}

bool IsRecordType(uint8_t kind) {
  return kind >= static_cast<uint8_t>(RecordType::kInput) &&
         kind <= static_cast<uint8_t>(RecordType::kGap);
}

}  // namespace

std::string EncodeHeader(const SegmentHeader& header) {
  std::string body;
  Put(body, header.info.run);
  Put(body, header.info.seed);
  Put(body, header.first_sequence);
  Put(body, base::UnixNanos(header.previous_time));
  PutDigest(body, header.previous_chain);
  PutText(body, header.info.build_id);
  PutText(body, header.info.config_hash);
  Put(body, static_cast<uint32_t>(header.info.versions.size()));
  for (const auto& [name, version] : header.info.versions) {
    PutText(body, name);
    PutText(body, version);
  }
  GANNET_CHECK(body.size() <= kMaxHeaderBytes, "a segment header holds a few names and versions");
  std::string out(kSegmentMagic);
  Put(out, kFormatVersion);
  Put(out, static_cast<uint32_t>(body.size()));
  out += body;
  Put(out, base::Crc32c(out));
  return out;
}

absl::StatusOr<SegmentHeader> DecodeHeader(std::string_view bytes, size_t* length) {
  const auto more = [] { return absl::OutOfRangeError("the segment header is incomplete"); };
  const std::string_view magic = bytes.substr(0, kSegmentMagic.size());
  if (magic != kSegmentMagic.substr(0, magic.size()))
    return absl::DataLossError("this is no journal segment");
  Cursor start(bytes);
  start.Bytes(kSegmentMagic.size());
  const auto version = start.Take<uint32_t>();
  const auto body_bytes = start.Take<uint32_t>();
  if (!start.ok()) return more();
  if (version > kFormatVersion) return NewerFormat(version);
  if (version == 0 || body_bytes > kMaxHeaderBytes)
    return absl::DataLossError("the segment header is damaged");
  const size_t covered = kSegmentMagic.size() + 8 + body_bytes;
  if (bytes.size() < covered + 4) return more();
  Cursor body(start.Bytes(body_bytes));
  if (start.Take<uint32_t>() != base::Crc32c(bytes.substr(0, covered))) {
    return absl::DataLossError("the checksum of the segment header does not fit");
  }
  SegmentHeader header;
  header.info.run = body.Take<uint64_t>();
  header.info.seed = body.Take<uint64_t>();
  header.first_sequence = body.Take<uint64_t>();
  header.previous_time = base::FromUnixNanos(body.Take<int64_t>());
  header.previous_chain = body.Digest();
  header.info.build_id = body.Text();
  header.info.config_hash = body.Text();
  const auto versions = body.Take<uint32_t>();
  for (uint32_t i = 0; i < versions && body.ok(); ++i) {
    std::string name = body.Text();
    header.info.versions[std::move(name)] = body.Text();
  }
  if (!body.done() || header.first_sequence == 0)
    return absl::DataLossError("the segment header is malformed");
  *length = covered + 4;
  return header;
}

size_t RecordFrameBytes(std::string_view channel, std::string_view payload) {
  return kFramePrefixBytes + kRecordFixedBytes + channel.size() + payload.size();
}

void AppendRecord(std::string& out, uint64_t sequence, RecordType type, base::Time time,
                  std::string_view channel, std::string_view payload) {
  GANNET_CHECK(channel.size() <= kMaxChannelBytes, "a channel is a short name");
  // One append for all that is of fixed size: every input passes here.
  char head[kFramePrefixBytes + kRecordFixedBytes] = {};
  char* next = head + kFramePrefixBytes;
  const int64_t nanos = base::UnixNanos(time);
  *next++ = static_cast<char>(type);
  std::memcpy(next, &sequence, sizeof sequence);
  std::memcpy(next + sizeof sequence, &nanos, sizeof nanos);
  next[sizeof sequence + sizeof nanos] = static_cast<char>(channel.size());
  const size_t at = out.size();
  out.append(head, sizeof head);
  out.append(channel);
  out.append(payload);
  EndFrame(out, at);
}

void AppendTrailer(std::string& out, const BatchTrailer& trailer) {
  const size_t at = BeginFrame(out);
  Put(out, kTrailerKind);
  Put(out, trailer.records);
  Put(out, trailer.first_sequence);
  Put(out, trailer.last_sequence);
  Put(out, trailer.run);
  PutDigest(out, trailer.chain);
  EndFrame(out, at);
}

void AppendClose(std::string& out, const CloseMark& mark) {
  const size_t at = BeginFrame(out);
  Put(out, kCloseKind);
  Put(out, mark.last_sequence);
  Put(out, mark.run);
  PutDigest(out, mark.chain);
  EndFrame(out, at);
}

uint64_t GapCount(std::string_view payload) {
  uint64_t count = 0;
  const auto [end, error] = std::from_chars(payload.data(), payload.data() + payload.size(), count);
  return error == std::errc() && end == payload.data() + payload.size() ? count : 0;
}

absl::StatusOr<Frame> DecodeFrame(std::string_view bytes, size_t* needed) {
  const auto more = [&](size_t count) {
    *needed = count;
    return absl::OutOfRangeError("the frame is incomplete");
  };
  if (bytes.size() < kFramePrefixBytes) return more(kFramePrefixBytes);
  Cursor prefix(bytes);
  const auto length = prefix.Take<uint32_t>();
  const auto crc = prefix.Take<uint32_t>();
  if (length == 0 || length > kMaxBatchBytes)
    return absl::DataLossError("a frame has an impossible length");
  Frame frame;
  frame.bytes = kFramePrefixBytes + length;
  if (bytes.size() < frame.bytes) return more(frame.bytes);
  const std::string_view body = bytes.substr(kFramePrefixBytes, length);
  if (crc != base::Crc32c(body, base::Crc32c(bytes.substr(0, 4)))) {
    return absl::DataLossError("the checksum of a frame does not fit");
  }
  Cursor in(body);
  const auto kind = in.Take<uint8_t>();
  if (IsRecordType(kind)) {
    frame.kind = FrameKind::kRecord;
    frame.type = static_cast<RecordType>(kind);
    frame.sequence = in.Take<uint64_t>();
    frame.time = base::FromUnixNanos(in.Take<int64_t>());
    frame.channel = in.Bytes(in.Take<uint8_t>());
    frame.payload = in.Rest();
  } else if (kind == kTrailerKind) {
    frame.kind = FrameKind::kTrailer;
    frame.trailer.records = in.Take<uint32_t>();
    frame.trailer.first_sequence = in.Take<uint64_t>();
    frame.trailer.last_sequence = in.Take<uint64_t>();
    frame.trailer.run = in.Take<uint64_t>();
    frame.trailer.chain = in.Digest();
  } else if (kind == kCloseKind) {
    frame.kind = FrameKind::kClose;
    frame.close.last_sequence = in.Take<uint64_t>();
    frame.close.run = in.Take<uint64_t>();
    frame.close.chain = in.Digest();
  } else {
    return absl::DataLossError(absl::StrCat("a frame is of unknown kind ", static_cast<int>(kind)));
  }
  if (!in.done()) return absl::DataLossError("a frame is malformed");
  return frame;
}

base::Sha256Digest NextChain(const base::Sha256Digest& chain, std::string_view bytes) {
  base::Sha256Stream hash;
  hash.Update(View(chain));
  hash.Update(bytes);
  return hash.Peek();
}

std::string EncodeSnapshot(uint64_t run, uint64_t sequence, std::string state) {
  std::string head(kSnapshotMagic);
  Put(head, kFormatVersion);
  Put(head, run);
  Put(head, sequence);
  Put(head, static_cast<uint64_t>(state.size()));
  state.insert(0, head);
  PutDigest(state, base::Sha256(state));
  return state;
}

absl::StatusOr<DecodedSnapshot> DecodeSnapshot(std::string_view bytes) {
  Cursor in(bytes);
  if (in.Bytes(kSnapshotMagic.size()) != kSnapshotMagic)
    return absl::DataLossError("this is no snapshot");
  const auto version = in.Take<uint32_t>();
  if (in.ok() && version > kFormatVersion) return NewerFormat(version);
  DecodedSnapshot decoded;
  decoded.run = in.Take<uint64_t>();
  decoded.snapshot.sequence = in.Take<uint64_t>();
  const auto size = in.Take<uint64_t>();
  const std::string_view state = in.Bytes(size);
  const base::Sha256Digest stated = in.Digest();
  if (!in.done() || version == 0) return absl::DataLossError("the snapshot is cut or malformed");
  if (stated != base::Sha256(bytes.substr(0, bytes.size() - stated.size()))) {
    return absl::DataLossError("the hash of the snapshot does not fit");
  }
  decoded.snapshot.state = std::string(state);
  return decoded;
}

}  // namespace gannet::journal
