#include "libs/store/postgres_store.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>
#include <pqxx/prepared_statement>
#include <pqxx/result>
#include <tuple>
#include <vector>

#include "libs/base/concat.h"
#include "libs/base/digest.h"
#include "libs/base/status.h"
#include "libs/store/postgres_rows.h"
#include "libs/store/postgres_session.h"
#include "libs/store/postgres_statements.h"

namespace gannet::store {
namespace {

constexpr size_t kRowsAStatement = 1'000;
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

// The fields of a row, in order.
class Fields {
 public:
  explicit Fields(const pqxx::row& row) : row_(row) {}
  std::string_view Raw() {
    const pqxx::field field = row_[next_++];
    return {field.c_str(), field.size()};
  }
  std::string Text() { return DecodeText(Raw()); }
  int64_t Int() {
    const auto value = ParseInt64(Raw());
    return Keep(value, int64_t{0});
  }
  uint64_t Unsigned() {  // kept as numeric
    const auto value = ParseInt128(Raw());
    return static_cast<uint64_t>(Keep(value, market::Int128{0}));
  }
  base::Time Time() { return base::FromUnixNanos(Int()); }
  market::EventId Id() {
    const auto stream = static_cast<uint64_t>(Int());
    return {stream, static_cast<uint64_t>(Int())};
  }
  market::Money Amount() {
    const auto units = ParseInt128(Raw());
    const int64_t scale = Int();
    if (scale < 0 || scale > market::kMaxScale)
      status_ = absl::DataLossError("a scale in the database is not one");
    if (!status_.ok()) return market::Money();
    return market::Money(Keep(units, market::Int128{0}), static_cast<int>(scale));
  }
  template <class Enum>
  Enum Name() {
    return static_cast<Enum>(Int());
  }
  const absl::Status& status() const { return status_; }

 private:
  template <class T>
  T Keep(const absl::StatusOr<T>& value, T otherwise) {
    if (value.ok()) return *value;
    status_ = value.status();
    return otherwise;
  }

