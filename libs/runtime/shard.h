// One thread of decisions. A shard hosts the engines of one process: it gives
// them engine time and timers, hands them inputs one at a time, keeps the record
// of every input and every decided fact, and lets effects out only once the
// record of what caused them is durable. Live, replay, backtest and simulation
// run this same code; only executor, journal and the source of inputs differ.
//
// A turn is one input (or one timer) and all that follows from it: engines run to
// completion, events between them are queued first in first out. At the end of a
// turn that decided something the journal is asked to commit.
//
// Three kinds of event leave an engine:
//   facts     (FactStream::Emit)    recorded, applied by their owner at once, then
//                                   by consumers; on the outer bus once durable
//   data      (Shard::Publish)      derived from inputs, not recorded (market.*)
//   effects   (Shard::AfterDurable) sends to the outside
//
// Recovery feeds recorded facts to the apply functions of owner and consumers, in
// order, and decides nothing; Resume then lets services take up open work.
//
// All members run on the executor's thread.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/clock.h"
#include "libs/base/digest.h"
#include "libs/base/executor.h"
#include "libs/base/time.h"
#include "libs/bus/bus.h"
#include "libs/bus/topic.h"
#include "libs/journal/journal.h"
#include "libs/market/header.h"
#include "libs/wire/canonical.h"

namespace gannet::runtime {

// Where an edge hands its inputs in; recorded under its name.
enum class InputPort : uint32_t {};

struct ShardOptions {
  std::string name = "main";  // names the shard's stream of facts
  std::string tenant = "main";
  uint64_t run = 0;          // random bits of the journal; 0 in replay of captures
  uint64_t start_epoch = 0;  // of the stream of data; a new one at each start
  bool wire_mode = false;    // encode and decode every event between engines
  bool run_effects = true;   // false: nothing leaves, for one that decides again from a record
};

// What the first record of a run states: from where on it is decided again.
struct ResumePoint {
  uint64_t epoch = 0;     // ShardOptions::start_epoch
  uint64_t snapshot = 0;  // recovered from the snapshot after this record and the facts behind it
  std::string ToString() const;
  static std::optional<ResumePoint> Parse(std::string_view payload);
};

class Shard {
 public:
  // `journal` may be null: nothing is recorded and effects run at the end of the
  // turn. `outer` may be null: nobody watches.
  Shard(ShardOptions options, base::Executor& executor, const base::Clock& clock,
        journal::Writer* journal, bus::Bus* outer);
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  // Engine time: max(previous, receive time of the input). Never goes back.
  base::Time now() const { return now_; }
  const ShardOptions& options() const { return options_; }

  // --- inputs --------------------------------------------------------------
  // `handler` gets the bytes and the header to hang effects on: a fresh id,
  // receive_time set, event_time = receive_time.
  using InputHandler = std::function<void(std::string_view bytes, const market::Header& cause)>;
  // `recover` (may be empty) gets the bytes of a recorded input in recovery: what came
  // in as another process's fact is applied, nothing is decided.
  using RecoverHandler = std::function<void(std::string_view bytes)>;
  InputPort AddInput(std::string name, InputHandler handler, RecoverHandler recover = nullptr);
  std::optional<InputPort> FindInput(std::string_view name) const;
  // Runs one turn. From outside a turn only.
  void Deliver(InputPort port, std::string_view bytes, base::Time receive_time);
  // Fires what is due by `now` although no input came. Each timer that fires is
  // recorded, so that a replay fires it at the same point.
  void Tick(base::Time now);
  // Of a time in which nothing ran (a machine asleep, a clock set ahead, a gap between
  // captures) only the last of it is lived through: timers due before leap to its
  // beginning, in the order of their making. A leap is recorded too.
  static constexpr base::Duration kMostCatchUp = std::chrono::hours(1);
  // For who sets the clock itself: leaps where its clock does. From outside a turn only.
  void LeapTo(base::Time time);
  // Runs the turn that an input record of a journal began: the input handed to its
  // port, the timer, the resume. NOT_FOUND: no such port here. FAILED_PRECONDITION:
  // a timer that is not due here.
  absl::Status Replay(const journal::Record& record);

