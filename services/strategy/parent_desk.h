// Parent orders from their first word to their last: what each has filled, which
// children work, and what to do next. docs/algos.md says what each algorithm does.
//
// Pure. Apply members take recorded facts, live and in recovery, and decide nothing;
// OnTrade takes live data; Decide is const. What the market traded is told with each
// fact about a parent, so that after a restart less is known of it, never more.
//
// Owned by StrategyEngine; one thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/time.h"
#include "libs/market/market_data.h"
#include "libs/market/parent.h"
#include "libs/wire/canonical.h"
#include "services/strategy/portfolio.h"
#include "services/strategy/strategy.h"

namespace gannet::strategy {

inline constexpr size_t kMaxParents = 256;  // at a time; more are refused
// Between two children of a parent that take liquidity, and between two facts that only
// tell how it does.
inline constexpr base::Duration kChildGap = std::chrono::seconds(1);

struct Child {
  market::InstrumentId instrument;
  uint32_t instrument_version = 0;  // which `order` speaks of; 0: not known, the current one
  WorkingOrder order;
};

struct Parent {
  market::ParentOrder order;  // fills up to date; the rest as last told
  bool asked = false;         // its reservation has been asked for
  bool permitted = false;
  std::string denied;  // why the gate refused; empty: it did not
  bool cancel_asked = false;
  bool exiting = false;                             // an exit child has been made
  market::Money base_fees;                          // taken out of what was bought
  std::map<market::InstrumentId, Backoff> backoff;  // of refused children, by where they went
  std::string refusal;    // of the newest refused child; empty: since accepted
  market::Quantity most;  // of one exit, since the gate found more too large; 0: it has not
  base::Time last_child;  // made
  base::Time told_at;
  market::Quantity told;  // filled and exited by then
  std::map<market::ClientOrderId, Child> open, ended;
  // Live: what the market traded since it began.
  market::Quantity seen_volume;
  market::Int128 seen_value = 0;
};

// What to do, in this order.
struct ParentSteps {
  std::vector<market::ParentOrder> told;
  std::vector<Draft> drafts;
};

class ParentDesk {
 public:
  explicit ParentDesk(std::map<std::string, int64_t> fees_ppm) : fees_ppm_(std::move(fees_ppm)) {}

  // --- facts ---------------------------------------------------------------
  void Apply(const market::Event<market::ParentOrder>& event);
  void Apply(const market::OrderIntent& intent);
  void Apply(const market::RiskDecision& decision);
  void Apply(const market::ExecReport& report, base::Time at, const MarketView& market);

  // --- live data -----------------------------------------------------------
  void OnTrade(const market::Trade& trade, const MarketView& market);

  // --- decisions -----------------------------------------------------------
  void Decide(const Parent& parent, const View& view, ParentSteps& out) const;
  const std::map<market::ClientOrderId, Parent>& parents() const { return parents_; }
  const Parent* Find(const market::ClientOrderId& id) const;
  bool full() const { return parents_.size() >= kMaxParents; }
  // Parents whose orders facts have spoken of since the last call.
  std::set<market::ClientOrderId> TakeTouched() { return std::exchange(touched_, {}); }

  void Save(wire::CanonicalWriter& out) const;
  absl::Status Load(wire::CanonicalReader& in);

 private:
  struct End {
    market::ParentState state;
    std::string why;
  };
  Parent* ParentOf(const market::ClientOrderId& child);
  void Book(Parent& parent, const Child& child, const market::ExecReport& report,
            const MarketView& market);
  void Refused(Parent& parent, const market::InstrumentId& where, std::string why, base::Time at);
  void TooLarge(Parent& parent, const market::OrderIntent& refused, std::string why, base::Time at);
  void Close(Parent& parent, const market::ClientOrderId& child);

  std::optional<End> Ending(const Parent& parent, const View& view) const;
  std::string PauseReason(const Parent& parent, const View& view) const;
  void Tell(const Parent& parent, market::ParentState state, std::string detail,
            ParentSteps& out) const;
  void Withdraw(const Parent& parent, const char* why, const View& view, ParentSteps& out) const;
  void Work(const Parent& parent, const MarketRow& row, const View& view, ParentSteps& out) const;
  void WorkSlices(const Parent& parent, const MarketRow& row, const View& view,
                  ParentSteps& out) const;
  void WorkIceberg(const Parent& parent, const MarketRow& row, ParentSteps& out) const;
  void WorkRoute(const Parent& parent, const MarketRow& row, const View& view,
                 ParentSteps& out) const;
  void WorkBracket(const Parent& parent, const MarketRow& row, const View& view,
                   ParentSteps& out) const;
  void WorkOco(const Parent& parent, const MarketRow& row, const View& view,
               ParentSteps& out) const;

  const std::map<std::string, int64_t> fees_ppm_;  // of a taker, by venue
  std::map<market::ClientOrderId, Parent> parents_;
  std::map<market::ClientOrderId, market::ClientOrderId> parent_of_;  // by child
  std::set<market::ClientOrderId> touched_;
};

// What a bracket holds and can still sell (or buy back): whole lots.
market::Quantity HeldBy(const Parent& parent, const market::Instrument& instrument);

}  // namespace gannet::strategy
