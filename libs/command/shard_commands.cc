#include "libs/command/shard_commands.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status.h"
#include "libs/base/utf8.h"
#include "libs/bus/access_topic.h"
#include "libs/market/manual.h"
#include "libs/market/names.h"
#include "libs/market/strategy_process.h"
#include "libs/wire/codec.h"

namespace gannet::command {
namespace {

using market::CommandKind;

// Event times are the shard's: what names the command is its value alone.
std::string Encode(const market::Command& command) {
  market::Event<market::Command> event;
  event.value = command;
  return wire::Encode(event);
}

absl::Status Check(const market::Command& command) {
  const auto refuse = [](std::string why) { return absl::InvalidArgumentError(std::move(why)); };
  if (command.person.empty()) return refuse("a command names the person who gives it; sign in");
  if (command.request_id.empty())
    return refuse("request_id is empty; make one up for each command, for example a UUID");
  for (const std::string* id : {&command.person, &command.request_id}) {
    if (id->size() > ShardCommands::kMaxIdBytes)
      return refuse(absl::StrCat("person and request_id have at most ", ShardCommands::kMaxIdBytes,
                                 " bytes; shorten them"));
  }
  if (command.reason.size() > ShardCommands::kMaxTextBytes ||
      command.scope.name.size() > ShardCommands::kMaxTextBytes) {
    return refuse(
        absl::StrCat("a reason has at most ", ShardCommands::kMaxTextBytes, " bytes; shorten it"));
  }
  if (market::IsAboutOrder(command.kind) != command.order.has_value())
    return refuse("commands about an order carry it, others do not");
  if (command.kind == CommandKind::kProposeLimits) {
    if (command.text.empty()) return refuse("the limits file is empty; give the whole file");
    if (command.text.size() > market::kMaxLimitsFile)
      return refuse(
          absl::StrCat("a limits file has at most ", market::kMaxLimitsFile, " bytes; shorten it"));
    if (!base::IsUtf8(command.text))
      return refuse("the limits file is not UTF-8 text; give the YAML file");
  } else if (!command.text.empty()) {
    return refuse("only a proposal of limits carries a text");
  }
  if (!command.order) return absl::OkStatus();
  const market::OrderRequest& order = *command.order;
  const bool places = command.kind == CommandKind::kSubmitOrder;
  if (order.account.empty()) return refuse("account is empty; write it as tenant/account");
  if (places && order.instrument.empty())
    return refuse("instrument is empty; write it as venue:symbol");
  if (!places && order.target.empty())
    return refuse("client_order_id is empty; name the order that is meant");
  for (const std::string* text :
       {&order.account.text(), &order.instrument.text(), &order.target.text()}) {
    if (text->size() > ShardCommands::kMaxTextBytes)
      return refuse("a name is too long; correct it");
  }
  if (command.kind == CommandKind::kAmendOrder) {
    if (order.quantity.mantissa < 0 || order.price.mantissa < 0)
      return refuse("price and quantity must be above 0, or left out: as they are");
    if (order.quantity.mantissa == 0 && order.price.mantissa == 0)
      return refuse("nothing is to change; give a price, a quantity or both");
  } else if (command.kind != CommandKind::kCancelOrder && order.quantity.mantissa <= 0) {
    return refuse("quantity must be above 0");
  }
  return absl::OkStatus();
}

// Less risk, never more.
bool OnlyStops(const market::Command& command) {
  return command.kind == CommandKind::kKill || command.kind == CommandKind::kCancelOrder ||
         command.kind == CommandKind::kCancelAll ||
         (command.kind == CommandKind::kSetTradingState &&
          command.state != market::TradingState::kActive);
}

bool IsEnd(Progress progress) {
  return progress == Progress::kRefused || progress == Progress::kApplied ||
         progress == Progress::kDenied || progress == Progress::kJournaled;
}

}  // namespace

const char* Name(Progress progress) {
  switch (progress) {
    case Progress::kRecorded:
      return "RECORDED";
    case Progress::kRefused:
      return "REFUSED";
    case Progress::kApplied:
      return "APPLIED";
    case Progress::kAcceptedForRisk:
      return "ACCEPTED_FOR_RISK";
    case Progress::kDenied:
      return "DENIED";
    case Progress::kPermitted:
      return "PERMITTED";
    case Progress::kJournaled:
      return "JOURNALED";
  }
  return "?";
}

market::Command CancelOrder(std::string person, std::string request_id, market::AccountId account,
                            market::ClientOrderId target, std::string reason) {
  market::Command command;
  command.kind = CommandKind::kCancelOrder;
  command.scope = {market::ScopeKind::kAccount, account.text()};
  command.reason = std::move(reason);
  command.person = std::move(person);
  command.request_id = std::move(request_id);
  command.order.emplace();
  command.order->account = std::move(account);
  command.order->target = std::move(target);
  return command;
}

ShardCommands::ShardCommands(runtime::Deps& deps)
    : shard_(deps.shard),
      own_stream_(market::StreamNumber(deps.shard.options().name)),
      bus_(deps.bus),
      executor_(deps.executor),
      clock_(deps.clock),
      log_(deps.log.For("commands")),
      commands_(
          deps.shard, bus::kCommands, [this](const auto& event) { Apply(event); },
          /*essential=*/true),
      access_(deps.shard, bus::kAccess, [this](const auto& event) { recorded_.Apply(event); }),
      earlier_access_(deps.shard, bus::kJournals,
                      [this](const auto& event) { recorded_.Apply(event); }),
      port_(deps.shard.AddInput(
          std::string(kPort),
          [this](std::string_view bytes, const market::Header& cause) { OnInput(bytes, cause); })),
      access_port_(deps.shard.AddInput(std::string(kAccessPort),
                                       [this](std::string_view bytes, const market::Header& cause) {
                                         OnAccess(access_, bytes, cause);
                                       })),
      started_(deps.clock.Now()) {
  shard_.AddInput(std::string(kEarlierAccessPort),
                  [this](std::string_view bytes, const market::Header& cause) {
                    OnAccess(earlier_access_, bytes, cause);
                  });
  // An answer from another process is a recorded input. The bus may have told its watcher
  // below of it before: who waits is told once both are so.
  shard_.Consume<market::CommandAnswer>(
      bus::kAnswers, [this](const auto& event) { Apply(event); },
      [this](const auto& event) {
        shard_.AfterDurable([this, alive = std::weak_ptr<bool>(alive_),
                             key = Key(event.value.person, event.value.request_id)] {
          if (alive.expired()) return;
          OnKept(key, /*answer=*/true);
          Look();
        });
      });
  shard_.AddState({.name = "commands",
                   .save = [this](wire::CanonicalWriter& out) { Save(out); },
                   .load = [this](wire::CanonicalReader& in) { return Load(in); },
                   .resume = [this](const market::Header&) { Resume(); },
                   .since_later = true});
  KeepAudit();
  // Only what is durable is heard: people are told nothing else.
  Watch(bus::kCommands, [this](const market::Command& value) {
    OnKept({value.person, value.request_id}, /*answer=*/false);
  });
  Watch(bus::kAnswers, [this](const market::CommandAnswer& value) {
    OnKept({value.person, value.request_id}, /*answer=*/true);
  });
  Watch(bus::kRiskDecisions, [this](const market::RiskDecision& value) { OnDecision(value); });
  Watch(bus::kOrderParents, [this](const market::ParentOrder& value) { OnParent(value); });
  Watch(bus::kExecReports, [this](const market::ExecReport& value) { OnReport(value); });
}

ShardCommands::~ShardCommands() {
  *alive_ = false;
  for (auto& [id, waiter] : waiting_) executor_.Cancel(waiter.timer);
}

// Facts of this process are heard from the shard, without their way to the bus and back;
// the bus then says them again.
template <class T, class Handler>
void ShardCommands::Watch(const bus::Topic<T>& topic, Handler handler) {
  const auto told = std::make_shared<market::EventId>();
  shard_.WatchDurable<T>(
      topic, [this, alive = std::weak_ptr<bool>(alive_), told, handler](const auto& event) {
        if (alive.expired()) return;
        *told = event.header.id;
        handler(event.value);
        bus_.Distant() ? Look() : LookSoon();
      });
  const size_t index = subscriptions_.size();
  subscriptions_.push_back(bus_.Subscribe<T>(
      topic, {.group = "", .start = bus::Start::kLatest},
      [this, index, told, handler](const market::Event<T>& event, bus::Position position) {
        const market::EventId& id = event.header.id;
        if (id.stream != told->stream || id.sequence > told->sequence) {
          handler(event.value);
          Look();
        }
        subscriptions_[index]->Ack(position);
      }));
}

// Behind what the bus is about to tell others of the same turn: an order's rows, for one.
void ShardCommands::LookSoon() {
  if (waiting_.empty()) return;
  executor_.Post([this, alive = std::weak_ptr<bool>(alive_)] {
    if (!alive.expired()) Look();
  });
}

// --- coming in -----------------------------------------------------------------

void ShardCommands::Submit(market::Command command, SubmitOptions options, Done done) {
  if (absl::Status status = Check(command); !status.ok()) return Fail(std::move(done), status);
  // Neither a bus that is behind nor a full disk keeps anybody from stopping.
  if (absl::Status status = shard_.health();
      !status.ok() && !(absl::IsResourceExhausted(status) && OnlyStops(command))) {
    return Fail(std::move(done), absl::UnavailableError(status.message()));
  }
  // What stops a scope has room of its own, whatever waits.
  const bool switches = OnlyStops(command) && command.kind != CommandKind::kCancelOrder;
  if (waiting_.size() >= (switches ? 2 * kMaxWaiting : kMaxWaiting)) {
    return Fail(std::move(done),
                absl::ResourceExhaustedError(absl::StrCat(
                    kMaxWaiting, " commands wait for their answer; try again in a second")));
  }
  Key key{command.person, command.request_id};
  const std::string bytes = Encode(command);
  const Request* const seen = Find(key);
  const bool repeated = seen != nullptr;
  if (repeated && seen->digest != base::Sha256(bytes)) {
    return Fail(std::move(done), absl::AlreadyExistsError(absl::StrCat(
                                     "request_id ", command.request_id,
                                     " was given to another command; make up a new one")));
  }
  Log(command, repeated);
  ++(repeated ? stats_.repeated : stats_.submitted);
  const bool given_elsewhere = repeated && !requests_.contains(key);
  const bool in_flight = std::any_of(waiting_.begin(), waiting_.end(),
                                     [&key](const auto& entry) { return entry.second.key == key; });
  const uint64_t id = ++next_waiter_;
  Waiter& waiter = waiting_[id];
  waiter = {.key = std::move(key),
            .command = std::move(command),
            .options = options,
            .done = std::move(done),
            .repeated = repeated};
  waiter.timer = executor_.After(options.patience, [this, id] {
    const auto late = waiting_.find(id);
    if (late == waiting_.end()) return;
    CommandResult result = ResultOf(late->second);
    if (result.reached == Progress::kRecorded) ++stats_.unanswered;
    if (!result.command.empty()) return Answer(id, std::move(result));
    Answer(id, absl::DeadlineExceededError(
                   "the command is not on disk yet; ask again with the same request_id"));
  });
  // One that was recorded but never answered (a crash between) is given once more:
  // the engines take commands of one request once, or are idempotent. What another process
  // was given is on the bus, and will be answered there.
  const bool unanswered = repeated && !given_elsewhere && !seen->answer && !in_flight;
  if (!repeated || unanswered) shard_.Deliver(port_, bytes, clock_.Now());
  if (repeated) LookSoon();
}

void ShardCommands::OnInput(std::string_view bytes, const market::Header& cause) {
  absl::StatusOr<market::Event<market::Command>> event = wire::Decode<market::Command>(bytes);
  if (!event.ok()) {
    ++stats_.refused;
    return;
  }
  commands_.Emit(std::move(event->value), cause);
}

// --- audit ---------------------------------------------------------------------

void ShardCommands::KeepAudit() {
  shard_.AddState({.name = "audit",
                   .save = [this](wire::CanonicalWriter& out) { recorded_.Save(out); },
                   .load = [this](wire::CanonicalReader& in) { return recorded_.Load(in); },
                   .resume = [this](const market::Header&) { shown_.Merge(recorded_); },
                   .since_later = true});
  const auto hear = [this, alive = std::weak_ptr<bool>(alive_)](const auto& event) {
    if (!alive.expired()) shown_.Apply(event);
  };
  shard_.WatchDurable<market::Command>(bus::kCommands, hear);
  shard_.WatchDurable<market::CommandAnswer>(bus::kAnswers, hear);
  shard_.WatchDurable<wire::EngineNote>(bus::kAccess, hear);
}

void ShardCommands::Record(AccessNote note) {
  if (!shard_.health().ok()) {
    // The journal takes no more: the log is the record that is left.
    log_.Warning("access_not_recorded", {{"person", note.person},
                                         {"action", note.action},
                                         {"about", note.about},
                                         {"detail", note.detail},
                                         {"refused", note.refused}});
    return;
  }
  for (std::string* text : {&note.person, &note.action, &note.about, &note.detail}) {
    if (text->size() > kMaxTextBytes) text->resize(kMaxTextBytes);
  }
  market::Event<wire::EngineNote> event;
  event.value = ToNote(note);
  shard_.Deliver(access_port_, wire::Encode(event), clock_.Now());
}

void ShardCommands::OnAccess(runtime::FactStream<wire::EngineNote>& notes, std::string_view bytes,
                             const market::Header& cause) {
  absl::StatusOr<market::Event<wire::EngineNote>> event = wire::Decode<wire::EngineNote>(bytes);
  if (!event.ok() || !AccessOf(event->value)) {
    ++stats_.refused;
    return;
  }
  notes.Emit(std::move(event->value), cause);
}

template <class T>
void ShardCommands::Hear(const bus::Topic<T>& topic) {
  const size_t index = subscriptions_.size();
  subscriptions_.push_back(
      bus_.Subscribe<T>(topic, {.group = "", .start = bus::Start::kEarliest},
                        [this, index](const market::Event<T>& event, bus::Position position) {
                          shown_.Apply(event);
                          if constexpr (requires { Note(event); }) Note(event);
                          LookSoon();
                          subscriptions_[index]->Ack(position);
                        }));
}

const AuditRecord* ShardCommands::audit() {
  if (!std::exchange(hears_others_, true)) {
    Hear(bus::kCommands);
    Hear(bus::kAnswers);
    Hear(bus::kAccess);
  }
  return &shown_;
}

// --- what other processes were given ---------------------------------------------

void ShardCommands::Note(const market::Event<market::Command>& event) {
  if (event.header.id.stream == own_stream_) {
    newest_heard_ = std::max(newest_heard_, event.header.id.sequence);
    return;
  }
  Request& request = Heard({event.value.person, event.value.request_id});
  if (!request.command.empty()) return;  // the first one counts
  request.digest = base::Sha256(Encode(event.value));
  request.command = event.header.id;
  request.command_kept = true;
  request.earlier_run = event.header.publish_time < started_;
}

// Perhaps before its command: they are of two topics.
void ShardCommands::Note(const market::Event<market::CommandAnswer>& event) {
  if (event.value.command.stream == own_stream_) return;
  Request& request = Heard({event.value.person, event.value.request_id});
  if (!request.answer) request.answer = event.value;
  request.answer_kept = true;
}

ShardCommands::Request& ShardCommands::Heard(const Key& key) {
  const auto [request, added] = heard_.try_emplace(key);
  if (added) heard_in_order_.push_back(key);
  if (heard_in_order_.size() > kKeptRequests) {
    heard_.erase(heard_in_order_.front());
    heard_in_order_.pop_front();
  }
  return request->second;
}

void ShardCommands::NoteOwn(const market::EventId& command) {
  if (command.stream == own_stream_) newest_own_ = std::max(newest_own_, command.sequence);
}

absl::Status ShardCommands::health() const {
  if (newest_heard_ <= newest_own_) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "the bus has commands of '", shard_.options().name,
      "' that this data folder does not: another process has that name, or the folder was set "
      "back, and what is given here may be dropped as a repetition; give each gateway its own "
      "--replica, or act at another one"));
}

