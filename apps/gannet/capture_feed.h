// Recorded captures as the inputs of one shard: the files merged in the order of
// architecture ("a turn"), each line handed to the ingest engine of its venue.
#pragma once

#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "apps/gannet/replay_feed.h"
#include "libs/base/files.h"
#include "services/ingest/capture.h"
#include "services/ingest/market_ingest.h"

namespace gannet::app {

struct CaptureFeedOptions {
  std::vector<std::string> captures;
  std::vector<std::string> instruments;  // exchangeInfo answers
  bool accept_truncated = false;
};

class CaptureFeed : public ReplayFeed {
 public:
  static absl::StatusOr<std::unique_ptr<CaptureFeed>> Open(const CaptureFeedOptions& options,
                                                           base::Files& files);

  std::optional<base::Time> next_time() const override;
  base::Time first_time() const override { return first_time_; }

  // Builds the venues' engines into the host.
  void Attach(VirtualHost& host) override;
  absl::Status Step() override;
  void Finish() override;

  uint64_t inputs() const override { return inputs_; }
  const std::vector<std::unique_ptr<ingest::MarketIngest>>& venues() const { return venues_; }
  // Per instrument: agreement of the book with the venue's own ticker and each row
  // that differs; counters of what was refused; what is wrong with the files.
  void Report(std::ostream& out) const override;

 private:
  explicit CaptureFeed(ingest::CaptureSet set) : set_(std::move(set)) {}
  absl::Status Advance();

  ingest::CaptureSet set_;
  std::optional<ingest::CaptureLine> next_;
  base::Time first_time_{};
  uint64_t inputs_ = 0;
  std::vector<std::unique_ptr<ingest::MarketIngest>> venues_;
  std::vector<ingest::MarketIngest*> venue_pointers_;
};

}  // namespace gannet::app
