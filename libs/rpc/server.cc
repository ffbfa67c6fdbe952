#include "libs/rpc/server.h"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <set>
#include <utility>

#include "libs/base/check.h"
#include "libs/base/concat.h"
#include "libs/base/digest.h"
#include "libs/base/status.h"
#include "libs/rpc/call_state.h"
#include "libs/rpc/credentials.h"
#include "libs/rpc/error.h"
#include "libs/rpc/reflection.h"
#include "libs/rpc/request_cache.h"

namespace gannet::rpc {
namespace {

using google::protobuf::Message;
using google::protobuf::MethodDescriptor;

constexpr size_t kMaxUnixPath = 107;
// Of a connection: who says nothing, or cannot say who it is, is let go.
constexpr int kHandshakeMs = 10'000, kIdleMs = 5 * 60 * 1000, kAgeMs = 30 * 60 * 1000;
constexpr int kStreamsPerConnection = 256;
// What gRPC may keep for all clients together before it reads more slowly.
constexpr size_t kBufferBytes = size_t{256} << 20;

absl::Status TooManyCalls() {
  return absl::ResourceExhaustedError("too many calls are under way; try again in a second");
}

std::string HostOf(const std::string& address) { return address.substr(0, address.rfind(':')); }

bool IsLoopback(const std::string& address) {
  const std::string host = HostOf(address);
  return host == "127.0.0.1" || host == "localhost" || host == "[::1]";
}

}  // namespace

absl::Status Check(const ServerOptions& options) {
  if (options.unix_socket.size() > kMaxUnixPath) {
    return absl::InvalidArgumentError(
        base::Concat({options.unix_socket,
                      ": a socket's path has at most 107 bytes; use a data "
                      "folder with a shorter one"}));
  }
  if (options.tls.certificate.empty() != options.tls.key.empty())
    return absl::InvalidArgumentError("rpc.tls: name both certificate and key, or neither");
  if (options.address.empty()) return absl::OkStatus();
  if (options.address.find(':') == std::string::npos)
    return absl::InvalidArgumentError("rpc.address: write it as 127.0.0.1:50051");
  if (!IsLoopback(options.address) && options.tls.certificate.empty()) {
    return absl::InvalidArgumentError(
        base::Concat({"rpc.address: ", options.address,
                      " is beyond this machine and needs TLS; name certificate and key under tls "
                      "(and client_ca to ask for client certificates), or listen on 127.0.0.1"}));
  }
  return absl::OkStatus();
}

struct Server::Core : public grpc::CallbackGenericService {
  struct Method {
    const MethodDescriptor* descriptor = nullptr;
    const AccessRow* access = nullptr;
    RawHandler handler;
  };

  Core(base::Executor& e, telemetry::Log& l, ServerOptions o)
      : executor(e), log(l.For("rpc")), options(std::move(o)) {}

  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override;
  Caller Identify(const grpc::GenericCallbackServerContext& context) const;
  absl::Status Admit(const Method* method, const Caller& caller, bool local) const;
  // Executor's thread.
  void Run(const Method& method, const std::shared_ptr<CallState>& call, const std::string& bytes);
  void RunOnce(const Method& method, const std::shared_ptr<CallState>& call,
               const std::string& bytes, const Message& request);
  void Count(std::string_view method, grpc::StatusCode code);
  void Measure(const Method& method, const std::shared_ptr<CallState>& call);
  absl::Status Listen();
  absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> Credentials();

