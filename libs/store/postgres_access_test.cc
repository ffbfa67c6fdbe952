// Who gets in, and what is said to who does not.
#include <stdlib.h>
#include <sys/stat.h>

#include <catch2/catch_test_macros.hpp>

#include "libs/store/postgres_fixture_for_test.h"
#include "libs/store/postgres_session.h"

namespace gannet::store {
namespace {

// The answer to a question, or why there was none.
absl::StatusOr<std::string> Ask(PostgresOptions options, const std::string& sql) {
  options.attempts = 1;
  const auto pool = MakePool(options, kAnySchema);
  std::string answer;
  const absl::Status status =
      pool->Transact("asking", PostgresPool::Access::kRead, [&](PostgresSession& session) {
        answer = session.sql().exec(sql)[0][0].c_str();
        return absl::OkStatus();
      });
  if (!status.ok()) return status;
  return answer;
}

void CheckRefused(const absl::StatusOr<std::string>& answer, absl::StatusCode code,
                  const char* remedy) {
  INFO(answer.status().ToString());
  CHECK(answer.status().code() == code);
  CHECK(answer.status().message().find(remedy) != absl::string_view::npos);
}

std::string PasswordOf(const PostgresOptions& options) {
  std::string password = RealFiles().Read(options.password_file).value();
  password.pop_back();
  return password;
}

// An environment variable for the time of a test.
class Environment {
 public:
  Environment(const char* name, const std::string& value) : name_(name) {
    ::setenv(name, value.c_str(), 1);
  }
  ~Environment() { ::unsetenv(name_); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  const char* name_;
};

TEST_CASE("The password comes from a file that nobody else may read, and from nowhere else") {
  PostgresOptions options = SharedCluster().Options("postgres");
  const std::string password = PasswordOf(options);
  base::TempDirForTest folder;
  options.password_file = folder / "password";
  const Environment environment("PGPASSWORD", password);
  using absl::StatusCode;
  CheckRefused(Ask(options, "SELECT 1"), StatusCode::kNotFound, "password");
  REQUIRE(RealFiles().WriteAtomically(options.password_file, password, 0640).ok());
  CheckRefused(Ask(options, "SELECT 1"), StatusCode::kPermissionDenied, "run chmod 600");
  REQUIRE(RealFiles().WriteAtomically(options.password_file, "\n", 0600).ok());
  CheckRefused(Ask(options, "SELECT 1"), StatusCode::kPermissionDenied, "holds no password");
  options.password_file.clear();
  CheckRefused(Ask(options, "SELECT 1"), StatusCode::kPermissionDenied, "password_file");
  options.password_file = folder / "password";
  REQUIRE(RealFiles().WriteAtomically(options.password_file, password + "\n", 0600).ok());
  CHECK(Ask(options, "SELECT 1").value() == "1");
}

TEST_CASE("A wrong password is refused without being repeated") {
  PostgresOptions options = SharedCluster().Options("postgres");
  base::TempDirForTest folder;
  options.password_file = folder / "password";
  const std::string wrong = "it's \\wrong 'really";
  REQUIRE(RealFiles().WriteAtomically(options.password_file, wrong, 0600).ok());
  const auto answer = Ask(options, "SELECT 1");
  CheckRefused(answer, absl::StatusCode::kPermissionDenied, "check user and password_file");
  CHECK(answer.status().message().find(wrong) == absl::string_view::npos);
  CHECK(answer.status().message().find(options.user + "@") != absl::string_view::npos);
}

TEST_CASE("A password that is changed is read again at the next connection") {
  PostgresClusterForTest& cluster = SharedCluster();
  PostgresOptions options = cluster.Options("postgres");
  base::TempDirForTest folder;
  cluster.Psql("postgres", "CREATE ROLE changing LOGIN PASSWORD 'the-first-password'");
  options.user = "changing";
  options.password_file = folder / "password";
  REQUIRE(RealFiles().WriteAtomically(options.password_file, "the-first-password", 0600).ok());
  const auto pool = MakePool(options, kAnySchema);
  const auto ask = [&] {
    return pool->Transact("asking", PostgresPool::Access::kRead, [](PostgresSession& session) {
      session.sql().exec("SELECT 1");
      return absl::OkStatus();
    });
  };
  REQUIRE(ask().ok());
  cluster.Psql("postgres",
               "ALTER ROLE changing PASSWORD 'the-second-password'; "
               "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'changing'");
  CHECK(absl::IsPermissionDenied(ask()));
  REQUIRE(RealFiles().WriteAtomically(options.password_file, "the-second-password", 0600).ok());
  CHECK(ask().ok());
}

TEST_CASE("Neither environment nor server defaults change what a session is") {
  PostgresClusterForTest& cluster = SharedCluster();
  const PostgresOptions options = cluster.NewDatabase();
  cluster.Psql("postgres", "ALTER DATABASE " + options.database +
                               " SET synchronous_commit = off; ALTER DATABASE " + options.database +
                               " SET TimeZone = 'Asia/Tokyo'");
  const Environment host("PGHOST", "/nowhere"), database("PGDATABASE", "other"),
      mode("PGSSLMODE", "require"), settings("PGOPTIONS", "-c statement_timeout=1"),
      encoding("PGCLIENTENCODING", "LATIN1"), address("PGHOSTADDR", "192.0.2.1");
  CHECK(Ask(options, "SELECT current_setting('synchronous_commit')").value() == "on");
  CHECK(Ask(options, "SELECT current_setting('TimeZone')").value() == "UTC");
  CHECK(Ask(options, "SELECT current_setting('client_encoding')").value() == "UTF8");
  CHECK(Ask(options, "SELECT current_setting('statement_timeout')").value() == "30s");
  CHECK(Ask(options, "SELECT current_database()").value() == options.database);
}

TEST_CASE("A database that is not there, or not UTF-8, is refused with what to do") {
  PostgresClusterForTest& cluster = SharedCluster();
  CheckRefused(Ask(cluster.Options("absent"), "SELECT 1"), absl::StatusCode::kFailedPrecondition,
               "CREATE DATABASE");
  cluster.Psql("postgres",
               "CREATE DATABASE plain ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0");
  CheckRefused(Ask(cluster.Options("plain"), "SELECT 1"), absl::StatusCode::kFailedPrecondition,
               "ENCODING 'UTF8'");
}

TEST_CASE("TLS: the server must prove its name by the authority that is configured") {
  const auto cluster = PostgresClusterForTest::Start({"--port", "0", "--tls"});
  SkipWithout(cluster);
  PostgresOptions options = cluster->Options("postgres");
  REQUIRE(options.hosts[0].name == "localhost");
  REQUIRE(!options.root_certificate.empty());
  const char* protocol = "SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
  CHECK(Ask(options, protocol).value().starts_with("TLSv1."));
  using absl::StatusCode;
  PostgresOptions other_name = options;
  other_name.hosts[0].name = "127.0.0.1";
  CheckRefused(Ask(other_name, "SELECT 1"), StatusCode::kPermissionDenied, "root_certificate");
  PostgresOptions absent = options;
  absent.root_certificate = "/nonexistent/ca.pem";
  CheckRefused(Ask(absent, "SELECT 1"), StatusCode::kPermissionDenied, "root_certificate");
  PostgresOptions other_authority = options;
  other_authority.root_certificate = "/etc/ssl/certs/ca-certificates.crt";
  CheckRefused(Ask(other_authority, "SELECT 1"), StatusCode::kPermissionDenied, "root_certificate");
  // A server that cannot do TLS gets nothing in the clear.
  cluster->Stop("fast");
  cluster->StartAgain({"ssl=off"});
  CheckRefused(Ask(options, "SELECT 1"), StatusCode::kPermissionDenied, "ssl = on");
}

}  // namespace
}  // namespace gannet::store
