#include "tests/simulation/request_watch.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "libs/base/time.h"
#include "libs/bus/topics.h"
#include "libs/market/decimal.h"
#include "libs/market/order_state.h"
#include "services/venue-sim/fault_text.h"
#include "tests/simulation/sent_orders.h"

namespace gannet::simulation {
namespace {

// What was heard so long before its end is on the disk of who heard it, whatever the disk does.
constexpr base::Duration kRecorded = std::chrono::seconds(1);

std::string Words(const net::HttpRequest& request) {
  std::string words = request.method + " " + request.target;
  if (!request.body.empty()) words += " " + request.body;
  if (const size_t at = words.find("&signature="); at != std::string::npos) words.resize(at);
  return words;
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

// The user stream or the order socket of a product.
bool IsOwn(std::string_view path) {
  return path.starts_with("/ws-api") || path.starts_with("/ws-fapi") ||
         path.starts_with("/private/") || path == "/v5/private" || path == "/v5/trade";
}

// What Bybit counts for itself.
std::string_view KindOf(const net::HttpRequest& request) {
  for (const std::string_view kind : {"/v5/order/create", "/v5/order/amend", "/v5/order/cancel"}) {
    if (request.target.starts_with(kind)) return kind;
  }
  return request.target.starts_with("/v5/") ? "/v5/" : "";
}

// For how long an answer says that nothing, or nothing of its kind, may be asked; Bybit says until
// when, by its clock.
std::optional<base::Duration> PauseIn(const net::HttpResult& result) {
  const auto figure = [](std::string_view text) {
    int64_t value = 0;
    return absl::SimpleAtoi(std::string(text), &value) ? std::optional(value) : std::nullopt;
  };
  if (!result.status.ok()) return std::nullopt;
  const net::HttpResponse& answer = result.response;
  if (answer.status == 429 || answer.status == 418) {
    const auto seconds = figure(net::FindHeader(answer.headers, "Retry-After"));
    return seconds ? std::optional<base::Duration>(std::chrono::seconds(*seconds)) : std::nullopt;
  }
  const auto reset = figure(net::FindHeader(answer.headers, "X-Bapi-Limit-Reset-Timestamp"));
  const auto now = figure(venue_sim::FieldOf(answer.body, "time"));
  if (venue_sim::FieldOf(answer.body, "retCode") != "10006" || !reset || !now) return std::nullopt;
  return std::chrono::milliseconds(*reset - *now);
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
      amended_[verdict.intent.target.text()].insert(
          {verdict.intent.quantity.mantissa, verdict.intent.price.mantissa});
    if (verdict.permitted && !amends) permitted_[id] = verdict.intent;
    Trace(absl::StrCat("verdict ", id, verdict.permitted ? " permitted " : " refused ",
                       verdict.intent.instrument.text(), " ", verdict.detail));
  } else if (&topic == &bus::kJournals.info) {
    const auto& note = static_cast<const market::Event<wire::EngineNote>*>(event)->value;
    if (note.kind == execution::kEmergencyNote) LearnEmergency(note);
  } else if (trace_ && &topic == &bus::kExecReports.info) {
    const auto& report = static_cast<const market::Event<market::ExecReport>*>(event)->value;
    Trace(absl::StrCat("report ", report.client_order_id.text(), " ", market::Name(report.previous),
                       " to ", market::Name(report.state),
                       report.fill ? " fill " + report.fill->trade_id : "", " cumulative ",
                       report.cumulative.mantissa, " ", report.venue_code, " ", report.detail, " [",
                       report.evidence, "]"));
  }
}

// The other way to a verdict: of execution itself, in the name of a person, on what closes.
void RequestWatch::LearnEmergency(const wire::EngineNote& note) {
  const auto emergency = execution::ReadEmergencyNote(note.body);
  if (!emergency.ok()) return violations_.push_back("I8: an emergency verdict cannot be read");
  const market::OrderIntent& intent = emergency->verdict.intent;
  permitted_[intent.client_order_id.text()] = intent;
  Trace(absl::StrCat("emergency verdict ", intent.client_order_id.text(), " proven ",
                     emergency->proven.ToString()));
  const market::Instrument* instrument = DefinitionOf(intent);
  const int scale = instrument == nullptr ? 0 : instrument->quantity_scale;
  const bool sells = intent.side == market::Side::kSell;
  const market::Money closes(sells ? intent.quantity.mantissa : -intent.quantity.mantissa, scale);
  const bool less = sells ? closes <= emergency->proven : closes >= emergency->proven;
  if (!intent.reduce_only || emergency->person.empty() || intent.price.mantissa <= 0 || !less)
    violations_.push_back(absl::StrCat("I8: ", intent.client_order_id.text(),
                                       " has an emergency verdict that does not only close"));
}

void RequestWatch::JudgeOrder(const net::HttpRequest& request, const SentOrder& sent) {
  const auto wrong = [&](const std::string& what) {
    violations_.push_back(absl::StrCat("I8: ", sent.id, " left ", what, ": ", Words(request)));
  };
  const auto found = permitted_.find(sent.id);
  if (found == permitted_.end()) return wrong("without a permitted verdict");
  const market::OrderIntent& intent = found->second;
  const market::Instrument* instrument = DefinitionOf(intent);
  if (instrument == nullptr) return wrong("in an instrument that nobody defined");
  const std::string symbol =
      intent.instrument.text().substr(intent.instrument.text().find(':') + 1);
  if (sent.symbol != symbol) return wrong("for another instrument");
  if (!absl::EqualsIgnoreCase(sent.side, intent.side == market::Side::kBuy ? "BUY" : "SELL"))
    return wrong("on the other side");
  const auto quantity = market::ParseDecimal(sent.quantity, instrument->quantity_scale);
  const bool rest = intent.kind == market::IntentKind::kReplace;  // second legs may be smaller
  if (!quantity || *quantity <= 0 || *quantity > intent.quantity.mantissa ||
      (!rest && *quantity != intent.quantity.mantissa))
    return wrong("with another quantity than was permitted");
  if (rest && *quantity > intent.quantity.mantissa - FilledOf(intent.target).mantissa)
    return wrong("for what the order in whose place it comes has got already");
  const auto differs = [&](const std::string& text, market::Price permitted) {
    const auto price = market::ParseDecimal(text.empty() ? "0" : text, instrument->price_scale);
    return !price || *price != permitted.mantissa;
  };
  if (differs(sent.price, intent.price)) return wrong("at another price than was permitted");
  if (differs(sent.trigger, intent.stop_price))
    return wrong("with another trigger than was permitted");
}

const market::Instrument* RequestWatch::DefinitionOf(const market::OrderIntent& intent) const {
  for (const execution::ExecutionState* state : states_) {
    if (state->domain().Has(intent.instrument))
      return state->FindInstrument(intent.instrument, intent.instrument_version);
  }
  return nullptr;
}

market::Quantity RequestWatch::FilledOf(const market::ClientOrderId& id) const {
  for (const execution::ExecutionState* state : states_) {
    if (const execution::TrackedOrder* order = state->Find(id)) return order->cumulative;
  }
  return {};
}

// By the venue's id once another hand has changed it.
std::string RequestWatch::NameOf(const SentOrder& sent) const {
  if (!sent.id.empty()) return sent.id;
  for (const execution::ExecutionState* state : states_) {
    for (const auto& [id, order] : state->orders()) {
      if (order.venue_order_id.text() == sent.venue_id &&
          order.intent.instrument.text().ends_with(":" + sent.symbol))
        return id.text();
    }
  }
  return sent.venue_id;
}

void RequestWatch::JudgeAmendment(const net::HttpRequest& request, const SentOrder& sent) {
  const std::string id = NameOf(sent);
  const auto order = permitted_.find(id);
  const auto permitted = amended_.find(id);
  const market::Instrument* instrument =
      order == permitted_.end() ? nullptr : DefinitionOf(order->second);
  const auto states = [](const std::string& text, int64_t figure, int scale) {
    return text.empty() || market::ParseDecimal(text, scale) == figure;
  };
  const bool known =
      instrument != nullptr && permitted != amended_.end() &&
      (!sent.quantity.empty() || !sent.price.empty()) &&
      std::any_of(permitted->second.begin(), permitted->second.end(), [&](const auto& figures) {
        return states(sent.quantity, figures.first, instrument->quantity_scale) &&
               states(sent.price, figures.second, instrument->price_scale);
      });
  if (!known)
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
  if (std::any_of(waits.begin(), waits.end(), [&](const Wait& wait) {
        return clock_.Now() < wait.until && wait.kind == KindOf(request);
      }))
    violations_.push_back(absl::StrCat("I7: asked while told to wait: ", Words(request)));
  for (const SentOrder& sent : Placements(request)) JudgeOrder(request, sent);
  if (const std::optional<SentOrder> sent = AmendmentIn(request)) JudgeAmendment(request, *sent);
}

void RequestWatch::NoteAnswer(const net::Url& venue, std::string_view kind,
                              const net::HttpResult& result) {
  const base::Time now = clock_.Now();
  const std::optional<base::Duration> pause = PauseIn(result);
  if (!pause) return;
  std::vector<Wait>& waits = waits_[venue.port];
  std::erase_if(waits, [now](const Wait& wait) { return wait.until <= now; });
  waits.push_back({now, now + *pause, kind});
}

void RequestWatch::Http(const net::Url& base, net::HttpRequest request, net::HttpLimits limits,
                        std::function<void(net::HttpResult)> done) {
  const bool asks = IsSigned(request);
  if (dead_ || (asks && Dies())) return;
  Judge(base, request);
  if (trace_ && asks) Trace("-> " + Words(request));
  const std::string_view kind = KindOf(request);
  network_.Http(base, std::move(request), limits,
                [this, base, asks, kind, generation = generation_,
                 done = std::move(done)](net::HttpResult result) {
                  if (generation != generation_) return done(std::move(result));
                  if (dead_ || (asks && Dies())) return;
                  if (asks) NoteAnswer(base, kind, result);
                  if (trace_ && asks) {
                    Trace(result.status.ok() ? absl::StrCat("<- ", result.response.status, " ",
                                                            Short(result.response.body))
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
  const bool own = IsOwn(url.path);
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
        const std::optional<net::HttpRequest> order = RequestOf(url.path, frame);
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
