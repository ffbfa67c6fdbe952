// Headlines and what is made of them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libs/base/time.h"
#include "libs/market/header.h"
#include "libs/market/ids.h"

namespace gannet::market {

struct NewsItem {         // news.raw
  std::string source;     // "rss:coindesk"
  std::string source_id;  // the source's own id of the item (guid, Atom id, URL)
  std::string url;        // canonical
  std::string title;      // UTF-8, markup removed
  std::string summary;
  std::string language;  // as stated by the source; may be empty
  base::Time published;  // as stated; equals received when absent or in the future
  base::Time received;
  bool published_stated = false;
  bool operator==(const NewsItem&) const = default;
};

enum class NewsEventType : uint8_t {
  kNone = 1,
  kFedSpeech,
  kPoliticalPost,
  kHack,
  kRegulation,
  kPartnership,
  kTechnical,
};

// How an item stands to earlier ones in the window.
enum class NewsRelation : uint8_t {
  kOriginal = 1,
  kRepeat,      // the same story again, from this or another source
  kCorrection,  // replaces `original`: corrected, updated, clarified
  kRetraction,  // takes `original` back
};

struct Entity {
  std::string id;       // dictionary id: "coin:BTC", "company:coinbase", "person:…"
  std::string text;     // as found
  uint32_t offset = 0;  // bytes into the title
  int32_t sentiment_ppm = 0;
  bool operator==(const Entity&) const = default;
};

// Scores are parts per million, quantised before they are recorded: consumers
// decide on the record (docs/ARCHITECTURE.md, determinism).
struct NewsSignal {  // news.signals
  EventId item;      // the news.raw event
  std::string title;
  std::string source;
  std::string source_id;  // of the item: exact repeats are told by (source, source_id)
  NewsEventType type = NewsEventType::kNone;
  uint32_t type_probability_ppm = 0;
  int32_t sentiment_ppm = 0;    // -1,000,000 to 1,000,000
  uint32_t novelty_ppm = 0;     // 1,000,000: nothing like it in the window
  uint32_t confidence_ppm = 0;  // calibrated probability that type is right
  NewsRelation relation = NewsRelation::kOriginal;
  // The earlier item meant, the first of its story; empty of kOriginal, and of a retraction
  // whose story is not known.
  EventId original;
  std::vector<Entity> entities;
  std::vector<InstrumentId> instruments;  // that the entities map to, sorted
  std::string classifier_version;
  std::string dictionary_version;
  base::Duration latency{0};  // received → signal, engine time
  bool operator==(const NewsSignal&) const = default;
};

}  // namespace gannet::market
