#include "libs/store/postgres_connection.h"

#include <fcntl.h>
#include <libpq-fe.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <pqxx/nontransaction>
#include <utility>

#include "libs/base/concat.h"
#include "libs/base/status.h"

namespace gannet::store {
namespace {

constexpr int kOldestServer = 130'000;  // PostgreSQL 13
constexpr size_t kCopyChunkBytes = 256 << 10;

std::string Quoted(std::string_view value) {
  std::string out = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

// Every setting is stated, so that neither the environment (PGHOST, PGPASSWORD …)
// nor a file in somebody's home decides.
std::string ConnectionString(const PostgresOptions& options, const std::string& password) {
  std::string hosts, ports;
  for (const PostgresHost& host : options.hosts) {
    const char* comma = hosts.empty() ? "" : ",";
    hosts += comma + host.name;
    ports += comma + std::to_string(host.port);
  }
  const bool tls = !options.root_certificate.empty();
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(options.connect_timeout).count();
  std::string text;
  const auto add = [&text](std::string_view key, std::string_view value) {
    text += base::Concat({key, "=", Quoted(value), " "});
  };
  add("host", hosts);
  add("hostaddr", "");
  add("port", ports);
  add("dbname", options.database);
  add("user", options.user);
  add("password", password);
  add("passfile", "/nonexistent/pgpass");  // libpq would look into the home folder otherwise
  add("application_name", options.program);
  add("sslmode", tls ? "verify-full" : "disable");
  if (tls) {
    add("sslrootcert", options.root_certificate);
    add("ssl_min_protocol_version", "TLSv1.2");
    add("sslcert",
        options.client_certificate.empty() ? "/nonexistent/cert" : options.client_certificate);
    add("sslkey", options.client_key.empty() ? "/nonexistent/key" : options.client_key);
  }
  add("gssencmode", "disable");
  add("target_session_attrs", "read-write");
  add("connect_timeout", std::to_string(seconds));
  add("keepalives", "1");
  add("keepalives_idle", "10");
  add("keepalives_interval", "5");
  add("keepalives_count", "3");
  add("tcp_user_timeout", std::to_string(std::chrono::ceil<std::chrono::milliseconds>(
                                             options.statement_timeout + options.connect_timeout)
                                             .count()));
  add("client_encoding", "UTF8");
  add("options", "");
  return text;
}

}  // namespace

// Connects as libpqxx does, and keeps the handle in sight.
class PostgresConnection::Policy : public pqxx::connect_direct {
 public:
  explicit Policy(const std::string& options) : pqxx::connect_direct(options) {}
  handle do_startconnect(handle old) override {
    last_ = pqxx::connect_direct::do_startconnect(old);
    return last_;
  }
  // Of the connection made last on this thread.
  static handle last() { return last_; }

