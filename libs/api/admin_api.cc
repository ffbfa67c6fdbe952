#include "libs/api/admin_api.h"

#include <memory>

#include "gannet/ops/v1/admin_service.pb.h"
#include "libs/base/concat.h"
#include "libs/bus/topics.h"
#include "libs/rpc/error.h"

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

std::map<std::string, uint64_t> CountersOf(const rpc::Server& server) {
  const rpc::Server::Stats& stats = server.stats();
  return {{"rpc_calls", stats.calls},
          {"rpc_refused", stats.refused},
          {"rpc_failed", stats.failed},
          {"rpc_streams", stats.streams},
          {"rpc_slow_clients", stats.slow_clients},
          {"rpc_certificates_reloaded", server.certificate_stats().reloaded},
          {"rpc_certificates_refused", server.certificate_stats().refused}};
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

void Resolve(const std::shared_ptr<Parts>& parts, const rpc::CallPtr& call,
             const pb::ResolveRecordRequest& request) {
  if (parts->bus == nullptr || parts->background == nullptr || parts->log == nullptr)
    return call->End(absl::FailedPreconditionError("this process has no bus"));
  const bus::TopicInfo* topic = bus::FindTopic(request.topic());
  if (topic == nullptr) return call->End(rpc::BadField("topic", "is none; ListTopics names them"));
  if (!topic->order_shard) {
    return call->End(rpc::BadField(
        "topic", "never stands still: its poison is put aside; see gannet topics letters"));
  }
  if (request.reason().empty()) return call->End(rpc::BadField("reason", "is empty; say why"));
  const bool skip = request.resolution() == pb::RECORD_RESOLUTION_SKIP;
  if (!skip && request.resolution() != pb::RECORD_RESOLUTION_RETRY)
    return call->End(rpc::BadField("resolution", "is neither skip nor retry"));
  parts->bus->ResolveHalted(
      *topic, {.partition = request.partition(), .offset = request.offset()},
      {.resolution = skip ? bus::Resolution::kSkip : bus::Resolution::kRetry,
       .group = request.group(),
       .person = call->caller().person,
       .reason = request.reason()},
      *parts->background, [parts, call, request, skip](const absl::Status& status) {
        if (!status.ok()) return call->End(status);
        parts->log->Warning("record_resolved", {{"topic", request.topic()},
                                                {"partition", request.partition()},
                                                {"offset", request.offset()},
                                                {"skip", skip},
                                                {"person", call->caller().person},
                                                {"reason", request.reason()}});
        call->Reply(pb::ResolveRecordResponse());
      });
}

// Proto counts from 1.
void SetLevel(const std::shared_ptr<Parts>& parts, const rpc::CallPtr& call,
              const pb::SetLogLevelRequest& request) {
  if (parts->log == nullptr)
    return call->End(absl::FailedPreconditionError("this process keeps no log"));
  if (request.level() < pb::LOG_LEVEL_DEBUG || request.level() > pb::LOG_LEVEL_ERROR)
    return call->End(rpc::BadField("level", "is none of debug, info, warning, error"));
  const auto level = static_cast<telemetry::Level>(request.level() - pb::LOG_LEVEL_DEBUG);
  const telemetry::Level before = parts->log->level();
  parts->log->SetLevel(telemetry::Level::kInfo);
  parts->log->Info("log_level", {{"level", telemetry::LevelName(level)},
                                 {"before", telemetry::LevelName(before)},
                                 {"person", call->caller().person}});
  parts->log->SetLevel(level);
  pb::SetLogLevelResponse response;
  response.set_previous(static_cast<pb::LogLevel>(static_cast<int>(before) + pb::LOG_LEVEL_DEBUG));
  call->Reply(response);
}

}  // namespace

void ServeAdmin(rpc::Server& server, AdminParts moved) {
  const auto parts = std::make_shared<Parts>(Parts{std::move(moved)});
  server.Handle<pb::GetStatusRequest>(
      "gannet.ops.v1.AdminService/GetStatus",
      [parts, &server](const rpc::CallPtr& call, const pb::GetStatusRequest&) {
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
        std::map<std::string, uint64_t> counters = CountersOf(server);
        if (parts->counters) counters.merge(parts->counters());
        for (const auto& [name, value] : counters) {
          pb::Counter& row = *response.add_counters();
          row.set_name(name);
          row.set_value(value);
        }
        call->Reply(response);
      });
  server.Handle<pb::DrainRequest>(
      "gannet.ops.v1.AdminService/Drain",
      [parts](const rpc::CallPtr& call, const pb::DrainRequest& request) {
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
  server.Handle<pb::ResolveRecordRequest>(
      "gannet.ops.v1.AdminService/ResolveRecord",
      [parts](const rpc::CallPtr& call, const pb::ResolveRecordRequest& request) {
        Resolve(parts, call, request);
      });
  server.Handle<pb::SetLogLevelRequest>(
      "gannet.ops.v1.AdminService/SetLogLevel",
      [parts](const rpc::CallPtr& call, const pb::SetLogLevelRequest& request) {
        SetLevel(parts, call, request);
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
