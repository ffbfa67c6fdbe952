// Orders as Binance spot and USD-M take them, their signatures, and what is refused.
#include <catch2/catch_test_macros.hpp>

#include "libs/venue/binance/spot_requests.h"
#include "libs/venue/binance/transport.h"
#include "libs/venue/binance/usdm_requests.h"

namespace gannet::venue::binance {
namespace {

// A published example pair; it opens no account.
constexpr std::string_view kKey =
    "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A";
constexpr std::string_view kSecret =
    "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j";

std::string QueryOf(const Call& call) {
  std::string out;
  call.parameters.AppendQuery(out);
  return out;
}

Call Example(std::string_view symbol) {
  Call call;
  call.method = "POST";
  call.path = "/api/v3/order";
  call.operation = "order.place";
  call.parameters.Text("symbol", symbol);
  call.parameters.Plain("side", "BUY");
  call.parameters.Plain("type", "LIMIT");
  call.parameters.Plain("timeInForce", "GTC");
  call.parameters.Add("quantity", {100000000, 8});
  call.parameters.Add("price", {10000000, 8});
  return call;
}

TEST_CASE("REST signatures agree with the published examples") {
  const Signer signer = Signer::Hmac(kSecret);
  const base::Time now = base::FromUnixMillis(1499827319559);
  const auto signature = [&](std::string_view symbol) {
    const WireRequest request = ToRest(Example(symbol), signer, now, std::chrono::seconds(5));
    return request.target.substr(request.target.find("&signature=") + 11);
  };
  CHECK(signature("LTCBTC") == "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71");
  // Percent-encoded before it is signed.
  CHECK(signature("１２３４５６") ==
        "e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3");
}

TEST_CASE("WebSocket API signatures agree with the published examples") {
  const Signer signer = Signer::Hmac(kSecret);
  const base::Time now = base::FromUnixMillis(1645423376532);
  Call call;
  call.operation = "order.place";
  call.parameters.Text("symbol", "BTCUSDT");
  call.parameters.Plain("side", "SELL");
  call.parameters.Plain("type", "LIMIT");
  call.parameters.Plain("timeInForce", "GTC");
  call.parameters.Plain("quantity", "0.01000000");
  call.parameters.Plain("price", "52000.00");
  const WireRequest request =
      ToFrame(call, signer, kKey, "id", now, std::chrono::milliseconds(100));
  CHECK(request.method.empty());
  CHECK(request.body.substr(request.key_in_body.at, request.key_in_body.bytes) == kKey);
  CHECK(request.body.find("aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24") !=
        std::string::npos);
  // The writer says where the key is: a value that looks like it is not taken for it.
  call.parameters = {};
  call.parameters.Json("list", R"([{"apiKey":"another"}])");
  const WireRequest listed = ToFrame(call, signer, "a\"key", "id", now, std::chrono::seconds(5));
  CHECK(listed.body.substr(listed.key_in_body.at, listed.key_in_body.bytes) == "a\\\"key");
  call.parameters = {};
  call.parameters.Text("symbol", "１２３４５６");
  call.parameters.Plain("side", "BUY");
  call.parameters.Plain("type", "LIMIT");
  call.parameters.Plain("timeInForce", "GTC");
  call.parameters.Plain("quantity", "1.00000000");
  call.parameters.Plain("price", "0.10000000");
  CHECK(ToFrame(call, signer, kKey, "id", now, std::chrono::seconds(5))
            .body.find("b33892ae8e687c939f4468c6268ddd4c40ac1af18ad19a064864c47bae0752cd") !=
        std::string::npos);
}

TEST_CASE("The subscription to own updates carries signed parameters") {
  const Signer signer = Signer::Hmac(kSecret);
  const WireRequest request = ToFrame(spot::Subscribe(), signer, "theKey", "own",
                                      base::FromUnixMillis(1747385641636), std::chrono::seconds(5));
  CHECK(request.body ==
        R"({"id":"own","method":"userDataStream.subscribe.signature","params":{"apiKey":"theKey",)"
        R"("recvWindow":5000,"timestamp":1747385641636,"signature":")" +
            signer.Sign("apiKey=theKey&recvWindow=5000&timestamp=1747385641636") + R"("}})");
  const WireRequest session =
      ToFrame(spot::SubscribeSession(), signer, "theKey", "own", {}, std::chrono::seconds(5));
  CHECK(session.body == R"({"id":"own","method":"userDataStream.subscribe","params":{}})");
}

