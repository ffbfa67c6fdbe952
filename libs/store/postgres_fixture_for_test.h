// What the tests of PostgreSQL share: one cluster a test program, migrated databases,
// rows.
#pragma once

#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <string>

#include "libs/base/posix_files.h"
#include "libs/base/temp_dir_for_test.h"
#include "libs/runtime/system_clock.h"
#include "libs/store/postgres_cluster_for_test.h"
#include "libs/store/postgres_migrations.h"
#include "libs/store/postgres_pool.h"
#include "libs/store/postgres_store.h"

namespace gannet::store {

inline base::Files& RealFiles() {
  static base::PosixFiles files;
  return files;
}
inline const base::Clock& RealClock() {
  static const runtime::SystemClock clock;
  return clock;
}

inline void SkipWithout(const std::unique_ptr<PostgresClusterForTest>& cluster) {
  if (cluster == nullptr) SKIP("SKIPPED: PostgreSQL 15 is not installed; run tools/setup test");
}

inline PostgresClusterForTest& SharedCluster() {
  static const auto cluster = PostgresClusterForTest::Start();
  SkipWithout(cluster);
  return *cluster;
}

inline std::unique_ptr<PostgresPool> MakePool(const PostgresOptions& options,
                                              SchemaRange accepts = kStoreSchema) {
  auto pool = PostgresPool::Create(RealFiles(), RealClock(), options, accepts);
  REQUIRE(pool.ok());
  return *std::move(pool);
}

// A new database with the schema in it.
inline PostgresOptions Migrated(PostgresClusterForTest& cluster) {
  const PostgresOptions options = cluster.NewDatabase();
  const auto pool = MakePool(options, kAnySchema);
  const auto reached = Migrate(*pool, "test", [](const Migration&) {});
  INFO(reached.status().ToString());
  REQUIRE(reached.ok());
  return options;
}

inline std::unique_ptr<PostgresStore> OpenStore(PostgresPool& pool,
                                                const std::string& writer = "test") {
  auto store = PostgresStore::Open(pool, writer);
  INFO(store.status().ToString());
  REQUIRE(store.ok());
  return *std::move(store);
}

inline FillRow FillOf(uint64_t stream, uint64_t sequence, base::Time time) {
  FillRow row;
  row.id = {stream, sequence};
  row.time = time;
  row.account = market::AccountId("main/paper");
  row.strategy = market::StrategyId("test");
  row.instrument = market::InstrumentId("binance-spot:BTCUSDT");
  row.client_order_id = market::ClientOrderId("g1x");
  row.trade_id = std::to_string(sequence);
  row.price = market::Money(6'168'599, 2);
  row.quantity = market::Money(1, 8);
  row.notional = market::Money(616, 6);
  row.fee = market::Money(5, 18);
  row.fee_asset = market::AssetId("BNB");
  row.liquidity = market::Liquidity::kMaker;
  return row;
}

// One fill of that sequence, and one decision more, which is added to those before.
inline Batch CountedBatch(uint64_t sequence) {
  const base::Time time = base::ParseRfc3339("2026-11-20T10:00:00Z").value();
  Batch batch;
  batch.fills = {FillOf(1, sequence, time + base::Duration(static_cast<int64_t>(sequence)))};
  batch.decisions = {{time, market::AccountId("main/paper"), market::StrategyId("test"),
                      market::RejectReason::kNone, 1}};
  batch.high_water = {{1, sequence}};
  return batch;
}

// Every batch once: as many fills as decisions, and the marks of the last.
inline void CheckCounted(PostgresStore& store, uint64_t batches) {
  const auto fills = store.Fills({});
  const auto decisions = store.Decisions({});
  const auto marks = store.HighWater();
  INFO(fills.status().ToString());
  REQUIRE((fills.ok() && decisions.ok() && marks.ok()));
  CHECK(fills->size() == batches);
  REQUIRE(decisions->size() == 1);
  CHECK(decisions->at(0).count == static_cast<int64_t>(batches));
  CHECK(marks->at(1) == batches);
}

}  // namespace gannet::store
