// How far somebody who folds a journal into a store of its own has come, in a file of the
// journal's folder: what is not stored there is not pruned. The file may lag behind.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gannet::journal {

struct ReadMark {
  uint64_t run = 0;       // of the journal
  uint64_t sequence = 0;  // records up to this one are stored
};

inline std::string ReadMarkPath(std::string_view dir) { return std::string(dir) + "/stored-up-to"; }

inline std::string ToText(const ReadMark& mark) {
  return std::to_string(mark.run) + " " + std::to_string(mark.sequence) + "\n";
}

// Nothing: it is no mark.
inline std::optional<ReadMark> ParseReadMark(std::string_view text) {
  ReadMark mark;
  const char* const end = text.data() + text.size();
  const auto run = std::from_chars(text.data(), end, mark.run);
  if (run.ec != std::errc() || run.ptr == end || *run.ptr != ' ') return std::nullopt;
  const auto sequence = std::from_chars(run.ptr + 1, end, mark.sequence);
  if (sequence.ec != std::errc()) return std::nullopt;
  return mark;
}

}  // namespace gannet::journal
