#include "libs/venue/binance/spot_order_venue.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include "libs/market/decimal.h"

namespace gannet::venue::binance {
namespace {

KeyedVenueOptions Options() {
  KeyedVenueOptions options;
  options.venue = "binance-spot";
  options.api_key = "theKey";
  options.secret = "theSecret";
  return options;
}

market::Instrument Btc() {
  market::Instrument instrument;
  instrument.id = market::InstrumentId("binance-spot:BTCUSDT");
  instrument.price_scale = 2;
  instrument.quantity_scale = 5;
  return instrument;
}

market::OrderIntent Intent() {
  market::OrderIntent intent;
  intent.instrument = Btc().id;
  intent.client_order_id = market::ClientOrderId("g1AAAA1");
  intent.target = market::ClientOrderId("g1OLD1");
  intent.price = {2500050};
  intent.quantity = {1000};
  return intent;
}

RequestContext Context(RequestKind kind) {
  return {kind, 17, Btc().id, market::ClientOrderId("g1AAAA1"), market::ClientOrderId("g1OLD1")};
}

wire::HttpExchange Http(int status, std::string body) {
  wire::HttpExchange exchange;
  exchange.request_id = 17;
  exchange.status = status;
  exchange.body = std::move(body);
  return exchange;
}

constexpr base::Time kNow = base::FromUnixMillis(1'700'000'000'000);

bool Signed(const WireRequest& request) {
  const size_t query = request.target.find('?') + 1, mark = request.target.find("&signature=");
  return request.target.substr(mark + 11) ==
         base::Hex(base::HmacSha256("theSecret",
                                    std::string_view(request.target).substr(query, mark - query)));
}

TEST_CASE("SpotOrderVenue signs each request over its own query") {
  SpotOrderVenue venue(Options());
  const auto place = venue.Place(Intent(), {1000}, Btc(), kNow);
  REQUIRE(place.ok());
  CHECK(place->method == "POST");
  CHECK(place->target.starts_with(
      "/api/v3/order?symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=25000.5"
      "&newClientOrderId=g1AAAA1&newOrderRespType=FULL&recvWindow=2000&timestamp=1700000000000&"
      "signature="));
  CHECK(Signed(*place));
  CHECK(place->receive_window == kMaxPlacementWindow);
  CHECK(place->counts_as_order);
  CHECK(place->with_key);

  // With an activation price it is a take-profit there: it tracks from a better price on.
  market::OrderIntent trailing = Intent();
  trailing.type = market::OrderType::kTrailingStop;
  trailing.price = {};
  trailing.trailing_bps = 155;
  auto trails = venue.Place(trailing, {1000}, Btc(), kNow);
  REQUIRE(trails.ok());
  CHECK(trails->target.find("&type=STOP_LOSS&quantity=0.01&trailingDelta=155&new") !=
        std::string::npos);
  trailing.stop_price = {2400000};
  trails = venue.Place(trailing, {1000}, Btc(), kNow);
  REQUIRE(trails.ok());
  CHECK(trails->target.find(
            "&type=TAKE_PROFIT&quantity=0.01&trailingDelta=155&stopPrice=24000&new") !=
        std::string::npos);
  trailing.trailing_bps = 0;
  CHECK_FALSE(venue.Place(trailing, {1000}, Btc(), kNow).ok());

  const auto replace = venue.CancelReplace(Intent(), {700}, Btc(), kNow);
  REQUIRE(replace.ok());
  CHECK(replace->target.starts_with(
      "/api/v3/order/"
      "cancelReplace?cancelReplaceMode=STOP_ON_FAILURE&cancelRestrictions=ONLY_NEW"
      "&cancelOrigClientOrderId=g1OLD1&symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&"
      "quantity=0.007&price=25000.5"));
  CHECK(Signed(*replace));

  const market::VenueOrderId id("42");
  for (const WireRequest& request :
       {venue.Cancel({Btc().id, Intent().target, {}}, kNow), venue.Cancel({Btc().id, {}, id}, kNow),
        venue.QueryOrder({Btc().id, Intent().target, {}}, kNow),
        venue.QueryOrder({Btc().id, {}, id}, kNow), venue.TradesOfOrder(Btc().id, id, kNow),
        venue.TradesSince(Btc().id, kNow, kNow), venue.TradesFrom(Btc().id, "7", kNow),
        venue.OpenOrders(0, kNow), venue.Account(kNow)}) {
    CAPTURE(request.target);
    CHECK(Signed(request));
    CHECK(request.timestamp == kNow);
  }
  CHECK(venue.ServerTime().target == "/api/v3/time");
  CHECK(venue.Subscribe(kNow).method.empty());
}

TEST_CASE("Best prices of the venue's book, or none") {
  SpotOrderVenue venue(Options());
  const WireRequest request = venue.Best(Btc().id);
  CHECK(request.target == "/api/v3/ticker/bookTicker?symbol=BTCUSDT");
  CHECK_FALSE(request.with_key);
  const auto best = [&](const std::string& body) {
    return venue.DecodeAnswer(Context(RequestKind::kMarketData), Http(200, body)).best;
  };
  CHECK(
      best(
          R"({"symbol":"BTCUSDT","bidPrice":"4.00000000","bidQty":"431","askPrice":"4.00000200","askQty":"9"})") ==
      BestPrices{"4.00000000", "4.00000200"});
  for (const char* broken :
       {"[]", "{}", R"({"bidPrice":4,"askPrice":"5"})", R"({"bidPrice":"4"})", "x"})
    CHECK_FALSE(best(broken).has_value());
}

TEST_CASE(
    "Everything that may have happened to a request without an understood answer is unknown") {
  SpotOrderVenue venue(Options());
  std::vector<wire::HttpExchange> answers = {
      Http(408, R"({"code":-2010,"msg":"x"})"),
      Http(409, R"({"code":-2010,"msg":"x"})"),
      Http(418, R"({"code":-1003,"msg":"banned"})"),
      Http(429, R"({"code":-1015,"msg":"Too many new orders."})"),
      Http(500, "{}"),
      Http(502, "<html>"),
      Http(503, R"({"code":-1008,"msg":"busy"})"),
      Http(504, ""),
      Http(400, R"({"code":-1006,"msg":"unexpected"})"),
      Http(400, R"({"code":-1007,"msg":"timeout"})"),
      Http(400, R"({"code":-31337,"msg":"new"})"),
      Http(400, "<html>"),
      Http(403, "<html>"),
      Http(200, ""),
      Http(200, "{\"symbol\":"),
      Http(200, R"({"code":-2010,"msg":"x"})"),
      Http(200, "[]"),
      Http(200, R"({"symbol":"BTCUSDT","orderId":1,"clientOrderId":"g1AAAA1","status":"WEIRD"})")};
  for (const char* error : {"timeout", "disconnected", "connection reset after 37 bytes"}) {
    wire::HttpExchange lost;
    lost.request_id = 17;
    lost.transport_error = error;
    answers.push_back(lost);
  }
  for (const wire::HttpExchange& exchange : answers) {
    for (const RequestKind kind : {RequestKind::kPlace, RequestKind::kCancel,
                                   RequestKind::kCancelReplace, RequestKind::kQueryOrder}) {
      CAPTURE(exchange.status, exchange.body, exchange.transport_error, Name(kind));
      const Answer answer = venue.DecodeAnswer(Context(kind), exchange);
      CHECK(answer.outcome == OutcomeClass::kUnknown);
      CHECK(answer.orders.empty());
      CHECK(answer.trades.empty());
    }
  }
}

TEST_CASE("SpotOrderVenue makes orders smaller in place under their own name, and nothing else") {
  SpotOrderVenue venue(Options());
  Change change{.order = {Btc().id, market::ClientOrderId("g1AAAA1")},
                .price = {2500050},
                .price_now = {2500050},
                .quantity = {700},
                .quantity_now = {1000}};
  const auto amend = venue.Amend(change, Btc(), kNow);
  REQUIRE(amend.ok());
  CHECK(amend->method == "PUT");
  CHECK(amend->target.starts_with(
      "/api/v3/order/amend/keepPriority?symbol=BTCUSDT&origClientOrderId=g1AAAA1&newQty=0.007"
      "&newClientOrderId=g1AAAA1&recvWindow=2000"));
  CHECK(Signed(*amend));
  change.quantity = {1100};
  CHECK_FALSE(venue.Amend(change, Btc(), kNow).ok());
  change.quantity = {700};
  change.price = {2500060};
  CHECK(venue.Amend(change, Btc(), kNow).status().message().find("replace it") !=
        std::string_view::npos);

  const Answer answer = venue.DecodeAnswer(
      Context(RequestKind::kAmend),
      Http(200, R"({"transactTime":1700000000001,"executionId":5,"amendedOrder":{"symbol":"BTCUSDT",
          "orderId":42,"origClientOrderId":"g1AAAA1","clientOrderId":"g1AAAA1","price":"25000.50",
          "qty":"0.00700","executedQty":"0.00100","status":"PARTIALLY_FILLED","timeInForce":"GTC",
          "type":"LIMIT","side":"BUY"}})"));
  CHECK(answer.outcome == OutcomeClass::kConfirmed);
  REQUIRE(answer.orders.size() == 1);
  CHECK(answer.orders[0].quantity == "0.00700");
  CHECK(answer.orders[0].price == "25000.50");
  CHECK(answer.orders[0].cumulative == "0.00100");
  CHECK(answer.orders[0].time == base::FromUnixMillis(1'700'000'000'001));
  // The first copy of a doubled request may be why the second changes nothing.
  CHECK(venue.DecodeAnswer(Context(RequestKind::kAmend), Http(400, R"({"code":-1102,"msg":"x"})"))
            .outcome == OutcomeClass::kTurnedAway);
  CHECK(venue.DecodeAnswer(Context(RequestKind::kAmend), Http(503, "{}")).outcome ==
        OutcomeClass::kUnknown);
}

TEST_CASE("An answer about another order is not understood") {
  SpotOrderVenue venue(Options());
  const Answer answer = venue.DecodeAnswer(
      Context(RequestKind::kPlace),
      Http(200, R"({"symbol":"BTCUSDT","orderId":1,"clientOrderId":"someone","status":"NEW"})"));
  CHECK(answer.outcome == OutcomeClass::kUnknown);
  CHECK(answer.code == "unparsable");
}

TEST_CASE("A confirmed placement carries state, fills and evidence") {
  SpotOrderVenue venue(Options());
  wire::HttpExchange exchange = Http(
      200,
      R"({"symbol":"BTCUSDT","orderId":28,"orderListId":-1,"clientOrderId":"g1AAAA1","transactTime":1700000000123,"price":"25000.50",)"
      R"("origQty":"0.01000000","executedQty":"0.00400000","status":"PARTIALLY_FILLED","timeInForce":"GTC","type":"LIMIT","side":"BUY",)"
      R"("fills":[{"price":"25000.00","qty":"0.00400000","commission":"0.00000400","commissionAsset":"BTC","tradeId":56}]})");
  exchange.headers = {{"x-mbx-used-weight-1m", "77"},
                      {"x-mbx-order-count-10s", "3"},
                      {"x-mbx-order-count-1d", "9"}};
  const Answer answer = venue.DecodeAnswer(Context(RequestKind::kPlace), exchange);
  CHECK(answer.outcome == OutcomeClass::kConfirmed);
  CHECK(answer.evidence == "http:POST /api/v3/order 200 #17");
  REQUIRE(answer.orders.size() == 1);
  CHECK(answer.orders[0].status == VenueOrderStatus::kPartiallyFilled);
  CHECK(answer.orders[0].venue_order_id.text() == "28");
  CHECK(answer.orders[0].cumulative == "0.00400000");
  REQUIRE(answer.trades.size() == 1);
  CHECK(answer.trades[0].trade_id == "56");
  CHECK(answer.trades[0].fee_asset.text() == "BTC");
  CHECK(answer.rate.used_weight == 77);
  CHECK(answer.rate.orders_10s == 3);
  CHECK(answer.rate.orders_1d == 9);
}

TEST_CASE("A cancel's answer names the order by its own id, not by the cancel's") {
  SpotOrderVenue venue(Options());
  const Answer answer = venue.DecodeAnswer(
      Context(RequestKind::kCancel),
      Http(
          200,
          R"({"symbol":"BTCUSDT","origClientOrderId":"g1OLD1","orderId":4,"clientOrderId":"auto","transactTime":1,)"
          R"("executedQty":"0.001","status":"CANCELED","timeInForce":"GTC","type":"LIMIT","side":"BUY"})"));
  CHECK(answer.outcome == OutcomeClass::kConfirmed);
  REQUIRE(answer.orders.size() == 1);
  CHECK(answer.orders[0].client_order_id.text() == "g1OLD1");
  CHECK(answer.orders[0].status == VenueOrderStatus::kCanceled);
}

TEST_CASE("A cancel by the venue's id is answered for that order only, whatever its name") {
  SpotOrderVenue venue(Options());
  RequestContext context = Context(RequestKind::kCancel);
  context.target = market::ClientOrderId("twin:4");
  context.venue_order_id = market::VenueOrderId("4");
  const char* const body =
      R"({"symbol":"BTCUSDT","origClientOrderId":"g1OLD1","orderId":4,"clientOrderId":"auto","transactTime":1,)"
      R"("executedQty":"0","status":"CANCELED","timeInForce":"GTC","type":"LIMIT","side":"BUY"})";
  CHECK(venue.DecodeAnswer(context, Http(200, body)).outcome == OutcomeClass::kConfirmed);
  context.venue_order_id = market::VenueOrderId("5");
  CHECK(venue.DecodeAnswer(context, Http(200, body)).outcome == OutcomeClass::kUnknown);
}

TEST_CASE("Retry-After and a ban come through with the answer") {
  SpotOrderVenue venue(Options());
  wire::HttpExchange exchange = Http(418, R"({"code":-1003,"msg":"banned"})");
  exchange.headers = {{"retry-after", "120"}};
  Answer answer = venue.DecodeAnswer(Context(RequestKind::kPlace), exchange);
  CHECK(answer.rate.banned);
  CHECK(answer.rate.retry_after == std::chrono::seconds(120));
  exchange.headers = {{"retry-after", "-5"}, {"x-mbx-used-weight-1m", "many"}};
  answer = venue.DecodeAnswer(Context(RequestKind::kPlace), exchange);
  CHECK_FALSE(answer.rate.retry_after);
  CHECK_FALSE(answer.rate.used_weight);
}

TEST_CASE("Too many orders: orders wait, until the end of the window that is named") {
  using std::chrono::hours, std::chrono::minutes, std::chrono::seconds;
  SpotOrderVenue venue(Options());
  const auto rate = [&](int status, const std::string& body,
                        RequestKind kind = RequestKind::kPlace) {
    return venue.DecodeAnswer(Context(kind), Http(status, body)).rate;
  };
  const auto orders = [&](const std::string& words) {
    return rate(429, R"({"code":-1015,"msg":"Too many new orders)" + words + R"("})");
  };
  const RateReport ten = orders("; current limit is 50 orders per 10 SECOND.");
  CHECK(ten.full == Full::kOrders);
  CHECK(ten.window == seconds(10));
  CHECK_FALSE(ten.retry_after);
  CHECK(orders("; current limit is 160000 orders per 1 DAY.").window == hours(24));
  CHECK(orders("; current limit is 1200 orders per 1 MINUTE.").window == minutes(1));
  for (const char* words :
       {".", "; current limit is 5 orders per MINUTE.", "; current limit is 5 orders per 0 DAY.",
        "; current limit is 5 orders per 10 MOON."}) {
    CAPTURE(words);
    CHECK(orders(words).full == Full::kOrders);
    CHECK_FALSE(orders(words).window);
  }
  CHECK(rate(429, R"({"code":-1003,"msg":"Too much request weight used."})").full == Full::kAll);
  CHECK(rate(429, "").full == Full::kAll);
  CHECK(rate(400, R"({"code":-2010,"msg":"no"})").full == Full::kNothing);
  // The second leg of a cancel-replace, as the documentation has it.
  const RateReport leg = rate(
      409,
      R"({"code":-2021,"msg":"Order cancel-replace partially failed.","data":{"cancelResult":"SUCCESS",)"
      R"("newOrderResult":"FAILURE","cancelResponse":{"symbol":"LTCBNB","origClientOrderId":"g1a","orderId":64,)"
      R"("clientOrderId":"x","status":"CANCELED"},"newOrderResponse":{"code":-1015,)"
      R"("msg":"Too many new orders; current limit is 1 orders per 10 SECOND."}}})",
      RequestKind::kCancelReplace);
  CHECK(leg.full == Full::kOrders);
  CHECK(leg.window == seconds(10));
}

TEST_CASE("The legs of a cancel-replace have independent outcomes") {
  SpotOrderVenue venue(Options());
  const std::string canceled =
      R"({"symbol":"BTCUSDT","origClientOrderId":"g1OLD1","orderId":3,"clientOrderId":"auto","status":"CANCELED","executedQty":"0"})";
  const std::string placed =
      R"({"symbol":"BTCUSDT","orderId":11,"clientOrderId":"g1AAAA1","transactTime":1648540168818})";
  const auto partly = [](const std::string& cancel_result, const std::string& cancel,
                         const std::string& new_result, const std::string& placed_leg) {
    return R"({"code":-2021,"msg":"partly","data":{"cancelResult":")" + cancel_result +
           R"(","newOrderResult":")" + new_result + R"(","cancelResponse":)" + cancel +
           R"(,"newOrderResponse":)" + placed_leg + "}}";
  };
  const std::string refused = R"({"code":-2010,"msg":"Order would immediately match and take."})";
  const std::string unknown_order = R"({"code":-2011,"msg":"Unknown order sent."})";

  SECTION("both took effect") {
    const Answer answer = venue.DecodeAnswer(
        Context(RequestKind::kCancelReplace),
        Http(200, R"({"cancelResult":"SUCCESS","newOrderResult":"SUCCESS","cancelResponse":)" +
                      canceled + R"(,"newOrderResponse":)" + placed + "}"));
    CHECK(answer.outcome == OutcomeClass::kConfirmed);
    CHECK(answer.cancel_leg->outcome == OutcomeClass::kConfirmed);
    CHECK(answer.new_leg->outcome == OutcomeClass::kConfirmed);
    CHECK(answer.new_leg->order->venue_order_id.text() == "11");
  }
  SECTION("cancelled, new order refused (409)") {
    const Answer answer =
        venue.DecodeAnswer(Context(RequestKind::kCancelReplace),
                           Http(409, partly("SUCCESS", canceled, "FAILURE", refused)));
    CHECK(answer.cancel_leg->outcome == OutcomeClass::kConfirmed);
    CHECK(answer.new_leg->outcome == OutcomeClass::kTurnedAway);
    CHECK(answer.new_leg->code == "-2010");
  }
  SECTION("cancel failed, new order placed (409)") {
    const Answer answer =
        venue.DecodeAnswer(Context(RequestKind::kCancelReplace),
                           Http(409, partly("FAILURE", unknown_order, "SUCCESS", placed)));
    CHECK(answer.cancel_leg->outcome == OutcomeClass::kRefused);
    CHECK(answer.new_leg->outcome == OutcomeClass::kConfirmed);
  }
  SECTION("cancel failed, new order not attempted") {
    const Answer answer =
        venue.DecodeAnswer(Context(RequestKind::kCancelReplace),
                           Http(400, partly("FAILURE", unknown_order, "NOT_ATTEMPTED", "null")));
    CHECK(answer.cancel_leg->outcome == OutcomeClass::kRefused);
    // As it would be told of a second copy when the first has taken effect.
    CHECK(answer.new_leg->outcome == OutcomeClass::kTurnedAway);
    CHECK_FALSE(answer.new_leg->attempted);
  }
  SECTION("a leg that says success of another order is unknown") {
    const Answer answer = venue.DecodeAnswer(
        Context(RequestKind::kCancelReplace),
        Http(409, partly("FAILURE", unknown_order, "SUCCESS",
                         R"({"symbol":"BTCUSDT","orderId":11,"clientOrderId":"other"})")));
    CHECK(answer.new_leg->outcome == OutcomeClass::kUnknown);
    CHECK(answer.outcome == OutcomeClass::kUnknown);
  }
  SECTION("a failed leg with a code that proves nothing is unknown") {
    const Answer answer = venue.DecodeAnswer(
        Context(RequestKind::kCancelReplace),
        Http(409, partly("SUCCESS", canceled, "FAILURE", R"({"code":-1007,"msg":"timeout"})")));
    CHECK(answer.new_leg->outcome == OutcomeClass::kUnknown);
  }
  SECTION("the whole request refused") {
    const Answer answer = venue.DecodeAnswer(Context(RequestKind::kCancelReplace),
                                             Http(400, R"({"code":-1102,"msg":"x"})"));
    CHECK(answer.outcome == OutcomeClass::kRefused);
    CHECK(answer.cancel_leg->outcome == OutcomeClass::kRefused);
    CHECK(answer.new_leg->outcome == OutcomeClass::kRefused);
  }
  SECTION("the whole request turned away for its time") {
    const Answer answer = venue.DecodeAnswer(Context(RequestKind::kCancelReplace),
                                             Http(400, R"({"code":-1021,"msg":"x"})"));
    CHECK(answer.cancel_leg->outcome == OutcomeClass::kRefused);
    CHECK(answer.new_leg->outcome == OutcomeClass::kTurnedAway);
  }
  SECTION("a server error with legs in its body is still unknown") {
    const Answer answer =
        venue.DecodeAnswer(Context(RequestKind::kCancelReplace),
                           Http(500, partly("SUCCESS", canceled, "FAILURE", refused)));
    CHECK(answer.outcome == OutcomeClass::kUnknown);
    CHECK_FALSE(answer.new_leg.has_value());
  }
}

