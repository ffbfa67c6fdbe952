// The command line of gannet news.
#pragma once

#include "apps/gannet/flags.h"
#include "apps/gannet/news_command.h"

namespace gannet::app {

struct NewsFlags {
  NewsIngestOptions ingest;
  NewsEvalOptions eval;
  NewsTrainOptions train;
};
void AddNews(CLI::App& app, NewsFlags& flags, const CommandDeps& deps);

}  // namespace gannet::app
