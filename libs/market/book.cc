#include "libs/market/book.h"

#include <algorithm>

namespace gannet::market {
namespace {

// The order of the vectors: worst level first.
struct Worse {
  Side side;
  bool operator()(const Level& level, Price price) const {
    return side == Side::kBuy ? level.price < price : level.price > price;
  }
};

}  // namespace

void Book::Clear() {
  bids_.clear();
  asks_.clear();
}

void Book::Set(Side side, Price price, Quantity quantity) {
  std::vector<Level>& levels = side == Side::kBuy ? bids_ : asks_;
  const auto found = std::lower_bound(levels.begin(), levels.end(), price, Worse{side});
  const bool present = found != levels.end() && found->price == price;
  if (quantity.mantissa == 0) {
    if (present) levels.erase(found);
  } else if (present) {
    found->quantity = quantity;
  } else {
    levels.insert(found, Level{price, quantity});
  }
}

std::optional<Level> Book::best(Side side) const {
  const auto& all = levels(side);
  if (all.empty()) return std::nullopt;
  return all.back();
}

Quantity Book::quantity_at(Side side, Price price) const {
  const std::vector<Level>& all = levels(side);
  const auto found = std::lower_bound(all.begin(), all.end(), price, Worse{side});
  return found != all.end() && found->price == price ? found->quantity : Quantity{};
}

bool Book::crossed() const {
  return !bids_.empty() && !asks_.empty() && bids_.back().price >= asks_.back().price;
}

}  // namespace gannet::market
