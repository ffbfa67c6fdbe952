#include "libs/base/record_ring.h"

#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>

#include "libs/base/rng.h"

namespace gannet::base {
namespace {

TEST_CASE("RecordRing keeps the newest that fit, by count and by bytes") {
  RecordRing<int> ring(3, 10);
  CHECK(ring.size() == 0);
  ring.Push(1, "aaaa");
  ring.Push(2, "bbbb");
  CHECK(ring.size() == 2);
  ring.Push(3, "cccc");  // lies at the beginning, where the first was
  REQUIRE(ring.size() == 2);
  CHECK(ring.tag(0) == 2);
  CHECK(ring.record(0) == "bbbb");
  CHECK(ring.record(1) == "cccc");
  ring.Push(4, "");
  ring.Push(5, "");
  REQUIRE(ring.size() == 3);
  CHECK(ring.tag(0) == 3);
  CHECK(ring.record(0) == "cccc");
}

TEST_CASE("RecordRing: a record that is larger than the ring leaves nothing before it") {
  RecordRing<int> ring(3, 4);
  ring.Push(1, "aaaa");
  ring.Push(2, "bbbbb");
  CHECK(ring.size() == 0);
  ring.Push(3, "cc");
  REQUIRE(ring.size() == 1);
  CHECK(ring.record(0) == "cc");
}

TEST_CASE("RecordRing: whatever comes, what it holds is the end of what came") {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    Rng rng(seed);
    RecordRing<size_t> ring(8, 100);
    std::deque<std::string> came;
    for (size_t i = 0; i < 2'000; ++i) {
      came.push_back(std::string(rng.Below(seed % 2 == 0 ? 30 : 110), static_cast<char>(i)));
      ring.Push(i, came.back());
      size_t bytes = 0;
      for (size_t k = 0; k < ring.size(); ++k) {
        const size_t number = came.size() - ring.size() + k;
        REQUIRE(ring.tag(k) == number);
        REQUIRE(ring.record(k) == came[number]);
        bytes += ring.record(k).size();
      }
      REQUIRE(bytes <= 100);
      REQUIRE((ring.size() > 0 || came.back().size() > 100));
    }
  }
}

}  // namespace
}  // namespace gannet::base
