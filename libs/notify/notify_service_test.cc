// Over real sockets: endpoints that answer as Telegram, Slack and the like do, a mail server
// with TLS, and an Alertmanager that posts.
#include "libs/notify/notify_service.h"

#include <catch2/catch_test_macros.hpp>
#include <deque>
#include <nlohmann/json.hpp>

#include "libs/base/digest.h"
#include "libs/base/posix_files.h"
#include "libs/base/temp_dir_for_test.h"
#include "libs/bus/memory_bus.h"
#include "libs/net/beast_network.h"
#include "libs/net/test_certificate.h"
#include "libs/notify/mail_server_for_test.h"
#include "libs/runtime/asio_executor.h"
#include "libs/runtime/system_clock.h"

namespace gannet::notify {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

constexpr base::Duration kPatience = 60s;  // it ends what hangs, not what is slow

// Keeps what it is sent; answers what it is told, then 200.
struct Endpoint : net::ServerHandler {
  void OnRequest(net::HttpRequest request, std::string_view, Respond respond) override {
    requests.push_back(std::move(request));
    net::HttpResponse answer{200, {}, "{}"};
    if (!answers.empty()) {
      answer = answers.front();
      answers.pop_front();
    }
    respond(answer);
  }
  net::WebSocket::Handler OnWebSocket(const net::HttpRequest&, std::string_view,
                                      std::shared_ptr<net::WebSocket>) override {
    return {};
  }
  Json Body(size_t index) const { return Json::parse(requests.at(index).body); }
  std::vector<net::HttpRequest> requests;
  std::deque<net::HttpResponse> answers;
  std::unique_ptr<net::Listener> listener;
};

struct Fixture {
  base::TempDirForTest folder;
  runtime::SystemClock clock;
  runtime::AsioExecutor executor{clock};
  base::PosixFiles files;
  std::unique_ptr<net::BeastNetwork> network;
  bus::MemoryBus bus{executor};
  runtime::Shard shard{{}, executor, clock, nullptr, &bus};
  std::string logged;
  telemetry::Log log{"test", telemetry::Level::kInfo, clock,
                     [this](std::string_view line) { logged += line; }};
  Endpoint endpoint;
  std::unique_ptr<runtime::Deps> deps;
  NotifyConfig config;
  std::unique_ptr<NotifyService> service;

  Fixture() {
    net::WriteTestCertificate(folder.path());
    net::BeastOptions options;
    options.extra_ca_file = folder / "certificate.pem";
    auto made = net::BeastNetwork::Create(executor.io(), options);
    REQUIRE(made.ok());
    network = *std::move(made);
    deps.reset(new runtime::Deps{shard, bus, executor, executor, clock, files, *network, log,
                                 base::Rng(1), folder.path()});
    net::ListenOptions listen;
    listen.certificate_file = folder / "certificate.pem";
    listen.key_file = folder / "key.pem";
    auto listener = network->Listen(listen, endpoint);
    REQUIRE(listener.ok());
    endpoint.listener = *std::move(listener);
    Secret("secret", "0123456789abcdef");
    Secret("token", "token-of-the-alertmanager");
    Secret("hook", Url("/services/x"));
    Secret("password", "the-right-one");
    config.options.first_pause = 10ms;
  }

  std::string Url(const std::string& path) const {
    return "https://localhost:" + std::to_string(endpoint.listener->port()) + path;
  }
  void Secret(const std::string& name, const std::string& text) {
    REQUIRE(files.WriteAtomically(folder / name, text + "\n", 0600).ok());
  }
  Channel& Add(ChannelType type, std::string url = "") {
    Channel& channel = config.channels.emplace_back();
    channel.name = "c" + std::to_string(config.channels.size());
    channel.type = type;
    channel.url = std::move(url);
    channel.secret_file = folder / "secret";
    channel.per_minute = 600;
    return channel;
  }
  Channel& AddMail(uint16_t port, bool trust = true) {
    Channel& channel = Add(ChannelType::kMail);
    channel.secret_file = folder / "password";
    channel.mail.host = "localhost";
    channel.mail.port = port;
    channel.mail.user = "gannet";
    channel.mail.timeout = kPatience;
    if (trust) channel.mail.extra_ca_file = folder / "certificate.pem";
    channel.from = "gannet@desk.example";
    channel.to = {"a@desk.example", "b@desk.example"};
    return channel;
  }
  void Start() {
    config.alerts.enabled = true;
    config.alerts.port = 0;
    config.alerts.token_file = folder / "token";
    config.runbooks = "https://r/";
    auto built = BuildNotify(config, *deps);
    REQUIRE(built.ok());
    service = *std::move(built);
    REQUIRE(service->Start().ok());
  }
  bool RunUntil(const std::function<bool()>& done) {
    for (int i = 0; i < 3000 && !done(); ++i) executor.RunFor(10ms);
    return done();
  }
  net::HttpResponse Post(std::string body, const std::string& token,
                         const std::string& target = "/alerts") {
    const auto url = net::Url::Parse("http://127.0.0.1:" + std::to_string(service->port()));
    net::HttpRequest request{
        .method = "POST", .target = target, .headers = {}, .body = std::move(body)};
    request.headers = {{"Authorization", "Bearer " + token}};
    std::optional<net::HttpResult> result;
    network->Http(*url, std::move(request), {},
                  [&result](net::HttpResult answer) { result = std::move(answer); });
    REQUIRE(RunUntil([&] { return result.has_value(); }));
    return result->response;
  }
  template <class T>
  void Publish(const bus::Topic<T>& topic, T value) {
    auto event = std::make_shared<market::Event<T>>();
    event->header.id = {3, ++sequence};
    event->header.receive_time = clock.Now();
    event->value = std::move(value);
    REQUIRE(bus.Publish(topic, std::shared_ptr<const market::Event<T>>(event)).ok());
  }
  uint64_t sequence = 0;
};

constexpr char kPost[] =
    R"({"version":"4","alerts":[{"status":"firing","fingerprint":"ab","labels":{"alertname":"A",
    "severity":"page","team":"trading"},"annotations":{"summary":"It is so."}}]})";

