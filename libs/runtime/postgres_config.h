// The section of a configuration that says how to reach a PostgreSQL:
//
//   postgres:
//     hosts: ["db1.example:5432", "db2.example"]   # tried in this order
//     database: gannet
//     user: gannet
//     password_file: /run/secrets/postgres          # mode 0600
//     root_certificate: /etc/gannet/postgres-ca.pem # required beyond this machine
//     # client_certificate, client_key, max_connections, connect_timeout,
//     # statement_timeout, lock_timeout, attempts, keep_samples
#pragma once

#include "libs/store/postgres_options.h"

namespace gannet::config {
class Section;
}

namespace gannet::runtime {

void Read(config::Section& in, store::PostgresOptions& out);

// The files that a connection would read. The error names the one that cannot be used.
absl::Status CheckFiles(base::Files& files, const store::PostgresOptions& options);

}  // namespace gannet::runtime