const ShardCommands::Request* ShardCommands::Find(const Key& key) const {
  if (const auto own = requests_.find(key); own != requests_.end()) return &own->second;
  const auto heard = heard_.find(key);
  return heard == heard_.end() || heard->second.command.empty() ? nullptr : &heard->second;
}

void ShardCommands::Fail(Done done, absl::Status status) {
  ++stats_.refused;
  executor_.Post([done = std::move(done), status = std::move(status)] { done(status); });
}

void ShardCommands::Log(const market::Command& command, bool repeated) {
  log_.Info("command", {{"person", command.person},
                        {"kind", static_cast<int>(command.kind)},
                        {"scope", static_cast<int>(command.scope.kind)},
                        {"name", command.scope.name},
                        {"request", command.request_id},
                        {"reason", command.reason},
                        {"repeated", repeated}});
}

// --- facts ---------------------------------------------------------------------

void ShardCommands::Apply(const market::Event<market::Command>& event) {
  recorded_.Apply(event);
  NoteOwn(event.header.id);
  Key key{event.value.person, event.value.request_id};
  Request& request = requests_[key];
  if (request.command.empty()) in_order_.push_back(key);
  request.command_kept = false;
  request.digest = base::Sha256(Encode(event.value));
  request.command = event.header.id;
  while (in_order_.size() > kKeptRequests) {
    requests_.erase(in_order_.front());
    in_order_.pop_front();
    ++stats_.forgotten;
  }
}

