// The audit and the backtests over REST and the stream, and where the first password goes.
#include <catch2/catch_test_macros.hpp>

#include "services/gateway/backtests.h"
#include "services/gateway/first_password.h"
#include "services/gateway/gateway_for_test.h"

namespace gannet::gateway {
namespace {

using nlohmann::json;

constexpr char kRun[] =
    R"({"format":1,"made":"2026-01-02T03:04:05Z","build":"b","decisions":"ab12",)"
    R"("summary":{"fills":3},"parameters":{},"orders":{"total":0,"rows":[]},"report":null})";

TEST_CASE("The audit tells who signed in, who was refused, and never a name that nobody has") {
  GatewayFixture f;
  REQUIRE(f.service->Start().ok());
  CHECK(f.SignIn("admin", "wrong").status == 401);
  CHECK(f.SignIn("my secret phrase", "admin").status == 401);
  REQUIRE(f.SignIn("admin", f.password).status == 200);
  const json all = json::parse(f.Call("GET", "/api/v1/audit").body);
  REQUIRE(all.size() == 3);
  CHECK(all[0]["action"] == "SIGN_IN");
  CHECK(all[0]["person"] == "admin");
  CHECK(all[0]["result"] == "APPLIED");
  CHECK(all[1]["person"] == "");
  CHECK(all[1]["about"] == "an unknown name");
  CHECK(all[2]["result"] == "REFUSED");
  CHECK(all.dump().find("secret") == std::string::npos);
}

TEST_CASE("The audit is filtered, and a wrong filter is refused") {
  GatewayFixture f;
  REQUIRE(f.service->Start().ok());
  REQUIRE(f.SignIn("admin", f.password).status == 200);
  REQUIRE(f.Call("POST", "/api/v1/users", R"({"name":"ann","role":"risk"})").status == 200);
  REQUIRE(f.Call("POST", "/api/v1/users/disable", R"({"name":"ann","disabled":true})").status ==
          200);
  REQUIRE(f.Call("POST", "/api/v1/consent", R"({"version":1})").status == 200);
  const auto rows = [&f](const std::string& query) {
    return json::parse(f.Call("GET", "/api/v1/audit?" + query).body).size();
  };
  CHECK(rows("") == 4);
  CHECK(rows("person=admin&action=USER_ADD") == 1);
  CHECK(rows("action=CONSENT") == 1);
  CHECK(rows("limit=2") == 2);
  CHECK(rows("from=2030-01-01") == 0);
  for (const char* wrong : {"limit=0", "limit=1001", "limit=x", "from=yesterday", "who=ann"})
    CHECK(f.Call("GET", std::string("/api/v1/audit?") + wrong).status == 400);
  const json snapshot = json::parse(f.Call("GET", "/api/v1/snapshot").body);
  CHECK(snapshot["rows"]["audit"].size() == 4);
}

TEST_CASE("Backtests are listed, read one by one, and never from outside their folder") {
  GatewayFixture f;
  REQUIRE(f.files.MakeDirs("data/backtests/first").ok());
  REQUIRE(f.files.MakeDirs("data/backtests/broken").ok());
  REQUIRE(f.files.MakeDirs("data/backtests/empty").ok());
  REQUIRE(f.files.WriteAtomically("data/backtests/first/backtest.json", kRun).ok());
  REQUIRE(f.files.WriteAtomically("data/backtests/broken/backtest.json", "{").ok());
  REQUIRE(f.files.WriteAtomically("data/backtest.json", kRun).ok());
  REQUIRE(f.service->Start().ok());
  REQUIRE(f.SignIn("admin", f.password).status == 200);
  const json rows = json::parse(f.Call("GET", "/api/v1/backtests").body);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0]["name"] == "broken");
  CHECK(rows[0].contains("error"));
  CHECK(rows[1]["decisions"] == "ab12");
  CHECK(rows[1]["summary"]["fills"] == 3);
  const json run = json::parse(f.Call("GET", "/api/v1/backtests/run?name=first").body);
  CHECK(run["name"] == "first");
  CHECK(run["orders"]["total"] == 0);
  CHECK(f.Call("GET", "/api/v1/backtests/run?name=broken").status == 409);
  for (const char* none : {"empty", "no", "..", "first%2F..%2F..", "%2Fetc"})
    CHECK(f.Call("GET", std::string("/api/v1/backtests/run?name=") + none).status == 404);
  f.executor.RunFor(std::chrono::seconds(6));
  const json snapshot = json::parse(f.Call("GET", "/api/v1/snapshot").body);
  CHECK(snapshot["rows"]["backtests"].size() == 2);
}

TEST_CASE("Portfolio risk is what risk says, or where to ask") {
  GatewayFixture f;
  REQUIRE(f.service->Start().ok());
  REQUIRE(f.SignIn("admin", f.password).status == 200);
  CHECK(json::parse(f.Call("GET", "/api/v1/risk/portfolio").body)["state"] == "waiting");
}

TEST_CASE("The first password goes to a terminal, or to a file of its owner until it is changed") {
  GatewayFixture f;
  CHECK(TellFirstPassword(f.files, "data", true, "admin", "pw-1").find("password pw-1") !=
        std::string::npos);
  CHECK_FALSE(f.files.Exists("data/first-password"));
  REQUIRE(f.service->Start().ok());
  const std::string line = TellFirstPassword(f.files, "data", false, "admin", f.password);
  CHECK(line.find(f.password) == std::string::npos);
  CHECK(line.find("data/first-password") != std::string::npos);
  CHECK(f.files.Mode("data/first-password").value() == 0600);
  CHECK(f.files.Read("data/first-password").value() == "user admin\npassword " + f.password + "\n");
  REQUIRE(f.SignIn("admin", f.password).status == 200);
  const json change{{"password", f.password}, {"new_password", "another long one"}};
  REQUIRE(f.Call("POST", "/api/v1/session/password", change.dump()).status == 200);
  CHECK_FALSE(f.files.Exists("data/first-password"));
}

}  // namespace
}  // namespace gannet::gateway
