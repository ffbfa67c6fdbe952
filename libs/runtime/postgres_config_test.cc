#include "libs/runtime/postgres_config.h"

#include <catch2/catch_test_macros.hpp>
#include <chrono>

#include "libs/config/config.h"

namespace gannet::runtime {
namespace {

absl::StatusOr<store::PostgresOptions> Load(std::string_view text) {
  return config::LoadText<store::PostgresOptions>(
      text, "t.yaml", [](config::Section& in, store::PostgresOptions& out) { Read(in, out); });
}

TEST_CASE("The section of a PostgreSQL is read, and what is left out keeps its default") {
  const auto options = Load(R"(
hosts: ["db1.example:6000", "[::1]"]
database: books
user: me
password_file: /run/secrets/postgres
root_certificate: /etc/ca.pem
max_connections: 8
statement_timeout: 10s
keep_samples: 400d
)");
  INFO(options.status().ToString());
  REQUIRE(options.ok());
  CHECK(store::PlaceOf(*options) == "postgres://me@db1.example:6000,[::1]:5432/books");
  CHECK(options->password_file == "/run/secrets/postgres");
  CHECK(options->max_connections == 8);
  CHECK(options->statement_timeout == std::chrono::seconds(10));
  CHECK(options->keep_samples == std::chrono::hours(24 * 400));
  CHECK(options->attempts == store::PostgresOptions().attempts);
}

TEST_CASE("What is wrong with the section of a PostgreSQL is said by file, line and key") {
  const auto problem = [](std::string_view text) {
    return std::string(Load(text).status().message());
  };
  const auto has = [](const std::string& text, const char* part) {
    INFO(text);
    CHECK(text.find(part) != std::string::npos);
  };
  has(problem("database: x\n"), "hosts");
  has(problem("hosts: []\n"), "hosts");
  has(problem("hosts: [localhost, \"db:x\"]\n"), "t.yaml:1: hosts: 'db:x' has no valid port");
  has(problem("user: me\nhosts: [db.example]\n"),
      "root_certificate: db.example is another machine");
  has(problem("hosts: [localhost]\npassword: secret\n"), "t.yaml:2: password");
  has(problem("hosts: [localhost]\npassword_file: here\n"),
      "t.yaml:2: password_file: 'here' is not");
  has(problem("hosts: [localhost]\nclient_key: /k\n"), "client_certificate");
  has(problem("hosts: [localhost]\nattempts: 0\n"), "t.yaml:2: attempts");
  has(problem("hosts: [localhost]\nmax_connections: 1000\n"), "t.yaml:2: max_connections");
}

}  // namespace
}  // namespace gannet::runtime
