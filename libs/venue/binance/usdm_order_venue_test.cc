#include "libs/venue/binance/usdm_order_venue.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include "libs/base/hmac_key.h"
#include "libs/venue/answer_parts.h"

namespace gannet::venue::binance {
namespace {

using market::OrderType;

constexpr base::Time kNow = base::FromUnixMillis(1'700'000'000'000);

KeyedVenueOptions Options() {
  KeyedVenueOptions options;
  options.venue = "binance-usdm";
  options.api_key = "theKey";
  options.secret = "theSecret";
  return options;
}

market::Instrument Btc() {
  market::Instrument instrument;
  instrument.id = market::InstrumentId("binance-usdm:BTCUSDT");
  instrument.kind = market::InstrumentKind::kPerpetual;
  instrument.price_scale = 1;
  instrument.quantity_scale = 3;
  return instrument;
}

market::OrderIntent Intent(OrderType type = OrderType::kLimit) {
  market::OrderIntent intent;
  intent.instrument = Btc().id;
  intent.client_order_id = market::ClientOrderId("g1AAAA1");
  intent.type = type;
  intent.price = {250005};
  intent.stop_price = {260000};
  intent.quantity = {20};
  return intent;
}

OrderKey Key(OrderType type, const std::string& venue_id = "") {
  return {Btc().id, market::ClientOrderId("g1AAAA1"), market::VenueOrderId(venue_id), type};
}

RequestContext Context(RequestKind kind, OrderType type = OrderType::kLimit,
                       const std::string& venue_id = "") {
  RequestContext context{.kind = kind,
                         .request_id = 17,
                         .instrument = Btc().id,
                         .client_order_id = market::ClientOrderId("g1AAAA1"),
                         .target = market::ClientOrderId("g1AAAA1"),
                         .venue_order_id = market::VenueOrderId(venue_id),
                         .type = type};
  return context;
}

wire::HttpExchange Http(int status, std::string body) {
  wire::HttpExchange exchange;
  exchange.request_id = 17;
  exchange.status = status;
  exchange.body = std::move(body);
  return exchange;
}

// Verb, path and parameters, without what signing adds.
std::string Words(const WireRequest& request) {
  return request.method + " " + request.target.substr(0, request.target.find("recvWindow") - 1);
}

std::string Algo(const std::string& status, const std::string& actual) {
  return R"({"algoId":9,"clientAlgoId":"g1AAAA1","algoType":"CONDITIONAL","orderType":"STOP_MARKET",)"
         R"("symbol":"BTCUSDT","side":"SELL","quantity":"0.020","algoStatus":")" +
         status + R"(","actualOrderId":")" + actual +
         R"(","triggerPrice":"26000","createTime":1,"updateTime":2})";
}

std::string Order(const std::string& status, const std::string& client, const std::string& id) {
  return R"({"orderId":)" + id + R"(,"symbol":"BTCUSDT","status":")" + status +
         R"(","clientOrderId":")" + client +
         R"(","price":"25000.5","origQty":"0.020","executedQty":"0.005","timeInForce":"GTC",)"
         R"("type":"LIMIT","origType":"LIMIT","side":"BUY","updateTime":5})";
}

