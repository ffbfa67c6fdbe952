// What USD-M's user stream says, answers that must be refused, and the chain of a stop
// order's two ids.
#include "libs/venue/binance/usdm_codec.h"

#include <catch2/catch_test_macros.hpp>

#include "libs/venue/binance/usdm_algo_chain.h"

namespace gannet::venue::binance::usdm {
namespace {

TEST_CASE("Events of USD-M's user stream are read, ids exact") {
  Reader reader;
  const auto order = reader.ReadEvent(
      R"({"e":"ORDER_TRADE_UPDATE","E":1568879465651,"T":1568879465650,"o":{"s":"BTCUSDT","c":"g1x","S":"SELL","o":"LIMIT","f":"GTC","q":"0.001","p":"9910","ap":"0","sp":"0","x":"TRADE","X":"PARTIALLY_FILLED","i":9223372036854775807,"l":"0.0005","z":"0.0005","L":"9910","N":"USDT","n":"0.001","T":1568879465650,"t":77,"m":true,"R":false,"wt":"CONTRACT_PRICE","ot":"LIMIT","ps":"BOTH","cp":false,"rp":"0","V":"EXPIRE_TAKER","gtd":0}})");
  REQUIRE(order.ok());
  const auto& event = std::get<OrderEvent>(*order);
  CHECK(event.order_id == INT64_MAX);
  CHECK(event.trade_id == 77);
  CHECK(event.cumulative == "0.0005");
  CHECK(event.event_time == 1568879465651);

  const auto account = reader.ReadEvent(
      R"({"e":"ACCOUNT_UPDATE","E":2,"T":1,"a":{"m":"FUNDING_FEE","B":[{"a":"USDT","wb":"122624.1","cw":"100.1","bc":"-50.1"}],"P":[{"s":"BTCUSDT","pa":"-1","ep":"9000","cr":"200","up":"0","mt":"cross","ps":"BOTH"}]}})");
  REQUIRE(account.ok());
  CHECK(std::get<AccountEvent>(*account).reason == "FUNDING_FEE");
  CHECK(std::get<AccountEvent>(*account).balances[0].change == "-50.1");
  CHECK(std::get<AccountEvent>(*account).positions[0].amount == "-1");

  const auto expired =
      reader.ReadEvent(R"({"e":"listenKeyExpired","E":"1736996475556","listenKey":"k"})");
  REQUIRE(expired.ok());
  CHECK(std::get<KeyExpired>(*expired).listen_key == "k");
  const auto wrapped =
      reader.ReadEvent(R"({"stream":"k","data":{"e":"MARGIN_CALL","E":1,"p":[]}})");
  REQUIRE(wrapped.ok());
  CHECK(std::get<OtherEvent>(*wrapped).event == "MARGIN_CALL");
}

TEST_CASE("Answers that are cut, mistyped or doubled are refused by name") {
  Reader reader;
  const std::string good = R"({"symbol":"A","orderId":1,"clientOrderId":"c","status":"NEW"})";
  REQUIRE(reader.ReadOrder(good).ok());
  for (size_t length = 0; length < good.size(); ++length)
    CHECK_FALSE(reader.ReadOrder(std::string_view(good).substr(0, length)).ok());
  const auto message = [&](std::string_view body) {
    return std::string(reader.ReadOrder(body).status().message());
  };
  CHECK(message(R"({"symbol":"A","clientOrderId":"c"})") == "an order: field orderId is missing");
  CHECK(message(R"({"symbol":"A","orderId":1.5,"clientOrderId":"c"})") ==
        "an order: field orderId is not a whole number");
  CHECK(message(R"({"symbol":"A","orderId":1,"orderId":2,"clientOrderId":"c"})") ==
        "an order: field orderId appears twice");
  CHECK(message(R"({"symbol":"A","orderId":1,"clientOrderId":"c","price":1})") ==
        "an order: field price is not text");
  CHECK(reader.ReadOrder(R"({"code":-2022,"msg":"x"})").ok());
  CHECK_FALSE(reader.ReadOrder(R"({"code":200,"msg":"x"})").ok());
  CHECK_FALSE(reader.ReadEvent(R"({"e":"ORDER_TRADE_UPDATE","o":{"s":"A"}})").ok());
  CHECK_FALSE(reader.ReadEvent(R"({"e":"ACCOUNT_UPDATE"})").ok());
  CHECK_FALSE(reader.ReadListenKey(R"({"listenKey":""})").ok());
  CHECK_FALSE(reader.ReadServerTime(R"({"serverTime":-1})").ok());
}

std::string QueryOf(const Call& call) {
  std::string out(call.path);
  out += '?';
  call.parameters.AppendQuery(out);
  return out;
}

TEST_CASE("A stop order is asked about by its newest identity") {
  AlgoChain chain("BTCUSDT", "g1stop");
  CHECK(QueryOf(chain.Query()) == "/fapi/v1/algoOrder?clientAlgoId=g1stop");
  AlgoOrder placed;
  placed.algo_id = 2146760;
  placed.client_algo_id = "g1stop";
  placed.status = "NEW";
  placed.actual_order_id = "";
  CHECK(chain.Apply(placed));
  CHECK(QueryOf(chain.Cancel()) == "/fapi/v1/algoOrder?algoId=2146760");

  AlgoEvent triggered;
  triggered.algo_id = 2146760;
  triggered.client_algo_id = "g1stop";
  triggered.status = "TRIGGERED";
  triggered.actual_order_id = "283194212";
  CHECK(chain.Apply(triggered));
  CHECK(QueryOf(chain.Query()) == "/fapi/v1/order?symbol=BTCUSDT&orderId=283194212");
  CHECK(QueryOf(chain.Cancel()) == "/fapi/v1/order?symbol=BTCUSDT&orderId=283194212");

  triggered.actual_order_id = "1";
  CHECK_FALSE(chain.Apply(triggered));
  CHECK(chain.actual_order_id() == "283194212");
  AlgoOrder foreign = placed;
  foreign.client_algo_id = "other";
  CHECK_FALSE(chain.Apply(foreign));
  CHECK_FALSE(chain.ended_untriggered());

  AlgoChain cancelled("BTCUSDT", "g1two");
  placed.client_algo_id = "g1two";
  placed.status = "CANCELED";
  CHECK(cancelled.Apply(placed));
  CHECK(cancelled.ended_untriggered());
}

}  // namespace
}  // namespace gannet::venue::binance::usdm
