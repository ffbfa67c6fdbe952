#include "libs/store/sqlite_store.h"

#define SQLITE_HAS_CODEC 1
#include <sqlcipher/sqlite3.h>

#include <concepts>
#include <functional>
#include <set>
#include <type_traits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "libs/base/digest.h"
#include "libs/base/status.h"
#include "libs/store/sqlite_migrations.h"
#include "libs/store/table_sql.h"

namespace gannet::store {
namespace {

constexpr int kAmountDigits = 38;
constexpr size_t kKeyBytes = 32;

absl::Status FromSqlite(int code, const std::string& what, sqlite3* db) {
  const std::string text =
      what + ": " + (db != nullptr ? sqlite3_errmsg(db) : sqlite3_errstr(code));
  switch (code & 0xff) {
    case SQLITE_FULL:
      return absl::ResourceExhaustedError(
          absl::StrCat(text, "; the disk is full: free some space"));
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
      return absl::PermissionDeniedError(absl::StrCat(text, "; make the data folder writable"));
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return absl::UnavailableError(absl::StrCat(text, "; another program holds the database"));
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return absl::DataLossError(
          absl::StrCat(text,
                       "; it is damaged or its key file is another one's. Restore both from a "
                       "backup. Move it away to start anew: reporting makes it again from the "
                       "journal, as far back as that goes"));
    case SQLITE_IOERR:
      return absl::UnavailableError(absl::StrCat(
          text, "; check free space, the limit of file sizes (ulimit -f) and the device (dmesg)"));
    default:
      return absl::InternalError(text);
  }
}

// A prepared statement: bind in order, step, read in order.
class Statement {
 public:
  Statement(sqlite3* db, const std::string& sql) : db_(db) {
    code_ = sqlite3_prepare_v2(db, sql.c_str(), -1, &statement_, nullptr);
  }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  template <std::integral Integer>
  Statement& Bind(Integer value) {
    if (code_ == SQLITE_OK)
      code_ = sqlite3_bind_int64(statement_, ++bound_, static_cast<int64_t>(value));
    return *this;
  }
  Statement& Bind(const std::string& text) {
    if (code_ == SQLITE_OK)
      code_ = sqlite3_bind_text(statement_, ++bound_, text.data(), static_cast<int>(text.size()),
                                SQLITE_TRANSIENT);
    return *this;
  }
  template <class Tag>
  Statement& Bind(const base::TextId<Tag>& id) {
    return Bind(id.text());
  }
  Statement& Bind(base::Time time) { return Bind(base::UnixNanos(time)); }
  Statement& Bind(base::Duration duration) { return Bind(duration.count()); }
  Statement& Bind(const market::Money& amount) {
    return Bind(SortableAmount(amount.units())).Bind(amount.scale());
  }
  template <class Enum>
    requires std::is_enum_v<Enum>
  Statement& Bind(Enum value) {
    return Bind(static_cast<int64_t>(value));
  }
  Statement& Bind(const market::EventId& id) { return Bind(id.stream).Bind(id.sequence); }
  template <class Row>
  Statement& BindRow(const Row& row) {
    Table<Row>::Fields(row, [this](const char*, const auto& value) { this->Bind(value); });
    return *this;
  }

  absl::Status Run(const std::string& what) {
    if (code_ == SQLITE_OK) code_ = sqlite3_step(statement_);
    const absl::Status status =
        code_ == SQLITE_DONE ? absl::OkStatus() : FromSqlite(code_, what, db_);
    sqlite3_reset(statement_);
    code_ = SQLITE_OK;
    bound_ = 0;
    return status;
  }

  // Calls `row` for each; columns are read in order by the Read functions.
  absl::Status ForEach(const std::string& what, const std::function<absl::Status()>& row) {
    while (code_ == SQLITE_OK || code_ == SQLITE_ROW) {
      code_ = sqlite3_step(statement_);
      if (code_ != SQLITE_ROW) break;
      column_ = 0;
      GANNET_RETURN_IF_ERROR(row());
      GANNET_RETURN_IF_ERROR(read_);
    }
    return code_ == SQLITE_DONE ? absl::OkStatus() : FromSqlite(code_, what, db_);
  }
  template <std::integral Integer>
  void Read(Integer& value) {
    value = static_cast<Integer>(sqlite3_column_int64(statement_, column_++));
  }
  template <class Enum>
    requires std::is_enum_v<Enum>
  void Read(Enum& value) {
    value = static_cast<Enum>(sqlite3_column_int64(statement_, column_++));
  }
  void Read(base::Time& time) { time = base::FromUnixNanos(ReadInt()); }
  void Read(base::Duration& duration) { duration = base::Duration(ReadInt()); }
  void Read(std::string& value) {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column_));
    const auto size = static_cast<size_t>(sqlite3_column_bytes(statement_, column_++));
    value = text != nullptr ? std::string(text, size) : std::string();
  }
  template <class Tag>
  void Read(base::TextId<Tag>& id) {
    std::string text;
    Read(text);
    id = base::TextId<Tag>(std::move(text));
  }
  void Read(market::Money& amount) {
    std::string text;
    Read(text);
    const auto units = ParseSortableAmount(text);
    const int64_t scale = ReadInt();
    if (!units.ok() || scale < 0 || scale > market::kMaxScale) {
      read_ = absl::DataLossError("an amount in the database is not one");
      return;
    }
    amount = market::Money(*units, static_cast<int>(scale));
  }
  void Read(market::EventId& id) {
    Read(id.stream);
    Read(id.sequence);
  }
  int64_t ReadInt() { return sqlite3_column_int64(statement_, column_++); }

