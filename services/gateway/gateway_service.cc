#include "services/gateway/gateway_service.h"

#include <algorithm>
#include <utility>

#include "libs/base/concat.h"
#include "libs/base/status.h"
#include "libs/bus/access_topic.h"
#include "libs/bus/topics.h"
#include "libs/market/names.h"
#include "services/gateway/assets.h"
#include "services/gateway/audit_json.h"
#include "services/gateway/backtests.h"
#include "services/gateway/model_cards.h"
#include "services/gateway/trail.h"
#include "services/gateway/usage.h"
#include "services/gateway/view_json.h"
#include "services/gateway/view_rows.h"

namespace gannet::gateway {
namespace {

constexpr size_t kMaxBars = 1'000;
constexpr size_t kMaxConnections = 1'024;
constexpr size_t kMaxSendBuffer = 8u << 20;
constexpr base::Duration kCheckViewers = std::chrono::seconds(5);

const char* Name(runtime::HealthState state) {
  switch (state) {
    case runtime::HealthState::kServing:
      return "serving";
    case runtime::HealthState::kDegraded:
      return "degraded";
    case runtime::HealthState::kNotServing:
      break;
  }
  return "not serving";
}

constexpr std::string_view kPortfolioElsewhere =
    R"({"state":"elsewhere","note":"risk runs in another process: gannet risk portfolio asks it"})";
constexpr std::string_view kNoPage =
    "This gannet was built without its page: Node.js or web/node_modules was missing.\n"
    "Run tools/setup, then make build. The API is at /api/v1.\n";

// The page itself holds no data: it may be read before signing in.
std::optional<net::HttpResponse> AssetAnswer(const net::HttpRequest& request) {
  if (request.method != "GET" && request.method != "HEAD") return std::nullopt;
  const std::string path = request.target.substr(0, request.target.find('?'));
  for (const Asset& asset : Assets()) {
    if (asset.path != path) continue;
    net::HttpResponse response{
        200,
        {{"Content-Type", std::string(asset.type)},
         {"Content-Encoding", "gzip"},
         {"ETag", std::string(asset.etag)},
         {"Cache-Control", asset.immutable ? "public, max-age=31536000, immutable" : "no-cache"}},
        ""};
    if (net::FindHeader(request.headers, "if-none-match") == asset.etag) {
      response.status = 304;
    } else {
      response.body = std::string(asset.gzip);
    }
    return response;
  }
  if (path == "/" && Assets().empty())
    return net::HttpResponse{503, {{"Content-Type", "text/plain"}}, std::string(kNoPage)};
  return std::nullopt;
}

std::string Epoch(base::Time started) { return std::to_string(base::UnixNanos(started)); }

net::HttpResponse ReportAnswer(const ReportAsk& ask, absl::StatusOr<std::string>& made) {
  if (!made.ok()) {
    const int status = absl::IsInvalidArgument(made.status()) ? 400
                       : absl::IsNotFound(made.status())      ? 404
                                                              : 503;
    return ErrorAnswer(status, std::string(made.status().message()));
  }
  std::string name = "gannet-" + ask.account + "." + ask.format;
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '.') c = '-';
  }
  return {200,
          {{"Content-Type", ReportType(ask.format)},
           {"Content-Disposition", "attachment; filename=\"" + name + "\""},
           {"Cache-Control", "no-store"}},
          *std::move(made)};
}

}  // namespace