  // --- timers, on engine time; ordered by (deadline, creation) --------------
  // `task` runs as a turn of its own, before any input received at or after
  // `deadline`. Its cause is a header like that of an input.
  using TimerTask = std::function<void(const market::Header& cause)>;
  base::TimerId At(base::Time deadline, TimerTask task);
  base::TimerId After(base::Duration delay, TimerTask task) {
    return At(now_ + delay, std::move(task));
  }
  void Cancel(base::TimerId id);
  base::Time next_deadline() const;  // Time::max(): none

  // --- events --------------------------------------------------------------
  // `apply` changes state and decides nothing; it also runs in recovery. `decide`
  // (may be empty) runs live only, right after it.
  template <class T>
  void Consume(const bus::Topic<T>& topic, std::function<void(const market::Event<T>&)> apply,
               std::function<void(const market::Event<T>&)> decide = nullptr) {
    AddConsumer(topic.info, Erase<T>(std::move(apply)), Erase<T>(std::move(decide)));
  }
  // Data that follows from inputs. `cause` becomes causation and correlation;
  // event_time, source and source_sequence are taken from it, so an edge sets them
  // in its copy of the input's header.
  template <class T>
  market::EventId Publish(const bus::Topic<T>& topic, T value, const market::Header& cause) {
    auto event = std::make_shared<market::Event<T>>();
    event->header = NextHeader(cause, /*fact=*/false);
    event->value = std::move(value);
    return Dispatch(topic.info, event, event->header.id);
  }

  // Topics consumed here of whose facts nobody here is the owner, by name: what a
  // BusLink brings in.
  std::vector<const bus::TopicInfo*> ForeignTopics() const;
  // An event of another process goes to the consumers as it is. Within a turn.
  void Inject(const bus::TopicInfo& topic, std::shared_ptr<const void> event);
  // In recovery: to their apply functions only.
  void ApplyForeign(const bus::TopicInfo& topic, const std::shared_ptr<const void>& event);
  // Publishes a recorded fact of this shard once more; false: the record is none.
  bool PublishAgain(const journal::Record& record);
  // Asked before each event goes to the outer bus; while it says no they are kept as those
  // that the bus refuses: another process may be the one that speaks for this shard.
  void GateOuter(std::function<bool()> may_publish) { may_publish_ = std::move(may_publish); }
  // For good: another process speaks for this shard. What is decided here from now on is in
  // its journal only, and nobody may take it for the shard's word: health() is `why`.
  void GiveUp(absl::Status why) { given_up_ = std::move(why); }
  // Events that the outer bus has not taken yet.
  size_t outer_backlog() const { return outer_backlog_.size(); }
  // Of the newest record.
  uint64_t sequence() const { return sequence_; }

  // Runs `effect` once everything recorded so far is durable, outside any turn, in
  // the order of the calls. On a full disk: once what was kept is, and never when the
  // last fact of this turn was not kept.
  void AfterDurable(std::function<void()> effect);

  // Runs `task` in this turn, once nothing is queued in it any more: for who takes together
  // what one turn brings apart. What it decides is part of the turn. Within a turn.
  void AtTurnEnd(std::function<void()> task);

  // --- state and recovery ---------------------------------------------------
  struct State {
    std::string name;
    std::function<void(wire::CanonicalWriter&)> save;
    std::function<absl::Status(wire::CanonicalReader&)> load;
    std::function<void(const market::Header& cause)> resume;  // after recovery, or at a fresh start
    bool since_later = false;  // snapshots of earlier builds lack it: then it begins empty
  };
  void AddState(State state);
  std::string SaveState() const;
  absl::Status LoadState(std::string_view bytes);
  // SHA-256 of SaveState(): what snapshots and replays compare.
  base::Sha256Digest StateHash() const;
  // The same of each State by name: says whose differs.
  using StateHashes = std::map<std::string, base::Sha256Digest>;
  StateHashes HashStates() const;
  // Newest verified snapshot plus the facts after it. Before any input.
  absl::Status Recover(journal::Reader& reader);
  // One record of that: facts are applied, inputs only move time and sequence.
  void ApplyRecorded(const journal::Record& record);
  // First turn of a run: calls every resume.
  void Resume(base::Time now);
  absl::Status WriteSnapshot();
  // Not OK: another process speaks for the shard, the journal failed (nothing leaves any
  // more), or the outer bus has refused more than kMaxOuterBacklog events. Execution's gate
  // and those who take commands ask it.
  absl::Status health() const;