 private:
  sqlite3* db_;
  sqlite3_stmt* statement_ = nullptr;
  int code_ = SQLITE_OK;
  int bound_ = 0;
  int column_ = 0;
  absl::Status read_;
};

template <class Row>
std::string SelectText() {
  return absl::StrCat("SELECT ", absl::StrJoin(ColumnsOf<Row>().all, ", "), " FROM ",
                      Table<Row>::kName);
}

template <class Row>
std::string InsertText() {
  const ColumnNames names = ColumnsOf<Row>();
  std::vector<std::string> changes;
  for (const std::string& name : names.rest) {
    changes.push_back(Table<Row>::kOnRepeat == OnRepeat::kAdd
                          ? absl::StrCat(name, " = ", name, " + excluded.", name)
                          : absl::StrCat(name, " = excluded.", name));
  }
  return absl::StrCat(
      "INSERT INTO ", Table<Row>::kName, " (", absl::StrJoin(names.all, ", "), ") VALUES (",
      absl::StrJoin(std::vector<std::string>(names.all.size(), "?"), ", "), ") ON CONFLICT (",
      absl::StrJoin(names.key, ", "), ") DO ",
      Table<Row>::kOnRepeat == OnRepeat::kKeep ? "NOTHING"
                                               : "UPDATE SET " + absl::StrJoin(changes, ", "));
}

class SqliteStore : public Store {
 public:
  explicit SqliteStore(sqlite3* db, std::string path) : db_(db), path_(std::move(path)) {}
  ~SqliteStore() override { sqlite3_close_v2(db_); }

