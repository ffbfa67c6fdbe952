#include "libs/runtime/shard.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "absl/strings/str_cat.h"
#include "libs/base/check.h"
#include "libs/base/digest.h"
#include "libs/base/status.h"
#include "libs/bus/topics.h"
#include "libs/market/strategy_process.h"
#include "libs/runtime/turn.h"

namespace gannet::runtime {
namespace {

constexpr uint8_t kStateVersion = 1;
constexpr base::Duration kOuterRetry = std::chrono::milliseconds(20);

}  // namespace

std::string ResumePoint::ToString() const { return absl::StrCat(epoch, " ", snapshot); }

std::optional<ResumePoint> ResumePoint::Parse(std::string_view payload) {
  const size_t space = payload.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  ResumePoint point;
  const auto number = [](std::string_view text, uint64_t& out) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    return error == std::errc() && end == text.data() + text.size();
  };
  if (!number(payload.substr(0, space), point.epoch) ||
      !number(payload.substr(space + 1), point.snapshot))
    return std::nullopt;
  return point;
}

Shard::Shard(ShardOptions options, base::Executor& executor, const base::Clock& clock,
             journal::Writer* journal, bus::Bus* outer)
    : options_(std::move(options)),
      executor_(executor),
      clock_(clock),
      journal_(journal),
      outer_(outer),
      sequence_(journal != nullptr ? journal->last_sequence() : 0),
      fact_stream_(market::StreamNumber(options_.name)),
      data_stream_(
          market::StreamNumber(absl::StrCat(options_.name, "/data@", options_.start_epoch))) {}

Shard::~Shard() {
  executor_.Cancel(wake_up_);
  *alive_ = false;
}

// --- inputs and turns --------------------------------------------------------

InputPort Shard::AddInput(std::string name, InputHandler handler, RecoverHandler recover) {
  GANNET_CHECK(name != kTimerChannel && name != kResumeChannel && name != kLeapChannel,
               "the name is the shard's own");
  ports_.push_back(Port{std::move(name), std::move(handler), std::move(recover)});
  return InputPort(static_cast<uint32_t>(ports_.size() - 1));
}

std::optional<InputPort> Shard::FindInput(std::string_view name) const {
  for (size_t i = 0; i < ports_.size(); ++i) {
    if (ports_[i].name == name) return InputPort(static_cast<uint32_t>(i));
  }
  return std::nullopt;
}

void Shard::Deliver(InputPort port, std::string_view bytes, base::Time receive_time) {
  FireTimersUntil(receive_time);
  RunInput(port, bytes, receive_time);
}

void Shard::RunInput(InputPort port, std::string_view bytes, base::Time receive_time) {
  const Port& target = ports_.at(static_cast<size_t>(port));
  if (receive_time < now_) ++stats_.clock_went_back;
  ++stats_.inputs;
  const market::Header cause = BeginTurn(target.name, bytes, receive_time);
  target.handler(bytes, cause);
  EndTurn();
}

void Shard::Tick(base::Time now) {
  FireTimersUntil(now);
  ArmWakeUp();
}

absl::Status Shard::Replay(const journal::Record& record) {
  if (record.channel == kResumeChannel) {
    Resume(record.time);
  } else if (record.channel == kLeapChannel) {
    LeapTo(record.time);
  } else if (record.channel == kTimerChannel) {
    if (next_deadline() != record.time) {
      return absl::FailedPreconditionError(
          absl::StrCat("record ", record.sequence, " is a timer of ", base::FormatTime(record.time),
                       ", which is not the next one here"));
    }
    FireNextTimer();
  } else {
    const std::optional<InputPort> port = FindInput(record.channel);
    if (!port) {
      return absl::NotFoundError(
          absl::StrCat("record ", record.sequence, " is an input of '", record.channel,
                       "', which does not run here; replay with the services that wrote it"));
    }
    RunInput(*port, record.payload, record.time);
  }
  return absl::OkStatus();
}

