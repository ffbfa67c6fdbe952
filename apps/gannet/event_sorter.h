// Puts recorded events in order of their keys, however many there are: what does not
// fit into memory goes to sorted files in a scratch folder, which are then merged.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/files.h"

namespace gannet::app {

struct EventKey {
  int64_t time = 0;       // engine time of who published it, ns
  uint64_t sequence = 0;  // of its id: the order in which a process published
  uint64_t stream = 0;
  uint32_t topic = 0;  // in the order of the table
  uint32_t partition = 0;
  uint64_t offset = 0;
  auto operator<=>(const EventKey&) const = default;
};

struct SortedEvent {
  EventKey key;
  std::string bytes;
  bool operator<(const SortedEvent& other) const { return key < other.key; }
};

class EventSorter {
 public:
  static constexpr size_t kDefaultMemory = 256u << 20;
  // The folder is made when it is needed, and what is put there removed again.
  EventSorter(base::Files& files, std::string scratch, size_t max_bytes = kDefaultMemory);
  ~EventSorter();
  EventSorter(const EventSorter&) = delete;
  EventSorter& operator=(const EventSorter&) = delete;

  absl::Status Add(EventKey key, std::string bytes);
  // No more come.
  absl::Status Finish();
  // In order; nothing at the end. After Finish.
  absl::StatusOr<std::optional<SortedEvent>> Next();
  size_t runs() const { return runs_.size(); }

 private:
  // A sorted file that is read from its beginning.
  struct Run {
    std::string path;
    uint64_t read_to = 0;
    std::string buffer;
    size_t at = 0;  // in the buffer
    std::optional<SortedEvent> head;
  };
  absl::Status Spill();
  absl::Status Advance(Run& run);
  absl::StatusOr<bool> Fill(Run& run, size_t wanted);

  base::Files& files_;
  const std::string scratch_, name_;  // nobody else's in that folder
  const size_t max_bytes_;
  std::vector<SortedEvent> held_;
  size_t held_bytes_ = 0, at_ = 0;
  std::vector<Run> runs_;
};

}  // namespace gannet::app
