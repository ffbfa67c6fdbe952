// HTTP/1.1 client with connections kept by (scheme, host, port). Private to the
// Beast implementation.
#pragma once

#include <functional>
#include <memory>

#include "libs/net/beast_network.h"
#include "libs/net/network.h"

namespace boost::asio {
class io_context;
namespace ssl {
class context;
}
}  // namespace boost::asio

namespace gannet::net::internal {

class HttpClient {
 public:
  using Done = std::function<void(HttpResult)>;

  HttpClient(boost::asio::io_context& io, std::shared_ptr<boost::asio::ssl::context> tls,
             const BeastOptions& options, std::shared_ptr<NetworkStats> stats);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  void Send(const Url& base, const HttpRequest& request, const HttpLimits& limits, Done done);

 private:
  class Pool;
  class Exchange;
  std::shared_ptr<Pool> pool_;
};

}  // namespace gannet::net::internal
