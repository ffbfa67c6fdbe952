// A mail by SMTP (RFC 5321), over TLS (RFC 3207, RFC 8314), with AUTH PLAIN (RFC 4954).
// Blocks for at most the server's time limit, so it wants a thread of its own.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/time.h"

namespace gannet::net {

enum class MailTls : uint8_t {
  kNone = 1,  // on loopback only, and without a password
  kStartTls,  // a server that does not offer it is not used
  kImplicit
};

struct MailServer {
  std::string host;
  uint16_t port = 587;
  MailTls tls = MailTls::kStartTls;
  std::string user, password;  // both empty: no authentication
  std::string extra_ca_file;   // PEM, trusted beside the system's; empty: none
  base::Duration timeout = std::chrono::seconds(20);  // for the whole mail
};

struct Mail {
  std::string from;
  std::vector<std::string> to;
  std::string subject, text;  // UTF-8
  std::string id;             // left of the @ of its Message-ID: letters, digits, - and .
  base::Time date;
};

// local@domain in printable ASCII without blanks, quotes and angle brackets; at most 254.
bool IsMailAddress(std::string_view text);

// The mail as it goes over the wire, dots doubled, without the closing dot. Whatever the
// subject holds stays in its header.
std::string MailText(const Mail& mail);

// OK: the server has taken it over for at least one recipient; what it says of those that it
// refuses for good is appended to `refused`, a line each. UNAVAILABLE, DEADLINE_EXCEEDED: may go
// through later (no connection, broken off, or an answer 4xx; it may have been taken even so).
// UNAUTHENTICATED: the certificate is not trusted, or the password is not taken.
// INVALID_ARGUMENT: refused for good (5xx), or an address is none. FAILED_PRECONDITION:
// the server offers no TLS. Messages never hold the password.
absl::Status SendMail(const MailServer& server, const Mail& mail, std::string* refused = nullptr);

}  // namespace gannet::net
