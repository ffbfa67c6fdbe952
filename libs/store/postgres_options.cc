#include "libs/store/postgres_options.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "libs/base/concat.h"
#include "libs/base/loopback.h"
#include "libs/base/status.h"
#include "libs/base/weak_secret.h"

namespace gannet::store {
namespace {

constexpr size_t kMaxNameBytes = 63;  // of a role or database, in PostgreSQL
constexpr size_t kMaxHostBytes = 253;

absl::Status Invalid(std::initializer_list<std::string_view> parts) {
  return absl::InvalidArgumentError(base::Concat(parts));
}

// Nothing that a connection string or a message would have to escape.
bool IsPlain(std::string_view text, size_t limit) {
  return !text.empty() && text.size() <= limit && std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c < 0x7f && c != '\'' && c != '\\' && c != '@' && c != ',';
  });
}

bool ParsePort(std::string_view text, uint16_t& port) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port > 0;
}

}  // namespace

absl::StatusOr<PostgresHost> ParsePostgresHost(std::string_view text) {
  PostgresHost host;
  std::string_view name = text, port;
  if (text.starts_with('[')) {
    const size_t close = text.find(']');
    if (close == std::string_view::npos)
      return Invalid({"'", text, "' has no closing bracket; write [::1]:5432"});
    name = text.substr(1, close - 1);
    port = text.substr(close + 1);
  } else if (const size_t colon = text.rfind(':'); colon != std::string_view::npos) {
    name = text.substr(0, colon);
    port = text.substr(colon);
    if (name.find(':') != std::string_view::npos)
      return Invalid({"'", text, "' is an IPv6 address without brackets; write [::1]:5432"});
  }
  if (!IsPlain(name, kMaxHostBytes))
    return Invalid({"'", text, "' is no host; write db.example:5432 or /run/postgresql"});
  if (!port.empty() && (port[0] != ':' || !ParsePort(port.substr(1), host.port)))
    return Invalid({"'", text, "' has no valid port; write one from 1 to 65535 after a colon"});
  host.name = std::string(name);
  return host;
}

absl::StatusOr<PostgresOptions> ParsePostgresUri(std::string_view text) {
  constexpr std::string_view kForm =
      "; write postgres://user@host:port/database, and the password into a file";
  const size_t scheme = text.find("://");
  const std::string_view name = text.substr(0, std::min(scheme, text.size()));
  if (name != "postgres" && name != "postgresql") return Invalid({"this is no address", kForm});
  std::string_view rest = text.substr(scheme + 3);
  PostgresOptions options;
  if (const size_t at = rest.rfind('@'); at != std::string_view::npos) {
    const std::string_view user = rest.substr(0, at);
    // Not repeated in the message: it would be in a log then.
    if (user.find(':') != std::string_view::npos)
      return Invalid({"a password does not belong into an address", kForm});
    options.user = std::string(user);
    rest.remove_prefix(at + 1);
  }
  // A socket's folder begins with a slash too: the database follows the last one.
  if (const size_t slash = rest.rfind('/'); slash != std::string_view::npos) {
    if (slash + 1 < rest.size()) options.database = std::string(rest.substr(slash + 1));
    rest = rest.substr(0, slash);
  }
  while (!rest.empty()) {
    const size_t comma = std::min(rest.find(','), rest.size());
    GANNET_ASSIGN_OR_RETURN(PostgresHost host, ParsePostgresHost(rest.substr(0, comma)));
    options.hosts.push_back(std::move(host));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  if (options.hosts.empty()) return Invalid({"the address names no host", kForm});
  return options;
}

bool IsThisMachine(const PostgresHost& host) {
  return host.name.starts_with('/') || base::IsLoopbackHost(host.name);
}

absl::Status CheckOptions(const PostgresOptions& options) {
  if (options.hosts.empty() || options.hosts.size() > kMaxPostgresHosts)
    return Invalid({"hosts: name 1 to ", std::to_string(kMaxPostgresHosts), " hosts"});
  for (const PostgresHost& host : options.hosts) {
    if (!IsPlain(host.name, kMaxHostBytes) || host.port == 0)
      return Invalid({"hosts: '", host.name, "' is no host"});
    if (options.root_certificate.empty() && !IsThisMachine(host)) {
      return Invalid({"root_certificate: ", host.name,
                      " is another machine, which is reached over TLS only; name the PEM file of "
                      "the authority that signed its certificate"});
    }
    if (!options.root_certificate.empty() && host.name.starts_with('/') &&
        options.hosts.size() == 1)
      return Invalid({"root_certificate: a Unix socket has no TLS; leave it out"});
  }
  if (!IsPlain(options.database, kMaxNameBytes))
    return Invalid({"database: 1 to 63 printable characters without quotes"});
  if (!IsPlain(options.user, kMaxNameBytes))
    return Invalid({"user: 1 to 63 printable characters without quotes"});
  if (options.client_certificate.empty() != options.client_key.empty())
    return Invalid({"client_certificate and client_key: name both or neither"});
  if (options.max_connections < 1 || options.max_connections > kMaxPostgresConnections)
    return Invalid({"max_connections: from 1 to ", std::to_string(kMaxPostgresConnections)});
  if (options.connect_timeout < std::chrono::seconds(2))
    return Invalid({"connect_timeout: at least 2s"});
  if (options.statement_timeout < std::chrono::milliseconds(1))
    return Invalid({"statement_timeout: at least 1ms"});
  if (options.attempts < 1 || options.attempts > 100) return Invalid({"attempts: from 1 to 100"});
  if (options.keep_samples < base::Duration(0)) return Invalid({"keep_samples: not negative"});
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadPassword(base::Files& files, const std::string& path) {
  if (path.empty()) return std::string();
  GANNET_ASSIGN_OR_RETURN(const int mode, files.Mode(path));
  if ((mode & 077) != 0) {
    return absl::PermissionDeniedError(
        base::Concat({path, " holds a password and others may read it; run chmod 600 ", path}));
  }
  GANNET_ASSIGN_OR_RETURN(std::string text, files.Read(path));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  if (text.empty() || text.find('\0') != std::string::npos)
    return absl::PermissionDeniedError(path + " holds no password; write it there, on one line");
  if (const std::string_view why = base::WhyWeak(text); !why.empty())
    return absl::PermissionDeniedError(
        base::Concat({"password_file: what ", path, " holds ", why}));
  return text;
}

std::string PlaceOf(const PostgresOptions& options) {
  std::string hosts;
  for (const PostgresHost& host : options.hosts) {
    if (!hosts.empty()) hosts += ',';
    const bool bare_ipv6 = host.name.find(':') != std::string::npos;
    hosts += bare_ipv6 ? "[" + host.name + "]" : host.name;
    hosts += ':' + std::to_string(host.port);
  }
  return base::Concat({"postgres://", options.user, "@", hosts, "/", options.database});
}

}  // namespace gannet::store
