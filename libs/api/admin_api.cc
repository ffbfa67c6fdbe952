#include "libs/api/admin_api.h"

#include <memory>

#include "gannet/ops/v1/admin_service.pb.h"
#include "libs/base/concat.h"
#include "libs/bus/topics.h"

namespace gannet::api {
namespace {

namespace pb = ::gannet::ops::v1;

struct Parts : AdminParts {
  bool verifying = false;  // one at a time
};

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

// Reads it on the background executor while this process goes on writing it.
void Verify(const std::shared_ptr<Parts>& parts, const rpc::CallPtr& call) {
  if (parts->journal == nullptr || parts->background == nullptr)
    return call->End(absl::FailedPreconditionError("this process keeps no journal"));
  if (std::exchange(parts->verifying, true)) {
    return call->End(
        absl::ResourceExhaustedError("the journal is being verified already; ask again later"));
  }
  parts->background->Post([parts, call] {
    absl::Status status;
    pb::VerifyJournalResponse response;
    if (auto reader = journal::Reader::Open(*parts->files, parts->journal_dir); !reader.ok()) {
      status = reader.status();
    } else {
      const journal::Verification found = (*reader)->Verify();
      response.set_records(found.records);
      response.set_first_sequence(found.first_sequence);
      response.set_valid_prefix(found.valid_prefix);
      // An unfinished tail is what is being written.
      if (!found.ok() && !found.tail_only) {
        response.set_bad_file(*found.bad_file);
        response.set_bad_offset(found.bad_offset);
        response.set_bad_reason(found.bad_reason);
      }
    }
    parts->executor->Post([parts, call, status, response] {
      parts->verifying = false;
      if (!status.ok()) return call->End(status);
      call->Reply(response);
    });
  });
}

}  // namespace

void ServeAdmin(rpc::Server& server, AdminParts moved) {
  const auto parts = std::make_shared<Parts>(Parts{std::move(moved)});
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
  server.Handle<pb::GetConfigRequest>(
      "gannet.ops.v1.AdminService/GetConfig",
      [parts](const rpc::CallPtr& call, const pb::GetConfigRequest&) {
        pb::GetConfigResponse response;
        response.set_yaml(parts->config_text);
        response.set_config_hash(parts->config_hash);
        call->Reply(response);
      });
  server.Handle<pb::VerifyJournalRequest>(
      "gannet.ops.v1.AdminService/VerifyJournal",
      [parts](const rpc::CallPtr& call, const pb::VerifyJournalRequest&) { Verify(parts, call); });
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
