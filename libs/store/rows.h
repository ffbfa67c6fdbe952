// The rows that reporting keeps. Amounts are market::Money (mantissa and scale)
// and are never summed by a database. columns.h says how each row lies in a table.
#pragma once

#include <cstdint>
#include <string>
#include <tuple>

#include "libs/base/time.h"
#include "libs/market/account.h"
#include "libs/market/account_event.h"
#include "libs/market/header.h"
#include "libs/market/ids.h"
#include "libs/market/instrument.h"
#include "libs/market/money.h"
#include "libs/market/news.h"
#include "libs/market/order.h"

namespace gannet::store {

// key() of a row is what makes it unique.

struct FillRow {
  market::EventId id;  // of the execution report
  base::Time time;     // at the venue
  market::AccountId account;
  market::StrategyId strategy;
  market::InstrumentId instrument;
  market::Side side = market::Side::kBuy;
  market::ClientOrderId client_order_id;
  std::string trade_id;
  market::Money price, quantity, notional, fee;
  market::AssetId fee_asset;
  market::Liquidity liquidity = market::Liquidity::kNone;
  market::EventId signal;  // what the order rested on; may be empty
  std::string model_version;
  auto key() const { return std::tie(id); }
  bool operator==(const FillRow&) const = default;
};

struct OrderRow {
  market::ClientOrderId client_order_id;
  market::VenueOrderId venue_order_id;
  market::AccountId account;
  market::StrategyId strategy;
  market::InstrumentId instrument;
  market::Side side = market::Side::kBuy;
  market::Money price, quantity, cumulative;
  market::OrderState state = market::OrderState::kInitialized;
  std::string detail;  // reject code, reason, evidence of the last step
  base::Time created, updated;
  auto key() const { return std::tie(client_order_id); }
  bool operator==(const OrderRow&) const = default;
};

// Where the mark of a position comes from.
enum class MarkState : uint8_t {
  kUnpriced = 0,  // no price has been seen: `mark` and `unrealized` say nothing
  kValid = 1,     // mid of the last quote of a book that is VALID
  kInvalid = 2,   // the same of a book that has become INVALID since
};

struct PositionRow {
  market::AccountId account;
  market::StrategyId strategy;
  market::InstrumentId instrument;
  market::Money net, average_price, realized, unrealized, fees;
  market::AssetId quote_asset;
  base::Time updated;
  market::Money mark;
  base::Time mark_time;  // when the quote was received
  MarkState mark_state = MarkState::kUnpriced;
  auto key() const { return std::tie(account, strategy, instrument); }
  bool operator==(const PositionRow&) const = default;
};

// Result of an account in one quote asset since its first fill.
struct EquityRow {
  base::Time time;
  market::AccountId account;
  market::AssetId asset;
  market::Money realized, unrealized, fees;
  auto key() const { return std::tie(time, account, asset); }
  bool operator==(const EquityRow&) const = default;
};

// What an account had at stake in one quote asset, sampled with its EquityRow.
struct ExposureRow {
  base::Time time;
  market::AccountId account;
  market::AssetId asset;
  market::Money gross;          // sum of the absolute values of the priced positions
  market::Money net;            // sum of their signed values
  market::Money largest;        // the largest absolute value of one instrument
  market::Money open_notional;  // price × unfilled quantity of the working limit orders
  uint32_t open_orders = 0;
  uint32_t positions = 0;  // that are not flat
  uint32_t unpriced = 0;   // of these: not in the sums, and not in EquityRow::unrealized
  uint32_t invalid = 0;    // of these: marked at the last price of a book that is INVALID
  auto key() const { return std::tie(time, account, asset); }
  bool operator==(const ExposureRow&) const = default;
};

// The price at which an instrument with a position was valued last in an hour.
struct MarkRow {
  base::Time time;  // start of the hour
  market::InstrumentId instrument;
  market::Money mark;
  base::Time mark_time;  // when its quote was received
  MarkState state = MarkState::kUnpriced;
  base::Time sampled;  // with the EquityRow of this time
  auto key() const { return std::tie(time, instrument); }
  bool operator==(const MarkRow&) const = default;
};

// The newest definition of an instrument that was seen.
struct InstrumentRow {
  market::InstrumentId instrument;
  uint32_t version = 1;
  market::InstrumentKind kind = market::InstrumentKind::kSpot;
  market::AssetId base, quote, settle;
  int32_t price_scale = 8, quantity_scale = 8, base_scale = 8, quote_scale = 8;
  int64_t multiplier = 1;
  auto key() const { return std::tie(instrument); }
  bool operator==(const InstrumentRow&) const = default;
};

// What the venue said an account holds: at first sight, then when it has changed,
// at most once an hour and at the end of a run.
struct BalanceRow {
  base::Time time;
  market::AccountId account;
  std::string venue;
  market::AssetId asset;
  market::Money free, locked;
  auto key() const { return std::tie(time, account, venue, asset); }
  bool operator==(const BalanceRow&) const = default;
};

// What moved an account beside what the rows of fills tell: one change of one balance.
struct BookingRow {
  market::EventId id;  // of the account event
  uint32_t part = 0;   // which of its changes
  base::Time time;     // at the venue; when it was told where the venue states none
  base::Time told;
  market::AccountId account;
  std::string venue;
  market::AccountEventKind kind = market::AccountEventKind::kAdjustment;
  std::string booking;  // the venue's id of it; of a trade the trade's
  market::StrategyId strategy;
  market::InstrumentId instrument;        // empty: of no particular one
  market::ClientOrderId client_order_id;  // of a trade, which has a row of fills; or empty
  market::AssetId asset;                  // empty: no balance changed
  market::Money amount;                   // came in; went out: negative
  market::Money quantity, price;          // what it added to the position, and at what price
  std::string person, detail;             // of what people signed: who, and why
  auto key() const { return std::tie(id, part); }
  bool operator==(const BookingRow&) const = default;
};

struct SignalRow {
  market::EventId id;  // of the news.signals event
  base::Time time;     // decided
  std::string source, title;
  market::NewsEventType type = market::NewsEventType::kNone;
  market::NewsRelation relation = market::NewsRelation::kOriginal;
  int32_t sentiment_ppm = 0;
  uint32_t confidence_ppm = 0, novelty_ppm = 0;
  base::Duration latency{0};
  std::string classifier_version;
  auto key() const { return std::tie(id); }
  bool operator==(const SignalRow&) const = default;
};

// Where the price of an instrument went after a news signal about it.
struct OutcomeRow {
  market::EventId signal;
  market::InstrumentId instrument;
  base::Duration horizon{0};
  base::Time time;           // of the signal
  market::Money start, end;  // mids in force at that time and when the horizon ended
  base::Time ended;          // when the quote of `end` was received
  auto key() const { return std::tie(signal, instrument, horizon); }
  bool operator==(const OutcomeRow&) const = default;
};

// Predictions of one hour against what followed; rows of equal key are added up.
// Score: probability of up less that of down, ppm. Move: of the mid over the
// model's horizon, ppm, cut at ±kMaxMovePpm.
struct ScoreRow {
  base::Time time;            // start of the hour of the predictions
  std::string model_version;  // "name@version"
  market::InstrumentId instrument;
  base::Duration horizon{0};
  int64_t predictions = 0;  // whose move is known
  int64_t unresolved = 0;   // whose move was not seen in time
  int64_t decided = 0;      // score and move are both other than zero
  int64_t hits = 0;         // of these: of the same sign
  int64_t ups = 0;          // of the decided: the mid rose
  int64_t sum_score = 0, sum_move = 0;
  int64_t sum_score_squared = 0, sum_move_squared = 0, sum_product = 0;
  static constexpr int64_t kMaxMovePpm = 1'000'000;
  auto key() const { return std::tie(time, model_version, instrument, horizon); }
  bool operator==(const ScoreRow&) const = default;
};

// Verdicts of one hour; rows of equal key are added up.
struct DecisionRow {
  base::Time time;  // start of the hour
  market::AccountId account;
  market::StrategyId strategy;
  market::RejectReason reason = market::RejectReason::kNone;  // kNone: permitted
  int64_t count = 0;
  auto key() const { return std::tie(time, account, strategy, reason); }
  bool operator==(const DecisionRow&) const = default;
};

struct RiskEventRow {
  market::EventId id;  // of the risk.state event
  base::Time time;
  market::ScopeKind scope = market::ScopeKind::kFirm;
  std::string scope_name;
  market::TradingState state = market::TradingState::kActive;
  bool killed = false;
  std::string reason, person;
  uint64_t limit_version = 0;
  auto key() const { return std::tie(id); }
  bool operator==(const RiskEventRow&) const = default;
};

// One limit of one scope as it stood from `since` on.
struct LimitRow {
  uint64_t limit_version = 0;
  market::ScopeKind scope = market::ScopeKind::kFirm;
  std::string scope_name;
  std::string name;       // "max_gross"
  market::Money value;    // an amount of `asset`, or a count when `asset` is empty
  market::AssetId asset;  // the valuation asset
  base::Time since;
  auto key() const { return std::tie(limit_version, scope, scope_name, name); }
  bool operator==(const LimitRow&) const = default;
};

// A scheduled report that has been made, or given up.
struct ReportRunRow {
  std::string name;
  base::Time due;
  base::Time finished;
  std::string folder;
  std::string error;  // empty: it was made
  auto key() const { return std::tie(name, due); }
  bool operator==(const ReportRunRow&) const = default;
};

}  // namespace gannet::store
