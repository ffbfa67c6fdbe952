#include "libs/api/signal_api.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "gannet/ml/v1/inference_service.pb.h"
#include "gannet/news/v1/signal_service.pb.h"
#include "libs/api/filters.h"

namespace gannet::api {
namespace {

namespace news_pb = ::gannet::news::v1;
namespace ml_pb = ::gannet::ml::v1;

bool Passes(const news_pb::SignalFilter& filter, const news_pb::NewsSignal& signal) {
  if (signal.confidence_ppm() < filter.confidence_ppm_min()) return false;
  if (!Wanted(filter.types(), static_cast<int>(signal.type()))) return false;
  if (filter.originals_only() && signal.relation() != news_pb::NEWS_RELATION_ORIGINAL) return false;
  return filter.instruments().empty() ||
         std::any_of(signal.instruments().begin(), signal.instruments().end(),
                     [&](const auto& name) { return Wanted(filter.instruments(), name); });
}

}  // namespace

SignalApi::SignalApi(rpc::Server& server, bus::Bus& bus, uint64_t epoch)
    : signals_(bus, epoch, kKeptSignals), items_(bus, epoch, kKeptItems) {
  signals_.Add(bus::kNewsSignals.info);
  items_.Add(bus::kNewsRaw.info);
  server.Handle<news_pb::GetSignalRequest>(
      "gannet.news.v1.SignalService/GetSignal",
      [this](const rpc::CallPtr& call, const news_pb::GetSignalRequest& request) {
        const auto item = signals_.Find(IdOf(request.id()));
        if (!item) {
          return call->End(
              absl::NotFoundError("no such signal among the newest; the journal keeps older ones"));
        }
        auto event = item->To<news_pb::NewsSignalEvent>();
        news_pb::GetSignalResponse response;
        *response.mutable_header() = std::move(*event.mutable_header());
        *response.mutable_signal() = std::move(*event.mutable_value());
        if (const auto raw = items_.Find(IdOf(response.signal().item())))
          *response.mutable_item() = raw->To<news_pb::NewsItemEvent>().value();
        call->Reply(response);
      });
  server.Handle<news_pb::ListSignalsRequest>(
      "gannet.news.v1.SignalService/ListSignals",
      [this](const rpc::CallPtr& call, const news_pb::ListSignalsRequest& request) {
        news_pb::ListSignalsResponse response;
        const auto next = signals_.Page(request.page_size(), 100, 1'000, request.page_token(),
                                        [&](const Feed::Item& item) {
                                          if (!Within(request.range(), item.header().event_time))
                                            return false;
                                          auto event = item.To<news_pb::NewsSignalEvent>();
                                          if (!Passes(request.filter(), event.value()))
                                            return false;
                                          *response.add_signals() = std::move(event);
                                          return true;
                                        });
        if (!next.ok()) return call->End(next.status());
        response.set_next_page_token(*next);
        call->Reply(response);
      });
  server.Handle<news_pb::StreamSignalsRequest>(
      "gannet.news.v1.SignalService/StreamSignals",
      [this](const rpc::CallPtr& call, const news_pb::StreamSignalsRequest& request) {
        signals_.Open(call, request.resume_token(), Slow::kDisconnect,
                      [filter = request.filter()](
                          const Feed::Item& item) -> std::unique_ptr<google::protobuf::Message> {
                        auto event = item.To<news_pb::NewsSignalEvent>();
                        if (!Passes(filter, event.value())) return nullptr;
                        auto message = std::make_unique<news_pb::StreamSignalsResponse>();
                        *message->mutable_header() = std::move(*event.mutable_header());
                        *message->mutable_signal() = std::move(*event.mutable_value());
                        return message;
                      });
      });
}

PredictionApi::PredictionApi(rpc::Server& server, bus::Bus& bus, uint64_t epoch)
    : predictions_(bus, epoch, kKeptPredictions) {
  predictions_.Listen(bus::kPredictions.info, [this](const Feed::Item& item) {
    predictions_.Keep(item, item.As(bus::kPredictions)->value.instrument.text());
  });
  server.Handle<ml_pb::GetPredictionRequest>(
      "gannet.ml.v1.InferenceService/GetPrediction",
      [this](const rpc::CallPtr& call, const ml_pb::GetPredictionRequest& request) {
        const auto item = predictions_.Find(request.instrument(), [&](const Feed::Item& found) {
          const market::Prediction& value = found.As(bus::kPredictions)->value;
          return value.instrument.text() == request.instrument() &&
                 (request.model().empty() || value.model == request.model());
        });
        if (!item) {
          return call->End(absl::NotFoundError(
              absl::StrCat("no prediction for '", request.instrument(),
                           "' yet; a model needs a valid book and about half a minute of it")));
        }
        auto event = item->To<ml_pb::PredictionEvent>();
        ml_pb::GetPredictionResponse response;
        *response.mutable_header() = std::move(*event.mutable_header());
        *response.mutable_prediction() = std::move(*event.mutable_value());
        call->Reply(response);
      });
  server.Handle<ml_pb::StreamPredictionsRequest>(
      "gannet.ml.v1.InferenceService/StreamPredictions",
      [this](const rpc::CallPtr& call, const ml_pb::StreamPredictionsRequest& request) {
        predictions_.Open(
            call, request.resume_token(), Slow::kConflate,
            [request](const Feed::Item& item) -> std::unique_ptr<google::protobuf::Message> {
              const auto& value = item.As(bus::kPredictions)->value;
              if (!Wanted(request.instruments(), value.instrument.text()) ||
                  !Wanted(request.models(), value.model)) {
                return nullptr;
              }
              auto event = item.To<ml_pb::PredictionEvent>();
              auto message = std::make_unique<ml_pb::StreamPredictionsResponse>();
              *message->mutable_header() = std::move(*event.mutable_header());
              *message->mutable_prediction() = std::move(*event.mutable_value());
              return message;
            });
      });
}

}  // namespace gannet::api
