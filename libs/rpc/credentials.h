// TLS of a server whose certificate may be replaced while it runs. Private to the server.
#pragma once

#include <grpc/grpc_security.h>
#include <grpcpp/security/server_credentials.h>

#include <memory>
#include <mutex>
#include <string>

#include "libs/net/certificate.h"

namespace gannet::rpc {

// A connection gets the certificate that was in use when it began. Any thread.
class ReloadingCredentials : public grpc::ServerCredentials {
 public:
  // With a `client_ca`, clients must show a certificate of it.
  explicit ReloadingCredentials(net::CertificateText text) : text_(std::move(text)) {}
  void Use(net::CertificateText text);

  void SetAuthMetadataProcessor(const std::shared_ptr<grpc::AuthMetadataProcessor>&) override {}

 private:
  int AddPortToServer(const std::string& address, grpc_server* server) override;
  static grpc_ssl_certificate_config_reload_status Fetch(void* self,
                                                         grpc_ssl_server_certificate_config** out);

  std::mutex mutex_;
  net::CertificateText text_;
  bool fresh_ = true;  // gRPC has not asked for it yet
};

}  // namespace gannet::rpc
