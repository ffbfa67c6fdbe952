// How each row lies in a table, written once for every store that has tables.
//
//   Table<FillRow>::Fields(row, [](const char* name, auto& value) { … });
//
// visits the fields in the order of the columns, those of the key first. A store
// maps a field to one column or more by the type of the value:
//   text, TextId          NAME
//   integers, enums, bool NAME
//   Time, Duration        NAME_ns
//   Money                 NAME, NAME_scale
//   EventId               NAME_stream, NAME_sequence; stream, sequence when NAME is ""
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <type_traits>
#include <vector>

#include "libs/store/rows.h"

namespace gannet::store {

// What becomes of a row whose key is in the table already.
enum class OnRepeat : uint8_t {
  kKeep,     // it is left out
  kReplace,  // it takes the place of the old one
  kAdd,      // its integers are added to those of the old one
};

// For each row: kName, kOnRepeat, kKeyFields (how many fields make up the key),
// kTime (field that ranges of time are asked for, "" for none), Order (in which
// rows are handed out), Fields.
template <class Row>
struct Table;

template <>
struct Table<FillRow> {
  static constexpr const char* kName = "fills";
  static constexpr OnRepeat kOnRepeat = OnRepeat::kKeep;
  static constexpr size_t kKeyFields = 1;
  static constexpr const char* kTime = "time";
  static auto Order(const FillRow& row) { return std::tie(row.time, row.id); }
  template <class Row, class Field>
  static void Fields(Row& row, Field field) {
    field("", row.id);
    field("time", row.time);
    field("account", row.account);
    field("strategy", row.strategy);
    field("instrument", row.instrument);
    field("side", row.side);
    field("client_order_id", row.client_order_id);
    field("trade_id", row.trade_id);
    field("price", row.price);
    field("quantity", row.quantity);
    field("notional", row.notional);
    field("fee", row.fee);
    field("fee_asset", row.fee_asset);
    field("liquidity", row.liquidity);
    field("signal", row.signal);
    field("model_version", row.model_version);
  }
};

template <>
struct Table<OrderRow> {
  static constexpr const char* kName = "orders";
  static constexpr OnRepeat kOnRepeat = OnRepeat::kReplace;
  static constexpr size_t kKeyFields = 1;
  static constexpr const char* kTime = "created";
  static auto Order(const OrderRow& row) { return std::tie(row.created, row.client_order_id); }
  template <class Row, class Field>
  static void Fields(Row& row, Field field) {
    field("client_order_id", row.client_order_id);
    field("venue_order_id", row.venue_order_id);
    field("account", row.account);
    field("strategy", row.strategy);
    field("instrument", row.instrument);
    field("side", row.side);
    field("price", row.price);
    field("quantity", row.quantity);
    field("cumulative", row.cumulative);
    field("state", row.state);
    field("detail", row.detail);
    field("created", row.created);
    field("updated", row.updated);
  }
};

template <>
struct Table<PositionRow> {
  static constexpr const char* kName = "positions";
  static constexpr OnRepeat kOnRepeat = OnRepeat::kReplace;
  static constexpr size_t kKeyFields = 3;
  static constexpr const char* kTime = "";
  static auto Order(const PositionRow& row) { return row.key(); }
  template <class Row, class Field>
  static void Fields(Row& row, Field field) {
    field("account", row.account);
    field("strategy", row.strategy);
    field("instrument", row.instrument);
    field("net", row.net);
    field("average_price", row.average_price);
    field("realized", row.realized);
    field("unrealized", row.unrealized);
    field("fees", row.fees);
    field("quote_asset", row.quote_asset);
    field("updated", row.updated);
    field("mark", row.mark);
    field("mark_time", row.mark_time);
    field("mark_state", row.mark_state);
  }
};

template <>
struct Table<EquityRow> {
  static constexpr const char* kName = "equity";
  static constexpr OnRepeat kOnRepeat = OnRepeat::kReplace;
  static constexpr size_t kKeyFields = 3;
  static constexpr const char* kTime = "time";
  static auto Order(const EquityRow& row) { return row.key(); }
  template <class Row, class Field>
  static void Fields(Row& row, Field field) {
    field("time", row.time);
    field("account", row.account);
    field("asset", row.asset);
    field("realized", row.realized);
    field("unrealized", row.unrealized);
    field("fees", row.fees);
  }
};

template <>
struct Table<ExposureRow> {
  static constexpr const char* kName = "exposures";
  static constexpr OnRepeat kOnRepeat = OnRepeat::kReplace;
  static constexpr size_t kKeyFields = 3;
  static constexpr const char* kTime = "time";
  static auto Order(const ExposureRow& row) { return row.key(); }
  template <class Row, class Field>
  static void Fields(Row& row, Field field) {
    field("time", row.time);
    field("account", row.account);
    field("asset", row.asset);
    field("gross", row.gross);
    field("net", row.net);
    field("largest", row.largest);
    field("open_notional", row.open_notional);
    field("open_orders", row.open_orders);
    field("positions", row.positions);
    field("unpriced", row.unpriced);
    field("invalid", row.invalid);
  }
};

template <>
struct Table<MarkRow> {
  static constexpr const char* kName = "marks";
  static constexpr OnRepeat kOnRepeat = OnRepeat::kReplace;
  static constexpr size_t kKeyFields = 2;
  static constexpr const char* kTime = "time";
  static auto Order(const MarkRow& row) { return row.key(); }
  template <class Row, class Field>
  static void Fields(Row& row, Field field) {
    field("time", row.time);
    field("instrument", row.instrument);
    field("mark", row.mark);
    field("mark_time", row.mark_time);
    field("state", row.state);
    field("sampled", row.sampled);
  }
};

template <>
struct Table<InstrumentRow> {
  static constexpr const char* kName = "instruments";
  static constexpr OnRepeat kOnRepeat = OnRepeat::kReplace;
  static constexpr size_t kKeyFields = 1;
  static constexpr const char* kTime = "";
  static auto Order(const InstrumentRow& row) { return row.key(); }
  template <class Row, class Field>
  static void Fields(Row& row, Field field) {
    field("instrument", row.instrument);
    field("version", row.version);
    field("kind", row.kind);
    field("base", row.base);
    field("quote", row.quote);
    field("settle", row.settle);
    field("price_scale", row.price_scale);
    field("quantity_scale", row.quantity_scale);
    field("base_scale", row.base_scale);
    field("quote_scale", row.quote_scale);
    field("multiplier", row.multiplier);
  }
};

template <>
struct Table<BalanceRow> {
  static constexpr const char* kName = "balances";
  static constexpr OnRepeat kOnRepeat = OnRepeat::kReplace;
  static constexpr size_t kKeyFields = 4;
  static constexpr const char* kTime = "time";
  static auto Order(const BalanceRow& row) { return row.key(); }
  template <class Row, class Field>
  static void Fields(Row& row, Field field) {
    field("time", row.time);
    field("account", row.account);
    field("venue", row.venue);
    field("asset", row.asset);
    field("free", row.free);
    field("locked", row.locked);
  }
};

template <>
struct Table<SignalRow> {
  static constexpr const char* kName = "signals";
  static constexpr OnRepeat kOnRepeat = OnRepeat::kKeep;
  static constexpr size_t kKeyFields = 1;
  static constexpr const char* kTime = "time";
  static auto Order(const SignalRow& row) { return std::tie(row.time, row.id); }
  template <class Row, class Field>
  static void Fields(Row& row, Field field) {
    field("", row.id);
    field("time", row.time);
    field("source", row.source);
    field("title", row.title);
    field("type", row.type);
    field("relation", row.relation);
    field("sentiment_ppm", row.sentiment_ppm);
    field("confidence_ppm", row.confidence_ppm);
    field("novelty_ppm", row.novelty_ppm);
    field("latency", row.latency);
    field("classifier_version", row.classifier_version);
  }
};

template <>
struct Table<OutcomeRow> {
  static constexpr const char* kName = "outcomes";
  static constexpr OnRepeat kOnRepeat = OnRepeat::kKeep;
  static constexpr size_t kKeyFields = 3;
  static constexpr const char* kTime = "time";
  static auto Order(const OutcomeRow& row) {
    return std::tie(row.time, row.signal, row.instrument, row.horizon);
  }
  template <class Row, class Field>
  static void Fields(Row& row, Field field) {
    field("signal", row.signal);
    field("instrument", row.instrument);
    field("horizon", row.horizon);
    field("time", row.time);
    field("start", row.start);
    field("end", row.end);
    field("ended", row.ended);
  }
};

template <>
struct Table<ScoreRow> {
  static constexpr const char* kName = "scores";
  static constexpr OnRepeat kOnRepeat = OnRepeat::kAdd;
  static constexpr size_t kKeyFields = 4;
  static constexpr const char* kTime = "time";
  static auto Order(const ScoreRow& row) { return row.key(); }
  template <class Row, class Field>
  static void Fields(Row& row, Field field) {
    field("time", row.time);
    field("model_version", row.model_version);
    field("instrument", row.instrument);
    field("horizon", row.horizon);
    field("predictions", row.predictions);
    field("unresolved", row.unresolved);
    field("decided", row.decided);
    field("hits", row.hits);
    field("ups", row.ups);
    field("sum_score", row.sum_score);
    field("sum_move", row.sum_move);
    field("sum_score_squared", row.sum_score_squared);
    field("sum_move_squared", row.sum_move_squared);
    field("sum_product", row.sum_product);
  }
};

template <>
struct Table<DecisionRow> {
  static constexpr const char* kName = "decisions";
  static constexpr OnRepeat kOnRepeat = OnRepeat::kAdd;
  static constexpr size_t kKeyFields = 4;
  static constexpr const char* kTime = "time";
  static auto Order(const DecisionRow& row) { return row.key(); }
  template <class Row, class Field>
  static void Fields(Row& row, Field field) {
    field("time", row.time);
    field("account", row.account);
    field("strategy", row.strategy);
    field("reason", row.reason);
    field("count", row.count);
  }
};

template <>
struct Table<RiskEventRow> {
  static constexpr const char* kName = "risk_events";
  static constexpr OnRepeat kOnRepeat = OnRepeat::kKeep;
  static constexpr size_t kKeyFields = 1;
  static constexpr const char* kTime = "time";
  static auto Order(const RiskEventRow& row) { return std::tie(row.time, row.id); }
  template <class Row, class Field>
  static void Fields(Row& row, Field field) {
    field("", row.id);
    field("time", row.time);
    field("scope", row.scope);
    field("scope_name", row.scope_name);
    field("state", row.state);
    field("killed", row.killed);
    field("reason", row.reason);
    field("person", row.person);
    field("limit_version", row.limit_version);
  }
};

template <>
struct Table<BookingRow> {
  static constexpr const char* kName = "bookings";
  static constexpr OnRepeat kOnRepeat = OnRepeat::kKeep;
  static constexpr size_t kKeyFields = 2;
  static constexpr const char* kTime = "time";
  static auto Order(const BookingRow& row) { return std::tie(row.time, row.id, row.part); }
  template <class Row, class Field>
  static void Fields(Row& row, Field field) {
    field("", row.id);
    field("part", row.part);
    field("time", row.time);
    field("told", row.told);
    field("account", row.account);
    field("venue", row.venue);
    field("kind", row.kind);
    field("booking", row.booking);
    field("strategy", row.strategy);
    field("instrument", row.instrument);
    field("client_order_id", row.client_order_id);
    field("asset", row.asset);
    field("amount", row.amount);
    field("quantity", row.quantity);
    field("price", row.price);
    field("person", row.person);
    field("detail", row.detail);
  }
};

template <>
struct Table<LimitRow> {
  static constexpr const char* kName = "limits";
  static constexpr OnRepeat kOnRepeat = OnRepeat::kKeep;
  static constexpr size_t kKeyFields = 4;
  static constexpr const char* kTime = "";
  static auto Order(const LimitRow& row) { return row.key(); }
  template <class Row, class Field>
  static void Fields(Row& row, Field field) {
    field("limit_version", row.limit_version);
    field("scope", row.scope);
    field("scope_name", row.scope_name);
    field("name", row.name);
    field("value", row.value);
    field("asset", row.asset);
    field("since", row.since);
  }
};

template <>
struct Table<ReportRunRow> {
  static constexpr const char* kName = "report_runs";
  static constexpr OnRepeat kOnRepeat = OnRepeat::kReplace;
  static constexpr size_t kKeyFields = 2;
  static constexpr const char* kTime = "due";
  static auto Order(const ReportRunRow& row) { return std::tie(row.due, row.name); }
  template <class Row, class Field>
  static void Fields(Row& row, Field field) {
    field("name", row.name);
    field("due", row.due);
    field("finished", row.finished);
    field("folder", row.folder);
    field("error", row.error);
  }
};

template <class Row>
void SortRows(std::vector<Row>& rows) {
  std::sort(rows.begin(), rows.end(),
            [](const Row& a, const Row& b) { return Table<Row>::Order(a) < Table<Row>::Order(b); });
}

// Adds the integers behind the key of `more` to those of `row` (OnRepeat::kAdd).
template <class Row>
void AddCounts(Row& row, const Row& more) {
  int64_t values[16] = {};
  size_t count = 0, index = 0;
  Table<Row>::Fields(more, [&](const char*, const auto& value) {
    if constexpr (std::is_same_v<std::decay_t<decltype(value)>, int64_t>) values[count++] = value;
  });
  Table<Row>::Fields(row, [&](const char*, auto& value) {
    if constexpr (std::is_same_v<std::decay_t<decltype(value)>, int64_t>) value += values[index++];
  });
}

}  // namespace gannet::store
