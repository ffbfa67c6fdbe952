#include "services/gateway/view_json.h"

#include <nlohmann/json.hpp>

#include "libs/market/names.h"

namespace gannet::gateway {
namespace {

using Json = nlohmann::ordered_json;

// Text from outside may hold broken UTF-8: replaced, never thrown over.
std::string Text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

double Share(uint32_t ppm) { return ppm / 1e6; }

// Null rather than a number at scales that are not its own.
template <class Number>
Json Exact(const View& view, const market::InstrumentId& id, uint32_t version, Number number) {
  const market::Instrument* definition = view.Definition(id, version);
  return definition != nullptr ? Json(definition->Format(number)) : Json(nullptr);
}

// Of a report: at the version it speaks of.
template <class Number>
Json Exact(const View& view, const market::ExecReport& r, Number number) {
  return Exact(view, r.instrument, r.instrument_version, number);
}

void AddLevel(Json& json, const View& view, const market::Quote& quote, const market::Level& level,
              const std::string& side) {
  const bool there = level.quantity.mantissa > 0;
  json[side] =
      there ? Exact(view, quote.instrument, quote.instrument_version, level.price) : Json(nullptr);
  json[side + "_quantity"] =
      there ? Exact(view, quote.instrument, quote.instrument_version, level.quantity)
            : Json(nullptr);
}

Json ToJson(const View& view, const market::InstrumentId& id, const View::Market& m,
            base::Time now) {
  Json json{
      {"instrument", id.text()}, {"book", market::Name(m.book)}, {"fault", market::Name(m.fault)}};
  if (m.quote) {
    AddLevel(json, view, *m.quote, m.quote->bid, "bid");
    AddLevel(json, view, *m.quote, m.quote->ask, "ask");
    json["as_of"] = base::FormatTime(m.quote_time);
    json["age_ms"] =
        std::chrono::duration_cast<std::chrono::milliseconds>(now - m.quote_time).count();
  }
  if (m.last_trade) {
    const market::Trade& t = *m.last_trade;
    json["last_price"] = Exact(view, t.instrument, t.instrument_version, t.price);
    json["last_quantity"] = Exact(view, t.instrument, t.instrument_version, t.quantity);
  }
  if (m.prediction) {
    const market::Prediction& p = *m.prediction;
    json["prediction"] = {{"model", p.model + "/" + p.version},
                          {"horizon", base::FormatDuration(p.horizon)},
                          {"down", Share(p.down_ppm)},
                          {"flat", Share(p.flat_ppm)},
                          {"up", Share(p.up_ppm)},
                          {"drift", market::Name(p.drift)},
                          {"as_of", base::FormatTime(m.prediction_time)}};
  }
  return json;
}

Json ToJson(const View::Signal& s) {
  const market::NewsSignal& v = s.value;
  Json instruments = Json::array();
  for (const auto& instrument : v.instruments) instruments.push_back(instrument.text());
  return {{"time", base::FormatTime(s.time)},
          {"title", v.title},
          {"source", v.source},
          {"type", market::Name(v.type)},
          {"sentiment", v.sentiment_ppm / 1e6},
          {"confidence", Share(v.confidence_ppm)},
          {"novelty", Share(v.novelty_ppm)},
          {"relation", market::Name(v.relation)},
          {"instruments", instruments},
          {"latency_ms", static_cast<double>(v.latency.count()) / 1e6}};
}

Json ToJson(const View& view, const View::Order& o) {
  const market::ExecReport& r = o.report;
  return {{"client_order_id", r.client_order_id.text()},
          {"venue_order_id", r.venue_order_id.text()},
          {"account", r.account.text()},
          {"strategy", r.strategy.text()},
          {"instrument", r.instrument.text()},
          {"side", market::Name(r.side)},
          {"price", r.price.mantissa == 0 ? Json(nullptr)
                                          : Exact(view, r, r.price)},  // null: a market order
          {"quantity", Exact(view, r, r.quantity)},
          {"filled", Exact(view, r, r.cumulative)},
          {"state", market::Name(r.state)},
          {"reason", o.reason},
          {"detail", r.detail},
          {"evidence", r.evidence},
          {"created", base::FormatTime(o.created)},
          {"updated", base::FormatTime(o.updated)}};
}

Json ToJson(const View& view, const View::FillSeen& f) {
  const market::ExecReport& r = f.report;
  return {{"time", base::FormatTime(f.time)},
          {"client_order_id", r.client_order_id.text()},
          {"strategy", r.strategy.text()},
          {"instrument", r.instrument.text()},
          {"side", market::Name(r.side)},
          {"price", Exact(view, r, r.fill->price)},
          {"quantity", Exact(view, r, r.fill->quantity)},
          {"fee", r.fill->fee.ToString()},
          {"fee_asset", r.fill->fee_asset.text()},
          {"liquidity", market::Name(r.fill->liquidity)},
          {"trade_id", r.fill->trade_id}};
}

Json Markets(const View& view, base::Time now) {
  Json rows = Json::array();
  for (const auto& [id, market] : view.markets()) rows.push_back(ToJson(view, id, market, now));
  return rows;
}

Json Signals(const View& view) {
  Json rows = Json::array();
  for (const auto& signal : view.signals()) rows.push_back(ToJson(signal));
  return rows;
}

Json Orders(const View& view) {
  Json rows = Json::array();
  for (const auto& [id, order] : view.open_orders()) rows.push_back(ToJson(view, order));
  for (const auto& order : view.closed_orders()) rows.push_back(ToJson(view, order));
  return rows;
}

Json Fills(const View& view) {
  Json rows = Json::array();
  for (const auto& fill : view.fills()) rows.push_back(ToJson(view, fill));
  return rows;
}

Json Positions(const View& view) {
  Json rows = Json::array();
  for (const auto& [key, position] : view.positions()) {
    const market::PositionUpdate& p = position.value;
    const auto unrealized = view.Unrealized(p);
    Json row{{"account", p.account.text()},
             {"strategy", p.strategy.text()},
             {"instrument", p.instrument.text()}};
    row["net"] = Exact(view, p.instrument, p.instrument_version, p.net);
    row["average_price"] = Exact(view, p.instrument, p.instrument_version, p.average_price);
    row["realized_pnl"] = p.realized_pnl.ToString();
    row["unrealized_pnl"] = unrealized ? Json(unrealized->ToString()) : Json(nullptr);
    row["fees"] = p.fees.ToString();
    row["updated"] = base::FormatTime(position.updated);
    rows.push_back(std::move(row));
  }
  return rows;
}

Json Profit(const View& view) {
  Json rows = Json::array();
  for (const auto& [asset, profit] : view.ProfitByAsset()) {
    rows.push_back({{"asset", asset},
                    {"total", (profit.realized + profit.unrealized).ToString()},
                    {"realized", profit.realized.ToString()},
                    {"unrealized", profit.unrealized.ToString()},
                    {"fees", profit.fees.ToString()},
                    {"positions_without_price", profit.unvalued}});
  }
  return rows;
}

Json Balances(const View& view) {
  Json rows = Json::array();
  for (const auto& [key, b] : view.balances()) {
    rows.push_back({{"account", b.account.text()},
                    {"venue", b.venue},
                    {"asset", b.asset.text()},
                    {"free", b.free.ToString()},
                    {"locked", b.locked.ToString()}});
  }
  return rows;
}

Json Feeds(const View& view, base::Time now) {
  Json rows = Json::array();
  for (const auto& [name, feed] : view.feeds()) {
    rows.push_back(
        {{"feed", name},
         {"state", market::Name(feed.state)},
         {"detail", feed.detail},
         {"since", base::FormatTime(feed.since)},
         {"for_ms",
          std::chrono::duration_cast<std::chrono::milliseconds>(now - feed.since).count()}});
  }
  return rows;
}

Json Risk(const View& view) {
  Json rows = Json::array();
  for (const auto& [scope, state] : view.risk_states()) {
    rows.push_back({{"scope", market::Name(scope.kind)},
                    {"name", scope.name},
                    {"state", market::Name(state.state)},
                    {"killed", state.killed},
                    {"reason", state.reason},
                    {"person", state.person}});
  }
  return rows;
}

Json Counters(const View& view) {
  const View::Counters& c = view.counters();
  Json denials = Json::object();
  for (const auto& [reason, count] : c.denials) denials[market::Name(reason)] = count;
  return {{"trades", c.trades},
          {"quotes", c.quotes},
          {"signals", c.signals},
          {"predictions", c.predictions},
          {"intents", c.intents},
          {"permitted", c.permitted},
          {"denied", c.denied},
          {"denials", denials},
          {"orders", c.orders},
          {"fills", c.fills},
          {"unknown_orders", c.unknown_now},
          {"rejected_by_venue", c.rejected_by_venue},
          {"illegal_events", c.illegal},
          {"forgotten", c.forgotten}};
}

}  // namespace

std::string MarketsJson(const View& view, base::Time now) { return Text(Markets(view, now)); }
std::string SignalsJson(const View& view) { return Text(Signals(view)); }
std::string OrdersJson(const View& view) { return Text(Orders(view)); }
std::string FillsJson(const View& view) { return Text(Fills(view)); }
std::string PositionsJson(const View& view) { return Text(Positions(view)); }

std::string StateJson(const View& view, base::Time now) {
  Json json;
  json["as_of"] = base::FormatTime(now);
  json["feeds"] = Feeds(view, now);
  json["markets"] = Markets(view, now);
  json["signals"] = Signals(view);
  json["orders"] = Orders(view);
  json["fills"] = Fills(view);
  json["positions"] = Positions(view);
  json["profit"] = Profit(view);
  json["balances"] = Balances(view);
  json["risk"] = Risk(view);
  json["counters"] = Counters(view);
  return Text(json);
}

}  // namespace gannet::gateway
