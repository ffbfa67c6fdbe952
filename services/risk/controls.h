// The controls of the gate: one small function each, in a table ordered by the
// precedence of their reject reason. A control reads the order in its context and
// says whether it fails; it changes nothing and decides nothing else. What each one
// compares, exactly: docs/risk-controls.md.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "libs/base/time.h"
#include "libs/market/order.h"
#include "services/risk/exposure_book.h"
#include "services/risk/service_watch.h"

namespace gannet::risk {

struct GateSettings {
  base::Duration unanswered_alarm{std::chrono::seconds(10)};
  base::Duration position_alarm{std::chrono::seconds(5)};
  bool verify_hash = true;
  size_t max_open_orders = kMaxOpenOrders;
};

// What an order does to its side of one cell: what it closes counts at the mark,
// what it opens at the worst price.
struct SideChange {
  int64_t opened = 0;  // quantity beyond what is there to close; 0: it only closes
  Value before = 0, after = 0;
  Value more = 0;  // by which the cell's gross grows
};

// One order and everything the controls look up about it, gathered once. A
// control whose data is missing passes: the control that names the absence has
// failed already.
struct OrderContext {
  const market::OrderIntent& intent;
  const ExposureBook& book;
  const GateSettings& settings;
  base::Time now;
  const ServiceWatch* watch = nullptr;  // null: nothing is waited for

  bool account_known = false;
  const InstrumentRow* instrument = nullptr;
  const Leaf* leaf = nullptr;  // null: account or instrument unknown, or no room
  std::array<const ScopeRow*, 5>
      scopes{};  // firm, account, strategy, venue, instrument; all set with `leaf`
  std::array<const Cell*, 3> cells{};  // firm, account, strategy

  market::Price reference;                      // mid of the newest quote; 0: none
  int64_t collar_ppm = 0;                       // tightest; 0: not stated
  Stage stage = Stage::kFull;                   // lowest stated
  market::Price worst;                          // worst-case price; 0: unknown
  std::optional<market::Money> worst_notional;  // at that price, quote asset, rounded up
  std::optional<Value> worst_value;             // the same in the valuation asset
  // An amendment: the order that it is about, and what it adds to what that has reserved.
  // Otherwise everything is added.
  const OpenOrder* amended = nullptr;
  int64_t adds = 0;
  std::optional<market::Money> adds_notional;  // with `worst_notional`
  std::optional<Value> adds_value;             // with `worst_value`
  std::array<SideChange, 3> changes{};         // of `cells`, with `worst_value`
  Carve carve;                                 // of a child
  bool reducing = false;  // closes part of the strategy's own position, open orders counted

  // Its reservation is part of its parent's in the same instrument, which the gate has
  // permitted already: nothing is added to what is counted there.
  bool carved() const { return carve.same && carve.quantity > 0; }
  bool adds_nothing() const {
    return amended != nullptr && adds == 0 && adds_notional && adds_notional->zero();
  }
  bool is_parent() const { return intent.kind == market::IntentKind::kParent; }
  bool buy() const { return intent.side == market::Side::kBuy; }
  bool spot() const { return instrument->definition.kind == market::InstrumentKind::kSpot; }
  // Of scope i: firm, venue and instrument share the firm's cell.
  static size_t CellOf(size_t scope) { return scope < 3 ? scope : 0; }
};

// What an order does to its side of a cell.
SideChange ChangeOf(const Cell& cell, bool buy, int64_t quantity, Value worst_value);
// Of the strategy's own position; `own`: of its open orders what the order is part of.
bool Reduces(const Leaf& leaf, bool buy, int64_t quantity, int64_t own);
// Why an order makes no sense (control 21); null: it does. `leaf` may be null;
// `carve_fault` is a child's.
const char* FormFault(const market::OrderIntent& intent, const ExposureBook& book,
                      const GateSettings& settings, base::Time now, const Leaf* leaf,
                      const char* carve_fault);

OrderContext MakeContext(const market::OrderIntent& intent, const ExposureBook& book,
                         const GateSettings& settings, base::Time now,
                         const ServiceWatch* watch = nullptr);

// What a control found, for people: why it failed; and of the comparison that failed
// or came closest to it the limit, its scope and the value.
class Finding {
 public:
  std::string detail;
  std::string limit_name, limit, value;
  std::optional<market::Scope> scope;

  // Keeps the comparison when it failed or leaves less room than those before.
  bool Closer(bool failed, market::Int128 room);

 private:
  bool any_ = false;
  market::Int128 room_ = 0;
};

// What a control needs to be known of an order before it can look at it.
enum class Needs : uint8_t {
  kNothing,
  kInstrument,  // its definition
  kRows,        // account, strategy and instrument
  kReference,   // the same, and a reference price
  kValue,       // the same, and what it comes to at the worst price
};

struct Control {
  market::RejectReason reason;
  int number;         // docs/risk-controls.md
  const char* about;  // for people, a few words
  // True: refused. `finding` may be null.
  bool (*fails)(const OrderContext& context, Finding* finding);
  Needs needs = Needs::kRows;
};

// False: a pass means nothing, as what the control needs is not there.
bool LooksAt(const Control& control, const OrderContext& context);

// In order of precedence.
std::span<const Control> Controls();

}  // namespace gannet::risk