void Shard::Resume(base::Time now) {
  // The epoch is in verdicts and event ids: a replay takes it from here.
  const ResumePoint point{options_.start_epoch, recovered_from_};
  const market::Header cause = BeginTurn(kResumeChannel, point.ToString(), now);
  for (const State& state : states_) {
    if (state.resume) state.resume(cause);
  }
  EndTurn();
}

uint64_t Shard::Record(journal::RecordType type, base::Time time, std::string_view channel,
                       std::string_view payload, bool essential) {
  ++sequence_;
  if (journal_ == nullptr) return sequence_;
  if (essential) {
    journal_->AppendEssential(type, time, channel, payload);
  } else {
    journal_->Append(type, time, channel, payload);
  }
  const bool dropped = journal_->WasDropped(sequence_);
  if (type == journal::RecordType::kFact) last_fact_dropped_ = dropped;
  if (!dropped) kept_sequence_ = sequence_;
  return sequence_;
}

market::Header Shard::BeginTurn(std::string_view channel, std::string_view payload,
                                base::Time receive_time) {
  GANNET_CHECK(!in_turn_,
               "an input came in the middle of a turn; hand it over through the executor");
  in_turn_ = true;
  now_ = std::max(now_, receive_time);
  // The receive time is what is recorded: engine time follows from it.
  turn_position_ = Record(journal::RecordType::kInput, receive_time, channel, payload);
  turn_outputs_ = 0;
  last_fact_dropped_ = false;
  market::Header cause;
  cause.id = {fact_stream_, turn_position_ << kOutputBits};
  cause.correlation = cause.id;
  cause.event_time = receive_time;
  cause.receive_time = receive_time;
  cause.publish_time = now_;
  cause.tenant = options_.tenant;
  return cause;
}

// Until nothing follows from this turn any more.
void Shard::Settle() {
  while (!queue_.empty() || !turn_ends_.empty()) {
    if (queue_.empty()) {
      const std::function<void()> task = std::move(turn_ends_.front());
      turn_ends_.pop_front();
      task();
      continue;
    }
    const auto [topic, event] = std::move(queue_.front());
    queue_.pop_front();
    for (const Consumer& consumer : consumers_[topic]) {
      if (consumer.apply) consumer.apply(event);
      if (consumer.decide) consumer.decide(event);
    }
  }
}

void Shard::AtTurnEnd(std::function<void()> task) {
  GANNET_CHECK(in_turn_, "outside a turn there is none to end");
  turn_ends_.push_back(std::move(task));
}

void Shard::EndTurn() {
  Settle();
  const auto is_fact = [](const auto& event) { return event.first->fact; };
  const bool decided = std::any_of(turn_facts_.begin(), turn_facts_.end(), is_fact);
  if (decided) {
    // Only kept facts are among them, whatever became of the turn's last one.
    const bool last_dropped = std::exchange(last_fact_dropped_, false);
    std::vector<std::pair<const bus::TopicInfo*, RawEvent>> facts, data;
    facts.reserve(turn_facts_.size());
    for (auto& event : turn_facts_) (is_fact(event) ? facts : data).push_back(std::move(event));
    turn_facts_.clear();
    // Whoever watches the market waits until the commit is under way: an order may hang on it.
    if (!data.empty()) {
      effects_.push_back([this, events = std::move(data)] { PublishOuter(events); });
    }
    if (outer_ != nullptr || !durable_watchers_.empty()) {
      AfterDurable([this, events = std::move(facts)] {
        RunEffects();
        TellDurable(events);
      });
    }
    if (!turn_links_.empty()) {
      AfterDurable([this, links = std::exchange(turn_links_, {})] {
        for (const Link& link : links) {
          for (const LinkWatcher& watcher : link_watchers_) watcher(link);
        }
      });
    }
    last_fact_dropped_ = last_dropped;
  }
  in_turn_ = false;
  if (std::exchange(commit_wanted_, false) || decided) Commit();
  if (journal_ != nullptr && decided) {
    executor_.Post(WhileAlive([this] { RunEffects(); }));
  } else {
    RunEffects();
    for (const auto& [topic, event] : turn_facts_) {
      if (!topic->fact) PublishOuter(*topic, event);
    }
  }
  turn_facts_.clear();
  ArmWakeUp();
}