OrderSpec Sell(market::OrderType type, std::optional<market::TimeInForce> time_in_force) {
  OrderSpec spec;
  spec.symbol = "A";
  spec.side = market::Side::kSell;
  spec.type = type;
  spec.time_in_force = time_in_force;
  spec.expires = base::FromUnixMillis(1700000000999);
  spec.quantity = Decimal{125, 2};
  spec.price = Decimal{995, 1};
  spec.stop_price = Decimal{98, 0};
  if (type == market::OrderType::kTrailingStop) {
    spec.trailing_percent = Decimal{15, 1};
    spec.price.reset();
  }
  return spec;
}

struct Case {
  market::OrderType type;
  market::TimeInForce time_in_force;
  std::string_view spot, usdm;  // empty: not offered
};

TEST_CASE("Order types and times in force become the parameters that Binance takes") {
  using enum market::OrderType;
  using enum market::TimeInForce;
  const Case cases[] = {
      {kMarket, kGtc, "type=MARKET&quantity=1.25", "type=MARKET&quantity=1.25"},
      {kMarket, kIoc, "type=MARKET&quantity=1.25", "type=MARKET&quantity=1.25"},
      {kMarket, kFok, "", ""},
      {kMarket, kPostOnly, "", ""},
      {kLimit, kGtc, "type=LIMIT&timeInForce=GTC&quantity=1.25&price=99.5",
       "type=LIMIT&timeInForce=GTC&quantity=1.25&price=99.5"},
      {kLimit, kIoc, "type=LIMIT&timeInForce=IOC&quantity=1.25&price=99.5",
       "type=LIMIT&timeInForce=IOC&quantity=1.25&price=99.5"},
      {kLimit, kFok, "type=LIMIT&timeInForce=FOK&quantity=1.25&price=99.5",
       "type=LIMIT&timeInForce=FOK&quantity=1.25&price=99.5"},
      {kLimit, kPostOnly, "type=LIMIT_MAKER&quantity=1.25&price=99.5",
       "type=LIMIT&timeInForce=GTX&quantity=1.25&price=99.5"},
      {kLimit, kGtd, "",
       "type=LIMIT&timeInForce=GTD&goodTillDate=1700000000000&quantity=1.25&price=99.5"},
      {kStop, kGtc, "type=STOP_LOSS&quantity=1.25&stopPrice=98",
       "type=STOP_MARKET&quantity=1.25&triggerPrice=98"},
      {kStop, kPostOnly, "", ""},
      {kStopLimit, kGtc,
       "type=STOP_LOSS_LIMIT&timeInForce=GTC&quantity=1.25&price=99.5&stopPrice=98",
       "type=STOP&timeInForce=GTC&quantity=1.25&price=99.5&triggerPrice=98"},
      {kTakeProfit, kGtc, "type=TAKE_PROFIT&quantity=1.25&stopPrice=98",
       "type=TAKE_PROFIT_MARKET&quantity=1.25&triggerPrice=98"},
      {kTakeProfitLimit, kFok,
       "type=TAKE_PROFIT_LIMIT&timeInForce=FOK&quantity=1.25&price=99.5&stopPrice=98",
       "type=TAKE_PROFIT&timeInForce=FOK&quantity=1.25&price=99.5&triggerPrice=98"},
      {kTrailingStop, kGtc, "type=STOP_LOSS&quantity=1.25&trailingDelta=150",
       "type=TRAILING_STOP_MARKET&quantity=1.25&callbackRate=1.5"},
  };
  for (const Case& row : cases) {
    CAPTURE(static_cast<int>(row.type), static_cast<int>(row.time_in_force));
    const OrderSpec spec = Sell(row.type, row.time_in_force);
    const auto spot = spot::Place(spec);
    CHECK(spot.ok() == !row.spot.empty());
    if (spot.ok()) {
      CHECK(QueryOf(*spot) ==
            "symbol=A&side=SELL&" + std::string(row.spot) + "&newOrderRespType=FULL");
      CHECK(spot->path == "/api/v3/order");
    }
    const auto usdm = usdm::Place(spec);
    CHECK(usdm.ok() == !row.usdm.empty());
    if (usdm.ok()) {
      const bool algo = usdm::IsAlgo(row.type);
      CHECK(QueryOf(*usdm) == std::string(algo ? "algoType=CONDITIONAL&" : "") +
                                  "symbol=A&side=SELL&" + std::string(row.usdm) +
                                  "&newOrderRespType=RESULT");
      CHECK(usdm->path == (algo ? "/fapi/v1/algoOrder" : "/fapi/v1/order"));
    }
  }
}

