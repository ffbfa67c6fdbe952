// Builds ingest: one market session for each configured venue, and news sources.
#pragma once

#include <memory>
#include <set>

#include "libs/runtime/service.h"
#include "services/ingest/config.h"

namespace gannet::ingest {

// The topics that its edges publish: no other process's come in beside them.
std::set<const bus::TopicInfo*> TopicsOfIngest();

// The secret and the certificate of the webhook, where there is one, as a start reads them.
absl::Status CheckFiles(base::Files& files, const IngestConfig& config);

std::unique_ptr<runtime::Service> BuildIngest(const IngestConfig& config, runtime::Deps& deps);

}  // namespace gannet::ingest
