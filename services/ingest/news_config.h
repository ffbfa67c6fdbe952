// Settings of the news sources.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libs/base/time.h"
#include "libs/config/config.h"
#include "services/ingest/feed_parser.h"

namespace gannet::ingest {

struct NewsFeedConfig {  // RSS, Atom or JSON lines over HTTP
  std::string name;      // items come from "rss:<name>"
  std::string url;
  base::Duration interval = std::chrono::seconds(60);
};

struct NewsFileConfig {  // JSON lines that another program appends to a file
  std::string name;      // items come from "file:<name>"
  std::string path;
  base::Duration interval = std::chrono::seconds(1);
};

struct NewsWebhookConfig {  // JSON lines by signed POST; items come from "webhook:<name>"
  std::string name;         // empty: no webhook
  std::string address = "127.0.0.1";
  uint16_t port = 0;
  std::string secret_file;  // at least 16 bytes, the text without its last line break
  std::string certificate_file, key_file;
  uint64_t max_per_minute = 600;  // requests
};

struct NewsConfig {
  std::vector<NewsFeedConfig> feeds;
  std::vector<NewsFileConfig> files;
  NewsWebhookConfig webhook;
  base::Duration max_age =
      std::chrono::hours(48);  // older items are counted and left out; 0: none is too old
  FeedLimits limits;
};

void Read(config::Section& in, NewsConfig& out);

}  // namespace gannet::ingest
