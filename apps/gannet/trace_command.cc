#include "apps/gannet/trace_command.h"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <ostream>
#include <set>
#include <span>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "libs/base/concat.h"
#include "libs/base/digest.h"
#include "libs/base/status.h"
#include "libs/bus/topics.h"
#include "libs/journal/journal.h"
#include "libs/market/names.h"

namespace gannet::app {
namespace {

struct Step {
  market::Header header;
  base::Time time;  // of the record
  std::string service, what, detail;
  std::string order;  // whose step it is; empty: it came before any order
};

// What a fact is for a person; nothing for facts that are no step of an order.
std::optional<Step> StepOf(const journal::Record& record) {
  std::optional<Step> found;
  const auto on = [&]<class T>(const bus::Topic<T>& topic, const char* service, auto fill) {
    if (record.channel != topic.info.name) return;
    const absl::StatusOr<market::Event<T>> event = wire::Decode<T>(record.payload);
    if (!event.ok()) return;
    found = Step{.header = event->header, .time = record.time, .service = service};
    fill(event->value, *found);
  };
  on(bus::kNewsRaw, "ingest", [](const market::NewsItem& item, Step& step) {
    step.what = "headline";
    step.detail = base::Concat({item.source, ": ", item.title});
  });
  on(bus::kNewsSignals, "news-signal", [](const market::NewsSignal& signal, Step& step) {
    step.what = "signal";
    step.detail = absl::StrFormat("%s, sentiment %+.2f, confidence %.2f", Name(signal.type),
                                  signal.sentiment_ppm / 1e6, signal.confidence_ppm / 1e6);
  });
  on(bus::kPredictions, "ml-inference", [](const market::Prediction& prediction, Step& step) {
    step.what = "prediction";
    step.detail = absl::StrFormat("%s@%s up %.2f down %.2f", prediction.model, prediction.version,
                                  prediction.up_ppm / 1e6, prediction.down_ppm / 1e6);
  });
  on(bus::kCommands, "gateway", [](const market::Command& command, Step& step) {
    step.what = "command";
    step.detail = base::Concat({Name(command.kind), " of ", command.person});
  });
  on(bus::kOrderIntents, "strategy", [](const market::OrderIntent& intent, Step& step) {
    const bool cancels = intent.kind == market::IntentKind::kCancel;
    step.order = cancels ? intent.target.text() : intent.client_order_id.text();
    step.what = cancels ? "cancel" : "intent";
    step.detail = base::Concat({intent.strategy.text(), ": ", Name(intent.side), " ",
                                intent.instrument.text(), ", ", intent.reason});
  });
  on(bus::kRiskDecisions, "risk", [](const market::RiskDecision& decision, Step& step) {
    step.order = decision.intent.client_order_id.text();
    step.what = "verdict";
    step.detail = decision.permitted
                      ? "permitted"
                      : base::Concat({"denied, ", Name(decision.reason), ": ", decision.detail});
  });
  on(bus::kExecReports, "execution", [](const market::ExecReport& report, Step& step) {
    step.order = report.client_order_id.text();
    step.what = Name(report.kind);
    step.detail = base::Concat({Name(report.state), report.evidence.empty() ? "" : ", ",
                                report.evidence, report.detail.empty() ? "" : ", ", report.detail});
  });
  return found;
}

using Visit = std::function<void(Step)>;
absl::Status ForEachStep(base::Files& files, const std::vector<std::string>& dirs,
                         const Visit& visit) {
  for (const std::string& dir : dirs) {
    const std::string inner = dir + "/journal";
    GANNET_ASSIGN_OR_RETURN(const auto reader,
                            journal::Reader::Open(files, files.Exists(inner) ? inner : dir));
    for (;;) {
      auto record = reader->Next();
      if (!record.ok()) return base::Annotate(record.status(), dir);
      if (!*record) break;
      if ((*record)->type != journal::RecordType::kFact) continue;
      if (std::optional<Step> step = StepOf(**record)) visit(*std::move(step));
    }
  }
  return absl::OkStatus();
}

std::string Hex(std::span<const uint8_t> bytes) {
  return base::Hex(std::string(bytes.begin(), bytes.end()));
}

void Print(const std::vector<Step>& steps, std::ostream& out) {
  const Step& first = steps.front();
  out << "trace " << Hex(first.header.trace.trace_id) << "\n"
      << "began " << base::FormatTime(first.time) << "\n";
  for (const Step& step : steps) {
    const double ms = std::chrono::duration<double, std::milli>(step.time - first.time).count();
    out << absl::StrFormat("%+12.3f ms  %-12s %-16s %s\n", ms, step.service, step.what,
                           step.detail);
  }
}

}  // namespace

// Twice over the records: what led to an order comes before it.
absl::Status TraceOrder(base::Files& files, const TraceOptions& options, std::ostream& out) {
  if (options.order.empty())
    return absl::InvalidArgumentError("ORDER: an order has a client order id");
  std::set<market::EventId> chains, causes;
  const absl::Status first = ForEachStep(files, options.dirs, [&](const Step& step) {
    if (step.order != options.order) return;
    chains.insert(step.header.correlation);
    causes.insert(step.header.causation);
  });
  if (chains.empty()) {
    GANNET_RETURN_IF_ERROR(first);
    return absl::NotFoundError(
        base::Concat({"no order ", options.order,
                      " in these journals; name the data folders of all services that had a part "
                      "in it, or look for it with gannet journal dump"}));
  }
  std::vector<Step> steps;
  const absl::Status second = ForEachStep(files, options.dirs, [&](Step step) {
    const bool led_to_it = step.order.empty() && (chains.contains(step.header.correlation) ||
                                                  causes.contains(step.header.id));
    if (step.order == options.order || led_to_it) steps.push_back(std::move(step));
  });
  std::stable_sort(steps.begin(), steps.end(),
                   [](const Step& a, const Step& b) { return a.time < b.time; });
  Print(steps, out);
  return second;
}

}  // namespace gannet::app