TEST_CASE("UsdmOrderVenue signs each request and sends stop orders to the algo endpoint") {
  UsdmOrderVenue venue(Options());
  const auto limit = venue.Place(Intent(), {20}, Btc(), kNow);
  REQUIRE(limit.ok());
  CHECK(Words(*limit) ==
        "POST /fapi/v1/order?symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.02"
        "&price=25000.5&newClientOrderId=g1AAAA1&newOrderRespType=RESULT");
  CHECK(limit->counts_as_order);
  CHECK(limit->receive_window == std::chrono::seconds(2));
  const size_t query = limit->target.find('?') + 1, mark = limit->target.find("&signature=");
  CHECK(limit->target.substr(mark + 11) ==
        base::Hex(base::HmacSha256("theSecret",
                                   std::string_view(limit->target).substr(query, mark - query))));

  const auto stop = venue.Place(Intent(OrderType::kStop), {20}, Btc(), kNow);
  REQUIRE(stop.ok());
  CHECK(Words(*stop) ==
        "POST /fapi/v1/algoOrder?algoType=CONDITIONAL&symbol=BTCUSDT&side=BUY&type=STOP_MARKET"
        "&quantity=0.02&triggerPrice=26000&clientAlgoId=g1AAAA1&newOrderRespType=RESULT");
  // Without a distance there is no trailing stop to be had.
  market::OrderIntent trailing = Intent(OrderType::kTrailingStop);
  CHECK_FALSE(venue.Place(trailing, {20}, Btc(), kNow).ok());
  trailing.trailing_bps = 150;
  const auto trails = venue.Place(trailing, {20}, Btc(), kNow);
  REQUIRE(trails.ok());
  CHECK(Words(*trails) ==
        "POST /fapi/v1/algoOrder?algoType=CONDITIONAL&symbol=BTCUSDT&side=BUY"
        "&type=TRAILING_STOP_MARKET&quantity=0.02&callbackRate=1.5&activatePrice=26000"
        "&clientAlgoId=g1AAAA1&newOrderRespType=RESULT");
  // Nor one that the venue has no words for.
  for (const uint32_t bps : {9U, 155U, 1010U}) {
    trailing.trailing_bps = bps;
    CHECK_FALSE(venue.Place(trailing, {20}, Btc(), kNow).ok());
  }
  CHECK_FALSE(venue.CancelReplace(Intent(), {20}, Btc(), kNow).ok());

  const WireRequest key = venue.StreamKey(false);
  CHECK(key.method == "POST");
  CHECK(key.target == "/fapi/v1/listenKey");
  CHECK(key.with_key);
  CHECK(venue.StreamKey(true).method == "PUT");
  CHECK(Words(*venue.DeadMan(Btc().id, std::chrono::seconds(60), kNow)) ==
        "POST /fapi/v1/countdownCancelAll?symbol=BTCUSDT&countdownTime=60000");
}

TEST_CASE("UsdmOrderVenue changes price and quantity of an order in place") {
  UsdmOrderVenue venue(Options());
  const auto amend = venue.Amend({.order = Key(OrderType::kLimit),
                                  .side = market::Side::kSell,
                                  .price = {250005},
                                  .price_now = {250000},
                                  .quantity = {30},
                                  .quantity_now = {30}},
                                 Btc(), kNow);
  REQUIRE(amend.ok());
  CHECK(Words(*amend) ==
        "PUT /fapi/v1/order?symbol=BTCUSDT&origClientOrderId=g1AAAA1&side=SELL&quantity=0.03"
        "&price=25000.5");
  const Answer done =
      venue.DecodeAnswer(Context(RequestKind::kAmend), Http(200, Order("NEW", "g1AAAA1", "7")));
  CHECK(done.outcome == OutcomeClass::kConfirmed);
  REQUIRE(done.orders.size() == 1);
  CHECK(done.orders[0].price == "25000.5");
  CHECK(venue
            .DecodeAnswer(Context(RequestKind::kAmend),
                          Http(400, R"({"code":-5027,"msg":"No need to modify the order."})"))
            .outcome == OutcomeClass::kTurnedAway);
}

TEST_CASE("UsdmOrderVenue follows an order through its two identities") {
  UsdmOrderVenue venue(Options());
  CHECK(venue.TwoIdentities(OrderType::kTakeProfitLimit));
  CHECK_FALSE(venue.TwoIdentities(OrderType::kMarket));
  CHECK(Words(venue.Cancel(Key(OrderType::kLimit), kNow)) ==
        "DELETE /fapi/v1/order?symbol=BTCUSDT&origClientOrderId=g1AAAA1");
  CHECK(Words(venue.QueryOrder(Key(OrderType::kStop), kNow)) ==
        "GET /fapi/v1/algoOrder?clientAlgoId=g1AAAA1");
  CHECK(Words(venue.Cancel(Key(OrderType::kStop, "algo:9"), kNow)) ==
        "DELETE /fapi/v1/algoOrder?algoId=9");
  CHECK(Words(venue.Cancel(Key(OrderType::kStop, "456"), kNow)) ==
        "DELETE /fapi/v1/order?symbol=BTCUSDT&orderId=456");
  CHECK(venue.Continues(market::VenueOrderId("algo:9"), market::VenueOrderId("456")));
  CHECK_FALSE(venue.Continues(market::VenueOrderId("456"), market::VenueOrderId("algo:9")));
  CHECK_FALSE(venue.Continues(market::VenueOrderId(""), market::VenueOrderId("456")));
}

