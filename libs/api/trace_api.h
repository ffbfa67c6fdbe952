// gannet.report.v1.ReportService/TraceFill: a fill back to the headline or tick that
// caused it. Of what was on the bus since the process
// began; what is older is in the journal.
//
// Bounded: the newest kKeptEvents. Executor's thread.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libs/bus/bus.h"
#include "libs/bus/topic.h"
#include "libs/market/header.h"
#include "libs/rpc/server.h"

namespace gannet::api {

class TraceApi {
 public:
  static constexpr size_t kKeptEvents = 5'000;
  static constexpr size_t kMaxSteps = 32;

  TraceApi(rpc::Server& server, bus::Bus& bus);

 private:
  struct Step {
    market::Header header;
    std::string_view topic;
    std::string summary;
    market::EventId because;  // the step before, if the event itself names it
    std::string order;        // client order id; may be empty
    std::string fill;         // its key in fills_; may be empty
  };
  // What became of one order so far.
  struct Order {
    market::EventId intent, decision, journaled;
    uint32_t steps = 0;  // of it that are kept
  };
  template <class T, class Make>
  void Hear(const bus::Topic<T>& topic, Make make);
  void Keep(Step step);
  // Topics come in any order: the steps of an order are put together when asked for.
  market::EventId Before(const Step& step) const;
  std::vector<const Step*> ChainOf(const market::EventId& fill) const;

  bus::Bus& bus_;
  std::map<market::EventId, Step> steps_;
  std::deque<market::EventId> in_order_;
  std::map<std::string, Order> orders_;           // by client order id
  std::map<std::string, market::EventId> fills_;  // "account|instrument|trade"
  std::vector<std::unique_ptr<bus::Subscription>> subscriptions_;
};

}  // namespace gannet::api
