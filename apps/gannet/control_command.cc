#include "apps/gannet/control_command.h"

#include <algorithm>
#include <map>
#include <optional>
#include <ostream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "apps/gannet/parent_command.h"
#include "apps/gannet/remote.h"
#include "gannet/market/v1/market_data_service.pb.h"
#include "gannet/news/v1/signal_service.pb.h"
#include "gannet/ops/v1/admin_service.pb.h"
#include "gannet/order/v1/order_service.pb.h"
#include "gannet/report/v1/report_service.pb.h"
#include "gannet/risk/v1/risk_service.pb.h"
#include "libs/base/status.h"
#include "libs/market/decimal.h"
#include "libs/market/money.h"
#include "libs/runtime/system_clock.h"

namespace gannet::app {
namespace {

namespace order_pb = ::gannet::order::v1;
namespace risk_pb = ::gannet::risk::v1;
using google::protobuf::Message;

std::string Text(order_pb::OrderState state) {
  return Short(order_pb::OrderState_Name(state), "ORDER_STATE_");
}
std::string Text(common::v1::Side side) { return Short(common::v1::Side_Name(side), "SIDE_"); }
std::string Text(risk_pb::TradingState state) {
  return Short(risk_pb::TradingState_Name(state), "TRADING_STATE_");
}
std::string Text(const common::v1::Money& money) {
  const auto high = static_cast<market::Int128>(money.units_high());
  const auto units =
      static_cast<market::Int128>(static_cast<unsigned __int128>(high) << 64 | money.units_low());
  return money.scale() > market::kMaxScale
             ? "?"
             : market::FormatDecimal(units, static_cast<int>(money.scale()));
}
template <class Enum>
absl::StatusOr<Enum> ParseName(const std::string& text, std::string_view prefix,
                               bool (*parse)(google::protobuf::ConstStringParam, Enum*)) {
  std::string name(prefix);
  for (const char c : text)
    name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  Enum value{};
  if (!parse(name, &value)) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", text, "' is not known; see --help for what there is"));
  }
  return value;
}

absl::StatusOr<int64_t> ParseNumber(const std::string& text, uint32_t scale, const char* what) {
  const auto parsed = market::ParseDecimal(text, static_cast<int>(scale));
  if (!parsed) {
    return absl::InvalidArgumentError(absl::StrCat(what, " '", text, "' is no number with at most ",
                                                   scale, " digits after the point"));
  }
  return *parsed;
}

std::string Outcome(const order_pb::Order& order, order_pb::OrderProgress progress) {
  std::string text = absl::StrCat(order.intent().client_order_id(), " ",
                                  Short(order_pb::OrderProgress_Name(progress), "ORDER_PROGRESS_"));
  if (progress == order_pb::ORDER_PROGRESS_DENIED) {
    absl::StrAppend(&text, " ",
                    Short(order_pb::RejectReason_Name(order.reject_reason()), "REJECT_REASON_"));
    if (!order.detail().empty()) absl::StrAppend(&text, ": ", order.detail());
  } else {
    absl::StrAppend(&text, ", now ", Text(order.state()));
  }
  return text;
}

template <class Response>
int Told(const absl::StatusOr<Response>& response, Remote& remote, Console& console) {
  if (!response.ok()) return Report(response.status(), console);
  if (!remote.Json(*response))
    console.out << Outcome(response->order(), response->progress()) << "\n";
  return response->progress() == order_pb::ORDER_PROGRESS_DENIED ? kControlDenied : kControlDone;
}

absl::StatusOr<order_pb::SubmitOrderRequest> RequestOf(const OrderOptions& order, Remote& remote) {
  order_pb::SubmitOrderRequest request;
  GANNET_ASSIGN_OR_RETURN(const auto definition, remote.Definition(order.instrument));
  request.set_account(order.account);
  request.set_instrument(order.instrument);
  request.set_instrument_version(definition.version());
  GANNET_ASSIGN_OR_RETURN(const auto side, ParseName(order.side, "SIDE_", common::v1::Side_Parse));
  GANNET_ASSIGN_OR_RETURN(const auto type,
                          ParseName(order.type, "ORDER_TYPE_", order_pb::OrderType_Parse));
  GANNET_ASSIGN_OR_RETURN(const auto time_in_force, ParseName(order.time_in_force, "TIME_IN_FORCE_",
                                                              order_pb::TimeInForce_Parse));
  request.set_side(side);
  request.set_type(type);
  request.set_time_in_force(time_in_force);
  GANNET_ASSIGN_OR_RETURN(const int64_t quantity,
                          ParseNumber(order.quantity, definition.quantity_scale(), "quantity"));
  request.set_quantity(quantity);
  for (const auto& [text, set] :
       {std::pair(&order.price, &order_pb::SubmitOrderRequest::set_price),
        std::pair(&order.stop_price, &order_pb::SubmitOrderRequest::set_stop_price)}) {
    if (text->empty()) continue;
    GANNET_ASSIGN_OR_RETURN(const int64_t price,
                            ParseNumber(*text, definition.price_scale(), "price"));
    (request.*set)(price);
  }
  request.set_reduce_only(order.reduce_only);
  if (!order.algo.empty()) {
    const runtime::SystemClock clock;
    GANNET_RETURN_IF_ERROR(AddPlan(order, definition, clock.Now(), request));
  }
  return request;
}

}  // namespace

