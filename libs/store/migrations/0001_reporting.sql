-- What reporting keeps. Amounts are a mantissa and a scale and are never summed
-- here. Texts sort by their bytes. Streams and sequences of events are unsigned in
-- Gannet: `fills` keeps their 64 bits as bigint (two's complement), the tables of
-- marks, where order matters, as numeric.

CREATE TABLE gannet.fills (
  stream bigint NOT NULL,
  sequence bigint NOT NULL,
  time_ns bigint NOT NULL,
  account text COLLATE "C" NOT NULL,
  strategy text COLLATE "C" NOT NULL,
  instrument text COLLATE "C" NOT NULL,
  side smallint NOT NULL,
  client_order_id text COLLATE "C" NOT NULL,
  trade_id text COLLATE "C" NOT NULL,
  price numeric(38,0) NOT NULL,
  price_scale smallint NOT NULL,
  quantity numeric(38,0) NOT NULL,
  quantity_scale smallint NOT NULL,
  notional numeric(38,0) NOT NULL,
  notional_scale smallint NOT NULL,
  fee numeric(38,0) NOT NULL,
  fee_scale smallint NOT NULL,
  fee_asset text COLLATE "C" NOT NULL,
  liquidity smallint NOT NULL,
  signal_stream bigint NOT NULL,
  signal_sequence bigint NOT NULL,
  model_version text COLLATE "C" NOT NULL,
  PRIMARY KEY (stream, sequence, time_ns)
) PARTITION BY RANGE (time_ns);
CREATE INDEX fills_by_time ON gannet.fills (time_ns);

-- The highest sequence stored of each stream, and the one before the write that
-- raised it: a fill above `previous` cannot have been stored before, so that the
-- key over all partitions needs no index over all partitions.
CREATE TABLE gannet.fill_streams (
  stream numeric(20,0) PRIMARY KEY,
  sequence numeric(20,0) NOT NULL,
  previous numeric(20,0) NOT NULL
);

CREATE TABLE gannet.orders (
  client_order_id text COLLATE "C" PRIMARY KEY,
  venue_order_id text COLLATE "C" NOT NULL,
  account text COLLATE "C" NOT NULL,
  strategy text COLLATE "C" NOT NULL,
  instrument text COLLATE "C" NOT NULL,
  side smallint NOT NULL,
  price numeric(38,0) NOT NULL,
  price_scale smallint NOT NULL,
  quantity numeric(38,0) NOT NULL,
  quantity_scale smallint NOT NULL,
  cumulative numeric(38,0) NOT NULL,
  cumulative_scale smallint NOT NULL,
  state smallint NOT NULL,
  detail text COLLATE "C" NOT NULL,
  created_ns bigint NOT NULL,
  updated_ns bigint NOT NULL
);
CREATE INDEX orders_by_time ON gannet.orders (created_ns);

CREATE TABLE gannet.positions (
  account text COLLATE "C" NOT NULL,
  strategy text COLLATE "C" NOT NULL,
  instrument text COLLATE "C" NOT NULL,
  net numeric(38,0) NOT NULL,
  net_scale smallint NOT NULL,
  average_price numeric(38,0) NOT NULL,
  average_price_scale smallint NOT NULL,
  realized numeric(38,0) NOT NULL,
  realized_scale smallint NOT NULL,
  unrealized numeric(38,0) NOT NULL,
  unrealized_scale smallint NOT NULL,
  fees numeric(38,0) NOT NULL,
  fees_scale smallint NOT NULL,
  quote_asset text COLLATE "C" NOT NULL,
  updated_ns bigint NOT NULL,
  PRIMARY KEY (account, strategy, instrument)
);

CREATE TABLE gannet.equity (
  time_ns bigint NOT NULL,
  account text COLLATE "C" NOT NULL,
  asset text COLLATE "C" NOT NULL,
  realized numeric(38,0) NOT NULL,
  realized_scale smallint NOT NULL,
  unrealized numeric(38,0) NOT NULL,
  unrealized_scale smallint NOT NULL,
  fees numeric(38,0) NOT NULL,
  fees_scale smallint NOT NULL,
  PRIMARY KEY (time_ns, account, asset)
) PARTITION BY RANGE (time_ns);

-- A partition holds a month (UTC) of 2010 to 2099 and is made when it is needed.
-- Times outside of those years meet here; the CHECK spares the server from reading
-- these rows whenever a month is added.
CREATE TABLE gannet.fills_other PARTITION OF gannet.fills (
  CONSTRAINT fills_other_years CHECK (time_ns < 1262304000000000000 OR time_ns >= 4102444800000000000)
) DEFAULT;
CREATE TABLE gannet.equity_other PARTITION OF gannet.equity (
  CONSTRAINT equity_other_years CHECK (time_ns < 1262304000000000000 OR time_ns >= 4102444800000000000)
) DEFAULT;

CREATE TABLE gannet.high_water (
  stream numeric(20,0) PRIMARY KEY,
  sequence numeric(20,0) NOT NULL
);

-- The last transaction of each writer. Changed first in every transaction, which
-- lets a writer whose connection broke at COMMIT find out whether it was kept, and
-- makes it wait where the server still works on it.
CREATE TABLE gannet.writers (
  writer text COLLATE "C" PRIMARY KEY,
  batch bigint NOT NULL,
  written_at timestamptz NOT NULL
);
