// What people ask of the running platform: cancel, halt, resume, kill, orders by
// hand, other limits. Whoever faces a person (page, RPC, command line) submits commands here and
// is told how far they came.
//
// A command becomes a fact on ops.commands before anything acts on it; risk,
// strategy and execution answer on ops.answers. That is the same in one process and
// over Kafka. The acting person is in the command, in the answer and in the log; it
// is the authenticated caller, never what a request claims.
//
// A request id names a command of its person for ever: the same one again gets the
// first answer, another command under it is refused.
#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/command/audit.h"
#include "libs/market/account.h"
#include "libs/market/header.h"
#include "libs/market/order.h"

namespace gannet::command {

// How far a command has come; of an order in this order.
enum class Progress : uint8_t {
  kRecorded = 1,     // on disk here; no engine has answered yet
  kRefused,          // an engine said why nothing was done: the end
  kApplied,          // kill, resume, states, cancel-all, drain: done: the end
  kAcceptedForRisk,  // the intent is made
  kDenied,           // by risk, or by execution's own gate: see reason: the end
  kPermitted,        // risk said yes
  kJournaled,        // execution will send it (or cancels), whatever happens: the end
};
const char* Name(Progress progress);

struct CommandResult {
  Progress reached = Progress::kRecorded;
  market::EventId command;      // of the event on ops.commands
  market::ClientOrderId order;  // of the intent; of a cancel: of the cancel's own intent
  market::RejectReason reason = market::RejectReason::kNone;  // kDenied
  uint64_t proposal = 0;                                      // of limits
  std::string detail;                                         // for people
  bool repeated = false;  // this request id had been seen before
};

struct SubmitOptions {
  // Answers as soon as this is reached, or an end.
  Progress wait_for = Progress::kJournaled;
  // Answers with what is reached by then.
  base::Duration patience = std::chrono::seconds(5);
};

class Commands {
 public:
  using Done = std::function<void(const absl::StatusOr<CommandResult>&)>;

  virtual ~Commands() = default;

  // `done` runs once, on the executor's thread, never within this call. Call on the
  // executor's thread, outside a turn of the shard. `command.person` and
  // `command.request_id` are required.
  //   INVALID_ARGUMENT    a field is missing or too long
  //   ALREADY_EXISTS      the request id belongs to another command
  //   RESOURCE_EXHAUSTED  too many commands wait for their answer; try again
  //   UNAVAILABLE         the journal or the bus has failed, or the process ends
  virtual void Submit(market::Command command, SubmitOptions options, Done done) = 0;

  // Not OK: what is given here may be taken for something else; says what helps.
  virtual absl::Status health() const { return absl::OkStatus(); }

  // What somebody did beside commands, for the audit; nobody waits for it. On the
  // executor's thread, outside a turn of the shard.
  virtual void Record(AccessNote) {}
  // Who did what, as far as it is durable; null: not kept here. Lives as long as this.
  virtual const AuditRecord* audit() { return nullptr; }
};

// Makes up what a cancel by id needs.
market::Command CancelOrder(std::string person, std::string request_id, market::AccountId account,
                            market::ClientOrderId target, std::string reason);

}  // namespace gannet::command
