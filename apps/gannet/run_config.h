// The configuration of `gannet run`: one YAML file with a section a service; the
// strategies and the limits are files of their own that it names.
#pragma once

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "apps/gannet/pipeline.h"
#include "libs/api/rpc_service.h"
#include "libs/base/files.h"
#include "services/ingest/config.h"

namespace gannet::app {

struct RunConfig {
  PipelineConfig pipeline;
  ingest::IngestConfig ingest;
  api::RpcConfig rpc;
  bool uses_venue_sim = false;               // the market is the simulator that `run` starts
  std::string mode;                          // for people: "paper on venue-sim"
  std::string hash;                          // SHA-256 of all files read, hex
  std::string file;                          // the first of them, which names the others
  std::map<std::string, std::string> texts;  // of each, by path
};

// The folder of the running program: what is installed beside it is found from here.
std::string OwnFolder();

// Every error of all files together. An empty path: config/gannet.yaml beside the
// program or in a folder above it.
absl::StatusOr<RunConfig> LoadRunConfig(const std::string& path, base::Files& files);

// Fills in the addresses and keys of the simulator from its ready line and its data
// folder.
absl::Status PointAtVenueSim(const std::string& ready_line, const std::string& data_dir,
                             RunConfig& config);

}  // namespace gannet::app
