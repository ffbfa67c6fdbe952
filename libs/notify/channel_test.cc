#include "libs/notify/channel.h"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "libs/base/digest.h"
#include "libs/base/utf8.h"
#include "libs/notify/alerts.h"

namespace gannet::notify {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

const base::Time kNow = base::FromUnixMillis(1'700'000'000'000);

Channel Of(ChannelType type, std::string url) {
  Channel channel;
  channel.name = "desk";
  channel.type = type;
  channel.url = std::move(url);
  channel.secret = "0123456789abcdef";
  channel.chat = "-100";
  return channel;
}

Message Alert() {
  Message message;
  message.severity = Severity::kPage;
  message.key = "alert:ab";
  message.title = "GannetNoData: <nothing> & nobody";
  message.link = "https://r/docs/runbooks/no-data.md";
  message.labels = {{"team", "platform"}, {"venue", "v"}};
  message.time = kNow;
  return message;
}

Json Sent(const Channel& channel, const Message& message) {
  return Json::parse(MakeRequest(channel, message, "r-1", kNow).request.body);
}

TEST_CASE("A message takes the form of each service") {
  Channel telegram = Of(ChannelType::kTelegram, "https://api.telegram.org");
  Outgoing out = MakeRequest(telegram, Alert(), "r-1", kNow);
  CHECK(out.request.target == "/bot0123456789abcdef/sendMessage");
  Json body = Json::parse(out.request.body);
  CHECK(body["chat_id"] == "-100");
  CHECK(body["text"] ==
        "FIRING GannetNoData: <nothing> & nobody\nhttps://r/docs/runbooks/no-data.md");
  CHECK_FALSE(body.contains("parse_mode"));  // what a headline says is no markup

  body = Sent(Of(ChannelType::kDiscord, "https://discord.example/api/webhooks/1/x"), Alert());
  CHECK(body["allowed_mentions"]["parse"] == Json::array());
  body = Sent(Of(ChannelType::kSlack, "https://hooks.example/services/x"), Alert());
  CHECK(body["text"].get<std::string>().starts_with(
      "FIRING GannetNoData: &lt;nothing&gt; &amp; nobody"));

  const Channel pager = Of(ChannelType::kPagerDuty, "https://events.pagerduty.com");
  CHECK(MakeRequest(pager, Alert(), "r-1", kNow).request.target == "/v2/enqueue");
  body = Sent(pager, Alert());
  CHECK(body["routing_key"] == "0123456789abcdef");
  CHECK(body["event_action"] == "trigger");
  CHECK(body["dedup_key"] == "alert:ab");
  CHECK(body["payload"]["severity"] == "critical");
  CHECK(body["links"][0]["href"] == "https://r/docs/runbooks/no-data.md");
  Message over = Alert();
  over.resolved = true;
  CHECK(Sent(pager, over)["event_action"] == "resolve");
}

TEST_CASE("A web hook is signed as ours are: time and body under the key") {
  const Channel hook = Of(ChannelType::kWebhook, "https://h.example:8443/in?x=1");
  const Outgoing out = MakeRequest(hook, Alert(), "r-7", kNow);
  CHECK(out.request.target == "/in?x=1");
  const auto header = [&out](std::string_view name) {
    return std::string(net::FindHeader(out.request.headers, name));
  };
  CHECK(header("X-Gannet-Timestamp") == "1700000000");
  CHECK(header("X-Gannet-Signature") ==
        "sha256=" +
            base::Hex(base::HmacSha256("0123456789abcdef", "1700000000." + out.request.body)));
  CHECK(header("X-Gannet-Delivery") == "r-7");
  const Json body = Json::parse(out.request.body);
  CHECK(body["kind"] == "alert");
  CHECK(body["labels"]["venue"] == "v");
  CHECK(out.request.body.find("0123456789abcdef") == std::string::npos);
}

TEST_CASE("Templates: placeholders, braces, lines that come to nothing, and mistakes") {
  Message message = Alert();
  CHECK(Render("{{x} {severity} {label:venue}{label:none} {time}", message) ==
        "{x} page v 2023-11-14T22:13:20Z");
  CHECK(Render("{status}\n{text}\n\nend", message) == "FIRING\n\nend");
  message.title = "bad \xff byte";
  CHECK(base::IsUtf8(Render("{title}", message)));
  CHECK(CheckTemplate(kDefaultTemplate).ok());
  CHECK(CheckTemplate("{titel}").message().find("{titel}") != std::string_view::npos);
  CHECK_FALSE(CheckTemplate("{title").ok());
  CHECK_FALSE(CheckTemplate("{label:}").ok());
}

TEST_CASE("Long texts are cut between characters") {
  CHECK(Cut("abc", 3) == "abc");
  CHECK(Cut("äöüäöü", 8) == "äö…");
  Message message = Alert();
  message.text = std::string(10'000, 'x');
  CHECK(Sent(Of(ChannelType::kDiscord, "https://d.example/"), message)["content"]
            .get<std::string>()
            .size() <= 2000);
}

TEST_CASE("What an answer means") {
  const auto outcome = [](int status, net::Headers headers = {}, std::string body = "") {
    return OutcomeOf(
        net::HttpResult{.status = {}, .fate = {}, .response = {status, headers, body}});
  };
  CHECK(outcome(204).fate == Fate::kSent);
  CHECK(outcome(400).fate == Fate::kRefused);
  CHECK(outcome(302).fate == Fate::kRefused);
  CHECK(outcome(503).fate == Fate::kLater);
  CHECK(outcome(429, {{"Retry-After", "7"}}).wait == base::Duration(7s));
  CHECK(outcome(429, {{"Retry-After", "99999999"}}).wait == base::Duration(1h));
  CHECK(outcome(429, {}, R"({"parameters":{"retry_after":3}})").wait == base::Duration(3s));
  CHECK(outcome(429, {}, R"({"retry_after":0.5})").wait == base::Duration(500ms));
  CHECK(outcome(429, {}, R"({"retry_after":"soon"})").wait == std::nullopt);
  CHECK(outcome(429, {}, "[").wait == std::nullopt);
  CHECK(OutcomeOf(absl::UnavailableError("x")).fate == Fate::kLater);
  CHECK(OutcomeOf(absl::UnauthenticatedError("x")).fate == Fate::kRefused);
}

TEST_CASE("A channel takes what it wants") {
  Channel channel = Of(ChannelType::kSlack, "https://s.example/");
  CHECK(Takes(channel, Alert()));
  channel.teams = {"trading"};
  CHECK_FALSE(Takes(channel, Alert()));
  channel.teams = {"platform"};
  channel.kinds = {Kind::kFill};
  CHECK_FALSE(Takes(channel, Alert()));
  channel.kinds.clear();
  Message message = Alert();
  message.severity = Severity::kInfo;
  channel.least = Severity::kTicket;
  CHECK_FALSE(Takes(channel, message));
}

TEST_CASE("A mail keeps its header whatever it is told") {
  Channel channel = Of(ChannelType::kMail, "");
  channel.from = "gannet@desk.example";
  channel.to = {"a@desk.example", "b@desk.example"};
  Message message = Alert();
  message.title = "break\r\nBcc: x@y.example";
  const std::string text = net::MailText(MakeMail(channel, message, "r-1", kNow));
  CHECK(text.find("\r\nBcc") == std::string::npos);
  CHECK(text.find("Subject: [FIRING] break  Bcc: x@y.example\r\n") != std::string::npos);
  CHECK(text.find("Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n") != std::string::npos);
  CHECK(text.find("Message-ID: <r-1@desk.example>\r\n") != std::string::npos);
  message.title = "Verlust größer als erlaubt: €€€€€€€€€€€€€€€€€€€€€€€€€€€€€€";
  const std::string encoded = net::MailText(MakeMail(channel, message, "r-1", kNow));
  CHECK(encoded.find("Subject: =?UTF-8?B?") != std::string::npos);
  for (size_t at = 0; at < encoded.size(); at = encoded.find('\n', at) + 1) {
    const size_t end = encoded.find('\n', at);
    if (end == std::string::npos) break;
    CHECK(end - at <= 77);  // with its CR
  }
  CHECK_FALSE(net::IsMailAddress("a b@c"));
  CHECK_FALSE(net::IsMailAddress("a@c>\r\nDATA"));
  CHECK_FALSE(net::IsMailAddress("nobody"));
}

TEST_CASE("Alertmanager's posts become messages") {
  const auto messages = ParseAlerts(R"({"version":"4","status":"firing","truncatedAlerts":2,
    "groupKey":"g","alerts":[
    {"status":"firing","fingerprint":"ab","startsAt":"2023-11-14T22:13:20Z",
     "labels":{"alertname":"GannetNoData","severity":"page","team":"platform"},
     "annotations":{"summary":"No process.","runbook_url":"docs/runbooks/no-data.md"}},
    {"status":"resolved","fingerprint":"cd","endsAt":"nonsense",
     "labels":{"alertname":"X","severity":"ticket","n":7},"annotations":[]}]})",
                                    "https://r/", kNow);
  REQUIRE(messages.ok());
  REQUIRE(messages->size() == 3);
  const Message& first = messages->front();
  CHECK(first.title == "GannetNoData: No process.");
  CHECK(first.severity == Severity::kPage);
  CHECK(first.link == "https://r/docs/runbooks/no-data.md");
  CHECK(first.key == "alert:ab");
  CHECK(first.time == kNow);
  CHECK((*messages)[1].resolved);
  CHECK((*messages)[1].severity == Severity::kTicket);
  CHECK((*messages)[2].title == "2 more alerts of this group are left out");
  for (const char* bad : {"", "[]", "{}", R"({"alerts":{}})", R"({"alerts":[1]})", "{\"alerts\":["})
    CHECK_FALSE(ParseAlerts(bad, "", kNow).ok());
}

}  // namespace
}  // namespace gannet::notify