  const pqxx::row& row_;
  int next_ = 0;
  absl::Status status_;
};

// Reads all rows of a cursor in one snapshot. `read` is given the fields of each;
// `restart` is called before the first row of each attempt.
absl::Status ReadRows(PostgresPool& pool, std::string_view what,
                      const std::function<void()>& restart,
                      const std::function<void(PostgresSession&)>& declare,
                      const std::function<void(Fields&)>& read) {
  return pool.Transact(what, PostgresPool::Access::kRead,
                       [&](PostgresSession& session) -> absl::Status {
                         restart();
                         declare(session);
                         for (;;) {
                           session.Touch();
                           const pqxx::result rows = session.sql().exec(kFetch);
                           if (rows.empty()) return absl::OkStatus();
                           for (const pqxx::row& row : rows) {
                             Fields fields(row);
                             read(fields);
                             GANNET_RETURN_IF_ERROR(base::Annotate(fields.status(), what));
                           }
                         }
                       });
}

std::function<void(PostgresSession&)> Between(const char* cursor, Range range) {
  return [cursor, range](PostgresSession& session) {
    session.sql().exec_params(cursor, base::UnixNanos(range.from), base::UnixNanos(range.to));
  };
}
std::function<void(PostgresSession&)> Everything(const char* cursor) {
  return [cursor](PostgresSession& session) { session.sql().exec(cursor); };
}

void AddColumns(ArrayColumns& out, const market::EventId& id) {
  out.Add(static_cast<int64_t>(id.stream));
  out.Add(static_cast<int64_t>(id.sequence));
}

void AddColumns(ArrayColumns& out, const FillRow& r) {
  AddColumns(out, r.id);
  out.Add(base::UnixNanos(r.time));
  out.Add(r.account.text());
  out.Add(r.strategy.text());
  out.Add(r.instrument.text());
  out.Add(static_cast<int64_t>(r.side));
  out.Add(r.client_order_id.text());
  out.Add(r.trade_id);
  out.Add(r.price);
  out.Add(r.quantity);
  out.Add(r.notional);
  out.Add(r.fee);
  out.Add(r.fee_asset.text());
  out.Add(static_cast<int64_t>(r.liquidity));
  AddColumns(out, r.signal);
  out.Add(r.model_version);
}

void AddColumns(ArrayColumns& out, const OrderRow& r) {
  out.Add(r.client_order_id.text());
  out.Add(r.venue_order_id.text());
  out.Add(r.account.text());
  out.Add(r.strategy.text());
  out.Add(r.instrument.text());
  out.Add(static_cast<int64_t>(r.side));
  out.Add(r.price);
  out.Add(r.quantity);
  out.Add(r.cumulative);
  out.Add(static_cast<int64_t>(r.state));
  out.Add(r.detail);
  out.Add(base::UnixNanos(r.created));
  out.Add(base::UnixNanos(r.updated));
}

void AddColumns(ArrayColumns& out, const PositionRow& r) {
  out.Add(r.account.text());
  out.Add(r.strategy.text());
  out.Add(r.instrument.text());
  out.Add(r.net);
  out.Add(r.average_price);
  out.Add(r.realized);
  out.Add(r.unrealized);
  out.Add(r.fees);
  out.Add(r.quote_asset.text());
  out.Add(base::UnixNanos(r.updated));
}

void AddColumns(ArrayColumns& out, const EquityRow& r) {
  out.Add(base::UnixNanos(r.time));
  out.Add(r.account.text());
  out.Add(r.asset.text());
  out.Add(r.realized);
  out.Add(r.unrealized);
  out.Add(r.fees);
}

// A stream's mark among the arguments.
void AddColumns(ArrayColumns& out, const std::pair<const uint64_t, uint64_t>& mark) {
  out.AddUnsigned(mark.first);
  out.AddUnsigned(mark.second);
}

// Runs `statement` over the rows, a bounded number at a time.
template <class Row>
void RunOver(PostgresSession& session, const PreparedStatement& statement,
             const std::vector<const Row*>& rows) {
  for (size_t begin = 0; begin < rows.size(); begin += kRowsAStatement) {
    ArrayColumns columns;
    const size_t end = std::min(begin + kRowsAStatement, rows.size());
    for (size_t i = begin; i < end; ++i) {
      columns.BeginRow();
      AddColumns(columns, *rows[i]);
    }
    const std::vector<std::string> literals = columns.Take();
    session.Run(statement, pqxx::prepare::make_dynamic_params(literals));
  }
}

// One row a key, in the order of the keys, in which all writers lock them; of
// several with one key the last, or the first.
enum class Keep { kFirst, kLast };
template <class Row, class KeyOf>
std::vector<const Row*> OneEach(const std::vector<Row>& rows, const KeyOf& key_of, Keep keep) {
  std::vector<const Row*> pointers;
  pointers.reserve(rows.size());
  for (const Row& row : rows) pointers.push_back(&row);
  const auto less = [&](const Row* a, const Row* b) { return key_of(*a) < key_of(*b); };
  if (!std::is_sorted(pointers.begin(), pointers.end(), less))
    std::stable_sort(pointers.begin(), pointers.end(), less);
  const auto same = [&](const Row* a, const Row* b) { return key_of(*a) == key_of(*b); };
  if (keep == Keep::kFirst) {
    pointers.erase(std::unique(pointers.begin(), pointers.end(), same), pointers.end());
  } else {
    std::reverse(pointers.begin(), pointers.end());
    pointers.erase(std::unique(pointers.begin(), pointers.end(), same), pointers.end());
    std::reverse(pointers.begin(), pointers.end());
  }
  return pointers;
}

struct FillCounts {
  uint64_t copied = 0, checked = 0;
};

absl::Status WriteFills(PostgresSession& session, const std::vector<FillRow>& fills,
                        FillCounts& counts) {
  const std::vector<const FillRow*> rows = OneEach(
      fills, [](const FillRow& r) -> const market::EventId& { return r.id; }, Keep::kFirst);
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
    GANNET_RETURN_IF_ERROR(session.CopyIn(kCopyFills, [&](std::string& out) {
      AppendCopyLine(out, *fresh[next]);
      return ++next < fresh.size();
    }));
  }
  RunOver(session, kInsertFills, known);
  counts = {fresh.size(), known.size()};
  return absl::OkStatus();
}

absl::Status WriteRows(PostgresSession& session, const Batch& batch, FillCounts& counts) {
  GANNET_RETURN_IF_ERROR(WriteFills(session, batch.fills, counts));
  RunOver(session, kUpsertOrders,
          OneEach(
              batch.orders,
              [](const OrderRow& r) -> const market::ClientOrderId& { return r.client_order_id; },
              Keep::kLast));
  RunOver(session, kUpsertPositions,
          OneEach(
              batch.positions,
              [](const PositionRow& r) { return std::tie(r.account, r.strategy, r.instrument); },
              Keep::kLast));
  RunOver(session, kUpsertEquity,
          OneEach(
              batch.equity, [](const EquityRow& r) { return std::tie(r.time, r.account, r.asset); },
              Keep::kLast));
  std::vector<const std::pair<const uint64_t, uint64_t>*> marks;
  for (const auto& mark : batch.high_water) marks.push_back(&mark);
  RunOver(session, kRaiseHighWater, marks);
  return absl::OkStatus();
}

}  // namespace

