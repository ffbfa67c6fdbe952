// What must not work: without sign-in, with another's page, with a wrong role, with
// strange bytes.
#include <catch2/catch_test_macros.hpp>
#include <map>
#include <set>

#include "services/gateway/gateway_for_test.h"
#include "services/gateway/routes.h"

namespace gannet::gateway {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

// A body that the table of the route accepts.
std::string BodyOf(const Route& route) {
  json body = json::object();
  for (const Parameter& p : route.parameters) {
    if (!p.required) continue;
    const std::string first(p.values.substr(0, p.values.find('|')));
    if (p.type == "integer") body[std::string(p.name)] = 1;
    if (p.type == "boolean") body[std::string(p.name)] = true;
    if (p.type == "string") body[std::string(p.name)] = first.empty() ? "1" : first;
  }
  return body.dump();
}

net::HttpResponse Use(GatewayFixture& f, const Route& route) {
  f.executor.RunFor(1s);  // requests are limited
  if (route.changes())
    return f.Call(std::string(route.method), std::string(route.path), BodyOf(route));
  return f.Call("GET", std::string(route.path));
}

TEST_CASE("Nothing but health and signing in answers without sign-in") {
  GatewayFixture f;
  REQUIRE(f.service->Start().ok());
  std::set<std::string> open;
  for (const Route& route : Routes()) {
    INFO(route.method << " " << route.path);
    if (route.roles == kPublic) {
      open.insert(std::string(route.path));
      continue;
    }
    CHECK(Use(f, route).status == 401);
  }
  CHECK(open ==
        std::set<std::string>{"/healthz", "/health/live", "/health/ready", "/api/v1/session"});
  for (const char* path : {"/api/v1/nothing", "/etc/passwd", "/../etc/passwd", "/assets/../users",
                           "/%2e%2e/users.json", "/data/users.json", "//", "/api/v1/state/..",
                           "/v1/state", "/assets/app.js%00.html"}) {
    INFO(path);
    const int status = f.Call("GET", path).status;
    CHECK((status == 401 || status == 404));
  }
  CHECK(f.commands.asked.empty());
}

TEST_CASE("Each route takes exactly the roles of its table") {
  GatewayFixture f;
  REQUIRE(f.service->Start().ok());
  for (const Role role : {Role::kViewer, Role::kTrader, Role::kRisk, Role::kAdmin}) {
    for (const Route& route : Routes()) {
      if (route.roles == kPublic) continue;
      INFO(Name(role) << ": " << route.method << " " << route.path);
      f.SignInAs(role);
      REQUIRE_FALSE(f.cookie.empty());
      const net::HttpResponse response = Use(f, route);
      const bool may = (route.roles & static_cast<uint8_t>(role)) != 0;
      const bool by_role =
          response.status == 403 && response.body.find("the role") != std::string::npos;
      CHECK(by_role == !may);
      CHECK(response.status != 401);
    }
  }
}

TEST_CASE("The OpenAPI document tells the routes, all of them and no others") {
  GatewayFixture f;
  REQUIRE(f.service->Start().ok());
  f.SignInAs(Role::kViewer);
  const auto document = json::parse(f.Call("GET", "/api/v1/openapi.json").body);
  CHECK(document.at("openapi") == "3.1.0");
  size_t operations = 0;
  for (const auto& [path, methods] : document.at("paths").items()) operations += methods.size();
  CHECK(operations == Routes().size());
  for (const Route& route : Routes()) {
    std::string method(route.method);
    for (char& c : method) c = static_cast<char>(std::tolower(c));
    const auto& operation = document.at("paths").at(std::string(route.path)).at(method);
    CHECK(operation.at("summary") == route.about);
    CHECK((operation.at("x-roles").empty()) == (route.roles == kPublic));
    const bool has_body = operation.contains("requestBody");
    CHECK(has_body == (route.changes() && !route.parameters.empty()));
  }
}

TEST_CASE("A request that changes something needs the session's CSRF token and our own origin") {
  GatewayFixture f;
  REQUIRE(f.service->Start().ok());
  f.SignInAs(Role::kAdmin);
  const std::string body = R"({"scope":"firm","reason":"x"})";
  const std::string own = f.csrf;
  const auto with = [&](net::Headers headers) {
    headers.emplace_back("Cookie", "gannet_session=" + f.cookie);
    return f.Send({"POST", "/api/v1/risk/kill", headers, body}).status;
  };
  const std::pair<std::string, std::string> type{"Content-Type", "application/json"};
  CHECK(with({type}) == 403);
  CHECK(with({type, {"X-CSRF-Token", ""}}) == 403);
  CHECK(with({type, {"X-CSRF-Token", own.substr(1)}}) == 403);
  CHECK(with({type, {"X-CSRF-Token", own}, {"Origin", "http://evil.example"}}) == 403);
  CHECK(with({type, {"X-CSRF-Token", own}, {"Origin", "null"}}) == 403);
  CHECK(with({{"X-CSRF-Token", own}}) == 415);
  CHECK(with({{"X-CSRF-Token", own}, {"Content-Type", "text/plain"}}) == 415);
  CHECK(f.commands.asked.empty());
  const std::string host = "http://127.0.0.1:" + std::to_string(f.service->port());
  f.commands.outcome = absl::AlreadyExistsError("heard");
  CHECK(with({type, {"X-CSRF-Token", own}, {"Origin", host}}) == 409);
  CHECK(f.commands.asked.size() == 1);
  // The token of another session does not help.
  f.SignInAs(Role::kTrader);
  CHECK(with({type, {"X-CSRF-Token", own}}) == 403);
}

TEST_CASE("Sessions end: by signing out, by age, by being shut out") {
  GatewayConfig config;
  config.session_idle = 30min;
  config.session_length = 2h;
  GatewayFixture f(config);
  REQUIRE(f.service->Start().ok());
  CHECK(f.SignIn("admin", f.password).status == 200);
  f.executor.RunFor(29min);
  CHECK(f.Call("GET", "/api/v1/session").status == 200);
  f.executor.RunFor(31min);
  CHECK(f.Call("GET", "/api/v1/session").status == 401);
  CHECK(f.SignIn("admin", f.password).status == 200);
  for (int i = 0; i < 6; ++i) {
    f.executor.RunFor(20min);
    if (i < 5) CHECK(f.Call("GET", "/api/v1/session").status == 200);
  }
  CHECK(f.Call("GET", "/api/v1/session").status == 401);  // however busy
  CHECK(f.SignIn("admin", f.password).status == 200);
  const std::string kept = f.cookie;
  CHECK(f.Call("DELETE", "/api/v1/session").status == 200);
  f.cookie = kept;
  CHECK(f.Call("GET", "/api/v1/session").status == 401);

  f.SignInAs(Role::kViewer);
  CHECK(f.Call("GET", "/api/v1/state").status == 200);
  Users users(f.files, Users::PathIn("data"));
  REQUIRE(users.Load().ok());
  REQUIRE(users.SetDisabled("some-viewer", true).ok());
  f.executor.RunFor(6s);
  CHECK(f.Call("GET", "/api/v1/state").status == 401);
  const std::string of_before = f.cookie;
  CHECK(f.SignIn("some-viewer", "correct horse").status == 401);
  // Who is let in again signs in again.
  REQUIRE(users.SetDisabled("some-viewer", false).ok());
  f.executor.RunFor(6s);
  f.cookie = of_before;
  CHECK(f.Call("GET", "/api/v1/state").status == 401);
  f.executor.RunFor(5min);
  CHECK(f.SignIn("some-viewer", "correct horse").status == 200);
  CHECK(f.Call("GET", "/api/v1/state").status == 200);
  REQUIRE(
      users.SetPassword("some-viewer", HashPassword("another horse", kCheap).value(), false).ok());
  f.executor.RunFor(6s);
  CHECK(f.Call("GET", "/api/v1/state").status == 401);
}

TEST_CASE("People that several gateways share are read, never written, and consent is heard") {
  GatewayConfig config;
  config.users_file = "shared/users.json";
  config.token_file = "shared/token";
  GatewayFixture f(config);
  REQUIRE(f.files.MakeDirs("shared").ok());
  const absl::Status nobody = f.service->Start();
  CHECK(absl::IsNotFound(nobody));
  CHECK(nobody.message().find("gannet user add") != std::string::npos);
  Users users(f.files, config.users_file);
  REQUIRE(users.Add("ann", Role::kAdmin, HashPassword("correct horse", kCheap).value(), {}).ok());
  REQUIRE(f.files.WriteAtomically("shared/token", "k3JvR8sQz1Lx7TtB0nYw\n", 0600).ok());
  REQUIRE(f.service->Start().ok());
  CHECK(f.password.empty());
  CHECK_FALSE(f.files.Exists("data/users.json"));
  CHECK_FALSE(f.files.Exists("data/gateway-token"));
  const auto by_token = [&f](const std::string& token) {
    return f.Send({"GET", "/api/v1/state", {{"Authorization", "Bearer " + token}}, ""}).status;
  };
  CHECK(by_token("k3JvR8sQz1Lx7TtB0nYw") == 200);

  const std::string before = f.files.Read(config.users_file).value();
  REQUIRE(f.SignIn("ann", "correct horse").status == 200);
  for (const auto& [path, body] : std::map<std::string, std::string>{
           {"/api/v1/users", R"({"name":"eve","role":"trader"})"},
           {"/api/v1/users/disable", R"({"name":"eve","disabled":true})"},
           {"/api/v1/session/password",
            R"({"password":"correct horse","new_password":"a long new password"})"}}) {
    const net::HttpResponse refused = f.Call("POST", path, body);
    CHECK(refused.status == 409);
    CHECK(refused.body.find(config.users_file) != std::string::npos);
  }
  // What is not heard was not given.
  const net::HttpResponse unheard = [&f] {
    const auto result = std::make_shared<net::HttpResult>();
    f.network.Http(net::Url::Parse("http://127.0.0.1:" + std::to_string(f.service->port())).value(),
                   {"POST",
                    "/api/v1/consent",
                    {{"Cookie", "gannet_session=" + f.cookie},
                     {"X-CSRF-Token", f.csrf},
                     {"Content-Type", "application/json"}},
                    R"({"version":1})"},
                   {}, [result](net::HttpResult r) { *result = std::move(r); });
    f.executor.RunFor(10s);
    return result->response;
  }();
  CHECK(unheard.status == 503);
  f.commands.bus = &f.bus;
  const auto session = json::parse(f.Call("POST", "/api/v1/consent", R"({"version":1})").body);
  CHECK(session.at("consent_needed") == false);
  CHECK(f.files.Read(config.users_file).value() == before);

  // Both files are taken up anew; one that is broken shows, and changes nothing.
  REQUIRE(f.files.WriteAtomically("shared/token", "another-T0ken-of-scripts\n", 0600).ok());
  REQUIRE(users.Add("bob", Role::kViewer, HashPassword("correct horse", kCheap).value(), {}).ok());
  f.executor.RunFor(6s);
  CHECK(by_token("k3JvR8sQz1Lx7TtB0nYw") == 401);
  CHECK(by_token("another-T0ken-of-scripts") == 200);
  CHECK(json::parse(f.Call("GET", "/api/v1/session").body).at("consent_needed") == false);
  const std::string whole = f.files.Read(config.users_file).value();
  REQUIRE(f.files.WriteAtomically(config.users_file, "{", 0600).ok());
  f.executor.RunFor(6s);
  CHECK(f.service->health().state == runtime::HealthState::kDegraded);
  CHECK(f.Call("GET", "/api/v1/state").status == 200);
  REQUIRE(f.files.WriteAtomically(config.users_file, whole, 0600).ok());
  f.executor.RunFor(6s);
  CHECK(f.service->health().state == runtime::HealthState::kServing);
  REQUIRE(users.SetDisabled("ann", true).ok());
  f.executor.RunFor(6s);
  CHECK(f.Call("GET", "/api/v1/state").status == 401);
}

TEST_CASE("What several gateways need is asked for before they start") {
  GatewayConfig config;
  CHECK(CheckCommon(config, /*joined=*/false, /*several=*/false).ok());
  CHECK(CheckCommon(config, true, true).message().find("redis") != std::string::npos);
  config.redis.host = "127.0.0.1";
  CHECK(CheckCommon(config, true, true).message().find("users_file") != std::string::npos);
  config.users_file = "/users.json";
  CHECK(CheckCommon(config, true, true).ok());
  CHECK(CheckCommon(config, false, false).message().find("--bus") != std::string::npos);
}

TEST_CASE("Cookies are not for scripts of the page nor for other sites") {
  GatewayFixture f;
  REQUIRE(f.service->Start().ok());
  const net::HttpResponse response = f.SignIn("admin", f.password);
  const std::string cookie(net::FindHeader(response.headers, "set-cookie"));
  CHECK(cookie.find("HttpOnly") != std::string::npos);
  CHECK(cookie.find("SameSite=Strict") != std::string::npos);
  CHECK(cookie.find("Secure") == std::string::npos);  // no TLS here
  const std::string policy(net::FindHeader(response.headers, "content-security-policy"));
  CHECK(policy.find("default-src 'none'") != std::string::npos);
  CHECK(policy.find("unsafe") == std::string::npos);
  CHECK(net::FindHeader(response.headers, "x-content-type-options") == "nosniff");
  CHECK(net::FindHeader(response.headers, "cache-control") == "no-store");
}

TEST_CASE("A session's cookie is of one port: another gateway on the machine takes none away") {
  GatewayFixture f;
  REQUIRE(f.service->Start().ok());
  const std::string name = "gannet_session_" + std::to_string(f.service->port());
  const std::string set(net::FindHeader(f.SignIn("admin", f.password).headers, "set-cookie"));
  CHECK(set.starts_with(name + "="));
  const auto status = [&](const std::string& cookies) {
    return f.Send({"GET", "/api/v1/session", {{"Cookie", cookies}}, ""}).status;
  };
  CHECK(status(name + "=" + f.cookie) == 200);
  CHECK(status("gannet_session_1=other; gannet_session=other; " + name + "=" + f.cookie) == 200);
  CHECK(status("gannet_session_1=" + f.cookie) == 401);
  // The name of earlier builds, where there is none of this port.
  CHECK(status("gannet_session=" + f.cookie) == 200);
  CHECK(status("gannet_session=" + f.cookie + "; " + name + "=other") == 401);
  // The document names it, and signing out takes the same one back.
  f.executor.RunFor(5s);
  const auto document = json::parse(f.Call("GET", "/api/v1/openapi.json").body);
  CHECK(document.at("components").at("securitySchemes").at("session").at("name") == name);
  const auto out = f.Call("DELETE", "/api/v1/session");
  CHECK(net::FindHeader(out.headers, "set-cookie").starts_with(name + "=;"));
  // A Host of any other form names none.
  HttpGate gate(f.config, f.deps);
  for (const auto& [host, cookie] :
       std::map<std::string, std::string>{{"127.0.0.1:80; Domain=x", "gannet_session"},
                                          {"localhost", "gannet_session"},
                                          {"[::1]", "gannet_session"},
                                          {"[::1]:8090", "gannet_session_8090"}}) {
    INFO(host);
    gate.Admit(std::make_shared<net::HttpRequest>(
                   net::HttpRequest{"GET", "/healthz", {{"Host", host}}, ""}),
               "127.0.0.1:4000", [&](const HttpGate::Verdict& verdict) {
                 REQUIRE(std::holds_alternative<Admitted>(verdict));
                 CHECK(std::get<Admitted>(verdict).cookie == cookie);
               });
  }
}

TEST_CASE("Guessing passwords is slow, and says nothing about who exists") {
  GatewayFixture f;
  REQUIRE(f.service->Start().ok());
  const net::HttpResponse wrong = f.SignIn("admin", "not the password");
  const net::HttpResponse nobody = f.SignIn("nobody", "not the password");
  CHECK(wrong.status == 401);
  CHECK(nobody.status == 401);
  CHECK(wrong.body == nobody.body);
  int limited = 0;
  for (int i = 0; i < 20; ++i) limited += f.SignIn("admin", "guess").status == 429 ? 1 : 0;
  CHECK(limited >= 14);
  CHECK(f.SignIn("admin", f.password).status == 429);  // the right one too
  f.executor.RunFor(2min);
  CHECK(f.SignIn("admin", f.password).status == 200);
}

TEST_CASE("Who guesses a password from elsewhere does not keep its owner out") {
  GatewayFixture f;
  REQUIRE(f.service->Start().ok());
  HttpGate gate(f.config, f.deps);
  REQUIRE(gate.Start(nullptr).ok());
  const auto sign_in = [&](const char* peer, const std::string& user, const std::string& secret) {
    const auto status = std::make_shared<int>(0);
    Admitted request;
    request.parameters = {{"user", user}, {"password", secret}};
    gate.SignIn(request, peer,
                [status](const net::HttpResponse& answer) { *status = answer.status; });
    f.executor.RunFor(500ms);
    return *status;
  };
  CHECK(sign_in("10.0.0.1:4000", "admin", f.password) == 200);
  for (int i = 0; i < 10; ++i) sign_in("10.0.0.2:4000", "admin", "guess");
  CHECK(sign_in("10.0.0.3:4000", "admin", f.password) == 429);  // an address like any other
  CHECK(sign_in("10.0.0.1:4001", "admin", f.password) == 200);
  // Nor by a name that looks like the owner's place.
  for (int i = 0; i < 10; ++i) sign_in("10.0.0.4:4000", "admin@10.0.0.1", "guess");
  CHECK(sign_in("10.0.0.1:4002", "admin", f.password) == 200);
  // From there it is as slow to guess as from anywhere.
  int limited = 0;
  for (int i = 0; i < 10; ++i) limited += sign_in("10.0.0.1:4003", "admin", "guess") == 429 ? 1 : 0;
  CHECK(limited >= 5);
}

TEST_CASE("Requests of one address are limited") {
  GatewayFixture f;
  REQUIRE(f.service->Start().ok());
  std::vector<int> statuses;
  const net::Url url =
      net::Url::Parse("http://127.0.0.1:" + std::to_string(f.service->port())).value();
  for (int i = 0; i < 500; ++i) {
    f.network.Http(url, {"GET", "/healthz", {}, ""}, {},
                   [&](net::HttpResult r) { statuses.push_back(r.response.status); });
  }
  f.executor.RunFor(1s);
  CHECK(std::count(statuses.begin(), statuses.end(), 429) >= 100);
  CHECK(f.Call("GET", "/healthz").status == 200);  // a moment later
}

TEST_CASE("Neither strangers nor its own reading keep a session from stopping trading") {
  GatewayFixture f;
  REQUIRE(f.service->Start().ok());
  f.SignInAs(Role::kTrader);
  f.executor.RunFor(1min);
  f.commands.outcome = absl::AlreadyExistsError("heard");
  std::string token = f.files.Read("data/gateway-token").value();
  token.pop_back();
  const net::Url url =
      net::Url::Parse("http://127.0.0.1:" + std::to_string(f.service->port())).value();
  const auto ask = [&](const net::HttpRequest& request, std::map<int, int>& statuses) {
    f.network.Http(url, request, {},
                   [&statuses](net::HttpResult r) { ++statuses[r.response.status]; });
  };
  const auto own = [&](const std::string& method, const std::string& path,
                       const std::string& body) {
    return net::HttpRequest{method,
                            path,
                            {{"Cookie", "gannet_session=" + f.cookie},
                             {"X-CSRF-Token", f.csrf},
                             {"Content-Type", "application/json"}},
                            body};
  };
  const std::string kill = R"({"scope":"firm","reason":"x"})";
  std::map<int, int> strangers, forged, scripts, reading, stopping, without_token;
  for (int i = 0; i < 500; ++i) {
    ask({"GET", "/api/v1/state", {}, ""}, strangers);
    ask({"GET", "/api/v1/state", {{"Cookie", "gannet_session=" + std::to_string(i)}}, ""}, forged);
    ask({"GET", "/healthz", {{"Authorization", "Bearer " + token}}, ""}, scripts);
  }
  SECTION("others' requests") {
    ask(own("GET", "/api/v1/session", ""), reading);
    ask(own("POST", "/api/v1/risk/kill", kill), stopping);
    f.executor.RunFor(1s);
    for (const auto* of : {&strangers, &forged, &scripts}) CHECK(of->at(429) >= 100);
    CHECK(reading == std::map<int, int>{{200, 1}});
    CHECK(stopping == std::map<int, int>{{409, 1}});
    CHECK(f.commands.asked.size() == 1);
  }
  SECTION("its own") {
    for (int i = 0; i < 500; ++i) ask(own("GET", "/healthz", ""), reading);
    net::HttpRequest bare = own("POST", "/api/v1/risk/kill", kill);
    bare.headers.erase(bare.headers.begin() + 1);
    ask(bare, without_token);  // by whom is not known: with the others
    ask(own("POST", "/api/v1/risk/kill", kill), stopping);
    ask(own("POST", "/api/v1/orders/cancel-all", kill), stopping);
    ask(own("POST", "/api/v1/orders/cancel", R"({"client_order_id":"none"})"), stopping);
    ask(own("POST", "/api/v1/risk/state", R"({"scope":"firm","state":"HALTED","reason":"x"})"),
        stopping);
    f.executor.RunFor(1s);
    CHECK(reading.at(429) >= 100);
    CHECK(without_token == std::map<int, int>{{429, 1}});
    CHECK(stopping == std::map<int, int>{{403, 1}, {404, 1}, {409, 2}});
    CHECK(f.commands.asked.size() == 2);
  }
}

TEST_CASE("Bodies and queries are checked before anything acts on them") {
  GatewayFixture f;
  REQUIRE(f.service->Start().ok());
  f.SignInAs(Role::kAdmin);
  const auto kill = [&](const std::string& body) {
    return f.Call("POST", "/api/v1/risk/kill", body).status;
  };
  CHECK(kill("{") == 400);
  CHECK(kill("[]") == 400);
  CHECK(kill("null") == 400);
  CHECK(kill("{}") == 400);
  CHECK(kill(R"({"scope":"firm"})") == 400);
  CHECK(kill(R"({"scope":"galaxy","reason":"x"})") == 400);
  CHECK(kill(R"({"scope":1,"reason":"x"})") == 400);
  CHECK(kill(R"({"scope":"firm","reason":"x","person":"somebody else"})") == 400);
  CHECK(kill(R"({"scope":"firm","name":"a","reason":"x"})") == 400);
  CHECK(kill(R"({"scope":"account","reason":"x"})") == 400);
  CHECK(kill(R"({"scope":"firm","reason":")" + std::string(300, 'x') + "\"}") == 400);
  CHECK(kill(std::string(100, '[') + std::string(100, ']')) == 400);
  CHECK(kill("\xff\xfe") == 400);
  CHECK(f.Call("GET", "/api/v1/candles").status == 400);
  CHECK(f.Call("GET", "/api/v1/candles?instrument=a&instrument=b").status == 400);
  CHECK(f.Call("GET", "/api/v1/candles?instrument=%zz").status == 400);
  CHECK(f.Call("GET", "/api/v1/candles?instrument=%").status == 400);
  CHECK(f.Call("GET", "/api/v1/candles?other=a").status == 400);
  CHECK(f.Call("PUT", "/api/v1/state").status == 405);
  CHECK(f.commands.asked.empty());
  CHECK(f.Call("POST", "/api/v1/users", R"({"name":"../x","role":"admin"})").status == 400);
  CHECK(f.Call("POST", "/api/v1/users", R"({"name":"eve","role":"god"})").status == 400);
}

