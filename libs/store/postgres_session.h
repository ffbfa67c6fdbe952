// What the work of a transaction is given. For the sources of this library and of
// adapters beside it: it includes libpqxx, whose exceptions the pool translates.
#pragma once

#include <functional>
#include <pqxx/result>
#include <pqxx/transaction_base>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "libs/store/postgres_connection.h"

namespace gannet::store {

class PostgresSession {
 public:
  PostgresSession(PostgresConnection& connection, pqxx::transaction_base& transaction,
                  bool& in_doubt, std::function<void()> touch)
      : connection_(connection),
        transaction_(transaction),
        in_doubt_(in_doubt),
        touch_(std::move(touch)) {}

  pqxx::transaction_base& sql() { return transaction_; }

  template <class... Args>
  pqxx::result Run(const PreparedStatement& statement, const Args&... args) {
    touch_();
    connection_.PrepareOnce(statement);
    return transaction_.exec_prepared(statement.name, args...);
  }

  // See PostgresConnection::CopyIn. An error ends the transaction: return it.
  absl::Status CopyIn(const std::string& statement, const std::function<bool(std::string&)>& next) {
    touch_();
    failure_ = connection_.CopyIn(statement, next, touch_);
    return failure_.status;
  }

  // An earlier attempt of this transaction broke at COMMIT: it may have been kept.
  bool in_doubt() const { return in_doubt_; }
  // The work has found out that it was not.
  void SettleDoubt() { in_doubt_ = false; }
  // Of CopyIn.
  const Failure& failure() const { return failure_; }
  // Gives the server its time anew: between the statements of a long transaction.
  void Touch() { touch_(); }

 private:
  PostgresConnection& connection_;
  pqxx::transaction_base& transaction_;
  bool& in_doubt_;
  const std::function<void()> touch_;
  Failure failure_;
};

}  // namespace gannet::store
