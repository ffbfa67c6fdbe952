// The newspaper as an RSS 2.0 feed.
#pragma once

#include <string>

#include "services/venue-sim/news_wire.h"

namespace gannet::venue_sim {

// Newest story first. `base_url` ("http://127.0.0.1:8080") begins the links.
std::string RssFeed(const NewsWire& news, std::string_view base_url, base::Time now);
// "Sat, 01 Jun 2024 00:00:00 GMT" (RFC 822 with four digits of the year).
std::string RssDate(base::Time time);

}  // namespace gannet::venue_sim
