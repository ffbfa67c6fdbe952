// The statements of PostgresStore. Columns are always named, so that a newer schema
// may add some.
#pragma once

#include "libs/store/postgres_connection.h"

namespace gannet::store {

#define GANNET_FILL_COLUMNS                                                                     \
  "stream, sequence, time_ns, account, strategy, instrument, side, client_order_id, trade_id, " \
  "price, price_scale, quantity, quantity_scale, notional, notional_scale, fee, fee_scale, "    \
  "fee_asset, liquidity, signal_stream, signal_sequence, model_version"
#define GANNET_ORDER_COLUMNS                                                                   \
  "client_order_id, venue_order_id, account, strategy, instrument, side, price, price_scale, " \
  "quantity, quantity_scale, cumulative, cumulative_scale, state, detail, created_ns, updated_ns"
#define GANNET_POSITION_COLUMNS                                                             \
  "account, strategy, instrument, net, net_scale, average_price, average_price_scale, "     \
  "realized, realized_scale, unrealized, unrealized_scale, fees, fees_scale, quote_asset, " \
  "updated_ns"
#define GANNET_EQUITY_COLUMNS                                                         \
  "time_ns, account, asset, realized, realized_scale, unrealized, unrealized_scale, " \
  "fees, fees_scale"

// Changed first in each transaction: a second attempt waits here for a first one
// that the server has not finished, and then sees what became of it.
inline constexpr PreparedStatement kMarkWriter = {
    "mark_writer",
    "INSERT INTO gannet.writers AS w (writer, batch, written_at) VALUES ($1, $2, now()) "
    "ON CONFLICT (writer) DO UPDATE SET batch = excluded.batch, written_at = excluded.written_at "
    "WHERE w.batch < excluded.batch"};

inline constexpr PreparedStatement kRaiseStream = {
    "raise_stream",
    "INSERT INTO gannet.fill_streams AS s (stream, sequence, previous) VALUES ($1, $2, -1) "
    "ON CONFLICT (stream) DO UPDATE SET previous = s.sequence, "
    "sequence = GREATEST(s.sequence, excluded.sequence) RETURNING previous"};

inline constexpr const char* kCopyFills = "COPY gannet.fills (" GANNET_FILL_COLUMNS ") FROM STDIN";

inline constexpr PreparedStatement kInsertFills = {
    "insert_fills",
    "INSERT INTO gannet.fills (" GANNET_FILL_COLUMNS
    ") SELECT * FROM unnest("
    "$1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[], "
    "$7::smallint[], $8::text[], $9::text[], $10::numeric[], $11::smallint[], $12::numeric[], "
    "$13::smallint[], $14::numeric[], $15::smallint[], $16::numeric[], $17::smallint[], "
    "$18::text[], $19::smallint[], $20::bigint[], $21::bigint[], $22::text[]) "
    "AS r (" GANNET_FILL_COLUMNS
    ") WHERE NOT EXISTS (SELECT FROM gannet.fills f "
    "WHERE f.stream = r.stream AND f.sequence = r.sequence)"};

inline constexpr PreparedStatement kUpsertOrders = {
    "upsert_orders",
    "INSERT INTO gannet.orders (" GANNET_ORDER_COLUMNS
    ") SELECT * FROM unnest("
    "$1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::smallint[], $7::numeric[], "
    "$8::smallint[], $9::numeric[], $10::smallint[], $11::numeric[], $12::smallint[], "
    "$13::smallint[], $14::text[], $15::bigint[], $16::bigint[]) "
    "ON CONFLICT (client_order_id) DO UPDATE SET venue_order_id = excluded.venue_order_id, "
    "account = excluded.account, strategy = excluded.strategy, instrument = excluded.instrument, "
    "side = excluded.side, price = excluded.price, price_scale = excluded.price_scale, "
    "quantity = excluded.quantity, quantity_scale = excluded.quantity_scale, "
    "cumulative = excluded.cumulative, cumulative_scale = excluded.cumulative_scale, "
    "state = excluded.state, detail = excluded.detail, created_ns = excluded.created_ns, "
    "updated_ns = excluded.updated_ns"};

inline constexpr PreparedStatement kUpsertPositions = {
    "upsert_positions",
    "INSERT INTO gannet.positions (" GANNET_POSITION_COLUMNS
    ") SELECT * FROM unnest("
    "$1::text[], $2::text[], $3::text[], $4::numeric[], $5::smallint[], $6::numeric[], "
    "$7::smallint[], $8::numeric[], $9::smallint[], $10::numeric[], $11::smallint[], "
    "$12::numeric[], $13::smallint[], $14::text[], $15::bigint[]) "
    "ON CONFLICT (account, strategy, instrument) DO UPDATE SET net = excluded.net, "
    "net_scale = excluded.net_scale, average_price = excluded.average_price, "
    "average_price_scale = excluded.average_price_scale, realized = excluded.realized, "
    "realized_scale = excluded.realized_scale, unrealized = excluded.unrealized, "
    "unrealized_scale = excluded.unrealized_scale, fees = excluded.fees, "
    "fees_scale = excluded.fees_scale, quote_asset = excluded.quote_asset, "
    "updated_ns = excluded.updated_ns"};

inline constexpr PreparedStatement kUpsertEquity = {
    "upsert_equity",
    "INSERT INTO gannet.equity (" GANNET_EQUITY_COLUMNS
    ") SELECT * FROM unnest("
    "$1::bigint[], $2::text[], $3::text[], $4::numeric[], $5::smallint[], $6::numeric[], "
    "$7::smallint[], $8::numeric[], $9::smallint[]) "
    "ON CONFLICT (time_ns, account, asset) DO UPDATE SET realized = excluded.realized, "
    "realized_scale = excluded.realized_scale, unrealized = excluded.unrealized, "
    "unrealized_scale = excluded.unrealized_scale, fees = excluded.fees, "
    "fees_scale = excluded.fees_scale"};

inline constexpr PreparedStatement kRaiseHighWater = {
    "raise_high_water",
    "INSERT INTO gannet.high_water AS h (stream, sequence) "
    "SELECT * FROM unnest($1::numeric[], $2::numeric[]) "
    "ON CONFLICT (stream) DO UPDATE SET sequence = GREATEST(h.sequence, excluded.sequence)"};

inline constexpr const char* kReadFills =
    "DECLARE result NO SCROLL CURSOR FOR SELECT " GANNET_FILL_COLUMNS
    " FROM gannet.fills WHERE time_ns >= $1 AND time_ns < $2 ORDER BY time_ns";
inline constexpr const char* kReadOrders =
    "DECLARE result NO SCROLL CURSOR FOR SELECT " GANNET_ORDER_COLUMNS
    " FROM gannet.orders WHERE created_ns >= $1 AND created_ns < $2 ORDER BY created_ns";
inline constexpr const char* kReadPositions =
    "DECLARE result NO SCROLL CURSOR FOR SELECT " GANNET_POSITION_COLUMNS " FROM gannet.positions";
inline constexpr const char* kReadEquity =
    "DECLARE result NO SCROLL CURSOR FOR SELECT " GANNET_EQUITY_COLUMNS
    " FROM gannet.equity WHERE time_ns >= $1 AND time_ns < $2 ORDER BY time_ns";
inline constexpr const char* kReadHighWater =
    "DECLARE result NO SCROLL CURSOR FOR SELECT stream, sequence FROM gannet.high_water";

}  // namespace gannet::store
