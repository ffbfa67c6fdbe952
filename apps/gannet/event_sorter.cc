#include "apps/gannet/event_sorter.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/digest.h"
#include "libs/base/status.h"
#include "libs/wire/canonical.h"

namespace gannet::app {
namespace {

constexpr size_t kPieceBytes = 1u << 20;
constexpr size_t kNameBytes = 8;
constexpr size_t kEventOverhead = 96;
constexpr size_t kHeadBytes = 8 + 8 + 8 + 4 + 4 + 8 + 4;  // key, length

void Write(const SortedEvent& event, wire::CanonicalWriter& out) {
  out.I64(event.key.time);
  out.U64(event.key.sequence);
  out.U64(event.key.stream);
  out.U32(event.key.topic);
  out.U32(event.key.partition);
  out.U64(event.key.offset);
  out.Bytes(event.bytes);
}

}  // namespace

EventSorter::EventSorter(base::Files& files, std::string scratch, size_t max_bytes)
    : files_(files),
      scratch_(std::move(scratch)),
      name_("gannet-replay-" + base::Hex(base::RandomBytes(kNameBytes))),
      max_bytes_(max_bytes) {}

EventSorter::~EventSorter() {
  for (const Run& run : runs_) files_.Remove(run.path).IgnoreError();
}

absl::Status EventSorter::Add(EventKey key, std::string bytes) {
  held_bytes_ += bytes.size() + kEventOverhead;
  held_.push_back({key, std::move(bytes)});
  return held_bytes_ < max_bytes_ ? absl::OkStatus() : Spill();
}

absl::Status EventSorter::Spill() {
  std::sort(held_.begin(), held_.end());
  GANNET_RETURN_IF_ERROR(files_.MakeDirs(scratch_));
  const Run run{.path = absl::StrCat(scratch_, "/", name_, "-", runs_.size())};
  runs_.push_back(run);
  GANNET_ASSIGN_OR_RETURN(const std::unique_ptr<base::AppendFile> file,
                          files_.OpenAppend(run.path));
  wire::CanonicalWriter piece;
  for (const SortedEvent& event : held_) {
    Write(event, piece);
    if (piece.bytes().size() < kPieceBytes) continue;
    GANNET_RETURN_IF_ERROR(file->Append(piece.bytes()));
    piece = {};
  }
  GANNET_RETURN_IF_ERROR(file->Append(piece.bytes()));
  held_.clear();
  held_bytes_ = 0;
  return absl::OkStatus();
}

absl::Status EventSorter::Finish() {
  if (runs_.empty()) {
    std::sort(held_.begin(), held_.end());
    return absl::OkStatus();
  }
  if (!held_.empty()) GANNET_RETURN_IF_ERROR(Spill());
  for (Run& run : runs_) GANNET_RETURN_IF_ERROR(Advance(run));
  return absl::OkStatus();
}

absl::StatusOr<std::optional<SortedEvent>> EventSorter::Next() {
  if (runs_.empty()) {
    if (at_ == held_.size()) return std::nullopt;
    return std::move(held_[at_++]);
  }
  const auto least = std::min_element(runs_.begin(), runs_.end(), [](const Run& a, const Run& b) {
    return a.head && (!b.head || *a.head < *b.head);
  });
  if (!least->head) return std::nullopt;
  std::optional<SortedEvent> event = std::exchange(least->head, std::nullopt);
  GANNET_RETURN_IF_ERROR(Advance(*least));
  return event;
}

// Makes `wanted` bytes readable at `at`; false where the file ends.
absl::StatusOr<bool> EventSorter::Fill(Run& run, size_t wanted) {
  if (run.buffer.size() - run.at >= wanted) return true;
  run.buffer.erase(0, run.at);
  run.at = 0;
  GANNET_ASSIGN_OR_RETURN(const std::string more,
                          files_.ReadRange(run.path, run.read_to, std::max(wanted, kPieceBytes)));
  run.read_to += more.size();
  run.buffer += more;
  return run.buffer.size() >= wanted;
}

absl::Status EventSorter::Advance(Run& run) {
  GANNET_ASSIGN_OR_RETURN(const bool more, Fill(run, kHeadBytes));
  if (!more) return absl::OkStatus();
  const auto reader = [&run](size_t bytes) {
    return wire::CanonicalReader(std::string_view(run.buffer).substr(run.at, bytes));
  };
  SortedEvent event;
  wire::CanonicalReader head = reader(kHeadBytes);
  event.key.time = head.I64();
  event.key.sequence = head.U64();
  event.key.stream = head.U64();
  event.key.topic = head.U32();
  event.key.partition = head.U32();
  event.key.offset = head.U64();
  const size_t length = head.U32();
  run.at += kHeadBytes;
  GANNET_ASSIGN_OR_RETURN(const bool whole, Fill(run, length));
  if (!whole) return absl::DataLossError(absl::StrCat(run.path, " was cut by somebody else"));
  event.bytes = run.buffer.substr(run.at, length);
  run.at += length;
  run.head = std::move(event);
  return absl::OkStatus();
}

}  // namespace gannet::app
