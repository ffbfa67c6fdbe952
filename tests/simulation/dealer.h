// What a platform's strategies never ask for, in a simulated world of another product than Binance
// spot: a person gives stop orders, trailing ones where the venue has them, orders that only
// reduce or take another's place, amendments and cancels. What she draws is her own: everything
// else of a seed is drawn as without her.
#pragma once

#include <cstdint>
#include <string>

#include "tests/simulation/person.h"
#include "tests/simulation/product.h"

namespace gannet::simulation {

class Dealer {
 public:
  Dealer(Product product, uint64_t seed)
      : product_(product), name_(NameOf(product)), dora_("dora", seed ^ 0x6465616c) {}
  // Every step of the world, while all of it runs.
  void Step(PlatformNode& platform);

 private:
  void Place(PlatformNode& platform);
  void Change(PlatformNode& platform, const execution::TrackedOrder& order);

  const Product product_;
  const std::string name_;
  Person dora_;
};

}  // namespace gannet::simulation