TEST_CASE("Not-found answers are told apart from refusals") {
  SpotOrderVenue venue(Options());
  Answer answer = venue.DecodeAnswer(Context(RequestKind::kQueryOrder),
                                     Http(400, R"({"code":-2013,"msg":"Order does not exist."})"));
  CHECK(answer.not_found);
  answer = venue.DecodeAnswer(Context(RequestKind::kCancel),
                              Http(400, R"({"code":-2011,"msg":"Unknown order sent."})"));
  CHECK(answer.not_found);
  CHECK(answer.outcome == OutcomeClass::kRefused);
}

TEST_CASE("A fill on the stream becomes an order update with its trade") {
  SpotOrderVenue venue(Options());
  const StreamUpdate update = venue.DecodeFrame(
      R"({"subscriptionId":0,"event":{"e":"executionReport","E":5,"s":"BTCUSDT","c":"g1AAAA1","S":"SELL","o":"STOP_LOSS_LIMIT",)"
      R"("f":"GTC","q":"1.0","p":"2","P":"3","C":"","x":"TRADE","X":"PARTIALLY_FILLED","r":"NONE","i":9,"l":"0.4","z":"0.4","L":"2",)"
      R"("n":"0.01","N":"USDT","T":4,"t":77,"w":true,"m":true}})");
  REQUIRE(update.kind == StreamKind::kOrder);
  CHECK(update.evidence == "stream:executionReport:BTCUSDT:9:TRADE:4:77");
  REQUIRE(update.order);
  CHECK(update.order->type == market::OrderType::kStopLimit);
  CHECK(update.order->triggered == true);
  REQUIRE(update.order->trade);
  CHECK(update.order->trade->liquidity == market::Liquidity::kMaker);
  CHECK(update.order->trade->quantity == "0.4");
}

