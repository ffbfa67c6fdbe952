#include "libs/market/book.h"

#include <catch2/catch_test_macros.hpp>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "libs/base/property_suite.h"

namespace gannet::market {
namespace {

constexpr Price P(int64_t mantissa) { return Price{mantissa}; }
constexpr Quantity Q(int64_t mantissa) { return Quantity{mantissa}; }

}  // namespace

TEST_CASE("Book gives levels from the best outward") {
  Book book;
  CHECK(book.empty());
  CHECK_FALSE(book.best(Side::kBuy));
  CHECK_FALSE(book.crossed());
  book.Set(Side::kBuy, P(99), Q(1));
  book.Set(Side::kBuy, P(100), Q(2));
  book.Set(Side::kBuy, P(98), Q(3));
  book.Set(Side::kSell, P(102), Q(4));
  book.Set(Side::kSell, P(101), Q(5));
  CHECK(book.best(Side::kBuy) == Level{P(100), Q(2)});
  CHECK(book.best(Side::kSell) == Level{P(101), Q(5)});
  CHECK(book.depth(Side::kBuy) == 3);
  CHECK(book.level(Side::kBuy, 2) == Level{P(98), Q(3)});
  CHECK(book.level(Side::kSell, 1) == Level{P(102), Q(4)});
  CHECK(book.quantity_at(Side::kBuy, P(99)) == Q(1));
  CHECK(book.quantity_at(Side::kSell, P(99)) == Q(0));
  CHECK_FALSE(book.crossed());
}

TEST_CASE("Book replaces and removes levels") {
  Book book;
  book.Set(Side::kSell, P(10), Q(1));
  book.Set(Side::kSell, P(10), Q(7));
  CHECK(book.depth(Side::kSell) == 1);
  CHECK(book.quantity_at(Side::kSell, P(10)) == Q(7));
  book.Set(Side::kSell, P(11), Q(0));  // not there
  book.Set(Side::kSell, P(10), Q(0));
  CHECK(book.empty());
  book.Set(Side::kBuy, P(1), Q(1));
  book.Clear();
  CHECK(book.empty());
}

TEST_CASE("Book is crossed when the best bid reaches the best ask") {
  Book book;
  book.Set(Side::kBuy, P(10), Q(1));
  book.Set(Side::kSell, P(11), Q(1));
  CHECK_FALSE(book.crossed());
  book.Set(Side::kBuy, P(11), Q(1));
  CHECK(book.crossed());
  book.Set(Side::kBuy, P(12), Q(1));
  CHECK(book.crossed());
}

TEST_CASE("Book is what two sorted maps are") {
  CHECK(base::Holds("book", [] {
    Book book;
    std::map<int64_t, int64_t, std::greater<>> bids;
    std::map<int64_t, int64_t> asks;
    for (int i = *rc::gen::inRange(0, 200); i > 0; --i) {
      const auto price = *rc::gen::inRange<int64_t>(-20, 20),
                 quantity = *rc::gen::inRange<int64_t>(0, 4);
      const bool buy = *rc::gen::arbitrary<bool>();
      book.Set(buy ? Side::kBuy : Side::kSell, P(price), Q(quantity));
      const auto set = [&](auto& levels) {
        if (quantity == 0) {
          levels.erase(price);
        } else {
          levels[price] = quantity;
        }
      };
      if (buy) {
        set(bids);
      } else {
        set(asks);
      }
    }
    const auto same = [&](Side side, const auto& levels) {
      RC_ASSERT(book.depth(side) == levels.size());
      size_t index = 0;
      for (const auto& [price, quantity] : levels) {
        RC_ASSERT((book.level(side, index++) == Level{P(price), Q(quantity)}));
        RC_ASSERT(book.quantity_at(side, P(price)) == Q(quantity));
      }
      for (int64_t price = -21; price <= 21; ++price) {
        RC_ASSERT(book.quantity_at(side, P(price)).mantissa ==
                  (levels.count(price) ? levels.at(price) : 0));
      }
    };
    same(Side::kBuy, bids);
    same(Side::kSell, asks);
    RC_ASSERT(book.crossed() ==
              (!bids.empty() && !asks.empty() && bids.begin()->first >= asks.begin()->first));
  }));
}

}  // namespace gannet::market
