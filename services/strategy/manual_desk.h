// Orders of people: turns a command about one order into a draft that strategy
// "manual/<person>" would have made, so that it takes the path of any intent.
//
// Pure. A command is pending from its record to its answer; what a crash left
// pending is decided at the next start, but a command older than kMaxCommandAge is
// refused instead: nobody expects an order of long ago. The answers to the newest
// kKeptRequests requests are kept, so that a command that comes twice (a gateway
// that lost its memory) makes one intent and gets the same answer.
//
// Owned by StrategyEngine; one thread.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/market/account.h"
#include "libs/market/header.h"
#include "libs/market/instrument.h"
#include "libs/market/manual.h"
#include "libs/wire/canonical.h"
#include "services/strategy/portfolio.h"
#include "services/strategy/strategy.h"

namespace gannet::strategy {

inline constexpr base::Duration kMaxCommandAge = std::chrono::seconds(30);
inline constexpr size_t kKeptRequests = 4'096;
inline constexpr size_t kMaxPendingCommands = 1'024;
inline constexpr size_t kMaxPersonBytes = 64;

market::StrategyId ManualStrategy(std::string_view person);

class ManualDesk {
 public:
  using Request = std::pair<std::string, std::string>;  // person, request id

  // --- facts ---------------------------------------------------------------
  void Apply(const market::Event<market::Command>& event);
  void Apply(const market::Event<market::OrderIntent>& event);
  void Apply(const market::Event<market::ParentOrder>& event);
  void Apply(const market::Event<market::CommandAnswer>& event);

  // --- live data -----------------------------------------------------------
  void OnInstrument(const market::Instrument& instrument);
  const market::Instrument* Definition(const market::InstrumentId& id) const;

  // --- decisions -----------------------------------------------------------
  struct Pending {
    market::Event<market::Command> command;
    market::ClientOrderId intent;  // made, although its answer is not recorded
  };
  // In the order in which they came.
  std::vector<Pending> pending() const;
  // The answer that the same request got before; null: none.
  const market::CommandAnswer* Answered(const market::Command& command) const;
  // FAILED_PRECONDITION or INVALID_ARGUMENT saying why there will be no intent.
  absl::StatusOr<Draft> MakeDraft(const market::Event<market::Command>& command,
                                  const Portfolio& portfolio, base::Time now) const;

  void Save(wire::CanonicalWriter& out) const;
  absl::Status Load(wire::CanonicalReader& in);

  uint64_t overflows() const { return overflows_; }

 private:
  absl::StatusOr<Draft> Placement(const market::Command& command) const;
  absl::StatusOr<Draft> Change(const market::Command& command, const Portfolio& portfolio) const;
  void Remember(const market::CommandAnswer& answer);

  std::map<market::EventId, Pending> pending_;
  std::map<Request, market::CommandAnswer> answers_;
  std::deque<Request> answers_in_order_;                            // oldest first
  std::map<market::InstrumentId, market::Instrument> instruments_;  // derived: not saved
  uint64_t overflows_ = 0;  // commands beyond kMaxPendingCommands: never answered
};

}  // namespace gannet::strategy
