#include "libs/venue/binance/market_codec.h"

#include <rapidcheck.h>

#include <catch2/catch_test_macros.hpp>
#include <string>

namespace gannet::venue::binance {
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

constexpr std::string_view kSpotDiff =
    R"({"e":"depthUpdate","E":1672515782136,"s":"BNBBTC","U":157,"u":160,"b":[["0.0024","10"]],"a":[["0.0026","100"],["0.0027","0"]]})";

market::Instrument ScaleEight() {
  market::Instrument instrument;
  instrument.id = market::InstrumentId("binance-spot:BNBBTC");
  return instrument;
}

}  // namespace

TEST_CASE("MarketDecoder reads a spot depth diff, raw and in the envelope") {
  MarketDecoder decoder;
  for (const std::string& text :
       {std::string(kSpotDiff),
        R"({"stream":"bnbbtc@depth@100ms","data":)" + std::string(kSpotDiff) + "}",
        R"({"data":)" + std::string(kSpotDiff) + R"(,"stream":"bnbbtc@depth"})"}) {
    const auto diff = Decoded<DepthDiff>(decoder, text);
    CHECK(diff.symbol == "BNBBTC");
    CHECK(diff.first_id == 157);
    CHECK(diff.last_id == 160);
    CHECK_FALSE(diff.previous_id);
    CHECK(diff.event_time == FromUnixMillis(1672515782136));
    REQUIRE(diff.bids.size() == 1);
    REQUIRE(diff.asks.size() == 2);
    CHECK(diff.asks[1].price == "0.0027");
    CHECK(diff.asks[1].quantity == "0");
  }
}

TEST_CASE("MarketDecoder reads a futures depth diff with pu") {
  MarketDecoder decoder;
  const auto diff = Decoded<DepthDiff>(
      decoder,
      R"({"e":"depthUpdate","E":1,"T":2,"s":"BTCUSDT","U":18446744073709551614,"u":18446744073709551615,"pu":18446744073709551613,"b":[],"a":[]})");
  CHECK(diff.previous_id == 18446744073709551613u);
  CHECK(diff.last_id == UINT64_MAX);
}

TEST_CASE("MarketDecoder does not take partial or RPI depth for a diff") {
  MarketDecoder decoder;
  for (const std::string_view stream :
       {"btcusdt@depth20@100ms", "btcusdt@rpiDepth@500ms", "btcusdt@depth5"}) {
    const auto other =
        Decoded<OtherFrame>(decoder, R"({"stream":")" + std::string(stream) + R"(","data":)" +
                                         std::string(kSpotDiff) + "}");
    CHECK(other.stream == stream);
  }
  Decoded<OtherFrame>(decoder,
                      R"({"stream":"a@depth5","data":{"lastUpdateId":160,"bids":[],"asks":[]}})");
}

TEST_CASE("MarketDecoder reads trades and aggregates") {
  MarketDecoder decoder;
  const auto trade = Decoded<TradeReport>(
      decoder,
      R"({"e":"trade","E":5,"T":4,"s":"BTCUSDT","t":5266583935,"p":"61800.30","q":"0.006","X":"MARKET","m":false})");
  CHECK_FALSE(trade.aggregate);
  CHECK(trade.id == 5266583935u);
  CHECK(trade.first_trade == trade.last_trade);
  CHECK(trade.price == "61800.30");
  CHECK_FALSE(trade.buyer_is_maker);
  CHECK(trade.execution_type == "MARKET");
  CHECK(trade.trade_time == FromUnixMillis(4));
  const auto aggregate = Decoded<TradeReport>(
      decoder,
      R"({"e":"aggTrade","E":1,"s":"BNBBTC","a":12345,"p":"0.001","q":"100","f":100,"l":105,"T":1,"m":true,"M":true})");
  CHECK(aggregate.aggregate);
  CHECK(aggregate.first_trade == 100);
  CHECK(aggregate.last_trade == 105);
  CHECK(aggregate.buyer_is_maker);
}

