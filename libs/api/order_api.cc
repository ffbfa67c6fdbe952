#include "libs/api/order_api.h"

#include <algorithm>
#include <charconv>
#include <functional>
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

std::optional<pb::Order> OrderApi::Find(const std::string& id) const {
  if (const auto open = open_.find(id); open != open_.end()) return open->second.order;
  if (const auto ended = FindEnded(id)) return OrderAt(*ended);
  return std::nullopt;
}

std::optional<size_t> OrderApi::FindEnded(const std::string& id) const {
  const size_t hash = std::hash<std::string>()(id);
  for (size_t i = ended_.size(); i-- > 0;) {
    if (ended_.tag(i).id == hash && OrderAt(i).intent().client_order_id() == id) return i;
  }
  return std::nullopt;
}

pb::Order OrderApi::OrderAt(size_t ended) const {
  const std::string_view record = ended_.record(ended);
  pb::Order order;
  order.ParseFromArray(record.data(), static_cast<int>(record.size()));
  return order;
}

pb::Order OrderApi::OrderAt(const Place& place) const {
  return place.open != nullptr ? place.open->order : OrderAt(place.ended);
}

std::vector<OrderApi::Place> OrderApi::ByAge() const {
  std::vector<Place> places;
  for (const auto& [id, known] : open_) places.push_back({known.created, &known, 0});
  for (size_t i = ended_.size(); i-- > 0;) places.push_back({ended_.tag(i).created, nullptr, i});
  // Of an order that something was heard of after its end, what is known now comes first.
  const auto newer = [](const Place& a, const Place& b) { return a.created > b.created; };
  const auto same = [](const Place& a, const Place& b) { return a.created == b.created; };
  std::stable_sort(places.begin(), places.end(), newer);
  places.erase(std::unique(places.begin(), places.end(), same), places.end());
  return places;
}

OrderApi::Known& OrderApi::Make(const std::string& id) {
  if (const auto open = open_.find(id); open != open_.end()) return open->second;
  const auto ended = FindEnded(id);
  Known& known = open_[id];
  if (ended) {
    static_cast<Sums&>(known) = ended_.tag(*ended);
    known.order = OrderAt(*ended);
    return known;
  }
  known.created = ++created_;
  known.order.set_state(pb::ORDER_STATE_INITIALIZED);
  known.order.set_reject_reason(pb::REJECT_REASON_NONE);
  return known;
}

void OrderApi::Settle(const std::string& id) {
  const auto at = open_.find(id);
  if (!IsOpen(at->second.order.state())) {
    ended_.Push({at->second, std::hash<std::string>()(id)}, at->second.order.SerializeAsString());
    open_.erase(at);
  } else if (open_.size() > kKeptOrders) {
    open_.erase(std::min_element(open_.begin(), open_.end(), [](const auto& a, const auto& b) {
      return a.second.created < b.second.created;
    }));
  }
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
  Settle(intent.client_order_id.text());
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
  Settle(parent.id().text());
}

void OrderApi::OnDecision(const Feed::Item& item) {
  // An amendment is no order; what comes of it is reported of the one that is meant.
  if (item.As(bus::kRiskDecisions)->value.intent.kind == market::IntentKind::kAmend) return;
  const auto event = item.To<risk::v1::RiskDecisionEvent>();
  const std::string& id = event.value().intent().client_order_id();
  Known& known = Make(id);
  *known.order.mutable_intent() = event.value().intent();
  if (!event.value().permitted()) {
    known.order.set_state(pb::ORDER_STATE_DENIED);
    known.order.set_reject_reason(event.value().reason());
    known.order.set_detail(event.value().detail());
  }
  Stamp(event, known.order);
  Settle(id);
}

void OrderApi::OnReport(const Feed::Item& item) {
  const market::ExecReport& report = item.As(bus::kExecReports)->value;
  if (report.kind == market::ExecKind::kIllegal) return;
  const auto event = item.To<exec::v1::ExecReportEvent>();
  const std::string& id = report.client_order_id.text();
  Known& known = Make(id);
  pb::Order& order = known.order;
  // A verdict under a name that an order at the venue has says nothing of that order.
  if (report.kind == market::ExecKind::kNotSent && !order.venue_order_id().empty())
    return Settle(id);
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
  Settle(id);
}

void OrderApi::Take(const market::Standing& standing) {
  for (const auto& parent : standing.parents) {
    if (!Knows(parent.value.id().text())) OnParent(Feed::ItemOf(bus::kOrderParents, parent));
  }
  for (const auto& [intent, report] : standing.orders) {
    if (Knows(report.value.client_order_id.text())) continue;
    OnIntent(Feed::ItemOf(bus::kOrderIntents, intent));
    OnReport(Feed::ItemOf(bus::kExecReports, report));
  }
}

// --- questions -----------------------------------------------------------------

void OrderApi::Serve(rpc::Server& server) {
  server.Handle<pb::GetOrderRequest>(
      "gannet.order.v1.OrderService/GetOrder",
      [this](const rpc::CallPtr& call, const pb::GetOrderRequest& request) {
        auto order = Find(request.client_order_id());
        if (!order ||
            (!request.account().empty() && request.account() != order->intent().account())) {
          return call->End(absl::NotFoundError(
              absl::StrCat("no order '", request.client_order_id(),
                           "' since this process began; the store keeps older ones")));
        }
        pb::GetOrderResponse response;
        if (order->has_parent_order()) {
          for (const Place& place : ByAge()) {
            if (response.children_size() == kMostChildren) break;
            pb::Order child = OrderAt(place);
            if (child.intent().parent() == request.client_order_id())
              *response.add_children() = std::move(child);
          }
          std::reverse(response.mutable_children()->begin(), response.mutable_children()->end());
        }
        *response.mutable_order() = *std::move(order);
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
        for (const Place& place : ByAge()) {
          if (place.created >= before) continue;
          pb::Order order = OrderAt(place);
          if (!Passes(request.filter(), order) ||
              !Within(request.range(), base::FromUnixNanos(order.intent().created_ns()))) {
            continue;
          }
          if (response.orders_size() == size) {
            response.set_next_page_token(absl::StrCat(place.created + 1));
            break;
          }
          *response.add_orders() = std::move(order);
        }
        call->Reply(response);
      });
  server.Handle<pb::StreamOrdersRequest>(
      "gannet.order.v1.OrderService/StreamOrders",
      [this](const rpc::CallPtr& call, const pb::StreamOrdersRequest& request) {
        // What works now goes first, as the place where it stands.
        std::vector<Feed::Item> open;
        const std::vector<Place> places = ByAge();
        for (auto place = places.rbegin(); place != places.rend(); ++place) {
          if (place->open == nullptr) continue;
          const pb::Order& order = place->open->order;
          auto event = std::make_shared<market::Event<market::ExecReport>>();
          event->value.client_order_id = market::ClientOrderId(order.intent().client_order_id());
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
              auto order = Find(id);
              if (!order || !Passes(filter, *order)) return nullptr;
              auto message = std::make_unique<pb::StreamOrdersResponse>();
              common::v1::Header& header = *message->mutable_header();
              header.mutable_id()->set_stream(item.header().id.stream);
              header.mutable_id()->set_sequence(item.header().id.sequence);
              header.set_event_time_ns(base::UnixNanos(item.header().event_time));
              *message->mutable_order() = *std::move(order);
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
        if (auto known = Find(id)) order = *std::move(known);
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
