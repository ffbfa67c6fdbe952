// The one door to the network: HTTP and WebSocket, client and server. Real
// sockets: beast_network.h. In one process under virtual time, with faults that a
// seed decides: sim_network.h. One conformance suite runs on both.
//
// All members and callbacks run on the network's executor thread. A callback may
// call back into the object that invoked it, or destroy it; it never runs inside
// the call that caused it. Destroying a network ends its HTTP requests, destroying a
// listener its connections, destroying a socket itself: all without callbacks.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/time.h"

namespace gannet::net {

using Headers = std::vector<std::pair<std::string, std::string>>;
// Case-insensitive; empty when absent.
std::string_view FindHeader(const Headers& headers, std::string_view name);

struct HttpRequest {
  std::string method = "GET";
  std::string target = "/";  // path and query, already encoded
  Headers headers;           // Host and Content-Length are added; giving them is INVALID_ARGUMENT
  std::string body;
};

struct HttpResponse {
  int status = 0;  // a server that answers 0 closes the connection without an answer
  Headers headers;
  std::string body;
};

// "https://host:port/prefix"; ws and wss likewise.
struct Url {
  std::string scheme, host, path;  // path with query, at least "/"
  uint16_t port = 0;
  bool tls() const { return scheme == "https" || scheme == "wss"; }
  std::string ToString() const;
  // `path` ("/…", or nothing) under this one's, whether that ends with a slash or not.
  std::string Below(std::string_view path) const;
  static absl::StatusOr<Url> Parse(std::string_view text);
};

struct HttpLimits {
  base::Duration timeout = std::chrono::seconds(10);
  size_t max_body_bytes = 16u << 20;
};

// What may have happened to a request whose response did not come. kNotSent is
// said only when no byte of the request left; otherwise the venue may have it.
enum class SendFate : uint8_t { kNotSent, kMaybeSent };
struct HttpResult {
  absl::Status status;  // OK: `response` was read in full
  SendFate fate = SendFate::kMaybeSent;
  HttpResponse response;
};

class WebSocket {
 public:
  struct Handler {
    std::function<void()> on_open;
    std::function<void(std::string_view text)> on_message;
    // The last callback; OK after our own Close or a normal close of the peer.
    std::function<void(absl::Status)> on_close;
  };
  // Closes without callbacks.
  virtual ~WebSocket() = default;
  // False when the socket is not open or its send buffer is full; nothing is sent.
  virtual bool Send(std::string text) = 0;
  virtual void Close() = 0;
};

struct WebSocketOptions {
  base::Duration connect_timeout = std::chrono::seconds(10);
  // Pings are answered by the transport. Silence (no frame, no ping) for this
  // long closes with DEADLINE_EXCEEDED; 0: never.
  base::Duration idle_timeout = std::chrono::seconds(60);
  size_t max_message_bytes = 16u << 20;
  size_t max_send_buffer_bytes = 16u << 20;
  Headers headers;
};

// Serves one listening address. Handlers may answer later, from the same thread.
class ServerHandler {
 public:
  using Respond = std::function<void(HttpResponse)>;
  virtual ~ServerHandler() = default;
  // A Respond that is dropped without being called answers 500.
  virtual void OnRequest(HttpRequest request, std::string_view peer, Respond respond) = 0;
  // Accept the upgrade by returning callbacks; an empty on_message refuses (404).
  // `socket` stays valid until on_close; then it must be dropped.
  virtual WebSocket::Handler OnWebSocket(const HttpRequest& request, std::string_view peer,
                                         std::shared_ptr<WebSocket> socket) = 0;
};

struct ListenOptions {
  std::string address = "127.0.0.1";  // anything else needs TLS and authentication
  bool public_plaintext = false;      // but for this: read-only, and nothing of accounts (health)
  uint16_t port = 0;                  // 0: any free one
  std::string certificate_file, key_file;  // both set: TLS
  size_t max_body_bytes = 1u << 20;
  size_t max_connections = 1024;
  size_t max_send_buffer_bytes = 16u << 20;  // of one WebSocket
  base::Duration idle_timeout =
      std::chrono::seconds(60);  // also caps how long a request may take to arrive
};

class Listener {
 public:
  virtual ~Listener() = default;  // stops listening and closes its connections
  virtual uint16_t port() const = 0;
};

class Network {
 public:
  virtual ~Network() = default;
  // Connections are kept alive and reused by (scheme, host, port), all that is
  // used of `base`; `request.target` goes out as it stands. A request is never
  // sent twice, and redirects are not followed. DEADLINE_EXCEEDED: the limit
  // passed. RESOURCE_EXHAUSTED: the answer is larger than the limit, or too many
  // requests wait. UNAVAILABLE: no connection, or it broke. UNAUTHENTICATED: the
  // certificate is not trusted. DATA_LOSS: the answer is not HTTP.
  virtual void Http(const Url& base, HttpRequest request, HttpLimits limits,
                    std::function<void(HttpResult)> done) = 0;
  virtual std::unique_ptr<WebSocket> Connect(const Url& url, WebSocketOptions options,
                                             WebSocket::Handler handler) = 0;
  virtual absl::StatusOr<std::unique_ptr<Listener>> Listen(ListenOptions options,
                                                           ServerHandler& handler) = 0;
};

}  // namespace gannet::net
