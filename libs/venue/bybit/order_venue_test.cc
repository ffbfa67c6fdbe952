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
  stop.stop_price = {2600000};
  const auto waits = venue.Place(stop, {1000}, Btc(), kNow);
  REQUIRE(waits.ok());
  CHECK(waits->body.find(R"("orderFilter":"StopOrder","triggerPrice":"26000")") !=
        std::string::npos);
  stop.type = market::OrderType::kTrailingStop;
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
  cut.cursor = "page_args%3Dfd43%26symbol%3D6%26";  // as the documentation has it
  CHECK(venue.MoreTrades(context, cut, kNow).target ==
        "/v5/execution/list?category=spot&symbol=BTCUSDT&startTime=1699996400000&limit=100&cursor="
        "page_args%3Dfd43%26symbol%3D6%26");
  context.venue_order_id = market::VenueOrderId("o-7");
  CHECK(venue.MoreTrades(context, cut, kNow).target ==
        venue.TradesOfOrder(Btc().id, context.venue_order_id, kNow).target +
            "&cursor=page_args%3Dfd43%26symbol%3D6%26");
}

TEST_CASE("Bybit cancels several orders in one request, each with its own result") {
  SpotVenue venue(Options());
  OrderKey key{Btc().id, market::ClientOrderId("g1AAAA1"), {}, market::OrderType::kLimit};
  OrderKey second = key;
  second.venue_order_id = market::VenueOrderId("o-8");
  OrderKey stop = key;
  stop.type = market::OrderType::kStop;
  CHECK(venue.FitsBatch(key));
  CHECK_FALSE(venue.FitsBatch(stop));  // spot names their kind, and a batch cannot
  CHECK(LinearVenue(Options()).FitsBatch(stop));
  const WireRequest wire = venue.CancelBatch({key, second}, kNow);
  CHECK(wire.target == "/v5/order/cancel-batch");
  CHECK(wire.body ==
        R"({"category":"spot","request":[{"symbol":"BTCUSDT","orderLinkId":"g1AAAA1"},)"
        R"({"symbol":"BTCUSDT","orderId":"o-8"}]})");
  CHECK(wire.weight == 2);
  CHECK(wire.orders == 2);

  RequestContext context = Context(RequestKind::kCancelBatch);
  context.targets = {market::ClientOrderId("g1AAAA1"), market::ClientOrderId("g1BBBB1")};
  wire::HttpExchange exchange = Http(0, R"({"list":[{},{}]})");
  const auto with = [&](const std::string& members) {
    wire::HttpExchange out = exchange;
    const std::string none = R"("retExtInfo":{})";
    out.body.replace(out.body.find(none), none.size(),
                     R"("retExtInfo":{"list":[)" + members + "]}");
    return out;
  };
  const Answer both = venue.DecodeAnswer(
      context, with(R"({"code":0,"msg":"OK"},{"code":170213,"msg":"Order does not exist."})"));
  CHECK(both.outcome == OutcomeClass::kAcknowledged);
  REQUIRE(both.legs.size() == 2);
  CHECK(both.legs[0].outcome == OutcomeClass::kAcknowledged);
  CHECK(both.legs[1].outcome == OutcomeClass::kRefused);
  CHECK(both.legs[1].code == "170213");
  const Answer strange = venue.DecodeAnswer(context, with(R"({"code":0},{"code":999999})"));
  REQUIRE(strange.legs.size() == 2);
  CHECK(strange.legs[1].outcome == OutcomeClass::kUnknown);
  for (const wire::HttpExchange& half : {exchange, with(R"({"code":0,"msg":"OK"})")}) {
    const Answer answer = venue.DecodeAnswer(context, half);
    CHECK(answer.outcome == OutcomeClass::kUnknown);
    CHECK(answer.legs.empty());
  }
}