TEST_CASE("The token of scripts reads and does not act") {
  GatewayFixture f;
  REQUIRE(f.service->Start().ok());
  CHECK(f.files.Mode("data/gateway-token").value() == 0600);
  std::string token = f.files.Read("data/gateway-token").value();
  token.pop_back();
  const auto with = [&](const std::string& method, const std::string& path,
                        const std::string& secret) {
    return f
        .Send({method,
               path,
               {{"Authorization", "Bearer " + secret}, {"Content-Type", "application/json"}},
               method == "POST" ? R"({"scope":"firm","reason":"x"})" : ""})
        .status;
  };
  CHECK(with("GET", "/api/v1/state", token) == 200);
  CHECK(with("GET", "/api/v1/state", token + "x") == 401);
  CHECK(with("GET", "/api/v1/state", "") == 401);
  CHECK(with("GET", "/api/v1/users", token) == 403);
  CHECK(with("POST", "/api/v1/risk/kill", token) == 403);
  CHECK(f.commands.asked.empty());
}

TEST_CASE("Gateway answers under names of this machine only") {
  GatewayFixture f;
  REQUIRE(f.service->Start().ok());
  f.network.AddName("rebound.example", f.service->port(), f.service->port());
  f.network.AddName("127.0.0.1.example", f.service->port(), f.service->port());
  CHECK(f.Send({"GET", "/healthz", {}, ""}, "localhost").status == 200);
  CHECK(f.Send({"GET", "/healthz", {}, ""}, "[::1]").status == 200);
  CHECK(f.Send({"GET", "/healthz", {}, ""}, "rebound.example").status == 421);
  CHECK(f.Send({"GET", "/healthz", {}, ""}, "127.0.0.1.example").status == 421);
}

