#include "libs/api/order_api.h"

#include <charconv>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gannet/exec/v1/exec.pb.h"
#include "gannet/ops/v1/ops.pb.h"
#include "gannet/risk/v1/risk.pb.h"
#include "libs/api/filters.h"
#include "libs/base/status.h"
#include "libs/rpc/error.h"
#include "libs/wire/codec.h"

namespace gannet::api {
namespace {

namespace pb = ::gannet::order::v1;
namespace ops_pb = ::gannet::ops::v1;
using command::Progress;

bool IsOpen(pb::OrderState state) {
  switch (state) {
    case pb::ORDER_STATE_DENIED:
    case pb::ORDER_STATE_FILLED:
    case pb::ORDER_STATE_CANCELED:
    case pb::ORDER_STATE_EXPIRED:
    case pb::ORDER_STATE_REJECTED:
    case pb::ORDER_STATE_ABSENT:
      return false;
    default:
      return true;
  }
}

bool Passes(const pb::OrderFilter& filter, const pb::Order& order) {
  return Wanted(filter.accounts(), order.intent().account()) &&
         Wanted(filter.strategies(), order.intent().strategy()) &&
         Wanted(filter.instruments(), order.intent().instrument()) &&
         Wanted(filter.states(), static_cast<int>(order.state())) &&
         (!filter.open_only() || IsOpen(order.state()));
}

pb::OrderProgress ProgressOf(Progress progress) {
  switch (progress) {
    case Progress::kPermitted:
      return pb::ORDER_PROGRESS_PERMITTED;
    case Progress::kDenied:
      return pb::ORDER_PROGRESS_DENIED;
    case Progress::kJournaled:
      return pb::ORDER_PROGRESS_JOURNALED;
    default:
      return pb::ORDER_PROGRESS_ACCEPTED_FOR_RISK;
  }
}

Progress WaitFor(pb::OrderProgress progress) {
  switch (progress) {
    case pb::ORDER_PROGRESS_ACCEPTED_FOR_RISK:
      return Progress::kAcceptedForRisk;
    case pb::ORDER_PROGRESS_PERMITTED:
      return Progress::kPermitted;
    default:
      return Progress::kJournaled;
  }
}

// By way of the wire: what the codec refuses is refused here, by field.
absl::StatusOr<market::Command> CommandOf(ops_pb::CommandKind kind, const rpc::Caller& caller,
                                          const std::string& request_id, const std::string& reason,
                                          ops_pb::OrderRequest order) {
  ops_pb::CommandEvent event;
  event.mutable_header();
  ops_pb::Command& command = *event.mutable_value();
  command.set_kind(kind);
  command.mutable_scope()->set_kind(common::v1::SCOPE_KIND_ACCOUNT);
  command.mutable_scope()->set_name(order.account());
  command.set_state(risk::v1::TRADING_STATE_HALTED);  // not looked at
  command.set_reason(reason);
  command.set_person(caller.person);
  command.set_request_id(request_id);
  *command.mutable_order() = std::move(order);
  GANNET_ASSIGN_OR_RETURN(auto decoded, wire::Decode<market::Command>(event.SerializeAsString()));
  return std::move(decoded.value);
}

// Fields that only a placement has, so that the codec accepts the rest.
ops_pb::OrderRequest AboutOrder(const std::string& account, const std::string& target) {
  ops_pb::OrderRequest order;
  order.set_account(account);
  order.set_target(target);
  order.set_side(common::v1::SIDE_BUY);
  order.set_type(pb::ORDER_TYPE_LIMIT);
  order.set_time_in_force(pb::TIME_IN_FORCE_GTC);
  return order;
}

}  // namespace

OrderApi::OrderApi(rpc::Server& server, bus::Bus& bus, uint64_t epoch, command::Commands* commands)
    : commands_(commands), feed_(bus, epoch, kKept) {
  feed_.Add(bus::kOrderIntents.info, [this](const Feed::Item& item) { OnIntent(item); });
  feed_.Add(bus::kOrderParents.info, [this](const Feed::Item& item) { OnParent(item); });
  feed_.Add(bus::kRiskDecisions.info, [this](const Feed::Item& item) { OnDecision(item); });
  feed_.Add(bus::kExecReports.info, [this](const Feed::Item& item) { OnReport(item); });
  Serve(server);
  if (commands_ != nullptr) ServeChanges(server);
}

// --- what is known ---------------------------------------------------------------

OrderApi::Known* OrderApi::Find(const std::string& id) {
  const auto found = orders_.find(id);
  return found == orders_.end() ? nullptr : &found->second;
}

OrderApi::Known& OrderApi::Make(const std::string& id) {
  const auto [known, added] = orders_.try_emplace(id);
  if (added) {
    known->second.created = ++created_;
    known->second.order.set_state(pb::ORDER_STATE_INITIALIZED);
    known->second.order.set_reject_reason(pb::REJECT_REASON_NONE);
    by_age_.emplace(created_, id);
    Forget();
  }
  return orders_[id];
}

void OrderApi::Forget() {
  if (orders_.size() <= kKeptOrders) return;
  auto oldest = by_age_.begin();
  for (auto at = by_age_.begin(); at != by_age_.end() && at->first + 1'000 < created_; ++at) {
    if (IsOpen(orders_[at->second].order.state())) continue;
    oldest = at;
    break;
  }
  orders_.erase(oldest->second);
  by_age_.erase(oldest);
}

namespace {

template <class Envelope>
void Stamp(const Envelope& event, pb::Order& order) {
  order.set_update_time_ns(event.header().event_time_ns());
  *order.mutable_last_event() = event.header().id();
}

}  // namespace

void OrderApi::OnIntent(const Feed::Item& item) {
  const market::OrderIntent& intent = item.As(bus::kOrderIntents)->value;
  if (intent.kind == market::IntentKind::kCancel || intent.kind == market::IntentKind::kAmend)
    return;
  const auto event = item.To<pb::OrderIntentEvent>();
  Known& known = Make(intent.client_order_id.text());
  *known.order.mutable_intent() = event.value();
  Stamp(event, known.order);
}

namespace {

// As other orders are listed; the parent's own state is in its message.
pb::OrderState StateOf(const market::ParentOrder& parent) {
  using market::ParentState;
  switch (parent.state) {
    case ParentState::kSubmitted:
      return pb::ORDER_STATE_INITIALIZED;
    case ParentState::kWorking:
    case ParentState::kPaused:
      return parent.filled.mantissa > 0 ? pb::ORDER_STATE_PARTIALLY_FILLED
                                        : pb::ORDER_STATE_ACCEPTED;
    case ParentState::kDenied:
      return pb::ORDER_STATE_DENIED;
    case ParentState::kCompleted:
      return pb::ORDER_STATE_FILLED;
    case ParentState::kExpired:
      return pb::ORDER_STATE_EXPIRED;
    case ParentState::kCanceled:
    case ParentState::kFailed:
      return pb::ORDER_STATE_CANCELED;
  }
  return pb::ORDER_STATE_UNSPECIFIED;
}

}  // namespace

void OrderApi::OnParent(const Feed::Item& item) {
  const market::ParentOrder& parent = item.As(bus::kOrderParents)->value;
  const auto event = item.To<pb::ParentOrderEvent>();
  pb::Order& order = Make(parent.id().text()).order;
  *order.mutable_intent() = event.value().intent();
  *order.mutable_parent_order() = event.value();
  order.mutable_parent_order()->clear_intent();
  order.set_state(StateOf(parent));
  order.set_cumulative_quantity(parent.filled.mantissa);
  order.set_average_fill_price(event.value().average_price());
  order.set_detail(parent.detail);
  Stamp(event, order);
}

void OrderApi::OnDecision(const Feed::Item& item) {
  // An amendment is no order; what comes of it is reported of the one that is meant.
  if (item.As(bus::kRiskDecisions)->value.intent.kind == market::IntentKind::kAmend) return;
  const auto event = item.To<risk::v1::RiskDecisionEvent>();
  Known& known = Make(event.value().intent().client_order_id());
  *known.order.mutable_intent() = event.value().intent();
  if (!event.value().permitted()) {
    known.order.set_state(pb::ORDER_STATE_DENIED);
    known.order.set_reject_reason(event.value().reason());
    known.order.set_detail(event.value().detail());
  }
  Stamp(event, known.order);
}

void OrderApi::OnReport(const Feed::Item& item) {
  const market::ExecReport& report = item.As(bus::kExecReports)->value;
  if (report.kind == market::ExecKind::kIllegal) return;
  const auto event = item.To<exec::v1::ExecReportEvent>();
  Known& known = Make(report.client_order_id.text());
  pb::Order& order = known.order;
  // A verdict under a name that an order at the venue has says nothing of that order.
  if (report.kind == market::ExecKind::kNotSent && !order.venue_order_id().empty()) return;
  if (order.intent().client_order_id().empty()) {  // made before this process began
    pb::OrderIntent& intent = *order.mutable_intent();
    intent.set_account(report.account.text());
    intent.set_strategy(report.strategy.text());
    intent.set_client_order_id(report.client_order_id.text());
    intent.set_instrument(report.instrument.text());
    intent.set_instrument_version(report.instrument_version);
    intent.set_side(event.value().side());
    intent.set_price(event.value().price());
    intent.set_quantity(event.value().quantity());
  }
  if (report.kind == market::ExecKind::kReplaced) {
    order.mutable_intent()->set_price(event.value().price());
    order.mutable_intent()->set_quantity(event.value().quantity());
  }
  order.set_state(event.value().state());
  if (!report.venue_order_id.empty()) order.set_venue_order_id(report.venue_order_id.text());
  if (event.value().local_reason() != pb::REJECT_REASON_UNSPECIFIED)
    order.set_reject_reason(event.value().local_reason());
  if (!report.venue_code.empty()) order.set_venue_code(report.venue_code);
  order.set_detail(report.detail);
  order.set_cumulative_quantity(report.cumulative.mantissa);
  if (report.fill && report.fill->quantity.mantissa > 0) {
    known.value +=
        static_cast<market::Int128>(report.fill->price.mantissa) * report.fill->quantity.mantissa;
    known.filled += report.fill->quantity.mantissa;
    const market::Int128 whole = known.value / known.filled;
    const market::Int128 twice = 2 * (known.value % known.filled);
    const bool up = twice > known.filled || (twice == known.filled && whole % 2 != 0);
    // Of what filled before this process began the prices are not known here.
    if (known.filled >= report.cumulative.mantissa)
      order.set_average_fill_price(static_cast<int64_t>(whole) + (up ? 1 : 0));
  }
  Stamp(event, order);
}

void OrderApi::Take(const market::Standing& standing) {
  for (const auto& parent : standing.parents) {
    if (Find(parent.value.id().text()) == nullptr)
      OnParent(Feed::ItemOf(bus::kOrderParents, parent));
  }
  for (const auto& [intent, report] : standing.orders) {
    if (Find(report.value.client_order_id.text()) != nullptr) continue;
    OnIntent(Feed::ItemOf(bus::kOrderIntents, intent));
    OnReport(Feed::ItemOf(bus::kExecReports, report));
  }
}

// --- questions -----------------------------------------------------------------

void OrderApi::Serve(rpc::Server& server) {
  server.Handle<pb::GetOrderRequest>(
      "gannet.order.v1.OrderService/GetOrder",
      [this](const rpc::CallPtr& call, const pb::GetOrderRequest& request) {
        const Known* known = Find(request.client_order_id());
        if (known == nullptr ||
            (!request.account().empty() && request.account() != known->order.intent().account())) {
          return call->End(absl::NotFoundError(
              absl::StrCat("no order '", request.client_order_id(),
                           "' since this process began; the store keeps older ones")));
        }
        pb::GetOrderResponse response;
        *response.mutable_order() = known->order;
        if (known->order.has_parent_order()) {
          for (const auto& [age, id] : by_age_) {
            const pb::Order& order = orders_[id].order;
            if (order.intent().parent() != request.client_order_id()) continue;
            if (response.children_size() == kMostChildren)
              response.mutable_children()->DeleteSubrange(0, 1);
            *response.add_children() = order;
          }
        }
        call->Reply(response);
      });
  server.Handle<pb::ListOrdersRequest>(
      "gannet.order.v1.OrderService/ListOrders",
      [this](const rpc::CallPtr& call, const pb::ListOrdersRequest& request) {
        if (request.page_size() < 0)
          return call->End(rpc::BadField("page_size", "must not be negative"));
        const int size = std::min(request.page_size() == 0 ? 100 : request.page_size(), 1'000);
        uint64_t before = UINT64_MAX;
        const std::string& token = request.page_token();
        if (!token.empty() &&
            std::from_chars(token.data(), token.data() + token.size(), before).ec != std::errc()) {
          return call->End(rpc::BadField("page_token", "is none that was given here"));
        }
        pb::ListOrdersResponse response;
        for (auto at = by_age_.rbegin(); at != by_age_.rend(); ++at) {
          if (at->first >= before) continue;
          const pb::Order& order = orders_[at->second].order;
          if (!Passes(request.filter(), order) ||
              !Within(request.range(), base::FromUnixNanos(order.intent().created_ns()))) {
            continue;
          }
          if (response.orders_size() == size) {
            response.set_next_page_token(absl::StrCat(at->first + 1));
            break;
          }
          *response.add_orders() = order;
        }
        call->Reply(response);
      });
  server.Handle<pb::StreamOrdersRequest>(
      "gannet.order.v1.OrderService/StreamOrders",
      [this](const rpc::CallPtr& call, const pb::StreamOrdersRequest& request) {
        // What works now goes first, as the place where it stands.
        std::vector<Feed::Item> open;
        for (const auto& [age, id] : by_age_) {
          const pb::Order& order = orders_[id].order;
          if (!IsOpen(order.state())) continue;
          auto event = std::make_shared<market::Event<market::ExecReport>>();
          event->value.client_order_id = market::ClientOrderId(id);
          event->header.id = {order.last_event().stream(), order.last_event().sequence()};
          event->header.event_time = base::FromUnixNanos(order.update_time_ns());
          open.push_back({feed_.newest(), &bus::kExecReports.info, std::move(event)});
        }
        feed_.Open(
            call, request.resume_token(), Slow::kDisconnect,
            [this, filter = request.filter()](
                const Feed::Item& item) -> std::unique_ptr<google::protobuf::Message> {
              std::string id;
              if (const auto* report = item.As(bus::kExecReports)) {
                id = report->value.client_order_id.text();
              } else if (const auto* decision = item.As(bus::kRiskDecisions)) {
                id = decision->value.intent.client_order_id.text();
              } else if (const auto* parent = item.As(bus::kOrderParents)) {
                id = parent->value.id().text();
              } else if (const auto* intent = item.As(bus::kOrderIntents)) {
                id = intent->value.client_order_id.text();
              }
              const Known* known = Find(id);
              if (known == nullptr || !Passes(filter, known->order)) return nullptr;
              auto message = std::make_unique<pb::StreamOrdersResponse>();
              common::v1::Header& header = *message->mutable_header();
              header.mutable_id()->set_stream(item.header().id.stream);
              header.mutable_id()->set_sequence(item.header().id.sequence);
              header.set_event_time_ns(base::UnixNanos(item.header().event_time));
              *message->mutable_order() = known->order;
              return message;
            },
            std::move(open));
      });
}

// --- changes -------------------------------------------------------------------

template <class Response>
void OrderApi::Give(const rpc::CallPtr& call, market::Command command, Progress wait_for) {
  const market::ClientOrderId target = command.order->target;
  const bool cancels = command.kind == market::CommandKind::kCancelOrder;
  const bool amends = command.kind == market::CommandKind::kAmendOrder;
  const base::Duration patience = call->time_left() * 9 / 10;  // the answer has to travel too
  commands_->Submit(
      std::move(command), {.wait_for = wait_for, .patience = patience},
      [this, call, target, cancels, amends](const absl::StatusOr<command::CommandResult>& result) {
        if (!result.ok()) return call->End(result.status());
        if (result->reached == Progress::kRefused)
          return call->End(absl::FailedPreconditionError(result->detail));
        if (result->reached == Progress::kRecorded) {
          return call->End(absl::DeadlineExceededError(
              "the command is recorded, but strategy has not answered; ask again with the same "
              "request_id"));
        }
        Response response;
        response.set_progress(ProgressOf(result->reached));
        const std::string id = cancels || amends ? target.text() : result->order.text();
        pb::Order& order = *response.mutable_order();
        if (const Known* known = Find(id)) order = known->order;
        order.mutable_intent()->set_client_order_id(id);
        // This fold may be a step behind what the answer says.
        if (result->reached == Progress::kDenied && !cancels) {
          if (!amends) order.set_state(pb::ORDER_STATE_DENIED);
          order.set_detail(result->detail);
        }
        if (order.state() == pb::ORDER_STATE_UNSPECIFIED ||
            (order.state() == pb::ORDER_STATE_INITIALIZED &&
             result->reached == Progress::kJournaled)) {
          order.set_state(result->reached == Progress::kJournaled ? pb::ORDER_STATE_SUBMITTED
                                                                  : pb::ORDER_STATE_INITIALIZED);
        }
        if (result->reason != market::RejectReason::kNone) {
          market::Event<market::RiskDecision> reason;  // for the codec's table of reasons
          reason.value.reason = result->reason;
          risk::v1::RiskDecisionEvent wire;
          wire.ParseFromString(wire::Encode(reason));
          order.set_reject_reason(wire.value().reason());
        }
        call->Reply(response);
      });
}

void OrderApi::ServeChanges(rpc::Server& server) {
  server.Handle<pb::SubmitOrderRequest>(
      "gannet.order.v1.OrderService/SubmitOrder",
      [this](const rpc::CallPtr& call, const pb::SubmitOrderRequest& request) {
        ops_pb::OrderRequest order;
        order.set_account(request.account());
        order.set_instrument(request.instrument());
        order.set_instrument_version(request.instrument_version());
        order.set_side(request.side());
        order.set_type(request.type());
        order.set_time_in_force(request.time_in_force() == pb::TIME_IN_FORCE_UNSPECIFIED
                                    ? pb::TIME_IN_FORCE_GTC
                                    : request.time_in_force());
        order.set_price(request.price());
        order.set_stop_price(request.stop_price());
        order.set_quantity(request.quantity());
        order.set_reduce_only(request.reduce_only());
        order.set_expires_ns(request.expires_ns());
        order.set_trailing_bps(request.trailing_bps());
        if (request.has_plan()) *order.mutable_plan() = request.plan();
        auto command = CommandOf(ops_pb::COMMAND_KIND_SUBMIT_ORDER, call->caller(),
                                 request.request_id(), request.reason(), std::move(order));
        if (!command.ok()) return call->End(command.status());
        // Nothing of a parent is journaled by execution: risk has the last word.
        const Progress wait_for = request.has_plan()
                                      ? std::min(WaitFor(request.wait_for()), Progress::kPermitted)
                                      : WaitFor(request.wait_for());
        Give<pb::SubmitOrderResponse>(call, *std::move(command), wait_for);
      });
  server.Handle<pb::CancelOrderRequest>(
      "gannet.order.v1.OrderService/CancelOrder",
      [this](const rpc::CallPtr& call, const pb::CancelOrderRequest& request) {
        auto command =
            CommandOf(ops_pb::COMMAND_KIND_CANCEL_ORDER, call->caller(), request.request_id(),
                      request.reason(), AboutOrder(request.account(), request.client_order_id()));
        if (!command.ok()) return call->End(command.status());
        Give<pb::CancelOrderResponse>(call, *std::move(command), Progress::kJournaled);
      });
  server.Handle<pb::AmendOrderRequest>(
      "gannet.order.v1.OrderService/AmendOrder",
      [this](const rpc::CallPtr& call, const pb::AmendOrderRequest& request) {
        ops_pb::OrderRequest order = AboutOrder(request.account(), request.client_order_id());
        order.set_price(request.price());
        order.set_quantity(request.quantity());
        auto command = CommandOf(ops_pb::COMMAND_KIND_AMEND_ORDER, call->caller(),
                                 request.request_id(), request.reason(), std::move(order));
        if (!command.ok()) return call->End(command.status());
        Give<pb::AmendOrderResponse>(call, *std::move(command), Progress::kJournaled);
      });
  server.Handle<pb::ReplaceOrderRequest>(
      "gannet.order.v1.OrderService/ReplaceOrder",
      [this](const rpc::CallPtr& call, const pb::ReplaceOrderRequest& request) {
        ops_pb::OrderRequest order = AboutOrder(request.account(), request.client_order_id());
        order.set_price(request.price());
        order.set_quantity(request.quantity());
        auto command = CommandOf(ops_pb::COMMAND_KIND_REPLACE_ORDER, call->caller(),
                                 request.request_id(), request.reason(), std::move(order));
        if (!command.ok()) return call->End(command.status());
        Give<pb::ReplaceOrderResponse>(call, *std::move(command), Progress::kJournaled);
      });
}

}  // namespace gannet::api
