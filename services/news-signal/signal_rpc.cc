#include "services/news-signal/signal_rpc.h"

#include <utility>

#include "gannet/news/v1/signal_service.pb.h"
#include "libs/rpc/error.h"
#include "libs/wire/codec.h"

namespace gannet::news_signal {
namespace {

namespace pb = ::gannet::news::v1;

// No source has this name, so no story is taken for an earlier version of the text.
constexpr char kSource[] = "rpc:classify";

absl::StatusOr<pb::NewsSignal> Classify(const NewsSignalEngine& engine,
                                        const pb::ClassifyTextRequest& request, base::Time now) {
  if (request.title().empty() || request.title().size() > kMaxTitleBytes)
    return rpc::BadField("title", "give 1 byte to 4 KiB of text");
  if (request.summary().size() > kMaxSummaryBytes)
    return rpc::BadField("summary", "give at most 64 KiB of text");
  market::Event<market::NewsItem> item;
  item.header.event_time = item.header.receive_time = now;
  item.value.source = kSource;
  item.value.title = request.title();
  item.value.summary = request.summary();
  item.value.published = item.value.received = now;
  Decision decision = engine.Decide(item, now);
  if (decision.verdict != Verdict::kSignal) return rpc::BadField("title", "holds no words to read");
  // The text stands for itself: it is no item, and neither new nor old.
  market::Event<market::NewsSignal> event;
  event.value = std::move(decision.signal);
  event.value.source.clear();
  event.value.novelty_ppm = 0;
  event.value.relation = market::NewsRelation::kOriginal;
  event.value.original = {};
  pb::NewsSignalEvent message;
  message.ParseFromString(wire::Encode(event));
  return std::move(*message.mutable_value());
}

}  // namespace

void ServeClassifyText(rpc::Server& server, const NewsSignalEngine& engine,
                       const runtime::Shard& shard) {
  server.Handle<pb::ClassifyTextRequest>(
      "gannet.news.v1.SignalService/ClassifyText",
      [&engine, &shard](const rpc::CallPtr& call, const pb::ClassifyTextRequest& request) {
        absl::StatusOr<pb::NewsSignal> signal = Classify(engine, request, shard.now());
        if (!signal.ok()) return call->End(signal.status());
        pb::ClassifyTextResponse response;
        *response.mutable_signal() = *std::move(signal);
        call->Reply(response);
      });
}

}  // namespace gannet::news_signal