int ShowStatus(const ControlOptions& control, Console console) {
  Remote remote(control, console);
  const auto status = remote.Call<ops::v1::GetStatusResponse>(
      "gannet.ops.v1.AdminService/GetStatus", ops::v1::GetStatusRequest());
  if (!status.ok()) return Report(status.status(), console);
  if (remote.Json(*status)) return kControlDone;
  console.out << "build " << status->build_id() << ", started " << TimeOf(status->started_ns())
              << ", epoch " << status->epoch() << "\njournal at " << status->journal_sequence()
              << ", on disk up to " << status->durable_sequence() << "\n\n";
  Table table({"SERVICE", "HEALTH", "WHY"});
  for (const auto& service : status->services()) {
    std::string why;
    for (const std::string& reason : service.reasons())
      absl::StrAppend(&why, why.empty() ? "" : "; ", reason);
    table.Add({service.service(),
               Short(ops::v1::HealthState_Name(service.state()), "HEALTH_STATE_"), why});
  }
  table.Print(console.out);
  std::string counts;
  for (const auto& counter : status->counters()) {
    if (counter.value() > 0)
      absl::StrAppend(&counts, "  ", counter.name(), " ", counter.value(), "\n");
  }
  if (!counts.empty()) console.out << "\ncounted since the start\n" << counts;
  return kControlDone;
}

int SubmitOrder(const ControlOptions& control, const OrderOptions& order, Console console) {
  Remote remote(control, console);
  auto request = RequestOf(order, remote);
  if (!request.ok()) return Report(request.status(), console);
  request->set_request_id(remote.RequestId());
  request->set_reason(control.reason);
  return Told(remote.Call<order_pb::SubmitOrderResponse>("gannet.order.v1.OrderService/SubmitOrder",
                                                         *request),
              remote, console);
}

int ReplaceOrder(const ControlOptions& control, const OrderOptions& order, Console console) {
  Remote remote(control, console);
  order_pb::GetOrderRequest get;
  get.set_client_order_id(order.id);
  const auto known =
      remote.Call<order_pb::GetOrderResponse>("gannet.order.v1.OrderService/GetOrder", get);
  if (!known.ok()) return Report(known.status(), console);
  const order_pb::OrderIntent& intent = known->order().intent();
  const auto definition = remote.Definition(intent.instrument(), intent.instrument_version());
  if (!definition.ok()) return Report(definition.status(), console);
  order_pb::ReplaceOrderRequest request;
  request.set_request_id(remote.RequestId());
  request.set_account(intent.account());
  request.set_client_order_id(order.id);
  request.set_reason(control.reason);
  request.set_price(intent.price());
  request.set_quantity(intent.quantity());
  if (!order.price.empty()) {
    const auto price = ParseNumber(order.price, definition->price_scale(), "price");
    if (!price.ok()) return Report(price.status(), console);
    request.set_price(*price);
  }
  if (!order.quantity.empty()) {
    const auto quantity = ParseNumber(order.quantity, definition->quantity_scale(), "quantity");
    if (!quantity.ok()) return Report(quantity.status(), console);
    request.set_quantity(*quantity);
  }
  return Told(remote.Call<order_pb::ReplaceOrderResponse>(
                  "gannet.order.v1.OrderService/ReplaceOrder", request),
              remote, console);
}

