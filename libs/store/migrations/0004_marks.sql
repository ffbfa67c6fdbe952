-- The price at which each instrument with a position was valued last in an hour.

CREATE TABLE gannet.marks (
  time_ns bigint NOT NULL,
  instrument text COLLATE "C" NOT NULL,
  mark numeric(38,0) NOT NULL,
  mark_scale smallint NOT NULL,
  mark_time_ns bigint NOT NULL,
  state smallint NOT NULL,
  sampled_ns bigint NOT NULL,
  PRIMARY KEY (time_ns, instrument)
);
