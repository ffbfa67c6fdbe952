// Books that come from another process in changes: a change means nothing before the
// whole book has come from the same producer, nor after one was missed. Until the next
// whole book such an instrument is INVALID here, said once, and its changes are dropped.
//
// Trades, quotes and bars need no gate: each stands for itself.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>

#include "libs/bus/topics.h"

namespace gannet::runtime {

class BookGate {
 public:
  using Event = market::Event<market::BookUpdate>;

  // What goes on instead of `event`: itself, its INVALID stand-in, or null. `skipped`
  // is how many events of the topic the bus has dropped so far: when it has grown,
  // nobody knows of which instruments.
  std::shared_ptr<const Event> Pass(const std::shared_ptr<const Event>& event, uint64_t skipped) {
    if (skipped != skipped_) {
      skipped_ = skipped;
      whole_.clear();
    }
    const market::BookUpdate& update = event->value;
    if (update.state != market::BookState::kValid) {
      whole_.erase(update.instrument);
      told_.insert(update.instrument);
      return event;
    }
    const uint64_t stream = event->header.id.stream;
    if (update.snapshot) whole_[update.instrument] = stream;
    if (const auto whole = whole_.find(update.instrument);
        whole != whole_.end() && whole->second == stream) {
      told_.erase(update.instrument);
      return event;
    }
    ++dropped_;
    if (!told_.insert(update.instrument).second) return nullptr;
    auto invalid = std::make_shared<Event>(*event);
    invalid->value.state = market::BookState::kInvalid;
    invalid->value.fault = market::BookFault::kGap;
    invalid->value.bids.clear();
    invalid->value.asks.clear();
    return invalid;
  }
  uint64_t dropped() const { return dropped_; }

 private:
  std::map<market::InstrumentId, uint64_t> whole_;  // the stream that it is of
  std::set<market::InstrumentId> told_;
  uint64_t skipped_ = 0, dropped_ = 0;
};

}  // namespace gannet::runtime
