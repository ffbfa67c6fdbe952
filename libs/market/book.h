// One instrument's order book by price level, best first.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "libs/market/price.h"

namespace gannet::market {

struct Level {
  Price price;
  Quantity quantity;
  bool operator==(const Level&) const = default;
};

class Book {
 public:
  void Clear();
  // Quantity 0 removes the level.
  void Set(Side side, Price price, Quantity quantity);

  std::optional<Level> best(Side side) const;
  // Levels from the best outward; index 0 is the best.
  size_t depth(Side side) const { return levels(side).size(); }
  Level level(Side side, size_t index) const {
    return levels(side)[levels(side).size() - 1 - index];
  }
  Quantity quantity_at(Side side, Price price) const;
  bool empty() const { return bids_.empty() && asks_.empty(); }
  // Best bid at or above best ask.
  bool crossed() const;

 private:
  const std::vector<Level>& levels(Side side) const { return side == Side::kBuy ? bids_ : asks_; }

  // Worst first, so that changes near the best move little.
  std::vector<Level> bids_;  // ascending price
  std::vector<Level> asks_;  // descending price
};

}  // namespace gannet::market