TEST_CASE("Bybit places several orders in one request, each with its own result") {
  SpotVenue venue(Options());
  CHECK(venue.MostInPlaceBatch() == 10);
  CHECK(LinearVenue(Options()).MostInPlaceBatch() == 20);
  const market::Instrument btc = Btc();
  const market::OrderIntent first = Intent();
  market::OrderIntent second = Intent();
  second.client_order_id = market::ClientOrderId("g1BBBB1");
  second.side = market::Side::kSell;
  const auto wire = venue.PlaceBatch({{&first, {1000}, &btc}, {&second, {2000}, &btc}}, kNow);
  REQUIRE(wire.ok());
  CHECK(wire->kind == RequestKind::kPlaceBatch);
  CHECK(wire->target == "/v5/order/create-batch");
  CHECK(wire->body ==
        R"({"category":"spot","request":[{"symbol":"BTCUSDT","side":"Buy","orderType":"Limit",)"
        R"("timeInForce":"GTC","qty":"0.01","price":"25000.5","orderLinkId":"g1AAAA1"},)"
        R"({"symbol":"BTCUSDT","side":"Sell","orderType":"Limit","timeInForce":"GTC",)"
        R"("qty":"0.02","price":"25000.5","orderLinkId":"g1BBBB1"}]})");
  CHECK(wire->receive_window == std::chrono::seconds(2));
  CHECK(wire->weight == 2);
  CHECK(wire->counts_as_order);
  CHECK(wire->orders == 2);
  venue.UseSocket(true);
  CHECK(venue.MostInPlaceBatch() == 0);
  venue.UseSocket(false);

  RequestContext context = Context(RequestKind::kPlaceBatch);
  context.targets = {market::ClientOrderId("g1AAAA1"), market::ClientOrderId("g1BBBB1")};
  const auto decode = [&](const std::string& rows, const std::string& members, int code = 0) {
    wire::HttpExchange out = Http(code, R"({"list":[)" + rows + "]}");
    const std::string none = R"("retExtInfo":{})";
    out.body.replace(out.body.find(none), none.size(),
                     R"("retExtInfo":{"list":[)" + members + "]}");
    return venue.DecodeAnswer(context, out);
  };
  const auto row = [](const std::string& id, const std::string& link) {
    return R"({"category":"spot","symbol":"BTCUSDT","orderId":")" + id + R"(","orderLinkId":")" +
           link + R"(","createAt":"1"})";
  };
  const std::string fine = R"({"code":0,"msg":"OK"})", a = row("7", "g1AAAA1"),
                    b = row("8", "g1BBBB1");
  const Answer both = decode(a + "," + b, fine + "," + fine);
  CHECK(both.outcome == OutcomeClass::kAcknowledged);
  REQUIRE(both.legs.size() == 2);
  CHECK(both.legs[0].outcome == OutcomeClass::kAcknowledged);
  CHECK(both.legs[1].outcome == OutcomeClass::kAcknowledged);
  // As the same code means in answer to the order alone, whichever its place, and whether or
  // not what was refused has its name there.
  for (const int code : {10001, 170131, 110007, 170141, 10006, 10016, 999999}) {
    CAPTURE(code);
    const OutcomeClass alone =
        venue.DecodeAnswer(Context(RequestKind::kPlace), Http(code, "{}")).outcome;
    const std::string error = R"({"code":)" + std::to_string(code) + R"(,"msg":"x"})";
    for (const std::string_view link : {"g1AAAA1", ""}) {
      const Answer half = decode(row("", std::string(link)) + "," + b, error + "," + fine);
      REQUIRE(half.legs.size() == 2);
      CHECK(half.legs[0].outcome == alone);
      CHECK(half.legs[0].code == std::to_string(code));
      CHECK(half.legs[1].outcome == OutcomeClass::kAcknowledged);
    }
    const Answer last = decode(a + "," + row("", "g1BBBB1"), fine + "," + error);
    REQUIRE(last.legs.size() == 2);
    CHECK(last.legs[0].outcome == OutcomeClass::kAcknowledged);
    CHECK(last.legs[1].outcome == alone);
  }
  // Fewer, more, in another order, of another order, without a name: of none.
  const std::string error = R"({"code":10001,"msg":"x"})";
  struct Pair {
    std::string rows, members;
  };
  for (const Pair& odd :
       {Pair{a, fine}, Pair{a + "," + b, fine}, Pair{a, fine + "," + fine},
        Pair{a + "," + b + "," + b, fine + "," + fine + "," + fine},
        Pair{b + "," + a, fine + "," + fine}, Pair{b + "," + a, error + "," + fine},
        Pair{a + "," + row("8", ""), fine + "," + fine},
        Pair{a + "," + row("8", "g1CCCC1"), fine + "," + fine}, Pair{"", ""},
        Pair{a + "," + b, fine + R"(,{"msg":"OK"})"}}) {
    CAPTURE(odd.rows, odd.members);
    const Answer answer = decode(odd.rows, odd.members);
    CHECK(answer.outcome == OutcomeClass::kUnknown);
    CHECK(answer.legs.empty());
  }
  CHECK(decode("", "", 10001).outcome == OutcomeClass::kRefused);
  CHECK(decode("", "", 10006).outcome == OutcomeClass::kUnknown);
  // A full endpoint may take some of a batch: it is left alone for the rest of its second.
  CHECK(decode(a + "," + row("", ""), fine + R"(,{"code":10006,"msg":"x"})").rate.full ==
        Full::kKind);
  CHECK(both.rate.full == Full::kNothing);
  wire::HttpExchange gone = Http(0, "{}");
  gone.status = 504;
  CHECK(venue.DecodeAnswer(context, gone).outcome == OutcomeClass::kUnknown);
}

