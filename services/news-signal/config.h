// Settings of news-signal.
#pragma once

#include <string>

#include "libs/base/time.h"
#include "libs/config/config.h"

namespace gannet::news_signal {

struct NewsSignalConfig {
  std::string dictionary_file;                     // empty: the one built in
  std::string model_file;                          // empty: the one built in
  base::Duration window = std::chrono::hours(48);  // how long a story is remembered, event time
  uint64_t max_stories = 10'000;
  uint32_t same_story_ppm = 550'000;  // similarity from which on a headline repeats an earlier one
  uint32_t related_story_ppm = 250'000;  // … a correction or retraction is taken to mean it
};

void Read(config::Section& in, NewsSignalConfig& out);

}  // namespace gannet::news_signal
