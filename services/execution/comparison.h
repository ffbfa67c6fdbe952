// What execution holds beside what its venue says, for people; and how a kill switch has
// come to its end. Values only.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "libs/base/time.h"
#include "libs/market/account.h"
#include "libs/market/header.h"
#include "libs/market/ids.h"
#include "libs/market/order.h"
#include "libs/market/position.h"

namespace gannet::execution {

// One side's word about an order; numbers are decimal text.
struct OrderStated {
  std::string state, quantity, filled, price;
  bool operator==(const OrderStated&) const = default;
};

struct OrderCompared {
  market::InstrumentId instrument;
  market::ClientOrderId client_order_id;
  market::VenueOrderId venue_order_id;
  market::StrategyId strategy;
  std::optional<OrderStated> venue, local;
  bool equal = true;
  std::string note;
};

struct FillCompared {
  market::InstrumentId instrument;
  std::string trade_id;
  market::VenueOrderId venue_order_id;
  std::string quantity, price;
  bool at_venue = false, booked = false;
  bool equal = false;
  std::string note;
};

struct AmountCompared {
  std::string name;  // asset or instrument
  std::string venue, local, difference, tolerance;
  bool equal = true;
  std::string note;
};

struct Comparison {
  std::string problem;  // non-empty: the venue could not be asked, nothing below holds
  std::vector<OrderCompared> orders;
  std::vector<FillCompared> fills;  // only those that differ
  uint32_t equal_fills = 0;
  base::Time fills_since{};
  std::vector<AmountCompared> balances, positions;
  uint32_t rounds = 0;
  base::Time asked{};
  bool equal = true;
};

// Fills listed at most; the rest is counted in a note.
inline constexpr size_t kMaxFillsShown = 1'000;

// A kill switch from its command to the end that the venue has confirmed.
struct StopRun {
  uint64_t number = 0;
  market::EventId command;
  std::string request_id, person;
  market::Scope scope;
  base::Time began{};   // the command was received
  uint32_t orders = 0;  // open in the scope then
  std::vector<market::ClientOrderId> ids;
  bool flatten = false;  // what the scope holds is closed before it is verified
  std::string reason;
  enum class Step : uint8_t { kWithdrawing = 1, kAsking, kClosing, kVerified };
  Step step = Step::kWithdrawing;
  size_t list = 0;  // of open orders: which is asked for
  bool under_way = false;
  bool over = false;  // lifted before it was verified
  base::Time asked{};
  base::Time verified{};
  std::string evidence;                  // of the lists that show none
  std::map<std::string, uint32_t> ends;  // state → orders, once verified

  // kClosing: in rounds, each from the venue's own account and prices.
  struct Holding {
    market::StrategyId strategy;
    market::Money quantity;  // to be closed; short: negative
    market::Money proven;    // held of the instrument or asset by the venue's word
  };
  std::map<market::InstrumentId, std::vector<Holding>> holdings;  // of this round
  std::string proof;                                              // the account's evidence
  size_t prices_asked = 0;
  std::set<market::ClientOrderId> closings;  // of this round
  uint64_t next_name = 0;                    // of an order that closes
  uint32_t closing_orders = 0;               // in all
  std::vector<std::string> left;             // what stays, and why; for people
  std::vector<std::string> waits;            // what cannot be closed now; it is tried again
  std::vector<std::string> dust;             // less than the venue trades
  std::vector<std::string> left_before;      // at the round before
  std::map<market::PositionKey, market::Money> booked;  // in the scope, as the round began
  base::Time next_round{};
  base::Duration pause{0};
};
inline constexpr size_t kMaxStops = 100;
// What a run that flattens has come to, for people.
std::string FlatWords(const StopRun& run);

}  // namespace gannet::execution
