#include "libs/store/postgres_options.h"

#include <catch2/catch_test_macros.hpp>
#include <functional>

#include "absl/strings/match.h"

namespace gannet::store {
namespace {

PostgresOptions At(const std::string& host) {
  PostgresOptions options;
  options.hosts = {ParsePostgresHost(host).value()};
  return options;
}

TEST_CASE("A PostgreSQL host is a name, an address or a socket's folder, with a port") {
  CHECK(ParsePostgresHost("db.example")->name == "db.example");
  CHECK(ParsePostgresHost("db.example")->port == 5432);
  CHECK(ParsePostgresHost("db.example:6000")->port == 6000);
  CHECK(ParsePostgresHost("/run/postgresql")->name == "/run/postgresql");
  CHECK(ParsePostgresHost("/tmp/pg:5433")->name == "/tmp/pg");
  CHECK(ParsePostgresHost("[::1]:6000")->name == "::1");
  CHECK(ParsePostgresHost("[::1]")->port == 5432);
  for (const char* bad : {"", ":5432", "db:", "db:0", "db:65536", "db:x", "::1", "[::1", "[::1]5",
                          "d b", "d'b", "d\\b", "a,b", "u@h"}) {
    INFO(bad);
    CHECK(absl::IsInvalidArgument(ParsePostgresHost(bad).status()));
  }
}

TEST_CASE("A PostgreSQL address names user, hosts and database, and never a password") {
  const auto options = ParsePostgresUri("postgres://me@a:1,b:2/books");
  REQUIRE(options.ok());
  CHECK(options->user == "me");
  CHECK(options->database == "books");
  REQUIRE(options->hosts.size() == 2);
  CHECK(options->hosts[1].port == 2);
  CHECK(PlaceOf(*options) == "postgres://me@a:1,b:2/books");
  const auto socket = ParsePostgresUri("postgresql:///run/postgresql/gannet");
  REQUIRE(socket.ok());
  CHECK(socket->hosts[0].name == "/run/postgresql");
  CHECK(socket->database == "gannet");
  CHECK(PlaceOf(At("[::1]:5")) == "postgres://gannet@[::1]:5/gannet");
  for (const char* bad :
       {"", "db:5432", "mysql://db", "postgres://", "postgres:///", "postgres://u@/d"})
    CHECK(absl::IsInvalidArgument(ParsePostgresUri(bad).status()));
  const auto secret = ParsePostgresUri("postgres://me:hunter2@a/books").status();
  CHECK(absl::IsInvalidArgument(secret));
  CHECK(secret.message().find("hunter2") == absl::string_view::npos);
}

TEST_CASE("Beyond this machine PostgreSQL is reached over TLS only") {
  for (const char* host : {"/run/postgresql", "localhost", "127.0.0.1", "127.1.2.3:1", "[::1]"})
    CHECK(CheckOptions(At(host)).ok());
  for (const char* host :
       {"db.example", "10.0.0.1", "127.example", "[2001:db8::1]", "localhost.example"}) {
    INFO(host);
    PostgresOptions options = At(host);
    CHECK(absl::IsInvalidArgument(CheckOptions(options)));
    CHECK(CheckOptions(options).message().find("root_certificate") != absl::string_view::npos);
    options.root_certificate = "/etc/ca.pem";
    CHECK(CheckOptions(options).ok());
    options = At("localhost");  // one of several is enough to need it
    options.hosts.push_back(ParsePostgresHost(host).value());
    CHECK(absl::IsInvalidArgument(CheckOptions(options)));
  }
}

TEST_CASE("PostgreSQL options out of range are refused by the name of their key") {
  const auto refused = [](const std::function<void(PostgresOptions&)>& change, const char* key) {
    PostgresOptions options = At("localhost");
    change(options);
    const absl::Status status = CheckOptions(options);
    INFO(key << ": " << status.ToString());
    CHECK(absl::IsInvalidArgument(status));
    CHECK(absl::StartsWith(status.message(), key));
  };
  refused([](auto& o) { o.hosts.clear(); }, "hosts");
  refused([](auto& o) { o.hosts.resize(9, o.hosts[0]); }, "hosts");
  refused([](auto& o) { o.database = "x' host=evil"; }, "database");
  refused([](auto& o) { o.user = ""; }, "user");
  refused([](auto& o) { o.client_key = "key"; }, "client_certificate");
  refused([](auto& o) { o.max_connections = 0; }, "max_connections");
  refused([](auto& o) { o.max_connections = 65; }, "max_connections");
  refused([](auto& o) { o.connect_timeout = std::chrono::seconds(1); }, "connect_timeout");
  refused([](auto& o) { o.statement_timeout = base::Duration(0); }, "statement_timeout");
  refused([](auto& o) { o.attempts = 0; }, "attempts");
  refused([](auto& o) { o.keep_samples = base::Duration(-1); }, "keep_samples");
}

}  // namespace
}  // namespace gannet::store