TEST_CASE("What the algo endpoint says of a stop order") {
  UsdmOrderVenue venue(Options());
  const auto query = [&](const std::string& status, const std::string& actual) {
    return venue.DecodeAnswer(Context(RequestKind::kQueryOrder, OrderType::kStop),
                              Http(200, Algo(status, actual)));
  };
  const Answer waits = query("NEW", "");
  REQUIRE(waits.outcome == OutcomeClass::kConfirmed);
  CHECK(waits.orders.at(0).venue_order_id.text() == "algo:9");
  CHECK(waits.orders.at(0).status == VenueOrderStatus::kNew);
  CHECK(waits.orders.at(0).triggered == false);
  CHECK_FALSE(waits.orders.at(0).elsewhere);

  // Its fate is that of the order that it became, and the algo side does not say it.
  for (const char* status : {"TRIGGERED", "FINISHED", "CANCELED"}) {
    CAPTURE(status);
    const Answer moved = query(status, "456");
    REQUIRE(moved.outcome == OutcomeClass::kConfirmed);
    CHECK(moved.orders.at(0).venue_order_id.text() == "456");
    CHECK(moved.orders.at(0).elsewhere);
    CHECK(moved.orders.at(0).triggered == true);
    CHECK(moved.orders.at(0).status == VenueOrderStatus::kNew);
    CHECK(moved.orders.at(0).cumulative.empty());
  }
  CHECK(query("CANCELED", "").orders.at(0).status == VenueOrderStatus::kCanceled);
  CHECK(query("CANCELED", "0").orders.at(0).status == VenueOrderStatus::kCanceled);
  CHECK(query("EXPIRED", "").orders.at(0).status == VenueOrderStatus::kExpired);
  CHECK(query("REJECTED", "").orders.at(0).status == VenueOrderStatus::kExpired);
  CHECK(query("FINISHED", "").outcome == OutcomeClass::kUnknown);
  CHECK(query("NEWLY_INVENTED", "").outcome == OutcomeClass::kUnknown);

  // A cancel names the order and no state: what became of it is asked for.
  const std::string done = R"({"algoId":9,"clientAlgoId":"g1AAAA1","code":"200","msg":"success"})";
  const Answer cancel =
      venue.DecodeAnswer(Context(RequestKind::kCancel, OrderType::kStop), Http(200, done));
  CHECK(cancel.outcome == OutcomeClass::kConfirmed);
  CHECK(cancel.orders.empty());
  CHECK(
      venue
          .DecodeAnswer(Context(RequestKind::kCancel, OrderType::kStop, "algo:10"), Http(200, done))
          .outcome == OutcomeClass::kUnknown);
}

