#include "libs/runtime/journal_copy.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/status.h"
#include "libs/bus/topics.h"
#include "libs/journal/layout.h"
#include "libs/wire/canonical.h"

namespace gannet::runtime {
namespace {

constexpr uint8_t kPieceVersion = 1;
constexpr base::Duration kRetryPause = std::chrono::milliseconds(20);
constexpr base::Duration kMarkPause = std::chrono::seconds(1);

// How far the copy is: `offset` bytes of that file, and all of those before it.
struct Place {
  std::string file;
  uint64_t offset = 0;
  bool operator==(const Place&) const = default;
};

std::string NameOf(const std::string& path) { return path.substr(path.rfind('/') + 1); }

std::string MarkText(const Place& place) {
  return absl::StrCat(place.file, " ", place.offset, "\n");
}

// The beginning of the journal if it is no mark.
Place ParseMark(std::string_view text) {
  Place place;
  const size_t space = text.find(' ');
  if (space == std::string_view::npos) return place;
  place.file = text.substr(0, space);
  std::from_chars(text.data() + space + 1, text.data() + text.size(), place.offset);
  return place;
}

// How many records are in the files before that of the place.
uint64_t RecordsBefore(const Place& place) {
  return journal::SegmentNumber(place.file).value_or(1) - 1;
}

class CopyingWriter final : public journal::Writer {
 public:
  CopyingWriter(std::unique_ptr<journal::Writer> writer, JournalCopyOptions options)
      : inner_(std::move(writer)),
        options_(std::move(options)),
        mark_(options_.disk, options_.mark_file, "") {
    Begin();
    WatchMark();
  }
  ~CopyingWriter() override { *alive_ = false; }

  uint64_t Append(journal::RecordType type, base::Time time, std::string_view channel,
                  std::string_view payload) override {
    return inner_->Append(type, time, channel, payload);
  }
  uint64_t AppendEssential(journal::RecordType type, base::Time time, std::string_view channel,
                           std::string_view payload) override {
    return inner_->AppendEssential(type, time, channel, payload);
  }
  void WhenDurable(uint64_t sequence, std::function<void()> done) override {
    inner_->WhenDurable(sequence, [this, alive = Alive(), done = std::move(done)]() mutable {
      if (alive.expired()) return;
      on_disk_.push_back(std::move(done));
      Pump();
    });
  }
  bool WasDropped(uint64_t sequence) const override { return inner_->WasDropped(sequence); }
  void Commit() override { inner_->Commit(); }
  uint64_t last_sequence() const override { return inner_->last_sequence(); }
  uint64_t durable_sequence() const override { return inner_->durable_sequence(); }
  const journal::SegmentInfo& info() const override { return inner_->info(); }
  const journal::Recovery& recovered() const override { return inner_->recovered(); }
  journal::WriterStats stats() const override { return inner_->stats(); }
  absl::Status failure() const override { return inner_->failure(); }
  void OnFailure(std::function<void(absl::Status)> handler) override {
    inner_->OnFailure(std::move(handler));
  }
  absl::Status WriteSnapshot(std::string state) override {
    return inner_->WriteSnapshot(std::move(state));
  }
  absl::StatusOr<journal::Pruned> Prune(base::Time now,
                                        const journal::Retention& retention) override {
    journal::Retention held = retention;
    held.needed_after = std::min(held.needed_after, marked_.load());
    return inner_->Prune(now, held);
  }
  // With the close mark. The file with the place stays behind: what it names comes again.
  absl::Status Close() override {
    const absl::Status closed = inner_->Close();
    if (Copy()) options_.bus.Flush();
    return closed;
  }

 private:
  std::weak_ptr<bool> Alive() const { return alive_; }

  void Begin();
  void Pump();
  bool CopyCut();
  bool Copy();
  bool CopyFile(const std::string& path, bool last);
  bool Publish(JournalPiece piece);
  void WatchMark();

