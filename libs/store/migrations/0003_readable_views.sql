-- The same rows for people and dashboards: times as timestamps (microseconds),
-- amounts as decimals. Gannet itself reads the tables.

CREATE VIEW gannet.fills_readable AS SELECT
  timestamptz 'epoch' + (time_ns / 1000) * interval '1 microsecond' AS time,
  account, strategy, instrument,
  CASE side WHEN 1 THEN 'buy' WHEN 2 THEN 'sell' ELSE side::text END AS side,
  client_order_id, trade_id,
  (price::text || 'e-' || price_scale)::numeric AS price,
  (quantity::text || 'e-' || quantity_scale)::numeric AS quantity,
  (notional::text || 'e-' || notional_scale)::numeric AS notional,
  (fee::text || 'e-' || fee_scale)::numeric AS fee,
  fee_asset, model_version
FROM gannet.fills;

CREATE VIEW gannet.positions_readable AS SELECT
  account, strategy, instrument,
  (net::text || 'e-' || net_scale)::numeric AS net,
  (average_price::text || 'e-' || average_price_scale)::numeric AS average_price,
  (realized::text || 'e-' || realized_scale)::numeric AS realized,
  (unrealized::text || 'e-' || unrealized_scale)::numeric AS unrealized,
  (fees::text || 'e-' || fees_scale)::numeric AS fees,
  quote_asset,
  timestamptz 'epoch' + (updated_ns / 1000) * interval '1 microsecond' AS updated
FROM gannet.positions;

CREATE VIEW gannet.equity_readable AS SELECT
  timestamptz 'epoch' + (time_ns / 1000) * interval '1 microsecond' AS time,
  account, asset,
  (realized::text || 'e-' || realized_scale)::numeric AS realized,
  (unrealized::text || 'e-' || unrealized_scale)::numeric AS unrealized,
  (fees::text || 'e-' || fees_scale)::numeric AS fees
FROM gannet.equity;
