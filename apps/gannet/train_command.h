// `gannet train`: a small direction model from recorded or simulated books, stored as a new
// version in the registry with its scores beside the baselines.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/files.h"
#include "libs/base/time.h"

namespace gannet::app {

struct TrainOptions {
  std::vector<std::string> captures;
  std::vector<std::string> journals;  // journal folders of earlier runs
  // Markets that venue-sim makes for this on virtual time, each so long.
  std::vector<uint64_t> simulated_seeds;
  base::Duration simulated_length = std::chrono::minutes(30);
  std::string registry;
  std::string name = "direction";
  std::string alias;  // moved to the new version; empty: none
  base::Duration horizon = std::chrono::seconds(10);
  std::string code_version;
};

absl::Status Train(const TrainOptions& options, base::Files& files, std::ostream& out);

}  // namespace gannet::app
