-- What moved an account beside what the rows of fills tell: funding, fees of no trade,
-- liquidations, transfers, settlements, adjustments; one row a change of a balance.

CREATE TABLE gannet.bookings (
  stream bigint NOT NULL,
  sequence bigint NOT NULL,
  part bigint NOT NULL,
  time_ns bigint NOT NULL,
  told_ns bigint NOT NULL,
  account text COLLATE "C" NOT NULL,
  venue text COLLATE "C" NOT NULL,
  kind smallint NOT NULL,
  booking text COLLATE "C" NOT NULL,
  strategy text COLLATE "C" NOT NULL,
  instrument text COLLATE "C" NOT NULL,
  client_order_id text COLLATE "C" NOT NULL,
  asset text COLLATE "C" NOT NULL,
  amount numeric(38,0) NOT NULL,
  amount_scale smallint NOT NULL,
  quantity numeric(38,0) NOT NULL,
  quantity_scale smallint NOT NULL,
  price numeric(38,0) NOT NULL,
  price_scale smallint NOT NULL,
  person text COLLATE "C" NOT NULL,
  detail text COLLATE "C" NOT NULL,
  PRIMARY KEY (stream, sequence, part)
);
CREATE INDEX bookings_by_time ON gannet.bookings (time_ns);

CREATE VIEW gannet.bookings_readable AS SELECT
  timestamptz 'epoch' + (time_ns / 1000) * interval '1 microsecond' AS time,
  account, venue,
  CASE kind WHEN 1 THEN 'fill' WHEN 2 THEN 'fee' WHEN 3 THEN 'funding' WHEN 4 THEN 'liquidation'
            WHEN 5 THEN 'adl' WHEN 6 THEN 'transfer' WHEN 7 THEN 'settlement'
            WHEN 8 THEN 'adjustment' ELSE kind::text END AS kind,
  strategy, instrument, asset,
  (amount::text || 'e-' || amount_scale)::numeric AS amount,
  (quantity::text || 'e-' || quantity_scale)::numeric AS quantity,
  (price::text || 'e-' || price_scale)::numeric AS price,
  booking, client_order_id, person, detail
FROM gannet.bookings;
