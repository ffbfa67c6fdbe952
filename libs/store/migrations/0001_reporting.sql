-- What reporting keeps (libs/store/rows.h, columns.h). Amounts are a mantissa and a
-- scale and are never summed here. Texts sort by their bytes. Streams and sequences
-- of events are unsigned in Gannet: rows keep their 64 bits as bigint (two's
-- complement); the tables of marks, where order matters, as numeric.

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
-- raised it: a fill above `previous` cannot have been stored before, so that an id
-- is kept once over all partitions without an index over all partitions.
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
  mark numeric(38,0) NOT NULL,
  mark_scale smallint NOT NULL,
  mark_time_ns bigint NOT NULL,
  mark_state smallint NOT NULL,
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

CREATE TABLE gannet.exposures (
  time_ns bigint NOT NULL,
  account text COLLATE "C" NOT NULL,
  asset text COLLATE "C" NOT NULL,
  gross numeric(38,0) NOT NULL,
  gross_scale smallint NOT NULL,
  net numeric(38,0) NOT NULL,
  net_scale smallint NOT NULL,
  largest numeric(38,0) NOT NULL,
  largest_scale smallint NOT NULL,
  open_notional numeric(38,0) NOT NULL,
  open_notional_scale smallint NOT NULL,
  open_orders bigint NOT NULL,
  positions bigint NOT NULL,
  unpriced bigint NOT NULL,
  invalid bigint NOT NULL,
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
CREATE TABLE gannet.exposures_other PARTITION OF gannet.exposures (
  CONSTRAINT exposures_other_years CHECK (time_ns < 1262304000000000000 OR time_ns >= 4102444800000000000)
) DEFAULT;

CREATE TABLE gannet.instruments (
  instrument text COLLATE "C" PRIMARY KEY,
  version bigint NOT NULL,
  kind smallint NOT NULL,
  base text COLLATE "C" NOT NULL,
  quote text COLLATE "C" NOT NULL,
  settle text COLLATE "C" NOT NULL,
  price_scale bigint NOT NULL,
  quantity_scale bigint NOT NULL,
  base_scale bigint NOT NULL,
  quote_scale bigint NOT NULL,
  multiplier bigint NOT NULL
);

CREATE TABLE gannet.balances (
  time_ns bigint NOT NULL,
  account text COLLATE "C" NOT NULL,
  venue text COLLATE "C" NOT NULL,
  asset text COLLATE "C" NOT NULL,
  free numeric(38,0) NOT NULL,
  free_scale smallint NOT NULL,
  locked numeric(38,0) NOT NULL,
  locked_scale smallint NOT NULL,
  PRIMARY KEY (time_ns, account, venue, asset)
);

CREATE TABLE gannet.signals (
  stream bigint NOT NULL,
  sequence bigint NOT NULL,
  time_ns bigint NOT NULL,
  source text COLLATE "C" NOT NULL,
  title text COLLATE "C" NOT NULL,
  type smallint NOT NULL,
  relation smallint NOT NULL,
  sentiment_ppm bigint NOT NULL,
  confidence_ppm bigint NOT NULL,
  novelty_ppm bigint NOT NULL,
  latency_ns bigint NOT NULL,
  classifier_version text COLLATE "C" NOT NULL,
  PRIMARY KEY (stream, sequence)
);
CREATE INDEX signals_by_time ON gannet.signals (time_ns);

CREATE TABLE gannet.outcomes (
  signal_stream bigint NOT NULL,
  signal_sequence bigint NOT NULL,
  instrument text COLLATE "C" NOT NULL,
  horizon_ns bigint NOT NULL,
  time_ns bigint NOT NULL,
  start numeric(38,0) NOT NULL,
  start_scale smallint NOT NULL,
  "end" numeric(38,0) NOT NULL,
  end_scale smallint NOT NULL,
  ended_ns bigint NOT NULL,
  PRIMARY KEY (signal_stream, signal_sequence, instrument, horizon_ns)
);
CREATE INDEX outcomes_by_time ON gannet.outcomes (time_ns);

CREATE TABLE gannet.scores (
  time_ns bigint NOT NULL,
  model_version text COLLATE "C" NOT NULL,
  instrument text COLLATE "C" NOT NULL,
  horizon_ns bigint NOT NULL,
  predictions bigint NOT NULL,
  unresolved bigint NOT NULL,
  decided bigint NOT NULL,
  hits bigint NOT NULL,
  ups bigint NOT NULL,
  sum_score bigint NOT NULL,
  sum_move bigint NOT NULL,
  sum_score_squared bigint NOT NULL,
  sum_move_squared bigint NOT NULL,
  sum_product bigint NOT NULL,
  PRIMARY KEY (time_ns, model_version, instrument, horizon_ns)
);

CREATE TABLE gannet.decisions (
  time_ns bigint NOT NULL,
  account text COLLATE "C" NOT NULL,
  strategy text COLLATE "C" NOT NULL,
  reason smallint NOT NULL,
  count bigint NOT NULL,
  PRIMARY KEY (time_ns, account, strategy, reason)
);

CREATE TABLE gannet.risk_events (
  stream bigint NOT NULL,
  sequence bigint NOT NULL,
  time_ns bigint NOT NULL,
  scope smallint NOT NULL,
  scope_name text COLLATE "C" NOT NULL,
  state smallint NOT NULL,
  killed boolean NOT NULL,
  reason text COLLATE "C" NOT NULL,
  person text COLLATE "C" NOT NULL,
  limit_version bigint NOT NULL,
  PRIMARY KEY (stream, sequence)
);
CREATE INDEX risk_events_by_time ON gannet.risk_events (time_ns);

CREATE TABLE gannet.limits (
  limit_version bigint NOT NULL,
  scope smallint NOT NULL,
  scope_name text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  value numeric(38,0) NOT NULL,
  value_scale smallint NOT NULL,
  asset text COLLATE "C" NOT NULL,
  since_ns bigint NOT NULL,
  PRIMARY KEY (limit_version, scope, scope_name, name)
);

CREATE TABLE gannet.report_runs (
  name text COLLATE "C" NOT NULL,
  due_ns bigint NOT NULL,
  finished_ns bigint NOT NULL,
  folder text COLLATE "C" NOT NULL,
  error text COLLATE "C" NOT NULL,
  PRIMARY KEY (name, due_ns)
);
CREATE INDEX report_runs_by_time ON gannet.report_runs (due_ns);

CREATE TABLE gannet.high_water (
  stream numeric(20,0) PRIMARY KEY,
  sequence numeric(20,0) NOT NULL
);

-- Who writes under each name (one at a time: a new writer takes the row over and the
-- old one is refused from then on) and the last batch it has committed. The row is
-- changed first in every transaction, which lets a writer whose connection broke at
-- COMMIT find out whether its batch was kept, and makes it wait where the server is
-- still at it.
CREATE TABLE gannet.writers (
  name text COLLATE "C" PRIMARY KEY,
  writer text COLLATE "C" NOT NULL,
  batch bigint NOT NULL,
  written_at timestamptz NOT NULL
);