GatewayService::GatewayService(GatewayConfig config, runtime::Deps& deps, GatewayParts parts)
    : config_(std::move(config)),
      executor_(deps.executor),
      background_(deps.background),
      clock_(deps.clock),
      files_(deps.files),
      network_(deps.network),
      bus_(deps.bus),
      log_(deps.log.For("gateway")),
      parts_(std::move(parts)),
      stream_(view_, charts_, Epoch(deps.clock.Now()), [this] { return PlatformJson(); }),
      gate_(config_, deps, parts_.redis.get()),
      metrics_(deps.metrics),
      backtests_folder_(config_.backtests.empty() ? deps.data_dir + "/backtests"
                                                  : config_.backtests) {
  if (metrics_ != nullptr) {
    collector_ = metrics_->Collect([this](telemetry::Metrics& into) {
      into.GaugeOf(telemetry::metric::kSessions).Set(static_cast<double>(gate_.signed_in()));
      if (parts_.redis == nullptr) return;
      const net::RedisStats& redis = parts_.redis->stats();
      const auto count = [&into](const char* what, uint64_t total) {
        into.CounterOf(telemetry::metric::kCounts, {what}).SetTotal(total);
      };
      count("redis_answered", redis.answered);
      count("redis_failed", redis.failed);
      count("redis_lost", redis.lost);
    });
  }
  // Before the shard resumes: what it republishes is part of the picture.
  Watch(bus::kInstruments);
  Watch(bus::kQuotes);
  Watch(bus::kTrades);
  Watch(bus::kBooks);
  Watch(bus::kMarketStatus);
  Watch(bus::kNewsSignals);
  Watch(bus::kPredictions);
  Watch(bus::kOrderIntents);
  Watch(bus::kRiskDecisions);
  Watch(bus::kExecReports);
  Watch(bus::kPositions);
  Watch(bus::kBalances);
  Watch(bus::kRiskState);
  Watch(bus::kRiskLimits);
  Watch(bus::kAnswers);
  if (gate_.shares_people()) Watch(bus::kAccess);
}

template <class T>
void GatewayService::Watch(const bus::Topic<T>& topic) {
  const size_t index = subscriptions_.size();
  if (topic.info.delivery == bus::Delivery::kBlock) unread_.insert(index);
  subscriptions_.push_back(
      bus_.Subscribe<T>(topic, {.group = "", .start = bus::Start::kEarliest},
                        [this, index](const market::Event<T>& event, bus::Position position) {
                          if constexpr (requires { view_.On(event); }) view_.On(event);
                          if constexpr (requires { charts_.On(event); }) charts_.On(event);
                          if constexpr (requires { stream_.Touch(event); }) stream_.Touch(event);
                          if constexpr (requires { gate_.Hear(event); }) gate_.Hear(event);
                          if constexpr (requires { desk_->On(event); }) {
                            if (desk_ != nullptr) desk_->On(event);
                          }
                          subscriptions_[index]->Ack(position);
                        }));
}

absl::Status GatewayService::Start() {
  if (parts_.standing) view_.Take(parts_.standing());
  GANNET_RETURN_IF_ERROR(gate_.Start(parts_.first_password));
  commands_ = parts_.commands ? parts_.commands() : nullptr;
  desk_ = std::make_unique<ActionDesk>(view_, commands_, gate_.users(), executor_, clock_, log_,
                                       [this] { return unread_.empty(); });
  AddTables();
  started_ = clock_.Now();
  net::ListenOptions options;
  options.address = config_.address;
  options.port = config_.port;
  options.certificate_file = config_.certificate_file;
  options.key_file = config_.key_file;
  options.max_body_bytes = kMaxBodyBytes;
  options.max_connections = kMaxConnections;
  options.max_send_buffer_bytes = kMaxSendBuffer;
  GANNET_ASSIGN_OR_RETURN(listener_, network_.Listen(options, *this));
  if (auto* user = dynamic_cast<net::CertificateUser*>(listener_.get());
      user != nullptr && config_.tls()) {
    WatchCertificate(*user);
  }
  log_.Info("gateway_listening", {{"address", config_.address}, {"port", listener_->port()}});
  Tick();
  return absl::OkStatus();
}

