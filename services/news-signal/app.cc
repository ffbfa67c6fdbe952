#include "services/news-signal/app.h"

#include <utility>

#include "libs/base/status.h"
#include "services/news-signal/embedded.h"

namespace gannet::news_signal {

absl::StatusOr<std::shared_ptr<const Classifier>> LoadClassifier(const NewsSignalConfig& config,
                                                                 base::Files& files) {
  std::string dictionary_text(EmbeddedDictionary()), model_bytes(EmbeddedModel());
  if (!config.dictionary_file.empty()) {
    GANNET_ASSIGN_OR_RETURN(dictionary_text, files.Read(config.dictionary_file));
  }
  if (!config.model_file.empty()) {
    GANNET_ASSIGN_OR_RETURN(model_bytes, files.Read(config.model_file));
  }
  absl::StatusOr<Dictionary> dictionary = Dictionary::Parse(dictionary_text);
  if (!dictionary.ok()) return base::Annotate(dictionary.status(), config.dictionary_file);
  absl::StatusOr<Model> model = Model::Parse(model_bytes);
  if (!model.ok()) return base::Annotate(model.status(), config.model_file);
  return std::make_shared<const Classifier>(*std::move(dictionary), *std::move(model));
}

std::map<std::string, std::string> VersionsOf(const Classifier& classifier) {
  return {{"news-dictionary", classifier.dictionary().version()},
          {"news-model", classifier.model().version()}};
}

std::unique_ptr<NewsSignalService> BuildNewsSignal(const NewsSignalConfig& config,
                                                   runtime::Deps& deps,
                                                   std::shared_ptr<const Classifier> classifier) {
  return std::make_unique<NewsSignalService>(config, deps, std::move(classifier));
}

absl::StatusOr<std::unique_ptr<NewsSignalService>> BuildNewsSignal(const NewsSignalConfig& config,
                                                                   runtime::Deps& deps) {
  GANNET_ASSIGN_OR_RETURN(const std::shared_ptr<const Classifier> classifier,
                          LoadClassifier(config, deps.files));
  return BuildNewsSignal(config, deps, classifier);
}

}  // namespace gannet::news_signal
