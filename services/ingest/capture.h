// Reads recorded Binance market data and yields it as the very inputs that a live
// session would have handed in, in one order over all files.
//
// Layouts (told apart by content, never by name; gzip or plain text):
//   "<ns> <message>"            receive time in ns since the epoch, then a frame or
//                               a REST depth snapshot
//   "<URL> <-> <time>"          a WebSocket was opened         (time: seconds since
//   "<time>: <message>"         a frame was received            the epoch with a
//   "<URL> <- <time>: <body>"   the client sent this (counted)  fraction)
//   "<URL> -> <time>: <body>"   a REST answer
//
// Files merge by (receive time, position on the command line, line).
//
// Single-threaded. Memory: one line and one inflate window a file. What is wrong
// with a file is never silent: unreadable lines are counted and the first ones
// quoted (FileReport), a damaged or cut file is DATA_LOSS from Next().
//
//   GANNET_ASSIGN_OR_RETURN(CaptureSet set, CaptureSet::Open(files, {{.path = "a.gz"}}, {}));
//   while (true) {
//     GANNET_ASSIGN_OR_RETURN(std::optional<CaptureLine> line, set.Next());
//     if (!line) break;
//     …
//   }
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/files.h"
#include "libs/base/time.h"
#include "libs/venue/binance/product.h"
#include "libs/wire/codec.h"

namespace gannet::ingest {

inline constexpr size_t kMaxCaptureLineBytes = 64u << 20;
inline constexpr size_t kMaxQuotedLines = 5;

struct CaptureFile {
  std::string path;
  // Overrides what the content says; needed only where it says nothing.
  std::optional<venue::binance::Product> product;
};

struct CaptureOptions {
  // exchangeInfo answers (JSON, plain or gzip): delivered before the first line,
  // at its receive time.
  std::vector<CaptureFile> instrument_files;
  // A file that ends inside a gzip member: false: DATA_LOSS at that place; true:
  // what could be read is used and the report says so.
  bool accept_truncated = false;
};

struct CaptureLine {
  base::Time receive_time;
  venue::binance::Product product = venue::binance::Product::kSpot;
  std::string venue;  // "binance-spot": names the input ports (ingest_service.h)
  // StreamEvent::connection is "capture/<file index>". HttpExchange carries the
  // request's path and query in the pseudo-header ":path".
  std::variant<wire::StreamEvent, wire::HttpExchange> input;
  size_t file = 0;    // index into the files given; instrument files come after them
  uint64_t line = 0;  // from 1
};

struct FileReport {
  std::string path;
  venue::binance::Product product = venue::binance::Product::kSpot;
  bool product_given = false;  // by the caller
  uint64_t lines = 0, frames = 0, answers = 0, opened = 0, sent = 0, blank = 0;
  uint64_t notes = 0;            // recorder's own lines ("configuration: …")
  uint64_t bad = 0;              // lines of no known layout
  uint64_t times_went_back = 0;  // lines received before one above them
  uint64_t went_back_line = 0;   // the first of them,
  base::Time went_back_from, went_back_to;
  uint64_t unattributed = 0;  // snapshots without a symbol in a file of several
  bool truncated = false;
  std::vector<std::string> quoted;  // "line 17: no receive time: {\"stre…"
  base::Time first_time, last_time;
};

class CaptureSet {
 public:
  // NOT_FOUND, INVALID_ARGUMENT (layout or product cannot be told: says which file
  // and how to state it), DATA_LOSS. `files` must outlive the set.
  static absl::StatusOr<CaptureSet> Open(base::Files& files, std::vector<CaptureFile> captures,
                                         CaptureOptions options);
  CaptureSet(CaptureSet&&) noexcept;
  CaptureSet& operator=(CaptureSet&&) noexcept;
  ~CaptureSet();

  // The next input; nothing at the end of all files.
  absl::StatusOr<std::optional<CaptureLine>> Next();

  // Complete once Next() has returned nothing. Instrument files come last.
  std::vector<FileReport> reports() const;
  // Venue and product of all files, each once, in order of first mention.
  std::vector<std::pair<std::string, venue::binance::Product>> venues() const;

 private:
  class Impl;
  explicit CaptureSet(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace gannet::ingest
