#include "services/gateway/trail.h"

#include <set>

#include "services/gateway/view_rows.h"

namespace gannet::gateway {

std::string TrailJson(const View& view, std::string_view id) {
  // The origin: itself, or what the order rests on.
  std::string origin(id);
  std::set<std::string> ids;  // of orders
  Json orders = Json::array(), fills = Json::array(), denials = Json::array();
  if (const View::Order* order = view.FindOrder(market::ClientOrderId(origin))) {
    ids.insert(origin);
    orders.push_back(OrderRow(view, *order));
    origin = IdText(order->report.signal);
  } else {
    const auto add = [&](const View::Order& o) {
      if (IdText(o.report.signal) != origin || origin.empty()) return;
      ids.insert(o.report.client_order_id.text());
      orders.push_back(OrderRow(view, o));
    };
    for (const auto& [key, o] : view.open_orders()) add(o);
    for (const auto& o : view.closed_orders()) add(o);
    for (const auto& d : view.denials()) {
      if (IdText(d.decision.intent.signal) == origin) denials.push_back(DenialRow(view, d));
    }
  }
  for (const auto& d : view.denials()) {
    if (d.decision.intent.client_order_id.text() == id) {
      denials.push_back(DenialRow(view, d));
      origin = IdText(d.decision.intent.signal);
    }
  }
  for (const auto& fill : view.fills()) {
    if (ids.contains(fill.report.client_order_id.text())) fills.push_back(FillRow(view, fill));
  }
  Json out{{"id", id}, {"signal", nullptr}, {"prediction", nullptr}};
  for (const auto& signal : view.signals()) {
    if (!origin.empty() && IdText(signal.id) == origin) out["signal"] = SignalRow(signal);
  }
  for (const auto& prediction : view.predictions()) {
    if (!origin.empty() && IdText(prediction.id) == origin)
      out["prediction"] = PredictionRow(prediction);
  }
  if (out["signal"].is_null() && out["prediction"].is_null() && orders.empty() && denials.empty())
    return "";
  out["orders"] = std::move(orders);
  out["denials"] = std::move(denials);
  out["fills"] = std::move(fills);
  return Text(out);
}

}  // namespace gannet::gateway
