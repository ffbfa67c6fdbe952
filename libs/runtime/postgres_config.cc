#include "libs/runtime/postgres_config.h"

#include <chrono>
#include <string>
#include <vector>

#include "libs/base/status.h"
#include "libs/config/config.h"
#include "libs/net/certificate.h"

namespace gannet::runtime {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// A program may be started from anywhere.
void ReadPath(config::Section& in, const char* key, std::string& out) {
  in.Optional(key, out);
  if (!out.empty() && out[0] != '/')
    in.Problem(key, "'" + out + "' is not absolute; begin it with a slash");
}

}  // namespace

void Read(config::Section& in, store::PostgresOptions& out) {
  std::vector<std::string> hosts;
  in.List("hosts", hosts, {.min = 1, .max = store::kMaxPostgresHosts});
  out.hosts.clear();
  bool readable = !hosts.empty();
  for (const std::string& text : hosts) {
    const auto host = store::ParsePostgresHost(text);
    if (host.ok()) {
      out.hosts.push_back(*host);
    } else {
      in.Problem("hosts", std::string(host.status().message()));
      readable = false;
    }
  }
  in.Optional("database", out.database);
  in.Optional("user", out.user);
  ReadPath(in, "password_file", out.password_file);
  ReadPath(in, "root_certificate", out.root_certificate);
  ReadPath(in, "client_certificate", out.client_certificate);
  ReadPath(in, "client_key", out.client_key);
  in.Optional("max_connections", out.max_connections,
              config::Between(1, store::kMaxPostgresConnections));
  in.Optional("connect_timeout", out.connect_timeout, config::Between(seconds(2), minutes(1)));
  in.Optional("statement_timeout", out.statement_timeout,
              config::Between(milliseconds(100), hours(1)));
  in.Optional("lock_timeout", out.lock_timeout, config::Between(milliseconds(10), minutes(10)));
  in.Optional("attempts", out.attempts, config::Between(1, 100));
  in.Optional("keep_samples", out.keep_samples, config::Between(hours(0), hours(24 * 36'500)));
  if (!readable) return;
  if (const absl::Status checked = store::CheckOptions(out); !checked.ok()) {
    // "key: what is wrong"
    const std::string text(checked.message());
    const size_t colon = text.find(": ");
    in.Problem(text.substr(0, colon), text.substr(colon + 2));
  }
}

absl::Status CheckFiles(base::Files& files, const store::PostgresOptions& options) {
  GANNET_RETURN_IF_ERROR(store::ReadPassword(files, options.password_file).status());
  return net::CheckClientFiles(
      {options.client_certificate, options.client_key, options.root_certificate});
}

}  // namespace gannet::runtime
