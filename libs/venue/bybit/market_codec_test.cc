#include "libs/venue/bybit/market_codec.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

namespace gannet::venue::bybit {
namespace {

using base::FromUnixMillis;

template <class T>
T Decoded(MarketDecoder& decoder, std::string_view bytes) {
  const absl::StatusOr<MarketFrame> frame = decoder.DecodeFrame(bytes);
  INFO(frame.status().ToString());
  REQUIRE(frame.ok());
  REQUIRE(std::holds_alternative<T>(*frame));
  return std::get<T>(*frame);
}

std::string Refusal(std::string_view bytes) {
  MarketDecoder decoder;
  const absl::StatusOr<MarketFrame> frame = decoder.DecodeFrame(bytes);
  REQUIRE_FALSE(frame.ok());
  CHECK(frame.status().code() == absl::StatusCode::kInvalidArgument);
  return std::string(frame.status().message());
}

bool Contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::string Info(std::string_view category, std::string_view rows, std::string_view more = "") {
  return R"({"retCode":0,"retMsg":"OK","result":{"category":")" + std::string(category) +
         R"(","list":[)" + std::string(rows) + "]" + std::string(more) +
         R"(},"retExtInfo":{},"time":1760027412300})";
}

// As documented.
constexpr std::string_view kSpotRow =
    R"({"symbolId":9,"symbol":"BTCUSDT","baseCoin":"BTC","quoteCoin":"USDT","innovation":"0","status":"Trading","lotSizeFilter":{"basePrecision":"0.000001","quotePrecision":"0.0000001","minOrderQty":"0.000011","maxOrderQty":"83","minOrderAmt":"5","maxOrderAmt":"8000000","maxLimitOrderQty":"83","maxMarketOrderQty":"41.5"},"priceFilter":{"tickSize":"0.1"},"riskParameters":{"priceLimitRatioX":"0.005","priceLimitRatioY":"0.01"}})";
constexpr std::string_view kLinearRow =
    R"({"symbol":"BTCUSDT","contractType":"LinearPerpetual","status":"Trading","baseCoin":"BTC","quoteCoin":"USDT","priceScale":"2","priceFilter":{"minPrice":"0.10","maxPrice":"1999999.80","tickSize":"0.10"},"lotSizeFilter":{"maxOrderQty":"1190.000","minOrderQty":"0.001","qtyStep":"0.001","postOnlyMaxOrderQty":"1190.000","maxMktOrderQty":"500.000","minNotionalValue":"5"},"settleCoin":"USDT"})";

}  // namespace

TEST_CASE("Bybit's MarketDecoder reads snapshots and deltas of a book") {
  MarketDecoder decoder;
  const auto whole = Decoded<DepthDiff>(
      decoder,
      R"({"topic":"orderbook.50.BTCUSDT","type":"snapshot","ts":1672304484978,"data":{"s":"BTCUSDT","b":[["16493.50","0.006"],["16493.00","0.100"]],"a":[["16611.00","0.029"]],"u":18521288,"seq":7961638724},"cts":1672304484976})");
  CHECK(whole.snapshot);
  CHECK(whole.symbol == "BTCUSDT");
  CHECK(whole.first_id == 18521288);
  CHECK(whole.last_id == 18521288);
  CHECK(whole.event_time == FromUnixMillis(1672304484978));
  REQUIRE(whole.bids.size() == 2);
  CHECK(whole.bids[1].quantity == "0.100");
  const auto delta = Decoded<DepthDiff>(
      decoder,
      R"({"topic":"orderbook.50.BTCUSDT","type":"delta","ts":1687940967466,"data":{"s":"BTCUSDT","b":[["30240.00","0"]],"a":[],"u":177400507,"seq":66544703342},"cts":1687940967464})");
  CHECK_FALSE(delta.snapshot);
  CHECK(delta.last_id == 177400507);
  CHECK(delta.bids[0].quantity == "0");
  CHECK(delta.asks.empty());
}

TEST_CASE("Bybit's MarketDecoder reads trades with numbers and with UUIDs, block trades apart") {
  MarketDecoder decoder;
  const auto batch = Decoded<TradeReports>(
      decoder,
      R"({"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":1672304486868,"data":[
          {"T":1672304486865,"s":"BTCUSDT","S":"Buy","v":"0.001","p":"16578.50","L":"PlusTick","i":"20f43950-d8dd-5b31-9112-a178eb6023af","BT":false},
          {"T":1672304486866,"s":"BTCUSDT","S":"Sell","v":"0.002","p":"16578.00","i":"2290000000036455162","BT":true}]})");
  REQUIRE(batch.trades.size() == 2);
  CHECK(batch.trades[0].id == 0x20f43950d8dd5b31);
  CHECK_FALSE(batch.trades[0].numbered);
  CHECK_FALSE(batch.trades[0].buyer_is_maker);
  CHECK(batch.trades[0].execution_type.empty());
  CHECK(batch.trades[0].trade_time == FromUnixMillis(1672304486865));
  CHECK(batch.trades[1].id == 2290000000036455162);
  CHECK(batch.trades[1].buyer_is_maker);
  CHECK(batch.trades[1].execution_type == "BLOCK");
}