TEST_CASE("MarketDecoder reads book tickers of spot, which say no type, and of futures") {
  MarketDecoder decoder;
  const auto spot = Decoded<BookTicker>(
      decoder,
      R"({"u":400900217,"s":"BNBUSDT","b":"25.35190000","B":"31.21000000","a":"25.36520000","A":"40.66000000"})");
  CHECK(spot.update_id == 400900217);
  CHECK_FALSE(spot.event_time);
  CHECK(spot.ask_quantity == "40.66000000");
  const auto futures = Decoded<BookTicker>(
      decoder,
      R"({"e":"bookTicker","u":7,"s":"BTCUSDT","b":"1","B":"2","a":"3","A":"4","T":9,"E":10})");
  CHECK(futures.event_time == FromUnixMillis(10));
}

TEST_CASE("MarketDecoder reads klines") {
  MarketDecoder decoder;
  const auto kline = Decoded<Kline>(
      decoder,
      R"({"e":"kline","E":7,"s":"BNBBTC","k":{"t":1672515780000,"T":1672515839999,"s":"BNBBTC","i":"1m","f":100,"L":200,"o":"0.0010","c":"0.0020","h":"0.0025","l":"0.0015","v":"1000","n":100,"x":true,"q":"1.0000","V":"500","Q":"0.500","B":"123456"}})");
  CHECK(kline.symbol == "BNBBTC");
  CHECK(kline.interval == "1m");
  CHECK(kline.high == "0.0025");
  CHECK(kline.closed);
  CHECK(kline.trades == 100);
  CHECK(kline.open_time == FromUnixMillis(1672515780000));
}

TEST_CASE("MarketDecoder reads answers, shutdown notices and frames it has no use for") {
  MarketDecoder decoder;
  const auto good = Decoded<RequestResult>(decoder, R"({"result":null,"id":312})");
  CHECK(good.ok);
  CHECK(good.id == 312);
  const auto bad =
      Decoded<RequestResult>(decoder, R"({"code":2,"msg":"Invalid request: unknown variant"})");
  CHECK_FALSE(bad.ok);
  CHECK(bad.code == 2);
  const auto nested =
      Decoded<RequestResult>(decoder, R"({"error":{"code":-1121,"msg":"Invalid symbol."},"id":9})");
  CHECK(nested.code == -1121);
  CHECK(nested.message == "Invalid symbol.");
  CHECK(nested.id == 9);
  CHECK(Decoded<ServerShutdown>(
            decoder,
            R"({"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1770123456789}})")
            .event_time == FromUnixMillis(1770123456789));
  CHECK(Decoded<OtherFrame>(decoder, R"({"e":"24hrTicker","s":"X"})").type == "24hrTicker");
  Decoded<OtherFrame>(decoder, "[{}]");
  Decoded<OtherFrame>(decoder, R"({"stream":"!ticker@arr","data":[{}]})");
}