 private:
  static thread_local handle last_;
};
thread_local PostgresConnection::Policy::handle PostgresConnection::Policy::last_ = nullptr;

absl::StatusOr<std::unique_ptr<PostgresConnection>> PostgresConnection::Open(
    base::Files& files, const PostgresOptions& options, Failure* failure) {
  *failure = Failure();
  const auto fail = [failure](absl::Status status) {
    failure->status = status;
    return status;
  };
  std::unique_ptr<PostgresConnection> connection(new PostgresConnection(options));
  auto password = ReadPassword(files, options.password_file);
  if (!password.ok()) return fail(password.status());
  connection->password_ = *std::move(password);
  FailureContext context = connection->Context("connecting");
  context.connecting = true;
  try {
    connection->db_ = std::make_unique<pqxx::basic_connection_base<Policy>>(
        ConnectionString(options, connection->password_));
    connection->raw_ = Policy::last();
    connection->cut_off_fd_ = ::fcntl(connection->db_->sock(), F_DUPFD_CLOEXEC, 0);
    if (absl::Status greeted = connection->Greet(options); !greeted.ok()) return fail(greeted);
  } catch (...) {
    // Once connected, the server's errors have their codes.
    context.connecting = connection->db_ == nullptr;
    *failure = CurrentFailure(context, false, connection->db_ != nullptr);
    return failure->status;
  }
  return connection;
}

PostgresConnection::~PostgresConnection() {
  notices_.reset();  // before the connection it is registered with
  db_.reset();
  if (cut_off_fd_ >= 0) ::close(cut_off_fd_);
}

absl::Status PostgresConnection::Greet(const PostgresOptions& options) {
  notices_ = std::make_unique<pqxx::quiet_errorhandler>(*db_);
  // A session that came back by itself would have lost its settings and its place in
  // a transaction: the pool makes a new one instead.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  db_->inhibit_reactivation(true);
#pragma GCC diagnostic pop
  if (db_->server_version() < kOldestServer) {
    return absl::FailedPreconditionError(
        base::Concat({place_, ": PostgreSQL ", std::to_string(db_->server_version() / 10'000),
                      " is older than 13; update the server"}));
  }
  const auto ms = [](base::Duration d) {
    return std::to_string(std::chrono::ceil<std::chrono::milliseconds>(d).count());
  };
  pqxx::nontransaction session(*db_);
  // A transaction whose program has died must not hold its locks for long.
  session.exec(
      base::Concat({"SET statement_timeout = ", ms(options.statement_timeout),
                    "; SET lock_timeout = ", ms(options.lock_timeout),
                    "; SET idle_in_transaction_session_timeout = ", ms(options.statement_timeout),
                    "; SET TimeZone = 'UTC'; SET client_min_messages = warning"
                    "; SET standard_conforming_strings = on; SET search_path = ''"}));
  const auto row = session.exec(
      "SELECT current_setting('server_encoding'), current_setting('synchronous_commit')")[0];
  if (std::string_view(row[0].c_str()) != "UTF8") {
    return absl::FailedPreconditionError(
        base::Concat({place_, ": the database's encoding is ", row[0].c_str(),
                      "; make one with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"}));
  }
  // What is acknowledged here is durable there, whatever the server's default.
  if (std::string_view(row[1].c_str()) == "off") session.exec("SET synchronous_commit = on");
  return absl::OkStatus();
}

void PostgresConnection::CutOff() { ::shutdown(cut_off_fd_, SHUT_RDWR); }

FailureContext PostgresConnection::Context(std::string_view what) const {
  return {place_, what, password_, false};
}

void PostgresConnection::PrepareOnce(const PreparedStatement& statement) {
  if (!prepared_.insert(statement.name).second) return;
  db_->prepare(statement.name, statement.sql);
}

Failure PostgresConnection::CopyIn(const std::string& statement,
                                   const std::function<bool(std::string&)>& next,
                                   const std::function<void()>& progress) {
  const auto is = [this](PGresult* raw, ExecStatusType wanted, Failure& failure) {
    const std::unique_ptr<PGresult, decltype(&PQclear)> result(raw, &PQclear);
    if (PQresultStatus(raw) == wanted) return true;
    const char* state = PQresultErrorField(raw, PG_DIAG_SQLSTATE);
    const bool lost = PQstatus(raw_) != CONNECTION_OK;
    failure = FailureOf(Context("copying rows"), lost || state == nullptr ? "08006" : state,
                        PQerrorMessage(raw_));
    if (lost) alive_ = false;
    return false;
  };
  Failure failure;
  if (!is(PQexec(raw_, statement.c_str()), PGRES_COPY_IN, failure)) return failure;
  std::string chunk;
  chunk.reserve(2 * kCopyChunkBytes);
  for (bool more = true; more;) {
    more = next(chunk);
    if (more && chunk.size() < kCopyChunkBytes) continue;
    // What went wrong is said by the result below.
    if (PQputCopyData(raw_, chunk.data(), static_cast<int>(chunk.size())) != 1) break;
    chunk.clear();
    progress();
  }
  PQputCopyEnd(raw_, nullptr);
  (void)is(PQgetResult(raw_), PGRES_COMMAND_OK, failure);
  while (PGresult* extra = PQgetResult(raw_)) PQclear(extra);
  return failure;
}

}  // namespace gannet::store
