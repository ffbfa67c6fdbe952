#include "libs/notify/events.h"

#include <utility>

#include "libs/base/concat.h"
#include "libs/market/names.h"

namespace gannet::notify {
namespace {

Message Of(Kind kind, Severity severity, std::string key, const market::Header& header) {
  Message message;
  message.kind = kind;
  message.severity = severity;
  message.key = std::move(key);
  message.time = header.receive_time;
  message.labels["team"] = "trading";
  return message;
}

std::string Upper(std::string_view side) { return side == "buy" ? "Bought" : "Sold"; }

void Describe(const market::ExecReport& report, Message& message) {
  message.labels["account"] = report.account.text();
  message.labels["strategy"] = report.strategy.text();
  message.labels["instrument"] = report.instrument.text();
  message.labels["order"] = report.client_order_id.text();
  message.text = base::Concat({"Order ", report.client_order_id.text(), " of ",
                               report.strategy.text(), ", account ", report.account.text()});
  if (!report.detail.empty()) message.text += ". " + report.detail;
}

std::string ScopeText(const market::Scope& scope) {
  const std::string kind = market::Name(scope.kind);
  return scope.name.empty() ? kind : base::Concat({kind, " ", scope.name});
}

}  // namespace

void TradingEvents::OnInstrument(const market::Instrument& instrument) {
  market::Instrument& known = instruments_[instrument.id.text()];
  if (known.id.empty() || instrument.version >= known.version) known = instrument;
}

std::string TradingEvents::Amount(const market::ExecReport& report,
                                  market::Quantity quantity) const {
  const auto found = instruments_.find(report.instrument.text());
  // Without its scales a number would be wrong by powers of ten.
  const std::string amount =
      found != instruments_.end() && found->second.version == report.instrument_version
          ? found->second.Format(quantity) + " "
          : std::string();
  return amount + std::string(market::SymbolOf(report.instrument));
}

std::vector<Message> TradingEvents::OnReport(const market::Event<market::ExecReport>& event) {
  const market::ExecReport& report = event.value;
  const std::string& order = report.client_order_id.text();
  std::optional<Message> message;
  switch (report.kind) {
    case market::ExecKind::kFill: {
      if (!report.fill) return {};
      message = Of(Kind::kFill, Severity::kInfo,
                   base::Concat({"fill:", report.instrument.text(), ":", report.fill->trade_id}),
                   event.header);
      message->title = base::Concat(
          {Upper(market::Name(report.side)), " ", Amount(report, report.fill->quantity)});
      const auto found = instruments_.find(report.instrument.text());
      if (found != instruments_.end() && found->second.version == report.instrument_version)
        message->title += " at " + found->second.Format(report.fill->price);
      break;
    }
    case market::ExecKind::kRejected:
    case market::ExecKind::kNotSent: {
      const bool here = report.kind == market::ExecKind::kNotSent;
      message = Of(Kind::kReject, Severity::kTicket, "reject:" + order, event.header);
      message->title = base::Concat(
          {here ? "Not sent (" : "Refused by the venue (",
           here ? market::Name(report.local_reason) : std::string_view(report.venue_code),
           "): ", market::Name(report.side), " ", Amount(report, report.quantity)});
      break;
    }
    case market::ExecKind::kUnknown:
      message = Of(Kind::kUnknown, Severity::kPage, "unknown:" + order, event.header);
      message->title =
          base::Concat({"The fate of an order is not known: ", market::Name(report.side), " ",
                        Amount(report, report.quantity)});
      if (unknown_.size() >= kMaxOpen) unknown_.clear();
      unknown_.insert(order);
      break;
    case market::ExecKind::kIllegal:
      message = Of(Kind::kUnknown, Severity::kTicket, "illegal:" + order, event.header);
      message->title = "The venue says of an order what cannot be";
      break;
    default:
      break;
  }
  std::vector<Message> messages;
  // Any other word on it, unless it leaves its fate open. A fill or a refusal is told besides:
  // who is paged for the one need not hear the other.
  if (report.kind != market::ExecKind::kUnknown && report.state != market::OrderState::kUnknown &&
      unknown_.erase(order) > 0) {
    Message& known = messages.emplace_back(
        Of(Kind::kUnknown, Severity::kPage, "unknown:" + order, event.header));
    known.resolved = true;
    known.title = base::Concat({"The fate of the order is known: ", market::Name(report.state)});
    Describe(report, known);
  }
  if (message) {
    Describe(report, *message);
    if (!messages.empty()) message->text = "Its fate had not been known. " + message->text;
    messages.push_back(*std::move(message));
  }
  return messages;
}

std::vector<Message> TradingEvents::OnDecision(const market::Event<market::RiskDecision>& event) {
  const market::RiskDecision& decision = event.value;
  if (decision.permitted) return {};
  // One a reason, strategy and instrument within the time of a repetition: a strategy that is
  // denied tries again.
  Message message =
      Of(Kind::kReject, Severity::kInfo,
         base::Concat({"denied:", market::Name(decision.reason), ":",
                       decision.intent.strategy.text(), ":", decision.intent.instrument.text()}),
         event.header);
  message.title = base::Concat({"Denied by risk (", market::Name(decision.reason),
                                "): ", market::Name(decision.intent.side), " ",
                                market::SymbolOf(decision.intent.instrument)});
  message.text = base::Concat({decision.detail, decision.detail.empty() ? "" : ". ", "Order ",
                               decision.intent.client_order_id.text(), " of ",
                               decision.intent.strategy.text()});
  message.labels["strategy"] = decision.intent.strategy.text();
  message.labels["account"] = decision.intent.account.text();
  return {message};
}

std::vector<Message> TradingEvents::OnState(const market::Event<market::RiskState>& event) {
  const market::RiskState& state = event.value;
  const std::string scope = ScopeText(state.scope);
  const auto told = [&](Kind kind, std::string title) {
    Message message = Of(kind, kind == Kind::kKill ? Severity::kPage : Severity::kTicket,
                         base::Concat({Name(kind), ":", scope}), event.header);
    message.title = std::move(title);
    message.text = state.reason;
    if (!state.person.empty())
      message.text += base::Concat({message.text.empty() ? "" : " ", "(", state.person, ")"});
    message.labels["scope"] = scope;
    return message;
  };
  const auto known = stopped_.find(state.scope);
  Stopped stopped = known != stopped_.end() ? known->second : Stopped();
  std::vector<Message> messages;
  const auto over = [&](Kind kind, const char* title) {
    messages.push_back(told(kind, base::Concat({title, scope})));
    messages.back().resolved = true;
  };
  const bool trades = state.state == market::TradingState::kActive;
  if (!state.killed && std::exchange(stopped.killed, false))
    over(Kind::kKill, trades ? "Trading again: " : "Kill switch off: ");
  if (state.killed) {
    stopped.killed = true;
    messages.push_back(told(Kind::kKill, base::Concat({"Kill switch on: ", scope})));
  } else if (!trades) {
    stopped.halted = true;
    messages.push_back(
        told(Kind::kHalt, base::Concat({"Trading of ", scope, " is ", market::Name(state.state)})));
    messages.back().state = market::Name(state.state);  // from REDUCING to HALTED is news
  } else if (std::exchange(stopped.halted, false)) {
    over(Kind::kHalt, "Trading again: ");
  }
  if (!stopped.killed && !stopped.halted) {
    stopped_.erase(state.scope);
  } else if (known != stopped_.end() || stopped_.size() < kMaxOpen) {
    stopped_[state.scope] = stopped;
  }
  return messages;
}

}  // namespace gannet::notify
