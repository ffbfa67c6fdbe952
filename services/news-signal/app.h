// Assembles the service from its configuration and what the process hands in.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "libs/base/files.h"
#include "services/news-signal/config.h"
#include "services/news-signal/news_signal_service.h"

namespace gannet::news_signal {

// The dictionary and model that the configuration names, or those built in.
// INVALID_ARGUMENT, DATA_LOSS, NOT_FOUND with the file's name.
absl::StatusOr<std::shared_ptr<const Classifier>> LoadClassifier(const NewsSignalConfig& config,
                                                                 base::Files& files);

// What a journal segment states of it: "news-dictionary" and "news-model".
std::map<std::string, std::string> VersionsOf(const Classifier& classifier);

std::unique_ptr<NewsSignalService> BuildNewsSignal(const NewsSignalConfig& config,
                                                   runtime::Deps& deps,
                                                   std::shared_ptr<const Classifier> classifier);
// Loads the classifier too.
absl::StatusOr<std::unique_ptr<NewsSignalService>> BuildNewsSignal(const NewsSignalConfig& config,
                                                                   runtime::Deps& deps);

}  // namespace gannet::news_signal
