// From headlines to signals: is it new, whom does it speak of, what happened, how
// does it sound, how sure is that.
//
// Deciding changes nothing; applying a signal remembers its story. After a restart
// the window of stories is rebuilt from the recorded signals alone.
//
// Pure: engine time comes in, facts go out. Single-threaded.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/time.h"
#include "libs/market/header.h"
#include "libs/market/instrument.h"
#include "libs/market/news.h"
#include "libs/wire/canonical.h"
#include "services/news-signal/classifier.h"
#include "services/news-signal/config.h"
#include "services/news-signal/story_window.h"

namespace gannet::news_signal {

inline constexpr size_t kMaxSignalInstruments = 64;
inline constexpr size_t kMaxSignalEntities = 32;

enum class Verdict : uint8_t {
  kSignal = 1,
  kSeenBefore,  // the same item again, word for word
  kMinorEdit,   // the same item with a change that does not matter
  kEmpty,       // no title
};

struct Decision {
  Verdict verdict = Verdict::kSignal;
  market::NewsSignal signal;  // with kSignal
};

class NewsSignalEngine {
 public:
  NewsSignalEngine(const NewsSignalConfig& config, std::shared_ptr<const Classifier> classifier);

  Decision Decide(const market::Event<market::NewsItem>& item, base::Time now) const;
  void Apply(const market::Event<market::NewsSignal>& signal);
  void ApplyInstrument(const market::Instrument& instrument);

  void Save(wire::CanonicalWriter& out) const { window_.Save(out); }
  absl::Status Load(wire::CanonicalReader& in) { return window_.Load(in); }

  const StoryWindow& window() const { return window_; }

 private:
  struct Relation {
    market::NewsRelation relation = market::NewsRelation::kOriginal;
    market::EventId original;
    uint32_t novelty_ppm = 1'000'000;
  };
  Relation Relate(const market::NewsItem& item, const Reading& reading, const Fingerprint& print,
                  const Story* same_id) const;
  std::vector<market::InstrumentId> InstrumentsOf(
      const std::vector<market::Entity>& entities) const;

  const NewsSignalConfig config_;
  const std::shared_ptr<const Classifier>
      classifier_;  // shared with the process's other users of it
  StoryWindow window_;
  std::map<std::string, std::set<market::InstrumentId>>
      instruments_;  // by base asset; trading ones
};

}  // namespace gannet::news_signal
