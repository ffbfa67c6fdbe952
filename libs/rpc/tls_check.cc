#include "libs/rpc/tls_check.h"

#include "libs/net/certificate.h"

namespace gannet::rpc {

absl::Status CheckTls(const TlsFiles& files) {
  return files.certificate.empty() ? absl::OkStatus() : net::ReadCertificate(files).status();
}

}  // namespace gannet::rpc
