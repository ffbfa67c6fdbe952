// Limits of the risk gate as others see them: rows, changes, and what people decide
// about them. How they are parsed and checked is services/risk's own.
//
// A limit set has a version. A person proposes a whole new one as a file; another
// person approves or rejects it. Approved, it is in force at once.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/time.h"
#include "libs/market/account.h"
#include "libs/market/header.h"
#include "libs/market/ids.h"
#include "libs/market/money.h"

namespace gannet::market {

// One limit of one scope. An amount of `asset`; with none a number of `unit` ("ppm",
// "s", "in 1s"), or a count when that is empty too.
struct LimitRow {
  Scope scope;
  std::string name;  // "max_gross"
  Money value;
  AssetId asset;
  std::string unit;
  bool operator==(const LimitRow&) const = default;
};

// Values as people read them; empty: not stated.
struct LimitChange {
  Scope scope;
  std::string name;
  std::string before, after;
  bool operator==(const LimitChange&) const = default;
};

enum class LimitStep : uint8_t {
  kInForce = 1,  // nobody decided: the set that the program was started with
  kProposed,
  kApproved,  // in force from here on
  kRejected,
};

struct LimitEvent {
  LimitStep step = LimitStep::kInForce;
  uint64_t proposal = 0;      // from 1; kInForce: 0
  uint64_t base_version = 0;  // of the set that it changes
  uint64_t version = 0;       // of the set that it is about
  std::string person, reason;
  std::string text;                  // the file of that set; kRejected: none
  std::vector<LimitChange> changes;  // kProposed
  std::vector<LimitRow> rows;        // kInForce, kApproved: all limits from here on
  bool operator==(const LimitEvent&) const = default;
};

// What is in force and what was proposed, folded from the events; hearing one twice,
// or an older one again, changes nothing. Pure; one thread.
class LimitRecord {
 public:
  static constexpr size_t kKept = 100;  // proposals; the oldest fall out

  struct Proposal {
    Event<LimitEvent> proposed;
    std::optional<Event<LimitEvent>> decided;
  };

  void Apply(const Event<LimitEvent>& event);

  const std::map<uint64_t, Proposal>& proposals() const { return proposals_; }
  // Null: none of that number is kept.
  const Proposal* Find(uint64_t proposal) const;
  // The newest that says which limits hold; its `rows` are all of them.
  const std::optional<Event<LimitEvent>>& in_force() const { return in_force_; }
  uint64_t version() const { return in_force_ ? in_force_->value.version : 0; }
  // Not decided, and about a set that is not in force any more: nobody can approve it.
  bool Stale(const Proposal& proposal) const {
    return !proposal.decided && proposal.proposed.value.base_version != version();
  }
  // Everything, oldest first: applied to an empty record it gives an equal one.
  std::vector<Event<LimitEvent>> Events() const;

 private:
  std::map<uint64_t, Proposal> proposals_;
  std::optional<Event<LimitEvent>> in_force_;
};

}  // namespace gannet::market