void Shard::AfterDurable(std::function<void()> effect) {
  if (!options_.run_effects) return;
  if (journal_ != nullptr) {
    if (last_fact_dropped_) return;
    journal_->WhenDurable(kept_sequence_, WhileAlive(std::move(effect)));
    // A turn is one commit: begun in the midst of it, its end would wait for two.
    commit_wanted_ = in_turn_;
    if (!in_turn_) Commit();
  } else {
    effects_.push_back(std::move(effect));
    if (!in_turn_) RunEffects();
  }
}

void Shard::Commit() {
  if (journal_ != nullptr) journal_->Commit();
}

void Shard::RunEffects() {
  if (running_effects_) return;  // an effect delivered an input: the outer loop goes on
  running_effects_ = true;
  while (!effects_.empty()) {
    const std::function<void()> effect = std::move(effects_.front());
    effects_.pop_front();
    effect();
  }
  running_effects_ = false;
}

std::function<void()> Shard::WhileAlive(std::function<void()> task) const {
  return [alive = std::weak_ptr<bool>(alive_), task = std::move(task)] {
    const std::shared_ptr<bool> held = alive.lock();
    if (held && *held) task();
  };
}

// --- timers ------------------------------------------------------------------

base::TimerId Shard::At(base::Time deadline, TimerTask task) {
  const uint64_t id = ++timers_created_;
  timers_.emplace(std::pair(deadline, id), std::move(task));
  timer_deadlines_.emplace(id, deadline);
  if (!in_turn_) ArmWakeUp();
  return base::TimerId(id);
}

void Shard::Cancel(base::TimerId id) {
  const auto found = timer_deadlines_.find(static_cast<uint64_t>(id));
  if (found == timer_deadlines_.end()) return;
  timers_.erase({found->second, found->first});
  timer_deadlines_.erase(found);
}

base::Time Shard::next_deadline() const {
  return timers_.empty() ? base::Time::max() : timers_.begin()->first.first;
}

void Shard::FireTimersUntil(base::Time deadline) {
  if (!timers_.empty() && next_deadline() < deadline - kMostCatchUp)
    LeapTo(deadline - kMostCatchUp);
  while (next_deadline() <= deadline && !timers_.empty()) FireNextTimer();
}

void Shard::LeapTo(base::Time time) {
  ++stats_.leaps;
  BeginTurn(kLeapChannel, "", time);
  while (next_deadline() < time) {
    auto node = timers_.extract(timers_.begin());
    node.key().first = timer_deadlines_.at(node.key().second) = time;
    timers_.insert(std::move(node));
  }
  EndTurn();
}

void Shard::FireNextTimer() {
  auto node = timers_.extract(timers_.begin());
  timer_deadlines_.erase(node.key().second);
  ++stats_.timers;
  const market::Header cause = BeginTurn(kTimerChannel, "", node.key().first);
  node.mapped()(cause);
  EndTurn();
}

void Shard::ArmWakeUp() {
  const base::Time next = next_deadline();
  if (next == wake_up_at_) return;
  executor_.Cancel(wake_up_);
  wake_up_ = base::TimerId::kNone;
  wake_up_at_ = next;
  if (next == base::Time::max()) return;
  const base::Duration delay = std::max(next - clock_.Now(), base::Duration(0));
  wake_up_ = executor_.After(delay, WhileAlive([this] {
                               wake_up_ = base::TimerId::kNone;
                               wake_up_at_ = base::Time::max();
                               Tick(clock_.Now());
                             }));
}

// --- events ------------------------------------------------------------------

