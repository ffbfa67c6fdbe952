// `gannet certs`: an authority in a folder, and the certificates it signs:
//
//   DIR/ca.crt, DIR/ca.key              the authority
//   DIR/NAME/tls.crt, tls.key, ca.crt   of a service: the files of a Kubernetes secret
//
// Keys are 0600. Nothing is overwritten but by `renew`, which keeps the names.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/clock.h"
#include "libs/base/files.h"

namespace gannet::app {

struct CertsOptions {
  std::string dir;
  std::string authority = "gannet development";
  std::vector<std::string> services;  // renew: none means all
  std::vector<std::string> names;     // beside the service's own, localhost and loopback
  int64_t days = 90;
  int64_t authority_days = 3650;
  int64_t within_days = 30;  // renew: what ends by then; 0: all that are named
};

absl::Status MakeCerts(const CertsOptions& options, base::Files& files, const base::Clock& clock,
                       std::ostream& out);
absl::Status IssueCerts(const CertsOptions& options, base::Files& files, const base::Clock& clock,
                        std::ostream& out);
absl::Status RenewCerts(const CertsOptions& options, base::Files& files, const base::Clock& clock,
                        std::ostream& out);
// FAILED_PRECONDITION after the table: one has ended, or is not of this authority.
absl::Status ShowCerts(const CertsOptions& options, base::Files& files, const base::Clock& clock,
                       std::ostream& out);

}  // namespace gannet::app
