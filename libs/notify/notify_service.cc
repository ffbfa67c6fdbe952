#include "libs/notify/notify_service.h"

#include <algorithm>
#include <utility>

#include "libs/base/concat.h"
#include "libs/base/secrets.h"
#include "libs/base/status.h"
#include "libs/config/secret.h"
#include "libs/net/certificate.h"
#include "libs/notify/alerts.h"

namespace gannet::notify {
namespace {

constexpr char kGroup[] = "notify";
constexpr size_t kMaxPostBytes = 1u << 20;

net::HttpResponse Answer(int status, std::string text) {
  return {status, {{"Content-Type", "text/plain; charset=utf-8"}}, std::move(text) + "\n"};
}

}  // namespace

NotifyService::NotifyService(NotifyConfig config, std::string token, runtime::Deps& deps)
    : config_(std::move(config)),
      token_(std::move(token)),
      executor_(deps.executor),
      clock_(deps.clock),
      bus_(deps.bus),
      network_(deps.network),
      log_(deps.log),
      notifier_(config_.channels, config_.options, deps.rng.Fork(),
                std::to_string(base::UnixMillis(deps.clock.Now()))) {
  const auto mails = [](const Channel& one) { return one.type == ChannelType::kMail; };
  if (std::any_of(config_.channels.begin(), config_.channels.end(), mails))
    mailer_ = std::make_unique<runtime::WorkerThread>(clock_);
  if (deps.metrics == nullptr) return;
  metrics_ = deps.metrics->Collect([this](telemetry::Metrics& into) {
    namespace metric = telemetry::metric;
    const Notifier::Stats& stats = notifier_.stats();
    const auto count = [&into](std::string_view what, uint64_t total) {
      into.CounterOf(metric::kCounts, {what}).SetTotal(total);
    };
    count("notify_sent", stats.sent);
    count("notify_repeated", stats.repeated);
    count("notify_put_together", stats.put_together);
    count("notify_retried", stats.retried);
    count("notify_refused", stats.refused);
    count("notify_gave_up", stats.gave_up);
    count("notify_stale", stale_);
    into.GaugeOf(metric::kQueueDepth, {"notifications"})
        .Set(static_cast<double>(notifier_.waiting()));
    into.GaugeOf(metric::kQueueLimit, {"notifications"})
        .Set(static_cast<double>(config_.options.max_waiting * config_.channels.size()));
    into.CounterOf(metric::kQueueFull, {"notifications"}).SetTotal(stats.dropped);
  });
}

NotifyService::~NotifyService() {
  *alive_ = false;
  executor_.Cancel(timer_);
  executor_.Cancel(drain_timer_);
  if (mailer_) mailer_->Join();  // a mail under way ends within its time limit
}

template <class T, class Read>
void NotifyService::Follow(const bus::Topic<T>& topic, Read read) {
  const size_t own = subscriptions_.size();
  subscriptions_.emplace_back();
  const bool definitions = topic.info.name == bus::kInstruments.info.name;
  subscriptions_[own] = bus_.Subscribe<T>(
      topic, {.group = kGroup, .start = definitions ? bus::Start::kEarliest : bus::Start::kGroup},
      [this, read, own](const market::Event<T>& event, bus::Position position) {
        for (const Message& message : read(event)) {
          const bool page = message.severity == Severity::kPage;
          if (clock_.Now() - message.time > (page ? kStalePage : kStale)) {
            ++stale_;
          } else {
            Take(message);
          }
        }
        subscriptions_[own]->Ack(position);
      });
}

absl::Status NotifyService::Start() {
  if (config_.alerts.enabled) {
    net::ListenOptions options;
    options.address = config_.alerts.address;
    options.port = config_.alerts.port;
    options.certificate_file = config_.alerts.certificate_file;
    options.key_file = config_.alerts.key_file;
    options.max_body_bytes = kMaxPostBytes;
    options.max_connections = 64;
    GANNET_ASSIGN_OR_RETURN(listener_, network_.Listen(options, *this));
    log_.Info("notify_listening", {{"address", options.address}, {"port", listener_->port()}});
  }
  subscriptions_.reserve(4);
  Follow(bus::kInstruments, [this](const auto& event) {
    events_.OnInstrument(event.value);
    return std::vector<Message>();
  });
  Follow(bus::kExecReports, [this](const auto& event) { return events_.OnReport(event); });
  Follow(bus::kRiskDecisions, [this](const auto& event) { return events_.OnDecision(event); });
  Follow(bus::kRiskState, [this](const auto& event) { return events_.OnState(event); });
  return absl::OkStatus();
}

void NotifyService::Take(const Message& message) {
  notifier_.Take(message, clock_.Now());
  Pump();
}

// Sends what is due and looks again when more is.
void NotifyService::Pump() {
  executor_.Cancel(timer_);
  timer_ = base::TimerId::kNone;
  for (Notifier::Send& send : notifier_.Due(clock_.Now())) Dispatch(std::move(send));
  const base::Time now = clock_.Now();
  if (const auto next = notifier_.NextDue(now))
    timer_ = executor_.After(*next - now, [this] { Pump(); });
  if (drained_ && notifier_.waiting() == 0) EndDrain();
}

void NotifyService::Dispatch(Notifier::Send send) {
  const Channel& channel = config_.channels[send.channel];
  const size_t index = send.channel;
  if (channel.type != ChannelType::kMail) {
    Outgoing out = MakeRequest(channel, send.message, send.delivery, clock_.Now());
    network_.Http(out.base, std::move(out.request),
                  {.timeout = channel.timeout, .max_body_bytes = 64u << 10},
                  [this, alive = alive_, index](const net::HttpResult& result) {
                    if (*alive) Done(index, OutcomeOf(result));
                  });
    return;
  }
  mailer_->Post([this, alive = alive_, index, server = channel.mail,
                 mail = MakeMail(channel, send.message, send.delivery, clock_.Now())] {
    std::string refused;
    const absl::Status mailed = net::SendMail(server, mail, &refused);
    executor_.Post([this, alive, index, mailed, refused] {
      if (!*alive) return;
      if (mailed.ok() && !refused.empty())
        log_.Warning("recipients_refused",
                     {{"channel", config_.channels[index].name}, {"why", refused}});
      Done(index, OutcomeOf(mailed));
    });
  });
}

void NotifyService::Done(size_t channel, const Outcome& outcome) {
  if (outcome.fate != Fate::kSent) {
    log_.Warning("notification_failed", {{"channel", config_.channels[channel].name},
                                         {"for_good", outcome.fate == Fate::kRefused},
                                         {"why", outcome.why}});
  }
  notifier_.Done(channel, outcome, clock_.Now());
  Pump();
}

void NotifyService::OnRequest(net::HttpRequest request, std::string_view, Respond respond) {
  if (request.target != "/alerts") return respond(Answer(404, "alerts go to /alerts"));
  if (request.method != "POST") return respond(Answer(405, "alerts are posted"));
  const std::string_view shown = net::FindHeader(request.headers, "Authorization");
  if (!base::EqualSecrets(shown, "Bearer " + token_))
    return respond(Answer(401, "the token of the web hook is needed"));
  const auto messages = ParseAlerts(request.body, config_.runbooks, clock_.Now());
  if (!messages.ok()) return respond(Answer(400, std::string(messages.status().message())));
  for (const Message& message : *messages) notifier_.Take(message, clock_.Now());
  respond(Answer(200, "taken"));
  Pump();
}

net::WebSocket::Handler NotifyService::OnWebSocket(const net::HttpRequest&, std::string_view,
                                                   std::shared_ptr<net::WebSocket>) {
  return {};
}

void NotifyService::Drain(std::function<void()> done) {
  subscriptions_.clear();
  listener_.reset();
  drained_ = std::move(done);
  drain_timer_ = executor_.After(kDrainLimit, [this] {
    if (!drained_) return;
    log_.Warning("notifications_lost", {{"count", notifier_.waiting()}});
    EndDrain();
  });
  Pump();
}

void NotifyService::EndDrain() {
  if (drained_) executor_.Post(std::exchange(drained_, nullptr));
}

runtime::Health NotifyService::health() const {
  runtime::Health health{.state = runtime::HealthState::kServing, .reasons = {}};
  for (size_t i = 0; i < config_.channels.size(); ++i) {
    if (notifier_.failures(i) < kTroubled) continue;
    health.state = runtime::HealthState::kDegraded;
    health.reasons.push_back(base::Concat(
        {"notifications do not reach ", config_.channels[i].name, ": ", notifier_.trouble(i)}));
  }
  return health;
}

namespace {

// Empty where no alerts are taken.
absl::StatusOr<std::string> ReadToken(base::Files& files, const AlertsConfig& alerts) {
  if (!alerts.enabled) return std::string();
  GANNET_ASSIGN_OR_RETURN(std::string token,
                          config::ReadSecret(files, alerts.token_file, "notify.alerts.token_file"));
  if (token.size() < 16) {
    return absl::FailedPreconditionError(base::Concat(
        {alerts.token_file, " holds fewer than 16 bytes; put a long random text there"}));
  }
  return token;
}

}  // namespace

absl::Status CheckFiles(base::Files& files, NotifyConfig config) {
  GANNET_RETURN_IF_ERROR(LoadSecrets(files, config));
  GANNET_RETURN_IF_ERROR(ReadToken(files, config.alerts).status());
  if (config.alerts.certificate_file.empty()) return absl::OkStatus();
  return net::ReadCertificate({config.alerts.certificate_file, config.alerts.key_file, ""})
      .status();
}

absl::StatusOr<std::unique_ptr<NotifyService>> BuildNotify(NotifyConfig config,
                                                           runtime::Deps& deps) {
  GANNET_RETURN_IF_ERROR(LoadSecrets(deps.files, config));
  GANNET_ASSIGN_OR_RETURN(std::string token, ReadToken(deps.files, config.alerts));
  return std::make_unique<NotifyService>(std::move(config), std::move(token), deps);
}

}  // namespace gannet::notify
