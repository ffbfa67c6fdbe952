#include "libs/venue/bybit/order_venue.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "libs/base/digest.h"
#include "libs/base/hmac_key.h"
#include "libs/venue/answer_parts.h"

namespace gannet::venue::bybit {
namespace {

constexpr base::Time kNow = base::FromUnixMillis(1'700'000'000'000);

KeyedVenueOptions Options() {
  KeyedVenueOptions options;
  options.venue = "bybit-spot";
  options.api_key = "theKey";
  options.secret = "theSecret";
  return options;
}

market::Instrument Btc() {
  market::Instrument instrument;
  instrument.id = market::InstrumentId("bybit-spot:BTCUSDT");
  instrument.price_scale = 2;
  instrument.quantity_scale = 5;
  return instrument;
}

market::OrderIntent Intent() {
  market::OrderIntent intent;
  intent.instrument = Btc().id;
  intent.client_order_id = market::ClientOrderId("g1AAAA1");
  intent.price = {2500050};
  intent.quantity = {1000};
  return intent;
}

RequestContext Context(RequestKind kind) {
  RequestContext context{.kind = kind,
                         .request_id = 17,
                         .instrument = Btc().id,
                         .client_order_id = market::ClientOrderId("g1AAAA1"),
                         .target = market::ClientOrderId("g1AAAA1")};
  context.asked_at = kNow;
  return context;
}

wire::HttpExchange Http(int code, std::string result) {
  wire::HttpExchange exchange;
  exchange.request_id = 17;
  exchange.status = 200;
  exchange.body = "{\"retCode\":" + std::to_string(code) + R"(,"retMsg":"x","result":)" + result +
                  R"(,"retExtInfo":{},"time":1700000000500})";
  return exchange;
}

std::string OrderRow(const std::string& status) {
  return R"({"orderId":"o-7","orderLinkId":"g1AAAA1","symbol":"BTCUSDT","side":"Buy","orderType":"Limit",)"
         R"("orderStatus":")" +
         status +
         R"(","price":"25000.5","qty":"0.01","cumExecQty":"0.004","timeInForce":"GTC","updatedTime":"1700000000400"})";
}

TEST_CASE("Bybit's session asks by REST, signed over what is sent") {
  SpotVenue venue(Options());
  const auto place = venue.Place(Intent(), {1000}, Btc(), kNow);
  REQUIRE(place.ok());
  CHECK(place->method == "POST");
  CHECK(place->target == "/v5/order/create");
  CHECK(
      place->body ==
      R"({"category":"spot","symbol":"BTCUSDT","side":"Buy","orderType":"Limit","timeInForce":"GTC",)"
      R"("qty":"0.01","price":"25000.5","orderLinkId":"g1AAAA1"})");
  CHECK(place->counts_as_order);
  CHECK(place->with_key);
  CHECK(place->receive_window == std::chrono::seconds(2));
  bool is_signed = false;
  for (const auto& [name, value] : place->headers) {
    is_signed = is_signed || value == base::Hex(base::HmacSha256(
                                          "theSecret", "1700000000000theKey2000" + place->body));
  }
  CHECK(is_signed);

  market::OrderIntent stop = Intent();
  stop.type = market::OrderType::kStop;
  CHECK_FALSE(venue.Place(stop, {1000}, Btc(), kNow).ok());

  OrderKey key{Btc().id, market::ClientOrderId("g1AAAA1"), {}};
  CHECK(venue.QueryOrder(key, kNow).target ==
        "/v5/order/realtime?category=spot&symbol=BTCUSDT&orderLinkId=g1AAAA1");
  key.place = 1;
  CHECK(venue.QueryOrder(key, kNow).target ==
        "/v5/order/history?category=spot&symbol=BTCUSDT&orderLinkId=g1AAAA1");
  key.venue_order_id = market::VenueOrderId("o-7");
  CHECK(venue.Cancel(key, kNow).body ==
        R"({"category":"spot","symbol":"BTCUSDT","orderId":"o-7","orderFilter":"Order"})");
  // What was cut goes on from its cursor, in the same span of time.
  RequestContext context = Context(RequestKind::kTrades);
  context.since = kNow - std::chrono::hours(1);
  Answer cut;
  cut.cursor = "next";
  CHECK(venue.MoreTrades(context, cut, kNow).target ==
        "/v5/execution/list?category=spot&symbol=BTCUSDT&startTime=1699996400000&limit=100&cursor="
        "next");
}