int CancelOrder(const ControlOptions& control, const OrderOptions& order, Console console) {
  Remote remote(control, console);
  order_pb::CancelOrderRequest request;
  request.set_request_id(remote.RequestId());
  request.set_account(order.account);
  request.set_client_order_id(order.id);
  request.set_reason(control.reason);
  return Told(remote.Call<order_pb::CancelOrderResponse>("gannet.order.v1.OrderService/CancelOrder",
                                                         request),
              remote, console);
}

int ListOrders(const ControlOptions& control, const OrderOptions& order, Console console) {
  Remote remote(control, console);
  order_pb::ListOrdersRequest request;
  request.mutable_filter()->set_open_only(order.open_only);
  for (const std::string& name : order.strategies) request.mutable_filter()->add_strategies(name);
  for (const std::string& name : order.instruments) request.mutable_filter()->add_instruments(name);
  request.set_page_size(order.limit);
  const auto list =
      remote.Call<order_pb::ListOrdersResponse>("gannet.order.v1.OrderService/ListOrders", request);
  if (!list.ok()) return Report(list.status(), console);
  if (remote.Json(*list)) return kControlDone;
  Table table({"ORDER", "STATE", "STRATEGY", "INSTRUMENT", "SIDE", "QUANTITY", "FILLED", "PRICE",
               "UPDATED"});
  for (const order_pb::Order& row : list->orders()) {
    const order_pb::OrderIntent& intent = row.intent();
    const std::string& id = intent.instrument();
    const uint32_t version = intent.instrument_version();
    table.Add({intent.client_order_id(), Text(row.state()), intent.strategy(), id,
               Text(intent.side()), remote.Quantity(id, version, intent.quantity()),
               remote.Quantity(id, version, row.cumulative_quantity()),
               remote.Price(id, version, intent.price()), TimeOf(row.update_time_ns())});
  }
  table.Print(console.out);
  if (!list->next_page_token().empty()) console.out << "… older ones left out; see --limit\n";
  return kControlDone;
}

int ShowOrder(const ControlOptions& control, const OrderOptions& order, Console console) {
  Remote remote(control, console);
  order_pb::GetOrderRequest request;
  request.set_client_order_id(order.id);
  const auto response =
      remote.Call<order_pb::GetOrderResponse>("gannet.order.v1.OrderService/GetOrder", request);
  if (!response.ok()) return Report(response.status(), console);
  if (remote.Json(*response)) return kControlDone;
  const order_pb::Order& row = response->order();
  if (row.has_parent_order()) {
    PrintParent(*response, remote, console);
    return kControlDone;
  }
  const order_pb::OrderIntent& intent = row.intent();
  const std::string& id = intent.instrument();
  const uint32_t version = intent.instrument_version();
  Table table({"order", intent.client_order_id()});
  table.Add({"venue's id", row.venue_order_id().empty() ? "-" : row.venue_order_id()});
  table.Add({"state", Text(row.state())});
  table.Add({"strategy", intent.strategy()});
  table.Add({"instrument", id});
  table.Add({"side", Text(intent.side())});
  table.Add({"type", Short(order_pb::OrderType_Name(intent.type()), "ORDER_TYPE_")});
  table.Add(
      {"in force", Short(order_pb::TimeInForce_Name(intent.time_in_force()), "TIME_IN_FORCE_")});
  table.Add({"quantity", remote.Quantity(id, version, intent.quantity())});
  table.Add({"filled", remote.Quantity(id, version, row.cumulative_quantity())});
  table.Add({"price", remote.Price(id, version, intent.price())});
  table.Add({"average fill", remote.Price(id, version, row.average_fill_price())});
  if (!intent.parent().empty()) table.Add({"parent order", intent.parent()});
  table.Add({"why", intent.reason()});
  table.Add({"detail", row.detail()});
  table.Add({"updated", TimeOf(row.update_time_ns())});
  table.Print(console.out);
  return kControlDone;
}