void Shard::AddConsumer(const bus::TopicInfo& topic, RawFunction apply, RawFunction decide) {
  consumers_[&topic].push_back(Consumer{std::move(apply), std::move(decide)});
}

void Shard::AddOwner(const bus::TopicInfo& topic, RawFunction apply) {
  owners_[&topic].push_back(std::move(apply));
}

std::vector<const bus::TopicInfo*> Shard::ForeignTopics() const {
  std::vector<const bus::TopicInfo*> topics;
  for (const auto& [topic, consumers] : consumers_) {
    // What people ask, and what is answered, comes from several processes.
    const bool shared = topic == &bus::kCommands.info || topic == &bus::kAnswers.info;
    if (shared || !owners_.contains(topic)) topics.push_back(topic);
  }
  std::sort(topics.begin(), topics.end(),
            [](const auto* a, const auto* b) { return a->name < b->name; });
  return topics;
}

void Shard::Inject(const bus::TopicInfo& topic, RawEvent event) {
  GANNET_CHECK(in_turn_, "a foreign event comes in as an input");
  if (consumers_.contains(&topic)) queue_.emplace_back(&topic, std::move(event));
}

void Shard::ApplyForeign(const bus::TopicInfo& topic, const RawEvent& event) {
  const auto consumers = consumers_.find(&topic);
  if (consumers == consumers_.end()) return;
  for (const Consumer& consumer : consumers->second) {
    if (consumer.apply) consumer.apply(event);
  }
}

bool Shard::PublishAgain(const journal::Record& record) {
  if (record.type != journal::RecordType::kFact || outer_ == nullptr) return false;
  const bus::TopicInfo* topic = bus::FindTopic(record.channel);
  if (topic == nullptr || !owners_.contains(topic)) return false;
  const absl::StatusOr<RawEvent> event = topic->decode(record.payload);
  if (!event.ok()) return false;  // recovery has refused such a journal already
  PublishOuter(*topic, *event);
  return true;
}

market::Header Shard::NextHeader(const market::Header& cause, bool fact) {
  GANNET_CHECK(in_turn_, "events are made within a turn: deliver an input or set a timer");
  ++turn_outputs_;
  GANNET_CHECK(turn_outputs_ < (1u << kOutputBits),
               "one input caused more events than an id can count");
  market::Header header = cause;
  header.id = {fact ? fact_stream_ : data_stream_, turn_position_ << kOutputBits | turn_outputs_};
  header.causation = cause.id;
  header.publish_time = now_;
  if (fact) {
    // A cause without a trace is an input or data: a chain of facts begins here.
    header.correlation = cause.trace == market::TraceContext() ? header.id : cause.correlation;
    header.trace = market::TraceOf(header.correlation, header.id);
  } else {
    header.correlation = cause.correlation.empty() ? cause.id : cause.correlation;
    header.trace = {};
  }
  return header;
}

market::EventId Shard::Dispatch(const bus::TopicInfo& topic, RawEvent event, market::EventId id) {
  ++stats_.published;
  if (topic.fact) {
    // One that is in no record is for the engines of this turn alone.
    if (!last_fact_dropped_) turn_facts_.emplace_back(&topic, event);
  } else if (outer_ != nullptr && journal_ != nullptr) {
    turn_facts_.emplace_back(&topic, event);
  } else if (outer_ != nullptr) {
    PublishOuter(topic, event);
  }
  if (!consumers_.contains(&topic)) return id;
  if (options_.wire_mode) {
    absl::StatusOr<RawEvent> decoded = topic.decode(topic.encode(event.get()));
    GANNET_CHECK(decoded.ok(), "an event did not survive its own wire format");
    event = *std::move(decoded);
  }
  queue_.emplace_back(&topic, std::move(event));
  return id;
}

