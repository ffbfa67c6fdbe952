// What a platform's strategies never ask for, in a simulated world of another product than Binance
// spot: a person gives stop orders, trailing ones where the venue has them, orders that only
// reduce, amendments and cancels. What she draws is her own: everything else of a seed is drawn
// as without her.
#pragma once

#include <cstdint>
#include <string>

#include "libs/base/rng.h"
#include "tests/simulation/platform_node.h"
#include "tests/simulation/product.h"

namespace gannet::simulation {

class Dealer {
 public:
  Dealer(Product product, uint64_t seed)
      : product_(product), name_(NameOf(product)), rng_(seed ^ 0x6465616c) {}
  // Every step of the world, while all of it runs.
  void Step(PlatformNode& platform);

 private:
  void Give(PlatformNode& platform, market::CommandKind kind, market::OrderRequest order);
  void Place(PlatformNode& platform);
  void Change(PlatformNode& platform, const execution::TrackedOrder& order);

  const Product product_;
  const std::string name_;
  base::Rng rng_;
  uint64_t given_ = 0;
};

}  // namespace gannet::simulation