void GatewayService::AddTables() {
  if (commands_ != nullptr) {
    gate_.RecordTo([this](command::AccessNote note) { commands_->Record(std::move(note)); });
    audit_ = commands_->audit();
  }
  stream_.AddTable("audit",
                   {.row =
                        [this](const std::string& key) {
                          if (audit_ == nullptr) return std::string("null");
                          for (auto it = audit_->entries().rbegin(); it != audit_->entries().rend();
                               ++it) {
                            if (IdText(it->second.id) == key) return Text(AuditRow(it->second));
                          }
                          return std::string("null");
                        },
                    .each =
                        [this](const auto& visit) {
                          if (audit_ == nullptr) return;
                          for (const auto* entry : Select(*audit_, {.limit = kStreamedAudit}))
                            visit(IdText(entry->id), Text(AuditRow(*entry)));
                        }});
  stream_.AddTable("backtests", {.row =
                                     [this](const std::string& key) {
                                       const auto row = backtests_.find(key);
                                       return row == backtests_.end() ? "null" : row->second;
                                     },
                                 .each =
                                     [this](const auto& visit) {
                                       for (const auto& [name, row] : backtests_) visit(name, row);
                                     }});
}

void GatewayService::TellAudit() {
  if (audit_ == nullptr || audit_->version() == audit_told_) return;
  for (const auto& [place, entry] : audit_->entries()) {
    if (entry.version > audit_told_) stream_.TouchRow("audit", IdText(entry.id));
  }
  audit_told_ = audit_->version();
}

// Runs that came, changed or went.
void GatewayService::LookAtBacktests() {
  if (std::exchange(looking_at_backtests_, true)) return;
  background_.Post([this, alive = std::weak_ptr(alive_), &files = files_, &executor = executor_,
                    folder = backtests_folder_] {
    auto rows = std::make_shared<std::map<std::string, std::string>>(BacktestRows(files, folder));
    executor.Post([this, alive, rows] {
      if (alive.expired()) return;
      looking_at_backtests_ = false;
      for (const auto& [name, row] : backtests_) {
        if (!rows->contains(name)) stream_.TouchRow("backtests", name);
      }
      for (const auto& [name, row] : *rows) {
        const auto before = backtests_.find(name);
        if (before == backtests_.end() || before->second != row)
          stream_.TouchRow("backtests", name);
      }
      backtests_ = std::move(*rows);
    });
  });
}

void GatewayService::ReadBacktests(const Admitted& request, const Respond& respond) {
  const auto name = request.parameters.find("name");
  background_.Post([&files = files_, &executor = executor_, folder = backtests_folder_, respond,
                    name = name == request.parameters.end() ? "" : name->second,
                    one = request.route->action == Action::kBacktest] {
    net::HttpResponse response;
    if (one) {
      const auto document = BacktestDocument(files, folder, name);
      response = document.ok() ? JsonAnswer(200, *document)
                               : ErrorAnswer(absl::IsNotFound(document.status()) ? 404 : 409,
                                             std::string(document.status().message()));
    } else {
      std::string rows;
      for (const auto& [run, row] : BacktestRows(files, folder))
        rows += base::Concat({rows.empty() ? "" : ",", row});
      response = JsonAnswer(200, base::Concat({"[", rows, "]"}));
    }
    executor.Post([respond, response = std::move(response)] { respond(response); });
  });
}

void GatewayService::WatchCertificate(net::CertificateUser& user) {
  certificate_ = std::make_unique<net::CertificateWatch>(
      executor_, [this] { return clock_.Now(); },
      net::CertificateFiles{config_.certificate_file, config_.key_file, ""},
      [this, &user](const net::CertificateText& text) {
        GANNET_RETURN_IF_ERROR(user.UseCertificate(text));
        log_.Info("certificate_reloaded", {{"certificate", config_.certificate_file}});
        return absl::OkStatus();
      },
      [this](const absl::Status& why) {
        log_.Warning("certificate_refused", {{"error", std::string(why.message())}});
      });
}

void GatewayService::Drain(std::function<void()> done) {
  executor_.Cancel(timer_);
  certificate_.reset();
  stream_.CloseAll();
  listener_.reset();
  done();
}

