// What moves an account at its venue, as a fact of a type of its own: balances and positions
// are the sums of these.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libs/base/time.h"
#include "libs/market/ids.h"
#include "libs/market/money.h"
#include "libs/market/price.h"

namespace gannet::market {

enum class AccountEventKind : uint8_t {
  kFill = 1,     // a trade of an order; of no order: what the venue realised of trades
  kFee,          // in any asset
  kFunding,      // of a perpetual position
  kLiquidation,  // a trade by which the venue closed a position, or what it took for one
  kAdl,          // a trade by which the venue reduced a position against another's bankruptcy
  kTransfer,     // deposit, withdrawal, between accounts
  kSettlement,   // delivery, delisting
  kAdjustment,   // what else the venue books; and what people signed (`person`)
};
const char* Name(AccountEventKind kind);  // "funding"

struct AssetChange {
  AssetId asset;
  Money amount;  // came in; went out: negative
  bool operator==(const AssetChange&) const = default;
};

// One booking. `id` is the venue's; each is a fact once.
struct AccountEvent {
  AccountEventKind kind = AccountEventKind::kFill;
  AccountId account;
  std::string venue;
  std::string id;       // unique of its kind in the account; of what people signed: "signed:<n>"
  StrategyId strategy;  // of the order; EXTERNAL: no order of ours
  InstrumentId instrument;  // empty: of no particular one
  uint32_t instrument_version = 0;
  ClientOrderId client_order_id;     // empty: of no order
  Quantity quantity;                 // what it added to the position; took away: negative
  Price price;                       // of a trade
  std::vector<AssetChange> changes;  // of balances
  std::string evidence;              // the venue's words that it rests on
  std::string person;                // who signed it; empty: the venue's
  base::Time time{};                 // at the venue; the epoch when not stated
  bool operator==(const AccountEvent&) const = default;
};

}  // namespace gannet::market
