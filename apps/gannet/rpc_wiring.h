// The RPC server of `gannet run`: every area of the services that this process hosts.
#pragma once

#include <memory>
#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "apps/gannet/pipeline.h"
#include "libs/api/rpc_service.h"
#include "libs/runtime/process.h"

namespace gannet::app {

class RpcWiring {
 public:
  // After the pipeline, before the process runs. `started`: for people.
  static absl::StatusOr<std::unique_ptr<RpcWiring>> Build(
      const api::RpcConfig& config, const PipelineConfig& pipeline_config, const Pipeline& pipeline,
      const std::set<std::string>& services, std::string config_hash, std::string config_text,
      runtime::Process& process);
  ~RpcWiring();

  // Hands the service over: to be started last, so that it drains first.
  std::unique_ptr<runtime::Service> TakeService();

 private:
  RpcWiring();
  struct Extras;  // what only engines know; outlives the service
  std::unique_ptr<Extras> extras_;
  std::unique_ptr<api::RpcService> service_;
};

}  // namespace gannet::app
