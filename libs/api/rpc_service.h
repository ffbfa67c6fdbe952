// The RPC server as a service of its process: a local socket in the data folder, and
// a TCP port when one is configured. It serves the areas of the services that run
// here; callers add what only their engines know before Start.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "libs/api/admin_api.h"
#include "libs/base/files.h"
#include "libs/command/commands.h"
#include "libs/market/standing.h"
#include "libs/rpc/server.h"
#include "libs/runtime/service.h"

namespace gannet::config {
class Section;
}

namespace gannet::api {

inline constexpr char kSocketName[] = "gannet.sock";  // in the data folder
inline constexpr char kTokenName[] = "rpc.token";     // of the TCP port, mode 0600

struct RpcConfig {
  std::string address;  // "127.0.0.1:50051"; empty: the local socket only
  rpc::TlsFiles tls;
  // Common names of client certificates → "read", "trade", "risk", "operate".
  std::map<std::string, rpc::Rights> people;
  // SHA-256 of a bearer token, hex → whose it is. Beside them the token of the data
  // folder, which may do everything.
  std::map<std::string, rpc::Caller> tokens;
  bool reflection = true;
};
void Read(config::Section& in, RpcConfig& out);

// The certificate and, if there is one in `data_dir` (empty: not known), the token, as a start
// reads them.
absl::Status CheckFiles(base::Files& files, const RpcConfig& config, const std::string& data_dir);

class RpcService : public runtime::Service {
 public:
  // Before the shard resumes. `services`: names as on --services. `person` gives the
  // commands that come over the socket and with the token. INVALID_ARGUMENT: a
  // setting; others: the token cannot be kept.
  static absl::StatusOr<std::unique_ptr<RpcService>> Build(const RpcConfig& config,
                                                           runtime::Deps& deps,
                                                           const std::set<std::string>& services,
                                                           command::Commands* commands,
                                                           std::string person, AdminParts admin);
  ~RpcService() override;

  rpc::Server& server() { return server_; }
  // The drain is over when `wait` says so: for what calls have begun.
  void WaitFor(std::function<void(std::function<void()> done)> wait) { wait_ = std::move(wait); }

  // What the engines of this process hold, asked at the start.
  void BeginWith(std::function<market::Standing()> standing) { standing_ = std::move(standing); }

  std::string_view name() const override { return "rpc"; }
  absl::Status Start() override;
  void Drain(std::function<void()> done) override;
  runtime::Health health() const override;

 private:
  struct Apis;
  RpcService(runtime::Deps& deps, rpc::ServerOptions options);

  rpc::Server server_;
  std::unique_ptr<Apis> apis_;
  bool started_ = false, draining_ = false;
  std::function<market::Standing()> standing_;
  std::function<void(std::function<void()> done)> wait_;
};

}  // namespace gannet::api
