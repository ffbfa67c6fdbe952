#include "services/ingest/app.h"

#include <utility>
#include <vector>

#include "libs/base/status.h"
#include "libs/bus/topics.h"
#include "libs/config/secret.h"
#include "libs/net/certificate.h"
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

absl::Status CheckFiles(base::Files& files, const IngestConfig& config) {
  const NewsWebhookConfig& webhook = config.news.webhook;
  if (webhook.name.empty()) return absl::OkStatus();
  GANNET_RETURN_IF_ERROR(
      config::ReadSecret(files, webhook.secret_file, "webhook.secret_file").status());
  if (webhook.certificate_file.empty()) return absl::OkStatus();
  return net::ReadCertificate({webhook.certificate_file, webhook.key_file, ""}).status();
}

std::unique_ptr<runtime::Service> BuildIngest(const IngestConfig& config, runtime::Deps& deps) {
  std::vector<std::unique_ptr<IngestPart>> parts;
  for (const VenueConfig& venue : config.venues)
    parts.push_back(std::make_unique<VenueSession>(venue, deps));
  parts.push_back(std::make_unique<NewsPart>(config.news, deps));
  return std::make_unique<IngestService>(std::move(parts));
}

}  // namespace gannet::ingest