TEST_CASE("Bybit changes price and quantity in place and names what changes, acknowledged") {
  SpotVenue venue(Options());
  Change change{.order = {Btc().id, market::ClientOrderId("g1AAAA1")},
                .price = {2500050},
                .price_now = {2500050},
                .quantity = {700},
                .quantity_now = {1000}};
  const auto less = venue.Amend(change, Btc(), kNow);
  REQUIRE(less.ok());
  CHECK(less->target == "/v5/order/amend");
  CHECK(less->body ==
        R"({"category":"spot","symbol":"BTCUSDT","orderLinkId":"g1AAAA1","qty":"0.007"})");
  change.quantity = {1000};
  change.price = {2500060};
  CHECK(venue.Amend(change, Btc(), kNow)->body ==
        R"({"category":"spot","symbol":"BTCUSDT","orderLinkId":"g1AAAA1","price":"25000.6"})");
  CHECK(venue.DecodeAnswer(Context(RequestKind::kAmend), Http(0, R"({"orderId":"o-7"})")).outcome ==
        OutcomeClass::kAcknowledged);
  // "The order remains unchanged": of a second copy perhaps.
  CHECK(venue.DecodeAnswer(Context(RequestKind::kAmend), Http(10001, "{}")).outcome ==
        OutcomeClass::kTurnedAway);
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
        OutcomeClass::kTurnedAway);
  CHECK(venue.DecodeAnswer(Context(RequestKind::kPlace), Http(10001, "{}")).outcome ==
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
  CHECK(rate.rate.full == Full::kKind);
  // By its own clock, which says 500 ms: what we take that clock for may be wrong.
  CHECK(rate.rate.retry_after == std::chrono::milliseconds(2500));
  // "Too many new orders", "too many requests in this time frame".
  for (const int code : {170005, 170222}) {
    CAPTURE(code);
    const Answer full = venue.DecodeAnswer(Context(RequestKind::kPlace), Http(code, "{}"));
    CHECK(full.rate.full == Full::kKind);
    CHECK(full.rate.retry_after == std::chrono::seconds(1));
  }
  // Of the address, or of all that a session may send.
  for (const int code : {429, 10018, 20003}) {
    CAPTURE(code);
    const Answer all = venue.DecodeAnswer(Context(RequestKind::kQueryOrder), Http(code, "{}"));
    CHECK(all.rate.full == Full::kAll);
    CHECK(all.rate.retry_after == std::chrono::seconds(5));
    CHECK(all.outcome == OutcomeClass::kUnknown);
  }
  CHECK(venue.RefusesClock("-1"));
  CHECK(venue.RefusesClock("10002"));
  CHECK_FALSE(venue.RefusesClock(""));
  limited.headers.back().second = "1900000000000";
  CHECK(venue.DecodeAnswer(Context(RequestKind::kQueryOrder), limited).rate.retry_after ==
        std::chrono::minutes(1));

  const Answer wallet = venue.DecodeAnswer(
      Context(RequestKind::kAccount),
      Http(
          0,
          R"({"list":[{"accountType":"UNIFIED","coin":[{"coin":"USDT","walletBalance":"10.5","locked":"0.123456789"}]}]})"));
  REQUIRE(wallet.outcome == OutcomeClass::kConfirmed);
  CHECK(wallet.balances.at(0).free + wallet.balances.at(0).locked == *AmountOf("10.5"));
  CHECK(wallet.balances_time == base::Time());
  CHECK(wallet.server_time == base::FromUnixMillis(1'700'000'000'500));
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

TEST_CASE("Bybit's disconnect protection is armed only on demand, and asked for once it is set") {
  CHECK(SpotVenue(Options()).Topics()->body.find("dcp") == std::string::npos);
  CHECK(LinearVenue(Options()).Topics()->body.find("dcp") == std::string::npos);
  CHECK(LinearVenue(Options()).Topics()->body.find("wallet") != std::string::npos);
  KeyedVenueOptions options = Options();
  options.dead_man = std::chrono::seconds(30);
  SpotVenue venue(options);
  CHECK(venue.Topics()->body.find("dcp.spot") != std::string::npos);
  CHECK(LinearVenue(options).Topics()->body.find("dcp.future") != std::string::npos);

  const auto set = venue.DeadMan(Btc().id, options.dead_man, kNow);
  REQUIRE(set);
  CHECK(set->body == R"({"product":"SPOT","timeWindow":30})");
  RequestContext context = Context(RequestKind::kDeadMan);
  const Answer taken = venue.DecodeAnswer(context, Http(0, "{}"));
  CHECK(taken.outcome == OutcomeClass::kConfirmed);
  CHECK(taken.unfit.empty());
  const auto ask = venue.NextPart(context, taken, kNow);
  REQUIRE(ask);
  CHECK(ask->request.target == "/v5/account/query-dcp-info");
  context.part = ask->part;
  const auto says = [&](const std::string& rows) {
    const Answer answer = venue.DecodeAnswer(context, Http(0, R"({"dcpInfos":[)" + rows + "]}"));
    CHECK(answer.outcome == OutcomeClass::kConfirmed);
    CHECK_FALSE(venue.NextPart(context, answer, kNow));
    return answer.unfit;
  };
  const auto row = [](const std::string& product, const std::string& status,
                      const std::string& window) {
    return R"({"product":")" + product + R"(","dcpStatus":")" + status + R"(","timeWindow":")" +
           window + R"("})";
  };
  CHECK(says(row("DERIVATIVES", "ON", "10") + "," + row("SPOT", "ON", "30")).empty());
  CHECK(says("").find("not switched on for SPOT") != std::string::npos);
  CHECK(says(row("DERIVATIVES", "ON", "30")).find("not switched on") != std::string::npos);
  CHECK(says(row("SPOT", "OFF", "30")).find("not switched on") != std::string::npos);
  CHECK(says(row("SPOT", "ON", "10")).find("waits 10 s, not 30 s") != std::string::npos);
  CHECK_FALSE(venue.DecodeAnswer(context, Http(0, "{}")).unfit.empty());
}