runtime::Health GatewayService::health() const {
  if (listener_ == nullptr)
    return {runtime::HealthState::kNotServing, {"the gateway does not listen"}};
  if (!unread_.empty()) {
    return {
        runtime::HealthState::kDegraded,
        {base::Concat({"it reads what happened before its start, ", std::to_string(left_to_read_),
                       " events to go: what it shows until then is history, and nothing is "
                       "verified"})}};
  }
  if (certificate_ != nullptr && !certificate_->health().ok())
    return {runtime::HealthState::kDegraded, {std::string(certificate_->health().message())}};
  if (const absl::Status sessions = gate_.health(); !sessions.ok())
    return {runtime::HealthState::kDegraded, {std::string(sessions.message())}};
  const absl::Status commands = commands_ != nullptr ? commands_->health() : absl::OkStatus();
  if (!commands.ok()) return {runtime::HealthState::kDegraded, {std::string(commands.message())}};
  return {runtime::HealthState::kServing, {}};
}

std::string GatewayService::url() const {
  const bool v6 = config_.address.find(':') != std::string::npos;
  return base::Concat({config_.tls() ? "https://" : "http://", v6 ? "[" : "", config_.address,
                       v6 ? "]" : "", ":", std::to_string(port()), "/"});
}

bool GatewayService::has_page() const { return !Assets().empty(); }

void GatewayService::Tick() {
  timer_ = executor_.After(LiveStream::kPeriod, [this, alive = std::weak_ptr(alive_)] {
    if (!alive.expired() && listener_ != nullptr) Tick();
  });
  if (!unread_.empty()) LookAtUnread();
  const base::Time now = clock_.Now();
  const base::Duration monotonic = clock_.Monotonic();
  if (monotonic >= next_sample_) {
    next_sample_ = monotonic + std::chrono::seconds(1);
    Sample(now);
  }
  if (monotonic >= next_check_) {
    next_check_ = monotonic + kCheckViewers;
    gate_.Reload();  // `gannet user disable` changes the file behind our back
    EndStreams();
    LookAtBacktests();
  }
  TellAudit();
  stream_.Tick(now);
}

// A bus that keeps a year gives it again at each start, and takes its time.
void GatewayService::LookAtUnread() {
  left_to_read_ = 0;
  std::erase_if(unread_, [this](size_t index) {
    const bus::Subscription& subscription = *subscriptions_[index];
    const uint64_t lag = subscription.stats().lag;
    left_to_read_ += lag;
    return lag == 0 && subscription.health().ok();
  });
}

// Of those whose session is over.
void GatewayService::EndStreams() {
  std::vector<std::pair<LiveStream::ViewerId, Watcher>> watching;
  stream_.ForEachViewer(
      [&](LiveStream::ViewerId id, const Watcher& watcher) { watching.emplace_back(id, watcher); });
  for (const auto& [id, watcher] : watching) {
    gate_.MayWatch(watcher, [this, alive = std::weak_ptr(alive_), viewer = id](bool may) {
      if (!alive.expired() && !may) stream_.Close(viewer);
    });
  }
}

void GatewayService::Sample(base::Time now) {
  profit_.push_back({now, view_.ProfitByAsset()});
  if (profit_.size() > kKeptProfit) profit_.pop_front();
}

void GatewayService::OnRequest(net::HttpRequest request, std::string_view peer, Respond respond) {
  const Respond sealed = [respond = std::move(respond), tls = config_.tls(),
                          metrics = metrics_](net::HttpResponse response) {
    AddSecurityHeaders(response, tls);
    if (metrics != nullptr && response.status > 0) {
      const std::string status_class = std::to_string(response.status / 100) + "xx";
      metrics->CounterOf(telemetry::metric::kHttpCalls, {status_class}).Add();
    }
    respond(std::move(response));
  };
  const auto asked = std::make_shared<const net::HttpRequest>(std::move(request));
  gate_.Admit(asked, peer,
              [this, asked, from = std::string(peer), sealed](HttpGate::Verdict verdict) {
                if (auto* refusal = std::get_if<net::HttpResponse>(&verdict)) {
                  // The page may be there before it is known who looks at it.
                  const bool may_be_page =
                      refusal->status == 401 || refusal->status == 404 || refusal->status == 503;
                  auto asset = may_be_page ? AssetAnswer(*asked) : std::nullopt;
                  return sealed(asset ? *std::move(asset) : std::move(*refusal));
                }
                Carry(std::get<Admitted>(verdict), from, sealed);
              });
}

