// A certificate authority for development and for desks without one of their own: makes
// certificates of servers and clients from text to text. Files and refusals: `gannet certs`.
//
// Keys are ECDSA P-256, signatures SHA-256, serials random (RFC 5280, 20 bytes at most).
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/time.h"

namespace gannet::net {

struct MadeCertificate {
  std::string certificate, key;  // PEM; the key in the clear
};

struct CertificateFacts {
  std::string subject, issuer;     // common names
  std::vector<std::string> names;  // subject alternative names: "localhost", "127.0.0.1"
  std::string serial;              // hex
  base::Time from, until;
  bool authority = false;
};

// A DNS name, one that begins with "*.", or an IP address.
bool IsCertificateName(std::string_view text);

// An authority that may sign certificates, but no further authorities.
absl::StatusOr<MadeCertificate> MakeAuthority(const std::string& common_name, base::Time from,
                                              base::Duration length);

// For servers and clients alike, since services are both. INVALID_ARGUMENT: the authority
// is none, its key is another's, a name is none, or it ends before the certificate would.
absl::StatusOr<MadeCertificate> IssueCertificate(const MadeCertificate& authority,
                                                 const std::string& common_name,
                                                 const std::vector<std::string>& names,
                                                 base::Time from, base::Duration length);

// Of the first certificate of the text. INVALID_ARGUMENT: there is none.
absl::StatusOr<CertificateFacts> ReadFacts(const std::string& certificate);

// Whether `certificate` is signed by `authority`.
bool IsSignedBy(const std::string& certificate, const std::string& authority);

}  // namespace gannet::net
