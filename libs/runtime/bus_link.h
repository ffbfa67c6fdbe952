// What makes a shard one of several: the topics that its engines consume and other
// processes produce come in from the bus as recorded inputs, and the facts it decides
// are brought to the bus however often it restarts.
//
// Coming in. Each foreign topic is an input port "bus:<topic>". Its record holds the
// event by value with partition and offset, so a journal of one process can be decided
// again without the bus. Events of facts are also applied in recovery, as own facts
// are; a position is never taken from the bus's consumer group:
//   market data (kConflate)       from now on: what was missed is worthless, and a
//                                 book begins with a whole one (book_gate.h)
//   reference data (compacted,    from the earliest at each start: derived state is
//     not decided)                established anew
//   everything else               after the last position recorded here; a first
//                                 start takes all that is kept
// An event that came twice (a producer that resends after its own restart) is dropped
// by the highest sequence seen of its stream in that partition, which is part of the
// shard's state.
//
// Going out. A fact leaves when its record is durable. What the bus may not have kept
// when the process died is published again at the next start: own facts after the
// newest one that a mark in the data folder says the bus had kept. Until then they are to
// stay in the journal (`published`); of a folder that had no bus for long the oldest may be
// gone, which `lost` says.
//
// On the executor's thread. The shard outlives it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/executor.h"
#include "libs/base/files.h"
#include "libs/bus/bus.h"
#include "libs/journal/journal.h"
#include "libs/runtime/book_gate.h"
#include "libs/runtime/mark_file.h"
#include "libs/runtime/shard.h"

namespace gannet::runtime {

// A record of a foreign event: what the input ports of a link take.
struct BusInput {
  bus::Position position;
  std::string event;  // wire bytes
};
// Of the input port of that topic.
std::string BusPortName(const bus::TopicInfo& topic);
std::string EncodeBusInput(const BusInput& input);
absl::StatusOr<BusInput> DecodeBusInput(std::string_view bytes);

class BusLink {
 public:
  // Adds the ports: all topics that the shard consumes, but for those it owns facts
  // of and those `made_here`. After the services were built, before recovery.
  BusLink(Shard& shard, const std::set<const bus::TopicInfo*>& made_here);
  ~BusLink();
  BusLink(const BusLink&) = delete;
  BusLink& operator=(const BusLink&) = delete;

  // What the process has beside the shard. `mark_file` is where it keeps how far the
  // bus had its facts; empty: nowhere (nothing is recorded either).
  struct Outside {
    bus::Bus& bus;
    MarkFile::Disk disk;
    const base::Clock& clock;
    std::string mark_file;
  };
  // After the shard has resumed: publishes again what may be missing on the bus.
  absl::Status Connect(Outside outside, journal::Reader* reader);
  // From here on inputs come in. After Connect, and before Disconnect.
  void Subscribe();
  // No input comes in any more.
  void Disconnect();
  // Own facts up to `sequence` have been published: the bus is to say when it keeps them.
  void AskWhetherKept(uint64_t sequence);
  // Keeps the mark as the bus last said. At the end, after asking and flushing, when
  // nothing is written behind any more.
  absl::Status Close();

  // The newest record that the mark says so of: later ones are needed at the next start. 0: none.
  uint64_t published() const;
  // Up to this record the journal was pruned before the bus had its facts. 0: all came to it.
  uint64_t lost() const { return lost_; }

  // Not OK: a subscription is halted or not connected, or events came from the future
  // within the last kTellSkew: the clocks of two processes differ.
  absl::Status health() const;
  static constexpr base::Duration kMostSkew = std::chrono::seconds(2);
  static constexpr base::Duration kTellSkew = std::chrono::seconds(30);
  struct Stats {
    uint64_t duplicates = 0, undecodable = 0, republished = 0;
    uint64_t books_incomplete = 0;  // changes dropped for want of the whole book
    uint64_t from_the_future = 0;   // published more than kMostSkew ahead of our clock
  };
  const Stats& stats() const { return stats_; }
  std::vector<std::string> topics() const;

 private:
  struct Foreign {
    const bus::TopicInfo* topic;
    InputPort port;
    bool kept;  // positions and streams are remembered
    std::unique_ptr<bus::Subscription> subscription;
  };
  using Place = std::pair<std::string, uint32_t>;  // topic, partition

  void OnEvent(Foreign& foreign, const std::shared_ptr<const void>& event, bus::Position position);
  // Live: what the record says goes to the engines. Recovery: facts are applied.
  void OnRecord(const bus::TopicInfo& topic, bool kept, std::string_view bytes, bool recovering);
  bool Had(const Place& place, const market::EventId& id) const;
  void Remember(const Place& place, uint64_t offset, const market::EventId& id);
  absl::Status PublishAgain(journal::Reader& reader);
  void WatchMark();
  void Save(wire::CanonicalWriter& out) const;
  absl::Status Load(wire::CanonicalReader& in);

  Shard& shard_;
  const uint64_t own_stream_;  // of the facts decided here
  std::vector<std::unique_ptr<Foreign>> foreign_;
  // Durable: of kept topics the next offset, and the highest sequence of each stream.
  std::map<Place, uint64_t> next_;
  std::map<std::pair<Place, uint64_t>, uint64_t> seen_;

  void WatchClock(const bus::TopicInfo& topic, base::Time published);
  absl::Status skew_;
  std::optional<base::Duration> skewed_at_;  // monotonic

  BookGate books_;
  std::unique_ptr<Outside> outside_;
  base::TimerId mark_timer_ = base::TimerId::kNone;
  uint64_t kept_ = 0;  // own facts up to this sequence are on the bus
  uint64_t lost_ = 0;
  std::unique_ptr<MarkFile> mark_;  // says so; null: nowhere
  Stats stats_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace gannet::runtime