TEST_CASE("Consent is stored with version and time; a person is added and shut out by an admin") {
  GatewayFixture f;
  REQUIRE(f.service->Start().ok());
  REQUIRE(f.SignIn("admin", f.password).status == 200);
  CHECK(f.Call("POST", "/api/v1/consent", R"({"version":99})").status == 409);
  const auto session = json::parse(f.Call("POST", "/api/v1/consent", R"({"version":1})").body);
  CHECK(session.at("consent_needed") == false);
  CHECK(session.at("consent_time").is_string());
  const auto made =
      json::parse(f.Call("POST", "/api/v1/users", R"({"name":"eve","role":"trader"})").body);
  const std::string secret = made.at("password");
  CHECK(f.Call("POST", "/api/v1/users", R"({"name":"eve","role":"admin"})").status == 409);
  CHECK(f.Call("POST", "/api/v1/users/disable", R"({"name":"admin","disabled":true})").status ==
        409);
  CHECK(f.SignIn("eve", secret).status == 200);
  CHECK(f.Call("POST", "/api/v1/session/password",
               json{{"password", secret}, {"new_password", "short"}}.dump())
            .status == 400);
  CHECK(f.Call("POST", "/api/v1/session/password",
               json{{"password", "wrong"}, {"new_password", "a long new password"}}.dump())
            .status == 403);
  CHECK(f.Call("POST", "/api/v1/session/password",
               json{{"password", secret}, {"new_password", "a long new password"}}.dump())
            .status == 200);
  CHECK(f.Call("GET", "/api/v1/session").status == 401);  // all sessions ended
  f.executor.RunFor(2min);
  CHECK(f.SignIn("eve", "a long new password").status == 200);
}