TEST_CASE("Bybit's MarketDecoder reads answers, and passes over what is not ours") {
  MarketDecoder decoder;
  const auto good = Decoded<RequestResult>(
      decoder, R"({"success":true,"ret_msg":"","conn_id":"c1","req_id":"7","op":"subscribe"})");
  CHECK(good.ok);
  CHECK(good.id == 7);
  const auto bad = Decoded<RequestResult>(
      decoder,
      R"({"success":false,"ret_msg":"Request Failed. Invalid symbol :[orderbook.50.X]","conn_id":"c1","req_id":"","op":"subscribe"})");
  CHECK_FALSE(bad.ok);
  CHECK(bad.message == "Request Failed. Invalid symbol :[orderbook.50.X]");
  for (
      const char* other :
      {R"({"success":true,"ret_msg":"pong","conn_id":"c1","req_id":"","op":"ping"})",
       R"({"topic":"tickers.BTCUSDT","ts":1,"type":"snapshot","data":{"symbol":"BTCUSDT"}})",
       R"({"topic":"orderbook.rpi.BTCUSDT","ts":1,"type":"delta","data":{"s":"BTCUSDT","b":[["1","0","1"]],"a":[],"u":2}})",
       R"({"topic":"orderbook.full.BTCUSDT","ts":1,"type":"delta","data":{"s":"BTCUSDT","b":[],"a":[],"u":2}})"})
    Decoded<OtherFrame>(decoder, other);
}

TEST_CASE("Bybit's MarketDecoder names what is wrong with a message") {
  CHECK(Contains(Refusal("["), "not the JSON"));
  CHECK(Contains(Refusal("[]"), "must be an object"));
  CHECK(Contains(Refusal("{}"), "op"));
  CHECK(Contains(Refusal(R"({"op":"subscribe"})"), "success"));
  CHECK(Contains(Refusal(R"({"topic":"orderbook.50.X","topic":"a"})"), "appears twice"));
  CHECK(Contains(Refusal(R"({"topic":"orderbook.50.X","type":"whole","ts":1,"data":{}})"), "type"));
  CHECK(Contains(Refusal(R"({"topic":"orderbook.50.X","type":"delta","data":{}})"), "ts"));
  CHECK(Contains(Refusal(R"({"topic":"orderbook.50.X","type":"delta","ts":1})"), "data"));
  const auto book = [](std::string_view data) {
    return Refusal(R"({"topic":"orderbook.50.X","type":"delta","ts":1,"data":)" +
                   std::string(data) + "}");
  };
  CHECK(Contains(book("[]"), "data"));
  CHECK(Contains(book(R"({"s":"X","b":[],"a":[]})"), "field u"));
  CHECK(Contains(book(R"({"s":"X","b":[],"a":[],"u":-1})"), "field u"));
  CHECK(Contains(book(R"({"s":"X","b":[[1,2]],"a":[],"u":1})"), "field b"));
  CHECK(Contains(book(R"({"s":"a b","b":[],"a":[],"u":1})"), "field s"));
  const auto trade = [](std::string_view row) {
    return Refusal(R"({"topic":"publicTrade.X","type":"snapshot","ts":1,"data":[)" +
                   std::string(row) + "]}");
  };
  CHECK(Contains(trade("1"), "data"));
  CHECK(Contains(trade(R"({"T":1,"s":"X","S":"Up","v":"1","p":"1","i":"1"})"), "field S"));
  CHECK(Contains(trade(R"({"T":1,"s":"X","S":"Buy","v":"1","p":"1","i":"trade-one"})"), "field i"));
  CHECK(Contains(trade(R"({"T":1,"s":"X","S":"Buy","v":"1","p":"1","i":"99999999999999999999"})"),
                 "field i"));
}

TEST_CASE("Bybit's instruments become definitions with the rules that orders need") {
  MarketDecoder decoder;
  const auto spot = decoder.DecodeInstrumentsInfo(Info("spot", kSpotRow), Category::kSpot, "b");
  REQUIRE(spot.ok());
  REQUIRE(spot->instruments.size() == 1);
  CHECK(spot->next_page.empty());
  const market::Instrument& pair = spot->instruments[0];
  CHECK(pair.id.text() == "b:BTCUSDT");
  CHECK(pair.kind == market::InstrumentKind::kSpot);
  CHECK(pair.status == market::InstrumentStatus::kTrading);
  CHECK(pair.settle.text() == "USDT");
  CHECK(pair.Format(pair.tick) == "0.1");
  CHECK(pair.Format(pair.lot) == "0.000001");
  CHECK(pair.Format(pair.min_quantity) == "0.000011");
  CHECK(pair.Format(pair.max_quantity) == "83");
  CHECK(pair.Format(pair.max_market_quantity) == "41.5");
  CHECK(pair.max_notional.zero());  // maxOrderAmt is no longer looked at
  CHECK(pair.min_notional == market::Money(500'000'000, 8));
  CHECK(pair.buy_band == market::PriceBand{});

  const auto linear = decoder.DecodeInstrumentsInfo(
      Info("linear", kLinearRow, R"(,"nextPageCursor":"first%3DA%26last%3DB")"), Category::kLinear,
      "b");
  REQUIRE(linear.ok());
  CHECK(linear->next_page == "first%3DA%26last%3DB");
  const market::Instrument& contract = linear->instruments.at(0);
  CHECK(contract.kind == market::InstrumentKind::kPerpetual);
  CHECK(contract.settle.text() == "USDT");
  CHECK(contract.ParseQuantity("0.001") == contract.lot);
  CHECK(contract.ParseQuantity("1190") == contract.max_quantity);
  CHECK(contract.ParseQuantity("500") == contract.max_market_quantity);
  CHECK(contract.min_notional == market::Money(500'000'000, 8));
}