TEST_CASE("Alertmanager's post reaches every channel, over TLS") {
  Fixture f;
  MailServerForTest mail(f.folder.path(), {});
  f.Add(ChannelType::kTelegram, f.Url("")).chat = "7";
  f.Add(ChannelType::kSlack).url_file = f.folder / "hook";
  f.config.channels.back().secret_file.clear();
  f.Add(ChannelType::kPagerDuty, f.Url(""));
  f.Add(ChannelType::kWebhook, f.Url("/in"));
  f.AddMail(mail.port());
  f.Start();
  CHECK(f.Post(kPost, "wrong-token-of-somebody").status == 401);
  CHECK(f.Post(kPost, "token-of-the-alertmanager", "/other").status == 404);
  CHECK(f.Post("{}", "token-of-the-alertmanager").status == 400);
  CHECK(f.endpoint.requests.empty());
  CHECK(f.Post(kPost, "token-of-the-alertmanager").status == 200);
  CHECK(f.Post(kPost, "token-of-the-alertmanager").status == 200);  // a repetition
  REQUIRE(
      f.RunUntil([&] { return f.endpoint.requests.size() == 4 && mail.received().size() == 1; }));
  std::set<std::string> targets;
  for (const auto& request : f.endpoint.requests) targets.insert(request.target);
  CHECK(targets == std::set<std::string>{"/bot0123456789abcdef/sendMessage", "/services/x",
                                         "/v2/enqueue", "/in"});
  for (const auto& request : f.endpoint.requests) {
    if (request.target != "/in") continue;
    const std::string stamp(net::FindHeader(request.headers, "X-Gannet-Timestamp"));
    CHECK(net::FindHeader(request.headers, "X-Gannet-Signature") ==
          "sha256=" + base::Hex(base::HmacSha256("0123456789abcdef", stamp + "." + request.body)));
  }
  const auto received = mail.received().front();
  CHECK(received.tls);
  CHECK(received.commands[1] == "AUTH /gannet/the-right-one");
  CHECK(received.commands[3] == "RCPT TO:<a@desk.example>");
  CHECK(received.commands[4] == "RCPT TO:<b@desk.example>");
  CHECK(received.data.find("Subject: [FIRING] A: It is so.") != std::string::npos);
  CHECK(f.service->health().state == runtime::HealthState::kServing);
  for (const char* secret : {"0123456789abcdef", "the-right-one", "token-of-the", "/services/x"})
    CHECK(f.logged.find(secret) == std::string::npos);
}

TEST_CASE("What a service cannot take now is sent again, the same delivery") {
  Fixture f;
  f.Add(ChannelType::kWebhook, f.Url("/in"));
  f.endpoint.answers = {{503, {}, ""}, {429, {{"Retry-After", "0"}}, ""}};
  f.Start();
  CHECK(f.Post(kPost, "token-of-the-alertmanager").status == 200);
  REQUIRE(f.RunUntil([&] { return f.service->notifier().stats().sent == 1; }));
  REQUIRE(f.endpoint.requests.size() == 3);
  for (size_t i = 1; i < 3; ++i)
    CHECK(f.endpoint.Body(i)["delivery"] == f.endpoint.Body(0)["delivery"]);
  CHECK(f.service->notifier().stats().retried == 2);
}