PostgresStore::PostgresStore(PostgresPool& pool)
    : pool_(pool), writer_(base::Hex(base::RandomBytes(16))) {}

absl::StatusOr<std::unique_ptr<PostgresStore>> PostgresStore::Open(PostgresPool& pool) {
  std::unique_ptr<PostgresStore> store(new PostgresStore(pool));
  // Marks of writers that are long gone.
  GANNET_RETURN_IF_ERROR(pool.Transact(
      "opening the store", PostgresPool::Access::kWrite,
      [](PostgresSession& session) -> absl::Status {
        session.sql().exec(
            "DELETE FROM gannet.writers WHERE written_at < now() - interval '30 days'");
        return absl::OkStatus();
      }));
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
  GANNET_RETURN_IF_ERROR(CheckAmounts(batch));
  if (batch.empty()) return absl::OkStatus();
  GANNET_RETURN_IF_ERROR(MakePartitions(batch));
  ++batch_;
  bool found_kept = false;
  FillCounts counts;
  GANNET_RETURN_IF_ERROR(pool_.Transact(
      "storing a batch", PostgresPool::Access::kWrite,
      [&](PostgresSession& session) -> absl::Status {
        counts = FillCounts();
        const bool marked = session.Run(kMarkWriter, writer_, batch_).affected_rows() == 1;
        found_kept = !marked && session.in_doubt();
        if (found_kept) return absl::OkStatus();
        if (!marked) {
          return absl::AbortedError(base::Concat({pool_.place(),
                                                  ": gannet.writers was changed by somebody else; "
                                                  "restart this program"}));
        }
        return WriteRows(session, batch, counts);
      }));
  ++stats_.batches;
  stats_.found_kept += found_kept ? 1 : 0;
  stats_.copied_fills += counts.copied;
  stats_.checked_fills += counts.checked;
  UpkeepIfDue();
  return absl::OkStatus();
}

