// What the exceptions of libpqxx mean: the status for a person and what may be
// done next. For the sources of this library.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace gannet::store {

// What became of a transaction that threw.
enum class Fate : uint8_t {
  kRolledBack,  // certainly; trying again would fail again
  kTryAgain,    // certainly rolled back, by an outage or a conflict that passes
  kInDoubt,     // the connection broke at COMMIT: kept or not, only the database knows
};

struct Failure {
  absl::Status status;
  Fate fate = Fate::kRolledBack;
};

struct FailureContext {
  std::string place;  // where, without secrets: "postgres://gannet@db:5432/gannet"
  std::string_view what;
  std::string_view password;  // cut out of the text wherever it might appear
  bool connecting = false;
};

// In a catch block: the exception under way. `at_commit`: thrown by COMMIT itself;
// `connected`: the connection has survived.
Failure CurrentFailure(const FailureContext& context, bool at_commit, bool connected);

// By the five characters PostgreSQL gives with each error (SQLSTATE, appendix A of
// its manual); empty: none came. `text` is the server's.
Failure FailureOf(const FailureContext& context, std::string_view sqlstate, std::string_view text);

}  // namespace gannet::store
