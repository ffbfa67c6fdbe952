#include "services/ingest/app.h"

#include <utility>
#include <vector>

#include "services/ingest/ingest_service.h"
#include "services/ingest/venue_session.h"

namespace gannet::ingest {

std::unique_ptr<runtime::Service> BuildIngest(const IngestConfig& config, runtime::Deps& deps) {
  std::vector<std::unique_ptr<IngestPart>> parts;
  for (const VenueConfig& venue : config.venues) parts.push_back(std::make_unique<VenueSession>(venue, deps));
  return std::make_unique<IngestService>(std::move(parts));
}

}  // namespace gannet::ingest