TEST_CASE("MarketDecoder names the field that is wrong") {
  CHECK(Refusal(R"({"e":"trade","E":5,"T":4,"s":"B","t":1,"q":"0.006","m":false})") ==
        "trade: field p: is missing");
  CHECK(Refusal(R"({"e":"trade","E":5,"T":4,"s":"B","t":1,"p":1.5,"q":"0.006","m":false})") ==
        "trade: field p: must be a string");
  CHECK(Refusal(R"({"e":"trade","E":5,"T":4,"s":"B","t":-1,"p":"1","q":"1","m":false})")
            .find("field t: must be a whole number") != std::string::npos);
  CHECK(Refusal(R"({"e":"trade","E":5,"T":4,"s":"B","t":1.0,"p":"1","q":"1","m":false})")
            .find("field t") != std::string::npos);
  CHECK(Refusal(R"({"e":"trade","E":5,"T":4,"s":"B","t":1,"p":"1","q":"1","m":"no"})")
            .find("field m") != std::string::npos);
  CHECK(
      Refusal(R"({"e":"trade","E":9999999999999999,"T":4,"s":"B","t":1,"p":"1","q":"1","m":true})")
          .find("field E") != std::string::npos);
  CHECK(Refusal(R"({"e":"trade","E":5,"T":4,"s":"a b","t":1,"p":"1","q":"1","m":true})")
            .find("field s: is not a symbol") != std::string::npos);
  CHECK(Refusal(R"({"e":"depthUpdate","E":1,"s":"B","U":9,"u":8,"b":[],"a":[]})") ==
        "depthUpdate: field U: is larger than u");
  CHECK(Refusal(R"({"e":"depthUpdate","E":1,"s":"B","U":1,"u":8,"b":[["1"]],"a":[]})")
            .find("field b") != std::string::npos);
  CHECK(Refusal(R"({"e":"depthUpdate","E":1,"s":"B","U":1,"u":8,"b":[],"a":{"x":1}})")
            .find("field a") != std::string::npos);
  CHECK(Refusal(R"({"e":"depthUpdate","E":1,"s":"B","U":1,"u":8,"b":[[1,2]],"a":[]})")
            .find("as strings") != std::string::npos);
  CHECK(Refusal(R"({"e":7})").find("field e") != std::string::npos);
  CHECK(Refusal(R"({"stream":"x","data":5})").find("field data") != std::string::npos);
  CHECK(Refusal(R"({"stream":5,"data":{}})").find("field stream") != std::string::npos);
  CHECK(Refusal(R"({"e":"kline","E":1,"s":"B","k":[]})").find("field k") != std::string::npos);
  CHECK(Refusal("{}").find("field e") != std::string::npos);
}

TEST_CASE("MarketDecoder refuses fields that appear twice") {
  CHECK(Refusal(R"({"e":"trade","E":5,"T":4,"s":"B","t":1,"p":"1","p":"2","q":"1","m":false})") ==
        "field p: appears twice");
  CHECK(Refusal(R"({"e":"depthUpdate","E":1,"s":"B","U":1,"u":8,"pu":1,"pu":2,"b":[],"a":[]})")
            .find("field pu: appears twice") != std::string::npos);
  CHECK(Refusal(R"({"stream":"a","stream":"b","data":{}})").find("field stream: appears twice") !=
        std::string::npos);
}

