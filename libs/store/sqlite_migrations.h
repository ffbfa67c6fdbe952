// What brings the schema of SqliteStore from one version to the next. A migration
// that has been released is never edited: a change is a new one at the end, and
// kSqliteSchemaVersion is raised with it. A test compares the result with columns.h.
#pragma once

#include <array>

#include "libs/store/sqlite_store.h"

namespace gannet::store {

// kSqliteMigrations[n] leads from version n to n + 1.
inline constexpr std::array<const char*, kSqliteSchemaVersion> kSqliteMigrations = {
    R"sql(
CREATE TABLE fills (
  stream INTEGER NOT NULL, sequence INTEGER NOT NULL, time_ns INTEGER NOT NULL,
  account TEXT NOT NULL, strategy TEXT NOT NULL, instrument TEXT NOT NULL, side INTEGER NOT NULL,
  client_order_id TEXT NOT NULL, trade_id TEXT NOT NULL,
  price TEXT NOT NULL, price_scale INTEGER NOT NULL, quantity TEXT NOT NULL, quantity_scale INTEGER NOT NULL,
  notional TEXT NOT NULL, notional_scale INTEGER NOT NULL, fee TEXT NOT NULL, fee_scale INTEGER NOT NULL,
  fee_asset TEXT NOT NULL, liquidity INTEGER NOT NULL,
  signal_stream INTEGER NOT NULL, signal_sequence INTEGER NOT NULL, model_version TEXT NOT NULL,
  PRIMARY KEY (stream, sequence)) WITHOUT ROWID;
CREATE INDEX fills_by_time ON fills (time_ns);
CREATE TABLE orders (
  client_order_id TEXT PRIMARY KEY, venue_order_id TEXT NOT NULL,
  account TEXT NOT NULL, strategy TEXT NOT NULL, instrument TEXT NOT NULL, side INTEGER NOT NULL,
  price TEXT NOT NULL, price_scale INTEGER NOT NULL, quantity TEXT NOT NULL, quantity_scale INTEGER NOT NULL,
  cumulative TEXT NOT NULL, cumulative_scale INTEGER NOT NULL,
  state INTEGER NOT NULL, detail TEXT NOT NULL, created_ns INTEGER NOT NULL, updated_ns INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX orders_by_time ON orders (created_ns);
CREATE TABLE positions (
  account TEXT NOT NULL, strategy TEXT NOT NULL, instrument TEXT NOT NULL,
  net TEXT NOT NULL, net_scale INTEGER NOT NULL, average_price TEXT NOT NULL, average_price_scale INTEGER NOT NULL,
  realized TEXT NOT NULL, realized_scale INTEGER NOT NULL, unrealized TEXT NOT NULL, unrealized_scale INTEGER NOT NULL,
  fees TEXT NOT NULL, fees_scale INTEGER NOT NULL, quote_asset TEXT NOT NULL, updated_ns INTEGER NOT NULL,
  PRIMARY KEY (account, strategy, instrument)) WITHOUT ROWID;
CREATE TABLE equity (
  time_ns INTEGER NOT NULL, account TEXT NOT NULL, asset TEXT NOT NULL,
  realized TEXT NOT NULL, realized_scale INTEGER NOT NULL, unrealized TEXT NOT NULL, unrealized_scale INTEGER NOT NULL,
  fees TEXT NOT NULL, fees_scale INTEGER NOT NULL,
  PRIMARY KEY (time_ns, account, asset)) WITHOUT ROWID;
CREATE TABLE high_water (stream INTEGER PRIMARY KEY, sequence INTEGER NOT NULL);
)sql",
    R"sql(
ALTER TABLE positions ADD COLUMN mark TEXT NOT NULL DEFAULT '100000000000000000000000000000000000000';
ALTER TABLE positions ADD COLUMN mark_scale INTEGER NOT NULL DEFAULT 0;
ALTER TABLE positions ADD COLUMN mark_time_ns INTEGER NOT NULL DEFAULT 0;
ALTER TABLE positions ADD COLUMN mark_state INTEGER NOT NULL DEFAULT 0;
CREATE TABLE exposures (
  time_ns INTEGER NOT NULL, account TEXT NOT NULL, asset TEXT NOT NULL,
  gross TEXT NOT NULL, gross_scale INTEGER NOT NULL, net TEXT NOT NULL, net_scale INTEGER NOT NULL,
  largest TEXT NOT NULL, largest_scale INTEGER NOT NULL, open_notional TEXT NOT NULL, open_notional_scale INTEGER NOT NULL,
  open_orders INTEGER NOT NULL, positions INTEGER NOT NULL, unpriced INTEGER NOT NULL, invalid INTEGER NOT NULL,
  PRIMARY KEY (time_ns, account, asset)) WITHOUT ROWID;
CREATE TABLE instruments (
  instrument TEXT PRIMARY KEY, version INTEGER NOT NULL, kind INTEGER NOT NULL,
  base TEXT NOT NULL, quote TEXT NOT NULL, settle TEXT NOT NULL,
  price_scale INTEGER NOT NULL, quantity_scale INTEGER NOT NULL, base_scale INTEGER NOT NULL, quote_scale INTEGER NOT NULL,
  multiplier INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE balances (
  time_ns INTEGER NOT NULL, account TEXT NOT NULL, venue TEXT NOT NULL, asset TEXT NOT NULL,
  free TEXT NOT NULL, free_scale INTEGER NOT NULL, locked TEXT NOT NULL, locked_scale INTEGER NOT NULL,
  PRIMARY KEY (time_ns, account, venue, asset)) WITHOUT ROWID;
CREATE TABLE signals (
  stream INTEGER NOT NULL, sequence INTEGER NOT NULL, time_ns INTEGER NOT NULL,
  source TEXT NOT NULL, title TEXT NOT NULL, type INTEGER NOT NULL, relation INTEGER NOT NULL,
  sentiment_ppm INTEGER NOT NULL, confidence_ppm INTEGER NOT NULL, novelty_ppm INTEGER NOT NULL,
  latency_ns INTEGER NOT NULL, classifier_version TEXT NOT NULL,
  PRIMARY KEY (stream, sequence)) WITHOUT ROWID;
CREATE INDEX signals_by_time ON signals (time_ns);
CREATE TABLE outcomes (
  signal_stream INTEGER NOT NULL, signal_sequence INTEGER NOT NULL, instrument TEXT NOT NULL, horizon_ns INTEGER NOT NULL,
  time_ns INTEGER NOT NULL, start TEXT NOT NULL, start_scale INTEGER NOT NULL, "end" TEXT NOT NULL, end_scale INTEGER NOT NULL,
  ended_ns INTEGER NOT NULL,
  PRIMARY KEY (signal_stream, signal_sequence, instrument, horizon_ns)) WITHOUT ROWID;
CREATE INDEX outcomes_by_time ON outcomes (time_ns);
CREATE TABLE scores (
  time_ns INTEGER NOT NULL, model_version TEXT NOT NULL, instrument TEXT NOT NULL, horizon_ns INTEGER NOT NULL,
  predictions INTEGER NOT NULL, unresolved INTEGER NOT NULL, decided INTEGER NOT NULL, hits INTEGER NOT NULL, ups INTEGER NOT NULL,
  sum_score INTEGER NOT NULL, sum_move INTEGER NOT NULL, sum_score_squared INTEGER NOT NULL,
  sum_move_squared INTEGER NOT NULL, sum_product INTEGER NOT NULL,
  PRIMARY KEY (time_ns, model_version, instrument, horizon_ns)) WITHOUT ROWID;
CREATE TABLE decisions (
  time_ns INTEGER NOT NULL, account TEXT NOT NULL, strategy TEXT NOT NULL, reason INTEGER NOT NULL, count INTEGER NOT NULL,
  PRIMARY KEY (time_ns, account, strategy, reason)) WITHOUT ROWID;
CREATE TABLE risk_events (
  stream INTEGER NOT NULL, sequence INTEGER NOT NULL, time_ns INTEGER NOT NULL,
  scope INTEGER NOT NULL, scope_name TEXT NOT NULL, state INTEGER NOT NULL, killed INTEGER NOT NULL,
  reason TEXT NOT NULL, person TEXT NOT NULL, limit_version INTEGER NOT NULL,
  PRIMARY KEY (stream, sequence)) WITHOUT ROWID;
CREATE INDEX risk_events_by_time ON risk_events (time_ns);
CREATE TABLE limits (
  limit_version INTEGER NOT NULL, scope INTEGER NOT NULL, scope_name TEXT NOT NULL, name TEXT NOT NULL,
  value TEXT NOT NULL, value_scale INTEGER NOT NULL, asset TEXT NOT NULL, since_ns INTEGER NOT NULL,
  PRIMARY KEY (limit_version, scope, scope_name, name)) WITHOUT ROWID;
CREATE TABLE report_runs (
  name TEXT NOT NULL, due_ns INTEGER NOT NULL, finished_ns INTEGER NOT NULL, folder TEXT NOT NULL, error TEXT NOT NULL,
  PRIMARY KEY (name, due_ns)) WITHOUT ROWID;
CREATE INDEX report_runs_by_time ON report_runs (due_ns);
)sql",
    R"sql(
CREATE TABLE marks (
  time_ns INTEGER NOT NULL, instrument TEXT NOT NULL, mark TEXT NOT NULL, mark_scale INTEGER NOT NULL,
  mark_time_ns INTEGER NOT NULL, state INTEGER NOT NULL, sampled_ns INTEGER NOT NULL,
  PRIMARY KEY (time_ns, instrument)) WITHOUT ROWID;
)sql",
    R"sql(
CREATE TABLE bookings (
  stream INTEGER NOT NULL, sequence INTEGER NOT NULL, part INTEGER NOT NULL,
  time_ns INTEGER NOT NULL, told_ns INTEGER NOT NULL, account TEXT NOT NULL, venue TEXT NOT NULL,
  kind INTEGER NOT NULL, booking TEXT NOT NULL, strategy TEXT NOT NULL, instrument TEXT NOT NULL,
  client_order_id TEXT NOT NULL, asset TEXT NOT NULL, amount TEXT NOT NULL, amount_scale INTEGER NOT NULL,
  quantity TEXT NOT NULL, quantity_scale INTEGER NOT NULL, price TEXT NOT NULL, price_scale INTEGER NOT NULL,
  person TEXT NOT NULL, detail TEXT NOT NULL,
  PRIMARY KEY (stream, sequence, part)) WITHOUT ROWID;
CREATE INDEX bookings_by_time ON bookings (time_ns);
)sql"};

}  // namespace gannet::store