void Shard::RecordFact(const bus::TopicInfo& topic, const RawEvent& event,
                       const market::Header& cause, bool essential) {
  GANNET_CHECK(topic.fact, "only topics of facts are recorded");
  ++stats_.facts;
  // On a full disk the reserve is for what orders need: cancels, fills, verdicts.
  // Everything that floods it, inputs first, is dropped and counted.
  Record(journal::RecordType::kFact, now_, topic.name,
         journal_ != nullptr ? topic.encode(event.get()) : std::string(), essential);
  for (const FactObserver& observer : fact_observers_) observer(topic, event.get());
  if (!link_watchers_.empty() && !last_fact_dropped_)
    turn_links_.push_back({&topic, event, cause, clock_.Now()});
}

void Shard::TellDurable(const std::vector<std::pair<const bus::TopicInfo*, RawEvent>>& facts) {
  const bool later = outer_ != nullptr && outer_->Distant();  // a broker takes its time
  if (!later) PublishOuter(facts);
  for (const auto& [topic, event] : facts) {
    const auto [first, last] = durable_watchers_.equal_range(topic);
    for (auto watcher = first; watcher != last; ++watcher) watcher->second(event);
  }
  if (later) PublishOuter(facts);
}

void Shard::PublishOuter(const std::vector<std::pair<const bus::TopicInfo*, RawEvent>>& events) {
  if (outer_ == nullptr) return;
  for (const auto& [topic, event] : events) PublishOuter(*topic, event);
}

void Shard::PublishOuter(const bus::TopicInfo& topic, const RawEvent& event) {
  // Market data waits behind nothing: the bus takes it, or counts the gap.
  const bool conflates = topic.delivery == bus::Delivery::kConflate;
  if ((conflates || outer_backlog_.empty()) && TakenOuter(topic, event)) return;
  if (conflates) return;
  ++stats_.outer_refused;
  outer_backlog_.emplace_back(&topic, event);
  RetryOuter();
}

bool Shard::TakenOuter(const bus::TopicInfo& topic, const RawEvent& event) {
  return (!may_publish_ || may_publish_()) && outer_->PublishRaw(topic, event).ok();
}

void Shard::RetryOuter() {
  while (!outer_backlog_.empty() &&
         TakenOuter(*outer_backlog_.front().first, outer_backlog_.front().second)) {
    outer_backlog_.pop_front();
  }
  if (outer_backlog_.empty() || retry_armed_) return;
  retry_armed_ = true;
  executor_.After(kOuterRetry, WhileAlive([this] {
                    retry_armed_ = false;
                    RetryOuter();
                  }));
}

absl::Status Shard::health() const {
  GANNET_RETURN_IF_ERROR(given_up_);
  if (journal_ != nullptr) GANNET_RETURN_IF_ERROR(journal_->failure());
  if (outer_backlog_.size() > kMaxOuterBacklog) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the bus has not taken ", outer_backlog_.size(),
                     " events; check its consumers (reporting, gateway) or Kafka"));
  }
  return absl::OkStatus();
}

// --- state and recovery --------------------------------------------------------

void Shard::AddState(State state) { states_.push_back(std::move(state)); }

std::string Shard::SaveState() const {
  wire::CanonicalWriter out;
  out.U8(kStateVersion);
  out.U64(sequence_);
  out.Time(now_);
  out.U32(static_cast<uint32_t>(states_.size()));
  for (const State& state : states_) {
    wire::CanonicalWriter part;
    state.save(part);
    out.Bytes(state.name);
    out.Bytes(part.bytes());
  }
  return out.Take();
}

