// Binance's own published examples through the decoder: every payload of a kind we
// claim to read must decode without loss. Skipped where the samples are absent.
#include <catch2/catch_test_macros.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "libs/base/line_reader.h"
#include "libs/base/posix_files.h"
#include "libs/venue/binance/market_codec.h"

namespace gannet::venue::binance {
namespace {

using nlohmann::json;

const std::string kFolder = "../shared/data/oracle-exchange-docs";

std::vector<json> Rows(const std::string& name) {
  base::PosixFiles files;
  if (!files.Exists(kFolder + "/" + name)) SKIP("SKIPPED: " + kFolder + " not present");
  auto reader = base::LineReader::Open(files, kFolder + "/" + name, 64u << 20);
  REQUIRE(reader.ok());
  std::vector<json> rows;
  for (;;) {
    const auto line = (*reader)->Next();
    REQUIRE(line.ok());
    if (!*line) return rows;
    rows.push_back(json::parse((*line)->text));
  }
}

json LevelsBack(std::span<const TextLevel> levels) {
  json out = json::array();
  for (const TextLevel& level : levels) out.push_back(json::array({level.price, level.quantity}));
  return out;
}

// What was read, written as the venue writes it.
json Back(const DepthDiff& diff) {
  json out = {{"e", "depthUpdate"},        {"E", base::UnixMillis(diff.event_time)},
              {"s", diff.symbol},          {"U", diff.first_id},
              {"u", diff.last_id},         {"b", LevelsBack(diff.bids)},
              {"a", LevelsBack(diff.asks)}};
  if (diff.previous_id) out["pu"] = *diff.previous_id;
  return out;
}
json Back(const TradeReport& trade) {
  json out = {{"e", trade.aggregate ? "aggTrade" : "trade"},
              {"E", base::UnixMillis(trade.event_time)},
              {"s", trade.symbol},
              {"p", trade.price},
              {"q", trade.quantity},
              {"T", base::UnixMillis(trade.trade_time)},
              {"m", trade.buyer_is_maker}};
  out[trade.aggregate ? "a" : "t"] = trade.id;
  if (trade.aggregate) {
    out["f"] = trade.first_trade;
    out["l"] = trade.last_trade;
  }
  if (!trade.execution_type.empty()) out["X"] = trade.execution_type;
  return out;
}
json Back(const TradeReports&) { return nullptr; }  // not of this venue
json Back(const BookTicker& ticker) {
  json out = {{"u", ticker.update_id},    {"s", ticker.symbol},    {"b", ticker.bid_price},
              {"B", ticker.bid_quantity}, {"a", ticker.ask_price}, {"A", ticker.ask_quantity}};
  if (ticker.event_time) {
    out["e"] = "bookTicker";
    out["E"] = base::UnixMillis(*ticker.event_time);
  }
  return out;
}
json Back(const Kline& kline) {
  return {{"e", "kline"},
          {"E", base::UnixMillis(kline.event_time)},
          {"s", kline.symbol},
          {"k",
           {{"t", base::UnixMillis(kline.open_time)},
            {"T", base::UnixMillis(kline.close_time)},
            {"i", kline.interval},
            {"o", kline.open},
            {"h", kline.high},
            {"l", kline.low},
            {"c", kline.close},
            {"v", kline.volume},
            {"n", kline.trades},
            {"x", kline.closed}}}};
}
json Back(const ServerShutdown& notice) {
  return {{"e", "serverShutdown"}, {"E", base::UnixMillis(notice.event_time)}};
}
json Back(const RequestResult& result) { return {{"id", result.id}}; }
json Back(const OtherFrame&) { return json::object(); }

// Fields with no meaning for us: spot's ignore flag, futures' transaction time, pair,
// status and quantity without RPI orders; of klines the sums in quote asset and ids.
bool IsLeftOut(const std::string& type, const std::string& field) {
  static const std::map<std::string, std::string> kLeftOut = {
      {"trade", "M"},
      {"aggTrade", "M nq st"},
      {"depthUpdate", "T ps st"},
      {"bookTicker", "T ps st"},
      {"kline", "k.s k.f k.L k.q k.V k.Q k.B"},
      {"", "T ps result e"}};
  const auto found = kLeftOut.find(type);
  if (found == kLeftOut.end()) return false;
  return (" " + found->second + " ").find(" " + field + " ") != std::string::npos;
}

// Every field of the sample that is not left out came back with its value.
void CheckNothingLost(const std::string& type, const json& sample, const json& back,
                      const std::string& prefix = "") {
  for (const auto& [field, value] : sample.items()) {
    if (IsLeftOut(type, prefix + field)) continue;
    INFO(type << " field " << prefix << field);
    REQUIRE(back.contains(field));
    if (value.is_object()) {
      CheckNothingLost(type, value, back[field], field + ".");
    } else {
      CHECK(back[field] == value);
    }
  }
}

const json& Inner(const json& frame) {
  return frame.contains("stream") && frame.contains("data") ? frame["data"] : frame;
}

bool IsKnown(const std::string& type) {
  return type == "depthUpdate" || type == "trade" || type == "aggTrade" || type == "bookTicker" ||
         type == "kline" || type == "serverShutdown";
}

}  // namespace

TEST_CASE("MarketDecoder reads every example of the spot streams page without loss") {
  MarketDecoder decoder;
  std::map<std::string, int> seen;
  for (const json& row : Rows("binance-spot-docs.jsonl.gz")) {
    const std::string doc = row.at("doc");
    if (doc != "web-socket-streams.md" && doc != "testnet/web-socket-streams.md") continue;
    if (!row.contains("json") || row["json"].contains("method")) continue;
    const json& sample = row["json"];
    INFO(sample.dump());
    const auto frame = decoder.DecodeFrame(sample.dump());
    // Alone, a partial book is no message we can attribute; with a stream name it is one.
    if (sample.contains("lastUpdateId") ||
        (sample.contains("result") && sample.contains("method"))) {
      CHECK_FALSE(frame.ok());
      CHECK(decoder.DecodeDepthSnapshot(sample.dump()).ok());
      continue;
    }
    REQUIRE(frame.ok());
    if (!sample.is_object() || sample.contains("result")) continue;
    const json& inner = Inner(sample);
    const std::string type = inner.value("e", "");
    CHECK(std::holds_alternative<OtherFrame>(*frame) ==
          !(IsKnown(type) || (type.empty() && inner.contains("u"))));
    if (std::holds_alternative<OtherFrame>(*frame)) continue;
    ++seen[type];
    CheckNothingLost(type, inner,
                     std::visit([](const auto& value) { return Back(value); }, *frame));
  }
  for (const char* type : {"depthUpdate", "trade", "aggTrade", "", "kline", "serverShutdown"}) {
    INFO(type);
    CHECK(seen[type] >= 1);
  }
}

TEST_CASE("MarketDecoder handles the official connectors' stream and market answers") {
  MarketDecoder decoder;
  std::map<std::string, int> seen;
  int rejected = 0;
  for (const json& row : Rows("binance-connector-mock-responses.jsonl.gz")) {
    const json& payload = row.at("payload");
    if (row.at("client") == "derivatives-trading-options") continue;  // not a product of ours
    const std::string text = payload.dump(), kind = row.at("kind"), call = row.at("call");
    INFO(text.substr(0, 400));
    if (kind == "websocket-streams") {
      const auto frame = decoder.DecodeFrame(text);
      const std::string type = payload.is_object() ? payload.value("e", "") : "";
      if (!frame.ok()) {
        // The connectors' generator drops some string members (p and q of spot trades,
        // half of a [price, quantity] pair): those must be refused by name, not read.
        ++rejected;
        CHECK(std::string(frame.status().message()).find("field ") != std::string::npos);
        continue;
      }
      if (std::holds_alternative<OtherFrame>(*frame)) continue;
      ++seen[type];
      CheckNothingLost(type, payload,
                       std::visit([](const auto& value) { return Back(value); }, *frame));
    } else if (kind == "rest-api" && call == "depth") {
      CHECK(decoder.DecodeDepthSnapshot(text).ok());
      ++seen["depth"];
    } else if (kind == "rest-api" && (call == "exchangeInfo" || call == "exchangeInformation")) {
      const Product product = row.at("client") == "spot" ? Product::kSpot : Product::kUsdm;
      const auto info = decoder.DecodeExchangeInfo(text, product, DefaultVenueName(product));
      REQUIRE(info.ok());
      ++seen["exchangeInfo"];
    }
  }
  CHECK(rejected > 0);
  CHECK(seen["depth"] >= 1);
  CHECK(seen["exchangeInfo"] >= 2);
  CHECK(seen["kline"] >= 1);
  CHECK(seen["bookTicker"] >= 1);
  CHECK(seen["aggTrade"] >= 1);
}

}  // namespace gannet::venue::binance
