#include "services/gateway/view_rows.h"

#include "libs/market/names.h"

namespace gannet::gateway {
namespace {

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

// Digits behind the point that a multiple of `step` needs.
int Digits(int64_t step, int scale) {
  while (scale > 0 && step > 0 && step % 10 == 0) {
    step /= 10;
    --scale;
  }
  return scale;
}

}  // namespace

// Text from outside may hold broken UTF-8: replaced, never thrown over.
std::string Text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json MarketRow(const View& view, const market::InstrumentId& id, const View::Market& m,
               base::Time now) {
  Json json{
      {"instrument", id.text()}, {"book", market::Name(m.book)}, {"fault", market::Name(m.fault)}};
  if (m.definition) {
    json["base"] = m.definition->base.text();
    json["quote"] = m.definition->quote.text();
    json["price_digits"] = Digits(m.definition->tick.mantissa, m.definition->price_scale);
    json["quantity_digits"] = Digits(m.definition->lot.mantissa, m.definition->quantity_scale);
    json["tick"] = m.definition->Format(m.definition->tick);
    json["lot"] = m.definition->Format(m.definition->lot);
  }
  for (const char* name : {"bid", "bid_quantity", "ask", "ask_quantity"}) json[name] = nullptr;
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

Json SignalRow(const View::Signal& s) {
  const market::NewsSignal& v = s.value;
  Json instruments = Json::array();
  for (const auto& instrument : v.instruments) instruments.push_back(instrument.text());
  return {{"id", IdText(s.id)},
          {"time", base::FormatTime(s.time)},
          {"title", v.title},
          {"source", v.source},
          {"type", market::Name(v.type)},
          {"sentiment", v.sentiment_ppm / 1e6},
          {"confidence", Share(v.confidence_ppm)},
          {"novelty", Share(v.novelty_ppm)},
          {"relation", market::Name(v.relation)},
          {"classifier", v.classifier_version},
          {"instruments", instruments},
          {"latency_ms", static_cast<double>(v.latency.count()) / 1e6}};
}

Json OrderRow(const View& view, const View::Order& o) {
  const market::ExecReport& r = o.report;
  const View::Terms terms = o.terms.value_or(View::Terms());
  return {
      {"client_order_id", r.client_order_id.text()},
      {"venue_order_id", r.venue_order_id.text()},
      {"account", r.account.text()},
      {"strategy", r.strategy.text()},
      {"instrument", r.instrument.text()},
      {"side", market::Name(r.side)},
      {"type", o.terms ? Json(market::Name(terms.type)) : Json(nullptr)},
      {"price", r.price.mantissa == 0 ? Json(nullptr)
                                      : Exact(view, r, r.price)},  // null: none, or not known
      {"stop_price", terms.stop_price.mantissa == 0
                         ? Json(nullptr)
                         : Exact(view, r.instrument, terms.instrument_version, terms.stop_price)},
      {"trailing_bps", terms.trailing_bps == 0 ? Json(nullptr) : Json(terms.trailing_bps)},
      {"quantity", Exact(view, r, r.quantity)},
      {"filled", Exact(view, r, r.cumulative)},
      {"state", market::Name(r.state)},
      {"reason", o.reason},
      {"detail", r.detail},
      {"evidence", r.evidence},
      {"step", market::Name(r.kind)},
      {"final", market::IsTerminal(r.state)},
      {"signal", IdText(r.signal)},
      {"model", r.model_version},
      {"venue_state", o.venue_state ? Json(market::Name(*o.venue_state)) : Json(nullptr)},
      {"venue_time", o.venue_state ? Json(base::FormatTime(o.venue_time)) : Json(nullptr)},
      {"venue_evidence", o.venue_evidence},
      {"created", base::FormatTime(o.created)},
      {"updated", base::FormatTime(o.updated)}};
}

Json FillRow(const View& view, const View::FillSeen& f) {
  const market::ExecReport& r = f.report;
  return {{"id", IdText(f.id)},
          {"time", base::FormatTime(f.time)},
          {"client_order_id", r.client_order_id.text()},
          {"strategy", r.strategy.text()},
          {"instrument", r.instrument.text()},
          {"side", market::Name(r.side)},
          {"price", Exact(view, r, r.fill->price)},
          {"quantity", Exact(view, r, r.fill->quantity)},
          {"fee", r.fill->fee.ToString()},
          {"fee_asset", r.fill->fee_asset.text()},
          {"liquidity", market::Name(r.fill->liquidity)},
          {"trade_id", r.fill->trade_id},
          {"account", r.account.text()},
          {"signal", IdText(r.signal)},
          {"model", r.model_version}};
}

Json PositionRow(const View& view, const View::Position& position) {
  const market::PositionUpdate& p = position.value;
  const auto unrealized = view.Unrealized(p);
  const market::Instrument* definition = view.Definition(p.instrument, p.instrument_version);
  Json row{{"account", p.account.text()},
           {"strategy", p.strategy.text()},
           {"instrument", p.instrument.text()},
           // Of the three amounts below.
           {"asset", definition != nullptr ? Json(definition->quote.text()) : Json(nullptr)}};
  row["net"] = Exact(view, p.instrument, p.instrument_version, p.net);
  row["average_price"] = Exact(view, p.instrument, p.instrument_version, p.average_price);
  row["realized_pnl"] = p.realized_pnl.ToString();
  row["unrealized_pnl"] = unrealized ? Json(unrealized->ToString()) : Json(nullptr);
  row["fees"] = p.fees.ToString();
  row["updated"] = base::FormatTime(position.updated);
  return row;
}

Json BalanceRow(const market::BalanceUpdate& b) {
  return {{"account", b.account.text()},
          {"venue", b.venue},
          {"asset", b.asset.text()},
          {"free", b.free.ToString()},
          {"locked", b.locked.ToString()}};
}

Json FeedRow(const std::string& name, const View::Feed& feed, base::Time now) {
  return {
      {"feed", name},
      {"state", market::Name(feed.state)},
      {"detail", feed.detail},
      {"since", base::FormatTime(feed.since)},
      {"for_ms", std::chrono::duration_cast<std::chrono::milliseconds>(now - feed.since).count()}};
}

Json RiskRow(const market::Scope& scope, const market::RiskState& state) {
  return {{"scope", market::Name(scope.kind)},
          {"name", scope.name},
          {"state", market::Name(state.state)},
          {"killed", state.killed},
          {"reason", state.reason},
          {"person", state.person},
          {"limit_version", state.limit_version}};
}

std::string IdText(const market::EventId& id) {
  return id.empty() ? "" : std::to_string(id.stream) + "-" + std::to_string(id.sequence);
}

Json ProposalRow(const market::LimitRecord& record, const market::LimitRecord::Proposal& proposal) {
  const market::LimitEvent& proposed = proposal.proposed.value;
  const bool approved =
      proposal.decided && proposal.decided->value.step == market::LimitStep::kApproved;
  const char* state = proposal.decided         ? (approved ? "approved" : "rejected")
                      : record.Stale(proposal) ? "stale"
                                               : "open";
  Json changes = Json::array();
  for (const market::LimitChange& change : proposed.changes) {
    changes.push_back({{"scope", market::Name(change.scope.kind)},
                       {"name", change.scope.name},
                       {"limit", change.name},
                       {"before", change.before},
                       {"after", change.after}});
  }
  const auto decided = [&](auto value) {
    return proposal.decided ? Json(value(*proposal.decided)) : Json(nullptr);
  };
  return {{"proposal", proposed.proposal},
          {"state", state},
          {"base_version", proposed.base_version},
          {"version", proposed.version},
          {"proposer", proposed.person},
          {"reason", proposed.reason},
          {"time", base::FormatTime(proposal.proposed.header.event_time)},
          {"decider", decided([](const auto& event) { return event.value.person; })},
          {"decider_reason", decided([](const auto& event) { return event.value.reason; })},
          {"decided",
           decided([](const auto& event) { return base::FormatTime(event.header.event_time); })},
          {"changes", changes}};
}

Json DenialRow(const View& view, const View::Denial& d) {
  const market::OrderIntent& i = d.decision.intent;
  Json failing = Json::array();
  for (const auto reason : d.decision.failing) failing.push_back(market::Name(reason));
  return {
      {"id", IdText(d.id)},
      {"time", base::FormatTime(d.time)},
      {"client_order_id", i.client_order_id.text()},
      {"strategy", i.strategy.text()},
      {"instrument", i.instrument.text()},
      {"side", market::Name(i.side)},
      {"type", market::Name(i.type)},
      {"price", i.price.mantissa == 0 ? Json(nullptr)
                                      : Exact(view, i.instrument, i.instrument_version, i.price)},
      {"quantity", Exact(view, i.instrument, i.instrument_version, i.quantity)},
      {"control", market::Name(d.decision.reason)},
      {"failing", failing},
      {"detail", d.decision.detail},
      {"reason", i.reason},
      {"signal", IdText(i.signal)}};
}

Json PredictionRow(const View::PredictionSeen& p) {
  return {{"id", IdText(p.id)},
          {"time", base::FormatTime(p.time)},
          {"instrument", p.value.instrument.text()},
          {"model", p.value.model + "/" + p.value.version},
          {"horizon", base::FormatDuration(p.value.horizon)},
          {"down", Share(p.value.down_ppm)},
          {"flat", Share(p.value.flat_ppm)},
          {"up", Share(p.value.up_ppm)},
          {"drift", market::Name(p.value.drift)}};
}

Json ProfitRows(const View& view) {
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

Json CountersRow(const View& view) {
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

}  // namespace gannet::gateway