KeyedVenueOptions LinearOptions() {
  KeyedVenueOptions options = Options();
  options.venue = "bybit-linear";
  return options;
}
RequestContext OfAccount(size_t part) {
  RequestContext context = Context(RequestKind::kAccount);
  context.part = part;
  context.setup = true;
  return context;
}

TEST_CASE("Bybit's contracts: reduce-only, hedge mode, and a stop that keeps its id") {
  LinearVenue one_way(LinearOptions());
  market::OrderIntent close = Intent();
  close.instrument = market::InstrumentId("bybit-linear:BTCUSDT");
  close.side = market::Side::kSell;
  close.reduce_only = true;
  const auto plain = one_way.Place(close, {1000}, Btc(), kNow);
  REQUIRE(plain.ok());
  CHECK(plain->body.find(R"("reduceOnly":true)") != std::string::npos);
  CHECK(plain->body.find("positionIdx") == std::string::npos);
  KeyedVenueOptions options = LinearOptions();
  options.setup.hedge = true;
  LinearVenue hedge(options);
  // A sell that only reduces closes the long side.
  CHECK(hedge.Place(close, {1000}, Btc(), kNow)->body.find(R"("positionIdx":1)") !=
        std::string::npos);
  close.reduce_only = false;
  CHECK(hedge.Place(close, {1000}, Btc(), kNow)->body.find(R"("positionIdx":2)") !=
        std::string::npos);

  SpotVenue spot(Options());
  OrderKey key{.instrument = Btc().id,
               .client_order_id = market::ClientOrderId("g1AAAA1"),
               .type = market::OrderType::kStopLimit};
  CHECK(spot.Cancel(key, kNow).body.find("StopOrder") != std::string::npos);
  key.triggered = true;
  CHECK(spot.Cancel(key, kNow).body.find(R"("orderFilter":"Order")") != std::string::npos);
  // It may have triggered without our knowing: it is absent when it is in neither place.
  key.triggered = false;
  key.place = 1;
  CHECK(spot.Cancel(key, kNow).body.find(R"("orderFilter":"Order")") != std::string::npos);
}

