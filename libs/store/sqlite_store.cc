#include "libs/store/sqlite_store.h"

#define SQLITE_HAS_CODEC 1
#include <sqlcipher/sqlite3.h>

#include <algorithm>
#include <array>
#include <functional>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/digest.h"
#include "libs/base/status.h"

namespace gannet::store {
namespace {

constexpr int kAmountDigits = 38;
constexpr size_t kKeyBytes = 32;

constexpr std::array<const char*, kSqliteSchemaVersion> kMigrations = {
    R"sql(
CREATE TABLE fills (
  stream INTEGER NOT NULL, sequence INTEGER NOT NULL, time_ns INTEGER NOT NULL,
  account TEXT NOT NULL, strategy TEXT NOT NULL, instrument TEXT NOT NULL, side INTEGER NOT NULL,
  client_order_id TEXT NOT NULL, trade_id TEXT NOT NULL,
  price TEXT NOT NULL, price_scale INTEGER NOT NULL, quantity TEXT NOT NULL, quantity_scale INTEGER NOT NULL,
  notional TEXT NOT NULL, notional_scale INTEGER NOT NULL, fee TEXT NOT NULL, fee_scale INTEGER NOT NULL,
  fee_asset TEXT NOT NULL, liquidity INTEGER NOT NULL,
  signal_stream INTEGER NOT NULL, signal_sequence INTEGER NOT NULL, model_version TEXT NOT NULL,
  PRIMARY KEY (stream, sequence)) WITHOUT ROWID;
CREATE INDEX fills_by_time ON fills (time_ns);
CREATE TABLE orders (
  client_order_id TEXT PRIMARY KEY, venue_order_id TEXT NOT NULL,
  account TEXT NOT NULL, strategy TEXT NOT NULL, instrument TEXT NOT NULL, side INTEGER NOT NULL,
  price TEXT NOT NULL, price_scale INTEGER NOT NULL, quantity TEXT NOT NULL, quantity_scale INTEGER NOT NULL,
  cumulative TEXT NOT NULL, cumulative_scale INTEGER NOT NULL,
  state INTEGER NOT NULL, detail TEXT NOT NULL, created_ns INTEGER NOT NULL, updated_ns INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX orders_by_time ON orders (created_ns);
CREATE TABLE positions (
  account TEXT NOT NULL, strategy TEXT NOT NULL, instrument TEXT NOT NULL,
  net TEXT NOT NULL, net_scale INTEGER NOT NULL, average_price TEXT NOT NULL, average_price_scale INTEGER NOT NULL,
  realized TEXT NOT NULL, realized_scale INTEGER NOT NULL, unrealized TEXT NOT NULL, unrealized_scale INTEGER NOT NULL,
  fees TEXT NOT NULL, fees_scale INTEGER NOT NULL, quote_asset TEXT NOT NULL, updated_ns INTEGER NOT NULL,
  PRIMARY KEY (account, strategy, instrument)) WITHOUT ROWID;
CREATE TABLE equity (
  time_ns INTEGER NOT NULL, account TEXT NOT NULL, asset TEXT NOT NULL,
  realized TEXT NOT NULL, realized_scale INTEGER NOT NULL, unrealized TEXT NOT NULL, unrealized_scale INTEGER NOT NULL,
  fees TEXT NOT NULL, fees_scale INTEGER NOT NULL,
  PRIMARY KEY (time_ns, account, asset)) WITHOUT ROWID;
CREATE TABLE high_water (stream INTEGER PRIMARY KEY, sequence INTEGER NOT NULL);
)sql"};

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
                       "; it is damaged or its key file is another one's. Move it away to start "
                       "anew: reporting rebuilds it from the journal"));
    default:
      return absl::InternalError(text);
  }
}

