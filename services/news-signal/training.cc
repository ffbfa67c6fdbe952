#include "services/news-signal/training.h"

#include "libs/base/status.h"
#include "services/news-signal/embedded.h"

namespace gannet::news_signal {

absl::StatusOr<std::vector<LabelledHeadline>> ShippedCorpus() {
  std::vector<LabelledHeadline> all;
  for (const std::string_view text : EmbeddedCorpus()) {
    GANNET_ASSIGN_OR_RETURN(const std::vector<LabelledHeadline> part, ParseCorpus(text));
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

absl::StatusOr<TrainResult> TrainShippedModel() {
  GANNET_ASSIGN_OR_RETURN(const Dictionary dictionary, Dictionary::Parse(EmbeddedDictionary()));
  GANNET_ASSIGN_OR_RETURN(const std::vector<LabelledHeadline> corpus, ShippedCorpus());
  return TrainModel(corpus, dictionary, std::string(EmbeddedLexicon()), {});
}

}  // namespace gannet::news_signal