TEST_CASE("Whom one admin added alone has no say in limits until another has confirmed it") {
  GatewayFixture f;
  REQUIRE(f.service->Start().ok());
  const std::string first = f.password;
  const auto sign_in = [&f](const std::string& user, const std::string& password) {
    f.executor.RunFor(5min);  // sign-ins are limited
    return f.SignIn(user, password).status;
  };
  const auto confirm = [&f](const std::string& name) {
    return f.Call("POST", "/api/v1/users/confirm", json{{"name", name}}.dump());
  };
  const auto add = [&f](const std::string& name, const std::string& role) {
    const auto made = f.Call("POST", "/api/v1/users", json{{"name", name}, {"role", role}}.dump());
    return made.status == 200 ? json::parse(made.body).at("password").get<std::string>() : "";
  };
  const std::string propose = R"({"file":"version: 2","reason":"x"})";
  const std::string approve = R"({"proposal":1,"reason":"x"})";
  REQUIRE(sign_in("admin", first) == 200);
  const std::string ann = add("ann", "risk"), bob = add("bob", "admin");
  // The admin himself, of whom the start has made the first, acts as before.
  CHECK(f.Call("POST", "/api/v1/limits/propose", propose).status == 200);
  CHECK(f.Call("POST", "/api/v1/limits/approve", approve).status == 200);
  const size_t before = f.commands.asked.size();

  // As either of them he has no second voice: neither here nor by adding and confirming others.
  REQUIRE(sign_in("bob", bob) == 200);
  for (const auto& [path, body] :
       std::map<std::string, std::string>{{"/api/v1/limits/propose", propose},
                                          {"/api/v1/limits/approve", approve},
                                          {"/api/v1/users", R"({"name":"eve","role":"risk"})"},
                                          {"/api/v1/users/confirm", R"({"name":"ann"})"},
                                          {"/api/v1/users/confirm", R"({"name":"bob"})"}}) {
    const net::HttpResponse refused = f.Call("POST", path, body);
    INFO(path << " " << refused.body);
    CHECK(refused.status == 409);
    CHECK(refused.body.find("added by admin alone") != std::string::npos);
    CHECK(refused.body.find("`gannet user confirm bob`") != std::string::npos);
  }
  CHECK(f.commands.asked.size() == before);
  CHECK(f.Call("POST", "/api/v1/limits/reject", approve).status == 200);  // stops, and harms nobody
  CHECK_FALSE(add("eve", "trader").empty());

  REQUIRE(sign_in("admin", first) == 200);
  const net::HttpResponse own = confirm("ann");
  CHECK(own.status == 409);
  CHECK(own.body.find("`gannet user confirm ann`") != std::string::npos);
  CHECK(confirm("nobody").status == 404);

  // Another admin confirms, once the password is nobody else's.
  f.SignInAs(Role::kAdmin);  // from the host: counts at once
  const net::HttpResponse known = confirm("ann");
  CHECK(known.status == 409);
  CHECK(known.body.find("password") != std::string::npos);
  REQUIRE(sign_in("ann", ann) == 200);
  REQUIRE(f.Call("POST", "/api/v1/session/password",
                 json{{"password", ann}, {"new_password", "a long new password"}}.dump())
              .status == 200);
  f.SignInAs(Role::kAdmin);
  const auto rows = json::parse(f.Call("GET", "/api/v1/users").body);
  CHECK(rows.at(0).at("added_by").is_null());   // admin
  CHECK(rows.at(1).at("added_by") == "admin");  // ann
  CHECK(confirm("ann").status == 200);
  CHECK(confirm("ann").status == 200);
  CHECK(json::parse(f.Call("GET", "/api/v1/users").body).at(1).at("added_by").is_null());
  const auto audit = json::parse(f.Call("GET", "/api/v1/audit?action=USER_CONFIRM").body);
  REQUIRE(audit.size() == 1);
  CHECK(audit[0]["person"] == "some-admin");
  CHECK(audit[0]["about"] == "ann");
  REQUIRE(sign_in("ann", "a long new password") == 200);
  CHECK(f.Call("POST", "/api/v1/limits/approve", approve).status == 200);
}