// A prepared statement: bind in order, step, read in order.
class Statement {
 public:
  Statement(sqlite3* db, const char* sql) : db_(db) {
    code_ = sqlite3_prepare_v2(db, sql, -1, &statement_, nullptr);
  }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& Bind(int64_t value) {
    if (code_ == SQLITE_OK) code_ = sqlite3_bind_int64(statement_, ++bound_, value);
    return *this;
  }
  Statement& Bind(uint64_t value) { return Bind(static_cast<int64_t>(value)); }
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
  Statement& Bind(const market::Money& amount) {
    return Bind(SortableAmount(amount.units())).Bind(static_cast<int64_t>(amount.scale()));
  }
  template <class Enum>
    requires std::is_enum_v<Enum>
  Statement& Bind(Enum value) {
    return Bind(static_cast<int64_t>(value));
  }
  Statement& Bind(const market::EventId& id) { return Bind(id.stream).Bind(id.sequence); }

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
  int64_t ReadInt() { return sqlite3_column_int64(statement_, column_++); }
  uint64_t ReadUnsigned() { return static_cast<uint64_t>(ReadInt()); }
  base::Time ReadTime() { return base::FromUnixNanos(ReadInt()); }
  std::string ReadText() {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column_));
    const auto size = static_cast<size_t>(sqlite3_column_bytes(statement_, column_++));
    return text != nullptr ? std::string(text, size) : std::string();
  }
  market::Money ReadMoney() {
    const auto units = ParseSortableAmount(ReadText());
    const int64_t scale = ReadInt();
    if (!units.ok() || scale < 0 || scale > market::kMaxScale) {
      read_ = absl::DataLossError("an amount in the database is not one");
      return market::Money();
    }
    return market::Money(*units, static_cast<int>(scale));
  }
  template <class Enum>
  Enum ReadEnum() {
    return static_cast<Enum>(ReadInt());
  }
  market::EventId ReadEventId() {
    const uint64_t stream = ReadUnsigned();
    return {stream, ReadUnsigned()};
  }

 private:
  sqlite3* db_;
  sqlite3_stmt* statement_ = nullptr;
  int code_ = SQLITE_OK;
  int bound_ = 0;
  int column_ = 0;
  absl::Status read_;
};

class SqliteStore : public Store {
 public:
  explicit SqliteStore(sqlite3* db, std::string path) : db_(db), path_(std::move(path)) {}
  ~SqliteStore() override { sqlite3_close_v2(db_); }

