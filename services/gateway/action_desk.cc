#include "services/gateway/action_desk.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "libs/base/concat.h"
#include "libs/base/digest.h"
#include "libs/command/all_ended.h"
#include "libs/command/unheard.h"
#include "libs/market/names.h"
#include "libs/market/scope.h"
#include "services/gateway/view_rows.h"

namespace gannet::gateway {
namespace {

constexpr market::ScopeKind kScopeKinds[] = {
    market::ScopeKind::kFirm,   market::ScopeKind::kAccount,    market::ScopeKind::kStrategy,
    market::ScopeKind::kVenue,  market::ScopeKind::kInstrument, market::ScopeKind::kModel,
    market::ScopeKind::kService};
constexpr market::TradingState kStates[] = {
    market::TradingState::kActive, market::TradingState::kReducing,
    market::TradingState::kCancelOnly, market::TradingState::kHalted};

constexpr market::OrderType kOrderTypes[] = {market::OrderType::kLimit, market::OrderType::kMarket,
                                             market::OrderType::kTrailingStop};
constexpr uint32_t kBasisPoints = 10'000;  // in a whole
constexpr market::TimeInForce kTimesInForce[] = {
    market::TimeInForce::kGtc, market::TimeInForce::kIoc, market::TimeInForce::kFok,
    market::TimeInForce::kPostOnly, market::TimeInForce::kGtd};

std::string Field(const Admitted& request, const char* name) {
  const auto found = request.parameters.find(name);
  return found == request.parameters.end() ? "" : found->second;
}

// The price of that name where there is one; what is wrong with it.
std::optional<net::HttpResponse> ReadPrice(const Admitted& request, const char* name,
                                           const market::Instrument& definition,
                                           market::Price& out) {
  const std::string text = Field(request, name);
  if (text.empty()) return std::nullopt;
  const auto price = definition.ParsePrice(text);
  if (!price || price->mantissa <= 0)
    return ErrorAnswer(
        400,
        base::Concat({"'", name, "' must be a positive decimal at the instrument's precision"}));
  out = *price;
  return std::nullopt;
}

int StatusOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      return 400;
    case absl::StatusCode::kNotFound:
      return 404;
    case absl::StatusCode::kResourceExhausted:
      return 429;
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kAlreadyExists:
      return 409;
    default:
      return 503;
  }
}

template <class Enum, size_t count>
Enum Named(const std::string& text, const Enum (&all)[count], Enum otherwise) {
  for (const Enum one : all) {
    if (text == market::Name(one)) return one;
  }
  return otherwise;
}

}  // namespace

struct ActionDesk::Pending {
  market::Command command;
  Respond respond;
  std::set<market::ClientOrderId> orders;  // open when it was asked
  size_t orders_before = 0;
  base::Duration deadline{0};
  CommandResult result;
};

ActionDesk::ActionDesk(const View& view, Commands* commands, Users& users, base::Executor& executor,
                       const base::Clock& clock, telemetry::Log& log,
                       std::function<bool()> caught_up)
    : view_(view),
      commands_(commands),
      users_(users),
      executor_(executor),
      clock_(clock),
      log_(log),
      caught_up_(std::move(caught_up)) {}

void ActionDesk::Act(const Admitted& request, const Respond& respond) {
  if (commands_ == nullptr) {
    return respond(
        ErrorAnswer(501, "this process takes no commands; use the page of `gannet run`"));
  }
  // What stops trading has room of its own.
  const Action action = request.route->action;
  const bool stops = action == Action::kKill || action == Action::kCancelAll;
  if (under_way_ >= (stops ? 2 * kMaxUnderWay : kMaxUnderWay))
    return respond(ErrorAnswer(429, "too many commands under way"));
  auto pending = std::make_shared<Pending>();
  market::Command& command = pending->command;
  command.person = request.user;
  command.reason = Field(request, "reason");
  command.request_id = Field(request, "request_id");
  if (command.request_id.empty()) command.request_id = base::Base64Url(base::RandomBytes(16));
  std::optional<net::HttpResponse> refusal;
  switch (request.route->action) {
    case Action::kSubmitOrder:
      refusal = FillOrder(request, command);
      break;
    case Action::kCancelOrder:
      refusal = FillCancel(request, command);
      break;
    case Action::kAmendOrder:
      refusal = FillAmend(request, command);
      break;
    case Action::kProposeLimits:
    case Action::kApproveLimits:
    case Action::kRejectLimits:
      refusal = FillLimits(request, command);
      break;
    default:
      refusal = FillScope(request, command);
  }
  if (refusal) return respond(*std::move(refusal));
  if (command.kind == market::CommandKind::kCancelOrder) {
    pending->orders.insert(command.order->target);
  } else if (command.kind < market::CommandKind::kSubmitOrder) {
    WatchOpen(*pending);
  }
  pending->orders_before = pending->orders.size();
  pending->respond = respond;
  pending->deadline = clock_.Monotonic() + kVerifyFor;
  ++under_way_;
  commands_->Submit(
      command, SubmitOptions{},
      [this, alive = std::weak_ptr(alive_), pending](const absl::StatusOr<CommandResult>& result) {
        if (!alive.expired()) OnResult(pending, result);
      });
}

