#include "libs/api/rpc_service.h"

#include <utility>

#include "libs/api/audit_api.h"
#include "libs/api/market_data_api.h"
#include "libs/api/order_api.h"
#include "libs/api/report_api.h"
#include "libs/api/risk_api.h"
#include "libs/api/signal_api.h"
#include "libs/api/trace_api.h"
#include "libs/base/concat.h"
#include "libs/base/digest.h"
#include "libs/base/status.h"
#include "libs/config/config.h"
#include "libs/rpc/tls_check.h"

namespace gannet::api {
namespace {

constexpr config::Name<rpc::Right> kRights[] = {{"read", rpc::Right::kRead},
                                                {"trade", rpc::Right::kTrade},
                                                {"risk", rpc::Right::kRisk},
                                                {"operate", rpc::Right::kOperate}};
constexpr size_t kTokenBytes = 32;

struct Person {
  std::string name, token_sha256;
  std::vector<std::string> rights;
};

absl::StatusOr<std::string> ReadToken(base::Files& files, const std::string& path) {
  GANNET_ASSIGN_OR_RETURN(const int mode, files.Mode(path));
  if ((mode & 077) != 0) {
    return absl::PermissionDeniedError(
        base::Concat({path, " can be read by others; remove it, and a new one is made"}));
  }
  GANNET_ASSIGN_OR_RETURN(std::string token, files.Read(path));
  while (!token.empty() && token.back() == '\n') token.pop_back();
  if (token.size() < kTokenBytes)
    return absl::InvalidArgumentError(
        base::Concat({path, " is too short to be a secret; remove it, and a new one is made"}));
  return token;
}

// Made once for a data folder; whoever can read the file may call.
absl::StatusOr<std::string> KeepToken(base::Files& files, const std::string& path) {
  if (!files.Exists(path)) {
    const std::string token = base::Base64Url(base::RandomBytes(kTokenBytes));
    GANNET_RETURN_IF_ERROR(files.WriteAtomically(path, token + "\n", 0600));
  }
  return ReadToken(files, path);
}

}  // namespace

void Read(config::Section& in, RpcConfig& out) {
  in.Optional("address", out.address);
  in.Optional("reflection", out.reflection);
  in.OptionalSection("tls", out.tls, [](config::Section& s, rpc::TlsFiles& tls) {
    s.RequiredPath("certificate", tls.certificate);
    s.RequiredPath("key", tls.key);
    s.OptionalPath("client_ca", tls.client_ca);
  });
  std::vector<Person> people;
  in.Items("people", people, [](config::Section& s, Person& person) {
    s.Required("name", person.name);
    s.List("rights", person.rights, {.min = 1, .max = 4});
    s.Optional("token_sha256", person.token_sha256);
    const auto hash = base::FromHex(person.token_sha256);
    if (!person.token_sha256.empty() && (!hash || hash->size() != sizeof(base::Sha256Digest)))
      s.Problem("token_sha256",
                "is no SHA-256; give the 64 hex digits of printf %s TOKEN | sha256sum");
  });
  for (const Person& person : people) {
    rpc::Rights rights = 0;
    for (const std::string& name : person.rights) {
      bool known = false;
      for (const auto& right : kRights) {
        if (name != right.text) continue;
        rights = static_cast<rpc::Rights>(rights | static_cast<rpc::Rights>(right.value));
        known = true;
      }
      if (!known) in.Problem("people", "rights are read, trade, risk and operate");
    }
    out.people[person.name] = rights;
    if (person.token_sha256.empty()) continue;
    if (!out.tokens.try_emplace(person.token_sha256, rpc::Caller{person.name, rights}).second)
      in.Problem("people", "two have the same token_sha256; a token is one person's");
  }
  if (const absl::Status checked = rpc::Check({.address = out.address, .tls = out.tls});
      !checked.ok()) {
    in.Problem("address", std::string(checked.message()));
  }
}

absl::Status CheckFiles(base::Files& files, const RpcConfig& config, const std::string& data_dir) {
  rpc::ServerOptions options;
  if (!data_dir.empty()) options.unix_socket = data_dir + "/" + kSocketName;
  options.address = config.address;
  options.tls = config.tls;
  GANNET_RETURN_IF_ERROR(rpc::Check(options));
  if (config.address.empty()) return absl::OkStatus();
  GANNET_RETURN_IF_ERROR(rpc::CheckTls(config.tls));
  const std::string token = data_dir + "/" + kTokenName;
  if (data_dir.empty() || !files.Exists(token)) return absl::OkStatus();
  return ReadToken(files, token).status();
}

struct RpcService::Apis {
  std::unique_ptr<MarketDataApi> market_data;
  std::unique_ptr<SignalApi> signals;
  std::unique_ptr<PredictionApi> predictions;
  std::unique_ptr<OrderApi> orders;
  std::unique_ptr<RiskApi> risk;
  std::unique_ptr<ReportApi> reports;
  std::unique_ptr<TraceApi> trace;
};

absl::StatusOr<std::unique_ptr<RpcService>> RpcService::Build(
    const RpcConfig& config, runtime::Deps& deps, const std::set<std::string>& services,
    command::Commands* commands, std::string person, AdminParts admin) {
  rpc::ServerOptions options;
  if (!deps.data_dir.empty()) options.unix_socket = deps.data_dir + "/" + kSocketName;
  options.local_person = person;
  options.address = config.address;
  options.tls = config.tls;
  options.people = config.people;
  options.tokens = config.tokens;
  options.reflection = config.reflection;
  options.metrics = deps.metrics;
  if (!config.address.empty() && !deps.data_dir.empty()) {
    GANNET_ASSIGN_OR_RETURN(const std::string token,
                            KeepToken(deps.files, deps.data_dir + "/" + kTokenName));
    options.tokens[base::Hex(base::Sha256(token))] = {person, rpc::kAllRights};
  }
  GANNET_RETURN_IF_ERROR(rpc::Check(options));
  std::unique_ptr<RpcService> service(new RpcService(deps, std::move(options)));
  rpc::Server& server = service->server_;
  Apis& apis = *service->apis_;
  const uint64_t epoch = deps.shard.options().start_epoch;
  // The gateway faces outsiders: it serves what the bus tells of every area.
  const auto serves = [&services](const char* name) {
    return services.contains(name) || services.contains("gateway");
  };
  if (serves("ingest")) {
    apis.market_data =
        std::make_unique<MarketDataApi>(server, deps.bus, epoch, MarketDataApi::Serves::kAll);
  } else if (serves("strategy") || serves("execution")) {  // whoever takes orders says their scales
    apis.market_data = std::make_unique<MarketDataApi>(server, deps.bus, epoch,
                                                       MarketDataApi::Serves::kDefinitions);
  }
  if (serves("news-signal")) apis.signals = std::make_unique<SignalApi>(server, deps.bus, epoch);
  if (serves("ml-inference"))
    apis.predictions = std::make_unique<PredictionApi>(server, deps.bus, epoch);
  if (serves("strategy") || serves("execution"))
    apis.orders = std::make_unique<OrderApi>(server, deps.bus, epoch, commands);
  // The kill switch is at hand where the orders leave from.
  if (serves("risk") || serves("execution"))
    apis.risk = std::make_unique<RiskApi>(server, deps.bus, epoch, commands);
  if (serves("reporting")) {
    apis.reports = std::make_unique<ReportApi>(server, deps.bus, epoch);
    apis.trace = std::make_unique<TraceApi>(server, deps.bus);
  }
  ServeAdmin(server, std::move(admin));
  ServeAudit(server, commands);
  return service;
}

RpcService::RpcService(runtime::Deps& deps, rpc::ServerOptions options)
    : server_(deps.executor, deps.log, std::move(options)), apis_(std::make_unique<Apis>()) {}

RpcService::~RpcService() = default;

absl::Status RpcService::Start() {
  if (standing_) {
    const market::Standing standing = standing_();
    if (apis_->orders) apis_->orders->Take(standing);
    if (apis_->reports) apis_->reports->Take(standing);
  }
  GANNET_RETURN_IF_ERROR(server_.Start());
  started_ = true;
  return absl::OkStatus();
}

void RpcService::Drain(std::function<void()> done) {
  draining_ = true;
  server_.Drain();
  if (!wait_) return done();
  wait_(std::move(done));
}

runtime::Health RpcService::health() const {
  if (!started_ || draining_)
    return {runtime::HealthState::kNotServing, {"RPC is not served yet, or no more"}};
  if (const absl::Status certificate = server_.certificate_health(); !certificate.ok())
    return {runtime::HealthState::kDegraded, {std::string(certificate.message())}};
  return {runtime::HealthState::kServing, {}};
}

}  // namespace gannet::api
