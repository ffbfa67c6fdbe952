// What an account holds, and the state of the gate above it.
#pragma once

#include <string>

#include "libs/market/ids.h"
#include "libs/market/money.h"
#include "libs/market/order.h"

namespace gannet::market {

struct BalanceUpdate {
  AccountId account;
  std::string venue;
  AssetId asset;
  Money free;
  Money locked;
  bool operator==(const BalanceUpdate&) const = default;
};

struct PositionUpdate {
  AccountId account;
  StrategyId strategy;
  InstrumentId instrument;
  uint32_t instrument_version = 1;
  Quantity net;         // short: negative
  Price average_price;  // of the open lots, rounded half even; 0 when flat
  Money realized_pnl;   // quote asset, fees in the quote asset taken off
  Money fees;           // quote asset
  bool operator==(const PositionUpdate&) const = default;
};

enum class ScopeKind : uint8_t { kFirm = 1, kAccount, kStrategy, kVenue, kInstrument };
struct Scope {
  ScopeKind kind = ScopeKind::kFirm;
  std::string name;  // empty for the firm
  auto operator<=>(const Scope&) const = default;
};

struct RiskState {
  Scope scope;
  TradingState state = TradingState::kActive;
  bool killed = false;
  std::string reason;
  std::string person;  // who asked; empty: the engine itself
  uint64_t limit_version = 0;
  uint64_t epoch = 0;
  bool operator==(const RiskState&) const = default;
};

enum class CommandKind : uint8_t { kKill = 1, kResume, kSetTradingState, kCancelAll, kDrain };
struct Command {
  CommandKind kind = CommandKind::kKill;
  Scope scope;
  TradingState state = TradingState::kHalted;  // kSetTradingState
  std::string reason;
  std::string person;
  std::string request_id;
  bool operator==(const Command&) const = default;
};

}  // namespace gannet::market
