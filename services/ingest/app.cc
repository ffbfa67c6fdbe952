#include "services/ingest/app.h"

#include <utility>
#include <vector>

#include "libs/bus/topics.h"
#include "services/ingest/ingest_service.h"
#include "services/ingest/news_ingest.h"
#include "services/ingest/venue_session.h"

namespace gannet::ingest {
namespace {

class NewsPart : public IngestPart {
 public:
  NewsPart(const NewsConfig& config, runtime::Deps& deps) : news_(config, deps) {}
  absl::Status Start() override { return news_.Start(); }
  void Drain(std::function<void()> done) override { news_.Drain(std::move(done)); }
  runtime::Health health() const override { return news_.health(); }

 private:
  NewsIngest news_;
};

}  // namespace

std::set<const bus::TopicInfo*> TopicsOfIngest() {
  return {&bus::kInstruments.info, &bus::kTrades.info,       &bus::kBooks.info,  &bus::kQuotes.info,
          &bus::kBars.info,        &bus::kMarketStatus.info, &bus::kNewsRaw.info};
}

std::unique_ptr<runtime::Service> BuildIngest(const IngestConfig& config, runtime::Deps& deps) {
  std::vector<std::unique_ptr<IngestPart>> parts;
  for (const VenueConfig& venue : config.venues)
    parts.push_back(std::make_unique<VenueSession>(venue, deps));
  parts.push_back(std::make_unique<NewsPart>(config.news, deps));
  return std::make_unique<IngestService>(std::move(parts));
}

}  // namespace gannet::ingest
