// What only news-signal can answer of gannet.news.v1.SignalService: how its classifier
// reads a text. The rest is libs/api/signal_api.h.
#pragma once

#include <cstddef>

#include "libs/rpc/server.h"
#include "libs/runtime/shard.h"
#include "services/news-signal/news_signal_engine.h"

namespace gannet::news_signal {

inline constexpr size_t kMaxTitleBytes = 4 << 10, kMaxSummaryBytes = 64 << 10;

// Nothing is kept or published. `engine` and `shard` outlive the server.
void ServeClassifyText(rpc::Server& server, const NewsSignalEngine& engine,
                       const runtime::Shard& shard);

}  // namespace gannet::news_signal