void ShardCommands::Apply(const market::Event<market::CommandAnswer>& event) {
  recorded_.Apply(event);
  const auto request = requests_.find({event.value.person, event.value.request_id});
  if (request != requests_.end() && !request->second.answer) request->second.answer = event.value;
}

void ShardCommands::Resume() {
  for (auto& [key, request] : requests_) {
    request.command_kept = request.answer_kept = request.earlier_run = true;
  }
}

// --- what the engines say --------------------------------------------------------

void ShardCommands::OnKept(const Key& key, bool answer) {
  const auto request = requests_.find(key);
  if (request == requests_.end()) return;
  (answer ? request->second.answer_kept : request->second.command_kept) = true;
}

ShardCommands::Order* ShardCommands::OrderOf(const market::StrategyId& strategy,
                                             const market::ClientOrderId& id) {
  if (!market::IsManual(strategy)) return nullptr;
  const auto [order, added] = orders_.try_emplace(id);
  if (added) {
    orders_in_order_.push_back(id);
    if (orders_in_order_.size() > kKeptOrders) {
      orders_.erase(orders_in_order_.front());
      orders_in_order_.pop_front();
    }
  }
  return &order->second;
}

void ShardCommands::OnDecision(const market::RiskDecision& decision) {
  Order* order = OrderOf(decision.intent.strategy, decision.intent.client_order_id);
  if (order == nullptr || order->reached >= Progress::kDenied) return;
  order->reached = decision.permitted ? Progress::kPermitted : Progress::kDenied;
  order->reason = decision.reason;
  order->detail = decision.detail;
}

