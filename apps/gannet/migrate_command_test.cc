#include "apps/gannet/migrate_command.h"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <sstream>
#include <vector>

#include "libs/base/temp_dir_for_test.h"
#include "libs/store/postgres_fixture_for_test.h"

namespace gannet::app {
namespace {

struct Run {
  absl::Status status;
  std::string text;
};

Run MigrateOnce(const MigrateOptions& options) {
  std::ostringstream out;
  Run run;
  run.status = MigrateStore(options, "build-1", store::RealFiles(), store::RealClock(), out);
  run.text = out.str();
  INFO(run.status.ToString());
  return run;
}

MigrateOptions At(const store::PostgresOptions& database) {
  MigrateOptions options;
  options.store = store::PlaceOf(database);
  options.password_file = database.password_file;
  options.patience = std::chrono::seconds(20);
  return options;
}

bool Has(const std::string& text, const std::string& part) {
  INFO(text);
  return text.find(part) != std::string::npos;
}

TEST_CASE("gannet migrate plans without changing anything, applies, and has nothing more to do") {
  MigrateOptions options = At(store::SharedCluster().NewDatabase());
  const std::string newest = std::to_string(store::kPostgresSchemaVersion);
  options.plan = true;
  for (int i = 0; i < 2; ++i) {
    const Run planned = MigrateOnce(options);
    REQUIRE(planned.status.ok());
    CHECK(Has(planned.text, ": schema 0, this build's is " + newest));
    CHECK(Has(planned.text, "would apply 1 reporting\nwould apply 2 leases\n"));
    CHECK(Has(planned.text, "nothing was changed"));
  }
  options.plan = false;
  const Run applied = MigrateOnce(options);
  REQUIRE(applied.status.ok());
  CHECK(Has(applied.text, "applied 1 reporting\n"));
  CHECK(Has(applied.text, "schema " + newest + ": done\n"));
  const Run again = MigrateOnce(options);
  REQUIRE(again.status.ok());
  CHECK(Has(again.text, "schema " + newest + ": nothing to do\n"));
  CHECK(!Has(again.text, "applied"));
  options.plan = true;
  CHECK(Has(MigrateOnce(options).text, "nothing to do\n"));
}

TEST_CASE("gannet migrate --contract takes nothing away before everything was added") {
  MigrateOptions options = At(store::SharedCluster().NewDatabase());
  options.contract = true;
  const Run early = MigrateOnce(options);
  CHECK(absl::IsFailedPrecondition(early.status));
  CHECK(Has(std::string(early.status.message()), "run gannet migrate without --contract first"));
  CHECK(!Has(early.text, "applied"));
  options.contract = false;
  REQUIRE(MigrateOnce(options).status.ok());
  options.contract = true;
  for (const bool plan : {true, false}) {
    options.plan = plan;
    const Run run = MigrateOnce(options);
    CHECK(run.status.ok());
    CHECK(Has(run.text, "nothing to do\n"));
  }
}

TEST_CASE("gannet migrate --status says what is there, and fails while programs would not go") {
  MigrateOptions options = At(store::SharedCluster().NewDatabase());
  options.status = true;
  const Run empty = MigrateOnce(options);
  CHECK(absl::IsFailedPrecondition(empty.status));
  CHECK(Has(std::string(empty.status.message()), "run gannet migrate"));
  CHECK(Has(empty.text, "pending 1 reporting\n"));
  options.status = false;
  REQUIRE(MigrateOnce(options).status.ok());
  options.status = true;
  const Run full = MigrateOnce(options);
  CHECK(full.status.ok());
  CHECK(Has(full.text, "applied 1 reporting, 20"));
  CHECK(Has(full.text, "Z, by build-1\n"));
  CHECK(!Has(full.text, "pending"));
}

TEST_CASE("gannet migrate as several processes at once: each migration by exactly one") {
  const MigrateOptions options = At(store::SharedCluster().NewDatabase());
  constexpr int kProcesses = 4;
  std::array<int, 2> pipe;
  REQUIRE(::pipe(pipe.data()) == 0);
  std::vector<pid_t> children;
  for (int i = 0; i < kProcesses; ++i) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      std::ostringstream out;
      const bool ok =
          MigrateStore(options, "test", store::RealFiles(), store::RealClock(), out).ok();
      const std::string text = out.str();
      ::_exit(ok && ::write(pipe[1], text.data(), text.size()) > 0 ? 0 : 1);
    }
    children.push_back(pid);
  }
  ::close(pipe[1]);
  std::string all;
  std::array<char, 4096> bytes;
  for (ssize_t got; (got = ::read(pipe[0], bytes.data(), bytes.size())) > 0;)
    all.append(bytes.data(), static_cast<size_t>(got));
  ::close(pipe[0]);
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    CHECK(WEXITSTATUS(status) == 0);
  }
  int applied = 0;
  for (size_t at = 0; (at = all.find("applied ", at)) != std::string::npos; ++at) ++applied;
  CHECK(applied == store::kPostgresSchemaVersion);
}

TEST_CASE("gannet migrate reads the store of a configuration") {
  base::TempDirForTest folder;
  const store::PostgresOptions database = store::SharedCluster().NewDatabase();
  const std::string section = "store:\n  postgres:\n    hosts: [\"" + database.hosts[0].name +
                              "\"]\n    database: " + database.database +
                              "\n    user: gannet\n    password_file: " + database.password_file +
                              "\n";
  MigrateOptions options;
  options.store = folder / "reporting.yaml";
  REQUIRE(store::RealFiles().WriteAtomically(options.store, "flush_every: 1s\n" + section).ok());
  CHECK(MigrateOnce(options).status.ok());
  // A password in a configuration, or flags beside one, are refused.
  options.password_file = database.password_file;
  CHECK(absl::IsInvalidArgument(MigrateOnce(options).status));
  options.password_file.clear();
  REQUIRE(
      store::RealFiles().WriteAtomically(options.store, section + "    password: secret\n").ok());
  const absl::Status secret = MigrateOnce(options).status;
  CHECK(absl::IsInvalidArgument(secret));
  CHECK(Has(std::string(secret.message()), "store.postgres.password"));
  REQUIRE(store::RealFiles().WriteAtomically(options.store, "flush_every: 1s\n").ok());
  const absl::Status none = MigrateOnce(options).status;
  CHECK(absl::IsInvalidArgument(none));
  CHECK(Has(std::string(none.message()), "names no PostgreSQL"));
}

TEST_CASE("gannet migrate says what is wrong with an address, and waits only so long") {
  MigrateOptions options;
  options.patience = std::chrono::milliseconds(300);
  options.store = "postgres://gannet@127.0.0.1:1/gannet";
  const absl::Status absent = MigrateOnce(options).status;
  CHECK(absl::IsUnavailable(absent));
  CHECK(Has(std::string(absent.message()), "postgres://gannet@127.0.0.1:1/gannet"));
  options.store = "postgres://gannet@db.example/gannet";
  const absl::Status remote = MigrateOnce(options).status;
  CHECK(absl::IsInvalidArgument(remote));
  CHECK(Has(std::string(remote.message()), "root-certificate: db.example is another machine"));
  options.store = "postgres://gannet:hunter2@127.0.0.1/gannet";
  const absl::Status secret = MigrateOnce(options).status;
  CHECK(absl::IsInvalidArgument(secret));
  CHECK(!Has(std::string(secret.message()), "hunter2"));
}

}  // namespace
}  // namespace gannet::app
