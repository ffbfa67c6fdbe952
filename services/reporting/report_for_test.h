// A store with a history that a reader can follow, for tests and benchmarks of
// reports.
#pragma once

#include <memory>
#include <string>

#include "libs/base/check.h"
#include "libs/store/memory_store.h"
#include "services/reporting/definitions.h"
#include "services/reporting/report_model.h"

namespace gannet::reporting {

inline const market::AccountId kTestAccount("main/paper");
inline const market::AssetId kTestAsset("USDT");
inline const base::Time kTestDay = base::FromUnixMillis(1'700'006'400'000);  // 2023-11-15 00:00

inline market::Instrument TestInstrument(const char* base) {
  market::Instrument instrument;
  instrument.id = market::InstrumentId(std::string("sim:") + base + "USDT");
  instrument.base = market::AssetId(base);
  instrument.quote = instrument.settle = kTestAsset;
  instrument.price_scale = 2;
  instrument.quantity_scale = 5;
  return instrument;
}

// `hundredths`: quantity; price and fee in whole and hundredths of the asset.
inline store::FillRow TestFill(uint64_t id, base::Time time, market::Side side, int64_t price,
                               int64_t hundredths, int64_t fee_hundredths, const char* order) {
  store::FillRow row;
  row.id = {7, id};
  row.time = time;
  row.account = kTestAccount;
  row.strategy = market::StrategyId("maker");
  row.instrument = market::InstrumentId("sim:BTCUSDT");
  row.side = side;
  row.client_order_id = market::ClientOrderId(order);
  row.trade_id = std::to_string(id);
  row.price = market::Money(price, 0);
  row.quantity = market::Money(hundredths, 2);
  row.notional = market::Money(price * hundredths, 2);
  row.fee = market::Money(fee_hundredths, 2);
  row.fee_asset = kTestAsset;
  row.liquidity = market::Liquidity::kMaker;
  return row;
}

inline void AddSample(store::Batch& batch, base::Time time, int64_t realized, int64_t unrealized,
                      int64_t fees, int64_t gross, uint32_t unpriced = 0, uint32_t invalid = 0) {
  batch.equity.push_back({time, kTestAccount, kTestAsset, market::Money(realized, 2),
                          market::Money(unrealized, 2), market::Money(fees, 2)});
  store::ExposureRow row;
  row.time = time;
  row.account = kTestAccount;
  row.asset = kTestAsset;
  row.gross = row.net = row.largest = market::Money(gross, 2);
  row.positions = gross == 0 && unpriced == 0 ? 0 : 1;
  row.unpriced = unpriced;
  row.invalid = invalid;
  batch.exposures.push_back(row);
}

// Three days of one account with 1,000 USDT: a gain of 100 less 2 of fees on news of
// a hack, a loss of 50 less 2, and a position that is open at the end.
inline store::Batch TestHistory() {
  using namespace std::chrono_literals;
  store::Batch batch;
  batch.instruments = {RowOf(TestInstrument("BTC")), RowOf(TestInstrument("ETH"))};
  batch.balances = {{kTestDay - 1min, kTestAccount, "sim", kTestAsset, market::Money(900, 0),
                     market::Money(100, 0)},
                    {kTestDay + 70h, kTestAccount, "sim", kTestAsset, market::Money(846, 0),
                     market::Money(0, 0)}};
  store::SignalRow hack;
  hack.id = {1, 1};
  hack.time = kTestDay + 59min;
  hack.title = "Exchange drained";
  hack.type = market::NewsEventType::kHack;
  hack.sentiment_ppm = -600'000;
  hack.confidence_ppm = 800'000;
  hack.novelty_ppm = 1'000'000;
  hack.latency = 2ms;
  batch.signals = {hack};
  batch.outcomes = {{hack.id, market::InstrumentId("sim:BTCUSDT"), 1min, hack.time,
                     market::Money(20'000, 2), market::Money(19'900, 2), hack.time + 50s}};

  store::FillRow sell = TestFill(1, kTestDay + 1h, market::Side::kSell, 200, 100, 100, "a");
  store::FillRow cover = TestFill(2, kTestDay + 2h, market::Side::kBuy, 100, 100, 100, "b");
  sell.signal = cover.signal = hack.id;
  sell.strategy = cover.strategy = market::StrategyId("news-hack");
  const auto buy = TestFill(3, kTestDay + 25h, market::Side::kBuy, 150, 100, 100, "c");
  auto loss = TestFill(4, kTestDay + 26h, market::Side::kSell, 100, 60, 50, "d");
  auto loss_rest = TestFill(5, kTestDay + 26h + 1s, market::Side::kSell, 100, 40, 50, "d");
  loss_rest.liquidity = market::Liquidity::kTaker;
  const auto open = TestFill(6, kTestDay + 49h, market::Side::kBuy, 100, 200, 0, "e");
  batch.fills = {sell, cover, buy, loss, loss_rest, open};

  AddSample(batch, kTestDay + 90min, -100, 5'000, 100, 15'000);
  AddSample(batch, kTestDay + 3h, 9'800, 0, 200, 0);
  AddSample(batch, kTestDay + 25h + 30min, 9'700, -2'500, 300, 12'500);
  AddSample(batch, kTestDay + 27h, 4'600, 0, 400, 0);
  AddSample(batch, kTestDay + 50h, 4'600, 0, 400, 0, 1);  // no price: left out
  AddSample(batch, kTestDay + 51h, 4'600, 2'000, 400, 22'000);
  store::OrderRow done;
  done.client_order_id = market::ClientOrderId("a");
  done.account = kTestAccount;
  done.strategy = market::StrategyId("news-hack");
  done.instrument = market::InstrumentId("sim:BTCUSDT");
  done.side = market::Side::kSell;
  done.price = market::Money(200, 0);
  done.quantity = done.cumulative = market::Money(1, 0);
  done.state = market::OrderState::kFilled;
  done.created = done.updated = kTestDay + 1h;
  store::OrderRow lost = done;
  lost.client_order_id = market::ClientOrderId("f");
  lost.strategy = market::StrategyId("maker");
  lost.cumulative = market::Money();
  lost.state = market::OrderState::kUnknown;
  lost.detail = "no answer within 5s";
  lost.created = lost.updated = kTestDay + 52h;
  batch.orders = {done, lost};
  batch.marks = {{kTestDay + 51h, market::InstrumentId("sim:BTCUSDT"), market::Money(11'000, 2),
                  kTestDay + 51h - 2s, store::MarkState::kValid, kTestDay + 51h}};
  batch.decisions = {
      {kTestDay + 1h, kTestAccount, market::StrategyId("maker"), market::RejectReason::kNone, 5},
      {kTestDay + 1h, kTestAccount, market::StrategyId("maker"), market::RejectReason::kMaxNotional,
       2}};
  batch.limits = {{3, market::ScopeKind::kFirm, "", "max_gross", market::Money(1'000, 0),
                   kTestAsset, kTestDay - 1h},
                  {3, market::ScopeKind::kAccount, "main/paper", "max_gross", market::Money(440, 0),
                   kTestAsset, kTestDay - 1h}};
  store::ScoreRow score;
  score.time = kTestDay + 1h;
  score.model_version = "direction@1";
  score.instrument = market::InstrumentId("sim:BTCUSDT");
  score.horizon = 10s;
  score.predictions = 100;
  score.decided = 80;
  score.hits = 44;
  score.ups = 36;
  batch.scores = {score};
  batch.risk_events = {{{9, 1},
                        kTestDay + 5h,
                        market::ScopeKind::kStrategy,
                        "maker",
                        market::TradingState::kReducing,
                        false,
                        "drill",
                        "alex",
                        3}};
  return batch;
}

inline ReportRequest TestRequest() {
  ReportRequest request;
  request.account = kTestAccount;
  request.from = kTestDay;
  request.to = kTestDay + std::chrono::hours(72);
  request.generated = kTestDay + std::chrono::hours(73);
  request.build = "gannet test";
  request.trading = "paper on venue-sim";
  return request;
}

inline std::unique_ptr<store::MemoryStore> StoreWith(const store::Batch& batch) {
  auto store = std::make_unique<store::MemoryStore>();
  GANNET_CHECK(store->Write(batch).ok(), "the test's rows can be stored");
  return store;
}

}  // namespace gannet::reporting