absl::Status Shard::LoadState(std::string_view bytes) {
  wire::CanonicalReader in(bytes);
  const uint8_t version = in.U8();
  if (in.ok() && version != kStateVersion) {
    return absl::FailedPreconditionError(absl::StrCat("the snapshot has format ", version,
                                                      ", this build reads ", kStateVersion,
                                                      "; use the build that wrote it"));
  }
  sequence_ = in.U64();
  now_ = in.Time();
  const uint32_t count = in.U32();
  std::set<std::string> loaded;
  for (uint32_t i = 0; i < count && in.ok(); ++i) {
    const std::string name = in.Bytes();
    const std::string part = in.Bytes();
    const auto state = std::find_if(states_.begin(), states_.end(),
                                    [&](const State& s) { return s.name == name; });
    if (state == states_.end()) {
      return absl::FailedPreconditionError(
          absl::StrCat("the snapshot holds the state of '", name,
                       "', which does not run here; add it to --services"));
    }
    wire::CanonicalReader reader(part);
    GANNET_RETURN_IF_ERROR(base::Annotate(state->load(reader), absl::StrCat("snapshot of ", name)));
    GANNET_RETURN_IF_ERROR(base::Annotate(reader.status(), absl::StrCat("snapshot of ", name)));
    loaded.insert(name);
  }
  GANNET_RETURN_IF_ERROR(in.status());
  const bool lacking = std::any_of(states_.begin(), states_.end(), [&](const State& state) {
    return !state.since_later && !loaded.contains(state.name);
  });
  if (lacking) {
    return absl::FailedPreconditionError(
        "the snapshot lacks the state of a service that runs here; start with the --services that "
        "wrote it");
  }
  return absl::OkStatus();
}

base::Sha256Digest Shard::StateHash() const { return base::Sha256(SaveState()); }

Shard::StateHashes Shard::HashStates() const {
  StateHashes hashes;
  for (const State& state : states_) {
    wire::CanonicalWriter part;
    state.save(part);
    hashes.emplace(state.name, base::Sha256(part.bytes()));
  }
  return hashes;
}

void Shard::ApplyRecorded(const journal::Record& record) {
  sequence_ = record.sequence;
  now_ = std::max(now_, record.time);
  if (record.type == journal::RecordType::kInput) {
    const std::optional<InputPort> port = FindInput(record.channel);
    if (port && ports_[static_cast<size_t>(*port)].recover)
      ports_[static_cast<size_t>(*port)].recover(record.payload);
    return;
  }
  if (record.type != journal::RecordType::kFact) return;
  const bus::TopicInfo* topic = bus::FindTopic(record.channel);
  const absl::StatusOr<RawEvent> event =
      topic != nullptr ? topic->decode(record.payload) : absl::NotFoundError("no such topic");
  if (!event.ok()) {
    ++stats_.undecodable_facts;
    return;
  }
  if (const auto owner = owners_.find(topic); owner != owners_.end()) {
    for (const RawFunction& apply : owner->second) {
      if (apply) apply(*event);
    }
  }
  ApplyForeign(*topic, *event);
}

absl::Status Shard::Recover(journal::Reader& reader) {
  GANNET_ASSIGN_OR_RETURN(const std::optional<journal::Snapshot> snapshot, reader.NewestSnapshot());
  if (snapshot) {
    GANNET_RETURN_IF_ERROR(LoadState(snapshot->state));
    GANNET_RETURN_IF_ERROR(reader.SeekAfter(snapshot->sequence));
    recovered_from_ = snapshot->sequence;
  }
  for (;;) {
    GANNET_ASSIGN_OR_RETURN(const std::optional<journal::Record> record, reader.Next());
    if (!record) break;
    ApplyRecorded(*record);
  }
  if (stats_.undecodable_facts > 0) {
    return absl::DataLossError(
        absl::StrCat(stats_.undecodable_facts,
                     " recorded facts cannot be read by this build; use the build that wrote "
                     "them (gannet journal dump shows it), or --fresh to start anew"));
  }
  // The writer saw the end of the journal before: reading less now is no recovery.
  if (journal_ != nullptr && sequence_ != journal_->last_sequence()) {
    return absl::DataLossError(absl::StrCat("the journal gave records up to ", sequence_, " of ",
                                            journal_->last_sequence(),
                                            "; run `gannet journal verify`, and check the device"));
  }
  return absl::OkStatus();
}

absl::Status Shard::WriteSnapshot() {
  if (journal_ == nullptr) return absl::OkStatus();
  return journal_->WriteSnapshot(SaveState());
}

}  // namespace gannet::runtime