  base::Executor& executor;
  telemetry::Log log;
  const ServerOptions options;
  std::map<std::string, Method, std::less<>> methods;  // fixed once started
  std::set<std::string> services;
  std::unique_ptr<Reflection> reflection;
  RequestCache once;
  Stats stats;
  std::set<std::shared_ptr<CallState>> streams;
  std::atomic<size_t> calls = 0, reflections = 0;
  std::atomic<bool> draining = false;
  int port = 0;
  std::shared_ptr<ReloadingCredentials> credentials;  // null: no TLS; the server calls it
  std::unique_ptr<net::CertificateWatch> certificate;
  std::unique_ptr<grpc::Server> server;
  std::shared_ptr<bool> alive = std::make_shared<bool>(true);
};

// --- the server ----------------------------------------------------------------

bool IsLocal(const grpc::GenericCallbackServerContext& context) {
  return context.peer().starts_with("unix:");
}

Caller Server::Core::Identify(const grpc::GenericCallbackServerContext& context) const {
  if (IsLocal(context)) return {options.local_person, kAllRights};
  const auto auth = context.auth_context();
  if (auth != nullptr && auth->IsPeerAuthenticated()) {
    for (const grpc::string_ref& name : auth->FindPropertyValues("x509_common_name")) {
      const std::string person(name.data(), name.size());
      const auto known = options.people.find(person);
      if (known != options.people.end()) return {person, known->second};
    }
  }
  const auto [first, last] = context.client_metadata().equal_range("authorization");
  for (auto entry = first; entry != last; ++entry) {
    const std::string_view value(entry->second.data(), entry->second.size());
    constexpr std::string_view kBearer = "Bearer ";
    if (!value.starts_with(kBearer)) continue;
    // By hash: how long a wrong token is compared says nothing about a right one.
    const auto token = options.tokens.find(base::Hex(base::Sha256(value.substr(kBearer.size()))));
    if (token != options.tokens.end()) return token->second;
  }
  return {};
}

absl::Status Server::Core::Admit(const Method* method, const Caller& caller, bool local) const {
  if (method == nullptr || method->access == nullptr)
    return absl::UnimplementedError("there is no such method; ask reflection what there is");
  if (draining) return absl::UnavailableError("the process drains; call another one");
  if (calls > kMaxCalls + (local ? kLocalReserve : 0)) return TooManyCalls();
  if (method->access->needed != Right::kNone && caller.person.empty()) {
    return absl::UnauthenticatedError(
        "say who calls: metadata `authorization: Bearer TOKEN`, a client certificate, or the "
        "unix socket of the data folder");
  }
  if (!Allows(caller.rights, method->access->needed)) {
    return absl::PermissionDeniedError(
        base::Concat({caller.person, " may not call ", method->access->method,
                      "; ask who runs the platform for the right"}));
  }
  if (!method->handler) {
    return absl::UnimplementedError(
        base::Concat({method->access->method, " is not served by this process"}));
  }
  return absl::OkStatus();
}

grpc::ServerGenericBidiReactor* Server::Core::CreateReactor(
    grpc::GenericCallbackServerContext* context) {
  const std::string name = context->method().substr(context->method().starts_with('/') ? 1 : 0);
  const bool reflects = reflection != nullptr && Reflection::Serves(name);
  const auto found = methods.find(name);
  const Method* method = found == methods.end() ? nullptr : &found->second;
  // Only methods with a handler have been looked up in the contracts.
  const bool stream = reflects || (method != nullptr && method->descriptor != nullptr &&
                                   method->descriptor->server_streaming());
  auto call =
      std::make_shared<CallState>(executor, name, Identify(*context), DeadlineOf(*context, stream));
  auto* reactor = new Reactor(call, reflects ? reflections : calls);
  if (reflects && reflections > kMaxReflections) {
    call->EndWith(ToGrpc(TooManyCalls()));
    return reactor;
  }
  if (reflects) {
    // Nobody had to say who they are: it ends, whatever they do.
    executor.Post([this, guard = std::weak_ptr<bool>(alive), asked = std::weak_ptr(call)] {
      if (guard.expired()) return;
      executor.After(kReflectionLife, [asked] {
        if (const auto open = asked.lock())
          open->EndWith(ToGrpc(absl::DeadlineExceededError("ask again: reflection is for 10 s")));
      });
    });
    reactor->Read(true, [this, call](const std::string& bytes) {
      if (!call->WriteBytes(reflection->Answer(bytes)))
        call->EndWith(ToGrpc(absl::ResourceExhaustedError("read the answers faster")));
    });
    return reactor;
  }
  if (absl::Status admitted = Admit(method, call->caller(), IsLocal(*context)); !admitted.ok()) {
    // A name that nobody knows is whatever a stranger sends.
    const std::string_view known = method != nullptr && method->access != nullptr
                                       ? method->access->method
                                       : std::string_view("unknown");
    executor.Post(
        [this, known, code = ToGrpc(admitted).error_code(), guard = std::weak_ptr<bool>(alive)] {
          if (guard.expired()) return;
          ++stats.refused;
          Count(known, code);
        });
    call->EndWith(ToGrpc(admitted));
    return reactor;
  }
  reactor->Read(false, [this, method, call, guard = std::weak_ptr<bool>(alive)](std::string bytes) {
    executor.Post([this, method, call, guard, bytes = std::move(bytes)] {
      if (guard.expired() || call->ended()) return;
      Run(*method, call, bytes);
    });
  });
  return reactor;
}

void Server::Core::Run(const Method& method, const std::shared_ptr<CallState>& call,
                       const std::string& bytes) {
  ++stats.calls;
  if (options.metrics != nullptr) Measure(method, call);
  const Message* prototype = google::protobuf::MessageFactory::generated_factory()->GetPrototype(
      method.descriptor->input_type());
  const std::unique_ptr<Message> request(prototype->New());
  if (!request->ParseFromString(bytes)) {
    ++stats.failed;
    return call->End(absl::InvalidArgumentError(
        base::Concat({"the message is no ", method.descriptor->input_type()->full_name(),
                      "; is the client made of another version of the contracts?"})));
  }
  if (call->time_left() <= base::Duration(0))
    return call->End(absl::DeadlineExceededError("the call waited too long to be taken up"));
  if (method.descriptor->server_streaming()) {
    if (streams.size() >= kMaxStreams)
      return call->End(absl::ResourceExhaustedError("too many streams are open; close one"));
    ++stats.streams;
    streams.insert(call);
    call->OnEnd([this, guard = std::weak_ptr<bool>(alive), held = std::weak_ptr(call)] {
      if (!guard.expired()) streams.erase(held.lock());
    });
  }
  if (method.access->once) {
    RunOnce(method, call, bytes, *request);
  } else {
    method.handler(call, *request);
  }
  if (call->ended() || method.descriptor->server_streaming()) return;
  const base::TimerId timer = executor.After(call->time_left(), [held = std::weak_ptr(call)] {
    if (const auto late = held.lock())
      late->EndWith({grpc::StatusCode::DEADLINE_EXCEEDED, "no answer in time; ask again"});
  });
  call->OnEnd([this, guard = std::weak_ptr<bool>(alive), timer] {
    if (!guard.expired()) executor.Cancel(timer);
  });
}

void Server::Core::Count(std::string_view method, grpc::StatusCode code) {
  if (options.metrics == nullptr) return;
  options.metrics
      ->CounterOf(telemetry::metric::kRpcCalls,
                  {method, absl::StatusCodeToString(static_cast<absl::StatusCode>(code))})
      .Add();
}

void Server::Core::Measure(const Method& method, const std::shared_ptr<CallState>& call) {
  // Of the table of methods, which outlives the server.
  call->OnEnd([this, name = method.access->method, began = std::chrono::steady_clock::now(),
               timed = !method.descriptor->server_streaming(), held = std::weak_ptr(call),
               guard = std::weak_ptr<bool>(alive)] {
    if (guard.expired()) return;
    const auto ended = held.lock();
    Count(name, ended ? ended->code() : grpc::StatusCode::CANCELLED);
    if (timed)
      options.metrics->HistogramOf(telemetry::metric::kRpcSeconds, {name})
          .Observe(std::chrono::steady_clock::now() - began);
  });
}

void Server::Core::RunOnce(const Method& method, const std::shared_ptr<CallState>& call,
                           const std::string& bytes, const Message& request) {
  const auto* field = method.descriptor->input_type()->FindFieldByName("request_id");
  GANNET_CHECK(field != nullptr, "a method that runs once names its request");
  const std::string id = request.GetReflection()->GetString(request, field);
  if (id.empty() || id.size() > 64) {
    return call->End(
        BadField("request_id",
                 "make up 1 to 64 bytes for each request, for example a UUID, and repeat "
                 "them when you repeat the request"));
  }
  const RequestCache::Key key{call->caller().person, std::string(method.access->method), id};
  const auto found = once.Begin(key, bytes, [call](const absl::StatusOr<std::string>& answer) {
    if (answer.ok()) {
      call->ReplyBytes(*answer);
    } else {
      call->End(answer.status());
    }
  });
  if (found == RequestCache::Found::kJoined) return;
  if (found == RequestCache::Found::kAnother) {
    return call->End(absl::AlreadyExistsError(
        base::Concat({"request_id ", id, " was given to another request; make up a new one"})));
  }
  call->HearAnswer([this, guard = std::weak_ptr<bool>(alive), key](const auto& answer) {
    if (!guard.expired()) once.Answered(key, answer);
  });
  method.handler(call, request);
}

Server::Server(base::Executor& executor, telemetry::Log& log, ServerOptions options)
    : core_(std::make_unique<Core>(executor, log, std::move(options))) {
  grpc::EnableDefaultHealthCheckService(true);
  // Every method of the table is known, so that those without a handler say so.
  for (const AccessRow& row : AccessTable()) core_->methods[std::string(row.method)].access = &row;
}

Server::~Server() {
  core_->alive.reset();
  if (core_->server == nullptr) return;
  for (const auto& stream : core_->streams)
    stream->EndWith(ToGrpc(absl::UnavailableError("the process ends")));
  core_->server->Shutdown(std::chrono::system_clock::now() + std::chrono::milliseconds(200));
  core_->server->Wait();
  if (!core_->options.unix_socket.empty()) ::unlink(core_->options.unix_socket.c_str());
}

void Server::HandleRaw(std::string_view method, RawHandler handler) {
  const auto found = core_->methods.find(method);
  GANNET_CHECK(found != core_->methods.end(), "the method has no row in the access table");
  std::string full(method);
  std::replace(full.begin(), full.end(), '/', '.');
  found->second.descriptor =
      google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(full);
  GANNET_CHECK(found->second.descriptor != nullptr, "the contracts know no such method");
  found->second.handler = std::move(handler);
  core_->services.insert(found->second.descriptor->service()->full_name());
}

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> Server::Core::Credentials() {
  if (options.tls.certificate.empty()) return grpc::InsecureServerCredentials();
  GANNET_ASSIGN_OR_RETURN(net::CertificateText text, net::ReadCertificate(options.tls));
  credentials = std::make_shared<ReloadingCredentials>(std::move(text));
  certificate = std::make_unique<net::CertificateWatch>(
      executor, [] { return base::Time(std::chrono::system_clock::now().time_since_epoch()); },
      options.tls,
      [this](const net::CertificateText& fresh) {
        credentials->Use(fresh);
        log.Info("certificate_reloaded", {{"certificate", options.tls.certificate}});
        return absl::OkStatus();
      },
      [this](const absl::Status& why) {
        log.Warning("certificate_refused", {{"error", std::string(why.message())}});
      });
  return credentials;
}

absl::Status Server::Core::Listen() {
  grpc::ServerBuilder builder;
  builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, 16 << 10);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS, kAgeMs);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, kIdleMs);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, kHandshakeMs);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kStreamsPerConnection);
  // Nobody needs requests that are packed, and a small one may burst into gigabytes,
  // before anything here has seen who sends it.
  for (const auto algorithm : {GRPC_COMPRESS_DEFLATE, GRPC_COMPRESS_GZIP})
    builder.SetCompressionAlgorithmSupportStatus(algorithm, false);
  builder.AddChannelArgument(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0);
  builder.SetResourceQuota(grpc::ResourceQuota("rpc").Resize(kBufferBytes));
  builder.RegisterCallbackGenericService(this);
  int unix_bound = 0;
  if (!options.unix_socket.empty()) {
    builder.AddListeningPort("unix:" + options.unix_socket, grpc::InsecureServerCredentials(),
                             &unix_bound);
  }
  if (!options.address.empty()) {
    GANNET_ASSIGN_OR_RETURN(const auto used, Credentials());
    builder.AddListeningPort(options.address, used, &port);
  }
  // The socket is never, not even for a moment, open to others.
  const mode_t before = ::umask(0177);
  server = builder.BuildAndStart();
  ::umask(before);
  const bool bound = server != nullptr && (options.unix_socket.empty() || unix_bound != 0) &&
                     (options.address.empty() || port != 0);
  if (!bound) {
    return absl::UnavailableError(
        base::Concat({"cannot serve RPC on ", options.unix_socket, " ", options.address,
                      "; is the port taken by another program?"}));
  }
  if (!options.unix_socket.empty() && ::chmod(options.unix_socket.c_str(), 0600) != 0)
    return absl::UnavailableError(base::Concat({options.unix_socket, " cannot be made private"}));
  return absl::OkStatus();
}