  absl::Status Execute(const std::string& sql) {
    const int code = sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr);
    return code == SQLITE_OK ? absl::OkStatus() : FromSqlite(code, path_, db_);
  }

  absl::Status Prepare(const std::string& key) {
    GANNET_RETURN_IF_ERROR(Execute(absl::StrCat("PRAGMA key = \"x'", base::Hex(key), "'\"")));
    // Errors come back as statuses; the first key of a process sets what is printed.
    GANNET_RETURN_IF_ERROR(Execute("PRAGMA cipher_log_level = NONE"));
    sqlite3_busy_timeout(db_, 2'000);
    // Reading the schema is what proves the key; before it nothing was decrypted.
    GANNET_RETURN_IF_ERROR(Execute("SELECT count(*) FROM sqlite_master"));
    // The cache (256 KiB) is for the ends of the tables, where rows are added. Who reads a
    // table goes through it once.
    GANNET_RETURN_IF_ERROR(
        Execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; "
                "PRAGMA cache_size = -256"));
    return Migrate();
  }

  absl::Status Write(const Batch& batch) override {
    GANNET_RETURN_IF_ERROR(CheckAmounts(batch));
    return InTransaction([&] { return WriteRows(batch); });
  }

  absl::StatusOr<std::vector<FillRow>> Fills(Range range) override {
    return Select<FillRow>(range);
  }
  absl::StatusOr<std::vector<OrderRow>> Orders(Range created) override {
    return Select<OrderRow>(created);
  }
  absl::StatusOr<std::vector<PositionRow>> AllPositions() override { return Select<PositionRow>(); }
  absl::StatusOr<std::vector<EquityRow>> Equity(Range range) override {
    return Select<EquityRow>(range);
  }
  absl::StatusOr<std::vector<ExposureRow>> Exposures(Range range) override {
    return Select<ExposureRow>(range);
  }
  absl::StatusOr<std::vector<MarkRow>> Marks(Range hours) override {
    return Select<MarkRow>(hours);
  }
  absl::StatusOr<std::vector<InstrumentRow>> Instruments() override {
    return Select<InstrumentRow>();
  }
  absl::StatusOr<std::vector<BalanceRow>> Balances(Range range) override {
    return Select<BalanceRow>(range);
  }
  absl::StatusOr<std::vector<SignalRow>> Signals(Range range) override {
    return Select<SignalRow>(range);
  }
  absl::StatusOr<std::vector<OutcomeRow>> Outcomes(Range range) override {
    return Select<OutcomeRow>(range);
  }
  absl::StatusOr<std::vector<ScoreRow>> Scores(Range range) override {
    return Select<ScoreRow>(range);
  }
  absl::StatusOr<std::vector<DecisionRow>> Decisions(Range range) override {
    return Select<DecisionRow>(range);
  }
  absl::StatusOr<std::vector<BookingRow>> Bookings(Range range) override {
    return Select<BookingRow>(range);
  }
  absl::StatusOr<std::vector<RiskEventRow>> RiskEvents(Range range) override {
    return Select<RiskEventRow>(range);
  }
  absl::StatusOr<std::vector<LimitRow>> Limits() override { return Select<LimitRow>(); }
  absl::StatusOr<std::vector<ReportRunRow>> ReportRuns(Range due) override {
    return Select<ReportRunRow>(due);
  }
  absl::StatusOr<std::vector<SignalRow>> FindSignals(
      const std::vector<market::EventId>& ids) override {
    const std::set<market::EventId> wanted(ids.begin(), ids.end());
    std::vector<SignalRow> rows;
    for (const market::EventId& id : wanted) {
      Statement s(db_, SelectText<SignalRow>() + " WHERE stream = ? AND sequence = ?");
      s.Bind(id);
      GANNET_RETURN_IF_ERROR(ReadRows(s, rows));
    }
    SortRows(rows);
    return rows;
  }

  absl::StatusOr<std::map<uint64_t, uint64_t>> HighWater() override {
    std::map<uint64_t, uint64_t> marks;
    Statement s(db_, "SELECT stream, sequence FROM high_water");
    GANNET_RETURN_IF_ERROR(s.ForEach(path_, [&] {
      market::EventId mark;
      s.Read(mark);
      marks[mark.stream] = mark.sequence;
      return absl::OkStatus();
    }));
    return marks;
  }

 private:
  absl::Status InTransaction(const std::function<absl::Status()>& work) {
    GANNET_RETURN_IF_ERROR(Execute("BEGIN IMMEDIATE"));
    absl::Status status = work();
    if (status.ok()) status = Execute("COMMIT");
    if (!status.ok()) sqlite3_exec(db_, "ROLLBACK", nullptr, nullptr, nullptr);
    return status;
  }

  absl::Status Migrate() {
    int64_t version = 0;
    Statement s(db_, "PRAGMA user_version");
    GANNET_RETURN_IF_ERROR(s.ForEach(path_, [&] {
      s.Read(version);
      return absl::OkStatus();
    }));
    if (version > kSqliteSchemaVersion) {
      return absl::FailedPreconditionError(
          absl::StrCat(path_, " has schema ", version, ", this build knows up to ",
                       kSqliteSchemaVersion, "; use the newer build"));
    }
    for (int64_t next = version; next < kSqliteSchemaVersion; ++next) {
      GANNET_RETURN_IF_ERROR(InTransaction([&]() -> absl::Status {
        GANNET_RETURN_IF_ERROR(Execute(kSqliteMigrations[static_cast<size_t>(next)]));
        return Execute(absl::StrCat("PRAGMA user_version = ", next + 1));
      }));
    }
    return absl::OkStatus();
  }

  template <class Row>
  absl::Status ReadRows(Statement& s, std::vector<Row>& rows) {
    return s.ForEach(path_, [&] {
      Row row;
      Table<Row>::Fields(row, [&s](const char*, auto& value) { s.Read(value); });
      rows.push_back(std::move(row));
      return absl::OkStatus();
    });
  }

  template <class Row>
  absl::StatusOr<std::vector<Row>> Select(Range range) {
    const std::string time = absl::StrCat(Table<Row>::kTime, "_ns");
    Statement s(db_, absl::StrCat(SelectText<Row>(), " WHERE ", time, " >= ? AND ", time, " < ?"));
    s.Bind(range.from).Bind(range.to);
    std::vector<Row> rows;
    GANNET_RETURN_IF_ERROR(ReadRows(s, rows));
    SortRows(rows);  // here: the stream number is unsigned, SQLite's integers are not
    return rows;
  }
  template <class Row>
  absl::StatusOr<std::vector<Row>> Select() {
    Statement s(db_, SelectText<Row>());
    std::vector<Row> rows;
    GANNET_RETURN_IF_ERROR(ReadRows(s, rows));
    SortRows(rows);
    return rows;
  }

  template <class Row>
  absl::Status WriteTable(const std::vector<Row>& rows) {
    if (rows.empty()) return absl::OkStatus();
    Statement insert(db_, InsertText<Row>());
    for (const Row& row : rows) GANNET_RETURN_IF_ERROR(insert.BindRow(row).Run(path_));
    return absl::OkStatus();
  }

  absl::Status WriteRows(const Batch& batch) {
    absl::Status status;
    ForEachTable(batch, [&](const auto& rows) {
      if (status.ok()) status = WriteTable(rows);
    });
    GANNET_RETURN_IF_ERROR(status);
    Statement mark(db_,
                   // Sequences are unsigned: of two with different signs here the negative
                   // one is the larger.
                   "INSERT INTO high_water VALUES (?, ?) ON CONFLICT (stream) DO UPDATE SET "
                   "sequence = CASE WHEN (sequence < 0) = (excluded.sequence < 0) "
                   "THEN max(sequence, excluded.sequence) ELSE min(sequence, excluded.sequence) "
                   "END");
    for (const auto& [stream, sequence] : batch.high_water) {
      mark.Bind(stream).Bind(sequence);
      GANNET_RETURN_IF_ERROR(mark.Run(path_));
    }
    return absl::OkStatus();
  }

  sqlite3* db_;
  const std::string path_;
};

