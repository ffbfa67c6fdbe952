-- The right to send for a shard (libs/runtime/lease.h). `beat` rises with each
-- change of the row; `token` names the one object that holds it.

CREATE TABLE gannet.leases (
  shard text COLLATE "C" PRIMARY KEY,
  holder text COLLATE "C" NOT NULL,
  token text COLLATE "C" NOT NULL,
  epoch bigint NOT NULL CHECK (epoch > 0),
  length_ns bigint NOT NULL CHECK (length_ns > 0),
  beat bigint NOT NULL,
  held boolean NOT NULL
);
