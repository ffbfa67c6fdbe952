#include "libs/notify/config.h"

#include <catch2/catch_test_macros.hpp>

#include "libs/base/sim_files.h"
#include "libs/config/config.h"

namespace gannet::notify {
namespace {

absl::StatusOr<NotifyConfig> Load(const std::string& text) {
  return config::LoadText<NotifyConfig>(text, "/etc/notify.yaml", Read);
}

constexpr char kAll[] = R"yaml(
runbooks: https://git.example/gannet/
repetition: 10m
channels:
  - {name: t, type: telegram, secret_file: secrets/t, chat: "-100", kinds: [alert, kill], least: ticket}
  - {name: d, type: discord, url_file: secrets/d, kinds: [fill], per_minute: 5}
  - {name: s, type: slack, url_file: secrets/s, teams: [trading], template: "{title} ({label:venue})"}
  - {name: p, type: pagerduty, secret_file: secrets/p, least: page}
  - {name: w, type: webhook, secret_file: secrets/w, url: "http://127.0.0.1:9/in"}
  - name: m
    type: mail
    secret_file: secrets/m
    mail: {host: mail.example, user: gannet, from: g@desk.example, to: [a@desk.example]}
alerts: {token_file: secrets/token, port: 7190}
)yaml";

TEST_CASE("Each type of channel is read") {
  const auto config = Load(kAll);
  REQUIRE(config.ok());
  REQUIRE(config->channels.size() == 6);
  CHECK(config->channels[0].kinds == std::set<Kind>{Kind::kAlert, Kind::kKill});
  CHECK(config->channels[0].url == "https://api.telegram.org");
  CHECK(config->channels[0].secret_file == "/etc/secrets/t");
  CHECK(config->channels[5].mail.tls == net::MailTls::kStartTls);
  CHECK(config->alerts.enabled);
}

TEST_CASE("What would send secrets in the clear, or nothing to nobody, is refused") {
  const auto refused = [](std::string channel, std::string_view wanted) {
    const auto config = Load("channels:\n  - " + channel + "\n");
    INFO(channel);
    REQUIRE_FALSE(config.ok());
    INFO(config.status().message());
    CHECK(std::string(config.status().message()).find(wanted) != std::string::npos);
  };
  refused("{name: w, type: webhook, secret_file: s, url: 'http://h.example/'}", "https://");
  refused("{name: w, type: webhook, secret_file: s, url: 'http://127.h.example/'}", "https://");
  refused("{name: w, type: webhook, secret_file: s, url: nowhere}", "url");
  refused("{name: w, type: webhook, url: 'https://h.example/'}", "secret_file");
  refused("{name: t, type: telegram, secret_file: s}", "chat");
  refused("{name: s, type: slack, url: 'https://h.example/'}", "url_file");
  refused("{name: x, type: pigeon, secret_file: s}", "type");
  refused("{name: p, type: pagerduty, secret_file: s, kinds: [fills]}", "kinds");
  refused("{name: p, type: pagerduty, secret_file: s, template: '{titel}'}", "titel");
  refused("{name: p, type: pagerduty, secret_file: s, per_minute: 0}", "per_minute");
  refused("{name: m, type: mail, mail: {host: h, from: a@b, to: []}}", "to");
  refused("{name: m, type: mail, mail: {host: h, from: nobody, to: [a@b]}}", "from");
  refused("{name: m, type: mail, mail: {host: h.example, tls: none, from: a@b, to: [c@d]}}", "tls");
  CHECK_FALSE(Load("channels: []\n").ok());
  CHECK_FALSE(Load("channels:\n  - &a {name: p, type: pagerduty, secret_file: s}\n").ok());
  CHECK_FALSE(Load("channels:\n"
                   "  - {name: p, type: pagerduty, secret_file: s}\n"
                   "  - {name: p, type: pagerduty, secret_file: s}\n")
                  .ok());
}

TEST_CASE("Secrets come from files that others cannot read, and are in no message") {
  base::SimFiles files;
  auto config = *Load(kAll);
  const std::string hidden = "a-secret-that-nobody-may-see";
  REQUIRE(files.MakeDirs("/etc/secrets").ok());
  for (const char* name : {"t", "p", "w", "m"})
    REQUIRE(files.WriteAtomically(std::string("/etc/secrets/") + name, hidden + "\n", 0600).ok());
  for (const char* name : {"d", "s"})
    REQUIRE(files
                .WriteAtomically(std::string("/etc/secrets/") + name,
                                 "https://hooks.example/" + hidden + "\n", 0600)
                .ok());
  auto copy = config;
  REQUIRE(LoadSecrets(files, copy).ok());
  CHECK(copy.channels[0].secret == hidden);
  CHECK(copy.channels[1].url == "https://hooks.example/" + hidden);
  CHECK(copy.channels[5].mail.password == hidden);

  REQUIRE(files.WriteAtomically("/etc/secrets/d", "gopher://" + hidden + "\n", 0600).ok());
  copy = config;
  const absl::Status address = LoadSecrets(files, copy);
  CHECK(address.message().find("/etc/secrets/d") != std::string_view::npos);
  CHECK(address.message().find(hidden) == std::string_view::npos);
  REQUIRE(files.WriteAtomically("/etc/secrets/t", hidden + "\n", 0644).ok());
  copy = config;
  CHECK(absl::IsPermissionDenied(LoadSecrets(files, copy)));
}

}  // namespace
}  // namespace gannet::notify
