// A journal that is also on the bus: what a scalable service (news-signal, ml-inference)
// records goes to ops.journals.v1, byte for byte, before what it decided leaves. A record
// counts as durable only when the bus keeps it too, so that losing the disk of such a
// service loses no decision that anybody saw.
//
// The copy is made of the segments' files: pieces {run, file, offset, bytes} in the order
// in which they were written, under the program's name as engine, which is their key: one
// partition, in order. `gannet journal fetch` puts the files together again. A piece that
// comes again replaces what stands from its offset on: after a restart the copy goes on at
// the place that a mark in the data folder names, and may repeat some.
//
// Bounded: what the bus does not take stays in the files, which are not pruned before it has
// them; nothing is buffered here.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/base/executor.h"
#include "libs/base/files.h"
#include "libs/bus/bus.h"
#include "libs/journal/journal.h"
#include "libs/runtime/mark_file.h"

namespace gannet::runtime {

// EngineNote::kind of a piece.
inline constexpr std::string_view kJournalPieceKind = "journal";
inline constexpr size_t kMaxPieceBytes = 256u << 10;

struct JournalPiece {
  enum class Kind : uint8_t {
    kBytes = 1,  // stand at `offset`, and nothing behind them
    kCut = 2,    // the file ends at `offset`: the rest was never durable
  };
  Kind kind = Kind::kBytes;
  uint64_t run = 0;  // of the journal
  std::string file;  // its name in the folder
  uint64_t offset = 0;
  std::string bytes;
  bool operator==(const JournalPiece&) const = default;
};
std::string EncodePiece(const JournalPiece& piece);
// DATA_LOSS: no piece, or one whose file's name is none of a segment. FAILED_PRECONDITION:
// of a newer build.
absl::StatusOr<JournalPiece> DecodePiece(std::string_view bytes);

struct JournalCopyOptions {
  bus::Bus& bus;
  MarkFile::Disk disk;
  std::string dir;        // of the journal
  std::string mark_file;  // where it keeps how far the bus has it
  std::string program;
  // Said at once: the records before this one were pruned before the bus had them, and the copy
  // begins, or goes on, with it.
  std::function<void(uint64_t sequence)> on_lost = [](uint64_t) {};
};

// The same journal, copied. On the executor's thread; `writer` is of `dir` and prepares no room.
std::unique_ptr<journal::Writer> CopyToBus(std::unique_ptr<journal::Writer> writer,
                                           JournalCopyOptions options);

}  // namespace gannet::runtime
