#include "libs/net/beast_stream.h"

#include <openssl/ssl.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/websocket/error.hpp>

#include "libs/net/http_text.h"

namespace gannet::net::internal {
namespace {

namespace http = beast::http;
namespace websocket = beast::websocket;

bool IsTooLarge(const error_code& error) {
  return error == http::error::body_limit || error == http::error::header_limit ||
         error == http::error::buffer_overflow || error == websocket::error::message_too_big ||
         error == websocket::error::buffer_overflow;
}

bool IsUntrusted(const error_code& error) {
  return error.category() == asio::error::get_ssl_category() &&
         ERR_GET_REASON(static_cast<unsigned long>(error.value())) ==
             SSL_R_CERTIFICATE_VERIFY_FAILED;
}

error_code Untrusted() {
  return {static_cast<int>(ERR_PACK(ERR_LIB_SSL, 0, SSL_R_CERTIFICATE_VERIFY_FAILED)),
          asio::error::get_ssl_category()};
}

// "rediss" is a scheme of redis_client.cc.
bool IsSecure(const Url& url) { return url.tls() || url.scheme == "rediss"; }

bool IsBrokenOff(const error_code& error) {
  return error == http::error::end_of_stream || error == http::error::partial_message ||
         error == http::error::end_of_chunk;
}

bool IsProtocol(const error_code& error) {
  static const auto& kHttp = error_code(http::error::bad_method).category();
  static const auto& kWebSocket = error_code(websocket::error::bad_opcode).category();
  return error.category() == kHttp || error.category() == kWebSocket;
}

}  // namespace

absl::Status StatusOf(const error_code& error, const std::string& context) {
  if (!error) return absl::OkStatus();
  const std::string text = context + ": " + error.message();
  if (IsTooLarge(error))
    return absl::ResourceExhaustedError(text + "; raise the limit if this size is expected");
  if (IsUntrusted(error)) {
    return absl::UnauthenticatedError(
        text + "; install the CA that signed it, or name its file as the extra CA file");
  }
  if (error == beast::error::timeout || error == asio::error::timed_out)
    return absl::DeadlineExceededError(text);
  if (IsBrokenOff(error))
    return absl::UnavailableError(text + "; the peer closed the connection early");
  if (IsProtocol(error))
    return absl::DataLossError(text + "; the peer does not speak the protocol");
  return absl::UnavailableError(text + "; check that the peer is up and reachable");
}

Dial::Dial(asio::io_context& io, std::shared_ptr<asio::ssl::context> tls, const Url& url, Done done)
    : tls_(std::move(tls)),
      url_(url),
      done_(std::move(done)),
      resolver_(io),
      stream_(tcp::socket(io)) {}

std::shared_ptr<Dial> Dial::Start(asio::io_context& io, std::shared_ptr<asio::ssl::context> tls,
                                  const Url& url, Done done) {
  std::shared_ptr<Dial> dial(new Dial(io, std::move(tls), url, std::move(done)));
  dial->Resolve();
  return dial;
}

void Dial::Cancel() {
  done_ = nullptr;
  resolver_.cancel();
  stream_.Close();
}

void Dial::Resolve() {
  error_code error;
  const asio::ip::address literal = asio::ip::make_address(url_.host, error);
  if (!error) {  // the resolver would start a thread for it
    const tcp::endpoint endpoint(literal, url_.port);
    ConnectTo(tcp::resolver::results_type::create(endpoint, url_.host, std::to_string(url_.port)));
    return;
  }
  resolver_.async_resolve(url_.host, std::to_string(url_.port), tcp::resolver::numeric_service,
                          [self = shared_from_this()](const error_code& failed,
                                                      const tcp::resolver::results_type& found) {
                            if (!self->done_) return;
                            if (failed) return self->Finish(failed, "resolving its name");
                            self->ConnectTo(found);
                          });
}

void Dial::ConnectTo(const tcp::resolver::results_type& endpoints) {
  asio::async_connect(stream_.socket(), endpoints,
                      [self = shared_from_this()](const error_code& error, const tcp::endpoint&) {
                        if (!self->done_) return;
                        if (error) return self->Finish(error, "connecting");
                        error_code ignored;
                        self->stream_.socket().set_option(tcp::no_delay(true), ignored);
                        if (!IsSecure(self->url_)) return self->Finish(error_code(), "connecting");
                        self->ShakeHands();
                      });
}

void Dial::ShakeHands() {
  auto& tls = stream_.UseTls(*tls_);
  error_code not_literal;
  asio::ip::make_address(url_.host, not_literal);
  if (not_literal) {  // RFC 6066: no IP address as server name
    SSL_ctrl(tls.native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             const_cast<char*>(url_.host.c_str()));
  }
  tls.set_verify_mode(asio::ssl::verify_peer);
  tls.set_verify_callback(asio::ssl::host_name_verification(url_.host));
  tls.async_handshake(asio::ssl::stream_base::client,
                      [self = shared_from_this(), &tls](error_code error) {
                        if (!self->done_) return;
                        // Of several errors OpenSSL hands out the oldest: a search in the
                        // system's store may have left one before the verdict.
                        if (error && SSL_get_verify_result(tls.native_handle()) != X509_V_OK)
                          error = Untrusted();
                        self->Finish(error, "TLS handshake");
                      });
}

void Dial::Finish(const error_code& error, const char* step) {
  Done done = std::move(done_);
  done_ = nullptr;
  if (error) {
    done(StatusOf(error, Place(url_) + ": " + step), std::nullopt);
  } else {
    done(absl::OkStatus(), std::move(stream_));
  }
}

}  // namespace gannet::net::internal
