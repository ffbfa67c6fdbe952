#include "tests/simulation/request_watch.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "libs/base/time.h"
#include "libs/bus/topics.h"
#include "libs/market/decimal.h"
#include "libs/market/order_state.h"
#include "services/venue-sim/fault_text.h"
#include "services/venue-sim/form.h"

namespace gannet::simulation {
namespace {

using venue_sim::ParameterOf;

// What was heard so long before its end is on the disk of who heard it, whatever the disk does.
constexpr base::Duration kRecorded = std::chrono::seconds(1);

// A request that says who asks; the others count against nobody's orders.
bool IsSigned(const net::HttpRequest& request) {
  return !ParameterOf(request, "signature").empty();
}

std::string Words(const net::HttpRequest& request) {
  std::string words = request.method + " " + request.target;
  if (!request.body.empty()) words += " " + request.body;
  if (const size_t at = words.find("&signature="); at != std::string::npos) words.resize(at);
  return words;
}

// A placement, cancel or amendment by the order socket as the request that it would be over REST;
// nothing: another frame.
std::optional<net::HttpRequest> RequestOf(std::string_view frame) {
  const std::string_view asked = venue_sim::FieldOf(frame, "method");
  net::HttpRequest request;
  if (asked == "order.place") {
    request.method = "POST";
  } else if (asked == "order.cancel") {
    request.method = "DELETE";
  } else if (asked == "order.amend.keepPriority") {
    request.method = "PUT";
  } else {
    return std::nullopt;
  }
  request.target = request.method == "PUT" ? "/api/v3/order/amend/keepPriority?" : "/api/v3/order?";
  for (const char* name : {"symbol", "side", "quantity", "price", "newQty", "newClientOrderId",
                           "origClientOrderId", "signature"}) {
    const std::string_view value = venue_sim::FieldOf(frame, name);
    if (!value.empty()) absl::StrAppend(&request.target, name, "=", std::string(value), "&");
  }
  request.target.pop_back();
  return request;
}

// The own stream and order socket, as they are written to.
class WatchedSocket : public net::WebSocket {
 public:
  WatchedSocket(std::unique_ptr<net::WebSocket> socket, std::function<bool(std::string_view)> leave,
                std::function<void()> left)
      : socket_(std::move(socket)), leave_(std::move(leave)), left_(std::move(left)) {}
  bool Send(std::string text) override {
    if (!leave_(text)) return true;  // nobody lives to see whether it was taken
    const bool taken = socket_->Send(std::move(text));
    left_();
    return taken;
  }
  void Close() override { socket_->Close(); }