TEST_CASE("A cancellation on the stream names the order by its original id") {
  SpotOrderVenue venue(Options());
  const StreamUpdate update = venue.DecodeFrame(
      R"({"event":{"e":"executionReport","E":5,"s":"BTCUSDT","c":"web_1","S":"SELL","o":"LIMIT","f":"GTC","q":"1","p":"2","C":"g1AAAA1",)"
      R"("x":"CANCELED","X":"CANCELED","r":"NONE","i":9,"l":"0","z":"0","L":"0","n":"0","N":null,"T":4,"t":-1}})");
  REQUIRE(update.order);
  CHECK(update.order->client_order_id.text() == "g1AAAA1");
  CHECK_FALSE(update.order->trade);
}

TEST_CASE("Stream frames of every kind are told apart") {
  SpotOrderVenue venue(Options());
  CHECK(venue.DecodeFrame(R"({"id":"own-updates","status":200,"result":{"subscriptionId":0}})")
            .kind == StreamKind::kSubscribed);
  CHECK(venue.DecodeFrame(R"({"id":"own-updates","status":400,"error":{"code":-1022,"msg":"bad"}})")
            .kind == StreamKind::kSubscribeFailed);
  CHECK(venue.DecodeFrame(R"({"id":"x","status":200,"result":{}})").kind == StreamKind::kIgnored);
  CHECK(venue.DecodeFrame(R"({"event":{"e":"serverShutdown","E":1}})").kind == StreamKind::kEnding);
  CHECK(venue.DecodeFrame(R"({"event":{"e":"eventStreamTerminated","E":1}})").kind ==
        StreamKind::kEnding);
  CHECK(venue.DecodeFrame(R"({"event":{"e":"listStatus","E":1}})").kind == StreamKind::kIgnored);
  CHECK(venue.DecodeFrame("nonsense").kind == StreamKind::kBadFrame);
  StreamUpdate update = venue.DecodeFrame(
      R"({"event":{"e":"outboundAccountPosition","E":1,"u":2,"B":[{"a":"ETH","f":"10000.000000","l":"0.5"}]}})");
  REQUIRE(update.kind == StreamKind::kBalances);
  CHECK(update.balances[0].free.ToString() == "10000");
  CHECK(update.balances[0].locked.ToString() == "0.5");
  update =
      venue.DecodeFrame(R"({"event":{"e":"balanceUpdate","E":1,"a":"BTC","d":"-100.5","T":3}})");
  REQUIRE(update.kind == StreamKind::kBalanceChange);
  CHECK(update.balance_delta->second.ToString() == "-100.5");
  CHECK(venue.DecodeFrame(R"({"event":{"e":"balanceUpdate","E":1,"a":"BTC","d":"1e5","T":3}})")
            .kind == StreamKind::kBadFrame);
  // 18 digits pass exactly, 19 are refused rather than rounded.
  CHECK(venue
            .DecodeFrame(
                R"({"event":{"e":"balanceUpdate","a":"X","d":"0.123456789012345678","T":3}})")
            .balance_delta->second.ToString() == "0.123456789012345678");
  CHECK(venue
            .DecodeFrame(
                R"({"event":{"e":"balanceUpdate","a":"X","d":"0.1234567890123456789","T":3}})")
            .kind == StreamKind::kBadFrame);
}