void ActionDesk::WatchOpen(Pending& pending) const {
  for (const auto& [id, order] : view_.open_orders()) {
    if (Covers(pending.command.scope, order.report)) pending.orders.insert(id);
  }
}

void ActionDesk::OnResult(const std::shared_ptr<Pending>& pending,
                          const absl::StatusOr<CommandResult>& result) {
  if (!result.ok()) {
    --under_way_;
    return pending->respond(
        ErrorAnswer(StatusOf(result.status()), std::string(result.status().message())));
  }
  if (result->reached == Progress::kRefused) {
    --under_way_;
    return pending->respond(ErrorAnswer(409, result->detail));
  }
  pending->result = *result;
  if (market::IsAboutLimits(pending->command.kind)) {
    --under_way_;
    if (result->reached != Progress::kApplied)
      return pending->respond(ErrorAnswer(503,
                                          "recorded, but risk has not answered; ask again "
                                          "with the same request_id"));
    return pending->respond(JsonAnswer(200, Text(Json{{"request_id", pending->command.request_id},
                                                      {"proposal", result->proposal},
                                                      {"repeated", result->repeated},
                                                      {"detail", result->detail}})));
  }
  if (pending->command.kind == market::CommandKind::kSubmitOrder ||
      pending->command.kind == market::CommandKind::kAmendOrder) {
    return Finish(pending, result->reached >= Progress::kPermitted);
  }
  Verify(pending);
}

std::optional<net::HttpResponse> ActionDesk::FillScope(const Admitted& request,
                                                       market::Command& command) const {
  switch (request.route->action) {
    case Action::kResume:
      command.kind = market::CommandKind::kResume;
      break;
    case Action::kCancelAll:
      command.kind = market::CommandKind::kCancelAll;
      break;
    case Action::kSetState:
      command.kind = market::CommandKind::kSetTradingState;
      break;
    default:
      command.kind = market::CommandKind::kKill;
      command.flatten = Field(request, "flatten") == "true";
  }
  command.scope.kind = Named(Field(request, "scope"), kScopeKinds, market::ScopeKind::kFirm);
  command.scope.name = Field(request, "name");
  if ((command.scope.kind == market::ScopeKind::kFirm) != command.scope.name.empty())
    return ErrorAnswer(400, "'name' names the scope; the firm has none");
  command.state = Named(Field(request, "state"), kStates, market::TradingState::kHalted);
  return std::nullopt;
}

std::optional<net::HttpResponse> ActionDesk::FillOrder(const Admitted& request,
                                                       market::Command& command) const {
  const User* user = users_.Find(request.user);
  if (user == nullptr || user->consent_version < kConsentVersion) {
    return ErrorAnswer(409,
                       "accept the risk disclaimer first: POST /api/v1/consent, or the page's "
                       "Settings");
  }
  const market::InstrumentId instrument(Field(request, "instrument"));
  const market::Instrument* definition = view_.Definition(instrument);
  if (definition == nullptr)
    return ErrorAnswer(404, "there is no such instrument; /api/v1/markets lists all");
  command.kind = market::CommandKind::kSubmitOrder;
  market::OrderRequest& order = command.order.emplace();
  order.account = market::AccountId(Field(request, "account"));
  order.instrument = instrument;
  order.instrument_version = definition->version;
  order.side = Field(request, "side") == "sell" ? market::Side::kSell : market::Side::kBuy;
  order.type = Named(Field(request, "type"), kOrderTypes, market::OrderType::kLimit);
  order.time_in_force = Named(Field(request, "time_in_force"), kTimesInForce,
                              order.type == market::OrderType::kMarket ? market::TimeInForce::kIoc
                                                                       : market::TimeInForce::kGtc);
  order.reduce_only = Field(request, "reduce_only") == "true";
  const auto quantity = definition->ParseQuantity(Field(request, "quantity"));
  if (!quantity || quantity->mantissa <= 0)
    return ErrorAnswer(400, "'quantity' must be a positive decimal at the instrument's precision");
  order.quantity = *quantity;
  const bool limit = order.type == market::OrderType::kLimit;
  if (limit == Field(request, "price").empty())
    return ErrorAnswer(400, "a limit order has a 'price', other orders none");
  if (auto wrong = ReadPrice(request, "price", *definition, order.price)) return wrong;
  const std::string until = Field(request, "good_till");
  if (until.empty() == (order.time_in_force == market::TimeInForce::kGtd))
    return ErrorAnswer(400, "an order that is GTD has a 'good_till', other orders none");
  if (!until.empty()) {
    const auto expires = base::ParseRfc3339(until);
    if (!expires) return ErrorAnswer(400, "'good_till' must be a time, as 2026-11-01T00:00:00Z");
    order.expires = *expires;
  }
  const bool trails = order.type == market::OrderType::kTrailingStop;
  const std::string distance = Field(request, "trailing_bps");
  if (trails == distance.empty())
    return ErrorAnswer(400, "a trailing stop has 'trailing_bps', other orders none");
  if (!trails && !Field(request, "stop_price").empty())
    return ErrorAnswer(400, "only a trailing stop has a 'stop_price'");
  if (!trails) return std::nullopt;
  const auto [end, error] =
      std::from_chars(distance.data(), distance.data() + distance.size(), order.trailing_bps);
  if (error != std::errc() || end != distance.data() + distance.size() || order.trailing_bps == 0 ||
      order.trailing_bps > kBasisPoints)
    return ErrorAnswer(400, "'trailing_bps' must be basis points, 1 to 10000: 150 is 1.5 %");
  return ReadPrice(request, "stop_price", *definition, order.stop_price);
}

