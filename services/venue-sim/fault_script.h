// What a venue does wrong, written down: a script of rules in YAML (README.md, "Faults"),
// or made by a seed. FaultGate carries it out.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/files.h"
#include "libs/base/time.h"
#include "libs/config/config.h"

namespace gannet::venue_sim {

enum class FaultKind : uint8_t {
  // Of requests.
  kLostRequest = 1,  // never arrives, and nothing answers
  kLostAnswer,       // handled, and nothing answers
  kRefusedError,     // an error that proves nothing in place of handling it
  kHandledError,     // handled, and answered by an error that proves nothing
  kLateAnswer,
  kDoubledRequest,  // handled a second time
  kToldToWait,      // 429 with Retry-After; who asks on is banned, 418
  kShortOpenOrders,
  kLookupLag,  // what is young is not known yet to queries
  kZeroBalances,
  kHalfReplace,  // the cancel takes effect, the order is refused
  // Of frames of the user stream (`frame: market`: of the others).
  kLostFrame,
  kLateFrame,
  kDoubledFrame,
  kSwappedFrames,  // with the one that follows
  kFillBeforeAck,
  // Of orders.
  kPartialThenCancel,
  kAckThenExpire,
  kAckThenReject,
  // Of the account and the venue, by the clock.
  kFunding,
  kLiquidation,
  kAdl,  // auto-deleveraging: the venue closes what is held against a bankrupt
  kHandOrder,
  kHandAmend,  // of an order that is open
  kLostOrder,  // one that is open is gone, and nothing tells of it
  kTransfer,
  kRestate,  // a symbol's rules, of both markets
  kHalt,     // nothing is traded or taken there but cancels
  kDisconnect,
  kSilence,
  kClockSkew,
};
inline constexpr FaultKind kLastFault = FaultKind::kClockSkew;
// As the script has it.
std::string_view Name(FaultKind kind);

enum class Door : uint8_t { kAny = 0, kSpot, kUsdm, kBybit, kOther };
enum class RequestClass : uint8_t { kAny = 0, kPlace, kCancel, kQuery, kAmend };
enum class FrameClass : uint8_t { kAny = 0, kAck, kFill, kMarket };

struct FaultRule {
  FaultKind kind = FaultKind::kLostRequest;
  Door door = Door::kAny;
  RequestClass of = RequestClass::kPlace;
  FrameClass frame = FrameClass::kAny;
  // Which of the occasions: each by chance, after the first `skip`, at most `times`.
  config::Ppm chance{1'000'000};
  uint64_t skip = 0;
  std::optional<uint64_t> times;
  // When, since the venue opened; kinds by the clock happen at `from` and then `every`.
  base::Duration from{0};
  std::optional<base::Duration> until, every;
  // What belongs to the kind.
  base::Duration delay = std::chrono::seconds(1);
  base::Duration wait = std::chrono::seconds(5), ban{0};
  std::string answer = "any";  // kinds with an error: 502 503 504 1006 1007 2010
  uint64_t keep = 1;
  std::string symbol = "BTCUSDT", asset = "USDT", side = "BUY";
  std::string quantity = "0.001", amount = "1";
  // Of a symbol that is restated; empty: as it is listed.
  std::string tick, lot, max_price, max_quantity, min_notional;
  std::string price;  // of an order by hand that is to rest; empty: at the market
};

struct FaultScript {
  uint64_t seed = 1;
  std::vector<FaultRule> rules;
};

inline constexpr size_t kMaxFaultRules = 1000;
// Tells Bybit's door that ack_then_reject struck a placement.
inline constexpr const char* kRejectedLaterHeader = "X-Sim-Rejected-Later";

void ReadFaults(config::Section& in, FaultScript& out);
absl::StatusOr<FaultScript> LoadFaultScript(base::Files& files, const std::string& path);

}  // namespace gannet::venue_sim