void GatewayService::Carry(const Admitted& request, std::string_view peer, const Respond& respond) {
  switch (request.route->action) {
    case Action::kSignIn:
      return gate_.SignIn(request, peer, respond);
    case Action::kSetPassword:
      return gate_.SetPassword(request, respond);
    case Action::kSignOut:
      return gate_.SignOut(request, respond);
    case Action::kDisableUser:
      return gate_.DisableUser(request, respond);
    case Action::kConfirmUser:
      return gate_.ConfirmUser(request, respond);
    case Action::kAddUser:
      return gate_.AddUser(request, respond);
    case Action::kModels:
      return ReadModels(respond);
    case Action::kReport:
      return MakeReport(request, respond);
    case Action::kConsent:
      return Consent(request, respond);
    case Action::kBacktests:
    case Action::kBacktest:
      return ReadBacktests(request, respond);
    case Action::kSubmitOrder:
    case Action::kCancelOrder:
    case Action::kAmendOrder:
    case Action::kCancelAll:
    case Action::kKill:
    case Action::kResume:
    case Action::kSetState:
    case Action::kProposeLimits:
    case Action::kApproveLimits:
    case Action::kRejectLimits:
      return desk_->Act(request, respond);
    default:
      return respond(Answer(request));
  }
}

void GatewayService::Consent(const Admitted& request, const Respond& respond) {
  if (request.parameters.at("version") != std::to_string(kConsentVersion))
    return respond(ErrorAnswer(409, "that is not the disclaimer in force; load the page again"));
  if (!gate_.shares_people()) {
    const absl::Status kept = gate_.users().Consent(request.user, kConsentVersion, clock_.Now());
    if (!kept.ok()) return respond(ErrorAnswer(503, std::string(kept.message())));
  }
  log_.Info("consent", {{"user", request.user}, {"version", kConsentVersion}});
  if (commands_ != nullptr) commands_->Record(ConsentNote(request.user));
  AwaitConsent(request, respond, clock_.Monotonic() + ActionDesk::kVerifyFor);
}

// Where people are shared, consent is given when the bus says so: then every gateway hears it.
void GatewayService::AwaitConsent(const Admitted& request, const Respond& respond,
                                  base::Duration deadline) {
  const User* user = gate_.users().Find(request.user);
  if (user != nullptr && user->consent_version >= kConsentVersion)
    return respond(gate_.DescribeSession(request));
  if (clock_.Monotonic() >= deadline) {
    return respond(ErrorAnswer(
        503, "the consent is not on the bus yet; look at /health/ready, and try again"));
  }
  executor_.After(ActionDesk::kVerifyEach,
                  [this, alive = std::weak_ptr(alive_), request, respond, deadline] {
                    if (!alive.expired()) AwaitConsent(request, respond, deadline);
                  });
}