TEST_CASE("While it cannot be looked up who is signed in, nobody is let in and nobody signed out") {
  GatewayFixture f;
  f.redis_away = true;
  f.Build();
  REQUIRE(f.service->Start().ok());
  CHECK(f.service->health().state == runtime::HealthState::kDegraded);
  CHECK(f.service->health().reasons.at(0).find("it is away") != std::string::npos);

  const net::HttpResponse sign_in = f.SignIn("admin", f.password);
  CHECK(sign_in.status == 503);
  CHECK(net::FindHeader(sign_in.headers, "retry-after") == "2");
  CHECK(net::FindHeader(sign_in.headers, "set-cookie").empty());
  CHECK(f.SignIn("admin", "a wrong password").status == 401);

  f.cookie = "of-before";
  f.csrf = CsrfOf(f.cookie);
  for (const Route& route : Routes()) {
    INFO(route.method << " " << route.path);
    const net::HttpResponse response = Use(f, route);
    if (route.roles == kPublic) {
      CHECK(response.status < 500);
      continue;
    }
    CHECK(response.status == 503);
    CHECK(net::FindHeader(response.headers, "retry-after") == "2");
    CHECK(net::FindHeader(response.headers, "set-cookie").empty());
    CHECK(response.body.find("it is away") == std::string::npos);  // not for who is not signed in
  }
  CHECK(f.commands.asked.empty());

  f.cookie.clear();
  CHECK(f.Call("GET", "/api/v1/state").status == 401);
  std::string token = f.files.Read("data/gateway-token").value();
  token.pop_back();
  CHECK(f.Send({"GET", "/api/v1/state", {{"Authorization", "Bearer " + token}}, ""}).status == 200);
}

