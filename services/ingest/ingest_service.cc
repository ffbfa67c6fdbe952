#include "services/ingest/ingest_service.h"

#include <algorithm>

#include "libs/base/status.h"

namespace gannet::ingest {

absl::Status IngestService::Start() {
  for (const auto& part : parts_) GANNET_RETURN_IF_ERROR(part->Start());
  return absl::OkStatus();
}

void IngestService::Drain(std::function<void()> done) {
  auto waiting = std::make_shared<size_t>(parts_.size());  // shared with each part's answer
  if (parts_.empty()) return done();
  for (const auto& part : parts_) {
    part->Drain([waiting, done] {
      if (--*waiting == 0) done();
    });
  }
}

runtime::Health IngestService::health() const {
  runtime::Health sum{runtime::HealthState::kServing, {}};
  for (const auto& part : parts_) {
    runtime::Health health = part->health();
    sum.state = std::max(sum.state, health.state);
    for (std::string& reason : health.reasons) sum.reasons.push_back(std::move(reason));
  }
  return sum;
}

}  // namespace gannet::ingest
