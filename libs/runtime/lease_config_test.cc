#include "libs/runtime/lease_config.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "libs/base/posix_files.h"
#include "libs/base/temp_dir_for_test.h"

namespace gannet::runtime {
namespace {

using namespace std::chrono_literals;

absl::StatusOr<LeaseConfig> Load(const std::string& text) {
  base::TempDirForTest folder;
  base::PosixFiles files;
  const std::string path = folder.path() + "/lease.yaml";
  REQUIRE(files.WriteAtomically(path, text).ok());
  return LoadLeaseConfig(files, path);
}

TEST_CASE("A lease's file says where its row is and how long it holds") {
  const auto config = Load("length: 4s\nmargin: 1s\npostgres: {hosts: [/run/postgres]}\n");
  INFO(config.status().ToString());
  REQUIRE(config.ok());
  CHECK(config->lease.length == 4s);
  CHECK(config->lease.margin == 1s);
  CHECK(config->lease.receive_window == 5s);
  REQUIRE(config->postgres.hosts.size() == 1);
}

TEST_CASE("A lease's file with errors is refused with what is allowed") {
  const auto config = Load("length: 4s\nmargin: 3s\nlenght: 1s\n");
  REQUIRE_FALSE(config.ok());
  const std::string message(config.status().message());
  for (const char* part : {"margin", "at most half", "lenght", "length", "postgres"}) {
    INFO(message);
    CHECK(message.find(part) != std::string::npos);
  }
}

TEST_CASE("Without a file a process keeps its own lease") {
  base::PosixFiles files;
  ProcessOptions options;
  CHECK(UseLease(files, "", options).ok());
  CHECK_FALSE(options.make_lease);
  CHECK_FALSE(UseLease(files, "/no/such/file", options).ok());
}

}  // namespace
}  // namespace gannet::runtime
