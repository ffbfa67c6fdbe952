// Builds ingest: one market session for each configured venue, and news sources.
#pragma once

#include <memory>

#include "libs/runtime/service.h"
#include "services/ingest/config.h"

namespace gannet::ingest {

std::unique_ptr<runtime::Service> BuildIngest(const IngestConfig& config, runtime::Deps& deps);

}  // namespace gannet::ingest
