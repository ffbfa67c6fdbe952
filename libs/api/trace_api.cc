#include "libs/api/trace_api.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gannet/report/v1/report_service.pb.h"
#include "libs/base/concat.h"
#include "libs/bus/topics.h"
#include "libs/rpc/error.h"

namespace gannet::api {
namespace {

namespace pb = ::gannet::report::v1;

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
                          Step step;
                          step.header = event.header;
                          step.topic = name;
                          make(event, step);
                          if (!step.summary.empty()) Keep(std::move(step));
                          subscriptions_[index]->Ack(position);
                        }));
}

TraceApi::TraceApi(rpc::Server& server, bus::Bus& bus) : bus_(bus) {
  Hear(bus::kNewsRaw, [](const market::Event<market::NewsItem>& event, Step& step) {
    step.summary = base::Concat({"headline from ", event.value.source, ": ", event.value.title});
  });
  Hear(bus::kNewsSignals, [](const market::Event<market::NewsSignal>& event, Step& step) {
    step.because = event.value.item;
    step.summary = absl::StrCat("signal: sentiment ", event.value.sentiment_ppm,
                                " ppm, confidence ", event.value.confidence_ppm, " ppm");
  });
  Hear(bus::kPredictions, [](const market::Event<market::Prediction>& event, Step& step) {
    const market::Prediction& value = event.value;
    step.because = event.header.causation;
    step.summary = base::Concat({value.model, "@", value.version, " on ", value.instrument.text(),
                                 ": up ", std::to_string(value.up_ppm), " ppm, down ",
                                 std::to_string(value.down_ppm), " ppm"});
  });
  Hear(bus::kOrderIntents, [this](const market::Event<market::OrderIntent>& event, Step& step) {
    const market::OrderIntent& value = event.value;
    step.order = value.client_order_id.text();
    step.because = value.signal.empty() ? event.header.causation : value.signal;
    step.summary = base::Concat({"intent of ", value.strategy.text(), " for ",
                                 value.instrument.text(), ": ", value.reason});
    orders_[step.order].intent = event.header.id;
  });
  Hear(bus::kRiskDecisions, [this](const market::Event<market::RiskDecision>& event, Step& step) {
    step.order = event.value.intent.client_order_id.text();
    step.summary = event.value.permitted ? "risk: permitted"
                                         : base::Concat({"risk: denied, ", event.value.detail});
    orders_[step.order].decision = event.header.id;
  });
  Hear(bus::kExecReports, [this](const market::Event<market::ExecReport>& event, Step& step) {
    const market::ExecReport& value = event.value;
    const bool journaled = value.kind == market::ExecKind::kJournaled;
    if (!journaled && !value.fill) return;
    step.order = value.client_order_id.text();
    if (journaled) {
      orders_[step.order].journaled = event.header.id;
      step.summary = "execution: journaled, then sent";
      return;
    }
    step.summary = base::Concat({"fill ", value.fill->trade_id, " (", value.evidence, ")"});
    step.fill = FillKey(value.account.text(), value.instrument.text(), value.fill->trade_id);
    fills_[step.fill] = event.header.id;
  });
  server.Handle<pb::TraceFillRequest>(
      "gannet.report.v1.ReportService/TraceFill",
      [this](const rpc::CallPtr& call, const pb::TraceFillRequest& request) {
        if (request.trade_id().empty())
          return call->End(rpc::BadField("trade_id", "name the venue's trade"));
        const auto fill =
            fills_.find(FillKey(request.account(), request.instrument(), request.trade_id()));
        if (fill == fills_.end() || !steps_.contains(fill->second)) {
          return call->End(absl::NotFoundError(
              "no such fill since this process began; gannet journal dump has older ones"));
        }
        pb::TraceFillResponse response;
        for (const Step* step : ChainOf(fill->second)) {
          pb::TraceStep& out = *response.add_steps();
          common::v1::Header& header = *out.mutable_header();
          Put(step->header.id, *header.mutable_id());
          Put(step->header.correlation, *header.mutable_correlation());
          Put(step->header.causation, *header.mutable_causation());
          header.set_event_time_ns(base::UnixNanos(step->header.event_time));
          header.set_receive_time_ns(base::UnixNanos(step->header.receive_time));
          header.set_source(step->header.source);
          out.set_topic(std::string(step->topic));
          out.set_summary(step->summary);
        }
        call->Reply(response);
      });
}

void TraceApi::Keep(Step step) {
  const market::EventId id = step.header.id;
  if (steps_.contains(id)) return;  // delivered twice
  if (!step.order.empty()) ++orders_[step.order].steps;
  steps_.emplace(id, std::move(step));
  in_order_.push_back(id);
  while (in_order_.size() > kKeptEvents) {
    const auto oldest = steps_.extract(in_order_.front());
    in_order_.pop_front();
    const auto order = orders_.find(oldest.mapped().order);
    if (order != orders_.end() && --order->second.steps == 0) orders_.erase(order);
    fills_.erase(oldest.mapped().fill);
  }
}

market::EventId TraceApi::Before(const Step& step) const {
  const auto found = orders_.find(step.order);
  if (found == orders_.end() || step.topic == bus::kOrderIntents.info.name) return step.because;
  const Order& order = found->second;
  if (step.topic == bus::kRiskDecisions.info.name) return order.intent;
  return step.fill.empty() || order.journaled.empty() ? order.decision : order.journaled;
}

std::vector<const TraceApi::Step*> TraceApi::ChainOf(const market::EventId& fill) const {
  std::vector<const Step*> chain;
  for (market::EventId at = fill; chain.size() < kMaxSteps;) {
    const auto step = steps_.find(at);
    if (step == steps_.end()) break;
    chain.push_back(&step->second);
    at = Before(step->second);
  }
  std::reverse(chain.begin(), chain.end());
  return chain;
}

}  // namespace gannet::api