net::HttpResponse GatewayService::Answer(const Admitted& request) {
  const base::Time now = clock_.Now();
  switch (request.route->action) {
    case Action::kHealth:
    case Action::kLive:
      return JsonAnswer(200, R"({"state":"serving"})");
    case Action::kReady:
      return Readiness(!request.user.empty());
    case Action::kOpenApi:
      return JsonAnswer(200,
                        OpenApi(parts_.build_id.empty() ? "0" : parts_.build_id, request.cookie));
    case Action::kSession:
      return gate_.DescribeSession(request);
    case Action::kState:
      return JsonAnswer(200, StateJson(view_, now));
    case Action::kSnapshot:
      return JsonAnswer(200, stream_.Snapshot(now));
    case Action::kMarkets:
      return JsonAnswer(200, MarketsJson(view_, now));
    case Action::kSignals:
      return JsonAnswer(200, SignalsJson(view_));
    case Action::kOrders:
      return JsonAnswer(200, OrdersJson(view_));
    case Action::kFills:
      return JsonAnswer(200, FillsJson(view_));
    case Action::kPositions:
      return JsonAnswer(200, PositionsJson(view_));
    case Action::kDenials:
      return JsonAnswer(200, DenialsJson(view_));
    case Action::kPredictions:
      return JsonAnswer(200, PredictionsJson(view_));
    case Action::kCandles:
      return Candles(request);
    case Action::kProfit:
      return JsonAnswer(200, ProfitJson());
    case Action::kTrail: {
      std::string body = TrailJson(view_, request.parameters.at("id"));
      if (body.empty())
        return ErrorAnswer(404, "nothing of that id is kept here; `gannet journal dump` has all");
      return JsonAnswer(200, std::move(body));
    }
    case Action::kLimits:
      return JsonAnswer(200, LimitsJson());
    case Action::kLimitFile: {
      const auto& held = view_.limits().in_force();
      if (!held) return ErrorAnswer(404, "risk has not said yet which limits are in force");
      return JsonAnswer(200,
                        Text(Json{{"version", held->value.version}, {"file", held->value.text}}));
    }
    case Action::kProposals:
      return JsonAnswer(200, ProposalsJson(view_));
    case Action::kAbout:
      return JsonAnswer(200, AboutJson());
    case Action::kPortfolio:
      return JsonAnswer(
          200, parts_.portfolio_risk ? parts_.portfolio_risk() : std::string(kPortfolioElsewhere));
    case Action::kAudit: {
      if (audit_ == nullptr) return JsonAnswer(200, "[]");
      const auto rows = AuditJson(*audit_, request.parameters);
      if (!rows.ok()) return ErrorAnswer(400, std::string(rows.status().message()));
      return JsonAnswer(200, *rows);
    }
    case Action::kUsers: {
      Json rows = Json::array();
      for (const auto& [name, user] : gate_.users().all()) {
        rows.push_back({{"name", name},
                        {"role", gateway::Name(user.role)},
                        {"disabled", user.disabled},
                        {"created", base::FormatTime(user.created)},
                        {"consent_version", user.consent_version},
                        {"added_by", user.added_by.empty() ? Json(nullptr) : Json(user.added_by)}});
      }
      return JsonAnswer(200, Text(rows));
    }
    case Action::kStream:
      return ErrorAnswer(426, "this is a WebSocket: connect to it as one");
    default:
      return ErrorAnswer(501, "not answered here");
  }
}

net::HttpResponse GatewayService::Readiness(bool signed_in) const {
  const runtime::Health health = parts_.platform_health();
  Json body{{"state", Name(health.state)}};
  if (signed_in) body["reasons"] = health.reasons;
  return JsonAnswer(health.state == runtime::HealthState::kNotServing ? 503 : 200, Text(body));
}

std::string GatewayService::PlatformJson() const {
  const runtime::Health health = parts_.platform_health();
  return Text(Json{{"state", Name(health.state)}, {"reasons", health.reasons}});
}

