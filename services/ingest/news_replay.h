// Headlines of a file as inputs of a replay: JSON lines or a table (news_table.h), plain or
// gzip, with the times at which they were published and received, or a saved RSS or Atom
// document. A headline without a received time is taken to have been received
// when it was published; one without either cannot be placed and is counted.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/files.h"
#include "libs/base/time.h"
#include "services/ingest/feed_parser.h"

namespace gannet::ingest {

struct NewsInput {
  base::Time receive_time;
  std::string bytes;  // for the port kNewsReplayPort
};

struct NewsReplayFile {
  std::vector<NewsInput> inputs;  // by receive time; the order of the file among equals
  uint64_t rejected = 0;          // lines that are no headline, entries without text, cut off or
                                  // beyond the limit
  uint64_t undated = 0;           // headlines without any time
  std::string first_problem;
};

inline constexpr uint64_t kMaxReplayHeadlines = 5'000'000;

struct NewsReplayOptions {
  base::Duration shift{0};               // moves all times
  std::optional<base::Time> undated_as;  // received then; absent: left out and counted
  FeedLimits limits;
};

// NOT_FOUND and the like from the file system; INVALID_ARGUMENT: neither JSON
// lines, a table nor a feed, or more headlines than the limit.
absl::StatusOr<NewsReplayFile> ReadNewsReplay(base::Files& files, const std::string& path,
                                              const NewsReplayOptions& options);

}  // namespace gannet::ingest
