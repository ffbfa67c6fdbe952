// Fills into PostgreSQL: PostgresStore::Write beside COPY of the same rows by libpq
// alone, into a table of the same form and in transactions of the same size. Starts a
// cluster of its own with the server's default settings, on disk and with fsync.
//
//   postgres_bench [ROWS [ROWS_A_BATCH]]     500,000 and 50,000
//
// Prints the median of three interleaved rounds, and the ratio.
#include <libpq-fe.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "libs/base/check.h"
#include "libs/base/posix_files.h"
#include "libs/runtime/system_clock.h"
#include "libs/store/postgres_cluster_for_test.h"
#include "libs/store/postgres_migrations.h"
#include "libs/store/postgres_pool.h"
#include "libs/store/postgres_rows.h"
#include "libs/store/postgres_statements.h"
#include "libs/store/postgres_store.h"

namespace gannet::store {
namespace {

constexpr int kRounds = 3;
constexpr double kGoal = 100'000;

struct Setting {
  base::PosixFiles files;
  runtime::SystemClock clock;
  std::unique_ptr<PostgresClusterForTest> cluster;

  PostgresOptions Migrated() {
    const PostgresOptions options = cluster->NewDatabase();
    const auto pool = PostgresPool::Create(files, clock, options, kAnySchema).value();
    GANNET_CHECK(Migrate(*pool, "bench", [](const Migration&) {}).ok(), "the schema is made");
    return options;
  }
};

// Round `round` of the stream: rows as a venue's fills are, ids rising.
std::vector<Batch> Rows(size_t rows, size_t rows_a_batch, int round) {
  const base::Time start = base::ParseRfc3339("2026-11-02T00:00:00Z").value();
  std::vector<Batch> batches;
  for (size_t i = 0; i < rows; ++i) {
    if (i % rows_a_batch == 0) batches.emplace_back();
    const uint64_t n = static_cast<uint64_t>(round) * rows + i;
    FillRow row;
    row.id = {~uint64_t{0} / 3, n + 1};
    row.time = start + base::Duration(static_cast<int64_t>(n) * 1'000'000);
    row.account = market::AccountId("main/paper");
    row.strategy = market::StrategyId("news-playbook");
    row.instrument =
        market::InstrumentId(i % 3 == 0 ? "binance-spot:BTCUSDT" : "binance-spot:ETHUSDT");
    row.side = i % 2 == 0 ? market::Side::kBuy : market::Side::kSell;
    row.client_order_id = market::ClientOrderId("g1" + std::to_string(1'000'000'000 + n / 2));
    row.trade_id = std::to_string(3'700'000'000 + n);
    const auto drift = static_cast<int64_t>(n % 10'000);
    row.price = market::Money(6'168'599 + drift, 2);
    row.quantity = market::Money(120'000 + drift, 8);
    row.notional = market::Money(row.price.units() * row.quantity.units(), 10);
    row.fee = market::Money(1'234'567'890'123 + drift, 18);
    row.fee_asset = market::AssetId("BNB");
    row.liquidity = market::Liquidity::kTaker;
    row.signal = {7, n / 100};
    row.model_version = "direction@12";
    batches.back().fills.push_back(std::move(row));
  }
  return batches;
}

double RateOf(const runtime::SystemClock& clock, base::Duration begin, size_t rows) {
  return static_cast<double>(rows) /
         std::chrono::duration<double>(clock.Monotonic() - begin).count();
}

double WithStore(Setting& s, Store& store, const std::vector<Batch>& batches, size_t rows) {
  const base::Duration begin = s.clock.Monotonic();
  for (const Batch& batch : batches) {
    const absl::Status written = store.Write(batch);
    if (!written.ok()) std::fprintf(stderr, "%s\n", written.ToString().c_str());
    GANNET_CHECK(written.ok(), "the store takes the batch");
  }
  return RateOf(s.clock, begin, rows);
}

class Libpq {
 public:
  Libpq(base::Files& files, const PostgresOptions& options) {
    std::string password = files.Read(options.password_file).value();
    password.pop_back();
    const std::string text = "host=" + options.hosts[0].name + " dbname=" + options.database +
                             " user=" + options.user + " password=" + password;
    connection_ = PQconnectdb(text.c_str());
    GANNET_CHECK(PQstatus(connection_) == CONNECTION_OK, "libpq connects");
  }
  ~Libpq() { PQfinish(connection_); }
  Libpq(const Libpq&) = delete;
  Libpq& operator=(const Libpq&) = delete;

  void Execute(const std::string& sql, ExecStatusType wanted) {
    PGresult* result = PQexec(connection_, sql.c_str());
    if (PQresultStatus(result) != wanted) std::fprintf(stderr, "%s", PQerrorMessage(connection_));
    GANNET_CHECK(PQresultStatus(result) == wanted, "libpq executes");
    PQclear(result);
  }
  // Lines that were made before the clock started.
  void Copy(const std::vector<std::string>& chunks) {
    Execute(CopyText<FillRow>(), PGRES_COPY_IN);
    for (const std::string& chunk : chunks)
      GANNET_CHECK(PQputCopyData(connection_, chunk.data(), static_cast<int>(chunk.size())) == 1,
                   "libpq copies");
    GANNET_CHECK(PQputCopyEnd(connection_, nullptr) == 1, "libpq ends the copy");
    while (PGresult* result = PQgetResult(connection_)) {
      GANNET_CHECK(PQresultStatus(result) == PGRES_COMMAND_OK, "the server takes the rows");
      PQclear(result);
    }
  }

 private:
  PGconn* connection_ = nullptr;
};

double WithLibpq(Setting& s, Libpq& libpq, const std::vector<Batch>& batches, size_t rows) {
  constexpr size_t kChunkBytes = 256 << 10;
  std::vector<std::vector<std::string>> chunks;
  for (const Batch& batch : batches) {
    std::vector<std::string>& of_batch = chunks.emplace_back(1);
    for (const FillRow& row : batch.fills) {
      if (of_batch.back().size() > kChunkBytes) of_batch.emplace_back();
      CopyLines lines(of_batch.back());
      GiveRow(lines, row);
      lines.EndRow();
    }
  }
  const base::Duration begin = s.clock.Monotonic();
  for (const std::vector<std::string>& of_batch : chunks) libpq.Copy(of_batch);
  return RateOf(s.clock, begin, rows);
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

int Main(size_t rows, size_t rows_a_batch) {
  Setting s;
  s.cluster = PostgresClusterForTest::StartDurable();
  if (s.cluster == nullptr) {
    std::printf("SKIPPED: PostgreSQL 15 is not installed; run tools/setup test\n");
    return 0;
  }
  const PostgresOptions ours = s.Migrated(), theirs = s.Migrated();
  const auto store = OpenPostgresStore(s.files, s.clock, ours, "bench", base::Duration(0)).value();
  Libpq libpq(s.files, theirs);
  // The month's partition, as the store makes it.
  {
    const auto other =
        OpenPostgresStore(s.files, s.clock, theirs, "bench", base::Duration(0)).value();
    (void)WithStore(s, *other, Rows(1, 1, kRounds * static_cast<int>(rows)), 1);
  }
  std::vector<double> with_store, with_libpq;
  for (int round = 0; round < kRounds; ++round) {
    const std::vector<Batch> batches = Rows(rows, rows_a_batch, round);
    with_store.push_back(WithStore(s, *store, batches, rows));
    with_libpq.push_back(WithLibpq(s, libpq, batches, rows));
    std::printf("round %d: PostgresStore %.0f fills/s, libpq COPY %.0f fills/s\n", round + 1,
                with_store.back(), with_libpq.back());
    std::fflush(stdout);
  }
  const auto fills = store->Fills({});
  GANNET_CHECK(fills.ok() && fills->size() == kRounds * rows, "every fill is there, once");
  std::printf("%zu fills in batches of %zu (fsync on, %zu columns, key and time index):\n", rows,
              rows_a_batch, ColumnsOf<FillRow>().all.size());
  const double rate = Median(with_store);
  std::printf(
      "PostgresStore %.0f fills/s, libpq COPY of the same rows %.0f fills/s, ratio %.2f; goal "
      "%.0f a second: %s\n",
      rate, Median(with_libpq), rate / Median(with_libpq), kGoal, rate >= kGoal ? "met" : "MISSED");
  return 0;
}

}  // namespace
}  // namespace gannet::store

int main(int argc, char** argv) {
  // Flags are for benchmarks of another kind.
  const auto number = [&](int index, size_t otherwise) {
    if (index >= argc || argv[index][0] == '-') return otherwise;
    const long long value = std::atoll(argv[index]);
    return value > 0 ? static_cast<size_t>(value) : otherwise;
  };
  return gannet::store::Main(number(1, 500'000), number(2, 50'000));
}