absl::Status Server::Start() {
  GANNET_RETURN_IF_ERROR(Check(core_->options));
  if (core_->options.unix_socket.empty() && core_->options.address.empty()) return absl::OkStatus();
  if (core_->options.reflection) {
    std::vector<std::string> names = services();
    names.emplace_back("grpc.health.v1.Health");
    core_->reflection = std::make_unique<Reflection>(std::move(names));
  }
  GANNET_RETURN_IF_ERROR(core_->Listen());
  if (auto* health = core_->server->GetHealthCheckService(); health != nullptr) {
    health->SetServingStatus(true);
    for (const std::string& service : core_->services) health->SetServingStatus(service, true);
  }
  core_->log.Info("rpc_listening", {{"socket", core_->options.unix_socket},
                                    {"address", core_->options.address},
                                    {"port", core_->port}});
  return absl::OkStatus();
}

void Server::Drain() {
  core_->draining = true;
  if (core_->server == nullptr) return;
  if (auto* health = core_->server->GetHealthCheckService(); health != nullptr)
    health->SetServingStatus(false);
  const auto streams = core_->streams;
  for (const auto& stream : streams)
    stream->End(absl::UnavailableError("the process drains; connect to another one"));
}

uint16_t Server::port() const { return static_cast<uint16_t>(core_->port); }

std::vector<std::string> Server::services() const {
  return {core_->services.begin(), core_->services.end()};
}

const Server::Stats& Server::stats() const { return core_->stats; }

net::CertificateWatch::Stats Server::certificate_stats() const {
  return core_->certificate != nullptr ? core_->certificate->stats()
                                       : net::CertificateWatch::Stats();
}

absl::Status Server::certificate_health() const {
  return core_->certificate != nullptr ? core_->certificate->health() : absl::OkStatus();
}

}  // namespace gannet::rpc
