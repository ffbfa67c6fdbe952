// Commands as an input port of a shard: the command is a recorded input, its handler
// emits it as a fact on ops.commands, and what the engines say comes back over the
// outer bus, so that nobody is told what is not durable. One a shard; in the
// distributed shape the shard is that of the process that faces people.
//
// Journaled and replayable: the handler decides from recorded state alone (which
// requests there have been). That state is bounded: the oldest requests are
// forgotten (kKeptRequests), counted, and could then be given again. Who keeps an audit
// hears of the requests that other processes were given, too, and gives none of them a
// second time; of two that come at once, engines act on one.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/base/digest.h"
#include "libs/bus/bus.h"
#include "libs/bus/topics.h"
#include "libs/command/commands.h"
#include "libs/runtime/service.h"
#include "libs/runtime/shard.h"

namespace gannet::command {

class ShardCommands : public Commands {
 public:
  static constexpr size_t kKeptRequests = 10'000;
  static constexpr size_t kMaxWaiting = 1'000;
  static constexpr size_t kKeptOrders = 10'000;  // of people, whose progress is known
  static constexpr size_t kMaxTextBytes = 1'000;
  static constexpr size_t kMaxIdBytes = 64;
  static constexpr std::string_view kPort = "commands", kAccessPort = "ops.access";
  // Of builds whose notes were on ops.journals; their journals are decided again as they were.
  static constexpr std::string_view kEarlierAccessPort = "access";

  // Before the shard recovers; the parts of `deps` outlive it.
  explicit ShardCommands(runtime::Deps& deps);
  ~ShardCommands() override;
  ShardCommands(const ShardCommands&) = delete;
  ShardCommands& operator=(const ShardCommands&) = delete;

  void Submit(market::Command command, SubmitOptions options, Done done) override;
  void Record(AccessNote note) override;
  // From the first call on with the commands that other processes took.
  const AuditRecord* audit() override;
  // FAILED_PRECONDITION: the bus has commands under our name that are not in our record.
  absl::Status health() const override;

  struct Stats {
    uint64_t submitted = 0, repeated = 0, refused = 0, unanswered = 0, forgotten = 0;
  };
  const Stats& stats() const { return stats_; }

 private:
  using Key = std::pair<std::string, std::string>;  // person, request id
  // What is recorded of a request.
  struct Request {
    base::Sha256Digest digest{};  // of the command
    market::EventId command;
    std::optional<market::CommandAnswer> answer;
    // Not recorded: durable, so that people may be told. All of them after a start.
    bool command_kept = false, answer_kept = false;
    bool earlier_run = false;  // before this start: its order is not heard of again
  };
  // How an order of a person stands, as far as it was heard of since the start.
  struct Order {
    Progress reached = Progress::kAcceptedForRisk;
    market::RejectReason reason = market::RejectReason::kNone;
    std::string detail;
  };
  struct Waiter {
    Key key;
    market::Command command;
    SubmitOptions options;
    Done done;
    bool repeated = false;
    base::TimerId timer = base::TimerId::kNone;
    std::optional<Order> cancel;  // of a cancel: what its target's reports say
  };

  void OnInput(std::string_view bytes, const market::Header& cause);
  void OnAccess(runtime::FactStream<wire::EngineNote>& notes, std::string_view bytes,
                const market::Header& cause);
  void KeepAudit();
  template <class T>
  void Hear(const bus::Topic<T>& topic);
  void Note(const market::Event<market::Command>& event);
  void Note(const market::Event<market::CommandAnswer>& event);
  void NoteOwn(const market::EventId& command);
  Request& Heard(const Key& key);
  const Request* Find(const Key& key) const;
  void Apply(const market::Event<market::Command>& event);
  void Apply(const market::Event<market::CommandAnswer>& event);
  void Resume();
  void OnKept(const Key& key, bool answer);
  void OnDecision(const market::RiskDecision& decision);
  void OnReport(const market::ExecReport& report);
  void OnParent(const market::ParentOrder& parent);
  void OnCancelReport(const market::ExecReport& report);
  Order* OrderOf(const market::StrategyId& strategy, const market::ClientOrderId& id);
  template <class T, class Handler>
  void Watch(const bus::Topic<T>& topic, Handler handler);

  CommandResult ResultOf(const Waiter& waiter) const;
  bool FromEarlierRun(const Waiter& waiter) const;
  void Look();  // answers every waiter whose end is reached
  void LookSoon();
  void Answer(uint64_t waiter, const absl::StatusOr<CommandResult>& result);
  void Fail(Done done, absl::Status status);
  void Log(const market::Command& command, bool repeated);
  void Save(wire::CanonicalWriter& out) const;
  absl::Status Load(wire::CanonicalReader& in);

  runtime::Shard& shard_;
  const uint64_t own_stream_;
  bus::Bus& bus_;
  base::Executor& executor_;
  const base::Clock& clock_;
  telemetry::Log log_;
  AuditRecord recorded_{/*waits=*/false};  // of facts applied here
  AuditRecord shown_{/*waits=*/true};      // of what is durable, other processes' too
  bool hears_others_ = false;
  runtime::FactStream<market::Command> commands_;
  runtime::FactStream<wire::EngineNote> access_, earlier_access_;
  runtime::InputPort port_, access_port_;

  std::map<Key, Request> requests_;  // recorded
  std::deque<Key> in_order_;         // of the same, oldest first
  // What the bus says that other processes were given; as many, not recorded.
  std::map<Key, Request> heard_;
  std::deque<Key> heard_in_order_;
  const base::Time started_;
  uint64_t newest_own_ = 0;    // of the commands under our name, the newest one recorded here,
  uint64_t newest_heard_ = 0;  // and on the bus

  std::map<market::ClientOrderId, Order> orders_;
  std::deque<market::ClientOrderId> orders_in_order_;
  std::map<uint64_t, Waiter> waiting_;
  uint64_t next_waiter_ = 0;
  Stats stats_;
  std::vector<std::unique_ptr<bus::Subscription>> subscriptions_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace gannet::command
