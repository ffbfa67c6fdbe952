// The news path in miniature: sources, ingest and news-signal in one shard on
// virtual time, for `gannet news ingest`.
#pragma once

#include <iosfwd>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "apps/gannet/news_command.h"

namespace gannet::app {

class NewsIngestRun {
 public:
  NewsIngestRun(const NewsIngestOptions& options, base::Files& files, const base::Clock& clock,
                std::ostream& out, std::ostream& diagnostics);
  ~NewsIngestRun();

  absl::Status Open();
  // A file or an address.
  absl::Status Take(const std::string& input);
  // Counts of all, to `diagnostics`.
  void Report();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace gannet::app