void ShardCommands::OnReport(const market::ExecReport& report) {
  OnCancelReport(report);
  // Reports of an amendment speak of the order that was meant.
  const bool amends = report.kind == market::ExecKind::kPendingUpdate ||
                      report.kind == market::ExecKind::kReplaced ||
                      report.kind == market::ExecKind::kReplaceRejected;
  Order* order = OrderOf(report.strategy, amends ? report.target : report.client_order_id);
  if (order == nullptr || order->reached == Progress::kDenied ||
      order->reached == Progress::kJournaled) {
    return;
  }
  const bool stopped = report.kind == market::ExecKind::kNotSent ||
                       report.kind == market::ExecKind::kReplaceRejected;
  order->reached = stopped ? Progress::kDenied : Progress::kJournaled;
  order->reason = report.local_reason;
  order->detail = report.detail;
}

// Reports of a cancel speak of the order that was meant.
void ShardCommands::OnCancelReport(const market::ExecReport& report) {
  for (auto& [id, waiter] : waiting_) {
    if (waiter.command.kind != CommandKind::kCancelOrder || waiter.cancel ||
        waiter.command.order->target != report.client_order_id) {
      continue;
    }
    if (report.kind == market::ExecKind::kCancelRejected) {
      waiter.cancel = Order{Progress::kDenied, report.local_reason, report.detail};
    } else if (report.kind == market::ExecKind::kPendingCancel ||
               market::IsTerminal(report.state)) {
      waiter.cancel = Order{Progress::kJournaled, market::RejectReason::kNone, report.detail};
    }
  }
}

