#include "libs/api/trace_api.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gannet/report/v1/report_service.pb.h"
#include "libs/base/concat.h"
#include "libs/bus/topics.h"
#include "libs/rpc/error.h"

namespace gannet::api {
namespace {

namespace pb = ::gannet::report::v1;

size_t HashOf(const std::string& text) { return text.empty() ? 0 : std::hash<std::string>()(text); }

std::string FillKey(const std::string& account, const std::string& instrument,
                    const std::string& trade) {
  return base::Concat({account, "|", instrument, "|", trade});
}

void Put(const market::EventId& id, common::v1::EventId& out) {
  out.set_stream(id.stream);
  out.set_sequence(id.sequence);
}

}  // namespace

template <class T, class Make>
void TraceApi::Hear(const bus::Topic<T>& topic, Make make) {
  const size_t index = subscriptions_.size();
  subscriptions_.push_back(
      bus_.Subscribe<T>(topic, {.group = "", .start = bus::Start::kEarliest},
                        [this, index, make, name = topic.info.name](const market::Event<T>& event,
                                                                    bus::Position position) {
                          Heard heard;
                          make(event, heard);
                          if (!heard.summary.empty()) Keep(name, event.header, heard);
                          subscriptions_[index]->Ack(position);
                        }));
}

TraceApi::TraceApi(rpc::Server& server, bus::Bus& bus) : bus_(bus), steps_(kKeptSteps, kKeptBytes) {
  Hear(bus::kNewsRaw, [](const market::Event<market::NewsItem>& event, Heard& heard) {
    heard.summary = base::Concat({"headline from ", event.value.source, ": ", event.value.title});
  });
  Hear(bus::kNewsSignals, [](const market::Event<market::NewsSignal>& event, Heard& heard) {
    heard.because = event.value.item;
    heard.summary = absl::StrCat("signal: sentiment ", event.value.sentiment_ppm,
                                 " ppm, confidence ", event.value.confidence_ppm, " ppm");
  });
  Hear(bus::kPredictions, [](const market::Event<market::Prediction>& event, Heard& heard) {
    const market::Prediction& value = event.value;
    heard.because = event.header.causation;
    heard.summary = base::Concat({value.model, "@", value.version, " on ", value.instrument.text(),
                                  ": up ", std::to_string(value.up_ppm), " ppm, down ",
                                  std::to_string(value.down_ppm), " ppm"});
  });
  Hear(bus::kOrderIntents, [](const market::Event<market::OrderIntent>& event, Heard& heard) {
    const market::OrderIntent& value = event.value;
    heard.order = value.client_order_id.text();
    heard.because = value.signal.empty() ? event.header.causation : value.signal;
    heard.summary = base::Concat({"intent of ", value.strategy.text(), " for ",
                                  value.instrument.text(), ": ", value.reason});
    heard.kind = Kind::kIntent;
  });
  Hear(bus::kRiskDecisions, [](const market::Event<market::RiskDecision>& event, Heard& heard) {
    heard.order = event.value.intent.client_order_id.text();
    heard.summary = event.value.permitted ? "risk: permitted"
                                          : base::Concat({"risk: denied, ", event.value.detail});
    heard.kind = Kind::kDecision;
  });
  Hear(bus::kExecReports, [](const market::Event<market::ExecReport>& event, Heard& heard) {
    const market::ExecReport& value = event.value;
    const bool journaled = value.kind == market::ExecKind::kJournaled;
    if (!journaled && !value.fill) return;
    heard.order = value.client_order_id.text();
    if (journaled) {
      heard.kind = Kind::kJournaled;
      heard.summary = "execution: journaled, then sent";
      return;
    }
    heard.summary = base::Concat({"fill ", value.fill->trade_id, " (", value.evidence, ")"});
    heard.fill = FillKey(value.account.text(), value.instrument.text(), value.fill->trade_id);
    heard.kind = Kind::kFill;
  });
  server.Handle<pb::TraceFillRequest>(
      "gannet.report.v1.ReportService/TraceFill",
      [this](const rpc::CallPtr& call, const pb::TraceFillRequest& request) {
        if (request.trade_id().empty())
          return call->End(rpc::BadField("trade_id", "name the venue's trade"));
        const size_t key =
            HashOf(FillKey(request.account(), request.instrument(), request.trade_id()));
        const auto fill = Newest([&](const Step& step) { return step.fill == key; });
        if (!fill) {
          return call->End(absl::NotFoundError(
              "no such fill since this process began; gannet journal dump has older ones"));
        }
        pb::TraceFillResponse response;
        for (pb::TraceStep& step : ChainOf(*fill)) *response.add_steps() = std::move(step);
        call->Reply(response);
      });
}

void TraceApi::Keep(std::string_view topic, const market::Header& header, const Heard& heard) {
  pb::TraceStep step;
  common::v1::Header& out = *step.mutable_header();
  Put(header.id, *out.mutable_id());
  Put(header.correlation, *out.mutable_correlation());
  Put(header.causation, *out.mutable_causation());
  out.set_event_time_ns(base::UnixNanos(header.event_time));
  out.set_receive_time_ns(base::UnixNanos(header.receive_time));
  out.set_source(header.source);
  step.set_topic(std::string(topic));
  step.set_summary(heard.summary);
  steps_.Push({heard.kind, header.id, heard.because, HashOf(heard.order), HashOf(heard.fill)},
              step.SerializeAsString());
}

template <class Match>
std::optional<size_t> TraceApi::Newest(Match match) const {
  for (size_t i = steps_.size(); i-- > 0;) {
    if (match(steps_.tag(i))) return i;
  }
  return std::nullopt;
}

std::optional<size_t> TraceApi::Newest(Kind kind, size_t order) const {
  return Newest([&](const Step& step) { return step.kind == kind && step.order == order; });
}

std::optional<size_t> TraceApi::Before(const Step& step) const {
  if (step.kind == Kind::kDecision) return Newest(Kind::kIntent, step.order);
  if (step.kind == Kind::kFill) {
    if (const auto journaled = Newest(Kind::kJournaled, step.order)) return journaled;
  }
  if (step.kind == Kind::kFill || step.kind == Kind::kJournaled)
    return Newest(Kind::kDecision, step.order);
  if (step.because.empty()) return std::nullopt;
  return Newest([&](const Step& other) { return other.id == step.because; });
}

std::vector<pb::TraceStep> TraceApi::ChainOf(size_t fill) const {
  std::vector<pb::TraceStep> chain;
  for (std::optional<size_t> at = fill; at && chain.size() < kMaxSteps;
       at = Before(steps_.tag(*at))) {
    const std::string_view record = steps_.record(*at);
    chain.emplace_back().ParseFromArray(record.data(), static_cast<int>(record.size()));
  }
  std::reverse(chain.begin(), chain.end());
  return chain;
}

}  // namespace gannet::api