absl::StatusOr<std::string> ReadKey(base::Files& files, const std::string& path) {
  if (!files.Exists(path)) {
    return absl::DataLossError(
        absl::StrCat(path,
                     " is missing but the database it opens is there; restore the key file, or "
                     "move the database away to start anew"));
  }
  GANNET_ASSIGN_OR_RETURN(const int mode, files.Mode(path));
  if ((mode & 077) != 0) {
    return absl::PermissionDeniedError(absl::StrCat(
        "others may read ", path, "; run chmod 600 ", path,
        ", and if they may have, keep copies of the database from them: the key is not changed"));
  }
  GANNET_ASSIGN_OR_RETURN(std::string text, files.Read(path));
  while (!text.empty() && text.back() == '\n') text.pop_back();
  const auto key = base::FromHex(text);
  if (!key || key->size() != kKeyBytes) {
    return absl::DataLossError(absl::StrCat(path, " does not hold a key of ", kKeyBytes,
                                            " bytes in hex; restore it from a backup"));
  }
  return *key;
}

absl::StatusOr<std::string> ReadOrMakeKey(base::Files& files, const std::string& path,
                                          bool database_exists) {
  if (!files.Exists(path) && !database_exists) {
    GANNET_RETURN_IF_ERROR(
        files.WriteAtomically(path, base::Hex(base::RandomBytes(kKeyBytes)) + "\n", 0600));
  }
  return ReadKey(files, path);
}

}  // namespace

std::string SortableAmount(market::Int128 units) {
  std::string text(kAmountDigits + 1, '0');
  const bool negative = units < 0;
  text[0] = negative ? '0' : '1';
  for (size_t i = kAmountDigits; i >= 1; --i) {
    const int digit = static_cast<int>(units % 10);
    text[i] = static_cast<char>(
        '0' + (negative ? 9 + digit : digit));  // digits of a negative number are 0 to -9
    units /= 10;
  }
  return text;
}

absl::StatusOr<market::Int128> ParseSortableAmount(std::string_view text) {
  if (text.size() != kAmountDigits + 1 || (text[0] != '0' && text[0] != '1'))
    return absl::DataLossError("not a stored amount");
  const bool negative = text[0] == '0';
  market::Int128 units = 0;
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] < '0' || text[i] > '9') return absl::DataLossError("not a stored amount");
    units = units * 10 + (negative ? text[i] - '9' : text[i] - '0');
  }
  return units;
}

absl::Status CheckSqliteKey(base::Files& files, const std::string& path,
                            const std::string& key_path) {
  if (!files.Exists(path) && !files.Exists(key_path)) return absl::OkStatus();
  return ReadKey(files, key_path).status();
}

absl::StatusOr<std::unique_ptr<Store>> OpenSqliteStore(base::Files& files, const std::string& path,
                                                       const std::string& key_path) {
  GANNET_ASSIGN_OR_RETURN(const std::string key,
                          ReadOrMakeKey(files, key_path, files.Exists(path)));
  sqlite3* db = nullptr;
  const int code = sqlite3_open_v2(
      path.c_str(), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  auto store = std::make_unique<SqliteStore>(db, path);
  if (code != SQLITE_OK) return FromSqlite(code, path, db);
  GANNET_RETURN_IF_ERROR(store->Prepare(key));
  return store;
}

}  // namespace gannet::store