TEST_CASE("A socket whose session cannot be looked up is told nothing and closed") {
  GatewayFixture f;
  f.redis_away = true;
  f.Build();
  REQUIRE(f.service->Start().ok());
  net::WebSocketOptions options;
  options.headers = {{"Cookie", "gannet_session=of-before"}};
  std::vector<std::string> heard;
  int closed = 0;
  const auto socket = f.network.Connect(
      net::Url::Parse("ws://127.0.0.1:" + std::to_string(f.service->port()) + "/api/v1/stream")
          .value(),
      options,
      {.on_open = [] {},
       .on_message = [&](std::string_view text) { heard.emplace_back(text); },
       .on_close = [&](const absl::Status&) { ++closed; }});
  f.executor.RunFor(5s);
  CHECK(heard.empty());
  CHECK(closed == 1);
}

TEST_CASE("A stream ends with the session that opened it, and keeps none alive") {
  GatewayConfig config;
  config.session_idle = 30min;
  GatewayFixture f(config);
  REQUIRE(f.service->Start().ok());
  int closed = 0;
  std::vector<std::unique_ptr<net::WebSocket>> sockets;
  const auto watch = [&] {
    REQUIRE(f.SignIn("admin", f.password).status == 200);
    net::WebSocketOptions options;
    options.headers = {{"Cookie", "gannet_session=" + f.cookie}};
    closed = 0;
    sockets.push_back(f.network.Connect(
        net::Url::Parse("ws://127.0.0.1:" + std::to_string(f.service->port()) + "/api/v1/stream")
            .value(),
        options,
        {.on_open = [] {},
         .on_message = [](std::string_view) {},
         .on_close = [&](const absl::Status&) { ++closed; }}));
    f.executor.RunFor(6s);
    REQUIRE(closed == 0);
  };
  watch();
  CHECK(f.Call("DELETE", "/api/v1/session").status == 200);
  f.executor.RunFor(6s);
  CHECK(closed == 1);
  watch();
  f.executor.RunFor(31min);
  CHECK(closed == 1);
  watch();
  Users users(f.files, Users::PathIn("data"));
  REQUIRE(users.Load().ok());
  REQUIRE(users.SetPassword("admin", HashPassword("another horse", kCheap).value(), false).ok());
  f.executor.RunFor(6s);
  CHECK(closed == 1);
}

TEST_CASE("Requests of one address are limited without the Redis, too") {
  GatewayFixture f;
  f.redis_away = true;
  f.Build();
  REQUIRE(f.service->Start().ok());
  int limited = 0;
  const net::Url url =
      net::Url::Parse("http://127.0.0.1:" + std::to_string(f.service->port())).value();
  for (int i = 0; i < 500; ++i) {
    f.network.Http(url, {"GET", "/healthz", {}, ""}, {},
                   [&](const net::HttpResult& r) { limited += r.response.status == 429 ? 1 : 0; });
  }
  f.executor.RunFor(1s);
  CHECK(limited >= 100);
}

}  // namespace
}  // namespace gannet::gateway