  // Sees every fact as it is emitted (recorded bytes included), in order: the
  // decisions hash, the replay check.
  using FactObserver = std::function<void(const bus::TopicInfo& topic, const void* event)>;
  void ObserveFacts(FactObserver observer) { fact_observers_.push_back(std::move(observer)); }

  // A fact with what caused it, for those who draw the chain.
  struct Link {
    const bus::TopicInfo* topic;
    std::shared_ptr<const void> event;
    market::Header cause;
    base::Time decided;  // by the clock; in one turn engine time stands still
  };
  // Sees every fact once it is durable, after the effects of its turn, in order: what is drawn
  // costs no order time.
  using LinkWatcher = std::function<void(const Link&)>;
  void WatchLinks(LinkWatcher watcher) { link_watchers_.push_back(std::move(watcher)); }

  // Sees each fact of this shard on `topic` once it is durable, outside any turn: what
  // the outer bus says too, but without its way there and back. For who faces people.
  template <class T>
  void WatchDurable(const bus::Topic<T>& topic,
                    std::function<void(const market::Event<T>&)> watcher) {
    durable_watchers_.emplace(&topic.info, Erase<T>(std::move(watcher)));
  }

  // Channels of input records that the shard itself writes.
  static constexpr std::string_view kTimerChannel = "timer", kResumeChannel = "resume",
                                    kLeapChannel = "leap";
  static constexpr size_t kMaxOuterBacklog = 100'000;

  struct Stats {
    uint64_t inputs = 0, timers = 0, facts = 0, published = 0;
    uint64_t clock_went_back = 0;  // inputs received before engine time
    uint64_t leaps = 0;            // over more than kMostCatchUp
    uint64_t outer_refused = 0;    // the outer bus was full; kept and tried again
    uint64_t undecodable_facts =
        0;  // in recovery: facts whose topic or bytes this build does not know
  };
  const Stats& stats() const { return stats_; }

 private:
  template <class T>
  friend class FactStream;
  using RawEvent = std::shared_ptr<const void>;
  using RawFunction = std::function<void(const RawEvent&)>;

  struct Consumer {
    RawFunction apply, decide;
  };
  struct Port {
    std::string name;
    InputHandler handler;
    RecoverHandler recover;
  };
  template <class T>
  static RawFunction Erase(std::function<void(const market::Event<T>&)> function) {
    if (!function) return nullptr;
    return [function = std::move(function)](const RawEvent& event) {
      function(*static_cast<const market::Event<T>*>(event.get()));
    };
  }

  void AddConsumer(const bus::TopicInfo& topic, RawFunction apply, RawFunction decide);
  void AddOwner(const bus::TopicInfo& topic, RawFunction apply);
  market::Header NextHeader(const market::Header& cause, bool fact);
  market::EventId Dispatch(const bus::TopicInfo& topic, RawEvent event, market::EventId id);
  void RecordFact(const bus::TopicInfo& topic, const RawEvent& event, const market::Header& cause,
                  bool essential);
  uint64_t Record(journal::RecordType type, base::Time time, std::string_view channel,
                  std::string_view payload, bool essential = false);
  market::Header BeginTurn(std::string_view channel, std::string_view payload,
                           base::Time receive_time);
  void EndTurn();
  void Settle();
  void RunInput(InputPort port, std::string_view bytes, base::Time receive_time);
  void FireNextTimer();
  void FireTimersUntil(base::Time deadline);
  void Commit();
  void RunEffects();
  void ArmWakeUp();
  void TellDurable(const std::vector<std::pair<const bus::TopicInfo*, RawEvent>>& facts);
  void PublishOuter(const std::vector<std::pair<const bus::TopicInfo*, RawEvent>>& events);
  void PublishOuter(const bus::TopicInfo& topic, const RawEvent& event);
  bool TakenOuter(const bus::TopicInfo& topic, const RawEvent& event);
  void RetryOuter();
  std::function<void()> WhileAlive(std::function<void()> task) const;

