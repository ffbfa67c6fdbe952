// What changes the venue, as its journal keeps it: the calls of VenueCore marked
// "command", and those of UsdmMarket. The time of each is the record's.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "services/venue-sim/orders.h"
#include "services/venue-sim/usdm_market.h"
#include "services/venue-sim/venue_core.h"

namespace gannet::venue_sim {

enum class CommandKind : uint8_t {
  kOpen = 1,
  kConfigure,
  kTick,
  kPlace,
  kCancel,
  kCancelAll,
  kCancelReplace,
  kAmend,
  kDeposit,
  kUsdm,
  kExpire,
  kLose,
  kRestate,
};

struct Command {
  CommandKind kind = CommandKind::kTick;
  CoreOptions options;  // kOpen, kConfigure
  AccountIndex account = 0;
  PlaceRequest place;  // kPlace, kCancelReplace
  OrderRef
      order;  // kCancel, kCancelReplace, kAmend, kExpire, kLose; kCancelAll, kRestate: its symbol
  std::string client_order_id;  // of the cancel, or the new one of an amend
  bool stop_on_failure = false;
  int64_t quantity = 0;  // kAmend
  std::string asset;     // kDeposit
  Amount change = 0;
  UsdmCommand usdm;         // kUsdm
  Restatement restatement;  // kRestate
};

std::string EncodeCommand(const Command& command);
// DATA_LOSS: not a command of this build.
absl::StatusOr<Command> DecodeCommand(std::string_view bytes);

// Carries out a recorded command; what it answers is of no interest any more.
void Replay(VenueCore& core, UsdmMarket& usdm, const Command& command, base::Time time);

}  // namespace gannet::venue_sim