TEST_CASE("Bybit's contracts: what the account holds takes several questions") {
  KeyedVenueOptions options = LinearOptions();
  options.setup.leverage["BTCUSDT"] = 5;
  options.setup.margin = MarginMode::kCross;
  LinearVenue venue(options);
  const auto next = [&](size_t part, const Answer& answer) {
    return venue.NextPart(OfAccount(part), answer, kNow);
  };
  Answer whole, cut;
  cut.cursor = "more%3D";
  CHECK(venue.Account(kNow).target == "/v5/account/wallet-balance?accountType=UNIFIED");
  CHECK(next(0, whole)->request.target ==
        "/v5/position/list?category=linear&settleCoin=USDT&limit=200");
  CHECK(next(1, cut)->request.target.ends_with("settleCoin=USDT&limit=200&cursor=more%3D"));
  CHECK(next(1, whole)->request.target.find("settleCoin=USDC") != std::string::npos);
  CHECK(next(2, whole)->request.target == "/v5/account/info");
  CHECK(next(3, whole)->request.target == "/v5/position/list?category=linear&symbol=BTCUSDT");
  CHECK_FALSE(next(4, whole));
  RequestContext held = OfAccount(2);
  held.setup = false;
  CHECK_FALSE(venue.NextPart(held, whole, kNow));

  const auto positions = [](const std::string& rows) {
    return Http(0, R"({"category":"linear","nextPageCursor":"","list":[)" + rows + "]}");
  };
  const Answer held_now = venue.DecodeAnswer(
      OfAccount(1),
      positions(
          R"({"symbol":"BTCUSDT","side":"Sell","size":"0.5","positionIdx":0,"leverage":"5"})"));
  REQUIRE(held_now.positions);
  CHECK(held_now.positions->at(0).quantity == "-0.5");
  CHECK(held_now.unfit.empty());
  const Answer apart = venue.DecodeAnswer(
      OfAccount(1),
      positions(
          R"({"symbol":"BTCUSDT","side":"Buy","size":"2","positionIdx":1,"leverage":"5"},)"
          R"({"symbol":"BTCUSDT","side":"Sell","size":"0.5","positionIdx":2,"leverage":"5"})"));
  CHECK(apart.positions->at(0).quantity == "1.5");
  CHECK(apart.unfit.find("position_mode: hedge") != std::string::npos);
  const Answer geared = venue.DecodeAnswer(
      OfAccount(4),
      positions(R"({"symbol":"BTCUSDT","side":"","size":"0","positionIdx":0,"leverage":"10"})"));
  CHECK_FALSE(geared.positions);
  CHECK(geared.unfit.find("leverage of BTCUSDT is 10 at the venue and 5") != std::string::npos);
  CHECK(venue.DecodeAnswer(OfAccount(3), Http(0, R"({"marginMode":"ISOLATED_MARGIN"})"))
            .unfit.find("margin mode is ISOLATED_MARGIN") != std::string::npos);
}

