// The venue's own newspaper: headlines put together from phrases and names, each
// with an event type, a direction and an impact that the agents trade on. It is
// fiction by design and says so in its feed; it names coins and institutions,
// never people.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "libs/base/rng.h"
#include "libs/base/time.h"
#include "libs/market/news.h"
#include "libs/wire/canonical.h"
#include "services/venue-sim/agents.h"

namespace gannet::venue_sim {

struct Story {
  uint64_t number = 0;  // guid
  base::Time published;
  market::NewsEventType type = market::NewsEventType::kNone;
  std::string title, summary;
  Shock shock;  // impact 0: moves nothing
};

class NewsWire {
 public:
  static constexpr size_t kStoriesKept = 60;

  // One story every `mean_interval` on average; 0: none.
  NewsWire(uint64_t seed, base::Duration mean_interval);

  // At most one story a step; kept in stories().
  std::optional<Story> Step(base::Time now, base::Duration elapsed);
  const std::deque<Story>& stories() const { return stories_; }  // oldest first
  void set_mean_interval(base::Duration interval) { mean_interval_ = interval; }
  // The next story whatever the time: for tests and for a first page.
  Story Compose(base::Time now);

  void Save(wire::CanonicalWriter& writer) const;
  void Load(wire::CanonicalReader& reader);

 private:
  base::Rng rng_;
  base::Duration mean_interval_;
  uint64_t last_number_ = 0;
  std::deque<Story> stories_;
};

}  // namespace gannet::venue_sim