  const std::unique_ptr<journal::Writer> inner_;
  const JournalCopyOptions options_;
  Place copied_, kept_;               // with the bus; kept by it
  MarkFile mark_;                     // says what is kept
  std::atomic<uint64_t> marked_ = 0;  // the last record before the file that it names
  std::vector<std::function<void()>> on_disk_;
  bool retrying_ = false;
  bool started_ = true;  // just now: the mark may lag behind what was copied
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// Goes on where the mark says. A mark that cannot be read only means that more is copied
// again.
void CopyingWriter::Begin() {
  if (options_.disk.files.Exists(options_.mark_file)) {
    const absl::StatusOr<std::string> text = options_.disk.files.Read(options_.mark_file);
    if (text.ok()) {
      copied_ = ParseMark(*text);
      marked_ = RecordsBefore(copied_);
    }
  }
  const absl::StatusOr<journal::Layout> layout =
      journal::ListJournal(options_.disk.files, options_.dir);
  if (!layout.ok() || layout->segments.empty()) return;
  // The file of the mark is kept: without it, what followed may have been pruned with it.
  if (const uint64_t oldest = layout->segments.front().number; marked_ + 1 < oldest)
    options_.on_lost(oldest);
  // The newest segment was opened just now, under the name of one without records.
  if (NameOf(layout->segments.back().path) == copied_.file) copied_.offset = 0;
}

// A batch that a full disk did not take, or that a crash left unfinished, is taken back: at a
// start also where the file ends with the mark, since more of it may have been copied.
bool CopyingWriter::CopyCut() {
  const bool started = std::exchange(started_, false);
  if (copied_.file.empty()) return true;
  const absl::StatusOr<uint64_t> size =
      options_.disk.files.Size(absl::StrCat(options_.dir, "/", copied_.file));
  if (!size.ok() || *size > copied_.offset || (*size == copied_.offset && !started)) return true;
  if (!Publish({JournalPiece::Kind::kCut, inner_->info().run, copied_.file, *size, ""})) {
    started_ = started;
    return false;
  }
  copied_.offset = *size;
  return true;
}

// Everything that is on disk goes to the bus; then, when the bus keeps it, those who wait.
void CopyingWriter::Pump() {
  if (!Copy()) {
    if (std::exchange(retrying_, true)) return;
    options_.disk.executor.After(kRetryPause, [this, alive = Alive()] {
      if (alive.expired()) return;
      retrying_ = false;
      Pump();
    });
    return;
  }
  if (on_disk_.empty()) return;
  options_.bus.WhenKept(
      [this, alive = Alive(), place = copied_, waiting = std::exchange(on_disk_, {})] {
        if (alive.expired()) return;
        kept_ = place;
        for (const std::function<void()>& done : waiting) {
          if (!alive.expired()) done();
        }
      });
}

// False: the bus is full, or a file cannot be read now.
bool CopyingWriter::Copy() {
  const absl::StatusOr<journal::Layout> layout =
      journal::ListJournal(options_.disk.files, options_.dir);
  if (!layout.ok() || !CopyCut()) return false;
  for (const journal::NumberedFile& segment : layout->segments) {
    if (NameOf(segment.path) < copied_.file) continue;
    if (!CopyFile(segment.path, &segment == &layout->segments.back())) return false;
  }
  return true;
}

bool CopyingWriter::CopyFile(const std::string& path, bool last) {
  const std::string name = NameOf(path);
  uint64_t offset = name == copied_.file ? copied_.offset : 0;
  for (;;) {
    absl::StatusOr<std::string> bytes = options_.disk.files.ReadRange(path, offset, kMaxPieceBytes);
    // One that somebody removed meanwhile is none of ours any more.
    if (!bytes.ok()) return !last && !options_.disk.files.Exists(path);
    if (bytes->empty()) return true;
    const size_t size = bytes->size();
    if (!Publish({JournalPiece::Kind::kBytes, inner_->info().run, name, offset, *std::move(bytes)}))
      return false;
    offset += size;
    copied_ = {name, offset};
  }
}

bool CopyingWriter::Publish(JournalPiece piece) {
  auto event = std::make_shared<market::Event<wire::EngineNote>>();
  event->value = {options_.program, std::string(kJournalPieceKind), EncodePiece(piece)};
  return options_.bus
      .Publish(bus::kJournals, std::shared_ptr<const market::Event<wire::EngineNote>>(event))
      .ok();
}

void CopyingWriter::WatchMark() {
  options_.disk.executor.After(kMarkPause, [this, alive = Alive()] {
    if (alive.expired()) return;
    WatchMark();
    marked_ = std::max(marked_.load(), RecordsBefore(ParseMark(mark_.written())));
    // One that is not written only means that more is copied again.
    if (!kept_.file.empty()) mark_.Keep(MarkText(kept_));
  });
}

}  // namespace

std::string EncodePiece(const JournalPiece& piece) {
  wire::CanonicalWriter out(piece.bytes.size() + 64);
  out.U8(kPieceVersion);
  out.U8(static_cast<uint8_t>(piece.kind));
  out.U64(piece.run);
  out.Bytes(piece.file);
  out.U64(piece.offset);
  out.Bytes(piece.bytes);
  return out.Take();
}

absl::StatusOr<JournalPiece> DecodePiece(std::string_view bytes) {
  wire::CanonicalReader in(bytes);
  const uint8_t version = in.U8();
  if (in.ok() && version != kPieceVersion) {
    return absl::FailedPreconditionError(absl::StrCat("a piece of a journal has format ", version,
                                                      ", this build reads ", kPieceVersion));
  }
  JournalPiece piece;
  piece.kind = JournalPiece::Kind(in.U8());
  piece.run = in.U64();
  piece.file = in.Bytes();
  piece.offset = in.U64();
  piece.bytes = in.Bytes();
  GANNET_RETURN_IF_ERROR(in.status());
  const bool known =
      piece.kind == JournalPiece::Kind::kBytes || piece.kind == JournalPiece::Kind::kCut;
  // It becomes the name of a file: nothing else may stand there.
  if (!known || !in.done() || !journal::SegmentNumber(piece.file))
    return absl::DataLossError("a piece of a journal is damaged, or none");
  return piece;
}

std::unique_ptr<journal::Writer> CopyToBus(std::unique_ptr<journal::Writer> writer,
                                           JournalCopyOptions options) {
  return std::make_unique<CopyingWriter>(std::move(writer), std::move(options));
}

}  // namespace gannet::runtime
