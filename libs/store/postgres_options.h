// How to reach a PostgreSQL, and within which limits. There is no place for a
// password here: it is read from its file at each connection, so that it can be
// changed without a restart and appears in no argument, environment or log.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/files.h"
#include "libs/base/time.h"

namespace gannet::store {

struct PostgresHost {
  std::string name;  // a host, an address, or the folder of a Unix socket ("/run/postgresql")
  uint16_t port = 5432;
};

struct PostgresOptions {
  std::vector<PostgresHost> hosts;  // tried in this order; only one that takes writes is used
  std::string database = "gannet";
  std::string user = "gannet";
  std::string password_file;     // readable by its owner alone (mode 0600); empty: no password
  std::string root_certificate;  // PEM of the authorities the server's certificate must come
                                 // from; with it TLS is used and the host's name is checked
  std::string client_certificate, client_key;  // PEM, for servers that ask for one
  std::string program = "gannet";              // shown by pg_stat_activity

  size_t max_connections = 4;
  base::Duration take_timeout = std::chrono::seconds(5);     // waiting for a free connection
  base::Duration connect_timeout = std::chrono::seconds(5);  // a host; whole seconds, at least 2
  // One statement, at the server; a connection that stays silent a little longer is
  // cut off.
  base::Duration statement_timeout = std::chrono::seconds(30);
  base::Duration lock_timeout = std::chrono::seconds(10);
  // A transaction that met an outage is tried this often in all, with pauses that
  // double from retry_pause to kMaxRetryPause.
  int attempts = 5;
  base::Duration retry_pause = std::chrono::milliseconds(50);
  // Rows of equity and exposure older than this are dropped, whole months at a time; 0: never.
  // Fills are what P&L is made of and are never dropped.
  base::Duration keep_samples{0};
};

inline constexpr base::Duration kMaxRetryPause = std::chrono::seconds(1);
inline constexpr size_t kMaxPostgresHosts = 8, kMaxPostgresConnections = 64;

// "db.example:5432", "db.example", "[::1]:5432", "/run/postgresql", "/tmp/pg:5433".
absl::StatusOr<PostgresHost> ParsePostgresHost(std::string_view text);

// "postgres://user@host:port,host:port/database"; what is left out keeps its
// default. INVALID_ARGUMENT, also for a password in it.
absl::StatusOr<PostgresOptions> ParsePostgresUri(std::string_view text);

// INVALID_ARGUMENT naming the key of the configuration that is wrong, above all:
// beyond this machine TLS is required.
absl::Status CheckOptions(const PostgresOptions& options);

// What `path` (password_file) holds; empty for none. PERMISSION_DENIED: others may read it, or
// it holds nothing that would do.
absl::StatusOr<std::string> ReadPassword(base::Files& files, const std::string& path);

// A Unix socket or a loopback address: what does not leave the machine.
bool IsThisMachine(const PostgresHost& host);

// "postgres://gannet@db.example:5432/gannet", for messages.
std::string PlaceOf(const PostgresOptions& options);

}  // namespace gannet::store
