#define SQLITE_HAS_CODEC 1
#include <sqlcipher/sqlite3.h>

#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "libs/base/digest.h"
#include "libs/base/posix_files.h"
#include "libs/store/columns.h"
#include "libs/store/conformance_suite.h"
#include "libs/store/memory_store.h"
#include "libs/store/sqlite_migrations.h"
#include "libs/store/sqlite_store.h"

namespace gannet::store {
namespace {

using market::Money;

// A folder of its own that is gone afterwards.
class Folder {
 public:
  Folder()
      : path_(std::filesystem::temp_directory_path() /
              ("gannet-store-" + base::Hex(base::RandomBytes(8)))) {
    std::filesystem::create_directory(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string operator/(const char* name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

absl::StatusOr<std::unique_ptr<Store>> Open(const Folder& folder) {
  static base::PosixFiles files;
  return OpenSqliteStore(files, folder / "g.db", folder / "g.key");
}

void WriteKey(const Folder& folder, const std::string& text) {
  std::ofstream(folder / "g.key") << text;
  std::filesystem::permissions(
      folder / "g.key", std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_CASE("MemoryStore conforms") {
  RunConformanceSuite({.make = [] { return std::make_unique<MemoryStore>(); }, .reopen = nullptr});
}

TEST_CASE("SqliteStore conforms and keeps everything over a restart") {
  Folder folder;
  const auto open = [&] { return Open(folder).value(); };
  RunConformanceSuite({.make = open, .reopen = open});
}

// The database itself, behind the store's back.
class Raw {
 public:
  explicit Raw(const Folder& folder) {
    std::ifstream file(folder / "g.key");
    std::string key;
    file >> key;
    REQUIRE(sqlite3_open((folder / "g.db").c_str(), &db_) == SQLITE_OK);
    Run("PRAGMA key = \"x'" + key + "'\"");
  }
  ~Raw() { sqlite3_close(db_); }
  void Run(const std::string& sql) {
    REQUIRE(sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
  }
  // The first column of every row.
  std::vector<std::string> Column(const std::string& sql) {
    std::vector<std::string> values;
    REQUIRE(sqlite3_exec(
                db_, sql.c_str(),
                [](void* out, int, char** row, char**) {
                  static_cast<std::vector<std::string>*>(out)->emplace_back(row[0]);
                  return 0;
                },
                &values, nullptr) == SQLITE_OK);
    return values;
  }

 private:
  sqlite3* db_ = nullptr;
};

TEST_CASE("SqliteStore's schema has the columns that columns.h names, in that order") {
  Folder folder;
  { REQUIRE(Open(folder).ok()); }
  Raw raw(folder);
  const Batch none;
  ForEachTable(none, [&]<class Row>(const std::vector<Row>&) {
    std::vector<std::string> expected;
    const Row row{};
    Table<Row>::Fields(row, [&](const std::string& name, const auto& value) {
      using Value = std::decay_t<decltype(value)>;
      if constexpr (std::is_same_v<Value, market::EventId>) {
        const std::string prefix = name.empty() ? "" : name + "_";
        expected.insert(expected.end(), {prefix + "stream", prefix + "sequence"});
      } else if constexpr (std::is_same_v<Value, base::Time> ||
                           std::is_same_v<Value, base::Duration>) {
        expected.push_back(name + "_ns");
      } else {
        expected.push_back(name);
        if constexpr (std::is_same_v<Value, market::Money>) expected.push_back(name + "_scale");
      }
    });
    const std::string table = Table<Row>::kName;
    CHECK(raw.Column("SELECT name FROM pragma_table_info('" + table + "') ORDER BY cid") ==
          expected);
    const auto keys =
        raw.Column("SELECT name FROM pragma_table_info('" + table + "') WHERE pk > 0");
    CHECK(keys.size() >= Table<Row>::kKeyFields);
  });
}

TEST_CASE("SqliteStore brings a file of the first schema up to date and keeps its rows") {
  Folder folder;
  {
    const std::string key(64, 'c');
    WriteKey(folder, key + "\n");
    Raw raw(folder);
    raw.Run(kSqliteMigrations[0]);
    raw.Run("PRAGMA user_version = 1");
    raw.Run("INSERT INTO positions VALUES ('main/paper', 's', 'v:X', '" + SortableAmount(-3) +
            "', 8, '" + SortableAmount(5) + "', 2, '" + SortableAmount(7) + "', 1, '" +
            SortableAmount(0) + "', 0, '" + SortableAmount(1) + "', 3, 'USDT', 42)");
  }
  const auto store = Open(folder).value();
  const auto positions = store->AllPositions().value();
  REQUIRE(positions.size() == 1);
  CHECK(positions[0].net == Money(-3, 8));
  CHECK(positions[0].quote_asset == market::AssetId("USDT"));
  CHECK(positions[0].mark_state == MarkState::kUnpriced);
  CHECK(positions[0].mark.zero());
  CHECK(store->Exposures({}).value().empty());
}

TEST_CASE("SqliteStore is encrypted, and its key file is for its owner only") {
  Folder folder;
  {
    const auto store = Open(folder).value();
    Batch batch;
    OrderRow row;
    row.client_order_id = market::ClientOrderId("needle-in-the-file");
    batch.orders = {row};
    REQUIRE(store->Write(batch).ok());
  }
  for (const char* name : {"g.db", "g.db-wal"}) {
    std::ifstream file(folder / name, std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)), {});
    CHECK(bytes.find("needle") == std::string::npos);
    CHECK(bytes.find("SQLite format") == std::string::npos);
  }
  const auto mode = std::filesystem::status(folder / "g.key").permissions();
  CHECK(mode == (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
}

TEST_CASE(
    "SqliteStore refuses a wrong key, a lost key and a damaged file, and leaves them as they are") {
  Folder folder;
  { REQUIRE(Open(folder).ok()); }
  WriteKey(folder, std::string(64, 'a') + "\n");
  CHECK(Open(folder).status().code() == absl::StatusCode::kDataLoss);
  std::filesystem::remove(folder / "g.key");
  CHECK(Open(folder).status().code() == absl::StatusCode::kDataLoss);
  CHECK_FALSE(std::filesystem::exists(folder / "g.key"));
  WriteKey(folder, "short\n");
  CHECK(Open(folder).status().code() == absl::StatusCode::kDataLoss);

  Folder other;
  WriteKey(other, std::string(64, 'b') + "\n");
  std::ofstream(other / "g.db") << std::string(8192, 'x');
  CHECK(Open(other).status().code() == absl::StatusCode::kDataLoss);
}

TEST_CASE("SqliteStore refuses a key that others may read, and says what helps") {
  Folder folder;
  { REQUIRE(Open(folder).ok()); }
  base::PosixFiles files;
  const std::string path = folder / "g.key";
  for (const auto others : {std::filesystem::perms::group_read, std::filesystem::perms::others_read,
                            std::filesystem::perms::group_write}) {
    std::filesystem::permissions(path, others, std::filesystem::perm_options::add);
    for (const absl::Status& status :
         {Open(folder).status(), CheckSqliteKey(files, folder / "g.db", path)}) {
      CHECK(status.code() == absl::StatusCode::kPermissionDenied);
      CHECK(status.message().find("chmod 600") != std::string::npos);
    }
    std::filesystem::permissions(path, others, std::filesystem::perm_options::remove);
  }
  CHECK(Open(folder).ok());
}

TEST_CASE("Sortable amounts order as the numbers do") {
  const market::Int128 largest = AmountLimit() - 1;
  const std::vector<market::Int128> ascending = {
      -largest, -largest + 1, -1'000, -999, -1, 0, 1, 9, 10, 999, largest - 1, largest};
  for (size_t i = 0; i < ascending.size(); ++i) {
    const std::string text = SortableAmount(ascending[i]);
    CHECK(text.size() == 39);
    CHECK(ParseSortableAmount(text).value() == ascending[i]);
    if (i > 0) {
      CHECK(SortableAmount(ascending[i - 1]) < text);
    }
  }
  for (const char* bad : {"", "1",
                          "2"
                          "00000000000000000000000000000000000000",
                          "1x0000000000000000000000000000000000000"}) {
    CHECK_FALSE(ParseSortableAmount(bad).ok());
  }
}

}  // namespace
}  // namespace gannet::store
