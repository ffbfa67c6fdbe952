#include "libs/notify/config.h"

#include <algorithm>

#include "libs/base/concat.h"
#include "libs/base/loopback.h"
#include "libs/base/status.h"
#include "libs/config/config.h"
#include "libs/config/secret.h"

namespace gannet::notify {
namespace {

using namespace std::chrono_literals;

constexpr config::Name<ChannelType> kTypes[] = {
    {"telegram", ChannelType::kTelegram},   {"discord", ChannelType::kDiscord},
    {"slack", ChannelType::kSlack},         {"mail", ChannelType::kMail},
    {"pagerduty", ChannelType::kPagerDuty}, {"webhook", ChannelType::kWebhook}};
constexpr config::Name<Severity> kSeverities[] = {
    {"info", Severity::kInfo}, {"ticket", Severity::kTicket}, {"page", Severity::kPage}};
constexpr config::Name<net::MailTls> kTls[] = {{"starttls", net::MailTls::kStartTls},
                                               {"implicit", net::MailTls::kImplicit},
                                               {"none", net::MailTls::kNone}};
constexpr size_t kMinSigningKey = 16;

// A secret is in what goes there: https, but for loopback.
std::string RefuseUrl(const std::string& text) {
  const auto url = net::Url::Parse(text);
  if (!url.ok()) return "must be an address such as https://host/path";
  if (url->scheme == "https" || (url->scheme == "http" && base::IsLoopbackHost(url->host)))
    return "";
  return "must begin with https:// (http:// is for loopback)";
}

void ReadMail(config::Section& in, Channel& out) {
  in.Required("host", out.mail.host);
  in.Optional("port", out.mail.port, config::AtLeast(1));
  in.Optional("tls", out.mail.tls, kTls);
  in.OptionalPath("ca_file", out.mail.extra_ca_file);
  in.Optional("user", out.mail.user);
  in.Required("from", out.from);
  in.List("to", out.to, {.min = 1, .max = 50});
  if (!net::IsMailAddress(out.from)) in.Problem("from", "is no mail address");
  if (!std::all_of(out.to.begin(), out.to.end(), net::IsMailAddress))
    in.Problem("to", "has what is no mail address");
  if (out.mail.tls == net::MailTls::kNone &&
      (!base::IsLoopbackHost(out.mail.host) || !out.mail.user.empty()))
    in.Problem("tls", "none is for loopback without a user");
}

void ReadWhere(config::Section& in, Channel& out) {
  const bool secret_url = out.type == ChannelType::kDiscord || out.type == ChannelType::kSlack;
  if (secret_url) {
    in.RequiredPath("url_file", out.url_file);
    return;
  }
  if (out.type == ChannelType::kMail) {
    in.RequiredSection("mail", [&out](config::Section& mail) { ReadMail(mail, out); });
    if (!out.mail.user.empty()) in.RequiredPath("secret_file", out.secret_file);
    return;
  }
  in.RequiredPath("secret_file", out.secret_file);
  if (out.type == ChannelType::kTelegram) {
    in.Required("chat", out.chat);
    out.url = "https://api.telegram.org";
  }
  if (out.type == ChannelType::kPagerDuty) out.url = "https://events.pagerduty.com";
  if (out.type == ChannelType::kWebhook) {
    in.Required("url", out.url);
  } else {
    in.Optional("url", out.url);
  }
  if (std::string why = RefuseUrl(out.url); !why.empty()) in.Problem("url", std::move(why));
}

void ReadChannel(config::Section& in, Channel& out) {
  in.Required("name", out.name);
  in.Required("type", out.type, kTypes);
  ReadWhere(in, out);
  std::vector<std::string> kinds, teams;
  in.List("kinds", kinds, {.min = 0, .max = std::size(kAllKinds)});
  for (const std::string& text : kinds) {
    const auto* found = std::find_if(std::begin(kAllKinds), std::end(kAllKinds),
                                     [&text](Kind kind) { return Name(kind) == text; });
    if (found == std::end(kAllKinds)) {
      in.Problem("kinds", "must be some of alert, fill, reject, unknown, halt, kill");
    } else {
      out.kinds.insert(*found);
    }
  }
  in.List("teams", teams, {.min = 0, .max = 32});
  out.teams.insert(teams.begin(), teams.end());
  in.Optional("least", out.least, kSeverities);
  in.Optional("per_minute", out.per_minute, config::Between(1, 600));
  in.Optional("timeout", out.timeout, config::Between(base::Duration(1s), base::Duration(20s)));
  in.Optional("template", out.text_template);
  if (const absl::Status checked = CheckTemplate(out.text_template); !checked.ok())
    in.Problem("template", std::string(checked.message()));
  out.mail.timeout = out.timeout;
}

void ReadAlerts(config::Section& in, AlertsConfig& out) {
  out.enabled = true;
  in.Optional("address", out.address);
  in.Optional("port", out.port);
  in.RequiredPath("token_file", out.token_file);
  in.OptionalPath("certificate", out.certificate_file);
  in.OptionalPath("key", out.key_file);
  if (out.certificate_file.empty() != out.key_file.empty())
    in.Problem("key", "certificate and key go together");
  if (!base::IsLoopbackHost(out.address) && out.certificate_file.empty())
    in.Problem("address", "beyond loopback only with certificate and key (TLS)");
}

}  // namespace

void Read(config::Section& in, NotifyConfig& out) {
  in.Items("channels", out.channels, ReadChannel, {.min = 1, .max = kMaxChannels});
  for (size_t i = 0; i < out.channels.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (out.channels[i].name == out.channels[j].name)
        in.Problem("channels", "name " + out.channels[i].name + " twice");
    }
  }
  in.Optional("repetition", out.options.repetition,
              config::Between(base::Duration(0s), base::Duration(24h)));
  in.Optional("give_up", out.options.give_up,
              config::Between(base::Duration(1s), base::Duration(24h)));
  in.Optional("runbooks", out.runbooks);
  in.OptionalSection("alerts", out.alerts, ReadAlerts);
}

absl::Status LoadSecrets(base::Files& files, NotifyConfig& config) {
  for (Channel& channel : config.channels) {
    const std::string place = base::Concat({"notify channel ", channel.name});
    if (!channel.url_file.empty()) {
      auto url = config::ReadSecret(files, channel.url_file, place + ", url_file");
      if (!url.ok()) return url.status();
      if (!RefuseUrl(*url).empty()) {
        return absl::FailedPreconditionError(base::Concat(
            {place, ": ", channel.url_file, " holds no address such as https://host/path"}));
      }
      channel.url = *std::move(url);
    }
    if (channel.secret_file.empty()) continue;
    auto secret = config::ReadSecret(files, channel.secret_file, place + ", secret_file");
    if (!secret.ok()) return secret.status();
    channel.secret = *std::move(secret);
    channel.mail.password = channel.secret;
    if (channel.type == ChannelType::kWebhook && channel.secret.size() < kMinSigningKey) {
      return absl::FailedPreconditionError(
          base::Concat({place, ": ", channel.secret_file,
                        " holds fewer than 16 bytes; put a long random text "
                        "there"}));
    }
  }
  return absl::OkStatus();
}

}  // namespace gannet::notify
