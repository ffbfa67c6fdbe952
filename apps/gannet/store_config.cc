#include "apps/gannet/store_config.h"

#include "apps/gannet/run_config.h"
#include "libs/base/status.h"
#include "libs/config/config.h"

namespace gannet::app {

absl::StatusOr<reporting::StoreConfig> StoreOfConfig(const std::string& path, base::Files& files) {
  GANNET_ASSIGN_OR_RETURN(const std::string text, files.Read(path));
  bool of_run = false;
  // Which of the two it is; what else is in it is read below.
  (void)config::LoadText(text, path, [&of_run](config::Section& in) {
    of_run = in.Has("reporting") || in.Has("market") || in.Has("limits");
  });
  if (of_run) {
    GANNET_ASSIGN_OR_RETURN(const RunConfig config, LoadRunConfig(path, files));
    return config.pipeline.reporting.store;
  }
  GANNET_ASSIGN_OR_RETURN(const auto config,
                          config::LoadText<reporting::ReportingConfig>(
                              text, path, [](config::Section& in, reporting::ReportingConfig& c) {
                                reporting::Read(in, c);
                              }));
  return config.store;
}

}  // namespace gannet::app
