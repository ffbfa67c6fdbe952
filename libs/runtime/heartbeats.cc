#include "libs/runtime/heartbeats.h"

#include <utility>

#include "absl/strings/str_join.h"
#include "libs/bus/heartbeat_topic.h"
#include "libs/wire/canonical.h"

namespace gannet::runtime {
namespace {

market::ServiceState StateOf(const Health& health) {
  switch (health.state) {
    case HealthState::kServing:
      return market::ServiceState::kReady;
    case HealthState::kDegraded:
      return market::ServiceState::kDegraded;
    case HealthState::kNotServing:
      return market::ServiceState::kNotReady;
  }
  return market::ServiceState::kNotReady;
}

}  // namespace

Heartbeats::Heartbeats(Shard& shard, base::Time started)
    : shard_(shard),
      started_(started),
      port_(shard.AddInput(kPort, [this](std::string_view bytes, const market::Header& cause) {
        wire::CanonicalReader in(bytes);
        for (uint32_t left = in.U32(); left > 0 && in.ok(); --left) {
          auto beat = wire::Decode<market::Heartbeat>(in.Bytes());
          if (beat.ok()) shard_.Publish(bus::kHeartbeats, std::move(beat->value), cause);
        }
      })) {}

void Heartbeats::Beat(const std::vector<const Service*>& services, bool stopping, base::Time now) {
  ++sequence_;
  wire::CanonicalWriter out;
  out.U32(static_cast<uint32_t>(services.size()));
  for (const Service* service : services) {
    const Health health = service->health();
    market::Event<market::Heartbeat> beat;
    beat.value = {.service = std::string(service->name()),
                  .shard = shard_.options().name,
                  .started = started_,
                  .sequence = sequence_,
                  .state = stopping ? market::ServiceState::kStopping : StateOf(health),
                  .detail = absl::StrJoin(health.reasons, "; "),
                  .models = service->models()};
    out.Bytes(wire::Encode(beat));
  }
  shard_.Deliver(port_, out.Take(), now);
}

}  // namespace gannet::runtime