TEST_CASE("MarketDecoder refuses what is no JSON, not UTF-8, too deep or too long") {
  CHECK_FALSE(Refusal("").empty());
  CHECK_FALSE(Refusal("nonsense").empty());
  CHECK_FALSE(Refusal(R"({"e":"trade")").empty());
  CHECK_FALSE(Refusal("{\"e\":\"tr\xff\xfe\"}").empty());
  CHECK_FALSE(Refusal(std::string(kSpotDiff) + "{}").empty());
  CHECK_FALSE(Refusal(std::string(100'000, '[')).empty());
  CHECK_FALSE(
      Refusal(R"({"e":)" + std::string(kMaxNesting, '[') + std::string(kMaxNesting, ']') + "}")
          .empty());
  CHECK(Refusal(std::string(kMaxFrameBytes + 1, ' ')).find("longer than the limit") !=
        std::string::npos);
  CHECK_FALSE(Refusal(R"({"e":"trade","t":184467440737095516160})").empty());
  std::string many = R"({"e":"depthUpdate","E":1,"s":"B","U":1,"u":8,"a":[],"b":[)";
  for (size_t i = 0; i <= kMaxLevels; ++i) many += i == 0 ? R"(["1","1"])" : R"(,["1","1"])";
  CHECK(Refusal(many + "]}").find("more than 20000 levels") != std::string::npos);
}

TEST_CASE("MarketDecoder survives every prefix and every changed byte of its frames") {
  MarketDecoder decoder;
  for (size_t i = 0; i < kSpotDiff.size(); ++i) {
    CHECK_FALSE(decoder.DecodeFrame(kSpotDiff.substr(0, i)).ok());
    for (const char c : {'\0', '"', '}', '[', '9', '-', '\xff', '\\'}) {
      std::string changed(kSpotDiff);
      changed[i] = c;
      const auto frame = decoder.DecodeFrame(changed);  // must return; may be fine
      if (!frame.ok()) CHECK_FALSE(frame.status().message().empty());
    }
  }
  CHECK(decoder.DecodeFrame(kSpotDiff).ok());
}

TEST_CASE("MarketDecoder: property: ids and decimals survive unchanged") {
  rc::check("round trip", [] {
    const auto first = *rc::gen::arbitrary<uint64_t>();
    const auto last = *rc::gen::suchThat<uint64_t>([first](uint64_t v) { return v >= first; });
    const auto price = *rc::gen::inRange<int64_t>(1, 900'000'000'000'000'000);
    const auto quantity = *rc::gen::inRange<int64_t>(0, 900'000'000'000'000'000);
    const market::Instrument instrument = ScaleEight();
    const std::string text = R"({"e":"depthUpdate","E":1,"s":"B","U":)" + std::to_string(first) +
                             R"(,"u":)" + std::to_string(last) + R"(,"b":[[")" +
                             instrument.Format(market::Price{price}) + R"(",")" +
                             instrument.Format(market::Quantity{quantity}) + R"("]],"a":[]})";
    MarketDecoder decoder;
    const auto frame = decoder.DecodeFrame(text);
    RC_ASSERT(frame.ok());
    const auto& diff = std::get<DepthDiff>(*frame);
    RC_ASSERT(diff.first_id == first);
    RC_ASSERT(diff.last_id == last);
    std::vector<market::Level> levels;
    RC_ASSERT(LevelsOf(instrument, "b", diff.bids, levels).ok());
    RC_ASSERT(levels.size() == 1u);
    RC_ASSERT(levels[0].price.mantissa == price);
    RC_ASSERT(levels[0].quantity.mantissa == quantity);
  });
}

TEST_CASE("MarketDecoder reads depth snapshots of all products") {
  MarketDecoder decoder;
  const auto spot = decoder.DecodeDepthSnapshot(
      R"({"lastUpdateId":1027024,"bids":[["4.00000000","431.00000000"]],"asks":[["4.00000200","12.00000000"]]})");
  REQUIRE(spot.ok());
  CHECK(spot->last_update_id == 1027024);
  CHECK(spot->symbol.empty());
  CHECK_FALSE(spot->event_time);
  CHECK(spot->asks[0].price == "4.00000200");
  const auto coinm = decoder.DecodeDepthSnapshot(
      R"({"lastUpdateId":167006089178,"E":1626916404580,"T":1,"symbol":"BCHUSD_PERP","pair":"BCHUSD","bids":[],"asks":[["427.96","9",[]]]})");
  REQUIRE(coinm.ok());
  CHECK(coinm->symbol == "BCHUSD_PERP");
  CHECK(coinm->event_time == FromUnixMillis(1626916404580));
  CHECK(coinm->asks[0].quantity == "9");
  const auto bad = decoder.DecodeDepthSnapshot(R"({"lastUpdateId":1,"bids":[]})");
  CHECK(bad.status().message() == "depth snapshot: field asks: is missing");
  CHECK_FALSE(decoder.DecodeDepthSnapshot("[]").ok());
  CHECK_FALSE(decoder.DecodeDepthSnapshot(R"({"lastUpdateId":"1","bids":[],"asks":[]})").ok());
  CHECK_FALSE(decoder.DecodeDepthSnapshot(R"({"code":-1121,"msg":"Invalid symbol."})").ok());
}

TEST_CASE("LevelsOf refuses digits beyond the scale, signs and words") {
  const market::Instrument instrument = ScaleEight();
  std::vector<market::Level> out;
  const TextLevel good[] = {{"0.0024", "10.00000000"}, {"92233720368.54775807", "0"}};
  REQUIRE(LevelsOf(instrument, "b", good, out).ok());
  CHECK(out[0] == market::Level{{240'000}, {1'000'000'000}});
  CHECK(out[1].price.mantissa == INT64_MAX);
  for (const TextLevel& bad :
       {TextLevel{"0.000000001", "1"}, TextLevel{"-1", "1"}, TextLevel{"0", "1"},
        TextLevel{"1e3", "1"}, TextLevel{"", "1"}, TextLevel{"1", "-1"}, TextLevel{"1", "NaN"},
        TextLevel{"92233720368.54775808", "1"}}) {
    const absl::Status status = LevelsOf(instrument, "asks", std::span(&bad, 1), out);
    CHECK(status.code() == absl::StatusCode::kInvalidArgument);
    CHECK(std::string(status.message()).find("field asks") == 0);
  }
}

TEST_CASE("ChooseScale takes the most digits that leave room") {
  CHECK(ChooseScale("9000.00000000", "0.00001000") == 8);
  CHECK(ChooseScale("922327.00000000", "0.00000100") == 8);
  CHECK(ChooseScale("46116860414.00000000", "1.00000000") == 7);
  CHECK(ChooseScale("9000000000", "1") == 8);
  CHECK(ChooseScale("9000000000.1", "1") == 7);
  CHECK(ChooseScale("9000000001", "1") == 7);
  CHECK(ChooseScale("900000000000000000", "1") == 0);
  CHECK_FALSE(ChooseScale("900000000000000001", "1"));
  CHECK_FALSE(ChooseScale("46116860414", "0.00000001"));
  CHECK_FALSE(ChooseScale("1", "0.000000001"));
  CHECK_FALSE(ChooseScale("-1", "1"));
  CHECK_FALSE(ChooseScale("many", "1"));
  CHECK(ChooseScale("0", "0") == 8);
}

namespace {

constexpr std::string_view kSpotInfo =
    R"({"rateLimits":[{"rateLimitType":"ORDERS","interval":"MINUTE","intervalNum":1,"limit":9},
 {"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":6000}],"symbols":[
 {"symbol":"BTCUSDT","status":"TRADING","baseAsset":"BTC","quoteAsset":"USDT","baseAssetPrecision":8,"quoteAssetPrecision":8,"filters":[
  {"filterType":"PRICE_FILTER","minPrice":"0.01","maxPrice":"1000000.00","tickSize":"0.01"},
  {"filterType":"LOT_SIZE","minQty":"0.00001","maxQty":"9000.0","stepSize":"0.00001"},
  {"filterType":"NOTIONAL","minNotional":"5.00","applyMinToMarket":true,"maxNotional":"9000000.0"},
  {"filterType":"PERCENT_PRICE_BY_SIDE","bidMultiplierUp":"5","bidMultiplierDown":"0.2","askMultiplierUp":"4","askMultiplierDown":"0.1"},
  {"filterType":"TRAILING_DELTA","x":1}]},
 {"symbol":"SHIBUSDT","status":"BREAK","baseAsset":"SHIB","quoteAsset":"USDT","filters":[
  {"filterType":"PRICE_FILTER","minPrice":"0","maxPrice":"1","tickSize":"0.00000001"},
  {"filterType":"LOT_SIZE","minQty":"1","maxQty":"46116860414","stepSize":"1"},
  {"filterType":"MIN_NOTIONAL","minNotional":"10"},
  {"filterType":"PERCENT_PRICE","multiplierUp":"1.15","multiplierDown":"0.85","avgPriceMins":5}]},
 {"symbol":"ODD","status":"TRADING","baseAsset":"A","quoteAsset":"B","filters":[
  {"filterType":"PRICE_FILTER","maxPrice":"1","tickSize":"0.0000000001"}]},
 7]})";

}  // namespace

