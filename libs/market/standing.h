// What engines hold at one moment, for those who show it and have heard of none of the steps
// that led there: who looks on is started anew with its process, and a bus in memory with it.
//
// No facts: these events have no id, are on no topic and in no journal, and decide nothing.
#pragma once

#include <vector>

#include "libs/market/account.h"
#include "libs/market/header.h"
#include "libs/market/order.h"
#include "libs/market/parent.h"

namespace gannet::market {

struct Standing {
  struct Order {
    Event<OrderIntent> intent;
    Event<ExecReport> report;  // where it stands; no step of its life
  };
  struct Position {
    Event<PositionUpdate> update;
    uint64_t fills = 0;
  };
  std::vector<Event<ParentOrder>> parents;  // those that work
  std::vector<Order> orders;                // open ones, oldest first
  std::vector<Position> positions;          // flat ones too: they have a result
  std::vector<Event<BalanceUpdate>> balances;
};

}  // namespace gannet::market