// The cancel of a parent is done when the parent has ended.
void ShardCommands::OnParent(const market::ParentOrder& parent) {
  if (!market::IsTerminal(parent.state)) return;
  for (auto& [id, waiter] : waiting_) {
    if (waiter.command.kind == CommandKind::kCancelOrder && !waiter.cancel &&
        waiter.command.order->target == parent.id()) {
      waiter.cancel = Order{Progress::kJournaled, market::RejectReason::kNone, parent.detail};
    }
  }
}

// --- answers -------------------------------------------------------------------

CommandResult ShardCommands::ResultOf(const Waiter& waiter) const {
  CommandResult result;
  result.repeated = waiter.repeated;
  const Request* const request = Find(waiter.key);
  if (request == nullptr || !request->command_kept) return result;
  result.command = request->command;
  if (!request->answer || !request->answer_kept) {
    result.detail = "recorded; the service that acts on it has not answered yet";
    return result;
  }
  const market::CommandAnswer& answer = *request->answer;
  result.order = answer.client_order_id;
  result.detail = answer.detail;
  result.proposal = answer.proposal;
  if (answer.outcome == market::CommandOutcome::kRefused) {
    result.reached = Progress::kRefused;
    return result;
  }
  if (!waiter.command.order) {
    result.reached = Progress::kApplied;
    return result;
  }
  result.reached = Progress::kAcceptedForRisk;
  const auto order = orders_.find(answer.client_order_id);
  const Order* state = waiter.cancel            ? &*waiter.cancel
                       : order != orders_.end() ? &order->second
                                                : nullptr;
  if (state != nullptr && state->reached != Progress::kAcceptedForRisk) {
    result.reached = state->reached;
    result.reason = state->reason;
    result.detail = state->detail;
  }
  return result;
}