TEST_CASE("MarketDecoder makes spot instruments with their rules and scales") {
  MarketDecoder decoder;
  const auto info = decoder.DecodeExchangeInfo(kSpotInfo, Product::kSpot, "binance-spot");
  REQUIRE(info.ok());
  CHECK(info->request_weight_limit == 6000);
  REQUIRE(info->instruments.size() == 2);
  const market::Instrument& btc = info->instruments[0];
  CHECK(btc.id.text() == "binance-spot:BTCUSDT");
  CHECK(btc.kind == market::InstrumentKind::kSpot);
  CHECK(btc.status == market::InstrumentStatus::kTrading);
  CHECK(btc.base.text() == "BTC");
  CHECK(btc.settle.text() == "USDT");
  CHECK(btc.price_scale == 8);
  CHECK(btc.quantity_scale == 8);
  CHECK(btc.Format(btc.tick) == "0.01");
  CHECK(btc.Format(btc.lot) == "0.00001");
  CHECK(btc.Format(btc.max_quantity) == "9000");
  CHECK(btc.min_notional.ToString() == "5");
  CHECK(btc.buy_band == market::PriceBand{4'000'000, 800'000});
  CHECK(btc.sell_band == market::PriceBand{3'000'000, 900'000});
  const market::Instrument& shib = info->instruments[1];
  CHECK(shib.status == market::InstrumentStatus::kHalted);
  CHECK(shib.quantity_scale == 7);
  CHECK(shib.Format(shib.max_quantity) == "46116860414");
  CHECK(shib.buy_band == market::PriceBand{150'000, 150'000});
  CHECK(shib.sell_band == shib.buy_band);
  CHECK(info->rejected_count == 2);
  REQUIRE(info->rejected.size() == 2);
  CHECK(info->rejected[0].find("ODD: field PRICE_FILTER") == 0);
}

TEST_CASE("MarketDecoder reads the bounds of market orders and of an order's value") {
  MarketDecoder decoder;
  const auto read = [&](Product product, const std::string& filters) {
    const auto info = decoder.DecodeExchangeInfo(
        R"({"symbols":[{"symbol":"A","status":"TRADING","contractType":"PERPETUAL","baseAsset":"A","quoteAsset":"B","marginAsset":"B","filters":[
            {"filterType":"PRICE_FILTER","maxPrice":"1000000.00","tickSize":"0.01"},
            {"filterType":"LOT_SIZE","minQty":"0.00002","maxQty":"9000","stepSize":"0.00002"},)" +
            filters + "]}]}",
        product, "v");
    REQUIRE(info.ok());
    REQUIRE(info->instruments.size() == 1);
    return info->instruments[0];
  };
  // As spot states it: no step of its own, and a maximum finer than the step.
  const auto spot = read(
      Product::kSpot,
      R"({"filterType":"MARKET_LOT_SIZE","minQty":"0.00000000","maxQty":"102.65435791","stepSize":"0.00000000"},
         {"filterType":"NOTIONAL","minNotional":"5","applyMinToMarket":true,"maxNotional":"9000000","applyMaxToMarket":false,"avgPriceMins":5})");
  CHECK(spot.Format(spot.max_market_quantity) == "102.65435791");
  CHECK(spot.market_lot.mantissa == 0);
  CHECK(spot.min_market_quantity.mantissa == 0);
  CHECK(spot.max_notional.ToString() == "9000000");
  CHECK(spot.max_notional_limit_only);
  CHECK_FALSE(spot.min_notional_limit_only);
  const market::OrderBounds at_market = spot.BoundsOf(true), limit = spot.BoundsOf(false);
  CHECK(at_market.max_quantity == spot.max_market_quantity);
  CHECK(limit.max_quantity == spot.max_quantity);
  CHECK(at_market.lot == spot.lot);
  CHECK(at_market.min_quantity == spot.min_quantity);
  CHECK(at_market.max_notional.zero());
  CHECK(limit.max_notional == spot.max_notional);
  CHECK(at_market.min_notional == spot.min_notional);

  // Both filters hold for a market order: the stricter of each, and a step on both.
  const auto odd =
      read(Product::kSpot,
           R"({"filterType":"MARKET_LOT_SIZE","minQty":"0.1","maxQty":"10000","stepSize":"0.00003"},
         {"filterType":"MIN_NOTIONAL","minNotional":"5","applyToMarket":false,"avgPriceMins":5})");
  CHECK(odd.Format(odd.market_lot) == "0.00006");
  CHECK(odd.Format(odd.min_market_quantity) == "0.1");
  CHECK(odd.max_market_quantity.mantissa == 0);  // LOT_SIZE's is smaller
  CHECK(odd.min_notional_limit_only);
  CHECK(odd.BoundsOf(true).min_notional.zero());

  const auto usdm = read(
      Product::kUsdm,
      R"({"filterType":"MARKET_LOT_SIZE","minQty":"0.00002","maxQty":"120","stepSize":"0.00002"},
         {"filterType":"MIN_NOTIONAL","notional":"5"})");
  CHECK(usdm.Format(usdm.max_market_quantity) == "120");
  CHECK(usdm.market_lot.mantissa == 0);
  CHECK(usdm.max_notional.zero());
  CHECK(usdm.BoundsOf(true).min_notional.ToString() == "5");
}

TEST_CASE("MarketDecoder makes futures instruments; inverse contracts cannot be ordered") {
  MarketDecoder decoder;
  const auto usdm = decoder.DecodeExchangeInfo(
      R"({"symbols":[{"symbol":"BTCUSDT","contractType":"PERPETUAL","status":"TRADING","baseAsset":"BTC","quoteAsset":"USDT","marginAsset":"USDT","baseAssetPrecision":8,"quotePrecision":8,
      "filters":[{"minPrice":"556.72","maxPrice":"1000000","filterType":"PRICE_FILTER","tickSize":"0.01"},{"stepSize":"0.001","filterType":"LOT_SIZE","maxQty":"1000","minQty":"0.001"},
      {"notional":"5","filterType":"MIN_NOTIONAL"},{"multiplierDown":"0.8500","multiplierUp":"1.1500","multiplierDecimal":"4","filterType":"PERCENT_PRICE"}]}]})",
      Product::kUsdm, "binance-usdm");
  REQUIRE(usdm.ok());
  REQUIRE(usdm->instruments.size() == 1);
  CHECK(usdm->instruments[0].kind == market::InstrumentKind::kPerpetual);
  CHECK(usdm->instruments[0].min_notional.ToString() == "5");
  CHECK(usdm->instruments[0].buy_band == market::PriceBand{150'000, 0});
  CHECK(usdm->instruments[0].sell_band == market::PriceBand{0, 150'000});
  const auto coinm = decoder.DecodeExchangeInfo(
      R"({"symbols":[{"symbol":"BTCUSD_210924","contractType":"CURRENT_QUARTER","contractStatus":"TRADING","contractSize":100,"baseAsset":"BTC","quoteAsset":"USD","marginAsset":"BTC",
      "filters":[{"minPrice":"1000","maxPrice":"1000000","filterType":"PRICE_FILTER","tickSize":"0.1"},{"stepSize":"1","filterType":"LOT_SIZE","maxQty":"1000000","minQty":"1"}]}]})",
      Product::kCoinm, "binance-coinm");
  REQUIRE(coinm.ok());
  REQUIRE(coinm->instruments.size() == 1);
  CHECK(coinm->instruments[0].kind == market::InstrumentKind::kFuture);
  CHECK(coinm->instruments[0].settle.text() == "BTC");
  CHECK(coinm->instruments[0].lot.mantissa == 0);
}

