#include "libs/store/postgres_error.h"

#include <new>
#include <pqxx/except>
#include <stdexcept>

#include "libs/base/concat.h"

namespace gannet::store {
namespace {

constexpr size_t kMaxTextBytes = 1'000;
constexpr std::string_view kRedacted = "(not shown)";

// One line, bounded, without the password.
std::string Clean(std::string_view text, std::string_view password) {
  std::string out;
  for (const char c : text.substr(0, kMaxTextBytes)) {
    const bool space = c == '\n' || c == '\t' || c == '\r' || c == ' ';
    if (!space) {
      out += c;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  if (!password.empty()) {
    for (size_t at = out.find(password); at != std::string::npos;
         at = out.find(password, at + kRedacted.size()))
      out.replace(at, password.size(), kRedacted);
  }
  return out;
}

bool Mentions(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// libpqxx tells some errors by type alone, without their code.
std::string StateOf(const pqxx::sql_error& error) {
  if (!error.sqlstate().empty()) return error.sqlstate();
  const auto is = [&error]<class E>(const E*) { return dynamic_cast<const E*>(&error) != nullptr; };
  using namespace pqxx;
  if (is(static_cast<insufficient_privilege*>(nullptr))) return "42501";
  if (is(static_cast<undefined_table*>(nullptr))) return "42P01";
  if (is(static_cast<undefined_column*>(nullptr))) return "42703";
  if (is(static_cast<undefined_function*>(nullptr))) return "42883";
  if (is(static_cast<disk_full*>(nullptr))) return "53100";
  if (is(static_cast<insufficient_resources*>(nullptr))) return "53000";
  if (is(static_cast<data_exception*>(nullptr))) return "22000";
  if (is(static_cast<integrity_constraint_violation*>(nullptr))) return "23000";
  return "XX000";
}

struct Meaning {
  absl::StatusCode code;
  Fate fate;
  std::string_view remedy;
};

// libpq gives no SQLSTATE when a connection is refused, only the server's words.
Meaning MeaningOfConnect(std::string_view text) {
  using absl::StatusCode;
  if (Mentions(text, "authentication failed") || Mentions(text, "no password supplied") ||
      Mentions(text, "pg_hba.conf") || (Mentions(text, "role") && Mentions(text, "does not exist")))
    return {StatusCode::kPermissionDenied, Fate::kRolledBack,
            "check user and password_file, and the server's pg_hba.conf"};
  if (Mentions(text, "does not exist") && Mentions(text, "database"))
    return {StatusCode::kFailedPrecondition, Fate::kRolledBack,
            "create the database (CREATE DATABASE … ENCODING 'UTF8'), or mend the key database"};
  if (Mentions(text, "root certificate") || Mentions(text, "certificate verify failed") ||
      Mentions(text, "server certificate for") || Mentions(text, "does not match host name"))
    return {StatusCode::kPermissionDenied, Fate::kRolledBack,
            "root_certificate must name the authority that signed the server's certificate, and "
            "hosts the name in it"};
  if (Mentions(text, "does not support SSL"))
    return {StatusCode::kPermissionDenied, Fate::kRolledBack,
            "switch TLS on at the server (ssl = on): nothing is sent in the clear"};
  if (Mentions(text, "too many clients") || Mentions(text, "too many connections") ||
      Mentions(text, "remaining connection slots"))
    return {StatusCode::kResourceExhausted, Fate::kTryAgain,
            "lower max_connections of the programs, or raise the server's"};
  if (Mentions(text, "read-only"))
    return {StatusCode::kUnavailable, Fate::kTryAgain,
            "no host takes writes: promote one, or name the primary in hosts"};
  return {StatusCode::kUnavailable, Fate::kTryAgain,
          "start the server, or mend the key hosts; it is tried again"};
}

Meaning MeaningOfState(std::string_view state) {
  using absl::StatusCode;
  const std::string_view kind = state.substr(0, 2);
  if (state == "40001" || state == "40P01" || state == "55P03")
    return {StatusCode::kUnavailable, Fate::kTryAgain, "another program holds these rows"};
  if (state == "57014")
    return {StatusCode::kUnavailable, Fate::kTryAgain,
            "the server is slow: raise statement_timeout, or see what it is doing "
            "(pg_stat_activity)"};
  if (state == "25006")
    return {StatusCode::kUnavailable, Fate::kTryAgain,
            "this server takes no writes: promote it, or name the primary in hosts"};
  if (kind == "08" || state.substr(0, 3) == "57P" || state == "25P03")
    return {StatusCode::kUnavailable, Fate::kTryAgain, "the server went away; it is tried again"};
  if (state == "53300")
    return {StatusCode::kResourceExhausted, Fate::kTryAgain,
            "lower max_connections of the programs, or raise the server's"};
  if (state == "53100")
    return {StatusCode::kResourceExhausted, Fate::kRolledBack,
            "the server's disk is full: free some space there"};
  if (kind == "53")
    return {StatusCode::kResourceExhausted, Fate::kTryAgain, "the server is short of memory"};
  if (kind == "28")
    return {StatusCode::kPermissionDenied, Fate::kRolledBack, "check user and password_file"};
  if (state == "42501")
    return {StatusCode::kPermissionDenied, Fate::kRolledBack,
            "the role must own the schema gannet: run gannet migrate as the same user"};
  if (state == "42P01" || state == "42703" || state == "3F000" || state == "42883")
    return {StatusCode::kFailedPrecondition, Fate::kRolledBack,
            "the schema is not this program's: run gannet migrate"};
  if (state == "XX001" || state == "XX002")
    return {StatusCode::kDataLoss, Fate::kRolledBack,
            "the server found damaged data: restore it from a backup"};
  if (kind == "22" || kind == "23")
    return {StatusCode::kInternal, Fate::kRolledBack, "please report this: a row was refused"};
  return {StatusCode::kInternal, Fate::kRolledBack, "see the server's log"};
}

Failure Make(const FailureContext& context, const Meaning& meaning, std::string_view text) {
  return {absl::Status(meaning.code,
                       base::Concat({context.place, ": ", context.what, ": ",
                                     Clean(text, context.password), "; ", meaning.remedy})),
          meaning.fate};
}

Failure Lost(const FailureContext& context, std::string_view text, Fate fate) {
  const std::string_view remedy =
      fate == Fate::kInDoubt
          ? "whether it was kept is looked up when the server is back"
          : "nothing of this transaction was kept; it is tried again when the server is back";
  return Make(context, {absl::StatusCode::kUnavailable, fate, remedy}, text);
}

}  // namespace

Failure FailureOf(const FailureContext& context, std::string_view sqlstate, std::string_view text) {
  if (context.connecting) return Make(context, MeaningOfConnect(text), text);
  return Make(context, MeaningOfState(sqlstate), text);
}

Failure CurrentFailure(const FailureContext& context, bool at_commit, bool connected) {
  const Fate when_lost = at_commit ? Fate::kInDoubt : Fate::kTryAgain;
  try {
    throw;
  } catch (const pqxx::in_doubt_error& e) {
    return Lost(context, e.what(), when_lost);  // no doubt about what only reads
  } catch (const pqxx::statement_completion_unknown& e) {
    return Lost(context, e.what(), when_lost);
  } catch (const pqxx::sql_error& e) {
    const std::string state = StateOf(e);
    Failure failure = FailureOf(context, state, e.what());
    // The server's last words may have overtaken the answer to COMMIT.
    if (at_commit && (!connected || state.starts_with("57P"))) failure.fate = Fate::kInDoubt;
    return failure;
  } catch (const pqxx::broken_connection& e) {
    if (context.connecting) return Make(context, MeaningOfConnect(e.what()), e.what());
    return Lost(context, e.what(), when_lost);
  } catch (const pqxx::transaction_rollback& e) {  // serialization failures and deadlocks
    return Make(context, MeaningOfState("40001"), e.what());
  } catch (const std::bad_alloc&) {
    return {absl::ResourceExhaustedError(base::Concat(
                {context.place, ": ", context.what, ": out of memory; ask for a shorter range"})),
            Fate::kRolledBack};
  } catch (const std::exception& e) {
    if (!connected) return Lost(context, e.what(), when_lost);
    return Make(context, {absl::StatusCode::kInternal, Fate::kRolledBack, "please report this"},
                e.what());
  }
}

}  // namespace gannet::store