std::optional<net::HttpResponse> ActionDesk::FillCancel(const Admitted& request,
                                                        market::Command& command) const {
  const market::ClientOrderId id(Field(request, "client_order_id"));
  const View::Order* order = view_.FindOrder(id);
  if (order == nullptr) return ErrorAnswer(404, "there is no such order; /api/v1/orders lists all");
  if (market::IsTerminal(order->report.state))
    return ErrorAnswer(409, "the order is done already; nothing was sent");
  command = command::CancelOrder(command.person, command.request_id, order->report.account, id,
                                 "cancelled by hand");
  return std::nullopt;
}

std::optional<net::HttpResponse> ActionDesk::FillAmend(const Admitted& request,
                                                       market::Command& command) const {
  const market::ClientOrderId id(Field(request, "client_order_id"));
  const View::Order* order = view_.FindOrder(id);
  if (order == nullptr) return ErrorAnswer(404, "there is no such order; /api/v1/orders lists all");
  const market::ExecReport& report = order->report;
  if (market::IsTerminal(report.state))
    return ErrorAnswer(409, "the order is done already; nothing was sent");
  const market::Instrument* definition =
      view_.Definition(report.instrument, report.instrument_version);
  if (definition == nullptr)
    return ErrorAnswer(404, "there is no such instrument; /api/v1/markets lists all");
  command.kind = market::CommandKind::kAmendOrder;
  command.scope = {market::ScopeKind::kAccount, report.account.text()};
  if (command.reason.empty()) command.reason = "amended by hand";
  market::OrderRequest& change = command.order.emplace();
  change.account = report.account;
  change.target = id;
  const std::string quantity = Field(request, "quantity");
  if (auto wrong = ReadPrice(request, "price", *definition, change.price)) return wrong;
  if (!quantity.empty()) {
    const auto parsed = definition->ParseQuantity(quantity);
    if (!parsed || parsed->mantissa <= 0)
      return ErrorAnswer(400,
                         "'quantity' must be a positive decimal at the instrument's precision");
    change.quantity = *parsed;
  }
  return std::nullopt;
}

std::optional<net::HttpResponse> ActionDesk::FillLimits(const Admitted& request,
                                                        market::Command& command) const {
  // Neither of the two, or who added them could be the other.
  if (request.route->action != Action::kRejectLimits) {
    if (const absl::Status alone = users_.MayBeSecond(request.user); !alone.ok())
      return ErrorAnswer(409, std::string(alone.message()));
  }
  if (request.route->action == Action::kProposeLimits) {
    command.kind = market::CommandKind::kProposeLimits;
    command.text = Field(request, "file");
    command.new_names = Field(request, "new_names") == "true";
    return std::nullopt;
  }
  command.kind = request.route->action == Action::kApproveLimits
                     ? market::CommandKind::kApproveLimits
                     : market::CommandKind::kRejectLimits;
  const std::string number = Field(request, "proposal");
  const auto [end, error] =
      std::from_chars(number.data(), number.data() + number.size(), command.proposal);
  if (error != std::errc() || end != number.data() + number.size())
    return ErrorAnswer(400, "'proposal' must be the number of a proposal");
  return std::nullopt;
}

void ActionDesk::On(const market::Event<market::CommandAnswer>& event) {
  const auto [answered, added] = answered_.try_emplace(event.value.command);
  Said& said = answered->second[event.value.engine];
  said.ended = said.ended || command::SaysAllEnded(event.value.detail);
  if (command::SaysClosed(event.value.detail)) said.closed = command::ClosedIn(event.value.detail);
  if (!added) return;
  answered_in_order_.push_back(event.value.command);
  if (answered_in_order_.size() <= kKeptAnswers) return;
  answered_.erase(answered_in_order_.front());
  answered_in_order_.pop_front();
}