net::HttpResponse GatewayService::Candles(const Admitted& request) const {
  const market::InstrumentId id(request.parameters.at("instrument"));
  const auto given = request.parameters.find("interval");
  const int64_t interval = given == request.parameters.end() ? 60 : std::stoll(given->second);
  if (!view_.markets().contains(id))
    return ErrorAnswer(404, "there is no such instrument; /api/v1/markets lists all");
  Json bars = Json::array();
  const ChartData::Chart* chart = charts_.Find(id);
  const market::Instrument* d = chart != nullptr ? view_.Definition(id, chart->version) : nullptr;
  if (d != nullptr) {
    for (const auto& bar : ChartData::Bars(*chart, interval, kMaxBars)) {
      bars.push_back({bar.start_s, d->Format(bar.open), d->Format(bar.high), d->Format(bar.low),
                      d->Format(bar.close), d->Format(market::Quantity{bar.volume})});
    }
  }
  return JsonAnswer(200,
                    Text(Json{{"instrument", id.text()}, {"interval", interval}, {"bars", bars}}));
}

std::string GatewayService::LimitsJson() const {
  Json rows = Json::array();
  const auto& held = view_.limits().in_force();
  if (!held) return Text(rows);
  Valuation valuation = ReadValuation(held->value.text);
  for (const market::LimitRow& row : held->value.rows) {
    if (valuation.asset.empty()) valuation.asset = row.asset;
  }
  for (const Usage& usage : UsageOf(view_, held->value.rows, valuation)) {
    rows.push_back({{"scope", market::Name(usage.limit.scope.kind)},
                    {"name", usage.scope_name},
                    {"by_default", usage.limit.scope.name == "*"},
                    {"limit", usage.limit.name},
                    {"value", usage.limit.value.ToString()},
                    {"asset", usage.limit.asset.text()},
                    {"unit", usage.limit.unit},
                    {"used", usage.used ? Json(usage.used->ToString()) : Json(nullptr)},
                    {"unpriced", usage.unpriced},
                    {"version", held->value.version}});
  }
  return Text(rows);
}

void GatewayService::MakeReport(const Admitted& request, const Respond& respond) {
  if (!parts_.make_report)
    return respond(ErrorAnswer(501, "this process makes no reports; use `gannet report`"));
  if (making_report_)
    return respond(ErrorAnswer(429, "a report is being made; ask again when it is done"));
  const auto field = [&](const char* name) {
    const auto found = request.parameters.find(name);
    return found == request.parameters.end() ? std::string() : found->second;
  };
  const ReportAsk ask{field("format"), field("account"), field("from"), field("to"),
                      field("returns")};
  making_report_ = true;
  base::Executor& maker = parts_.reports != nullptr ? *parts_.reports : background_;
  maker.Post([this, alive = std::weak_ptr(alive_), &executor = executor_, make = parts_.make_report,
              ask, respond, user = request.user] {
    auto made = std::make_shared<absl::StatusOr<std::string>>(make(ask));
    executor.Post([this, alive, made, ask, respond, user] {
      if (alive.expired()) return;
      making_report_ = false;
      respond(ReportAnswer(ask, *made));
      log_.Info("report", {{"user", user}, {"account", ask.account}, {"made", made->ok()}});
      if (commands_ != nullptr)
        commands_->Record({user, command::Name(command::AccessKind::kReport), ask.account,
                           ask.format, !made->ok()});
    });
  });
}

std::string GatewayService::AboutJson() const {
  return Text(Json{{"build", parts_.build_id},
                   {"mode", parts_.mode},
                   {"started", base::FormatTime(started_)},
                   {"now", base::FormatTime(clock_.Now())},
                   {"viewers", stream_.viewers()},
                   {"stream",
                    {{"frames", stream_.stats().frames},
                     {"snapshots", stream_.stats().snapshots},
                     {"resumed", stream_.stats().resumed},
                     {"cut_off", stream_.stats().cut_off}}},
                   {"kept",
                    {{"signals", View::kKeptSignals},
                     {"fills", View::kKeptFills},
                     {"closed_orders", View::kKeptClosedOrders},
                     {"denials", View::kKeptDenials}}},
                   {"consent_version", kConsentVersion},
                   {"disclaimer", kRiskDisclaimer}});
}

