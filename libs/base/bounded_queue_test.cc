#include "libs/base/bounded_queue.h"

#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <thread>
#include <vector>

namespace gannet::base {

TEST_CASE("BoundedQueue gives back in order, refuses when full, and counts it") {
  BoundedQueue<int> queue(2);
  CHECK(queue.TryPush(1));
  CHECK(queue.TryPush(2));
  CHECK_FALSE(queue.TryPush(3));
  CHECK(queue.refused() == 1);
  CHECK(queue.size() == 2);
  CHECK(queue.TryPop() == 1);
  CHECK(queue.Push(4));
  CHECK(queue.Pop() == 2);
  CHECK(queue.Pop() == 4);
  CHECK_FALSE(queue.TryPop());
}

TEST_CASE("BoundedQueue that is closed takes nothing and gives what it has") {
  BoundedQueue<int> queue(2);
  CHECK(queue.TryPush(1));
  queue.Close();
  CHECK_FALSE(queue.TryPush(2));
  CHECK_FALSE(queue.Push(2));
  CHECK(queue.refused() == 0);
  CHECK(queue.Pop() == 1);
  CHECK_FALSE(queue.Pop());
}

TEST_CASE("BoundedQueue holds what can only be moved") {
  BoundedQueue<std::unique_ptr<int>> queue(1);
  CHECK(queue.TryPush(std::make_unique<int>(5)));
  CHECK(**queue.Pop() == 5);
}

TEST_CASE("BoundedQueue loses and doubles nothing between threads") {
  constexpr int kProducers = 3, kEach = 5000;
  BoundedQueue<int> queue(16);
  std::vector<std::thread> producers;
  for (int p = 0; p < kProducers; ++p) {
    producers.emplace_back([&queue, p] {
      for (int i = 0; i < kEach; ++i) queue.Push(p * kEach + i);
    });
  }
  std::vector<int> next(kProducers, 0);
  int taken = 0;
  bool in_order = true;
  std::thread consumer([&] {
    while (const auto value = queue.Pop()) {
      ++taken;
      in_order = in_order && next[static_cast<size_t>(*value / kEach)]++ == *value % kEach;
    }
  });
  for (std::thread& producer : producers) producer.join();
  queue.Close();
  consumer.join();
  CHECK(taken == kProducers * kEach);
  CHECK(in_order);
  CHECK(queue.size() == 0);
}

TEST_CASE("BoundedQueue lets go of those who wait when it is closed") {
  BoundedQueue<int> full(1), empty(1);
  REQUIRE(full.TryPush(1));
  std::atomic<int> released{0};
  std::thread pusher([&] { released += !full.Push(2); });
  std::thread popper([&] { released += !empty.Pop().has_value(); });
  full.Close();
  empty.Close();
  pusher.join();
  popper.join();
  CHECK(released == 2);
}

}  // namespace gannet::base