TEST_CASE("Stream frames that are cut, changed, too deep, too long or no UTF-8 invent nothing") {
  SpotOrderVenue venue(Options());
  const std::string good =
      R"({"subscriptionId":0,"event":{"e":"executionReport","E":5,"s":"BTCUSDT","c":"g1AAAA1","S":"SELL","o":"LIMIT",)"
      R"("f":"GTC","q":"1.0","p":"2","C":"","x":"TRADE","X":"PARTIALLY_FILLED","r":"NONE","i":9,"l":"0.4","z":"0.4","L":"2",)"
      R"("n":"0.01","N":"USDT","T":4,"t":77,"m":true}})";
  REQUIRE(venue.DecodeFrame(good).kind == StreamKind::kOrder);
  for (size_t i = 0; i < good.size(); ++i) {
    CHECK(venue.DecodeFrame(good.substr(0, i)).kind == StreamKind::kBadFrame);
    for (const char c : {'\0', '"', '}', '[', '-', '\xff', '\\'}) {
      std::string changed = good;
      changed[i] = c;
      const StreamUpdate update = venue.DecodeFrame(changed);  // must return
      if (update.kind != StreamKind::kOrder) continue;
      REQUIRE(update.order);  // execution books no fill that is not above 0
      if (!update.order->trade) continue;
      const std::string& quantity = update.order->trade->quantity;
      CHECK((quantity == "0.4" || market::ParseDecimal(quantity, 8).value_or(0) <= 0));
    }
  }
  const std::string deep(100'000, '[');
  CHECK(venue.DecodeFrame(deep).kind == StreamKind::kBadFrame);
  CHECK(venue.DecodeFrame(R"({"event":)" + deep).kind == StreamKind::kBadFrame);
  CHECK(venue.DecodeFrame(std::string((32u << 20) + 1, ' ')).kind == StreamKind::kBadFrame);
  std::string no_text = good;
  no_text.replace(no_text.find("BTCUSDT"), 2, "\xc3\x28");
  CHECK(venue.DecodeFrame(no_text).kind == StreamKind::kBadFrame);
}

}  // namespace
}  // namespace gannet::venue::binance
