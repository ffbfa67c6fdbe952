// Facts of execution that no other service reads, as EngineNote: kinds and bodies.
// Bodies are canonical (docs/canonical.md), version byte first.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/market/account.h"
#include "libs/market/header.h"
#include "libs/market/instrument.h"
#include "libs/market/order.h"
#include "libs/venue/order_venue.h"
#include "libs/wire/canonical.h"
#include "libs/wire/codec.h"
#include "services/execution/rate_budget.h"

namespace gannet::execution {

inline constexpr char kEngineName[] = "execution";
inline constexpr uint8_t kNoteVersion = 1;

// "request": the exact bytes of a placement, cancel, cancel-replace or amendment, of one order
// or a batch, written before they are sent. The key's header is not part of them.
struct RequestNote {
  uint64_t id = 0;
  venue::RequestKind kind = venue::RequestKind::kPlace;
  market::ClientOrderId order;                // placed, cancelled or amended
  market::ClientOrderId target;               // kCancelReplace: the order to be cancelled
  std::vector<market::ClientOrderId> others;  // of a batch: placed or cancelled with `order`
  market::Quantity quantity;                  // placed, alone
  base::Time timestamp{};
  base::Duration receive_window{};
  std::string method, target_path, body;
  bool operator==(const RequestNote&) const = default;
};

// "cancel": a cancel intent was taken up or turned down; it is answered.
// Without an intent: `order` is to be cancelled, and there was no room for the request yet.
struct CancelNote {
  market::ClientOrderId cancel, order;
  bool operator==(const CancelNote&) const = default;
};

// "gate": execution's own kill switch for a scope.
struct GateNote {
  market::Scope scope;
  bool killed = false;
  std::string reason, person;
  // What it holds is to be closed, and is not yet: the command that asked for it.
  struct Flatten {
    market::EventId command;
    std::string request_id;
    bool operator==(const Flatten&) const = default;
  };
  std::optional<Flatten> flatten;
  bool operator==(const GateNote&) const = default;
};

// "emergency": execution's own verdict on an order that closes a position under a kill switch,
// in place of one of risk. Its intent only reduces, and by no more than `proven`.
struct EmergencyNote {
  market::Scope scope;  // of the kill switch
  market::EventId command;
  std::string person;
  market::Money proven;  // held, by the venue's own word; short: negative
  std::string evidence;
  market::RiskDecision verdict;
  bool operator==(const EmergencyNote&) const = default;
};

// "balance": what balances should be, apart from fills.
struct BalanceNote {
  enum class Kind : uint8_t {
    kBaseline = 1,  // from now on every asset not named yet started at zero
    kTransfer,      // amount came in (went out: negative)
    kDifference,    // the venue holds this much more than is explained
    kResolved,      // no longer
    kAdjustment,    // a person signed the difference: amount becomes explained
    kChecked,       // what changed balances beside fills was looked at up to `time`
  };
  Kind kind = Kind::kTransfer;
  market::AssetId asset;
  market::Money amount;
  std::string evidence;  // event of the venue, or the person who signed
  // On the venue's clock. kBaseline: of the last change in it; kTransfer: when it was
  // booked, if stated.
  base::Time time{};
  bool operator==(const BalanceNote&) const = default;
};

// "position": what a derivatives position should be, apart from fills.
struct PositionNote {
  enum class Kind : uint8_t {
    kBaseline = 1,  // held at the first look; of a build that did not ask for a signature
    kDifference,    // the venue holds this much more than is explained
    kResolved,      // no longer
    kAdjustment,    // a person signed the difference; of a build that made no account events
  };
  Kind kind = Kind::kBaseline;
  market::InstrumentId instrument;
  market::Money quantity;  // exact decimal; short: negative
  std::string evidence;
  bool operator==(const PositionNote&) const = default;
};

// "trades": all own trades of an instrument up to this one have been looked at.
struct TradesNote {
  market::InstrumentId instrument;
  uint64_t trade_id = 0;
  bool operator==(const TradesNote&) const = default;
};

// "taken-over": a trade of a foreign order from before the first look at the
// balances. It counts as filled and is not booked. Or, with no quantity, one that is booked to
// the name that the order had before.
struct TakenOverNote {
  market::ClientOrderId order;
  std::string trade_id;
  market::Quantity quantity;
  bool operator==(const TakenOverNote&) const = default;
};

// "adjustment": a person named a difference, or the end of an order that the venue does not find,
// or decided about what another named.
struct AdjustmentNote {
  enum class Step : uint8_t { kProposed = 1, kApproved, kRejected };
  Step step = Step::kProposed;
  uint64_t proposal = 0;
  // kProposed: one of asset, instrument and order.
  market::AssetId asset;
  market::InstrumentId instrument;
  market::Money amount;  // what the venue holds more; of an order: what was filled of it
  market::Price price;   // of an instrument: at which the quantity is booked
  std::string person, reason;
  base::Time time{};
  market::ClientOrderId order;
  std::string evidence;   // of an order: where its end can be seen
  bool transfer = false;  // of an asset: money came or went; otherwise a gain or loss
  bool operator==(const AdjustmentNote&) const = default;
};

// "halt": an instrument takes no new orders until a person says so.
struct HaltNote {
  market::InstrumentId instrument;
  bool halted = true;
  std::string reason, person;
  bool operator==(const HaltNote&) const = default;
};

// "pause": until when the venue wants to be left alone.
using PauseNote = Pauses;

wire::EngineNote ToNote(const RequestNote& note);
// The same with the text of `request` in place of the note's own, without its key.
wire::EngineNote ToNote(const RequestNote& note, const venue::WireRequest& request);
wire::EngineNote ToNote(const CancelNote& note);
wire::EngineNote ToNote(const GateNote& note);
wire::EngineNote ToNote(const EmergencyNote& note);
wire::EngineNote ToNote(const BalanceNote& note);
wire::EngineNote ToNote(const PositionNote& note);
wire::EngineNote ToNote(const TradesNote& note);
wire::EngineNote ToNote(const TakenOverNote& note);
wire::EngineNote ToNote(const AdjustmentNote& note);
wire::EngineNote ToNote(const HaltNote& note);
wire::EngineNote ToNote(const PauseNote& note);
// "instrument": the definition that amounts of later facts are written in.
wire::EngineNote ToNote(const market::Instrument& instrument);

inline constexpr std::string_view kRequestNote = "request", kCancelNote = "cancel",
                                  kGateNote = "gate", kBalanceNote = "balance",
                                  kTradesNote = "trades", kTakenOverNote = "taken-over",
                                  kInstrumentNote = "instrument", kPositionNote = "position",
                                  kAdjustmentNote = "adjustment", kHaltNote = "halt",
                                  kPauseNote = "pause", kEmergencyNote = "emergency";

// DATA_LOSS names what is wrong with the body.
absl::StatusOr<RequestNote> ReadRequestNote(std::string_view body);
absl::StatusOr<CancelNote> ReadCancelNote(std::string_view body);
absl::StatusOr<GateNote> ReadGateNote(std::string_view body);
absl::StatusOr<EmergencyNote> ReadEmergencyNote(std::string_view body);
absl::StatusOr<BalanceNote> ReadBalanceNote(std::string_view body);
absl::StatusOr<PositionNote> ReadPositionNote(std::string_view body);
absl::StatusOr<TradesNote> ReadTradesNote(std::string_view body);
absl::StatusOr<TakenOverNote> ReadTakenOverNote(std::string_view body);
absl::StatusOr<AdjustmentNote> ReadAdjustmentNote(std::string_view body);
absl::StatusOr<HaltNote> ReadHaltNote(std::string_view body);
absl::StatusOr<PauseNote> ReadPauseNote(std::string_view body);
absl::StatusOr<market::Instrument> ReadInstrumentNote(std::string_view body);

// Parts that snapshots share with notes. Of a verdict: it permits, others are not kept.
void Write(wire::CanonicalWriter& out, const market::RiskDecision& verdict);
market::RiskDecision ReadVerdict(wire::CanonicalReader& in);
void Write(wire::CanonicalWriter& out, const market::Scope& scope);
market::Scope ReadScope(wire::CanonicalReader& in);
void WriteFlatten(wire::CanonicalWriter& out, const GateNote& note);
void ReadFlatten(wire::CanonicalReader& in, GateNote& note);
// What a note says of an order comes after the rest, and
// whether it is a transfer after that.
void Write(wire::CanonicalWriter& out, const AdjustmentNote& note);
AdjustmentNote ReadAdjustment(wire::CanonicalReader& in);
void WriteOrderOf(wire::CanonicalWriter& out, const AdjustmentNote& note);
void ReadOrderOf(wire::CanonicalReader& in, AdjustmentNote& note);
// What a note of a pause says of less than everything comes after the rest too.
void WritePartsOf(wire::CanonicalWriter& out, const PauseNote& note);
void ReadPartsOf(wire::CanonicalReader& in, PauseNote& note);

}  // namespace gannet::execution
