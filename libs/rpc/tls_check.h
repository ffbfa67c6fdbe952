// The files of a server's TLS, looked at without serving.
#pragma once

#include "absl/status/status.h"
#include "libs/rpc/server.h"

namespace gannet::rpc {

// As a start reads them; nothing where no certificate is named. The error names the file.
absl::Status CheckTls(const TlsFiles& files);

}  // namespace gannet::rpc