TEST_CASE("What a market has no word for is refused, never dropped") {
  using enum market::OrderType;
  const auto spot = [](auto change) {
    OrderSpec spec = Sell(kLimit, std::nullopt);
    change(spec);
    return spot::Place(spec).ok();
  };
  CHECK(spot([](OrderSpec&) {}));
  CHECK_FALSE(spot([](OrderSpec& spec) { spec.reduce_only = true; }));
  CHECK_FALSE(spot([](OrderSpec& spec) { spec.position_side = PositionSide::kLong; }));
  CHECK_FALSE(spot([](OrderSpec& spec) { spec.take_profit = AttachedExit{}; }));
  CHECK_FALSE(spot([](OrderSpec& spec) { spec.quote_quantity = Decimal{1, 0}; }));
  CHECK_FALSE(spot([](OrderSpec& spec) { spec.quantity.reset(); }));
  CHECK_FALSE(spot([](OrderSpec& spec) { spec.price.reset(); }));
  CHECK_FALSE(spot([](OrderSpec& spec) {
    spec.type = kTrailingStop;
    spec.trailing_percent = Decimal{12345, 4};
  }));
  const auto usdm = [](market::OrderType type, auto change) {
    OrderSpec spec = Sell(type, std::nullopt);
    change(spec);
    return usdm::Place(spec).ok();
  };
  CHECK(usdm(kStop, [](OrderSpec& spec) {
    spec.close_position = true;
    spec.quantity.reset();
  }));
  CHECK_FALSE(usdm(kStop, [](OrderSpec& spec) { spec.close_position = true; }));
  CHECK_FALSE(usdm(kLimit, [](OrderSpec& spec) {
    spec.reduce_only = true;
    spec.position_side = PositionSide::kShort;
  }));
  CHECK_FALSE(usdm(kLimit, [](OrderSpec& spec) { spec.trigger_source = TriggerSource::kMark; }));
  CHECK_FALSE(usdm(kLimit, [](OrderSpec& spec) { spec.iceberg_quantity = Decimal{1, 0}; }));
  CHECK_FALSE(usdm(kLimit, [](OrderSpec& spec) { spec.self_trade = SelfTrade::kDecrement; }));
  CHECK_FALSE(usdm::PlaceBatch({}).ok());
  const std::vector<OrderSpec> stops{Sell(kStop, std::nullopt)};
  CHECK_FALSE(usdm::PlaceBatch(stops).ok());
  const std::vector<OrderRef> mixed{{"1", ""}, {"", "a"}};
  CHECK_FALSE(usdm::CancelBatch("A", mixed).ok());
}

TEST_CASE("An order list names both legs apart") {
  using enum market::OrderType;
  OrderSpec above = Sell(kLimit, market::TimeInForce::kPostOnly);
  OrderSpec below = Sell(kStopLimit, market::TimeInForce::kGtc);
  const auto oco = spot::Oco(above, below, "list");
  REQUIRE(oco.ok());
  CHECK(QueryOf(*oco) ==
        "symbol=A&listClientOrderId=list&side=SELL&quantity=1.25&aboveType=LIMIT_MAKER&abovePrice="
        "99.5&belowType=STOP_LOSS_LIMIT&belowPrice=99.5&belowStopPrice=98&belowTimeInForce=GTC&"
        "newOrderRespType=FULL");
  below.quantity = Decimal{1, 0};
  CHECK_FALSE(spot::Oco(above, below, "").ok());
}

TEST_CASE("Batches, the dead-man timer and the stream key of USD-M") {
  const std::vector<OrderSpec> pair{Sell(market::OrderType::kLimit, std::nullopt),
                                    Sell(market::OrderType::kMarket, std::nullopt)};
  const auto batch = usdm::PlaceBatch(pair);
  REQUIRE(batch.ok());
  CHECK(
      batch->parameters.at(0).value ==
      R"([{"symbol":"A","side":"SELL","type":"LIMIT","timeInForce":"GTC","quantity":"1.25",)"
      R"("price":"99.5","newOrderRespType":"RESULT"},{"symbol":"A","side":"SELL","type":"MARKET",)"
      R"("quantity":"1.25","newOrderRespType":"RESULT"}])");
  CHECK(QueryOf(usdm::Countdown("A", std::chrono::seconds(120))) ==
        "symbol=A&countdownTime=120000");
  const Signer signer = Signer::Hmac(kSecret);
  const WireRequest key = ToRest(usdm::KeepStream(), signer, {}, {});
  CHECK(key.method == "PUT");
  CHECK(key.target == "/fapi/v1/listenKey");
  CHECK(key.with_key);
  CHECK(usdm::StreamPath("a/b") == "/ws/a%2Fb");
  CHECK(QueryOf(usdm::CancelAlgo({"7", ""})) == "algoId=7");
  CHECK(QueryOf(usdm::QueryAlgo({"", "g1x"})) == "clientAlgoId=g1x");
}

}  // namespace
}  // namespace gannet::venue::binance
