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
