// gannet status | order | position | limits | halt | resume | kill | reconcile | adjust |
// signals | audit: a running process asked over the socket in its data folder, or over TCP.
// Tables for people, the messages of proto/ as JSON for programs.
//
// Each function blocks until it has its answer and gives the exit code.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/files.h"
#include "libs/base/time.h"

namespace gannet::app {

inline constexpr int kControlDone = 0;
inline constexpr int kControlFailed = 1;
inline constexpr int kControlUsage = 2;
inline constexpr int kControlUnreachable = 4;  // no process answers there
inline constexpr int kControlDenied = 5;       // risk, or the service that acts, said no
inline constexpr int kControlNotVerified = 6;  // kill: the venue has not confirmed the end yet
inline constexpr int kControlDifferent = 7;    // reconcile: the two sides are not equal
inline constexpr int kControlUnheard = 8;      // halt, kill: nothing has the name; recorded

struct ControlOptions {
  std::string data_dir;    // of the running process: its socket, its token
  std::string address;     // "127.0.0.1:50051" instead of the socket
  std::string token_file;  // with an address; empty: the one in the data folder
  std::string ca_file;     // with an address over TLS: whom the server's certificate is from
  bool json = false;
  base::Duration timeout = std::chrono::seconds(10);
  std::string request_id;  // of a command; empty: a random one
  std::string reason;
};

struct OrderOptions {
  std::string account = "main/paper";
  std::string instrument, side, quantity, price, stop_price, trail;
  std::string type = "limit", time_in_force = "gtc";
  bool reduce_only = false;
  // A parent order: docs/algos.md
  std::string algo;  // empty: an order
  std::string life, participation, visible, take_profit, stop, stop_limit;
  uint32_t slices = 0, max_children = 0;
  std::vector<uint32_t> weights;
  std::vector<std::string> venues;
  std::string id;  // replace, amend, cancel, show
  // list
  bool open_only = false;
  std::vector<std::string> strategies, instruments;
  int limit = 50;
};

struct AdjustOptions {
  std::string account = "main/paper", venue;
  std::string subject, price, book_as;  // propose
  std::string order, evidence, filled;  // propose, in place of them
  uint64_t proposal = 0;                // approve, reject
};

struct KillOptions {
  bool drill = false;    // measured, and lifted again
  bool keep = false;     // of a drill: not lifted
  bool flatten = false;  // what the venue proves to be held is closed as well
};

struct AuditOptions {
  std::vector<std::string> persons, actions;  // empty: all
  std::optional<base::Time> from, to;         // [from, to)
  int limit = 100;
};

struct Console {
  base::Files& files;
  std::ostream& out;
  std::ostream& err;
};

// order_command.cc
int SubmitOrder(const ControlOptions& control, const OrderOptions& order, Console console);
int ReplaceOrder(const ControlOptions& control, const OrderOptions& order, Console console);
int AmendOrder(const ControlOptions& control, const OrderOptions& order, Console console);
int CancelOrder(const ControlOptions& control, const OrderOptions& order, Console console);
int ListOrders(const ControlOptions& control, const OrderOptions& order, Console console);
int ShowOrder(const ControlOptions& control, const OrderOptions& order, Console console);
// control_command.cc
int ShowStatus(const ControlOptions& control, Console console);
int ListPositions(const ControlOptions& control, Console console);
int Halt(const ControlOptions& control, const std::string& scope, const std::string& state,
         Console console);
int Resume(const ControlOptions& control, const std::string& scope, Console console);
// The newest `count`, then, with `follow`, each as it is made.
int TailSignals(const ControlOptions& control, int count, bool follow, Console console);
// limits_command.cc
// A scope is firm, or account:, strategy:, venue:, instrument: and a name. Empty: all.
int ShowLimits(const ControlOptions& control, const std::string& scope, Console console);
int PrintLimitsFile(const ControlOptions& control, Console console);
int ProposeLimits(const ControlOptions& control, const std::string& file, bool new_names,
                  Console console);
int ListLimitProposals(const ControlOptions& control, bool open_only, Console console);
int ApproveLimits(const ControlOptions& control, uint64_t proposal, Console console);
int RejectLimits(const ControlOptions& control, uint64_t proposal, Console console);
// audit_command.cc
int ListAudit(const ControlOptions& control, const AuditOptions& audit, Console console);
// portfolio_command.cc
int ShowPortfolioRisk(const ControlOptions& control, Console console);
// kill_command.cc
int Kill(const ControlOptions& control, const std::string& scope, const KillOptions& kill,
         Console console);
// truth_command.cc
// `venue` empty: all that execution serves.
int Reconcile(const ControlOptions& control, const std::string& venue, bool dry_run,
              Console console);
int ProposeAdjustment(const ControlOptions& control, const AdjustOptions& adjust, Console console);
int ApproveAdjustment(const ControlOptions& control, const AdjustOptions& adjust, Console console);
int RejectAdjustment(const ControlOptions& control, const AdjustOptions& adjust, Console console);
int ListAdjustments(const ControlOptions& control, Console console);

}  // namespace gannet::app