TEST_CASE("USD-M cancels several orders in one request, each with its own result") {
  UsdmOrderVenue venue(Options());
  OrderKey waits = Key(OrderType::kStop);
  CHECK_FALSE(venue.FitsBatch(waits));  // another endpoint's
  CHECK_FALSE(venue.FitsBatch(Key(OrderType::kLimit, "7")));
  waits.place = 1;
  CHECK(venue.FitsBatch(waits));
  OrderKey second = Key(OrderType::kLimit);
  second.client_order_id = market::ClientOrderId("g1BBBB1");
  const WireRequest wire = venue.CancelBatch({Key(OrderType::kLimit), second}, kNow);
  CHECK(wire.kind == RequestKind::kCancelBatch);
  CHECK(wire.method == "DELETE");
  CHECK(wire.target.starts_with(
      "/fapi/v1/batchOrders?symbol=BTCUSDT&origClientOrderIdList=%5B%22g1AAAA1%22%2C%22g1BBBB1%22"
      "%5D&recvWindow=2000&timestamp="));
  CHECK(wire.receive_window == std::chrono::seconds(2));

  RequestContext context = Context(RequestKind::kCancelBatch);
  context.targets = {market::ClientOrderId("g1AAAA1"), market::ClientOrderId("g1BBBB1")};
  const std::string gone = R"({"code":-2011,"msg":"Unknown order sent."})";
  const Answer both = venue.DecodeAnswer(
      context, Http(200, "[" + Order("CANCELED", "g1AAAA1", "7") + "," + gone + "]"));
  REQUIRE(both.outcome == OutcomeClass::kConfirmed);
  CHECK(both.evidence == "http:DELETE /fapi/v1/batchOrders 200 #17");
  REQUIRE(both.legs.size() == 2);
  CHECK(both.legs[0].outcome == OutcomeClass::kConfirmed);
  CHECK(both.legs[0].order.value().status == VenueOrderStatus::kCanceled);
  CHECK(both.legs[1].outcome == OutcomeClass::kRefused);
  CHECK(both.legs[1].code == "-2011");
  const std::string busy = R"({"code":-1007,"msg":"Timeout"})";
  const Answer open = venue.DecodeAnswer(
      context, Http(200, "[" + busy + "," + Order("CANCELED", "g1BBBB1", "8") + "]"));
  REQUIRE(open.legs.size() == 2);
  CHECK(open.legs[0].outcome == OutcomeClass::kUnknown);
  CHECK(open.legs[1].outcome == OutcomeClass::kConfirmed);
  // Of other orders, in another order, or of fewer: of none.
  for (const std::string& body :
       {"[" + Order("CANCELED", "g1AAAA1", "7") + "]",
        "[" + Order("CANCELED", "g1BBBB1", "8") + "," + Order("CANCELED", "g1AAAA1", "7") + "]",
        std::string("{}")}) {
    CAPTURE(body);
    const Answer answer = venue.DecodeAnswer(context, Http(200, body));
    CHECK(answer.outcome == OutcomeClass::kUnknown);
    CHECK(answer.legs.empty());
  }
  CHECK(venue.DecodeAnswer(context, Http(400, R"({"code":-1130,"msg":"x"})")).outcome ==
        OutcomeClass::kRefused);
  CHECK(venue.DecodeAnswer(context, Http(503, gone)).outcome == OutcomeClass::kUnknown);
}

TEST_CASE("USD-M places several orders in one request, each with its own result") {
  UsdmOrderVenue venue(Options());
  CHECK(venue.MostInPlaceBatch() == 5);
  CHECK_FALSE(venue.FitsPlaceBatch(Intent(OrderType::kStop)));  // another endpoint's
  CHECK(venue.FitsPlaceBatch(Intent()));
  const market::Instrument btc = Btc();
  const market::OrderIntent first = Intent();
  market::OrderIntent second = Intent(OrderType::kMarket);
  second.client_order_id = market::ClientOrderId("g1BBBB1");
  second.side = market::Side::kSell;
  const auto wire = venue.PlaceBatch({{&first, {20}, &btc}, {&second, {30}, &btc}}, kNow);
  REQUIRE(wire.ok());
  CHECK(wire->kind == RequestKind::kPlaceBatch);
  CHECK(wire->method == "POST");
  CHECK(wire->body.empty());
  CHECK(wire->target.starts_with(
      "/fapi/v1/batchOrders?batchOrders=%5B%7B%22symbol%22%3A%22BTCUSDT%22"));
  CHECK(wire->target.find("%22newClientOrderId%22%3A%22g1AAAA1%22") != std::string::npos);
  CHECK(wire->target.find("%22newClientOrderId%22%3A%22g1BBBB1%22") != std::string::npos);
  CHECK(wire->target.find("&recvWindow=2000&timestamp=1700000000000&signature=") !=
        std::string::npos);
  // The proof of absence rests on the window of a placement.
  CHECK(wire->receive_window == std::chrono::seconds(2));
  CHECK(wire->timestamp == kNow);
  CHECK(wire->weight == 5);
  CHECK(wire->counts_as_order);
  CHECK(wire->orders == 5);
  CHECK(wire->orders_of_minute == 1);
  const market::OrderIntent stop = Intent(OrderType::kStop);
  CHECK_FALSE(venue.PlaceBatch({{&first, {20}, &btc}, {&stop, {20}, &btc}}, kNow).ok());
  // The WebSocket API has no batches.
  venue.UseSocket(true);
  CHECK(venue.MostInPlaceBatch() == 0);
}

