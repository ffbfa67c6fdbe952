#include "services/news-signal/config.h"

namespace gannet::news_signal {

void Read(config::Section& in, NewsSignalConfig& out) {
  using namespace std::chrono_literals;
  in.OptionalPath("dictionary", out.dictionary_file);
  in.OptionalPath("model", out.model_file);
  in.Optional("window", out.window,
              config::Between(base::Duration(1min), base::Duration(14 * 24h)));
  in.Optional("max_stories", out.max_stories, config::Between(uint64_t{100}, uint64_t{200'000}));
  config::Ppm same{out.same_story_ppm}, related{out.related_story_ppm};
  in.Optional("same_story", same, config::Between(config::Ppm{100'000}, config::Ppm{1'000'000}));
  in.Optional("related_story", related,
              config::Between(config::Ppm{50'000}, config::Ppm{1'000'000}));
  out.same_story_ppm = static_cast<uint32_t>(same.value);
  out.related_story_ppm = static_cast<uint32_t>(related.value);
  if (out.related_story_ppm > out.same_story_ppm)
    in.Problem("related_story", "must not be above same_story");
}

}  // namespace gannet::news_signal
