// How a message looks to each service that brings it to people, and what its answer means.
// Pure: makes requests, sends none.
//
// Formats: Telegram Bot API sendMessage; Discord and Slack incoming web hooks; PagerDuty
// Events API v2; a web hook of ours; mail (net/smtp.h).
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/net/network.h"
#include "libs/net/smtp.h"
#include "libs/notify/message.h"

namespace gannet::notify {

enum class ChannelType : uint8_t { kTelegram = 1, kDiscord, kSlack, kMail, kPagerDuty, kWebhook };

inline constexpr std::string_view kDefaultTemplate = "{status} {title}\n{text}\n{link}";

struct Channel {
  std::string name;
  ChannelType type = ChannelType::kWebhook;
  // What it takes; empty sets: all.
  std::set<Kind> kinds;
  std::set<std::string> teams;  // by the label `team`; messages without one go everywhere
  Severity least = Severity::kInfo;
  uint32_t per_minute = 20;
  std::string text_template{kDefaultTemplate};
  base::Duration timeout = std::chrono::seconds(15);

  // Files that hold what is secret; `secret` and `url` are read from them by LoadSecrets.
  std::string secret_file;  // bot token, routing key, signing key, password of the mail server
  std::string url_file;     // Discord, Slack: their URL is a secret itself
  std::string url;          // others: where; Telegram and PagerDuty have one of their own
  std::string chat;         // Telegram
  net::MailServer mail;
  std::string from;
  std::vector<std::string> to;

  std::string secret;
};

bool Takes(const Channel& channel, const Message& message);

// What a template stands for: {title} {text} {link} {severity} {kind} {status} {time} and
// {label:NAME}; {{ is a brace. INVALID_ARGUMENT names what is none of them.
absl::Status CheckTemplate(std::string_view text);
// Empty lines at the end, and those that hold nothing but an empty placeholder, are left out.
std::string Render(std::string_view text, const Message& message);

// At most `limit` bytes, cut between characters, with "…" where it was cut.
std::string Cut(std::string text, size_t limit);

struct Outgoing {
  net::Url base;
  net::HttpRequest request;
};
// `delivery` names the message to whoever takes it twice: the same at each attempt.
Outgoing MakeRequest(const Channel& channel, const Message& message, std::string_view delivery,
                     base::Time now);
net::Mail MakeMail(const Channel& channel, const Message& message, std::string_view delivery,
                   base::Time now);

enum class Fate : uint8_t { kSent = 1, kLater, kRefused };
struct Outcome {
  Fate fate = Fate::kLater;
  std::optional<base::Duration> wait;  // kLater: asked for by the service
  std::string why;                     // without secrets
};
Outcome OutcomeOf(const net::HttpResult& result);
Outcome OutcomeOf(const absl::Status& mailed);

}  // namespace gannet::notify