  const ShardOptions options_;
  base::Executor& executor_;
  const base::Clock& clock_;
  journal::Writer* const journal_;
  bus::Bus* const outer_;

  base::Time now_{};
  uint64_t recovered_from_ = 0;  // sequence of the snapshot, 0: none
  uint64_t sequence_ = 0;        // records counted, whether or not a journal keeps them
  bool in_turn_ = false;
  bool commit_wanted_ = false;      // by an effect of this turn
  uint64_t turn_position_ = 0;      // sequence of this turn's input
  uint64_t kept_sequence_ = 0;      // of the newest record that a full disk did not drop
  bool last_fact_dropped_ = false;  // of this turn
  uint32_t turn_outputs_ = 0;
  const uint64_t fact_stream_, data_stream_;

  std::vector<Port> ports_;
  std::map<std::pair<base::Time, uint64_t>, TimerTask> timers_;
  std::map<uint64_t, base::Time> timer_deadlines_;
  uint64_t timers_created_ = 0;
  base::TimerId wake_up_ = base::TimerId::kNone;
  base::Time wake_up_at_ = base::Time::max();

  std::map<const bus::TopicInfo*, std::vector<Consumer>> consumers_;
  std::map<const bus::TopicInfo*, std::vector<RawFunction>> owners_;    // several: EngineNote
  std::deque<std::pair<const bus::TopicInfo*, RawEvent>> queue_;        // between engines
  std::deque<std::function<void()>> turn_ends_;                         // of this turn
  std::vector<std::pair<const bus::TopicInfo*, RawEvent>> turn_facts_;  // for who watches
  std::deque<std::function<void()>> effects_;                           // without a journal
  bool running_effects_ = false;
  std::deque<std::pair<const bus::TopicInfo*, RawEvent>> outer_backlog_;
  bool retry_armed_ = false;
  std::function<bool()> may_publish_;
  absl::Status given_up_;
  std::vector<State> states_;
  std::vector<FactObserver> fact_observers_;
  std::vector<LinkWatcher> link_watchers_;
  std::vector<Link> turn_links_;  // for them
  std::multimap<const bus::TopicInfo*, RawFunction> durable_watchers_;
  Stats stats_;
  // Tasks handed to the executor and the journal outlive nothing: they hold this
  // weakly and do nothing once the shard is gone.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// The writer of a fact topic in a shard (one a topic; of engine notes, one an
// engine, whose `apply` ignores the notes of others). `apply` belongs to the engine that
// decides the fact; it runs at once when the fact is emitted, and in recovery.
template <class T>
class FactStream {
 public:
  // `essential`: kept in the reserve when the disk is full, as all of order topics are.
  FactStream(Shard& shard, const bus::Topic<T>& topic,
             std::function<void(const market::Event<T>&)> apply, bool essential = false)
      : shard_(shard),
        topic_(topic),
        apply_(std::move(apply)),
        essential_(essential || topic.info.order_shard) {
    shard_.AddOwner(topic_.info, Shard::Erase<T>(apply_));
  }
  FactStream(const FactStream&) = delete;
  FactStream& operator=(const FactStream&) = delete;

  // `event_time` is that of the cause unless given.
  market::EventId Emit(T value, const market::Header& cause) {
    auto event = std::make_shared<market::Event<T>>();
    event->header = shard_.NextHeader(cause, /*fact=*/true);
    event->value = std::move(value);
    shard_.RecordFact(topic_.info, event, cause, essential_);
    if (apply_) apply_(*event);
    return shard_.Dispatch(topic_.info, event, event->header.id);
  }

 private:
  Shard& shard_;
  const bus::Topic<T>& topic_;
  std::function<void(const market::Event<T>&)> apply_;
  const bool essential_;
};

}  // namespace gannet::runtime