  absl::Status Execute(const std::string& sql) {
    const int code = sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr);
    return code == SQLITE_OK ? absl::OkStatus() : FromSqlite(code, path_, db_);
  }

  absl::Status Prepare(const std::string& key) {
    GANNET_RETURN_IF_ERROR(
        Execute("PRAGMA cipher_log_level = NONE"));  // errors come back as statuses
    GANNET_RETURN_IF_ERROR(Execute(absl::StrCat("PRAGMA key = \"x'", base::Hex(key), "'\"")));
    sqlite3_busy_timeout(db_, 2'000);
    // Reading the schema is what proves the key; before it nothing was decrypted.
    GANNET_RETURN_IF_ERROR(Execute("SELECT count(*) FROM sqlite_master"));
    GANNET_RETURN_IF_ERROR(
        Execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON"));
    return Migrate();
  }

  absl::Status Write(const Batch& batch) override {
    GANNET_RETURN_IF_ERROR(CheckAmounts(batch));
    return InTransaction([&] { return WriteRows(batch); });
  }

  absl::StatusOr<std::vector<FillRow>> Fills(Range range) override {
    std::vector<FillRow> rows;
    Statement s(db_,
                "SELECT stream, sequence, time_ns, account, strategy, instrument, side, "
                "client_order_id, trade_id, price, price_scale, "
                "quantity, quantity_scale, notional, notional_scale, fee, fee_scale, fee_asset, "
                "liquidity, signal_stream, signal_sequence, model_version "
                "FROM fills WHERE time_ns >= ? AND time_ns < ? ORDER BY time_ns");
    s.Bind(range.from).Bind(range.to);
    GANNET_RETURN_IF_ERROR(s.ForEach(path_, [&] {
      FillRow row;
      row.id = s.ReadEventId();
      row.time = s.ReadTime();
      row.account = market::AccountId(s.ReadText());
      row.strategy = market::StrategyId(s.ReadText());
      row.instrument = market::InstrumentId(s.ReadText());
      row.side = s.ReadEnum<market::Side>();
      row.client_order_id = market::ClientOrderId(s.ReadText());
      row.trade_id = s.ReadText();
      row.price = s.ReadMoney();
      row.quantity = s.ReadMoney();
      row.notional = s.ReadMoney();
      row.fee = s.ReadMoney();
      row.fee_asset = market::AssetId(s.ReadText());
      row.liquidity = s.ReadEnum<market::Liquidity>();
      row.signal = s.ReadEventId();
      row.model_version = s.ReadText();
      rows.push_back(std::move(row));
      return absl::OkStatus();
    }));
    // The stream number is unsigned, SQLite's integers are not: order here.
    std::sort(rows.begin(), rows.end(), [](const FillRow& a, const FillRow& b) {
      return std::tie(a.time, a.id) < std::tie(b.time, b.id);
    });
    return rows;
  }

  absl::StatusOr<std::vector<OrderRow>> Orders(Range created) override {
    std::vector<OrderRow> rows;
    Statement s(db_,
                "SELECT client_order_id, venue_order_id, account, strategy, instrument, side, "
                "price, price_scale, quantity, quantity_scale, "
                "cumulative, cumulative_scale, state, detail, created_ns, updated_ns FROM orders "
                "WHERE created_ns >= ? AND created_ns < ? ORDER BY created_ns, client_order_id");
    s.Bind(created.from).Bind(created.to);
    GANNET_RETURN_IF_ERROR(s.ForEach(path_, [&] {
      OrderRow row;
      row.client_order_id = market::ClientOrderId(s.ReadText());
      row.venue_order_id = market::VenueOrderId(s.ReadText());
      row.account = market::AccountId(s.ReadText());
      row.strategy = market::StrategyId(s.ReadText());
      row.instrument = market::InstrumentId(s.ReadText());
      row.side = s.ReadEnum<market::Side>();
      row.price = s.ReadMoney();
      row.quantity = s.ReadMoney();
      row.cumulative = s.ReadMoney();
      row.state = s.ReadEnum<market::OrderState>();
      row.detail = s.ReadText();
      row.created = s.ReadTime();
      row.updated = s.ReadTime();
      rows.push_back(std::move(row));
      return absl::OkStatus();
    }));
    return rows;
  }

  absl::StatusOr<std::vector<PositionRow>> AllPositions() override {
    std::vector<PositionRow> rows;
    Statement s(db_,
                "SELECT account, strategy, instrument, net, net_scale, average_price, "
                "average_price_scale, realized, realized_scale, "
                "unrealized, unrealized_scale, fees, fees_scale, quote_asset, updated_ns FROM "
                "positions ORDER BY account, strategy, instrument");
    GANNET_RETURN_IF_ERROR(s.ForEach(path_, [&] {
      PositionRow row;
      row.account = market::AccountId(s.ReadText());
      row.strategy = market::StrategyId(s.ReadText());
      row.instrument = market::InstrumentId(s.ReadText());
      row.net = s.ReadMoney();
      row.average_price = s.ReadMoney();
      row.realized = s.ReadMoney();
      row.unrealized = s.ReadMoney();
      row.fees = s.ReadMoney();
      row.quote_asset = market::AssetId(s.ReadText());
      row.updated = s.ReadTime();
      rows.push_back(std::move(row));
      return absl::OkStatus();
    }));
    return rows;
  }

  absl::StatusOr<std::vector<EquityRow>> Equity(Range range) override {
    std::vector<EquityRow> rows;
    Statement s(db_,
                "SELECT time_ns, account, asset, realized, realized_scale, unrealized, "
                "unrealized_scale, fees, fees_scale FROM equity "
                "WHERE time_ns >= ? AND time_ns < ? ORDER BY time_ns, account, asset");
    s.Bind(range.from).Bind(range.to);
    GANNET_RETURN_IF_ERROR(s.ForEach(path_, [&] {
      EquityRow row;
      row.time = s.ReadTime();
      row.account = market::AccountId(s.ReadText());
      row.asset = market::AssetId(s.ReadText());
      row.realized = s.ReadMoney();
      row.unrealized = s.ReadMoney();
      row.fees = s.ReadMoney();
      rows.push_back(std::move(row));
      return absl::OkStatus();
    }));
    return rows;
  }

  absl::StatusOr<std::map<uint64_t, uint64_t>> HighWater() override {
    std::map<uint64_t, uint64_t> marks;
    Statement s(db_, "SELECT stream, sequence FROM high_water");
    GANNET_RETURN_IF_ERROR(s.ForEach(path_, [&] {
      const uint64_t stream = s.ReadUnsigned();
      marks[stream] = s.ReadUnsigned();
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
      version = s.ReadInt();
      return absl::OkStatus();
    }));
    if (version > kSqliteSchemaVersion) {
      return absl::FailedPreconditionError(
          absl::StrCat(path_, " has schema ", version, ", this build knows up to ",
                       kSqliteSchemaVersion, "; use the newer build"));
    }
    for (int64_t next = version; next < kSqliteSchemaVersion; ++next) {
      GANNET_RETURN_IF_ERROR(InTransaction([&]() -> absl::Status {
        GANNET_RETURN_IF_ERROR(Execute(kMigrations[static_cast<size_t>(next)]));
        return Execute(absl::StrCat("PRAGMA user_version = ", next + 1));
      }));
    }
    return absl::OkStatus();
  }

  absl::Status WriteRows(const Batch& batch) {
    Statement fill(
        db_, "INSERT OR IGNORE INTO fills VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
    for (const FillRow& r : batch.fills) {
      fill.Bind(r.id)
          .Bind(r.time)
          .Bind(r.account)
          .Bind(r.strategy)
          .Bind(r.instrument)
          .Bind(r.side)
          .Bind(r.client_order_id)
          .Bind(r.trade_id)
          .Bind(r.price)
          .Bind(r.quantity)
          .Bind(r.notional)
          .Bind(r.fee)
          .Bind(r.fee_asset)
          .Bind(r.liquidity)
          .Bind(r.signal)
          .Bind(r.model_version);
      GANNET_RETURN_IF_ERROR(fill.Run(path_));
    }
    Statement order(db_, "INSERT OR REPLACE INTO orders VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
    for (const OrderRow& r : batch.orders) {
      order.Bind(r.client_order_id)
          .Bind(r.venue_order_id)
          .Bind(r.account)
          .Bind(r.strategy)
          .Bind(r.instrument)
          .Bind(r.side)
          .Bind(r.price)
          .Bind(r.quantity)
          .Bind(r.cumulative)
          .Bind(r.state)
          .Bind(r.detail)
          .Bind(r.created)
          .Bind(r.updated);
      GANNET_RETURN_IF_ERROR(order.Run(path_));
    }
    Statement position(db_,
                       "INSERT OR REPLACE INTO positions VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
    for (const PositionRow& r : batch.positions) {
      position.Bind(r.account)
          .Bind(r.strategy)
          .Bind(r.instrument)
          .Bind(r.net)
          .Bind(r.average_price)
          .Bind(r.realized)
          .Bind(r.unrealized)
          .Bind(r.fees)
          .Bind(r.quote_asset)
          .Bind(r.updated);
      GANNET_RETURN_IF_ERROR(position.Run(path_));
    }
    Statement equity(db_, "INSERT OR REPLACE INTO equity VALUES (?,?,?,?,?,?,?,?,?)");
    for (const EquityRow& r : batch.equity) {
      equity.Bind(r.time)
          .Bind(r.account)
          .Bind(r.asset)
          .Bind(r.realized)
          .Bind(r.unrealized)
          .Bind(r.fees);
      GANNET_RETURN_IF_ERROR(equity.Run(path_));
    }
    Statement mark(db_,
                   "INSERT INTO high_water VALUES (?, ?) ON CONFLICT (stream) DO UPDATE SET "
                   "sequence = max(sequence, excluded.sequence)");
    for (const auto& [stream, sequence] : batch.high_water) {
      mark.Bind(stream).Bind(sequence);
      GANNET_RETURN_IF_ERROR(mark.Run(path_));
    }
    return absl::OkStatus();
  }

  sqlite3* db_;
  const std::string path_;
};

absl::StatusOr<std::string> ReadOrMakeKey(base::Files& files, const std::string& path,
                                          bool database_exists) {
  if (!files.Exists(path)) {
    if (database_exists) {
      return absl::DataLossError(
          absl::StrCat(path,
                       " is missing but the database it opens is there; restore the key file, or "
                       "move the database away to start anew"));
    }
    GANNET_RETURN_IF_ERROR(
        files.WriteAtomically(path, base::Hex(base::RandomBytes(kKeyBytes)) + "\n", 0600));
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
