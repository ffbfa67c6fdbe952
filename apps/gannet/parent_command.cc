#include "apps/gannet/parent_command.h"

#include <algorithm>
#include <optional>
#include <ostream>
#include <string>
#include <tuple>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "libs/market/decimal.h"

namespace gannet::app {
namespace {

namespace pb = ::gannet::order::v1;

absl::StatusOr<int64_t> Number(const std::string& text, uint32_t scale, const char* option) {
  if (text.empty()) return 0;
  const auto parsed = market::ParseDecimal(text, static_cast<int>(scale));
  if (parsed) return *parsed;
  return absl::InvalidArgumentError(absl::StrCat(option, " '", text, "' is no number with at most ",
                                                 scale, " digits after the point"));
}

std::string PpmText(int64_t ppm) { return absl::StrCat(market::FormatDecimal(ppm, 4), "%"); }

}  // namespace

absl::Status AddPlan(const OrderOptions& order, const market::v1::Instrument& definition,
                     base::Time now, pb::SubmitOrderRequest& request) {
  pb::AlgoPlan& plan = *request.mutable_plan();
  pb::Algo algo{};
  if (!pb::Algo_Parse("ALGO_" + absl::AsciiStrToUpper(order.algo), &algo))
    return absl::InvalidArgumentError(absl::StrCat("--algo '", order.algo, "' is not known"));
  plan.set_algo(algo);
  const auto life = base::ParseDuration(order.life);
  if (!life || life->count() <= 0)
    return absl::InvalidArgumentError("--for says how long the parent order lives; give 10m or 2h");
  request.set_expires_ns(base::UnixNanos(now + *life));
  plan.set_slices(order.slices);
  plan.set_max_children(order.max_children);
  for (const uint32_t weight : order.weights) plan.add_weights(weight);
  for (const std::string& venue : order.venues) plan.add_venues(venue);
  if (!order.participation.empty()) {
    const std::string& text = order.participation;
    const auto ppm = text.back() == '%' ? market::ParseDecimal(text.substr(0, text.size() - 1), 4)
                                        : std::nullopt;
    if (!ppm || *ppm < 0)
      return absl::InvalidArgumentError("--participation is a share such as 10%");
    plan.set_participation_ppm(static_cast<uint32_t>(std::min<int64_t>(*ppm, 1'000'000)));
  }
  GANNET_ASSIGN_OR_RETURN(const int64_t visible,
                          Number(order.visible, definition.quantity_scale(), "--visible"));
  plan.set_visible(visible);
  for (const auto& [text, option, set] :
       {std::tuple(&order.take_profit, "--take-profit", &pb::AlgoPlan::set_take_profit),
        std::tuple(&order.stop, "--stop", &pb::AlgoPlan::set_stop),
        std::tuple(&order.stop_limit, "--stop-limit", &pb::AlgoPlan::set_stop_limit)}) {
    GANNET_ASSIGN_OR_RETURN(const int64_t price, Number(*text, definition.price_scale(), option));
    (plan.*set)(price);
  }
  if (algo == pb::ALGO_OCO && request.price() == 0) {
    // The worst price of its legs.
    const int64_t profit = plan.take_profit(), stop = plan.stop_limit();
    const bool sells = request.side() == common::v1::SIDE_SELL;
    request.set_price(profit == 0 || stop == 0 ? std::max(profit, stop)
                      : sells                  ? std::min(profit, stop)
                                               : std::max(profit, stop));
  }
  return absl::OkStatus();
}

void PrintParent(const pb::GetOrderResponse& response, Remote& remote, Console& console) {
  const pb::OrderIntent& intent = response.order().intent();
  const pb::ParentOrder& parent = response.order().parent_order();
  const pb::AlgoPlan& plan = parent.plan();
  const std::string& id = intent.instrument();
  const uint32_t version = intent.instrument_version();
  const auto price = [&](int64_t mantissa) {
    return mantissa == 0 ? std::string("-") : remote.Price(id, version, mantissa);
  };
  Table table({"parent order", intent.client_order_id()});
  table.Add({"algorithm", Short(pb::Algo_Name(plan.algo()), "ALGO_")});
  table.Add({"state", Short(pb::ParentState_Name(parent.state()), "PARENT_STATE_")});
  table.Add({"detail", parent.detail()});
  table.Add({"strategy", intent.strategy()});
  table.Add({"instrument", id});
  table.Add({"side", Short(common::v1::Side_Name(intent.side()), "SIDE_")});
  table.Add({"quantity", remote.Quantity(id, version, intent.quantity())});
  table.Add({"price limit", price(intent.price())});
  table.Add({"time limit", TimeOf(intent.expires_ns())});
  if (plan.slices() > 0) table.Add({"slices", absl::StrCat(plan.slices())});
  if (plan.weights_size() > 0) table.Add({"slices", absl::StrCat(plan.weights_size())});
  if (plan.participation_ppm() > 0) table.Add({"participation", PpmText(plan.participation_ppm())});
  if (plan.visible() > 0) table.Add({"visible part", remote.Quantity(id, version, plan.visible())});
  if (plan.take_profit() > 0) table.Add({"take profit", price(plan.take_profit())});
  if (plan.stop() > 0)
    table.Add(
        {"stop", absl::StrCat(price(plan.stop()), ", not beyond ", price(plan.stop_limit()))});
  table.Add({"filled", remote.Quantity(id, version, parent.filled())});
  table.Add({"average price", price(parent.average_price())});
  if (parent.exited() > 0) {
    table.Add({"left again", remote.Quantity(id, version, parent.exited())});
    table.Add({"at", price(parent.exit_average_price())});
  }
  table.Add({"arrival price", price(parent.arrival_price())});
  table.Add({"slippage against arrival", PpmText(parent.arrival_slippage_ppm())});
  table.Add({"market traded", remote.Quantity(id, version, parent.market_volume())});
  table.Add({"its average price (VWAP)", price(parent.market_vwap())});
  table.Add({"slippage against VWAP", PpmText(parent.vwap_slippage_ppm())});
  table.Add({"why", intent.reason()});
  table.Add({"updated", TimeOf(response.order().update_time_ns())});
  table.Print(console.out);
  console.out << "\n" << parent.children() << " children\n";
  if (response.children_size() == 0) return;
  Table children(
      {"CHILD", "STATE", "INSTRUMENT", "SIDE", "QUANTITY", "FILLED", "PRICE", "WHY", "UPDATED"});
  for (const pb::Order& child : response.children()) {
    const pb::OrderIntent& own = child.intent();
    const uint32_t at = own.instrument_version();
    children.Add({own.client_order_id(), Short(pb::OrderState_Name(child.state()), "ORDER_STATE_"),
                  own.instrument(), Short(common::v1::Side_Name(own.side()), "SIDE_"),
                  remote.Quantity(own.instrument(), at, own.quantity()),
                  remote.Quantity(own.instrument(), at, child.cumulative_quantity()),
                  remote.Price(own.instrument(), at, own.price()), own.reason(),
                  TimeOf(child.update_time_ns())});
  }
  children.Print(console.out);
}

}  // namespace gannet::app
