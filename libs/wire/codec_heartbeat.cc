#include "gannet/ops/v1/heartbeat.pb.h"
#include "libs/market/heartbeat.h"
#include "libs/wire/conversion.h"

namespace gannet::wire {
namespace {

namespace pb = ::gannet::ops::v1;
using market::ServiceState;

constexpr EnumTable<ServiceState, pb::ServiceState, 4> kServiceStates({
    {ServiceState::kReady, pb::SERVICE_STATE_READY},
    {ServiceState::kDegraded, pb::SERVICE_STATE_DEGRADED},
    {ServiceState::kNotReady, pb::SERVICE_STATE_NOT_READY},
    {ServiceState::kStopping, pb::SERVICE_STATE_STOPPING},
});

}  // namespace

template <>
struct Convert<market::Heartbeat> {
  using Envelope = pb::HeartbeatEvent;

  using Proto = pb::Heartbeat;

  static void Write(const market::Heartbeat& value, MessageWriter& out) {
    out.Text(Proto::kServiceFieldNumber, value.service);
    out.Text(Proto::kShardFieldNumber, value.shard);
    out.Time(Proto::kStartedNsFieldNumber, value.started);
    out.Unsigned(Proto::kSequenceFieldNumber, value.sequence);
    out.Enum(Proto::kStateFieldNumber, kServiceStates.ToProto(value.state));
    out.Text(Proto::kDetailFieldNumber, value.detail);
    for (const market::ModelHealth& model : value.models) {
      out.Message(Proto::kModelsFieldNumber, [&](MessageWriter& part) {
        using Model = pb::ModelHealth;
        part.Text(Model::kModelFieldNumber, model.model);
        part.Unsigned(Model::kScoredFieldNumber, model.scored);
        part.Unsigned(Model::kFailedFieldNumber, model.failed);
        part.Time(Model::kNewestNsFieldNumber, model.newest);
        part.Enum(Model::kDriftFieldNumber, kDriftStates.ToProto(model.drift));
      });
    }
  }

  static market::Heartbeat From(const pb::Heartbeat& message, Problem& problem) {
    market::Heartbeat value;
    value.service = problem.RequiredText<std::string>(message.service(), "value.service");
    value.shard = message.shard();
    value.started = base::FromUnixNanos(message.started_ns());
    value.sequence = message.sequence();
    value.state = problem.Enum(kServiceStates, message.state(), "value.state");
    value.detail = message.detail();
    for (const pb::ModelHealth& model : message.models()) {
      value.models.push_back(
          {.model = model.model(),
           .scored = model.scored(),
           .failed = model.failed(),
           .newest = base::FromUnixNanos(model.newest_ns()),
           .drift = problem.Enum(kDriftStates, model.drift(), "value.models.drift")});
    }
    return value;
  }
};

GANNET_WIRE_INSTANTIATE(market::Heartbeat);

}  // namespace gannet::wire
