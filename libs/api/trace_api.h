// gannet.report.v1.ReportService/TraceFill: a fill back to the headline or tick that
// caused it. Of what was on the bus since the process
// began; what is older is in the journal.
//
// Bounded: the newest kKeptSteps or kKeptBytes of them, in memory that is taken at the start.
// Executor's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/record_ring.h"
#include "libs/bus/bus.h"
#include "libs/bus/topic.h"
#include "libs/market/header.h"
#include "libs/rpc/server.h"

namespace gannet::report::v1 {
class TraceStep;
}

namespace gannet::api {

class TraceApi {
 public:
  static constexpr size_t kKeptSteps = 5'000;
  static constexpr size_t kKeptBytes = 1u << 20;
  static constexpr size_t kMaxSteps = 32;  // of one chain

  TraceApi(rpc::Server& server, bus::Bus& bus);

 private:
  enum class Kind : uint8_t { kCause, kIntent, kDecision, kJournaled, kFill };
  // What an event is to a trace; nothing if its summary stays empty.
  struct Heard {
    Kind kind = Kind::kCause;
    std::string summary;
    market::EventId because;  // the step before, if the event itself names it
    std::string order;        // client order id; may be empty
    std::string fill;         // "account|instrument|trade"; may be empty
  };
  // How a step is found; the step itself is kept as it is answered, encoded.
  struct Step {
    Kind kind = Kind::kCause;
    market::EventId id, because;
    size_t order = 0, fill = 0;  // hashes; 0: none
  };
  template <class T, class Make>
  void Hear(const bus::Topic<T>& topic, Make make);
  void Keep(std::string_view topic, const market::Header& header, const Heard& heard);
  // The place of the newest such step. Looks through all: seldom asked for, and a moment.
  template <class Match>
  std::optional<size_t> Newest(Match match) const;
  std::optional<size_t> Newest(Kind kind, size_t order) const;
  // Topics come in any order: the steps of an order are put together when asked for.
  std::optional<size_t> Before(const Step& step) const;
  std::vector<report::v1::TraceStep> ChainOf(size_t fill) const;

  bus::Bus& bus_;
  base::RecordRing<Step> steps_;
  std::vector<std::unique_ptr<bus::Subscription>> subscriptions_;
};

}  // namespace gannet::api