TEST_CASE("MarketDecoder refuses exchange information it cannot trust") {
  MarketDecoder decoder;
  CHECK_FALSE(decoder.DecodeExchangeInfo("{}", Product::kSpot, "v").ok());
  CHECK_FALSE(decoder.DecodeExchangeInfo("[1]", Product::kSpot, "v").ok());
  CHECK_FALSE(decoder.DecodeExchangeInfo(R"({"symbols":{}})", Product::kSpot, "v").ok());
  const std::string one =
      R"({"symbol":"A","status":"TRADING","baseAsset":"A","quoteAsset":"B","filters":[]})";
  const auto twice =
      decoder.DecodeExchangeInfo(R"({"symbols":[)" + one + "," + one + "]}", Product::kSpot, "v");
  CHECK(std::string(twice.status().message()).find("v:A appears twice") != std::string::npos);
}

TEST_CASE("Requests are the ones the venue documents") {
  const std::vector<std::string> streams = {"btcusdt@aggTrade", "btcusdt@depth"};
  CHECK(EncodeSubscribe(streams, 1) ==
        R"({"method":"SUBSCRIBE","params":["btcusdt@aggTrade","btcusdt@depth"],"id":1})");
  CHECK(EncodeUnsubscribe(std::span(streams).subspan(1), 312) ==
        R"({"method":"UNSUBSCRIBE","params":["btcusdt@depth"],"id":312})");
  CHECK(DepthPath(Product::kUsdm, "BTCUSDT", 1000) == "/fapi/v1/depth?symbol=BTCUSDT&limit=1000");
  CHECK(ExchangeInfoPath(Product::kUsdm, {}) == "/fapi/v1/exchangeInfo");
  const std::vector<std::string> symbols = {"BTCUSDT", "ETHUSDT"};
  CHECK(ExchangeInfoPath(Product::kSpot, symbols) ==
        "/api/v3/exchangeInfo?symbols=%5B%22BTCUSDT%22%2C%22ETHUSDT%22%5D");
  CHECK(QueryParameter("/api/v3/depth?symbol=BTCUSDT&limit=1000", "symbol") == "BTCUSDT");
  CHECK(QueryParameter("/api/v3/depth?symbol=BTCUSDT&limit=1000", "limit") == "1000");
  CHECK(QueryParameter(DepthPath(Product::kSpot, "\xef\xbc\x91X", 5), "symbol") == "\xef\xbc\x91X");
  CHECK(QueryParameter("/api/v3/depth", "symbol").empty());
  CHECK(StreamNames("BTCUSDT", {.trades = TradeStream::kAggregate, .klines = true}) ==
        std::vector<std::string>{"btcusdt@aggTrade", "btcusdt@bookTicker", "btcusdt@depth@100ms",
                                 "btcusdt@kline_1m"});
  CHECK(StreamNames("BTCUSDT",
                    {.trades = TradeStream::kNone, .depth_speed = "", .book_ticker = false}) ==
        std::vector<std::string>{"btcusdt@depth"});
  CHECK(DepthWeight(Product::kSpot, 1000) == 50);
  CHECK(DepthWeight(Product::kUsdm, 1000) == 20);
}

TEST_CASE("Products are known by name and by path") {
  for (const Product product : {Product::kSpot, Product::kUsdm, Product::kCoinm}) {
    CHECK(ParseProduct(ProductName(product)) == product);
    CHECK(ProductOfPath(DepthPath(product, "X", 5)) == product);
  }
  CHECK_FALSE(ParseProduct("margin"));
  CHECK_FALSE(ProductOfPath("/sapi/v1/x"));
  CHECK_FALSE(ProductOfPath("/api/v3"));
}

}  // namespace gannet::venue::binance