TEST_CASE("Trading events: fills, refusals, unknown fates, kill switches") {
  Fixture f;
  f.Add(ChannelType::kWebhook, f.Url("/in"));
  f.Start();
  market::ExecReport report;
  report.instrument = market::InstrumentId("v:BTCUSDT");
  report.client_order_id = market::ClientOrderId("g1a");
  report.kind = market::ExecKind::kFill;
  report.fill.emplace().trade_id = "1";
  f.Publish(bus::kExecReports, report);
  report.kind = market::ExecKind::kUnknown;
  report.state = market::OrderState::kUnknown;
  f.Publish(bus::kExecReports, report);
  market::RiskState state;
  state.killed = true;
  f.Publish(bus::kRiskState, state);
  market::RiskDecision denied;
  denied.reason = market::RejectReason::kMaxNotional;
  f.Publish(bus::kRiskDecisions, denied);
  REQUIRE(f.RunUntil([&] { return f.service->notifier().stats().sent == 4; }));
  std::set<std::string> kinds;
  for (size_t i = 0; i < 4; ++i) kinds.insert(f.endpoint.Body(i)["kind"].get<std::string>());
  CHECK(kinds == std::set<std::string>{"fill", "kill", "reject", "unknown"});
}

TEST_CASE("A mail server that is not trusted, refuses, or says nothing") {
  Fixture f;
  base::TempDirForTest other;
  net::WriteTestCertificate(other.path());
  MailServerForTest stranger(other.path(), {});
  MailServerForTest refusing(f.folder.path(), {.refuse_recipient = "550 no such person"});
  MailServerForTest plain(f.folder.path(), {.start_tls = false});
  MailServerForTest silent(f.folder.path(), {.silent = true});
  net::MailServer server{.host = "localhost",
                         .port = stranger.port(),
                         .user = "gannet",
                         .password = "the-right-one",
                         .extra_ca_file = f.folder / "certificate.pem",
                         .timeout = kPatience};
  const net::Mail mail{
      .from = "a@b", .to = {"c@d"}, .subject = "s", .text = "t", .id = "1", .date = {}};
  CHECK(absl::IsUnauthenticated(net::SendMail(server, mail)));
  server.port = refusing.port();
  const absl::Status refused = net::SendMail(server, mail);
  CHECK(absl::IsInvalidArgument(refused));
  CHECK(refused.message().find("550 no such person") != std::string_view::npos);
  // One of several who is refused does not silence the others.
  MailServerForTest choosing(f.folder.path(),
                             {.refuse_recipient = "550 closed", .refused = "gone@d"});
  server.port = choosing.port();
  net::Mail several = mail;
  several.to = {"gone@d", "c@d"};
  std::string left_out;
  CHECK(net::SendMail(server, several, &left_out).ok());
  CHECK(left_out.find("550 closed") != std::string::npos);
  REQUIRE(choosing.received().size() == 1);
  CHECK(choosing.received()[0].data.find("Subject: s") != std::string::npos);
  server.port = refusing.port();
  server.password = "wrong";
  const absl::Status wrong = net::SendMail(server, mail);
  CHECK(absl::IsUnauthenticated(wrong));
  CHECK(wrong.message().find("wrong wrong") == std::string_view::npos);
  server.port = plain.port();
  CHECK(absl::IsFailedPrecondition(net::SendMail(server, mail)));
  server.port = silent.port();
  server.timeout = 200ms;
  CHECK(absl::IsDeadlineExceeded(net::SendMail(server, mail)));
  server.timeout = kPatience;
  server.port = 1;
  CHECK(absl::IsUnavailable(net::SendMail(server, mail)));
  server = {.host = "localhost", .port = plain.port(), .tls = net::MailTls::kNone};
  CHECK(net::SendMail(server, mail).ok());
  REQUIRE(plain.received().size() == 1);
  server.user = "gannet";
  CHECK(absl::IsFailedPrecondition(net::SendMail(server, mail)));
  net::Mail bad = mail;
  bad.to = {"c@d>\r\nDATA"};
  CHECK(absl::IsInvalidArgument(net::SendMail(server, bad)));
}

TEST_CASE("A drain sends what waits, and ends though nobody answers") {
  Fixture f;
  f.Add(ChannelType::kWebhook, f.Url("/in"));
  f.Add(ChannelType::kWebhook, "http://127.0.0.1:1/in");  // nobody listens there
  f.Start();
  CHECK(f.Post(kPost, "token-of-the-alertmanager").status == 200);
  bool drained = false;
  f.service->Drain([&drained] { drained = true; });
  REQUIRE(f.RunUntil([&] { return drained; }));
  CHECK(f.endpoint.requests.size() == 1);
  CHECK(f.logged.find("notifications_lost") != std::string::npos);
  // By then the second channel is in trouble, and says so.
  CHECK(f.service->notifier().failures(1) > 0);
}

TEST_CASE("A token that is too short, or a secret that others may read, starts nothing") {
  Fixture f;
  f.Add(ChannelType::kWebhook, f.Url("/in"));
  f.config.alerts.enabled = true;
  f.config.alerts.token_file = f.folder / "token";
  f.Secret("token", "short");
  CHECK(absl::IsInvalidArgument(BuildNotify(f.config, *f.deps).status()));
  f.Secret("token", "token-of-the-alertmanager");
  REQUIRE(f.files.WriteAtomically(f.folder / "secret", "0123456789abcdef\n", 0644).ok());
  CHECK(absl::IsPermissionDenied(BuildNotify(f.config, *f.deps).status()));
}

}  // namespace
}  // namespace gannet::notify
