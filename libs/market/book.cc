#include "libs/market/book.h"

#include <algorithm>

namespace gannet::market {

void Book::Clear() {
  bids_.clear();
  asks_.clear();
}

void Book::Set(Side side, Price price, Quantity quantity) {
  std::vector<Level>& levels = side == Side::kBuy ? bids_ : asks_;
  const auto worse = [side](const Level& level, Price at) {
    return side == Side::kBuy ? level.price < at : level.price > at;
  };
  const auto found = std::lower_bound(levels.begin(), levels.end(), price, worse);
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
  for (size_t i = 0; i < depth(side); ++i) {
    const Level at = level(side, i);
    if (at.price == price) return at.quantity;
    if (side == Side::kBuy ? at.price < price : at.price > price) break;
  }
  return Quantity{};
}

bool Book::crossed() const {
  return !bids_.empty() && !asks_.empty() && bids_.back().price >= asks_.back().price;
}

}  // namespace gannet::market
