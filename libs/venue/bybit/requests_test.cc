// Orders as Bybit v5 takes them, their signatures, and what is refused.
#include "libs/venue/bybit/requests.h"

#include <catch2/catch_test_macros.hpp>

#include "libs/venue/bybit/transport.h"

namespace gannet::venue::bybit {
namespace {

std::string JsonOf(const absl::StatusOr<Call>& call) {
  if (!call.ok()) return "";
  std::string out;
  call->parameters.AppendJson(out);
  return out;
}

OrderSpec Buy(market::OrderType type) {
  OrderSpec spec;
  spec.symbol = "BTCUSDT";
  spec.type = type;
  spec.quantity = Decimal{1, 2};
  spec.price = Decimal{250005, 1};
  spec.stop_price = Decimal{25100, 0};
  return spec;
}

TEST_CASE("Spot states the unit of a market order, linear the direction of a trigger") {
  using enum market::OrderType;
  OrderSpec market = Buy(kMarket);
  CHECK(
      JsonOf(Place(Category::kSpot, market)) ==
      R"({"category":"spot","symbol":"BTCUSDT","side":"Buy","orderType":"Market","marketUnit":"baseCoin","qty":"0.01"})");
  market.quantity.reset();
  market.quote_quantity = Decimal{250, 0};
  CHECK(JsonOf(Place(Category::kSpot, market)) ==
        R"({"category":"spot","symbol":"BTCUSDT","side":"Buy","orderType":"Market","qty":"250"})");
  market.side = market::Side::kSell;
  CHECK(
      JsonOf(Place(Category::kSpot, market)) ==
      R"({"category":"spot","symbol":"BTCUSDT","side":"Sell","orderType":"Market","marketUnit":"quoteCoin","qty":"250"})");
  CHECK_FALSE(Place(Category::kLinear, market).ok());
  CHECK(
      JsonOf(Place(Category::kLinear, Buy(kStopLimit))) ==
      R"({"category":"linear","symbol":"BTCUSDT","side":"Buy","orderType":"Limit","qty":"0.01","price":"25000.5","triggerDirection":1,"triggerPrice":"25100"})");
  OrderSpec exit = Buy(kTakeProfit);
  exit.reduce_only = true;
  exit.position_side = PositionSide::kShort;
  exit.trigger_source = TriggerSource::kMark;
  CHECK(
      JsonOf(Place(Category::kLinear, exit)) ==
      R"({"category":"linear","symbol":"BTCUSDT","side":"Buy","orderType":"Market","qty":"0.01","triggerDirection":2,"triggerPrice":"25100","triggerBy":"MarkPrice","reduceOnly":true,"positionIdx":2})");
  CHECK(
      JsonOf(Place(Category::kSpot, Buy(kStop))) ==
      R"({"category":"spot","symbol":"BTCUSDT","side":"Buy","orderType":"Market","marketUnit":"baseCoin","qty":"0.01","orderFilter":"StopOrder","triggerPrice":"25100"})");
}

TEST_CASE("What Bybit has no word for is refused, never dropped") {
  using enum market::OrderType;
  const auto places = [](Category category, auto change) {
    OrderSpec spec = Buy(kLimit);
    change(spec);
    return Place(category, spec).ok();
  };
  for (const Category category : {Category::kSpot, Category::kLinear}) {
    CHECK(places(category, [](OrderSpec&) {}));
    CHECK_FALSE(places(category, [](OrderSpec& spec) { spec.type = kTrailingStop; }));
    CHECK_FALSE(places(category, [](OrderSpec& spec) { spec.quantity.reset(); }));
    CHECK_FALSE(
        places(category, [](OrderSpec& spec) { spec.time_in_force = market::TimeInForce::kGtd; }));
    CHECK_FALSE(places(category, [](OrderSpec& spec) { spec.self_trade = SelfTrade::kDecrement; }));
    CHECK_FALSE(places(category, [](OrderSpec& spec) { spec.iceberg_quantity = Decimal{1, 0}; }));
  }
  CHECK_FALSE(places(Category::kSpot, [](OrderSpec& spec) { spec.reduce_only = true; }));
  CHECK_FALSE(PlaceBatch(Category::kSpot, {}).ok());
  CHECK_FALSE(SetDisconnectProtection(Category::kLinear, std::chrono::seconds(2)).ok());
  CHECK(JsonOf(SetDisconnectProtection(Category::kLinear, std::chrono::seconds(10))) ==
        R"({"product":"DERIVATIVES","timeWindow":10})");
}

TEST_CASE("REST is signed over time, key, window and the payload as sent") {
  const Signer signer = Signer::Hmac("secret");
  const base::Time now = base::FromUnixMillis(1700000000000);
  const auto header = [](const WireRequest& request, std::string_view name) {
    for (const auto& [key, value] : request.headers) {
      if (key == name) return value;
    }
    return std::string();
  };
  const WireRequest get =
      ToRest(Positions("BTCUSDT", "", {}), signer, "key", now, std::chrono::milliseconds(5000));
  CHECK(get.target == "/v5/position/list?category=linear&symbol=BTCUSDT");
  CHECK(header(get, kSignatureHeader) ==
        signer.Sign("1700000000000key5000category=linear&symbol=BTCUSDT"));
  const WireRequest post = ToRest(Cancel(Category::kLinear, "BTCUSDT", {"7", ""}), signer, "key",
                                  now, std::chrono::milliseconds(5000));
  CHECK(post.body == R"({"category":"linear","symbol":"BTCUSDT","orderId":"7"})");
  CHECK(header(post, kSignatureHeader) == signer.Sign("1700000000000key5000" + post.body));
  CHECK(header(post, kTimestampHeader) == "1700000000000");
  CHECK(post.timestamp == now);
  CHECK(ToRest(ServerTime(), signer, "key", now, {}).headers.empty());
}

TEST_CASE("The trade WebSocket carries the same parameters as REST") {
  const auto call = Place(Category::kLinear, Buy(market::OrderType::kLimit));
  REQUIRE(call.ok());
  const WireRequest frame =
      ToFrame(*call, "r1", base::FromUnixMillis(1711001595207), std::chrono::seconds(8));
  CHECK(
      frame.body ==
      R"({"reqId":"r1","header":{"X-BAPI-TIMESTAMP":"1711001595207","X-BAPI-RECV-WINDOW":"8000"},"op":"order.create","args":[)" +
          JsonOf(call) + "]}");
  const Signer signer = Signer::Hmac("secret");
  CHECK(Authenticate(signer, "key", "1", base::FromUnixMillis(1662350400000)).body ==
        R"({"req_id":"1","op":"auth","args":["key",1662350400000,")" +
            signer.Sign("GET/realtime1662350400000") + R"("]})");
  const std::string_view topics[] = {"order", "execution"};
  CHECK(Subscribe("2", topics).body ==
        R"({"req_id":"2","op":"subscribe","args":["order","execution"]})");
}

}  // namespace
}  // namespace gannet::venue::bybit
