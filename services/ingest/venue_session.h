// The live edge of one venue: fetches definitions, keeps the streams of listed symbols
// connected and fetches the snapshots that the engine wants, within the venue's request
// weights, or subscribes anew where the stream brings them.
// Everything it receives becomes an input of the shard; it decides nothing about
// market data.
#pragma once

#include <deque>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "libs/runtime/service.h"
#include "services/ingest/config.h"
#include "services/ingest/connection_slot.h"
#include "services/ingest/ingest_service.h"
#include "services/ingest/market_ingest.h"
#include "services/ingest/weight_budget.h"

namespace gannet::ingest {

inline constexpr size_t kMaxRequestsInFlight = 4;
inline constexpr size_t kMaxAnswerBytes = 64u << 20;

class VenueSession : public IngestPart {
 public:
  // `deps` must outlive it.
  VenueSession(VenueConfig config, runtime::Deps& deps);
  ~VenueSession() override;

  absl::Status Start() override;
  void Drain(std::function<void()> done) override;
  runtime::Health health() const override;

  const MarketIngest& market() const { return market_; }

 private:
  void Stop();
  VenueOptions EngineOptions() const;
  void Measure(telemetry::Metrics& metrics) const;
  venue::StreamSelection BookSelection() const;
  // Connects the streams of symbols that the venue has come to list.
  void ConnectListed();
  void AddSlots(const std::string& url, const std::vector<std::string>& streams);
  void FetchDefinitions();
  void FetchDefinitionsPage(const std::string& page);
  void OnDefinitions(const net::HttpResult& result);
  void WantSnapshot(const std::string& symbol);
  void PumpRequests();
  void Fetch(const std::string& path, base::Duration timeout,
             std::function<void(const net::HttpResult&)> done);
  // The answer as an input of the shard.
  void Deliver(const std::string& path, const net::HttpResult& result);
  void ArmPump(base::Duration delay);
  // Runs only while the session lives and is not stopped.
  std::function<void()> Guarded(std::function<void()> task) const;

  const VenueConfig config_;
  runtime::Deps& deps_;
  MarketIngest market_;
  net::Url rest_url_;
  net::ReconnectPolicy definitions_policy_;
  WeightBudget budget_;
  base::Rng slots_rng_{0};  // from Start on
  std::vector<std::unique_ptr<ConnectionSlot>> slots_;
  bool defined_ = false;             // definitions have come
  std::set<std::string> connected_;  // symbols whose streams are in a slot
  int pages_ = 0;                    // of the definitions that are coming
  std::string definitions_problem_;
  base::Duration definitions_timeout_;
  std::deque<std::string> wanted_;  // symbols whose snapshot is to be fetched
  std::set<std::string> queued_;
  size_t in_flight_ = 0;
  uint64_t requests_ = 0;
  telemetry::Metrics::Collector metrics_;
  base::TimerId pump_ = base::TimerId::kNone, refresh_ = base::TimerId::kNone;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace gannet::ingest
