#include "libs/rpc/credentials.h"

#include <grpc/grpc.h>

#include <utility>

namespace gannet::rpc {

void ReloadingCredentials::Use(net::CertificateText text) {
  const std::lock_guard lock(mutex_);
  text_ = std::move(text);
  fresh_ = true;
}

int ReloadingCredentials::AddPortToServer(const std::string& address, grpc_server* server) {
  const auto request = text_.client_ca.empty()
                           ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
                           : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY;
  grpc_server_credentials* const credentials = grpc_ssl_server_credentials_create_with_options(
      grpc_ssl_server_credentials_create_options_using_config_fetcher(request, &Fetch, this));
  const int port = grpc_server_add_http2_port(server, address.c_str(), credentials);
  grpc_server_credentials_release(credentials);
  return port;
}

// Asked at each new connection.
grpc_ssl_certificate_config_reload_status ReloadingCredentials::Fetch(
    void* self, grpc_ssl_server_certificate_config** out) {
  auto* own = static_cast<ReloadingCredentials*>(self);
  const std::lock_guard lock(own->mutex_);
  if (!std::exchange(own->fresh_, false)) return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
  const net::CertificateText& text = own->text_;
  const grpc_ssl_pem_key_cert_pair pair{text.key.c_str(), text.certificate.c_str()};
  // gRPC wants an authority here even where it asks no client for a certificate.
  const std::string& authority = text.client_ca.empty() ? text.certificate : text.client_ca;
  *out = grpc_ssl_server_certificate_config_create(authority.c_str(), &pair, 1);
  return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
}

}  // namespace gannet::rpc
