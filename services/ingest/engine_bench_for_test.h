// The engine with one venue that a test moves, whatever that venue's protocol.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "services/ingest/ingest_engine.h"
#include "services/ingest/recorded_output_for_test.h"

namespace gannet::ingest {

class EngineBenchForTest {
 public:
  using Kind = wire::StreamEvent::Kind;

  explicit EngineBenchForTest(VenueOptions options) : engine(std::move(options), output) {}

  market::Header Cause() const {
    market::Header header;
    header.id = {1, 1};
    header.receive_time = header.event_time = now;
    return header;
  }
  void Answer(const std::string& path, std::string_view body, int status = 200,
              std::string retry_after = "") {
    wire::HttpExchange exchange;
    exchange.status = status;
    exchange.headers = {{":path", path}};
    if (!retry_after.empty()) exchange.headers.emplace_back("retry-after", retry_after);
    exchange.body = std::string(body);
    engine.OnHttp(exchange, Cause());
  }
  void Open(const std::string& connection = "c1") {
    engine.OnStream({connection, Kind::kOpened, ""}, Cause());
  }
  void Close(const std::string& connection = "c1") {
    engine.OnStream({connection, Kind::kClosed, "gone"}, Cause());
  }
  void Frame(const std::string& text, const std::string& connection = "c1") {
    engine.OnStream({connection, Kind::kFrame, text}, Cause());
  }
  void After(base::Duration span) {
    const base::Time end = now + span;
    while (now < end) {
      now = std::min(end, now + std::chrono::seconds(1));
      engine.OnTimer(Cause());
    }
  }
  std::string Now() const { return std::to_string(base::UnixMillis(now)); }
  const InstrumentFeed& feed(const std::string& symbol = "BTCUSDT") const {
    return *engine.feeds().at(symbol);
  }

  RecordedOutputForTest output;
  base::Time now = base::FromUnixMillis(1'700'000'000'000);
  IngestEngine engine;
};

}  // namespace gannet::ingest