TEST_CASE("Bybit's instruments that cannot be held are left out by name, the rest stands") {
  MarketDecoder decoder;
  const auto with = [](std::string row, std::string_view what, std::string_view instead) {
    row.replace(row.find(what), what.size(), instead);
    return row;
  };
  const std::string good(kLinearRow);
  const auto info = decoder.DecodeInstrumentsInfo(
      Info(
          "linear",
          with(good, "BTCUSDT", "A") + "," +
              with(with(good, "BTCUSDT", "B"), "LinearPerpetual", "InversePerpetual") + "," +
              with(with(good, "BTCUSDT", "C"), R"("tickSize":"0.10")", R"("tickSize":"0")") + "," +
              with(with(good, "BTCUSDT", "D"), R"("qtyStep":"0.001")",
                   R"("qtyStep":"0.0000000001")") +
              "," +
              with(with(good, "BTCUSDT", "E"), R"("status":"Trading")", R"("status":"PreLaunch")")),
      Category::kLinear, "b");
  REQUIRE(info.ok());
  REQUIRE(info->instruments.size() == 2);
  CHECK(info->instruments[0].id.text() == "b:A");
  CHECK(info->instruments[1].status == market::InstrumentStatus::kHalted);
  REQUIRE(info->rejected.size() == 3);
  CHECK(Contains(info->rejected[0], "contractType"));
  CHECK(Contains(info->rejected[1], "tickSize"));
  CHECK(Contains(info->rejected[2], "lotSizeFilter"));
}

TEST_CASE("Bybit's instruments-info that is a refusal, or of another category, is an error") {
  MarketDecoder decoder;
  const auto refused = decoder.DecodeInstrumentsInfo(
      R"({"retCode":10006,"retMsg":"Too many visits.","result":{}})", Category::kSpot, "b");
  REQUIRE_FALSE(refused.ok());
  CHECK(Contains(std::string(refused.status().message()), "10006: Too many visits."));
  CHECK_FALSE(decoder.DecodeInstrumentsInfo(Info("spot", kSpotRow), Category::kLinear, "b").ok());
  const std::string twice = std::string(kSpotRow) + "," + std::string(kSpotRow);
  CHECK_FALSE(decoder.DecodeInstrumentsInfo(Info("spot", twice), Category::kSpot, "b").ok());
  CHECK_FALSE(decoder.DecodeInstrumentsInfo("{}", Category::kSpot, "b").ok());
  CHECK_FALSE(decoder
                  .DecodeInstrumentsInfo(Info("spot", "", R"(,"nextPageCursor":"a HTTP/1.1")"),
                                         Category::kSpot, "b")
                  .ok());
}

TEST_CASE("Bybit's requests are written as documented") {
  CHECK(
      EncodeSubscribe(std::vector<std::string>{"orderbook.50.BTCUSDT", "publicTrade.BTCUSDT"}, 3) ==
      R"({"op":"subscribe","req_id":"3","args":["orderbook.50.BTCUSDT","publicTrade.BTCUSDT"]})");
  CHECK(EncodeUnsubscribe(std::vector<std::string>{"orderbook.1.X"}, 4) ==
        R"({"op":"unsubscribe","req_id":"4","args":["orderbook.1.X"]})");
  CHECK(InstrumentsInfoPath(Category::kSpot, "") ==
        "/v5/market/instruments-info?category=spot&limit=1000");
  CHECK(InstrumentsInfoPath(Category::kLinear, "first%3DA") ==
        "/v5/market/instruments-info?category=linear&limit=1000&cursor=first%3DA");
  StreamSelection selection;
  selection.depth_levels = 200;
  CHECK(TopicNames("BTCUSDT", selection) ==
        std::vector<std::string>{"orderbook.200.BTCUSDT", "publicTrade.BTCUSDT"});
  selection.trades = TradeStream::kNone;
  CHECK(TopicNames("BTCUSDT", selection).size() == 1);
}

}  // namespace gannet::venue::bybit