TEST_CASE("What an answer to a batch of placements proves of each") {
  UsdmOrderVenue venue(Options());
  RequestContext context = Context(RequestKind::kPlaceBatch);
  context.targets = {market::ClientOrderId("g1AAAA1"), market::ClientOrderId("g1BBBB1")};
  const auto decode = [&](int status, const std::string& body) {
    return venue.DecodeAnswer(context, Http(status, body));
  };
  const std::string a = Order("NEW", "g1AAAA1", "7"), b = Order("FILLED", "g1BBBB1", "8");
  const auto error = [](int code, const std::string& message) {
    return R"({"code":)" + std::to_string(code) + R"(,"msg":")" + message + R"("})";
  };
  const Answer both = decode(200, "[" + a + "," + b + "]");
  REQUIRE(both.outcome == OutcomeClass::kConfirmed);
  CHECK(both.evidence == "http:POST /fapi/v1/batchOrders 200 #17");
  REQUIRE(both.legs.size() == 2);
  CHECK(both.legs[0].order.value().status == VenueOrderStatus::kNew);
  CHECK(both.legs[1].order.value().venue_order_id.text() == "8");

  // As the same code means in answer to the order alone, whichever its place.
  struct Row {
    int code;
    std::string message;
    OutcomeClass outcome;
  };
  for (const Row& row : {Row{-1102, "malformed", OutcomeClass::kRefused},
                         Row{-2019, "Margin is insufficient.", OutcomeClass::kTurnedAway},
                         Row{-2022, "ReduceOnly Order is rejected.", OutcomeClass::kTurnedAway},
                         Row{-2010, "Duplicate order sent.", OutcomeClass::kUnknown},
                         Row{-4116, "ClientOrderId is duplicated.", OutcomeClass::kUnknown},
                         Row{-1007, "Timeout", OutcomeClass::kUnknown},
                         Row{-1015, "Too many new orders", OutcomeClass::kUnknown},
                         Row{-99999, "of tomorrow", OutcomeClass::kUnknown}}) {
    CAPTURE(row.code);
    CHECK(venue.DecodeAnswer(Context(RequestKind::kPlace), Http(400, error(row.code, row.message)))
              .outcome == row.outcome);
    const Answer first = decode(200, "[" + error(row.code, row.message) + "," + b + "]");
    REQUIRE(first.legs.size() == 2);
    CHECK(first.legs[0].outcome == row.outcome);
    CHECK(first.legs[0].code == std::to_string(row.code));
    CHECK(first.legs[1].outcome == OutcomeClass::kConfirmed);
    const Answer last = decode(200, "[" + a + "," + error(row.code, row.message) + "]");
    REQUIRE(last.legs.size() == 2);
    CHECK(last.legs[0].outcome == OutcomeClass::kConfirmed);
    CHECK(last.legs[1].outcome == row.outcome);
    CHECK_FALSE(last.legs[1].order.has_value());
  }
  // An order and an error at once, as the venue's own example has it: neither is believed.
  std::string torn = a;
  torn.replace(torn.size() - 1, 1, R"(,"code":-2022,"msg":"ReduceOnly Order is rejected."})");
  const Answer doubtful = decode(200, "[" + torn + "," + b + "]");
  REQUIRE(doubtful.legs.size() == 2);
  CHECK(doubtful.legs[0].outcome == OutcomeClass::kUnknown);
  CHECK_FALSE(doubtful.legs[0].order.has_value());
  CHECK(doubtful.legs[1].outcome == OutcomeClass::kConfirmed);

  // Fewer, more, in another order, of another order, or nothing that can be read: of none.
  const std::string other = Order("NEW", "g1CCCC1", "9");
  for (const std::string& body :
       {"[" + a + "]", "[" + a + "," + b + "," + b + "]", "[" + b + "," + a + "]",
        "[" + a + "," + a + "]", "[" + a + "," + other + "]",
        "[" + b + "," + error(-1102, "malformed") + "]", std::string("[]"), std::string("{}"), a,
        "[" + a + "," + b.substr(0, 30)}) {
    CAPTURE(body);
    const Answer answer = decode(200, body);
    CHECK(answer.outcome == OutcomeClass::kUnknown);
    CHECK(answer.legs.empty());
    CHECK(answer.orders.empty());
  }
  // Of the whole: by its code under a status that carries proof, otherwise of nothing.
  CHECK(decode(400, error(-4082, "size")).outcome == OutcomeClass::kRefused);
  CHECK(decode(400, error(-4083, "failed")).outcome == OutcomeClass::kUnknown);
  CHECK(decode(400, error(-1021, "late")).outcome == OutcomeClass::kTurnedAway);
  for (const int status : {403, 408, 418, 429, 500, 503, 504}) {
    CHECK(decode(status, error(-1102, "malformed")).outcome == OutcomeClass::kUnknown);
    CHECK(decode(status, "[" + a + "," + b + "]").legs.empty());
  }
  CHECK(decode(429, error(-1015, "Too many new orders")).legs.empty());
}

