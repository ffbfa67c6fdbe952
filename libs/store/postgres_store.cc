#include "libs/store/postgres_store.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <functional>
#include <optional>
#include <pqxx/prepared_statement>
#include <pqxx/result>
#include <type_traits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/concat.h"
#include "libs/base/digest.h"
#include "libs/base/status.h"
#include "libs/store/postgres_rows.h"
#include "libs/store/postgres_session.h"
#include "libs/store/postgres_statements.h"

namespace gannet::store {
namespace {

constexpr size_t kRowsAStatement = 1'000;
constexpr const char* kCursor = "DECLARE result NO SCROLL CURSOR FOR ";
constexpr const char* kFetch = "FETCH 5000 FROM result";
constexpr base::Duration kUpkeepInterval = std::chrono::hours(1);
constexpr base::Duration kOpenPause = std::chrono::milliseconds(500);
// "gannet" and one: partitions are made by one writer at a time.
constexpr const char* kPartitionLock = "SELECT pg_advisory_xact_lock(113668162217333)";

// Months are counted from 2010-01; those outside of 2010 to 2099 have no partition
// of their own (migrations/0001_reporting.sql).
constexpr int kFirstYear = 2010, kMonths = 12 * 90;

std::optional<int> MonthOf(base::Time time) {
  const std::chrono::year_month_day date(std::chrono::floor<std::chrono::days>(time));
  const int month = (static_cast<int>(date.year()) - kFirstYear) * 12 +
                    static_cast<int>(static_cast<unsigned>(date.month())) - 1;
  return month >= 0 && month < kMonths ? std::optional(month) : std::nullopt;
}

base::Time StartOf(int month) {
  const std::chrono::year_month_day first(std::chrono::year(kFirstYear + month / 12),
                                          std::chrono::month(static_cast<unsigned>(month % 12 + 1)),
                                          std::chrono::day(1));
  return std::chrono::sys_days(first);
}

std::string NameOf(const std::string& table, int month) {
  const std::string number = std::to_string(month % 12 + 1);
  return base::Concat({table, "_", std::to_string(kFirstYear + month / 12), "_",
                       number.size() < 2 ? "0" : "", number});
}

// Fields in the order of the columns.
template <class Row>
absl::Status ReadRow(const pqxx::row& from, Row& to) {
  int next = 0;
  RowReader reader([&] {
    const pqxx::field field = from[next++];
    return std::string_view(field.c_str(), field.size());
  });
  reader.ReadRow(to);
  return reader.status();
}

// Reads all rows of the cursor that `declare` opens, in one snapshot.
template <class Row>
absl::StatusOr<std::vector<Row>> ReadRows(PostgresPool& pool,
                                          const std::function<void(PostgresSession&)>& declare) {
  std::vector<Row> rows;
  const std::string what = absl::StrCat("reading ", Table<Row>::kName);
  GANNET_RETURN_IF_ERROR(pool.Transact(
      what, PostgresPool::Access::kRead, [&](PostgresSession& session) -> absl::Status {
        rows.clear();
        declare(session);
        for (;;) {
          session.Touch();
          const pqxx::result some = session.sql().exec(kFetch);
          if (some.empty()) return absl::OkStatus();
          for (const pqxx::row& row : some)
            GANNET_RETURN_IF_ERROR(base::Annotate(ReadRow(row, rows.emplace_back()), what));
        }
      }));
  SortRows(rows);  // here: streams are unsigned, the server's integers are not
  return rows;
}

void RunColumns(PostgresSession& session, const PreparedStatement& statement,
                ArrayColumns& columns) {
  const std::vector<std::string> literals = columns.Take();
  if (!literals.empty()) session.Run(statement, pqxx::prepare::make_dynamic_params(literals));
}

// Runs `statement` over the rows, a bounded number at a time.
template <class Row>
void RunOver(PostgresSession& session, const PreparedStatement& statement,
             const std::vector<const Row*>& rows) {
  ArrayColumns columns;
  for (size_t i = 0; i < rows.size(); ++i) {
    GiveRow(columns, *rows[i]);
    columns.EndRow();
    if (i % kRowsAStatement == kRowsAStatement - 1) RunColumns(session, statement, columns);
  }
  RunColumns(session, statement, columns);
}

// One row a key, in the order of the keys, in which all writers lock them. Of
// several with one key the first or the last as kOnRepeat has it; `sums` holds those
// that were added up.
template <class Row>
std::vector<const Row*> OneEach(const std::vector<Row>& rows, std::deque<Row>& sums) {
  std::vector<const Row*> all;
  all.reserve(rows.size());
  for (const Row& row : rows) all.push_back(&row);
  const auto less = [](const Row* a, const Row* b) { return a->key() < b->key(); };
  if (!std::is_sorted(all.begin(), all.end(), less)) std::stable_sort(all.begin(), all.end(), less);
  std::vector<const Row*> one;
  one.reserve(all.size());
  for (const Row* row : all) {
    if (one.empty() || one.back()->key() != row->key()) {
      one.push_back(row);
    } else if constexpr (Table<Row>::kOnRepeat == OnRepeat::kReplace) {
      one.back() = row;
    } else if constexpr (Table<Row>::kOnRepeat == OnRepeat::kAdd) {
      if (sums.empty() || &sums.back() != one.back()) one.back() = &sums.emplace_back(*one.back());
      AddCounts(sums.back(), *row);
    }
  }
  return one;
}

template <class Row>
absl::Status WriteTable(PostgresSession& session, const std::vector<Row>& rows) {
  std::deque<Row> sums;
  RunOver(session, InsertOf<Row>(), OneEach(rows, sums));
  return absl::OkStatus();
}

struct FillCounts {
  uint64_t copied = 0, checked = 0;
};

absl::Status WriteFills(PostgresSession& session, const std::vector<FillRow>& fills,
                        FillCounts& counts) {
  std::deque<FillRow> none;
  const std::vector<const FillRow*> rows = OneEach(fills, none);
  std::vector<const FillRow*> fresh, known;
  for (auto it = rows.begin(); it != rows.end();) {
    const uint64_t stream = (*it)->id.stream;
    const auto end =
        std::find_if(it, rows.end(), [&](const FillRow* r) { return r->id.stream != stream; });
    const pqxx::result raised = session.Run(kRaiseStream, std::to_string(stream),
                                            std::to_string((*std::prev(end))->id.sequence));
    GANNET_ASSIGN_OR_RETURN(const market::Int128 previous, ParseInt128(raised[0][0].c_str()));
    for (; it != end; ++it)
      (static_cast<market::Int128>((*it)->id.sequence) > previous ? fresh : known).push_back(*it);
  }
  if (!fresh.empty()) {
    size_t next = 0;
    GANNET_RETURN_IF_ERROR(session.CopyIn(CopyText<FillRow>(), [&](std::string& out) {
      CopyLines lines(out);
      GiveRow(lines, *fresh[next]);
      lines.EndRow();
      return ++next < fresh.size();
    }));
  }
  RunOver(session, InsertMissingFills(), known);
  counts = {fresh.size(), known.size()};
  return absl::OkStatus();
}

absl::Status WriteBatch(PostgresSession& session, const Batch& batch, FillCounts& counts) {
  absl::Status status;
  ForEachTable(batch, [&]<class Row>(const std::vector<Row>& rows) {
    if (!status.ok()) return;
    if constexpr (std::is_same_v<Row, FillRow>) {
      status = WriteFills(session, rows, counts);
    } else {
      status = WriteTable(session, rows);
    }
  });
  GANNET_RETURN_IF_ERROR(status);
  ArrayColumns marks;
  for (const auto& [stream, sequence] : batch.high_water) {
    marks.Numeric(static_cast<market::Int128>(stream));
    marks.Numeric(static_cast<market::Int128>(sequence));
    marks.EndRow();
  }
  RunColumns(session, kRaiseHighWater, marks);
  return absl::OkStatus();
}

std::vector<size_t> ShapeOf(const Batch& batch) {
  std::vector<size_t> shape = {batch.high_water.size()};
  ForEachTable(batch, [&shape](const auto& rows) { shape.push_back(rows.size()); });
  return shape;
}

}  // namespace

PostgresStore::PostgresStore(PostgresPool& pool, std::string writer)
    : pool_(pool), name_(std::move(writer)), writer_(base::Hex(base::RandomBytes(16))) {}

PostgresStore::~PostgresStore() = default;

absl::StatusOr<std::unique_ptr<PostgresStore>> PostgresStore::Open(PostgresPool& pool,
                                                                   std::string writer) {
  std::unique_ptr<PostgresStore> store(new PostgresStore(pool, std::move(writer)));
  if (store->name_.empty()) {
    GANNET_RETURN_IF_ERROR(store->Ready());
  } else {
    GANNET_RETURN_IF_ERROR(
        pool.TransactRepeatable("becoming the writer", PostgresPool::Access::kWrite,
                                [&](PostgresSession& session) -> absl::Status {
                                  session.Run(kClaimWriter, store->name_, store->writer_);
                                  return absl::OkStatus();
                                }));
  }
  return store;
}

absl::Status PostgresStore::Ready() {
  return pool_.Transact("reading the schema's version", PostgresPool::Access::kRead,
                        [this](PostgresSession& session) {
                          return base::Annotate(CheckSchema(session.sql(), kStoreSchema),
                                                pool_.place());
                        });
}

absl::Status PostgresStore::Write(const Batch& batch) {
  if (name_.empty())
    return absl::FailedPreconditionError(pool_.place() + ": this store was opened to read only");
  GANNET_RETURN_IF_ERROR(CheckAmounts(batch));
  const Shape shape = ShapeOf(batch);
  const bool again = in_doubt_.has_value();
  if (again && shape != *in_doubt_) {
    return absl::FailedPreconditionError(
        base::Concat({pool_.place(),
                      ": the fate of the batch before is not known; write that one again first"}));
  }
  if (batch.empty()) return absl::OkStatus();
  if (const absl::Status made = MakePartitions(batch); !made.ok()) {
    // What became of the attempt before this one is no better known.
    return again ? absl::UnknownError(made.message()) : made;
  }
  if (!again) ++batch_;
  bool kept = false;
  FillCounts counts;
  const absl::Status written = pool_.Transact(
      "storing a batch", PostgresPool::Access::kWrite,
      [&](PostgresSession& session) -> absl::Status {
        counts = FillCounts();
        GANNET_RETURN_IF_ERROR(MarkBatch(session, batch_, kept));
        return kept ? absl::OkStatus() : WriteBatch(session, batch, counts);
      },
      again);
  in_doubt_ = absl::IsUnknown(written) ? std::optional(shape) : std::nullopt;
  GANNET_RETURN_IF_ERROR(written);
  ++stats_.batches;
  stats_.found_kept += kept ? 1 : 0;
  stats_.copied_fills += counts.copied;
  stats_.checked_fills += counts.checked;
  UpkeepIfDue();
  return absl::OkStatus();
}

// The first statement of every batch. An attempt before this one has either ended,
// and left its number or nothing, or is waited for here.
absl::Status PostgresStore::MarkBatch(PostgresSession& session, int64_t batch, bool& kept) {
  kept = false;
  if (session.Run(kMarkWriter, name_, writer_, batch).affected_rows() == 1) {
    session.SettleDoubt();
    return absl::OkStatus();
  }
  const pqxx::result row = session.Run(kReadWriter, name_, writer_);
  const bool ours = !row.empty() && std::string_view(row[0][0].c_str()) == "t";
  kept = ours && session.in_doubt();
  if (kept) return absl::OkStatus();
  return absl::AbortedError(base::Concat(
      {pool_.place(), ": another program writes as '", name_,
       "' now; stop one of the two, or give them different names, and restart this one"}));
}

absl::Status PostgresStore::MakePartitions(const Batch& batch) {
  // A new connection may be to another server: one that was promoted early.
  if (const uint64_t connects = pool_.stats().connects; connects != connects_) {
    months_.clear();
    connects_ = connects;
  }
  std::set<Month> wanted;
  const auto add = [&wanted]<class Row>(const std::vector<Row>& rows) {
    std::optional<int> last;  // rows come by time, more or less
    for (const Row& row : rows) {
      const std::optional<int> month = MonthOf(row.time);
      if (month && month != last) wanted.emplace(Table<Row>::kName, *month);
      last = month;
    }
  };
  add(batch.fills);
  add(batch.equity);
  add(batch.exposures);
  for (const auto& [table, month] : wanted) {
    if (months_.contains({table, month})) continue;
    GANNET_RETURN_IF_ERROR(MakePartition(table, month));
    months_.emplace(table, month);
  }
  return absl::OkStatus();
}

absl::Status PostgresStore::MakePartition(const std::string& table, int month) {
  const std::string parent = "gannet." + table, name = NameOf(parent, month);
  bool made = false;
  GANNET_RETURN_IF_ERROR(pool_.TransactRepeatable(
      "adding a month", PostgresPool::Access::kWrite,
      [&](PostgresSession& session) -> absl::Status {
        made = false;
        const auto there = [&] { return HasTable(session.sql(), NameOf(table, month)); };
        if (there()) return absl::OkStatus();
        session.sql().exec(kPartitionLock);
        if (there()) return absl::OkStatus();
        // Attaching locks less than creating it in place: readers and writers go on.
        session.sql().exec(
            base::Concat({"CREATE TABLE ", name, " (LIKE ", parent, " INCLUDING ALL)"}));
        session.sql().exec(
            base::Concat({"ALTER TABLE ", parent, " ATTACH PARTITION ", name, " FOR VALUES FROM (",
                          std::to_string(base::UnixNanos(StartOf(month))), ") TO (",
                          std::to_string(base::UnixNanos(StartOf(month + 1))), ")"}));
        made = true;
        return absl::OkStatus();
      }));
  stats_.partitions_made += made ? 1 : 0;
  return absl::OkStatus();
}

void PostgresStore::UpkeepIfDue() {
  const base::Duration now = pool_.clock().Monotonic();
  if (upkeep_at_ && now - *upkeep_at_ < kUpkeepInterval) return;
  upkeep_at_ = now;
  stats_.last_upkeep = DropExpired();
  if (!stats_.last_upkeep.ok()) ++stats_.upkeep_failures;
}

absl::Status PostgresStore::DropExpired() {
  if (pool_.options().keep_samples == base::Duration(0)) return absl::OkStatus();
  GANNET_RETURN_IF_ERROR(DropBefore("equity"));
  return DropBefore("exposures");
}

absl::Status PostgresStore::DropBefore(const std::string& table) {
  const std::string parent = "gannet." + table;
  uint64_t dropped = 0;
  GANNET_RETURN_IF_ERROR(pool_.TransactRepeatable(
      "dropping old months", PostgresPool::Access::kWrite,
      [&](PostgresSession& session) -> absl::Status {
        dropped = 0;
        pqxx::transaction_base& sql = session.sql();
        const pqxx::row newest = sql.exec(base::Concat(
            {"SELECT least(max(time_ns), (extract(epoch FROM now()) * 1000000000)::bigint) FROM ",
             parent}))[0];
        if (newest[0].is_null()) return absl::OkStatus();
        GANNET_ASSIGN_OR_RETURN(const int64_t newest_ns, ParseInt64(newest[0].c_str()));
        const base::Time now = std::min(base::FromUnixNanos(newest_ns), pool_.clock().Now());
        if (now.time_since_epoch() < pool_.options().keep_samples) return absl::OkStatus();
        const std::optional<int> month = MonthOf(now - pool_.options().keep_samples);
        if (!month) return absl::OkStatus();
        sql.exec(kPartitionLock);
        const pqxx::result old = sql.exec_params(
            "SELECT c.relname FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c "
            "ON c.oid = i.inhrelid WHERE i.inhparent = to_regclass($1) "
            "AND c.relname ~ '^[a-z]+_[0-9]{4}_[0-9]{2}$' AND c.relname < $2 ORDER BY 1",
            parent, NameOf(table, *month));
        for (const pqxx::row& row : old) {
          sql.exec(base::Concat({"DROP TABLE gannet.", row[0].c_str()}));
          ++dropped;
        }
        sql.exec_params(base::Concat({"DELETE FROM ", parent, "_other WHERE time_ns < $1"}),
                        base::UnixNanos(StartOf(*month)));
        return absl::OkStatus();
      }));
  stats_.partitions_dropped += dropped;
  if (dropped > 0) months_.clear();
  return absl::OkStatus();
}

template <class Row>
absl::StatusOr<std::vector<Row>> PostgresStore::Select(const std::optional<Range>& range) {
  return ReadRows<Row>(pool_, [&range](PostgresSession& session) {
    if (!range) {
      session.sql().exec(kCursor + SelectText<Row>());
      return;
    }
    const std::string time = absl::StrCat(Table<Row>::kTime, "_ns");
    session.sql().exec_params(
        absl::StrCat(kCursor, SelectText<Row>(), " WHERE ", time, " >= $1 AND ", time, " < $2"),
        base::UnixNanos(range->from), base::UnixNanos(range->to));
  });
}

absl::StatusOr<std::vector<FillRow>> PostgresStore::Fills(Range range) {
  return Select<FillRow>(range);
}
absl::StatusOr<std::vector<OrderRow>> PostgresStore::Orders(Range created) {
  return Select<OrderRow>(created);
}
absl::StatusOr<std::vector<PositionRow>> PostgresStore::AllPositions() {
  return Select<PositionRow>(std::nullopt);
}
absl::StatusOr<std::vector<EquityRow>> PostgresStore::Equity(Range range) {
  return Select<EquityRow>(range);
}
absl::StatusOr<std::vector<ExposureRow>> PostgresStore::Exposures(Range range) {
  return Select<ExposureRow>(range);
}
absl::StatusOr<std::vector<MarkRow>> PostgresStore::Marks(Range hours) {
  return Select<MarkRow>(hours);
}
absl::StatusOr<std::vector<InstrumentRow>> PostgresStore::Instruments() {
  return Select<InstrumentRow>(std::nullopt);
}
absl::StatusOr<std::vector<BalanceRow>> PostgresStore::Balances(Range range) {
  return Select<BalanceRow>(range);
}
absl::StatusOr<std::vector<SignalRow>> PostgresStore::Signals(Range range) {
  return Select<SignalRow>(range);
}
absl::StatusOr<std::vector<OutcomeRow>> PostgresStore::Outcomes(Range range) {
  return Select<OutcomeRow>(range);
}
absl::StatusOr<std::vector<ScoreRow>> PostgresStore::Scores(Range range) {
  return Select<ScoreRow>(range);
}
absl::StatusOr<std::vector<DecisionRow>> PostgresStore::Decisions(Range range) {
  return Select<DecisionRow>(range);
}
absl::StatusOr<std::vector<BookingRow>> PostgresStore::Bookings(Range range) {
  return Select<BookingRow>(range);
}
absl::StatusOr<std::vector<RiskEventRow>> PostgresStore::RiskEvents(Range range) {
  return Select<RiskEventRow>(range);
}
absl::StatusOr<std::vector<LimitRow>> PostgresStore::Limits() {
  return Select<LimitRow>(std::nullopt);
}
absl::StatusOr<std::vector<ReportRunRow>> PostgresStore::ReportRuns(Range due) {
  return Select<ReportRunRow>(due);
}

absl::StatusOr<std::vector<SignalRow>> PostgresStore::FindSignals(
    const std::vector<market::EventId>& ids) {
  if (ids.empty()) return std::vector<SignalRow>();
  ArrayColumns wanted;
  for (const market::EventId& id : ids) {
    GiveColumns(wanted, id);
    wanted.EndRow();
  }
  const std::vector<std::string> literals = wanted.Take();
  return ReadRows<SignalRow>(pool_, [&literals](PostgresSession& session) {
    session.sql().exec_params(absl::StrCat(kCursor, SelectText<SignalRow>(),
                                           " WHERE (stream, sequence) IN "
                                           "(SELECT * FROM unnest($1::bigint[], $2::bigint[]))"),
                              literals[0], literals[1]);
  });
}

absl::StatusOr<std::map<uint64_t, uint64_t>> PostgresStore::HighWater() {
  std::map<uint64_t, uint64_t> marks;
  GANNET_RETURN_IF_ERROR(pool_.Transact(
      "reading high-water marks", PostgresPool::Access::kRead,
      [&](PostgresSession& session) -> absl::Status {
        marks.clear();
        for (const pqxx::row& row :
             session.sql().exec("SELECT stream, sequence FROM gannet.high_water")) {
          GANNET_ASSIGN_OR_RETURN(const market::Int128 stream, ParseInt128(row[0].c_str()));
          GANNET_ASSIGN_OR_RETURN(const market::Int128 sequence, ParseInt128(row[1].c_str()));
          marks[static_cast<uint64_t>(stream)] = static_cast<uint64_t>(sequence);
        }
        return absl::OkStatus();
      }));
  return marks;
}

absl::StatusOr<std::unique_ptr<Store>> OpenPostgresStore(base::Files& files,
                                                         const base::Clock& clock,
                                                         PostgresOptions options,
                                                         std::string writer,
                                                         base::Duration patience) {
  GANNET_ASSIGN_OR_RETURN(auto pool,
                          PostgresPool::Create(files, clock, std::move(options), kStoreSchema));
  const base::Duration begin = clock.Monotonic();
  for (;;) {
    auto store = PostgresStore::Open(*pool, writer);
    if (store.ok()) {
      (*store)->owned_ = std::move(pool);
      return *std::move(store);
    }
    const bool passes = absl::IsUnavailable(store.status());
    if (!passes || clock.Monotonic() - begin >= patience) return store.status();
    pool->Pause(kOpenPause);
  }
}

}  // namespace gannet::store