absl::Status PostgresStore::MakePartitions(const Batch& batch) {
  // A new connection may be to another server: one that was promoted early.
  if (const uint64_t connects = pool_.stats().connects; connects != connects_) {
    months_.clear();
    connects_ = connects;
  }
  std::set<std::pair<std::string, int>> wanted;
  std::optional<int> last;  // rows come sorted by time, more or less
  for (const FillRow& row : batch.fills) {
    const std::optional<int> month = MonthOf(row.time);
    if (month && month != last) wanted.emplace("fills", *month);
    last = month;
  }
  for (const EquityRow& row : batch.equity) {
    if (const std::optional<int> month = MonthOf(row.time)) wanted.emplace("equity", *month);
  }
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
  GANNET_RETURN_IF_ERROR(pool_.Transact(
      "adding a month", PostgresPool::Access::kWrite,
      [&](PostgresSession& session) -> absl::Status {
        made = false;
        const auto there = [&] {
          return !session.sql().exec_params("SELECT to_regclass($1)", name)[0][0].is_null();
        };
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
  if (upkeep_done_ && now - upkeep_at_ < kUpkeepInterval) return;
  upkeep_done_ = true;
  upkeep_at_ = now;
  stats_.last_upkeep = DropExpired();
  if (!stats_.last_upkeep.ok()) ++stats_.upkeep_failures;
}

absl::Status PostgresStore::DropExpired() {
  const base::Duration keep = pool_.options().keep_equity;
  if (keep == base::Duration(0)) return absl::OkStatus();
  uint64_t dropped = 0;
  GANNET_RETURN_IF_ERROR(pool_.Transact(
      "dropping old equity", PostgresPool::Access::kWrite,
      [&](PostgresSession& session) -> absl::Status {
        dropped = 0;
        const pqxx::result newest = session.sql().exec("SELECT max(time_ns) FROM gannet.equity");
        if (newest[0][0].is_null()) return absl::OkStatus();
        GANNET_ASSIGN_OR_RETURN(const int64_t newest_ns, ParseInt64(newest[0][0].c_str()));
        const base::Time now = std::min(base::FromUnixNanos(newest_ns), pool_.clock().Now());
        if (now - base::FromUnixNanos(0) < keep) return absl::OkStatus();
        const std::optional<int> month = MonthOf(now - keep);
        if (!month) return absl::OkStatus();
        session.sql().exec(kPartitionLock);
        const std::string first_kept = NameOf("equity", *month);
        const pqxx::result old = session.sql().exec_params(
            "SELECT c.relname FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c "
            "ON c.oid = i.inhrelid WHERE i.inhparent = 'gannet.equity'::regclass "
            "AND c.relname ~ '^equity_[0-9]{4}_[0-9]{2}$' AND c.relname < $1 ORDER BY 1",
            first_kept);
        for (const pqxx::row& row : old) {
          session.sql().exec(base::Concat({"DROP TABLE gannet.", row[0].c_str()}));
          ++dropped;
        }
        session.sql().exec_params("DELETE FROM gannet.equity_other WHERE time_ns < $1",
                                  base::UnixNanos(StartOf(*month)));
        return absl::OkStatus();
      }));
  stats_.partitions_dropped += dropped;
  if (dropped > 0) months_.clear();
  return absl::OkStatus();
}

absl::StatusOr<std::vector<FillRow>> PostgresStore::Fills(Range range) {
  std::vector<FillRow> rows;
  GANNET_RETURN_IF_ERROR(ReadRows(
      pool_, "reading fills", [&] { rows.clear(); }, Between(kReadFills, range),
      [&](Fields& f) {
        FillRow row;
        row.id = f.Id();
        row.time = f.Time();
        row.account = market::AccountId(f.Text());
        row.strategy = market::StrategyId(f.Text());
        row.instrument = market::InstrumentId(f.Text());
        row.side = f.Name<market::Side>();
        row.client_order_id = market::ClientOrderId(f.Text());
        row.trade_id = f.Text();
        row.price = f.Amount();
        row.quantity = f.Amount();
        row.notional = f.Amount();
        row.fee = f.Amount();
        row.fee_asset = market::AssetId(f.Text());
        row.liquidity = f.Name<market::Liquidity>();
        row.signal = f.Id();
        row.model_version = f.Text();
        rows.push_back(std::move(row));
      }));
  // Streams are unsigned here and signed there: the order is made here.
  std::sort(rows.begin(), rows.end(), [](const FillRow& a, const FillRow& b) {
    return std::tie(a.time, a.id) < std::tie(b.time, b.id);
  });
  return rows;
}

absl::StatusOr<std::vector<OrderRow>> PostgresStore::Orders(Range created) {
  std::vector<OrderRow> rows;
  GANNET_RETURN_IF_ERROR(ReadRows(
      pool_, "reading orders", [&] { rows.clear(); }, Between(kReadOrders, created),
      [&](Fields& f) {
        OrderRow row;
        row.client_order_id = market::ClientOrderId(f.Text());
        row.venue_order_id = market::VenueOrderId(f.Text());
        row.account = market::AccountId(f.Text());
        row.strategy = market::StrategyId(f.Text());
        row.instrument = market::InstrumentId(f.Text());
        row.side = f.Name<market::Side>();
        row.price = f.Amount();
        row.quantity = f.Amount();
        row.cumulative = f.Amount();
        row.state = f.Name<market::OrderState>();
        row.detail = f.Text();
        row.created = f.Time();
        row.updated = f.Time();
        rows.push_back(std::move(row));
      }));
  std::sort(rows.begin(), rows.end(), [](const OrderRow& a, const OrderRow& b) {
    return std::tie(a.created, a.client_order_id) < std::tie(b.created, b.client_order_id);
  });
  return rows;
}

absl::StatusOr<std::vector<PositionRow>> PostgresStore::AllPositions() {
  std::vector<PositionRow> rows;
  GANNET_RETURN_IF_ERROR(ReadRows(
      pool_, "reading positions", [&] { rows.clear(); }, Everything(kReadPositions),
      [&](Fields& f) {
        PositionRow row;
        row.account = market::AccountId(f.Text());
        row.strategy = market::StrategyId(f.Text());
        row.instrument = market::InstrumentId(f.Text());
        row.net = f.Amount();
        row.average_price = f.Amount();
        row.realized = f.Amount();
        row.unrealized = f.Amount();
        row.fees = f.Amount();
        row.quote_asset = market::AssetId(f.Text());
        row.updated = f.Time();
        rows.push_back(std::move(row));
      }));
  std::sort(rows.begin(), rows.end(), [](const PositionRow& a, const PositionRow& b) {
    return std::tie(a.account, a.strategy, a.instrument) <
           std::tie(b.account, b.strategy, b.instrument);
  });
  return rows;
}

absl::StatusOr<std::vector<EquityRow>> PostgresStore::Equity(Range range) {
  std::vector<EquityRow> rows;
  GANNET_RETURN_IF_ERROR(ReadRows(
      pool_, "reading equity", [&] { rows.clear(); }, Between(kReadEquity, range),
      [&](Fields& f) {
        EquityRow row;
        row.time = f.Time();
        row.account = market::AccountId(f.Text());
        row.asset = market::AssetId(f.Text());
        row.realized = f.Amount();
        row.unrealized = f.Amount();
        row.fees = f.Amount();
        rows.push_back(std::move(row));
      }));
  std::sort(rows.begin(), rows.end(), [](const EquityRow& a, const EquityRow& b) {
    return std::tie(a.time, a.account, a.asset) < std::tie(b.time, b.account, b.asset);
  });
  return rows;
}

absl::StatusOr<std::map<uint64_t, uint64_t>> PostgresStore::HighWater() {
  std::map<uint64_t, uint64_t> marks;
  GANNET_RETURN_IF_ERROR(ReadRows(
      pool_, "reading high-water marks", [&] { marks.clear(); }, Everything(kReadHighWater),
      [&](Fields& f) {
        const uint64_t stream = f.Unsigned();
        marks[stream] = f.Unsigned();
      }));
  return marks;
}

absl::StatusOr<std::unique_ptr<Store>> OpenPostgresStore(base::Files& files,
                                                         const base::Clock& clock,
                                                         PostgresOptions options,
                                                         base::Duration patience) {
  GANNET_ASSIGN_OR_RETURN(auto pool,
                          PostgresPool::Create(files, clock, std::move(options), kStoreSchema));
  const base::Duration begin = clock.Monotonic();
  for (;;) {
    auto store = PostgresStore::Open(*pool);
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
