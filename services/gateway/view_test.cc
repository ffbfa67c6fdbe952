#include "services/gateway/view.h"

#include <catch2/catch_test_macros.hpp>
#include <map>
#include <nlohmann/json.hpp>

#include "services/gateway/view_json.h"

namespace gannet::gateway {
namespace {

using base::FromUnixMillis;
using market::Event;

const market::InstrumentId kInstrument("v:BTCUSDT");

template <class T>
Event<T> At(int64_t ms, T value) {
  Event<T> event;
  event.header.event_time = event.header.receive_time = event.header.publish_time =
      FromUnixMillis(ms);
  event.value = std::move(value);
  return event;
}

market::Instrument Definition() {
  market::Instrument d;
  d.id = kInstrument;
  d.quote = market::AssetId("USDT");
  d.price_scale = 2;
  d.quantity_scale = 5;
  return d;
}

market::ExecReport Report(const char* id, market::ExecKind kind, market::OrderState state) {
  market::ExecReport report;
  report.client_order_id = market::ClientOrderId(id);
  report.instrument = kInstrument;
  report.kind = kind;
  report.state = state;
  return report;
}

TEST_CASE("View follows an order from intent to its end and keeps the reason") {
  View view;
  market::OrderIntent intent;
  intent.client_order_id = market::ClientOrderId("a");
  intent.reason = "HACK playbook";
  view.On(At(1, intent));
  view.On(At(2, Report("a", market::ExecKind::kJournaled, market::OrderState::kSubmitted)));
  REQUIRE(view.open_orders().size() == 1);
  CHECK(view.open_orders().begin()->second.reason == "HACK playbook");
  view.On(At(3, Report("a", market::ExecKind::kUnknown, market::OrderState::kUnknown)));
  CHECK(view.counters().unknown_now == 1);
  view.On(At(4, Report("a", market::ExecKind::kAccepted, market::OrderState::kAccepted)));
  CHECK(view.counters().unknown_now == 0);
  view.On(At(5, Report("a", market::ExecKind::kCanceled, market::OrderState::kCanceled)));
  CHECK(view.open_orders().empty());
  REQUIRE(view.closed_orders().size() == 1);
  CHECK(view.closed_orders()[0].created == FromUnixMillis(2));
  CHECK(view.counters().orders == 1);
}

TEST_CASE("View takes our own refusals for no word of the venue, and makes no order of them") {
  View view;
  view.On(At(2, Report("a", market::ExecKind::kJournaled, market::OrderState::kSubmitted)));
  market::ExecReport refused =
      Report("a", market::ExecKind::kCancelRejected, market::OrderState::kSubmitted);
  refused.evidence = "local:no byte left";
  view.On(At(3, refused));
  CHECK(view.open_orders().begin()->second.venue_time == base::Time());
  refused.evidence = "http:DELETE /api/v3/order 400 #7";
  view.On(At(4, refused));
  CHECK(view.open_orders().begin()->second.venue_time == FromUnixMillis(4));
  view.On(
      At(5, Report("nobody", market::ExecKind::kCancelRejected, market::OrderState::kInitialized)));
  CHECK(view.open_orders().size() == 1);
}

TEST_CASE("View says of which type an order is, and where it triggers") {
  View view;
  view.On(At(1, Definition()));
  const auto order = [&](const char* id, market::OrderType type, int64_t price, int64_t stop,
                         uint32_t trailing_bps) {
    market::OrderIntent intent;
    intent.client_order_id = market::ClientOrderId(id);
    intent.instrument = kInstrument;
    intent.type = type;
    intent.price.mantissa = price;
    intent.stop_price.mantissa = stop;
    intent.trailing_bps = trailing_bps;
    view.On(At(2, intent));
    market::ExecReport report =
        Report(id, market::ExecKind::kAccepted, market::OrderState::kAccepted);
    report.instrument = kInstrument;
    report.price = intent.price;
    view.On(At(3, report));
  };
  order("limit", market::OrderType::kLimit, 9'000, 0, 0);
  order("stop", market::OrderType::kStop, 0, 8'000, 0);
  order("both", market::OrderType::kStopLimit, 7'900, 8'000, 0);
  order("trail", market::OrderType::kTrailingStop, 0, 9'500, 150);
  order("at once", market::OrderType::kTrailingStop, 0, 0, 150);
  view.On(At(4, Report("unheard", market::ExecKind::kAccepted, market::OrderState::kAccepted)));
  std::map<std::string, std::string> rows;
  const auto rows_of = nlohmann::json::parse(OrdersJson(view));
  for (const auto& row : rows_of) {
    rows[row.at("client_order_id")] = row.at("type").dump() + " " + row.at("price").dump() + " " +
                                      row.at("stop_price").dump() + " " +
                                      row.at("trailing_bps").dump();
  }
  CHECK(rows["limit"] == R"("LIMIT" "90" null null)");
  CHECK(rows["stop"] == R"("STOP" null "80" null)");
  CHECK(rows["both"] == R"("STOP_LIMIT" "79" "80" null)");
  CHECK(rows["trail"] == R"("TRAILING_STOP" null "95" 150)");
  CHECK(rows["at once"] == R"("TRAILING_STOP" null null 150)");
  CHECK(rows["unheard"].starts_with("null "));
  // An intent that is heard after the last report of its order still counts.
  market::OrderIntent late;
  late.client_order_id = market::ClientOrderId("unheard");
  late.type = market::OrderType::kTakeProfit;
  late.reason = "why";
  view.On(At(4, late));
  CHECK(view.FindOrder(late.client_order_id)->terms->type == market::OrderType::kTakeProfit);
  CHECK(view.FindOrder(late.client_order_id)->reason == "why");
  // Its later reports say nothing of it, and take nothing away.
  market::ExecReport done =
      Report("stop", market::ExecKind::kTriggered, market::OrderState::kAccepted);
  done.instrument = kInstrument;
  view.On(At(5, done));
  CHECK(view.FindOrder(market::ClientOrderId("stop"))->terms->type == market::OrderType::kStop);
}

TEST_CASE("View keeps what one account holds at each of its venues") {
  View view;
  for (const char* venue : {"binance-spot", "bybit-spot"}) {
    market::BalanceUpdate balance;
    balance.account = market::AccountId("main");
    balance.venue = venue;
    balance.asset = market::AssetId("USDT");
    view.On(At(1, balance));
  }
  CHECK(view.balances().size() == 2);
}

TEST_CASE("View values a position at the mid, and says nothing without a quote") {
  View view;
  view.On(At(1, Definition()));
  market::PositionUpdate position;
  position.instrument = kInstrument;
  position.net = market::Quantity{-50'000};        // −0.5
  position.average_price = market::Price{10'000};  // 100.00
  CHECK_FALSE(view.Unrealized(position).has_value());
  market::Quote quote;
  quote.instrument = kInstrument;
  quote.bid = {market::Price{8'900}, market::Quantity{1}};
  quote.ask = {market::Price{9'100}, market::Quantity{1}};
  view.On(At(2, quote));
  CHECK(view.Unrealized(position).value() == market::Money(5, 0));
  // In which asset, its row says.
  view.On(At(3, position));
  CHECK(nlohmann::json::parse(PositionsJson(view)).at(0).at("asset") == "USDT");
  position.instrument_version = 9;
  view.On(At(4, position));
  CHECK(nlohmann::json::parse(PositionsJson(view)).at(0).at("asset").is_null());
}

market::Quote QuoteOf(int64_t bid, int64_t bid_quantity, int64_t ask, int64_t ask_quantity,
                      uint32_t version = 1) {
  market::Quote quote;
  quote.instrument = kInstrument;
  quote.instrument_version = version;
  quote.bid = {market::Price{bid}, market::Quantity{bid_quantity}};
  quote.ask = {market::Price{ask}, market::Quantity{ask_quantity}};
  return quote;
}

TEST_CASE("View never reads a number at scales that are not its own") {
  View view;
  view.On(At(1, QuoteOf(8'900, 1, 9'100, 1)));  // before any definition
  CHECK(view.Definition(kInstrument) == nullptr);
  CHECK(view.Format(kInstrument, 1, market::Price{8'900}) == "?");
  CHECK(StateJson(view, FromUnixMillis(2)).find("\"bid\":null") != std::string::npos);
  view.On(At(2, Definition()));
  CHECK(view.Format(kInstrument, 1, market::Price{8'900}) == "89");
  market::Instrument second = Definition();
  second.version = 2;
  second.price_scale = 4;
  view.On(At(3, second));
  view.On(At(3, Definition()));  // late and old: changes nothing
  CHECK(view.Definition(kInstrument)->version == 2);
  CHECK(view.Format(kInstrument, 1, market::Price{8'900}) == "89");
  CHECK(view.Format(kInstrument, 2, market::Price{8'900}) == "0.89");
  CHECK(view.Format(kInstrument, 3, market::Price{8'900}) == "?");
  CHECK(StateJson(view, FromUnixMillis(4)).find("\"bid\":\"89\"") != std::string::npos);
}

TEST_CASE("View values nothing by a one-sided quote or one of another version") {
  View view;
  view.On(At(1, Definition()));
  market::PositionUpdate position;
  position.instrument = kInstrument;
  position.net = market::Quantity{100'000};
  position.average_price = market::Price{10'000};
  position.realized_pnl = market::Money(250, 2);
  position.fees = market::Money(5, 2);
  view.On(At(2, position));
  view.On(At(3, QuoteOf(0, 0, 9'100, 1)));
  CHECK_FALSE(view.Unrealized(position).has_value());
  CHECK(view.ProfitByAsset().at("USDT").unvalued == 1);
  CHECK(StateJson(view, FromUnixMillis(4)).find("\"bid\":null") != std::string::npos);
  view.On(At(3, QuoteOf(8'900, 1, 9'100, 1, 2)));
  CHECK_FALSE(view.Unrealized(position).has_value());
  view.On(At(3, QuoteOf(10'900, 1, 11'100, 1)));
  const View::Profit profit = view.ProfitByAsset().at("USDT");
  CHECK(profit.unrealized == market::Money(10, 0));
  CHECK(profit.realized == market::Money(250, 2));
  CHECK(profit.unvalued == 0);
  CHECK(
      StateJson(view, FromUnixMillis(4))
          .find(
              R"("profit":[{"asset":"USDT","total":"12.5","realized":"2.5","unrealized":"10","fees":"0.05")") !=
      std::string::npos);
}

TEST_CASE("View takes a fill after the end of its order without a second row") {
  View view;
  view.On(At(1, Report("a", market::ExecKind::kJournaled, market::OrderState::kSubmitted)));
  view.On(At(2, Report("a", market::ExecKind::kCanceled, market::OrderState::kCanceled)));
  market::ExecReport late = Report("a", market::ExecKind::kFill, market::OrderState::kFilled);
  late.fill.emplace();
  view.On(At(3, late));
  REQUIRE(view.closed_orders().size() == 1);
  CHECK(view.closed_orders()[0].report.state == market::OrderState::kFilled);
  CHECK(view.closed_orders()[0].updated == FromUnixMillis(3));
  CHECK(view.fills().size() == 1);
}

TEST_CASE("View is bounded in every row it keeps") {
  View view;
  for (size_t i = 0; i < View::kKeptOpenOrders + 10; ++i) {
    market::OrderIntent intent;
    intent.client_order_id = market::ClientOrderId(std::to_string(i));
    view.On(At(1, intent));
    view.On(At(1, Report(intent.client_order_id.text().c_str(), market::ExecKind::kJournaled,
                         market::OrderState::kSubmitted)));
    market::BalanceUpdate balance;
    balance.asset = market::AssetId(std::to_string(i));
    view.On(At(1, balance));
  }
  CHECK(view.open_orders().size() == View::kKeptOpenOrders);
  CHECK(view.balances().size() == View::kKeptRows);
  CHECK(view.counters().forgotten == 20);
}

TEST_CASE("View forgets the oldest and counts it") {
  View view;
  for (size_t i = 0; i < View::kKeptSignals + 5; ++i)
    view.On(At(static_cast<int64_t>(i), market::NewsSignal{}));
  CHECK(view.signals().size() == View::kKeptSignals);
  CHECK(view.signals().front().time == FromUnixMillis(View::kKeptSignals + 4));
  CHECK(view.counters().forgotten == 5);
}

TEST_CASE("View as JSON holds exact decimals and survives hostile text") {
  View view;
  view.On(At(1, Definition()));
  market::Quote quote;
  quote.instrument = kInstrument;
  quote.bid = {market::Price{6'168'599}, market::Quantity{100'870}};
  quote.ask = {market::Price{6'168'600}, market::Quantity{1}};
  view.On(At(1'000, quote));
  market::NewsSignal signal;
  signal.title = "broken \xff <script>\"";
  view.On(At(2'000, signal));
  const std::string json = StateJson(view, FromUnixMillis(1'500));
  CHECK(json.find("\"bid\":\"61685.99\"") != std::string::npos);
  CHECK(json.find("\"bid_quantity\":\"1.0087\"") != std::string::npos);
  CHECK(json.find("\"age_ms\":500") != std::string::npos);
  CHECK(json.find("broken \xef\xbf\xbd <script>\\\"") != std::string::npos);
}

}  // namespace
}  // namespace gannet::gateway