std::string GatewayService::ProfitJson() const {
  Json rows = Json::array();
  for (const ProfitSample& sample : profit_) {
    for (const auto& [asset, profit] : sample.by_asset) {
      rows.push_back({{"t", base::UnixMillis(sample.time)},
                      {"asset", asset},
                      {"total", (profit.realized + profit.unrealized).ToString()},
                      {"realized", profit.realized.ToString()},
                      {"fees", profit.fees.ToString()}});
    }
  }
  return Text(rows);
}

void GatewayService::ReadModels(const Respond& respond) {
  background_.Post(
      [&files = files_, &executor = executor_, registry = config_.model_registry, respond] {
        std::string cards = ModelCardsJson(files, registry);
        executor.Post([cards = std::move(cards), respond] { respond(JsonAnswer(200, cards)); });
      });
}

// A WebSocket from its upgrade on. Where sessions are kept elsewhere it is opened before it is
// known whose it is: until then it is told nothing, and the last thing it says is kept.
struct GatewayService::Guest {
  std::shared_ptr<net::WebSocket> socket;  // null: gone, or the stream has it
  bool known = false, opened = false;
  std::optional<LiveStream::ViewerId> viewer;  // known and empty: refused
  std::string epoch, after, said;
};

net::WebSocket::Handler GatewayService::OnWebSocket(const net::HttpRequest& request,
                                                    std::string_view peer,
                                                    std::shared_ptr<net::WebSocket> socket) {
  // "?epoch=E&after=N", both digits.
  const auto number = [&](std::string_view name) -> std::string {
    const size_t mark = request.target.find(base::Concat({name, "="}));
    if (mark == std::string::npos) return "";
    const size_t from = mark + name.size() + 1;
    const size_t to =
        std::min(request.target.find_first_not_of("0123456789", from), request.target.size());
    return to - from > 19 ? "" : request.target.substr(from, to - from);
  };
  const auto guest = std::make_shared<Guest>();  // of the callbacks below
  guest->socket = std::move(socket);
  guest->epoch = number("epoch");
  guest->after = number("after");
  gate_.AdmitSocket(std::make_shared<const net::HttpRequest>(request), peer,
                    [this, guest](const Watcher& watcher) { Seat(*guest, watcher); });
  if (guest->known && !guest->viewer) return {};
  const std::weak_ptr<bool> alive = alive_;
  net::WebSocket::Handler handler;
  handler.on_open = [this, alive, guest] {
    if (alive.expired()) return;
    guest->opened = true;
    if (guest->known) Welcome(*guest);
  };
  handler.on_message = [this, alive, guest](std::string_view text) {
    if (alive.expired()) return;
    if (!guest->viewer) {
      guest->said = std::string(text);
    } else {
      stream_.Message(*guest->viewer, text, clock_.Now());
    }
  };
  handler.on_close = [this, alive, guest](const absl::Status&) {
    guest->socket.reset();
    if (!alive.expired() && guest->viewer) stream_.Leave(*guest->viewer);
  };
  return handler;
}

// It is known whose it is; nobody's: an empty name.
void GatewayService::Seat(Guest& guest, const Watcher& watcher) {
  guest.known = true;
  if (guest.socket == nullptr) return;
  if (!watcher.user.empty()) guest.viewer = stream_.Join(guest.socket, watcher);
  if (!watcher.user.empty() && !guest.viewer)
    log_.Warning("too_many_viewers", {{"user", watcher.user}});
  if (guest.opened) Welcome(guest);
}

void GatewayService::Welcome(Guest& guest) {
  const std::shared_ptr<net::WebSocket> socket = std::move(guest.socket);
  if (!guest.viewer) return socket->Close();
  stream_.Open(
      *guest.viewer, guest.epoch,
      guest.after.empty() ? std::nullopt : std::optional<uint64_t>(std::stoull(guest.after)),
      clock_.Now());
  if (!guest.said.empty()) stream_.Message(*guest.viewer, guest.said, clock_.Now());
}

}  // namespace gannet::gateway