TEST_CASE("Answers about USD-M orders prove what their code or their order says") {
  UsdmOrderVenue venue(Options());
  const auto answer = [&](RequestKind kind, int status, std::string body) {
    return venue.DecodeAnswer(Context(kind), Http(status, std::move(body)));
  };
  const Answer placed = answer(RequestKind::kPlace, 200, Order("PARTIALLY_FILLED", "g1AAAA1", "7"));
  REQUIRE(placed.outcome == OutcomeClass::kConfirmed);
  CHECK(placed.orders.at(0).venue_order_id.text() == "7");
  CHECK(placed.orders.at(0).cumulative == "0.005");
  CHECK(placed.evidence == "http:POST /fapi/v1/order 200 #17");

  CHECK(answer(RequestKind::kPlace, 200, Order("NEW", "another", "7")).outcome ==
        OutcomeClass::kUnknown);
  CHECK(answer(RequestKind::kPlace, 200, Order("STRANGE", "g1AAAA1", "7")).outcome ==
        OutcomeClass::kUnknown);
  CHECK(answer(RequestKind::kPlace, 200, R"({"code":-2019,"msg":"x"})").outcome ==
        OutcomeClass::kUnknown);
  CHECK(answer(RequestKind::kPlace, 200, "{\"orderId\":").outcome == OutcomeClass::kUnknown);
  CHECK(answer(RequestKind::kPlace, 400, R"({"code":-2019,"msg":"Margin is insufficient."})")
            .outcome == OutcomeClass::kTurnedAway);
  CHECK(
      answer(RequestKind::kPlace, 400, R"({"code":-1102,"msg":"Mandatory parameter."})").outcome ==
      OutcomeClass::kRefused);
  for (const char* body :
       {R"({"code":-1007,"msg":"Timeout"})", R"({"code":-4116,"msg":"duplicated"})",
        R"({"code":-31337,"msg":"new"})", "<html>"}) {
    CAPTURE(body);
    CHECK(answer(RequestKind::kPlace, 400, body).outcome == OutcomeClass::kUnknown);
  }
  for (const int status : {408, 418, 429, 500, 503}) {
    CHECK(answer(RequestKind::kPlace, status, R"({"code":-2019,"msg":"x"})").outcome ==
          OutcomeClass::kUnknown);
  }
  const Answer gone =
      answer(RequestKind::kCancel, 400, R"({"code":-2011,"msg":"Unknown order sent."})");
  CHECK(gone.outcome == OutcomeClass::kRefused);
  CHECK(gone.not_found);
  CHECK(answer(RequestKind::kQueryOrder, 400, R"({"code":-2013,"msg":"Order does not exist."})")
            .not_found);

  wire::HttpExchange limited = Http(429, R"({"code":-1003,"msg":"Too many requests"})");
  limited.headers = {{"x-mbx-used-weight-1m", "2401"},
                     {"x-mbx-order-count-10s", "3"},
                     {"x-mbx-order-count-1m", "9"},
                     {"retry-after", "7"}};
  const Answer rate = venue.DecodeAnswer(Context(RequestKind::kPlace), limited);
  CHECK(rate.rate.used_weight == 2401u);
  CHECK(rate.rate.orders_1m == 9u);
  CHECK(rate.rate.retry_after == std::chrono::seconds(7));
  CHECK(rate.rate.full == Full::kAll);
  const Answer orders = answer(
      RequestKind::kPlace, 429,
      R"({"code":-1015,"msg":"Too many new orders; current limit is 300 orders per 10 SECOND."})");
  CHECK(orders.rate.full == Full::kOrders);
  CHECK(orders.rate.window == std::chrono::seconds(10));
}