TEST_CASE("Bybit's log says what fills do not: results of closing, funding, transfers") {
  LinearVenue venue(LinearOptions());
  const std::string row =
      R"({"id":"1","symbol":"BTCUSDT","category":"linear","type":"TRADE","currency":"USDT","fee":"0.5",)"
      R"("cashFlow":"12","change":"11.5","tradeId":"e1","transactionTime":"1700000000100"})";
  const std::string opening =
      R"({"id":"2","symbol":"BTCUSDT","category":"linear","type":"TRADE","currency":"USDT","fee":"0.5",)"
      R"("cashFlow":"0","change":"-0.5","tradeId":"e0","transactionTime":"1700000000000"})";
  const std::string funding =
      R"({"id":"3","symbol":"BTCUSDT","category":"linear","type":"SETTLEMENT","currency":"USDT","fee":"0",)"
      R"("funding":"-0.25","cashFlow":"0","change":"-0.25","tradeId":"f","transactionTime":"1700000000200"})";
  const std::string transfer =
      R"({"id":"4","symbol":"","category":"","type":"TRANSFER_IN","currency":"USDC","fee":"0",)"
      R"("cashFlow":"7","change":"7","tradeId":"","transactionTime":"1700000000300"})";
  const auto read = [&](const std::string& rows) {
    Answer answer = venue.DecodeAnswer(Context(RequestKind::kBalanceChanges),
                                       Http(0, R"({"nextPageCursor":"c","list":[)" + rows + "]}"));
    REQUIRE(answer.outcome == OutcomeClass::kConfirmed);
    return answer;
  };
  const Answer log = read(transfer + "," + funding + "," + row + "," + opening);
  CHECK(log.cursor == "c");
  REQUIRE(log.changes.size() == 3);
  CHECK(log.changes[0].kind == ChangeKind::kTransfer);
  CHECK(log.changes[1].kind == ChangeKind::kFunding);
  CHECK(log.changes[1].amount == *AmountOf("-0.25"));
  CHECK(log.changes[2].kind == ChangeKind::kRealized);
  CHECK(log.changes[2].amount == *AmountOf("12"));
  CHECK(log.changes[2].id == "log:TRADE:1:e1:USDT");
  CHECK(log.changes[2].instrument.text() == "bybit-linear:BTCUSDT");

  const auto with = [&](std::string text, const std::string& word, const std::string& other) {
    return text.replace(text.find(word), word.size(), other);
  };
  for (const char* type : {"LIQUIDATION", "ADL"}) {
    const Answer closed = read(with(row, "TRADE", type));
    REQUIRE(closed.changes.size() == 1);
    CHECK(closed.changes[0].kind == ChangeKind::kRealized);
    CHECK(closed.changes[0].amount == *AmountOf("12"));
  }
  // A session of the perpetuals in USDC ends with funding and a result.
  const std::string session =
      R"({"id":"5","symbol":"BTCPERP","category":"linear","type":"SETTLEMENT","currency":"USDC","fee":"0",)"
      R"("funding":"-0.25","cashFlow":"3","change":"2.75","tradeId":"s","transactionTime":"1700000000400"})";
  const Answer settled = read(session);
  REQUIRE(settled.changes.size() == 2);
  CHECK(settled.changes[0].kind == ChangeKind::kRealized);
  CHECK(settled.changes[0].amount == *AmountOf("3"));
  CHECK(settled.changes[1].kind == ChangeKind::kFunding);
  CHECK(settled.changes[1].amount == *AmountOf("-0.25"));
  CHECK(settled.changes[1].id == "log:SETTLEMENT:5:s:USDC");
  CHECK(settled.changes[0].id != settled.changes[1].id);
  // What only moves money is no result, what is not known is one that people look at.
  for (const auto& [type, kind] :
       {std::pair{"FLEXIBLE_STAKING_SUBSCRIPTION", ChangeKind::kTransfer},
        {"BORROWED_AMOUNT_INS_LOAN", ChangeKind::kTransfer},
        {"CURRENCY_SELL", ChangeKind::kTransfer},
        {"INTEREST", ChangeKind::kAdjustment},
        {"FEE_REFUND", ChangeKind::kAdjustment},
        {"SOMETHING_NEW", ChangeKind::kAdjustment}}) {
    INFO(type);
    const Answer moved = read(with(transfer, "TRANSFER_IN", type));
    REQUIRE(moved.changes.size() == 1);
    CHECK(moved.changes[0].kind == kind);
  }
  // A delivery brings what closing the position brings, less its fee.
  const Answer delivered = read(
      R"({"id":"6","symbol":"BTC-27MAR26","category":"linear","type":"DELIVERY","currency":"USDC","fee":"0.5",)"
      R"("cashFlow":"50","change":"49.5","tradeId":"d","transactionTime":"1700000000500"})");
  REQUIRE(delivered.changes.size() == 2);
  CHECK(delivered.changes[0].kind == ChangeKind::kRealized);
  CHECK(delivered.changes[0].amount == *AmountOf("50"));
  CHECK(delivered.changes[1].kind == ChangeKind::kSettlement);
  CHECK(delivered.changes[1].amount == *AmountOf("-0.5"));
  // What other products of the account did is no result of this one.
  for (const std::string& elsewhere : {row, session}) {
    const Answer spot = read(with(elsewhere, "linear", "spot"));
    REQUIRE(spot.changes.size() == 1);
    CHECK(spot.changes[0].kind == ChangeKind::kTransfer);
    CHECK(spot.changes[0].amount == *AmountOf(elsewhere == row ? "11.5" : "2.75"));
    CHECK(spot.changes[0].instrument.empty());
  }
  CHECK(venue
            .DecodeAnswer(Context(RequestKind::kBalanceChanges),
                          Http(0, R"({"list":[{"type":"TRADE","currency":"USDT","change":"x",)"
                                  R"("transactionTime":"1"}]})"))
            .outcome == OutcomeClass::kUnknown);
}

}  // namespace
}  // namespace gannet::venue::bybit
