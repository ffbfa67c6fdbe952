#include "libs/api/admin_api.h"

#include <memory>

#include "gannet/ops/v1/admin_service.pb.h"
#include "libs/base/concat.h"
#include "libs/bus/topics.h"

namespace gannet::api {
namespace {

namespace pb = ::gannet::ops::v1;

pb::HealthState ToProto(runtime::HealthState state) {
  switch (state) {
    case runtime::HealthState::kServing:
      return pb::HEALTH_STATE_SERVING;
    case runtime::HealthState::kDegraded:
      return pb::HEALTH_STATE_DEGRADED;
    case runtime::HealthState::kNotServing:
      break;
  }
  return pb::HEALTH_STATE_NOT_SERVING;
}

}  // namespace

void ServeAdmin(rpc::Server& server, AdminParts moved) {
  const auto parts = std::make_shared<AdminParts>(std::move(moved));
  server.Handle<pb::GetStatusRequest>(
      "gannet.ops.v1.AdminService/GetStatus",
      [parts](const rpc::CallPtr& call, const pb::GetStatusRequest&) {
        pb::GetStatusResponse response;
        response.set_build_id(parts->build_id);
        response.set_config_hash(parts->config_hash);
        response.set_run(parts->shard.options().run);
        response.set_epoch(parts->shard.options().start_epoch);
        response.set_started_ns(base::UnixNanos(parts->started));
        response.set_engine_time_ns(base::UnixNanos(parts->shard.now()));
        for (const auto& [name, health] : parts->health()) {
          pb::ServiceHealth& row = *response.add_services();
          row.set_service(name);
          row.set_state(ToProto(health.state));
          for (const std::string& reason : health.reasons) row.add_reasons(reason);
        }
        response.set_journal_sequence(parts->shard.sequence());
        if (parts->journal != nullptr)
          response.set_durable_sequence(parts->journal->durable_sequence());
        call->Reply(response);
      });
  server.Handle<pb::DrainRequest>(
      "gannet.ops.v1.AdminService/Drain",
      [parts](const rpc::CallPtr& call, const pb::DrainRequest& request) {
        if (request.timeout_ns() != 0) {
          return call->End(absl::UnimplementedError(
              "the drain takes the time that is configured; leave timeout_ns out"));
        }
        call->Reply(pb::DrainResponse());
        parts->drain(base::Concat({call->caller().person, " asked for it: ", request.reason()}));
      });
  server.Handle<pb::CreateSnapshotRequest>(
      "gannet.ops.v1.AdminService/CreateSnapshot",
      [parts](const rpc::CallPtr& call, const pb::CreateSnapshotRequest&) {
        if (parts->journal == nullptr)
          return call->End(absl::FailedPreconditionError("this process keeps no journal"));
        const base::Sha256Digest hash = parts->shard.StateHash();
        if (absl::Status written = parts->shard.WriteSnapshot(); !written.ok())
          return call->End(written);
        pb::CreateSnapshotResponse response;
        response.set_sequence(parts->shard.sequence());
        response.set_state_hash(std::string(hash.begin(), hash.end()));
        call->Reply(response);
      });
  server.Handle<pb::ListTopicsRequest>("gannet.ops.v1.AdminService/ListTopics",
                                       [](const rpc::CallPtr& call, const pb::ListTopicsRequest&) {
                                         pb::ListTopicsResponse response;
                                         for (const bus::TopicInfo* topic : bus::AllTopics()) {
                                           pb::TopicStatus& row = *response.add_topics();
                                           row.set_topic(std::string(topic->name));
                                           row.set_partitions(topic->partitions);
                                         }
                                         call->Reply(response);
                                       });
}

}  // namespace gannet::api