int ListPositions(const ControlOptions& control, Console console) {
  Remote remote(control, console);
  const auto list = remote.Call<report::v1::ListPositionsResponse>(
      "gannet.report.v1.ReportService/ListPositions", report::v1::ListPositionsRequest());
  if (!list.ok()) return Report(list.status(), console);
  if (remote.Json(*list)) return kControlDone;
  Table table({"ACCOUNT", "STRATEGY", "INSTRUMENT", "NET", "AVERAGE", "REALISED", "FEES"});
  for (const auto& row : list->positions()) {
    const uint32_t version = row.instrument_version();
    table.Add({row.account(), row.strategy(), row.instrument(),
               remote.Quantity(row.instrument(), version, row.net()),
               remote.Price(row.instrument(), version, row.average_price()),
               Text(row.realized_pnl()), Text(row.fees())});
  }
  table.Print(console.out);
  return kControlDone;
}

namespace {

template <class Request, class Response>
int ChangeState(const ControlOptions& control, const std::string& scope, const char* method,
                Console& console, const std::function<absl::Status(Request&)>& more = nullptr) {
  Remote remote(control, console);
  Request request;
  const auto parsed = ParseScope(scope);
  if (!parsed.ok()) {
    Report(parsed.status(), console);
    return kControlUsage;
  }
  *request.mutable_scope() = *parsed;
  request.set_request_id(remote.RequestId());
  request.set_reason(control.reason);
  if (more) {
    if (const absl::Status added = more(request); !added.ok()) {
      Report(added, console);
      return kControlUsage;
    }
  }
  const auto response = remote.Call<Response>(method, request);
  if (!response.ok()) return Report(response.status(), console);
  if (!remote.Json(*response)) {
    console.out << ScopeText(response->state().scope()) << " is " << Text(response->state().state())
                << (response->state().killed() ? ", kill switch on" : "") << "\n";
  }
  return kControlDone;
}

}  // namespace

int Halt(const ControlOptions& control, const std::string& scope, const std::string& state,
         Console console) {
  return ChangeState<risk_pb::SetTradingStateRequest, risk_pb::SetTradingStateResponse>(
      control, scope, "gannet.risk.v1.RiskService/SetTradingState", console,
      [&state](risk_pb::SetTradingStateRequest& request) {
        const auto parsed = ParseName(state, "TRADING_STATE_", risk_pb::TradingState_Parse);
        if (parsed.ok()) request.set_state(*parsed);
        return parsed.status();
      });
}

int Resume(const ControlOptions& control, const std::string& scope, Console console) {
  return ChangeState<risk_pb::ReleaseKillSwitchRequest, risk_pb::ReleaseKillSwitchResponse>(
      control, scope, "gannet.risk.v1.RiskService/ReleaseKillSwitch", console);
}

int TailSignals(const ControlOptions& control, int count, bool follow, Console console) {
  Remote remote(control, console);
  const auto print = [&](const Message& message, const news::v1::NewsSignal& signal,
                         const common::v1::Header& header) {
    if (remote.Json(message)) return;
    std::string instruments;
    for (const std::string& name : signal.instruments())
      absl::StrAppend(&instruments, instruments.empty() ? "" : ",", name);
    console.out << TimeOf(header.event_time_ns()) << "  "
                << Short(news::v1::NewsEventType_Name(signal.type()), "NEWS_EVENT_TYPE_") << "  "
                << market::FormatDecimal(signal.sentiment_ppm(), 6) << "  "
                << market::FormatDecimal(signal.confidence_ppm(), 6) << "  " << instruments << "  "
                << signal.title() << std::endl;
  };
  news::v1::ListSignalsRequest list;
  list.set_page_size(std::max(count, 1));
  auto newest =
      remote.Call<news::v1::ListSignalsResponse>("gannet.news.v1.SignalService/ListSignals", list);
  if (!newest.ok()) return Report(newest.status(), console);
  for (int i = count > 0 ? newest->signals_size() - 1 : -1; i >= 0; --i)
    print(newest->signals(i), newest->signals(i).value(), newest->signals(i).header());
  if (!follow) return kControlDone;
  news::v1::StreamSignalsResponse message;
  return Report(remote.Stream("gannet.news.v1.SignalService/StreamSignals",
                              news::v1::StreamSignalsRequest(), message,
                              [&] {
                                print(message, message.signal(), message.header());
                                return true;
                              }),
                console);
}

}  // namespace gannet::app
