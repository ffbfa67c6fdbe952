#include "libs/notify/channel.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "libs/base/check.h"
#include "libs/base/concat.h"
#include "libs/base/digest.h"
#include "libs/base/utf8.h"

namespace gannet::notify {
namespace {

using Json = nlohmann::json;

// What the services take; Telegram and Discord count characters, so bytes are fewer still.
constexpr size_t kTelegramBytes = 4096;
constexpr size_t kDiscordBytes = 2000;
constexpr size_t kSlackBytes = 4000;
constexpr size_t kPagerDutyBytes = 1024;
constexpr size_t kWebhookBytes = 16u << 10;
constexpr base::Duration kLongestWait = std::chrono::hours(1);

std::string Status(const Message& message) {
  if (message.kind != Kind::kAlert) return std::string(Name(message.kind));
  return message.resolved ? "RESOLVED" : "FIRING";
}

std::optional<std::string> ValueOf(std::string_view name, const Message& message) {
  if (name == "title") return message.title;
  if (name == "text") return message.text;
  if (name == "link") return message.link;
  if (name == "severity") return std::string(Name(message.severity));
  if (name == "kind") return std::string(Name(message.kind));
  if (name == "status") return Status(message);
  if (name == "time") return base::FormatTime(message.time).substr(0, 19) + "Z";
  if (name.starts_with("label:") && name.size() > 6) {
    const auto found = message.labels.find(std::string(name.substr(6)));
    return found == message.labels.end() ? "" : found->second;
  }
  return std::nullopt;
}

// Hands each piece to `literal` or `value`; false and the name when a placeholder is unknown.
template <class Literal, class Value>
std::optional<std::string> Walk(std::string_view text, Literal literal, Value value) {
  for (size_t at = 0; at < text.size();) {
    const size_t open = text.find('{', at);
    literal(text.substr(at, open == std::string_view::npos ? open : open - at));
    if (open == std::string_view::npos) break;
    if (open + 1 < text.size() && text[open + 1] == '{') {
      literal("{");
      at = open + 2;
      continue;
    }
    const size_t close = text.find('}', open);
    const std::string_view name =
        close == std::string_view::npos ? "" : text.substr(open + 1, close - open - 1);
    if (!value(name)) return std::string(name);
    at = close + 1;
  }
  return std::nullopt;
}

// Slack reads &, < and > as markup.
std::string ForSlack(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else {
      out += c;
    }
  }
  return out;
}

Json LabelsOf(const Message& message) {
  Json labels = Json::object();
  for (const auto& [name, value] : message.labels) labels[name] = value;
  return labels;
}

Json PagerDuty(const Channel& channel, const Message& message) {
  static constexpr std::string_view kSeverities[] = {"info", "warning", "critical"};
  const size_t severity = static_cast<size_t>(message.severity) - 1;
  Json body = {{"routing_key", channel.secret},
               {"event_action", message.resolved ? "resolve" : "trigger"},
               {"dedup_key", Cut(message.key, 255)},
               {"payload",
                {{"summary", Cut(message.title, kPagerDutyBytes)},
                 {"source", "gannet"},
                 {"severity", kSeverities[severity]},
                 {"timestamp", base::FormatTime(message.time)},
                 {"class", Name(message.kind)},
                 {"custom_details", LabelsOf(message)}}}};
  if (!message.text.empty()) body["payload"]["custom_details"]["text"] = message.text;
  if (!message.link.empty())
    body["links"] = Json::array({{{"href", message.link}, {"text", "Runbook"}}});
  return body;
}

Json Webhook(const Channel& channel, const Message& message, std::string_view delivery) {
  return {{"delivery", delivery},
          {"kind", Name(message.kind)},
          {"severity", Name(message.severity)},
          {"status", Status(message)},
          {"resolved", message.resolved},
          {"key", message.key},
          {"title", message.title},
          {"text", Cut(Render(channel.text_template, message), kWebhookBytes)},
          {"link", message.link},
          {"labels", LabelsOf(message)},
          {"time", base::FormatTime(message.time)}};
}

Json Body(const Channel& channel, const Message& message, std::string_view delivery) {
  const std::string text = Render(channel.text_template, message);
  switch (channel.type) {
    case ChannelType::kTelegram:
      return {{"chat_id", channel.chat},
              {"text", Cut(text, kTelegramBytes)},
              {"disable_web_page_preview", true}};
    case ChannelType::kDiscord:  // nobody is mentioned by what a headline says
      return {{"content", Cut(text, kDiscordBytes)},
              {"allowed_mentions", {{"parse", Json::array()}}}};
    case ChannelType::kSlack:
      return {{"text", Cut(ForSlack(text), kSlackBytes)}, {"unfurl_links", false}};
    case ChannelType::kPagerDuty:
      return PagerDuty(channel, message);
    case ChannelType::kWebhook:
      return Webhook(channel, message, delivery);
    case ChannelType::kMail:
      break;
  }
  GANNET_CHECK(false, "a mail is no request");
  return {};
}

std::optional<base::Duration> AskedFor(const net::HttpResponse& response) {
  const std::string_view header = net::FindHeader(response.headers, "Retry-After");
  int64_t seconds = 0;
  const auto [end, error] = std::from_chars(header.data(), header.data() + header.size(), seconds);
  if (!header.empty() && error == std::errc() && seconds >= 0)
    return std::min<base::Duration>(std::chrono::seconds(std::min<int64_t>(seconds, 86'400)),
                                    kLongestWait);
  // Telegram and Discord say it in the answer.
  const Json body = Json::parse(response.body, nullptr, false);
  if (!body.is_object()) return std::nullopt;
  const Json* found = body.contains("retry_after") ? &body["retry_after"] : nullptr;
  if (found == nullptr && body.contains("parameters") && body["parameters"].is_object() &&
      body["parameters"].contains("retry_after"))
    found = &body["parameters"]["retry_after"];
  if (found == nullptr || !found->is_number()) return std::nullopt;
  const double wait = std::clamp(found->get<double>(), 0.0, 3600.0);
  return std::chrono::milliseconds(static_cast<int64_t>(wait * 1000));
}

}  // namespace

std::string_view Name(Severity severity) {
  switch (severity) {
    case Severity::kInfo:
      return "info";
    case Severity::kTicket:
      return "ticket";
    case Severity::kPage:
      return "page";
  }
  return "?";
}

std::string_view Name(Kind kind) {
  switch (kind) {
    case Kind::kAlert:
      return "alert";
    case Kind::kFill:
      return "fill";
    case Kind::kReject:
      return "reject";
    case Kind::kUnknown:
      return "unknown";
    case Kind::kHalt:
      return "halt";
    case Kind::kKill:
      return "kill";
  }
  return "?";
}

bool Takes(const Channel& channel, const Message& message) {
  if (message.severity < channel.least) return false;
  if (!channel.kinds.empty() && !channel.kinds.contains(message.kind)) return false;
  const auto team = message.labels.find("team");
  return channel.teams.empty() || team == message.labels.end() ||
         channel.teams.contains(team->second);
}

absl::Status CheckTemplate(std::string_view text) {
  const auto unknown = Walk(
      text, [](std::string_view) {},
      [](std::string_view name) { return ValueOf(name, Message()).has_value(); });
  if (!unknown) return absl::OkStatus();
  return absl::InvalidArgumentError(base::Concat(
      {"{", *unknown,
       "} stands for nothing; there are title, text, link, severity, kind, status, time and "
       "label:NAME, and {{ for a brace"}));
}

std::string Render(std::string_view text, const Message& message) {
  std::string out;
  for (size_t at = 0; at <= text.size();) {
    size_t end = text.find('\n', at);
    if (end == std::string_view::npos) end = text.size();
    std::string line;
    const std::string_view pattern = text.substr(at, end - at);
    Walk(
        pattern, [&line](std::string_view literal) { line += literal; },
        [&](std::string_view name) {
          line += ValueOf(name, message).value_or("");
          return true;
        });
    if (!line.empty() || pattern.empty()) out.append(line).push_back('\n');
    at = end + 1;
  }
  while (out.ends_with('\n')) out.pop_back();
  return base::ReplaceBadUtf8(out);
}

std::string Cut(std::string text, size_t limit) {
  static constexpr std::string_view kMark = "…";
  if (text.size() <= limit) return text;
  size_t end = limit - kMark.size();
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  text.resize(end);
  return text.append(kMark);
}

Outgoing MakeRequest(const Channel& channel, const Message& message, std::string_view delivery,
                     base::Time now) {
  auto base = net::Url::Parse(channel.url);
  GANNET_CHECK(base.ok(), "the URL was checked with the configuration");
  Outgoing out{.base = *std::move(base), .request = {}};
  net::HttpRequest& request = out.request;
  request.method = "POST";
  request.target = out.base.path;
  if (channel.type == ChannelType::kTelegram)
    request.target = "/bot" + channel.secret + "/sendMessage";
  if (channel.type == ChannelType::kPagerDuty) request.target = "/v2/enqueue";
  request.body = Body(channel, message, delivery)
                     .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  request.headers = {{"Content-Type", "application/json"}, {"User-Agent", "gannet"}};
  if (channel.type == ChannelType::kWebhook) {
    const std::string seconds = std::to_string(base::UnixNanos(now) / 1'000'000'000);
    const auto signature =
        base::HmacSha256(channel.secret, base::Concat({seconds, ".", request.body}));
    request.headers.emplace_back("X-Gannet-Timestamp", seconds);
    request.headers.emplace_back("X-Gannet-Signature", "sha256=" + base::Hex(signature));
    request.headers.emplace_back("X-Gannet-Delivery", std::string(delivery));
  }
  return out;
}

net::Mail MakeMail(const Channel& channel, const Message& message, std::string_view delivery,
                   base::Time now) {
  net::Mail mail;
  mail.from = channel.from;
  mail.to = channel.to;
  mail.subject = base::Concat({"[", Status(message), "] ", message.title});
  mail.text = Render(channel.text_template, message);
  mail.id = std::string(delivery);
  mail.date = now;
  return mail;
}

Outcome OutcomeOf(const net::HttpResult& result) {
  if (!result.status.ok()) {
    // What cannot be sent once cannot be sent twice.
    const bool bad = absl::IsInvalidArgument(result.status);
    return {.fate = bad ? Fate::kRefused : Fate::kLater,
            .wait = std::nullopt,
            .why = std::string(result.status.message())};
  }
  const int status = result.response.status;
  if (status >= 200 && status < 300) return {.fate = Fate::kSent, .wait = {}, .why = ""};
  const bool later = status == 408 || status == 425 || status == 429 || status >= 500;
  return {.fate = later ? Fate::kLater : Fate::kRefused,
          .wait = later ? AskedFor(result.response) : std::nullopt,
          .why = "answered " + std::to_string(status)};
}

Outcome OutcomeOf(const absl::Status& mailed) {
  if (mailed.ok()) return {.fate = Fate::kSent, .wait = {}, .why = ""};
  const bool later = absl::IsUnavailable(mailed) || absl::IsDeadlineExceeded(mailed) ||
                     absl::IsResourceExhausted(mailed);
  return {.fate = later ? Fate::kLater : Fate::kRefused,
          .wait = std::nullopt,
          .why = std::string(mailed.message())};
}

}  // namespace gannet::notify
