#include "libs/store/postgres_store.h"

#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <sstream>
#include <thread>

#include "libs/store/conformance_suite.h"
#include "libs/store/postgres_fixture_for_test.h"
#include "libs/store/postgres_session.h"
#include "libs/store/table_sql.h"

namespace gannet::store {
namespace {

using std::chrono::hours;

TEST_CASE("PostgresStore conforms and keeps everything over a restart") {
  const PostgresOptions options = Migrated(SharedCluster());
  const auto open = [&] {
    return OpenPostgresStore(RealFiles(), RealClock(), options, "test", base::Duration(0)).value();
  };
  RunConformanceSuite({.make = open, .reopen = open});
}

TEST_CASE("PostgresStore's schema has the columns that columns.h names, in that order") {
  PostgresClusterForTest& cluster = SharedCluster();
  const PostgresOptions options = Migrated(cluster);
  const Batch none;
  ForEachTable(none, [&]<class Row>(const std::vector<Row>&) {
    const ColumnNames names = ColumnsOf<Row>();
    std::istringstream found(cluster.Psql(
        options.database, std::string("SELECT quote_ident(column_name) FROM "
                                      "information_schema.columns WHERE table_schema = 'gannet' "
                                      "AND table_name = '") +
                              Table<Row>::kName + "' ORDER BY ordinal_position"));
    std::vector<std::string> columns;
    for (std::string name; std::getline(found, name);)
      columns.push_back(name.starts_with('"') ? name : "\"" + name + "\"");
    INFO(Table<Row>::kName << ": a new column needs a migration in libs/store/migrations");
    CHECK(columns == names.all);
  });
}

TEST_CASE("PostgresStore keeps fills by month, makes a month when it is needed, and ids once") {
  PostgresClusterForTest& cluster = SharedCluster();
  const PostgresOptions options = Migrated(cluster);
  const auto pool = MakePool(options);
  const auto store = OpenStore(*pool);
  const base::Time january = base::ParseRfc3339("2026-01-31T23:59:59.999999999Z").value();
  Batch batch;
  batch.fills = {FillOf(1, 1, january), FillOf(1, 2, january + base::Duration(1)),
                 FillOf(1, 3, base::FromUnixNanos(INT64_MAX - 1)),
                 FillOf(1, 4, base::FromUnixNanos(INT64_MIN))};
  REQUIRE(store->Write(batch).ok());
  CHECK(store->stats().partitions_made == 2);
  CHECK(store->stats().copied_fills == 4);
  CHECK(cluster.Psql(options.database,
                     "SELECT tableoid::regclass FROM gannet.fills ORDER BY sequence") ==
        "fills_2026_01\nfills_2026_02\nfills_other\nfills_other");
  // Delivered again with other times, and one in between that was late.
  batch.fills = {FillOf(1, 1, january + hours(24 * 60)), FillOf(1, 3, january),
                 FillOf(1, 5, january)};
  batch.fills.push_back(FillOf(0, 1, january));
  REQUIRE(store->Write(batch).ok());
  CHECK(store->stats().checked_fills == 2);
  CHECK(store->stats().copied_fills == 6);
  CHECK(store->Fills({}).value().size() == 6);
  CHECK(store->stats().partitions_made == 3);  // of the first one's second time: empty
  // Only the months asked for are read.
  CHECK(cluster
            .Psql(options.database,
                  "EXPLAIN SELECT * FROM gannet.fills WHERE time_ns >= 1769904000000000000 "
                  "AND time_ns < 1769904000000000010")
            .find("fills_2026_01") == std::string::npos);
}

TEST_CASE("PostgresStore drops months of samples that are too old, and never fills") {
  PostgresClusterForTest& cluster = SharedCluster();
  PostgresOptions options = Migrated(cluster);
  options.keep_samples = hours(24 * 90);
  const auto pool = MakePool(options);
  const auto store = OpenStore(*pool);
  const base::Time now = base::ParseRfc3339("2025-06-15T00:00:00Z").value();
  Batch batch;
  for (const int days : {0, 80, 100, 400, 12'000}) {
    EquityRow row;
    row.time = now - hours(24 * days);
    row.account = market::AccountId("main/paper");
    batch.equity.push_back(row);
    ExposureRow exposure;
    exposure.time = row.time;
    batch.exposures.push_back(exposure);
    batch.fills.push_back(FillOf(1, static_cast<uint64_t>(days) + 1, row.time));
  }
  REQUIRE(store->Write(batch).ok());
  // From the newest row back, although the clock is years ahead: 2025-03-17. March
  // stays as a whole; 100 days back is still in it.
  REQUIRE(store->stats().last_upkeep.ok());
  CHECK(store->Equity({}).value().size() == 3);
  CHECK(store->Exposures({}).value().size() == 3);
  CHECK(store->Fills({}).value().size() == 5);
  CHECK(store->stats().partitions_dropped == 2);
  REQUIRE(store->Write(batch).ok());  // a dropped month can be written again
  CHECK(store->Equity({}).value().size() == 5);
  REQUIRE(store->DropExpired().ok());
  CHECK(store->Equity({}).value().size() == 3);
  // A row from the future does not make the others old.
  batch.equity[0].time = base::ParseRfc3339("2090-01-01T00:00:00Z").value();
  batch.equity.resize(1);
  const base::Time today = RealClock().Now();
  batch.equity.push_back(batch.equity[0]);
  batch.equity[1].time = today;
  REQUIRE(store->Write(batch).ok());
  REQUIRE(store->DropExpired().ok());
  CHECK(store->Equity({.from = today}).value().size() == 2);
}

TEST_CASE("PostgresStore: one writer of a name; the one before it is told so") {
  const PostgresOptions options = Migrated(SharedCluster());
  const auto pool = MakePool(options);
  const auto first = OpenStore(*pool, "reporting");
  const auto other = OpenStore(*pool, "another");
  const auto reader = OpenStore(*pool, "");
  REQUIRE(first->Write(CountedBatch(1)).ok());
  const auto second = OpenStore(*pool, "reporting");
  const absl::Status late = first->Write(CountedBatch(2));
  INFO(late.ToString());
  CHECK(absl::IsAborted(late));
  CHECK(absl::IsAborted(first->Write(CountedBatch(2))));
  CHECK(absl::IsFailedPrecondition(reader->Write(CountedBatch(2))));
  REQUIRE(second->Write(CountedBatch(2)).ok());
  Batch elsewhere;
  elsewhere.high_water = {{9, 9}};
  CHECK(other->Write(elsewhere).ok());
  CheckCounted(*reader, 2);
}

TEST_CASE("PostgresStore reads long tables in pieces and in one snapshot") {
  const PostgresOptions options = Migrated(SharedCluster());
  const auto pool = MakePool(options);
  const auto store = OpenStore(*pool);
  const base::Time start = base::ParseRfc3339("2026-05-01T00:00:00Z").value();
  Batch batch;
  for (uint64_t i = 0; i < 12'345; ++i) {
    batch.fills.push_back(FillOf(3, i, start + base::Duration(static_cast<int64_t>(i))));
    OrderRow order;
    order.client_order_id = market::ClientOrderId("o" + std::to_string(i));
    order.created = start;
    batch.orders.push_back(std::move(order));
  }
  REQUIRE(store->Write(batch).ok());
  CHECK(store->Fills({}).value() == batch.fills);
  CHECK(store->Orders({}).value().size() == batch.orders.size());
}

TEST_CASE("PostgresStore: the readable views say what the rows say") {
  PostgresClusterForTest& cluster = SharedCluster();
  const PostgresOptions options = Migrated(cluster);
  const auto pool = MakePool(options);
  const auto store = OpenStore(*pool);
  Batch batch;
  batch.fills = {FillOf(1, 1, base::ParseRfc3339("2026-05-01T00:00:00.123456Z").value())};
  batch.fills[0].side = market::Side::kSell;
  batch.fills[0].fee = market::Money(-(AmountLimit() - 1), 18);
  PositionRow position;
  position.net = market::Money(-3, 8);
  position.updated = batch.fills[0].time;
  batch.positions = {position};
  EquityRow equity;
  equity.time = batch.fills[0].time;
  equity.fees = market::Money(1, 0);
  batch.equity = {equity};
  REQUIRE(store->Write(batch).ok());
  CHECK(cluster.Psql(options.database,
                     "SELECT time AT TIME ZONE 'UTC', side, price, quantity, notional, fee FROM "
                     "gannet.fills_readable") ==
        "2026-05-01 00:00:00.123456|sell|61685.99|0.00000001|0.000616|"
        "-99999999999999999999.999999999999999999");
  CHECK(cluster.Psql(options.database, "SELECT net FROM gannet.positions_readable") ==
        "-0.00000003");
  CHECK(cluster.Psql(options.database, "SELECT fees FROM gannet.equity_readable") == "1");
}

TEST_CASE("PostgresPool hands out no more connections than it may, and says which key to raise") {
  PostgresOptions options = Migrated(SharedCluster());
  options.max_connections = 2;
  options.take_timeout = std::chrono::milliseconds(30);
  const auto pool = MakePool(options);
  const auto nothing = [](PostgresSession&) { return absl::OkStatus(); };
  const auto inside = [&](const PostgresPool::Work& work) {
    return pool->Transact("test", PostgresPool::Access::kRead, work);
  };
  absl::Status third;
  REQUIRE(inside([&](PostgresSession&) {
            return inside([&](PostgresSession&) {
              third = inside(nothing);
              return absl::OkStatus();
            });
          }).ok());
  CHECK(absl::IsResourceExhausted(third));
  CHECK(third.message().find("max_connections") != absl::string_view::npos);
  CHECK(pool->stats().exhausted == 1);
  // More users than connections: each has its turn.
  options.take_timeout = std::chrono::seconds(20);
  const auto patient = MakePool(options);
  std::vector<std::thread> users;
  std::atomic<int> done = 0;
  for (int i = 0; i < 6; ++i) {
    users.emplace_back([&] {
      for (int n = 0; n < 20; ++n) {
        done += patient
                    ->Transact("test", PostgresPool::Access::kRead,
                               [](PostgresSession& session) {
                                 session.sql().exec("SELECT pg_sleep(0.001)");
                                 return absl::OkStatus();
                               })
                    .ok();
      }
    });
  }
  for (std::thread& user : users) user.join();
  CHECK(done == 120);
  CHECK(patient->stats().connects == 2);
}

TEST_CASE("PostgresStore: writers of the same rows in every order get along") {
  const PostgresOptions options = Migrated(SharedCluster());
  std::vector<std::thread> writers;
  std::atomic<int> failed = 0;
  for (int w = 0; w < 3; ++w) {
    writers.emplace_back([&, w] {
      const auto pool = MakePool(options);
      const auto store = PostgresStore::Open(*pool, "w" + std::to_string(w)).value();
      for (uint64_t n = 1; n <= 20; ++n) {
        Batch batch = CountedBatch(n);
        for (int i = 0; i < 10; ++i) {
          OrderRow order;
          order.client_order_id = market::ClientOrderId(std::to_string((i * 7 + w) % 10));
          batch.orders.push_back(order);
        }
        failed += !store->Write(batch).ok();
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  CHECK(failed == 0);
  const auto pool = MakePool(options);
  const auto store = OpenStore(*pool, "");
  CHECK(store->Fills({}).value().size() == 20);
  CHECK(store->Orders({}).value().size() == 10);
  CHECK(store->Decisions({}).value().at(0).count == 60);
}

}  // namespace
}  // namespace gannet::store