 private:
  const std::unique_ptr<net::WebSocket> socket_;
  const std::function<bool(std::string_view)> leave_;
  const std::function<void()> left_;
};

std::string Short(std::string_view text) {
  constexpr size_t kShown = 240;
  return std::string(text.substr(0, kShown)) + (text.size() > kShown ? "…" : "");
}

}  // namespace

void RequestWatch::Observe(runtime::Shard& shard,
                           std::vector<const execution::ExecutionState*> states) {
  states_ = std::move(states);
  ++generation_;
  dead_ = false;
  shard.ObserveFacts(
      [this](const bus::TopicInfo& topic, const void* event) { Learn(topic, event); });
}

void RequestWatch::Forget() {
  states_.clear();
  for (auto& [port, waits] : waits_) {
    std::erase_if(waits,
                  [this](const Wait& wait) { return clock_.Now() - wait.heard < kRecorded; });
  }
}

void RequestWatch::Learn(const bus::TopicInfo& topic, const void* event) {
  if (&topic == &bus::kRiskDecisions.info) {
    const auto& verdict = static_cast<const market::Event<market::RiskDecision>*>(event)->value;
    const std::string& id = verdict.intent.client_order_id.text();
    const bool amends = verdict.intent.kind == market::IntentKind::kAmend;
    if (verdict.permitted && amends)
      amended_[verdict.intent.target.text()].insert(verdict.intent.quantity.mantissa);
    if (verdict.permitted && !amends) permitted_[id] = verdict.intent;
    Trace(absl::StrCat("verdict ", id, verdict.permitted ? " permitted " : " refused ",
                       verdict.intent.instrument.text(), " ", verdict.detail));
  } else if (trace_ && &topic == &bus::kExecReports.info) {
    const auto& report = static_cast<const market::Event<market::ExecReport>*>(event)->value;
    Trace(absl::StrCat("report ", report.client_order_id.text(), " ", market::Name(report.previous),
                       " to ", market::Name(report.state),
                       report.fill ? " fill " + report.fill->trade_id : "", " cumulative ",
                       report.cumulative.mantissa, " ", report.venue_code, " ", report.detail, " [",
                       report.evidence, "]"));
  }
}

void RequestWatch::JudgeOrder(const net::HttpRequest& request, const std::string& id) {
  const auto wrong = [&](const std::string& what) {
    violations_.push_back(absl::StrCat("I8: ", id, " left ", what, ": ", Words(request)));
  };
  const auto found = permitted_.find(id);
  if (found == permitted_.end()) return wrong("without a permitted verdict");
  const market::OrderIntent& intent = found->second;
  const market::Instrument* instrument = nullptr;
  for (const execution::ExecutionState* state : states_) {
    if (state->domain().Has(intent.instrument))
      instrument = state->FindInstrument(intent.instrument, intent.instrument_version);
  }
  if (instrument == nullptr) return wrong("in an instrument that nobody defined");
  const std::string symbol =
      intent.instrument.text().substr(intent.instrument.text().find(':') + 1);
  if (ParameterOf(request, "symbol") != symbol) return wrong("for another instrument");
  if (ParameterOf(request, "side") != (intent.side == market::Side::kBuy ? "BUY" : "SELL"))
    return wrong("on the other side");
  const auto quantity =
      market::ParseDecimal(ParameterOf(request, "quantity"), instrument->quantity_scale);
  const bool rest = intent.kind == market::IntentKind::kReplace;  // second legs may be smaller
  if (!quantity || *quantity <= 0 || *quantity > intent.quantity.mantissa ||
      (!rest && *quantity != intent.quantity.mantissa))
    return wrong("with another quantity than was permitted");
  const std::string price = ParameterOf(request, "price");
  const auto limit = market::ParseDecimal(price.empty() ? "0" : price, instrument->price_scale);
  if (!limit || *limit != intent.price.mantissa)
    return wrong("at another price than was permitted");
}

void RequestWatch::JudgeAmendment(const net::HttpRequest& request) {
  // By the venue's id once another hand has changed it; what it is to be called it says always.
  const std::string id = ParameterOf(request, "newClientOrderId");
  const auto order = permitted_.find(id);
  const auto quantities = amended_.find(id);
  const market::Instrument* instrument = nullptr;
  for (const execution::ExecutionState* state : states_) {
    if (order != permitted_.end() && state->domain().Has(order->second.instrument))
      instrument =
          state->FindInstrument(order->second.instrument, order->second.instrument_version);
  }
  const auto quantity = instrument == nullptr ? std::nullopt
                                              : market::ParseDecimal(ParameterOf(request, "newQty"),
                                                                     instrument->quantity_scale);
  if (!quantity || quantities == amended_.end() || !quantities->second.contains(*quantity))
    violations_.push_back(
        absl::StrCat("I8: ", id, " was amended without a permitted verdict: ", Words(request)));
}

bool RequestWatch::Dies() {
  if (!dead_ && ++messages_ == die_at_) {
    dead_ = true;
    die_();
  }
  return dead_;
}

void RequestWatch::Judge(const net::Url& venue, const net::HttpRequest& request) {
  if (!IsSigned(request)) return;
  const std::vector<Wait>& waits = waits_[venue.port];
  if (std::any_of(waits.begin(), waits.end(),
                  [this](const Wait& wait) { return clock_.Now() < wait.until; }))
    violations_.push_back(absl::StrCat("I7: asked while told to wait: ", Words(request)));
  if (request.method == "POST" && request.target.starts_with("/api/v3/order"))
    JudgeOrder(request, ParameterOf(request, "newClientOrderId"));
  if (request.method == "PUT" && request.target.starts_with("/api/v3/order/amend"))
    JudgeAmendment(request);
}

void RequestWatch::NoteAnswer(const net::Url& venue, const net::HttpResult& result) {
  if (!result.status.ok() || (result.response.status != 429 && result.response.status != 418))
    return;
  int64_t seconds = 0;
  const std::string text(net::FindHeader(result.response.headers, "Retry-After"));
  if (!absl::SimpleAtoi(text, &seconds)) return;
  const base::Time now = clock_.Now();
  std::vector<Wait>& waits = waits_[venue.port];
  std::erase_if(waits, [now](const Wait& wait) { return wait.until <= now; });
  waits.push_back({now, now + std::chrono::seconds(seconds)});
}

void RequestWatch::Http(const net::Url& base, net::HttpRequest request, net::HttpLimits limits,
                        std::function<void(net::HttpResult)> done) {
  const bool asks = IsSigned(request);
  if (dead_ || (asks && Dies())) return;
  Judge(base, request);
  if (trace_ && asks) Trace("-> " + Words(request));
  network_.Http(
      base, std::move(request), limits,
      [this, base, asks, generation = generation_, done = std::move(done)](net::HttpResult result) {
        if (generation != generation_) return done(std::move(result));
        if (dead_ || (asks && Dies())) return;
        if (asks) NoteAnswer(base, result);
        if (trace_ && asks) {
          Trace(result.status.ok()
                    ? absl::StrCat("<- ", result.response.status, " ", Short(result.response.body))
                    : "<- " + result.status.ToString());
        }
        done(std::move(result));
        if (asks) Dies();
      });
  if (asks) Dies();
}

std::unique_ptr<net::WebSocket> RequestWatch::Connect(const net::Url& url,
                                                      net::WebSocketOptions options,
                                                      net::WebSocket::Handler handler) {
  const bool own = url.path.starts_with("/ws-api");
  if (own) {
    handler.on_message = [this, told = std::move(handler.on_message)](std::string_view text) {
      if (dead_ || Dies()) return;
      if (trace_) Trace("<= " + Short(text));
      told(text);
      Dies();
    };
  }
  std::unique_ptr<net::WebSocket> socket =
      network_.Connect(url, std::move(options), std::move(handler));
  if (!own) return socket;
  return std::make_unique<WatchedSocket>(
      std::move(socket),
      [this, url](std::string_view frame) {
        const std::optional<net::HttpRequest> order = RequestOf(frame);
        if (dead_ || (order && Dies())) return false;
        if (order) Judge(url, *order);
        if (trace_ && order) Trace("=> " + Words(*order));
        last_frame_asks_ = order.has_value();
        return true;
      },
      [this] {
        if (last_frame_asks_) Dies();
      });
}

}  // namespace gannet::simulation