// What became of its order was said before this start and will not be said again.
bool ShardCommands::FromEarlierRun(const Waiter& waiter) const {
  const Request* const request = Find(waiter.key);
  return request != nullptr && request->earlier_run && request->answer &&
         !orders_.contains(request->answer->client_order_id);
}

void ShardCommands::Look() {
  if (!*alive_) return;
  std::vector<std::pair<uint64_t, CommandResult>> ready;
  for (const auto& [id, waiter] : waiting_) {
    CommandResult result = ResultOf(waiter);
    if (result.command.empty()) continue;
    if (IsEnd(result.reached) || result.reached >= waiter.options.wait_for ||
        FromEarlierRun(waiter)) {
      ready.emplace_back(id, std::move(result));
    }
  }
  for (auto& [id, result] : ready) Answer(id, std::move(result));
}

void ShardCommands::Answer(uint64_t id, const absl::StatusOr<CommandResult>& result) {
  auto node = waiting_.extract(id);
  if (node.empty()) return;
  executor_.Cancel(node.mapped().timer);
  node.mapped().done(result);
}

// --- state ---------------------------------------------------------------------

void ShardCommands::Save(wire::CanonicalWriter& out) const {
  out.U32(static_cast<uint32_t>(in_order_.size()));
  for (const Key& key : in_order_) {
    const Request& request = requests_.at(key);
    out.Bytes(key.first);
    out.Bytes(key.second);
    out.Digest(request.digest);
    out.EventId(request.command);
    out.Bool(request.answer.has_value());
    if (!request.answer) continue;
    market::Event<market::CommandAnswer> event;
    event.value = *request.answer;
    out.Bytes(wire::Encode(event));
  }
}

absl::Status ShardCommands::Load(wire::CanonicalReader& in) {
  requests_.clear();
  in_order_.clear();
  for (uint32_t left = in.U32(); left > 0 && in.ok(); --left) {
    Key key;
    key.first = in.Bytes();
    key.second = in.Bytes();
    Request request;
    request.digest = in.Digest();
    request.command = in.EventId();
    NoteOwn(request.command);
    if (in.Bool()) {
      GANNET_ASSIGN_OR_RETURN(auto event, wire::Decode<market::CommandAnswer>(in.Bytes()));
      request.answer = std::move(event.value);
    }
    in_order_.push_back(key);
    requests_[std::move(key)] = std::move(request);
  }
  return in.status();
}

}  // namespace gannet::command
