#include "services/venue-sim/rss.h"

#include <array>
#include <chrono>
#include <cstdio>

namespace gannet::venue_sim {
namespace {

std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

void Element(std::string& xml, std::string_view name, std::string_view text) {
  xml += "<" + std::string(name) + ">" + Escaped(text) + "</" + std::string(name) + ">\n";
}

}  // namespace

std::string RssDate(base::Time time) {
  static constexpr std::array<const char*, 7> kDays{"Sun", "Mon", "Tue", "Wed",
                                                    "Thu", "Fri", "Sat"};
  static constexpr std::array<const char*, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::weekday weekday{day};
  const std::chrono::hh_mm_ss<base::Duration> clock{time - day};
  std::array<char, 64> buffer;
  const int length = std::snprintf(
      buffer.data(), buffer.size(), "%s, %02u %s %04d %02d:%02d:%02d GMT",
      kDays[weekday.c_encoding()], static_cast<unsigned>(date.day()),
      kMonths[static_cast<unsigned>(date.month()) - 1], static_cast<int>(date.year()),
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
      static_cast<int>(clock.seconds().count()));
  return std::string(buffer.data(), static_cast<size_t>(length));
}

std::string RssFeed(const NewsWire& news, std::string_view base_url, base::Time now) {
  const std::string base(base_url);
  std::string xml =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\">\n<channel>\n";
  Element(xml, "title", "Simulated newswire");
  Element(xml, "link", base + "/news");
  Element(xml, "description", "Made-up headlines of the simulated venue. Nothing in it happened.");
  Element(xml, "language", "en");
  Element(xml, "lastBuildDate",
          RssDate(news.stories().empty() ? now : news.stories().back().published));
  Element(xml, "ttl", "1");
  for (auto story = news.stories().rbegin(); story != news.stories().rend(); ++story) {
    const std::string number = std::to_string(story->number);
    xml += "<item>\n";
    Element(xml, "title", story->title);
    Element(xml, "link", base + "/news/" + number);
    Element(xml, "description", story->summary);
    xml += "<guid isPermaLink=\"false\">venue-sim-" + number + "</guid>\n";
    Element(xml, "pubDate", RssDate(story->published));
    xml += "</item>\n";
  }
  return xml + "</channel>\n</rss>\n";
}

}  // namespace gannet::venue_sim
