// The gRPC server of a process. It reads calls on gRPC's threads, checks who calls,
// and hands them one at a time to the executor's thread, where the engines live;
// answers go back from there.
//
//   rpc::Server server(executor, log, options);
//   server.Handle<order::v1::GetOrderRequest>(
//       "gannet.order.v1.OrderService/GetOrder",
//       [&](const rpc::CallPtr& call, const auto& request) { call->Reply(…); });
//   GANNET_RETURN_IF_ERROR(server.Start());
//
// Listeners: a unix socket of mode 0600 (whoever can open it is the owner of the
// process and may do everything), and one TCP port: on loopback with or without
// TLS, elsewhere only with TLS. Over TCP a caller is who its bearer token or client
// certificate says; without either, nobody.
//
// What is always so: every method is in the access table or refused; a call without
// a deadline gets kDefaultDeadline, a longer one kMaxDeadline; messages, streams and
// calls under way are bounded; methods marked `once` run once a request id. Health
// and reflection are served for all services that have a handler.
//
// Handle before Start; all members on the executor's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "libs/base/executor.h"
#include "libs/base/time.h"
#include "libs/net/certificate.h"
#include "libs/rpc/access.h"
#include "libs/telemetry/log.h"
#include "libs/telemetry/metrics.h"

namespace gannet::rpc {

inline constexpr base::Duration kDefaultDeadline = std::chrono::seconds(10);
inline constexpr base::Duration kMaxDeadline = std::chrono::seconds(60);  // of a unary call
inline constexpr int kMaxMessageBytes = 4 << 20;
inline constexpr size_t kMaxQueuedMessages = 1'000;  // of one stream
inline constexpr size_t kMaxStreams = 256;
inline constexpr size_t kMaxCalls = 1'000;     // under way at once
inline constexpr size_t kLocalReserve = 16;    // more of the unix socket: its owner is not shut out
inline constexpr size_t kMaxReflections = 16;  // of strangers, counted apart
inline constexpr base::Duration kReflectionLife = std::chrono::seconds(10);

// Both or neither of certificate and key; with client_ca, clients must show a
// certificate of it. Files that are replaced are used from the next connection on.
using TlsFiles = net::CertificateFiles;

struct ServerOptions {
  std::string unix_socket;             // path; empty: none
  std::string local_person = "local";  // who calls over it
  std::string address;                 // "127.0.0.1:0"; empty: none
  TlsFiles tls;
  std::map<std::string, Caller> tokens;  // SHA-256 of a bearer token, hex → who it is
  std::map<std::string, Rights> people;  // by common name of the client certificate
  bool reflection = true;
  telemetry::Metrics* metrics = nullptr;  // counts and times calls; null: nobody asks
};

// INVALID_ARGUMENT: a setting that would let strangers in, or that cannot be.
absl::Status Check(const ServerOptions& options);

// One call. Shared by the server and whoever answers it; a unary call that nobody
// answers ends with DEADLINE_EXCEEDED. Executor's thread.
class Call {
 public:
  virtual ~Call() = default;
  virtual const Caller& caller() const = 0;
  virtual std::string_view method() const = 0;
  // Until the client has given up.
  virtual base::Duration time_left() const = 0;
  virtual bool ended() const = 0;
  // The answer of a unary call.
  virtual void Reply(const google::protobuf::Message& response) = 0;
  // One message of a stream; false: the client reads too slowly (kMaxQueuedMessages
  // wait already) or is gone, and the message was not taken.
  virtual bool Write(const google::protobuf::Message& message) = 0;
  virtual size_t queued() const = 0;
  // The end of a stream, or the failure of any call.
  virtual void End(const absl::Status& status) = 0;
  // `done` runs once, on the executor's thread, after the call has ended.
  virtual void OnEnd(std::function<void()> done) = 0;
};
using CallPtr = std::shared_ptr<Call>;

class Server {
 public:
  Server(base::Executor& executor, telemetry::Log& log, ServerOptions options);
  ~Server();  // ends every call
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  using RawHandler = std::function<void(const CallPtr&, const google::protobuf::Message& request)>;
  // "package.Service/Method", one that the contracts know (a bug otherwise).
  void HandleRaw(std::string_view method, RawHandler handler);
  template <class Request>
  void Handle(std::string_view method,
              std::function<void(const CallPtr&, const Request& request)> handler) {
    Request::default_instance();  // links its contract in
    HandleRaw(method, [handler = std::move(handler)](const CallPtr& call,
                                                     const google::protobuf::Message& request) {
      handler(call, static_cast<const Request&>(request));
    });
  }

  // INVALID_ARGUMENT as of Check; UNAVAILABLE: it cannot listen.
  absl::Status Start();
  // Health says NOT_SERVING; new calls are refused; streams end.
  void Drain();
  uint16_t port() const;  // of TCP; 0: none
  std::vector<std::string> services() const;

  struct Stats {
    uint64_t calls = 0, refused = 0, failed = 0, streams = 0, slow_clients = 0;
  };
  const Stats& stats() const;
  // Of the replacements of the certificate since the start; all zero without TLS.
  net::CertificateWatch::Stats certificate_stats() const;
  // Not OK: the files on disk cannot be used, those before are served on.
  absl::Status certificate_health() const;

 private:
  struct Core;
  std::unique_ptr<Core> core_;
};

}  // namespace gannet::rpc
