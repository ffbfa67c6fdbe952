#include "services/gateway/view_json.h"

#include "services/gateway/view_rows.h"

namespace gannet::gateway {
namespace {

Json Markets(const View& view, base::Time now) {
  Json rows = Json::array();
  for (const auto& [id, market] : view.markets()) rows.push_back(MarketRow(view, id, market, now));
  return rows;
}

Json Signals(const View& view) {
  Json rows = Json::array();
  for (const auto& signal : view.signals()) rows.push_back(SignalRow(signal));
  return rows;
}

Json Orders(const View& view) {
  Json rows = Json::array();
  for (const auto& [id, order] : view.open_orders()) rows.push_back(OrderRow(view, order));
  for (const auto& order : view.closed_orders()) rows.push_back(OrderRow(view, order));
  return rows;
}

Json Fills(const View& view) {
  Json rows = Json::array();
  for (const auto& fill : view.fills()) rows.push_back(FillRow(view, fill));
  return rows;
}

Json Positions(const View& view) {
  Json rows = Json::array();
  for (const auto& [key, position] : view.positions()) rows.push_back(PositionRow(view, position));
  return rows;
}

Json Balances(const View& view) {
  Json rows = Json::array();
  for (const auto& [key, b] : view.balances()) {
    rows.push_back(BalanceRow(b));
  }
  return rows;
}

Json Feeds(const View& view, base::Time now) {
  Json rows = Json::array();
  for (const auto& [name, feed] : view.feeds()) {
    rows.push_back(FeedRow(name, feed, now));
  }
  return rows;
}

Json Risk(const View& view) {
  Json rows = Json::array();
  for (const auto& [scope, state] : view.risk_states()) {
    rows.push_back(RiskRow(scope, state));
  }
  return rows;
}

}  // namespace

std::string MarketsJson(const View& view, base::Time now) { return Text(Markets(view, now)); }
std::string SignalsJson(const View& view) { return Text(Signals(view)); }
std::string OrdersJson(const View& view) { return Text(Orders(view)); }
std::string FillsJson(const View& view) { return Text(Fills(view)); }
std::string PositionsJson(const View& view) { return Text(Positions(view)); }

std::string ProposalsJson(const View& view) {
  Json rows = Json::array();
  const auto& proposals = view.limits().proposals();
  for (auto it = proposals.rbegin(); it != proposals.rend(); ++it)
    rows.push_back(ProposalRow(view.limits(), it->second));
  return Text(rows);
}

std::string DenialsJson(const View& view) {
  Json rows = Json::array();
  for (const auto& denial : view.denials()) rows.push_back(DenialRow(view, denial));
  return Text(rows);
}

std::string PredictionsJson(const View& view) {
  Json rows = Json::array();
  for (const auto& prediction : view.predictions()) rows.push_back(PredictionRow(prediction));
  return Text(rows);
}

std::string StateJson(const View& view, base::Time now) {
  Json json;
  json["as_of"] = base::FormatTime(now);
  json["feeds"] = Feeds(view, now);
  json["markets"] = Markets(view, now);
  json["signals"] = Signals(view);
  json["orders"] = Orders(view);
  json["fills"] = Fills(view);
  json["positions"] = Positions(view);
  json["profit"] = ProfitRows(view);
  json["balances"] = Balances(view);
  json["risk"] = Risk(view);
  json["counters"] = CountersRow(view);
  return Text(json);
}

}  // namespace gannet::gateway
