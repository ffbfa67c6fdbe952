#include "services/ingest/emit_jsonl.h"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

namespace gannet::ingest {
namespace {

using nlohmann::json;

market::Header At() {
  market::Header header;
  header.event_time = base::FromUnixNanos(1'723'161'255'208'000'000);
  header.receive_time = base::FromUnixNanos(1'723'161'253'937'085'768);
  header.source = "binance-spot";
  return header;
}

market::Instrument Bitcoin() {
  market::Instrument instrument;
  instrument.id = market::InstrumentId("binance-spot:BTCUSDT");
  instrument.base = market::AssetId("BTC");
  instrument.quote = instrument.settle = market::AssetId("USDT");
  instrument.tick = market::Price{1'000'000};
  instrument.lot = market::Quantity{1'000};
  return instrument;
}

const market::InstrumentId kId("binance-spot:BTCUSDT");

}  // namespace

TEST_CASE("JsonlEmitter writes one exact JSON object a line") {
  JsonlEmitter emitter;
  std::string out;
  emitter.Emit(market::Event<market::Instrument>{At(), Bitcoin()}, out);
  CHECK(
      out ==
      R"({"type":"instrument","event_time":1723161255208000000,"receive_time":1723161253937085768,"source":"binance-spot",)"
      R"("instrument":"binance-spot:BTCUSDT","version":1,"kind":"spot","status":"trading","base":"BTC","quote":"USDT","settle":"USDT",)"
      R"("price_scale":8,"quantity_scale":8,"tick":"0.01","lot":"0.00001","min_quantity":"0","max_quantity":"0","min_notional":"0"})"
      "\n");
  out.clear();
  market::Trade trade;
  trade.instrument = kId;
  trade.trade_id = UINT64_MAX;
  trade.price = market::Price{INT64_MAX};
  trade.quantity = market::Quantity{1};
  trade.aggressor = market::Side::kSell;
  emitter.Emit(market::Event<market::Trade>{At(), trade}, out);
  CHECK(
      out ==
      R"({"type":"trade","event_time":1723161255208000000,"receive_time":1723161253937085768,"source":"binance-spot",)"
      R"("instrument":"binance-spot:BTCUSDT","trade_id":18446744073709551615,"price":"92233720368.54775807","quantity":"0.00000001","aggressor":"sell"})"
      "\n");
}

TEST_CASE("JsonlEmitter writes books, quotes, bars and status that parse back") {
  JsonlEmitter emitter;
  std::string out;
  emitter.Emit(market::Event<market::Instrument>{At(), Bitcoin()}, out);
  out.clear();
  market::BookUpdate book;
  book.instrument = kId;
  book.state = market::BookState::kValid;
  book.snapshot = true;
  book.first_update_id = 5;
  book.last_update_id = 7;
  book.bids = {{{6'183'763'000'000}, {378'826'000}}, {{1}, {0}}};
  emitter.Emit(market::Event<market::BookUpdate>{At(), book}, out);
  json line = json::parse(out);
  CHECK(line["type"] == "book");
  CHECK(line["state"] == "valid");
  CHECK(line["fault"] == "none");
  CHECK(line["snapshot"] == true);
  CHECK(line["bids"] == json::parse(R"([["61837.63","3.78826"],["0.00000001","0"]])"));
  CHECK(line["asks"] == json::array());
  out.clear();
  market::Quote quote;
  quote.instrument = kId;
  quote.bid = {{100'000'000}, {200'000'000}};
  emitter.Emit(market::Event<market::Quote>{At(), quote}, out);
  line = json::parse(out);
  CHECK(line["bid"] == json::parse(R"(["1","2"])"));
  CHECK(line["ask"].is_null());
  out.clear();
  market::Bar bar;
  bar.instrument = kId;
  bar.open_time = base::FromUnixMillis(1);
  bar.interval = std::chrono::minutes(1);
  bar.close = market::Price{150'000'000};
  bar.closed = true;
  emitter.Emit(market::Event<market::Bar>{At(), bar}, out);
  line = json::parse(out);
  CHECK(line["interval"] == 60'000'000'000);
  CHECK(line["close"] == "1.5");
  CHECK(line["closed"] == true);
  out.clear();
  market::MarketStatus status;
  status.feed = "binance-spot";
  status.fault = market::BookFault::kGap;
  status.detail = "a \"quoted\"\n\x01 text \xff";
  emitter.Emit(market::Event<market::MarketStatus>{At(), status}, out);
  line = json::parse(out);
  CHECK(line["fault"] == "gap");
  CHECK(line["detail"] == "a \"quoted\"\n\x01 text \xef\xbf\xbd");
  CHECK(out.find('\n') == out.size() - 1);
  CHECK(emitter.not_emitted() == 0);
}

TEST_CASE("JsonlEmitter does not print numbers whose scale it does not know") {
  JsonlEmitter emitter;
  std::string out;
  market::Trade trade;
  trade.instrument = kId;
  emitter.Emit(market::Event<market::Trade>{At(), trade}, out);
  CHECK(out.empty());
  emitter.Emit(market::Event<market::Instrument>{At(), Bitcoin()}, out);
  out.clear();
  trade.instrument_version = 2;
  emitter.Emit(market::Event<market::Trade>{At(), trade}, out);
  CHECK(out.empty());
  CHECK(emitter.not_emitted() == 2);
}

}  // namespace gannet::ingest
