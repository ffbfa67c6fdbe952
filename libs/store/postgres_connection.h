// One connection: libpqxx for statements and transactions, and beneath it the
// handle of libpq for COPY and for cutting off a server that has fallen silent.
// For the sources of this library and of adapters beside it: it includes libpqxx.
#pragma once

#include <functional>
#include <memory>
#include <pqxx/basic_connection>
#include <pqxx/connection>
#include <pqxx/result>
#include <pqxx/transaction>
#include <set>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/files.h"
#include "libs/store/postgres_error.h"
#include "libs/store/postgres_options.h"

namespace gannet::store {

// A statement by name: prepared once a connection, at its first use.
struct PreparedStatement {
  std::string name;
  std::string sql;
};

class PostgresConnection {
 public:
  // UNAVAILABLE: nobody answers. PERMISSION_DENIED: password file, password, TLS or
  // rights. FAILED_PRECONDITION: not a server or database for us.
  static absl::StatusOr<std::unique_ptr<PostgresConnection>> Open(base::Files& files,
                                                                  const PostgresOptions& options,
                                                                  Failure* failure);
  ~PostgresConnection();
  PostgresConnection(const PostgresConnection&) = delete;
  PostgresConnection& operator=(const PostgresConnection&) = delete;

  pqxx::connection_base& db() { return *db_; }
  bool alive() const { return alive_ && db_->is_open(); }
  void MarkBroken() { alive_ = false; }
  // Ends the conversation from another thread: whoever waits for the server wakes
  // up with a broken connection.
  void CutOff();

  // Sends what `next` appends to its argument, until it returns false, as the rows
  // of `statement` ("COPY … FROM STDIN"). Inside a transaction.
  Failure CopyIn(const std::string& statement, const std::function<bool(std::string&)>& next,
                 const std::function<void()>& progress);
  void PrepareOnce(const PreparedStatement& statement);

  FailureContext Context(std::string_view what) const;

 private:
  class Policy;
  explicit PostgresConnection(const PostgresOptions& options) : place_(PlaceOf(options)) {}
  absl::Status Greet(const PostgresOptions& options);

  const std::string place_;
  std::string password_;
  std::unique_ptr<pqxx::errorhandler> notices_;
  std::unique_ptr<pqxx::connection_base> db_;
  pqxx::connectionpolicy::handle raw_ = nullptr;  // owned by db_
  int cut_off_fd_ = -1;  // a duplicate, so that its number cannot come to name something else
  bool alive_ = true;
  std::set<std::string> prepared_;
};

}  // namespace gannet::store
