#include "services/ingest/news_config.h"

#include <set>

#include "libs/net/network.h"

namespace gannet::ingest {
namespace {

using namespace std::chrono_literals;

constexpr size_t kMaxSources = 200;

// Part of an input port's name, of a topic key and of log lines.
void CheckName(config::Section& in, const std::string& name) {
  const bool plain =
      !name.empty() && name.size() <= 40 &&
      name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_.") == std::string::npos;
  if (!plain) in.Problem("name", "must be 1 to 40 of a-z 0-9 - _ .");
}

void ReadFeed(config::Section& in, NewsFeedConfig& out) {
  in.Required("name", out.name);
  in.Required("url", out.url);
  in.Optional("interval", out.interval, config::Between(base::Duration(1s), base::Duration(24h)));
  CheckName(in, out.name);
  const absl::StatusOr<net::Url> url = net::Url::Parse(out.url);
  if (!url.ok() || (url->scheme != "http" && url->scheme != "https"))
    in.Problem("url", "must be an http or https address");
}

void ReadFile(config::Section& in, NewsFileConfig& out) {
  in.Required("name", out.name);
  in.Required("path", out.path);
  in.Optional("interval", out.interval, config::Between(base::Duration(100ms), base::Duration(1h)));
  CheckName(in, out.name);
}

void ReadWebhook(config::Section& in, NewsWebhookConfig& out) {
  in.Required("name", out.name);
  in.Optional("address", out.address);
  in.Optional("port", out.port);
  in.RequiredPath("secret_file", out.secret_file);
  in.OptionalPath("certificate_file", out.certificate_file);
  in.OptionalPath("key_file", out.key_file);
  in.Optional("max_per_minute", out.max_per_minute,
              config::Between(uint64_t{1}, uint64_t{100'000}));
  CheckName(in, out.name);
  if (out.certificate_file.empty() != out.key_file.empty())
    in.Problem("key_file", "certificate_file and key_file belong together");
  if (out.address != "127.0.0.1" && out.certificate_file.empty()) {
    in.Problem("address", "other than 127.0.0.1 needs certificate_file and key_file");
  }
}

}  // namespace

void Read(config::Section& in, NewsConfig& out) {
  in.Items("feeds", out.feeds, ReadFeed, {.max = kMaxSources});
  in.Items("files", out.files, ReadFile, {.max = kMaxSources});
  in.OptionalSection("webhook", out.webhook, ReadWebhook);
  in.Optional("max_age", out.max_age,
              config::Between(base::Duration(0s), base::Duration(365 * 24h)));
  config::ByteSize bytes{out.limits.max_bytes};
  in.Optional("max_feed_size", bytes,
              config::Between(config::ByteSize{1u << 10}, config::ByteSize{64u << 20}));
  out.limits.max_bytes = bytes.value;
  in.Optional("max_feed_items", out.limits.max_entries,
              config::Between(uint64_t{1}, uint64_t{10'000}));
  std::set<std::string> names;
  for (const NewsFeedConfig& feed : out.feeds) {
    if (!names.insert("rss:" + feed.name).second)
      in.Problem("feeds", "the name " + feed.name + " stands twice");
  }
  for (const NewsFileConfig& file : out.files) {
    if (!names.insert("file:" + file.name).second)
      in.Problem("files", "the name " + file.name + " stands twice");
  }
}

}  // namespace gannet::ingest