TEST_CASE("USD-M accounts, incomes and lists are understood whole or not at all") {
  UsdmOrderVenue venue(Options());
  const std::string account =
      R"({"assets":[{"asset":"USDT","walletBalance":"23.72469206","availableBalance":"1","updateTime":1625474304765},)"
      R"({"asset":"BNB","walletBalance":"0","updateTime":0}],)"
      R"("positions":[{"symbol":"BTCUSDT","positionSide":"BOTH","positionAmt":"-1.000"},)"
      R"({"symbol":"ETHUSDT","positionSide":"BOTH","positionAmt":"0.000"}]})";
  const Answer held = venue.DecodeAnswer(Context(RequestKind::kAccount), Http(200, account));
  REQUIRE(held.outcome == OutcomeClass::kConfirmed);
  CHECK(held.balances.at(0).free == *AmountOf("23.72469206"));
  CHECK(held.balances_time == base::FromUnixMillis(1625474304765));
  REQUIRE(held.positions);
  REQUIRE(held.positions->size() == 1);
  CHECK(held.positions->at(0).instrument == Btc().id);
  CHECK(held.positions->at(0).quantity == "-1");
  CHECK(held.unfit.empty());
  std::string hedged = account;
  hedged.replace(hedged.find("BOTH"), 4, "LONG");
  CHECK_FALSE(venue.DecodeAnswer(Context(RequestKind::kAccount), Http(200, hedged)).unfit.empty());

  const std::string rows =
      R"([{"symbol":"BTCUSDT","incomeType":"FUNDING_FEE","income":"-0.5","asset":"USDT","time":9,"tranId":2,"tradeId":""},)"
      R"({"symbol":"BTCUSDT","incomeType":"DELIVERED_SETTELMENT","income":"50","asset":"USDT","time":8,"tranId":3,"tradeId":""},)"
      R"({"symbol":"","incomeType":"TRANSFER","income":"7","asset":"USDT","time":3,"tranId":1,"tradeId":""},)"
      R"({"symbol":"BTCUSDT","incomeType":"COMMISSION","income":"-1","asset":"USDT","time":3,"tranId":1,"tradeId":"5"},)"
      R"({"symbol":"BTCUSDT","incomeType":"REALIZED_PNL","income":"2","asset":"USDT","time":3,"tranId":1,"tradeId":"5"}])";
  const Answer changes = venue.DecodeAnswer(Context(RequestKind::kBalanceChanges), Http(200, rows));
  REQUIRE(changes.outcome == OutcomeClass::kConfirmed);
  REQUIRE(changes.changes.size() == 3);  // fills say the other two themselves
  CHECK(changes.changes[0].kind == ChangeKind::kTransfer);
  CHECK(changes.changes[1].kind == ChangeKind::kRealized);  // no result of its own
  CHECK(changes.changes[2].kind == ChangeKind::kFunding);
  CHECK(changes.changes[2].id == "income:funding:FUNDING_FEE:2");
  CHECK(changes.changes[2].amount == *AmountOf("-0.5"));
  CHECK(changes.changes_until == base::FromUnixMillis(9));
  CHECK_FALSE(changes.more_changes);
  // As full as an answer gets, with nothing but trades in it.
  std::string full;
  for (int i = 1; i <= 1'000; ++i) {
    full += (i == 1 ? "[" : ",") +
            std::string(R"({"symbol":"BTCUSDT","incomeType":"COMMISSION","income":"-1",)"
                        R"("asset":"USDT","time":)") +
            std::to_string(i) + R"(,"tranId":1,"tradeId":"5"})";
  }
  const Answer cut =
      venue.DecodeAnswer(Context(RequestKind::kBalanceChanges), Http(200, full + "]"));
  CHECK(cut.changes.empty());
  CHECK(cut.more_changes);
  CHECK(cut.changes_until == base::FromUnixMillis(1'000));
  const base::Time since = base::FromUnixMillis(1'000);
  CHECK(Words(*venue.BalanceChanges(since, 0, kNow)) ==
        "GET /fapi/v1/income?startTime=1000&limit=1000");
  CHECK(Words(*venue.BalanceChanges(since, 2, kNow)) ==
        "GET /fapi/v1/income?startTime=1000&limit=1000&page=3");

  RequestContext algos = Context(RequestKind::kOpenOrders);
  CHECK(venue.DecodeAnswer(algos, Http(200, "[" + Algo("NEW", "") + "]")).orders.size() == 1);
  RequestContext orders = algos;
  orders.list = 1;
  CHECK(venue.DecodeAnswer(orders, Http(200, "[" + Order("NEW", "web", "1") + "]")).orders.size() ==
        1);
  const Answer half = venue.DecodeAnswer(
      orders, Http(200, "[" + Order("NEW", "web", "1") + "," + Order("ODD", "web", "2") + "]"));
  CHECK(half.outcome == OutcomeClass::kUnknown);
  CHECK(half.orders.empty());
}

TEST_CASE("The USD-M user stream says what happened to orders, algo orders and the wallet") {
  UsdmOrderVenue venue(Options());
  const StreamUpdate fill = venue.DecodeFrame(
      R"({"e":"ORDER_TRADE_UPDATE","E":12,"T":11,"o":{"s":"BTCUSDT","c":"g1AAAA1","S":"SELL","o":"MARKET",)"
      R"("f":"GTC","q":"0.020","p":"0","ap":"1","sp":"26000","x":"TRADE","X":"FILLED","i":456,"l":"0.020",)"
      R"("z":"0.020","L":"25990","N":"USDT","n":"0.26","T":11,"t":77,"m":false,"R":false,)"
      R"("ot":"STOP_MARKET","ps":"BOTH","cp":false,"rp":"-3.5"}})");
  REQUIRE(fill.kind == StreamKind::kOrder);
  CHECK(fill.order->status == VenueOrderStatus::kFilled);
  CHECK(fill.order->type == OrderType::kStop);
  CHECK(fill.order->triggered == true);
  REQUIRE(fill.order->trade);
  CHECK(fill.order->trade->trade_id == "77");
  CHECK(fill.order->trade->realized == "-3.5");
  CHECK(fill.order->trade->fee == "0.26");

  const StreamUpdate moved = venue.DecodeFrame(
      R"({"e":"ALGO_UPDATE","T":1,"E":2,"o":{"caid":"g1AAAA1","aid":9,"o":"STOP_MARKET","s":"BTCUSDT",)"
      R"("S":"SELL","q":"0.020","X":"TRIGGERED","ai":"456","tp":"26000","p":"0"}})");
  REQUIRE(moved.kind == StreamKind::kOrder);
  CHECK(moved.order->venue_order_id.text() == "456");
  CHECK(moved.order->elsewhere);

  const StreamUpdate order_wallet = venue.DecodeFrame(
      R"({"e":"ACCOUNT_UPDATE","E":2,"T":1,"a":{"m":"ORDER","B":[{"a":"USDT","wb":"9.5","cw":"9.5","bc":"0"}],"P":[]}})");
  REQUIRE(order_wallet.kind == StreamKind::kBalances);
  CHECK(order_wallet.balances.at(0).free == *AmountOf("9.5"));
  CHECK(
      venue
          .DecodeFrame(
              R"({"e":"ACCOUNT_UPDATE","E":2,"T":1,"a":{"m":"FUNDING_FEE","B":[{"a":"USDT","wb":"9","cw":"9","bc":"-0.5"}]}})")
          .kind == StreamKind::kChangesBooked);
  for (const char* at : {"2", R"("1736996475556")"}) {  // the venue sends text
    CHECK(venue
              .DecodeFrame(
                  absl::StrCat(R"({"e":"listenKeyExpired","E":)", at, R"(,"listenKey":"k"})"))
              .kind == StreamKind::kEnding);
  }
  CHECK(venue.DecodeFrame(R"({"e":"MARGIN_CALL"})").kind == StreamKind::kIgnored);
  for (
      const char* frame :
      {"", "[]", R"({"e":"ORDER_TRADE_UPDATE"})",
       R"({"e":"ACCOUNT_UPDATE","a":{"m":"ORDER","B":[{"a":"USDT","wb":"x"}]}})",
       R"({"e":"ALGO_UPDATE","o":{"aid":9,"s":"BTCUSDT","S":"SELL","o":"STOP","X":"FINISHED"}})"}) {
    CAPTURE(frame);
    CHECK(venue.DecodeFrame(frame).kind == StreamKind::kBadFrame);
  }
}

}  // namespace
}  // namespace gannet::venue::binance
