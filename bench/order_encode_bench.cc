// A signed Binance spot order from an intent, beside the floor of the same run:
// OpenSSL's one-shot HMAC over a query of the same length, which is what signing
// costs without a prepared key. Decoding of the answer and of a stream fill too.
#include <benchmark/benchmark.h>

#include "libs/base/digest.h"
#include "libs/venue/binance/spot_order_venue.h"

namespace gannet::venue::binance {
namespace {

constexpr std::string_view kSecret =
    "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j";

SpotOrderVenue Venue() {
  KeyedVenueOptions options;
  options.venue = "binance-spot";
  options.api_key = "key";
  options.secret = kSecret;
  return SpotOrderVenue(options);
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
  intent.client_order_id = market::ClientOrderId("g1AbCdEfGhIjKlMnOpQrSt1");
  intent.price = {60'123'45};
  intent.quantity = {1234};
  return intent;
}

void EncodeAndSign(benchmark::State& state) {
  SpotOrderVenue venue = Venue();
  const market::Instrument instrument = Btc();
  const market::OrderIntent intent = Intent();
  base::Time now = base::FromUnixMillis(1'700'000'000'000);
  for (auto _ : state) {
    now += std::chrono::milliseconds(1);
    auto request = venue.Place(intent, intent.quantity, instrument, now);
    benchmark::DoNotOptimize(request);
  }
}
BENCHMARK(EncodeAndSign);

void SignWithPreparedKey(benchmark::State& state) {
  const base::HmacSha256Key key(kSecret);
  const std::string query(200, 'q');
  for (auto _ : state) benchmark::DoNotOptimize(key.Sign(query));
}
BENCHMARK(SignWithPreparedKey);

void FloorOneShotHmac(benchmark::State& state) {
  const std::string query(200, 'q');
  for (auto _ : state) benchmark::DoNotOptimize(base::HmacSha256(kSecret, query));
}
BENCHMARK(FloorOneShotHmac);

void DecodeAnswer(benchmark::State& state) {
  SpotOrderVenue venue = Venue();
  const RequestContext context{RequestKind::kPlace, 17, Btc().id, Intent().client_order_id, {}};
  wire::HttpExchange exchange;
  exchange.status = 200;
  exchange.headers = {{"x-mbx-used-weight-1m", "7"}, {"x-mbx-order-count-10s", "1"}};
  exchange.body =
      R"({"symbol":"BTCUSDT","orderId":28,"orderListId":-1,"clientOrderId":"g1AbCdEfGhIjKlMnOpQrSt1","transactTime":1507725176595,)"
      R"("price":"60123.45","origQty":"0.01234000","executedQty":"0.00000000","origQuoteOrderQty":"0.00000000","cummulativeQuoteQty":"0.00000000",)"
      R"("status":"NEW","timeInForce":"GTC","type":"LIMIT","side":"BUY","workingTime":1507725176595,"fills":[],"selfTradePreventionMode":"NONE"})";
  for (auto _ : state) {
    Answer answer = venue.DecodeAnswer(context, exchange);
    if (answer.outcome != OutcomeClass::kConfirmed) state.SkipWithError("not understood");
    benchmark::DoNotOptimize(answer);
  }
}
BENCHMARK(DecodeAnswer);

void DecodeFill(benchmark::State& state) {
  SpotOrderVenue venue = Venue();
  const std::string frame =
      R"({"subscriptionId":0,"event":{"e":"executionReport","E":1499405658658,"s":"BTCUSDT","c":"g1AbCdEfGhIjKlMnOpQrSt1","S":"BUY","o":"LIMIT",)"
      R"("f":"GTC","q":"0.01234000","p":"60123.45","P":"0.00000000","F":"0.00000000","g":-1,"C":"","x":"TRADE","X":"PARTIALLY_FILLED","r":"NONE",)"
      R"("i":4293153,"l":"0.00500000","z":"0.00500000","L":"60123.45","n":"0.3","N":"USDT","T":1499405658657,"t":77,"v":3,"I":8641984,"w":true,)"
      R"("m":true,"M":false,"O":1499405658657,"Z":"300.61725","Y":"300.61725","Q":"0.00000000","W":1499405658657,"V":"NONE"}})";
  for (auto _ : state) {
    StreamUpdate update = venue.DecodeFrame(frame);
    if (update.kind != StreamKind::kOrder) state.SkipWithError("not understood");
    benchmark::DoNotOptimize(update);
  }
}
BENCHMARK(DecodeFill);

}  // namespace
}  // namespace gannet::venue::binance

BENCHMARK_MAIN();
