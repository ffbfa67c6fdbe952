#include "apps/gannet/screen.h"

#include <catch2/catch_test_macros.hpp>

namespace gannet::app {
namespace {

using base::FromUnixMillis;

gateway::View SomeView() {
  gateway::View view;
  market::Event<market::Instrument> definition;
  definition.value.id = market::InstrumentId("binance-spot:BTCUSDT");
  definition.value.price_scale = 2;
  view.On(definition);
  market::Event<market::NewsSignal> signal;
  signal.value.title = "A headline with a control character \x1b[2J and an end";
  view.On(signal);
  return view;
}

size_t Cells(const std::string& text) {
  size_t cells = 0;
  for (const char c : text) cells += (c & '\xc0') != '\x80' ? 1 : 0;
  return cells;
}

TEST_CASE("The screen fits whatever size the terminal has") {
  const gateway::View view = SomeView();
  for (const int rows : {5, 10, 24, 60}) {
    for (const int columns : {20, 80, 200}) {
      const auto lines = DrawScreen(view, {"paper", "serving", "http://127.0.0.1:1", {}},
                                    FromUnixMillis(1'000), {columns, rows}, false);
      CHECK(lines.size() <= static_cast<size_t>(rows));
      for (const std::string& line : lines) CHECK(Cells(line) <= static_cast<size_t>(columns));
    }
  }
}

TEST_CASE("At eighty columns every number is whole") {
  const market::InstrumentId id("binance-spot:BTCUSDT");
  gateway::View view;
  market::Event<market::Instrument> definition;
  definition.value.id = id;
  definition.value.quote = market::AssetId("USDT");
  definition.value.price_scale = 2;
  definition.value.quantity_scale = 5;
  view.On(definition);
  market::Event<market::Quote> quote;
  quote.value.instrument = id;
  quote.value.bid = {market::Price{6'123'412}, market::Quantity{1}};
  quote.value.ask = {market::Price{6'123'499}, market::Quantity{1}};
  view.On(quote);
  market::Event<market::Prediction> prediction;
  prediction.value.instrument = id;
  prediction.value.down_ppm = 210'000;
  prediction.value.flat_ppm = 470'000;
  prediction.value.up_ppm = 320'000;
  view.On(prediction);
  market::Event<market::PositionUpdate> position;
  position.value.instrument = id;
  position.value.strategy = market::StrategyId("prediction-follower");
  position.value.net = market::Quantity{-1'234'567};
  position.value.average_price = market::Price{6'123'456};
  position.value.realized_pnl = market::Money(-12'345'678, 2);
  position.value.fees = market::Money(98'765, 2);
  view.On(position);
  market::Event<market::ExecReport> order;
  order.value.client_order_id = market::ClientOrderId("a");
  order.value.instrument = id;
  order.value.kind = market::ExecKind::kAccepted;
  order.value.state = market::OrderState::kAccepted;
  order.value.quantity = market::Quantity{1'200'345};
  order.value.price = market::Price{6'123'478};
  view.On(order);
  std::string text;
  for (const std::string& line :
       DrawScreen(view,
                  {"paper fills on a live market", "serving", "http://127.0.0.1:43219",
                   "user admin password abcd-efgh-jkmn-pqrs-tuvw (shown this once; `gannet user` "
                   "makes others)"},
                  FromUnixMillis(1'000), {80, 40}, false)) {
    CHECK(Cells(line) <= 80);
    text += line + "\n";
  }
  INFO(text);
  for (const char* whole : {" 61234.12", " 61234.99", "21%  47%  32%\n", " -12.34567", " 61234.56",
                            " -123456.78", " 0/12.00345", "61234.78", "127.0.0.1:43219\n",
                            "abcd-efgh-jkmn-pqrs-tuvw", "unknown 0\n", "fees paid 987.65"}) {
    CAPTURE(whole);
    CHECK(text.find(whole) != std::string::npos);
  }
}

TEST_CASE("Text from outside cannot command the terminal") {
  const auto lines = DrawScreen(SomeView(), {}, FromUnixMillis(1'000), {120, 30}, false);
  bool seen = false;
  for (const std::string& line : lines) {
    CHECK(line.find('\x1b') == std::string::npos);
    seen = seen || line.find("A headline with") != std::string::npos;
  }
  CHECK(seen);
}

TEST_CASE("Plain lines tell each event once") {
  const gateway::View view = SomeView();
  PlainLines lines;
  CHECK(lines.Take(view, {}, FromUnixMillis(1'000)).size() == 2);  // the headline and a status line
  CHECK(lines.Take(view, {}, FromUnixMillis(2'000)).empty());
}

TEST_CASE("Screen and plain lines show what the model predicts, strongest first") {
  gateway::View view = SomeView();
  market::Event<market::Prediction> event;
  event.value.model = "direction";
  event.value.version = "3";
  event.value.horizon = std::chrono::seconds(10);
  event.value.instrument = market::InstrumentId("binance-spot:BTCUSDT");
  event.value.down_ppm = 200'000;
  event.value.flat_ppm = 500'000;
  event.value.up_ppm = 300'000;
  event.value.drift = market::DriftState::kDrifted;
  view.On(event);
  event.value.instrument = market::InstrumentId("binance-spot:ETHUSDT");
  event.value.down_ppm = 600'000;
  event.value.flat_ppm = 300'000;
  event.value.up_ppm = 100'000;
  view.On(event);
  const auto holds = [](const std::vector<std::string>& lines, std::string_view text) {
    for (const std::string& line : lines) {
      if (line.find(text) != std::string::npos) return true;
    }
    return false;
  };
  CHECK(holds(DrawScreen(view, {}, FromUnixMillis(1'000), {120, 30}, false),
              "20%  50%  30% drifted"));
  PlainLines lines;
  CHECK(holds(lines.Take(view, {}, FromUnixMillis(1'000)),
              "model  direction/3, next 10s: binance-spot:ETHUSDT up 10% down 60%, "
              "binance-spot:BTCUSDT up 30% down 20%"));
}

}  // namespace
}  // namespace gannet::app
