// Bybit's own published examples through the decoder and back. Skipped where the samples
// are absent.
#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "libs/base/line_reader.h"
#include "libs/base/posix_files.h"
#include "libs/venue/bybit/market_codec.h"

namespace gannet::venue::bybit {
namespace {

using nlohmann::json;

const std::string kExamples = "../shared/data/oracle-exchange-docs/bybit-v5-docs.jsonl.gz";

// The examples of one page of the documentation that are JSON.
std::vector<json> ExamplesOf(const std::string& page) {
  base::PosixFiles files;
  if (!files.Exists(kExamples)) SKIP("SKIPPED: " + kExamples + " not present");
  auto reader = base::LineReader::Open(files, kExamples, 64u << 20);
  REQUIRE(reader.ok());
  std::vector<json> out;
  for (;;) {
    const auto line = (*reader)->Next();
    REQUIRE(line.ok());
    if (!*line) return out;
    const json row = json::parse((*line)->text);
    if (row["doc"] != page) continue;
    if (row.contains("json")) out.push_back(row["json"]);
    for (const json& one : row.value("jsons", json::array())) out.push_back(one);
  }
}

json LevelsBack(std::span<const TextLevel> levels) {
  json out = json::array();
  for (const TextLevel& level : levels) out.push_back(json::array({level.price, level.quantity}));
  return out;
}

TEST_CASE("Bybit's published book and trade examples decode without loss") {
  MarketDecoder decoder;
  size_t books = 0, trades = 0;
  for (const json& example : ExamplesOf("docs/v5/websocket/public/orderbook.mdx")) {
    if (!example.contains("topic")) continue;
    const auto frame = decoder.DecodeFrame(example.dump());
    REQUIRE(frame.ok());
    const auto& diff = std::get<DepthDiff>(*frame);
    const json& data = example["data"];
    CHECK(diff.symbol == data["s"]);
    CHECK(diff.last_id == data["u"]);
    CHECK(diff.snapshot == (example["type"] == "snapshot"));
    CHECK(base::UnixMillis(diff.event_time) == example["ts"]);
    CHECK(LevelsBack(diff.bids) == data["b"]);
    CHECK(LevelsBack(diff.asks) == data["a"]);
    ++books;
  }
  for (const json& example : ExamplesOf("docs/v5/websocket/public/trade.mdx")) {
    if (!example.contains("topic")) continue;
    const auto frame = decoder.DecodeFrame(example.dump());
    REQUIRE(frame.ok());
    const auto& batch = std::get<TradeReports>(*frame);
    REQUIRE(batch.trades.size() == example["data"].size());
    for (size_t i = 0; i < batch.trades.size(); ++i) {
      const json& row = example["data"][i];
      CHECK(batch.trades[i].price == row["p"]);
      CHECK(batch.trades[i].quantity == row["v"]);
      CHECK(batch.trades[i].buyer_is_maker == (row["S"] == "Sell"));
      CHECK(base::UnixMillis(batch.trades[i].trade_time) == row["T"]);
      ++trades;
    }
  }
  CHECK(books > 0);
  CHECK(trades > 0);
}

TEST_CASE("Bybit's published instruments become rules, those of options are refused") {
  MarketDecoder decoder;
  size_t spot = 0, linear = 0;
  for (const json& example : ExamplesOf("docs/v5/market/instrument.mdx")) {
    const std::string category = example["result"]["category"];
    const bool is_spot = category == "spot";
    const auto info = decoder.DecodeInstrumentsInfo(
        example.dump(), is_spot ? Category::kSpot : Category::kLinear, "bybit");
    REQUIRE(info.ok() == (category != "option"));
    if (!info.ok()) continue;
    CHECK(info->rejected.empty());
    REQUIRE(info->instruments.size() == example["result"]["list"].size());
    const market::Instrument& instrument = info->instruments.front();
    const json& row = example["result"]["list"][0];
    const json& lots = row["lotSizeFilter"];
    CHECK(instrument.ParsePrice(row["priceFilter"]["tickSize"].get<std::string>()) ==
          instrument.tick);
    CHECK(instrument.ParseQuantity(
              lots[is_spot ? "basePrecision" : "qtyStep"].get<std::string>()) == instrument.lot);
    CHECK(info->next_page == example["result"].value("nextPageCursor", ""));
    ++(is_spot ? spot : linear);
  }
  CHECK(spot > 0);
  CHECK(linear > 0);
}

}  // namespace
}  // namespace gannet::venue::bybit
