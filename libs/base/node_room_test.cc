#include "libs/base/node_room.h"

#include <catch2/catch_test_macros.hpp>
#include <map>
#include <string>
#include <utility>

namespace gannet::base {
namespace {

TEST_CASE("NodeRoom gives its nodes first and again, and the heap's beyond them") {
  using Node = std::pair<const int, std::string>;
  NodeRoom room = NodeRoom::ForMapOf<Node>(100);
  std::pmr::map<int, std::string> map(&room);
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 150; ++i) map.emplace(i, std::string(40, static_cast<char>('a' + i % 26)));
    for (int i = 0; i < 150; ++i) CHECK(map.at(i)[39] == static_cast<char>('a' + i % 26));
    for (int i = 0; i < 150; i += 1 + round) map.erase(i);
  }
  CHECK(map.size() == 100);
  void* large = room.allocate(10'000);
  room.deallocate(large, 10'000);
}

TEST_CASE("NodeRoom: what is given back is given next") {
  NodeRoom room(64, 2);
  void* first = room.allocate(64);
  void* second = room.allocate(64);
  void* third = room.allocate(64);  // of the heap
  room.deallocate(first, 64);
  CHECK(room.allocate(64) == first);
  room.deallocate(third, 64);
  room.deallocate(second, 64);
  room.deallocate(first, 64);
}

}  // namespace
}  // namespace gannet::base
