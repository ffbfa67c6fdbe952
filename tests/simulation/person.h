// What people who give orders in a simulated world have in common: orders of theirs that are
// open, and how they ask for something.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libs/base/rng.h"
#include "tests/simulation/platform_node.h"

namespace gannet::simulation {

class Person {
 public:
  Person(std::string name, uint64_t seed) : name_(std::move(name)), rng_(seed) {}

  // Placed by her, or in the place of such a one.
  std::vector<const execution::TrackedOrder*> OpenOrders(PlatformNode& platform) const;
  void Give(PlatformNode& platform, market::CommandKind kind, market::OrderRequest order);
  // Another order in the place of this one: some ticks away, smaller or larger.
  void Replace(PlatformNode& platform, const execution::TrackedOrder& order,
               const market::Instrument& definition);
  base::Rng& rng() { return rng_; }

 private:
  const std::string name_;
  base::Rng rng_;
  uint64_t given_ = 0;
};

// What so much of the quote asset buys.
market::Quantity Worth(const market::Instrument& definition, int64_t quote, market::Price price);

// An order and the one that took its place are never filled for more than the latter asked for,
// which includes what was filled before.
std::vector<std::string> CheckReplaced(const execution::ExecutionState& state);

}  // namespace gannet::simulation
