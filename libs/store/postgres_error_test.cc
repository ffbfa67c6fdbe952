#include "libs/store/postgres_error.h"

#include <catch2/catch_test_macros.hpp>
#include <functional>
#include <pqxx/except>

namespace gannet::store {
namespace {

const FailureContext kContext = {"postgres://u@h:1/d", "storing", "geheim", false};

Failure Caught(const std::function<void()>& raise, bool at_commit, bool connected) {
  try {
    raise();
  } catch (...) {
    return CurrentFailure(kContext, at_commit, connected);
  }
  return Failure();
}

TEST_CASE("PostgreSQL errors: each class has its status, its fate and a remedy") {
  struct Row {
    const char* state;
    absl::StatusCode code;
    Fate fate;
    const char* remedy;
  };
  for (const Row& row : std::initializer_list<Row>{
           {"40P01", absl::StatusCode::kUnavailable, Fate::kTryAgain, "holds these rows"},
           {"57P01", absl::StatusCode::kUnavailable, Fate::kTryAgain, "went away"},
           {"08006", absl::StatusCode::kUnavailable, Fate::kTryAgain, "went away"},
           {"25006", absl::StatusCode::kUnavailable, Fate::kTryAgain, "promote"},
           {"57014", absl::StatusCode::kUnavailable, Fate::kTryAgain, "statement_timeout"},
           {"53100", absl::StatusCode::kResourceExhausted, Fate::kRolledBack, "free some space"},
           {"53300", absl::StatusCode::kResourceExhausted, Fate::kTryAgain, "max_connections"},
           {"28P01", absl::StatusCode::kPermissionDenied, Fate::kRolledBack, "password_file"},
           {"42501", absl::StatusCode::kPermissionDenied, Fate::kRolledBack, "must own"},
           {"42P01", absl::StatusCode::kFailedPrecondition, Fate::kRolledBack, "gannet migrate"},
           {"XX001", absl::StatusCode::kDataLoss, Fate::kRolledBack, "backup"},
           {"23514", absl::StatusCode::kInternal, Fate::kRolledBack, "report this"},
           {"0A000", absl::StatusCode::kInternal, Fate::kRolledBack, "server's log"}}) {
    const Failure failure = FailureOf(kContext, row.state, "ERROR:  text");
    INFO(row.state << ": " << failure.status.ToString());
    CHECK(failure.status.code() == row.code);
    CHECK(failure.fate == row.fate);
    CHECK(failure.status.message().find(row.remedy) != absl::string_view::npos);
    CHECK(failure.status.message().find("postgres://u@h:1/d: storing: ERROR: text; ") == 0);
  }
}

TEST_CASE("PostgreSQL errors: the password never shows, and a message is one bounded line") {
  const Failure failure =
      FailureOf(kContext, "XX000", "password=geheim\nand geheim" + std::string(5'000, 'x'));
  CHECK(failure.status.message().find("geheim") == absl::string_view::npos);
  CHECK(failure.status.message().find('\n') == absl::string_view::npos);
  CHECK(failure.status.message().size() < 1'200);
}

TEST_CASE("PostgreSQL errors: only a connection that broke at COMMIT leaves doubt") {
  const auto broken = [] { throw pqxx::broken_connection("gone"); };
  CHECK(Caught(broken, false, false).fate == Fate::kTryAgain);
  CHECK(Caught(broken, true, false).fate == Fate::kInDoubt);
  CHECK(Caught([] { throw pqxx::in_doubt_error("?"); }, true, false).fate == Fate::kInDoubt);
  CHECK(Caught([] { throw pqxx::in_doubt_error("?"); }, false, false).fate == Fate::kTryAgain);
  const auto shutdown = [] { throw pqxx::sql_error("FATAL", "COMMIT", "57P01"); };
  CHECK(Caught(shutdown, true, true).fate == Fate::kInDoubt);
  CHECK(Caught(shutdown, false, true).fate == Fate::kTryAgain);
  const auto constraint = [] { throw pqxx::sql_error("no", "COMMIT", "23503"); };
  CHECK(Caught(constraint, true, true).fate == Fate::kRolledBack);
  CHECK(Caught([] { throw pqxx::deadlock_detected("dead"); }, false, true).fate == Fate::kTryAgain);
  CHECK(Caught([] { throw std::bad_alloc(); }, false, true).status.code() ==
        absl::StatusCode::kResourceExhausted);
  CHECK(Caught([] { throw std::runtime_error("?"); }, false, true).status.code() ==
        absl::StatusCode::kInternal);
}

TEST_CASE("PostgreSQL errors: why a connection was refused is told by the server's words") {
  FailureContext context = kContext;
  context.connecting = true;
  const auto code = [&](const char* text) { return FailureOf(context, "", text).status.code(); };
  using absl::StatusCode;
  CHECK(code("FATAL: password authentication failed for user \"u\"") ==
        StatusCode::kPermissionDenied);
  CHECK(code("FATAL: role \"u\" does not exist") == StatusCode::kPermissionDenied);
  CHECK(code("FATAL: database \"d\" does not exist") == StatusCode::kFailedPrecondition);
  CHECK(code("SSL error: certificate verify failed") == StatusCode::kPermissionDenied);
  CHECK(code("server does not support SSL, but SSL was required") == StatusCode::kPermissionDenied);
  CHECK(code("FATAL: sorry, too many clients already") == StatusCode::kResourceExhausted);
  CHECK(code("session is read-only") == StatusCode::kUnavailable);
  CHECK(code("Connection refused") == StatusCode::kUnavailable);
  CHECK(code("FATAL: the database system is starting up") == StatusCode::kUnavailable);
}

}  // namespace
}  // namespace gannet::store
