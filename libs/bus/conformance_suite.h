// What every implementation of Bus must do, as a suite that runs on any of them:
//
//   TEST_CASE("MemoryBus does what every bus must do") {
//     bus::CheckConformance([] { return std::make_unique<MemoryHarness>(); });
//   }
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "libs/bus/bus.h"
#include "libs/bus/dead_letter.h"

namespace gannet::bus {

// One bus under test, empty at first.
class BusHarness {
 public:
  virtual ~BusHarness() = default;
  virtual Bus& bus() = 0;
  // Runs until nothing more happens by itself: everything that can be delivered
  // has been.
  virtual void Settle() = 0;
  // Of every topic; at least 2.
  virtual uint32_t partitions() const = 0;
  // The most events of a kBlock topic that the bus takes while a group of one
  // partition acknowledges nothing and Congest(true) holds. At least 20, at most some
  // thousands.
  virtual size_t backlog_limit() const = 0;
  // Whatever keeps the bus from passing events on to where it keeps them: a broker
  // that does not answer. Nothing, where there is no such thing.
  virtual void Congest(bool on) = 0;
  virtual absl::Status Resolve(const TopicInfo& topic, Position position,
                               Resolution resolution) = 0;
  virtual std::vector<DeadLetter> DeadLetters(const TopicInfo& topic) = 0;
};

// To be called inside a TEST_CASE; each check is a section of it with a bus of its
// own.
void CheckConformance(const std::function<std::unique_ptr<BusHarness>()>& make);

}  // namespace gannet::bus