TEST_CASE("Success of placing and cancelling acknowledges, that of a query confirms") {
  SpotVenue venue(Options());
  const std::string id = R"({"orderId":"o-7","orderLinkId":"g1AAAA1"})";
  for (const RequestKind kind : {RequestKind::kPlace, RequestKind::kCancel})
    CHECK(venue.DecodeAnswer(Context(kind), Http(0, id)).outcome == OutcomeClass::kAcknowledged);
  const Answer found =
      venue.DecodeAnswer(Context(RequestKind::kQueryOrder),
                         Http(0, R"({"category":"spot","list":[)" + OrderRow("New") + "]}"));
  REQUIRE(found.outcome == OutcomeClass::kConfirmed);
  CHECK(found.orders.at(0).cumulative == "0.004");
  const Answer none = venue.DecodeAnswer(Context(RequestKind::kQueryOrder),
                                         Http(0, R"({"category":"spot","list":[]})"));
  CHECK(none.not_found);
  CHECK(venue.DecodeAnswer(Context(RequestKind::kCancel), Http(170213, "{}")).not_found);
  CHECK(venue.DecodeAnswer(Context(RequestKind::kPlace), Http(170131, "{}")).outcome ==
        OutcomeClass::kRefused);
  for (const int code : {10006, 10016, 170141, 999999}) {
    CAPTURE(code);
    CHECK(venue.DecodeAnswer(Context(RequestKind::kPlace), Http(code, "{}")).outcome ==
          OutcomeClass::kUnknown);
  }
  wire::HttpExchange limited = Http(10006, "{}");
  limited.headers = {{"x-bapi-limit", "20"},
                     {"x-bapi-limit-status", "0"},
                     {"x-bapi-limit-reset-timestamp", "1700000003000"}};
  const Answer rate = venue.DecodeAnswer(Context(RequestKind::kQueryOrder), limited);
  CHECK(rate.rate.limited);
  CHECK(rate.rate.retry_after == std::chrono::seconds(3));

  const Answer wallet = venue.DecodeAnswer(
      Context(RequestKind::kAccount),
      Http(
          0,
          R"({"list":[{"accountType":"UNIFIED","coin":[{"coin":"USDT","walletBalance":"10.5","locked":"0.123456789"}]}]})"));
  REQUIRE(wallet.outcome == OutcomeClass::kConfirmed);
  CHECK(wallet.balances.at(0).free + wallet.balances.at(0).locked == *AmountOf("10.5"));
  CHECK(wallet.balances_time == base::FromUnixMillis(1'700'000'000'500));
}

TEST_CASE("Bybit's private stream authenticates, subscribes and tells of orders and trades") {
  SpotVenue venue(Options());
  const WireRequest auth = venue.Subscribe(kNow);
  CHECK(auth.method.empty());
  CHECK(auth.body.find(base::Hex(base::HmacSha256("theSecret", "GET/realtime1700000005000"))) !=
        std::string::npos);
  CHECK(venue.DecodeFrame(R"({"success":true,"ret_msg":"","op":"auth","conn_id":"c"})").kind ==
        StreamKind::kAuthenticated);
  CHECK(venue.DecodeFrame(R"({"success":false,"ret_msg":"bad","op":"auth","conn_id":"c"})").kind ==
        StreamKind::kSubscribeFailed);
  CHECK(venue.Topics()->body.find("\"execution\"") != std::string::npos);
  CHECK(venue.DecodeFrame(R"({"success":true,"ret_msg":"","op":"subscribe","conn_id":"c"})").kind ==
        StreamKind::kSubscribed);
  CHECK(venue.DecodeFrame(R"({"op":"pong","args":["1"],"conn_id":"c"})").kind ==
        StreamKind::kIgnored);

  const StreamUpdate orders =
      venue.DecodeFrame(R"({"id":"f","topic":"order","creationTime":1700000000600,"data":[)" +
                        OrderRow("PartiallyFilled") + "," + OrderRow("Cancelled") + "]}");
  REQUIRE(orders.kind == StreamKind::kOrders);
  REQUIRE(orders.orders.size() == 2);
  CHECK(orders.orders[1].status == VenueOrderStatus::kCanceled);
  const StreamUpdate trades = venue.DecodeFrame(
      R"({"id":"f","topic":"execution","creationTime":1700000000600,"data":[{"category":"spot","symbol":"BTCUSDT",)"
      R"("execId":"e1","orderId":"o-7","orderLinkId":"g1AAAA1","side":"Buy","execType":"Trade","execPrice":"25000",)"
      R"("execQty":"0.004","execFee":"0.000004","feeCurrency":"BTC","isMaker":false,"execTime":"1700000000500"}]})");
  REQUIRE(trades.trades.size() == 1);
  CHECK(trades.trades[0].client_order_id.text() == "g1AAAA1");
  CHECK(trades.trades[0].fee_asset.text() == "BTC");
  CHECK(venue.DecodeFrame(R"({"id":"f","topic":"order","data":[)" + OrderRow("Odd") + "]}").kind ==
        StreamKind::kBadFrame);
  for (const char* frame : {"", "[]", R"({"topic":"order"})"}) {
    CAPTURE(frame);
    CHECK(venue.DecodeFrame(frame).kind == StreamKind::kBadFrame);
  }
}

}  // namespace
}  // namespace gannet::venue::bybit
