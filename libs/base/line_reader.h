// Lines of a text file, plain or gzip (told by its first two bytes), read a block
// at a time: memory is one block, one inflate window and one line.
//
// Single-threaded.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/base/files.h"

namespace gannet::base {

struct Line {
  std::string_view text;  // without "\n" or "\r\n"; valid until the next call
  uint64_t number = 0;    // from 1
  bool too_long = false;  // `text` is only the first bytes
};

class LineReader {
 public:
  // `files` must outlive the reader. NOT_FOUND and the like from the file system.
  static absl::StatusOr<std::unique_ptr<LineReader>> Open(Files& files, std::string path,
                                                          size_t max_line_bytes);
  ~LineReader();

  // The next line; nothing at the end. A last line without a newline counts, an
  // empty rest does not. DATA_LOSS once all that could be read has been returned:
  // the compressed data is damaged, or ends inside a member (truncated()).
  absl::StatusOr<std::optional<Line>> Next();
  bool truncated() const;

 private:
  class Impl;
  explicit LineReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace gannet::base