bool ActionDesk::AllEnded(const market::EventId& cancel_all) const {
  const auto answered = answered_.find(cancel_all);
  return answered != answered_.end() &&
         std::all_of(answered->second.begin(), answered->second.end(),
                     [](const auto& engine) { return engine.second.ended; });
}

// Looks at what the engines have said since, until it is what was asked for.
void ActionDesk::Verify(const std::shared_ptr<Pending>& pending) {
  const market::Command& c = pending->command;
  std::erase_if(pending->orders,
                [&](const market::ClientOrderId& id) { return !view_.open_orders().contains(id); });
  // What was on its way when a kill was asked for belongs to it too.
  if (c.kind == market::CommandKind::kKill) WatchOpen(*pending);
  const auto state = view_.risk_states().find(c.scope);
  const bool known = state != view_.risk_states().end();
  bool done = true;
  if (c.kind == market::CommandKind::kKill)
    done = known && state->second.killed && pending->orders.empty() &&
           (!c.flatten || OpenPositions(c.scope) == 0);
  // It is over, and some of it is still there: that is said, not waited for.
  if (c.flatten && !done && pending->orders.empty() && !Closed(pending->result.command).empty())
    return Finish(pending, false);
  if (c.kind == market::CommandKind::kCancelOrder) done = pending->orders.empty();
  if (c.kind == market::CommandKind::kCancelAll)
    done = AllEnded(pending->result.command) && pending->orders.empty();
  if (c.kind == market::CommandKind::kResume)
    done = known && !state->second.killed && state->second.state == market::TradingState::kActive;
  if (c.kind == market::CommandKind::kSetTradingState)
    done = known && state->second.state == c.state;
  // That no order is open proves nothing while orders are still to be heard of.
  if (done && caught_up_()) return Finish(pending, true);
  if (clock_.Monotonic() >= pending->deadline) return Finish(pending, false);
  executor_.After(kVerifyEach, [this, alive = std::weak_ptr(alive_), pending] {
    if (!alive.expired()) Verify(pending);
  });
}

size_t ActionDesk::OpenPositions(const market::Scope& scope) const {
  return static_cast<size_t>(
      std::count_if(view_.positions().begin(), view_.positions().end(), [&](const auto& row) {
        const market::PositionUpdate& position = row.second.value;
        const market::Instrument* instrument = view_.Definition(position.instrument);
        const market::Quantity least = instrument == nullptr
                                           ? market::Quantity{1}
                                           : std::max(instrument->lot, instrument->min_quantity);
        return Covers(scope, position) &&
               std::max(position.net, -position.net) >= std::max(least, market::Quantity{1});
      }));
}

std::string ActionDesk::Closed(const market::EventId& kill) const {
  std::string words;
  const auto answered = answered_.find(kill);
  if (answered == answered_.end()) return words;
  for (const auto& [engine, said] : answered->second) {
    if (!said.closed.empty()) words += (words.empty() ? "" : "; ") + said.closed;
  }
  return words;
}

void ActionDesk::Finish(const std::shared_ptr<Pending>& pending, bool verified) {
  --under_way_;
  const market::Command& c = pending->command;
  size_t open = 0, unknown = 0;
  for (const auto& [id, order] : view_.open_orders()) {
    if (!Covers(c.scope, order.report)) continue;
    ++open;
    if (order.report.state == market::OrderState::kUnknown) ++unknown;
  }
  const auto state = view_.risk_states().find(c.scope);
  const bool unheard = command::SaysUnheard(pending->result.detail);  // nothing was stopped
  Json body{{"request_id", c.request_id},
            {"verified", verified && !unheard},
            {"unheard", unheard},
            {"scope", market::Name(c.scope.kind)},
            {"name", c.scope.name},
            {"orders_before", pending->orders_before},
            {"still_open", pending->orders.size()},
            {"open_orders", open},
            {"open_positions", OpenPositions(c.scope)},
            {"closed", Closed(pending->result.command)},
            {"unknown_orders", unknown},
            {"reached", command::Name(pending->result.reached)},
            {"client_order_id", pending->result.order.text()},
            {"denied", pending->result.reason == market::RejectReason::kNone
                           ? Json(nullptr)
                           : Json(market::Name(pending->result.reason))},
            {"repeated", pending->result.repeated},
            {"detail", pending->result.detail},
            {"risk", state == view_.risk_states().end() ? Json(nullptr)
                                                        : RiskRow(state->first, state->second)}};
  log_.Info("command_seen", {{"request_id", c.request_id}, {"verified", verified}});
  pending->respond(JsonAnswer(200, Text(body)));
}

}  // namespace gannet::gateway
