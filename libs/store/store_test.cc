#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "libs/base/digest.h"
#include "libs/base/posix_files.h"
#include "libs/store/conformance_suite.h"
#include "libs/store/memory_store.h"
#include "libs/store/sqlite_store.h"

namespace gannet::store {
namespace {

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

TEST_CASE("MemoryStore conforms") {
  RunConformanceSuite({.make = [] { return std::make_unique<MemoryStore>(); }, .reopen = nullptr});
}

TEST_CASE("SqliteStore conforms and keeps everything over a restart") {
  Folder folder;
  const auto open = [&] { return Open(folder).value(); };
  RunConformanceSuite({.make = open, .reopen = open});
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
  std::ofstream(folder / "g.key") << std::string(64, 'a') << "\n";
  CHECK(Open(folder).status().code() == absl::StatusCode::kDataLoss);
  std::filesystem::remove(folder / "g.key");
  CHECK(Open(folder).status().code() == absl::StatusCode::kDataLoss);
  CHECK_FALSE(std::filesystem::exists(folder / "g.key"));
  std::ofstream(folder / "g.key") << "short\n";
  CHECK(Open(folder).status().code() == absl::StatusCode::kDataLoss);

  Folder other;
  std::ofstream(other / "g.key") << std::string(64, 'b') << "\n";
  std::ofstream(other / "g.db") << std::string(8192, 'x');
  CHECK(Open(other).status().code() == absl::StatusCode::kDataLoss);
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
