#include "apps/gannet/event_sorter.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "libs/base/rng.h"
#include "libs/base/sim_files.h"

namespace gannet::app {
namespace {

std::vector<std::string> Sorted(base::Files& files, size_t memory, size_t* runs) {
  base::Rng rng(3);
  EventSorter sorter(files, "scratch", memory);
  for (uint64_t i = 0; i < 2'000; ++i) {
    const auto time = static_cast<int64_t>(rng.Below(100));
    REQUIRE(sorter
                .Add({.time = time, .sequence = i},
                     std::string(rng.Below(300), 'x') + std::to_string(i))
                .ok());
  }
  REQUIRE(sorter.Finish().ok());
  *runs = sorter.runs();
  std::vector<std::string> all;
  EventKey before;
  for (;;) {
    const auto next = sorter.Next();
    REQUIRE(next.ok());
    if (!*next) return all;
    CHECK((all.empty() || before < (*next)->key));
    before = (*next)->key;
    all.push_back((*next)->bytes);
  }
}

TEST_CASE("EventSorter gives the same order from memory and from files, and cleans up") {
  base::SimFiles files;
  size_t none = 0, many = 0;
  const auto held = Sorted(files, 64u << 20, &none);
  const auto spilled = Sorted(files, 10'000, &many);
  CHECK(none == 0);
  CHECK(many > 10);
  CHECK(held.size() == 2'000);
  CHECK(held == spilled);
  CHECK(files.List("scratch")->empty());
}

TEST_CASE("EventSorter says what a full disk does not take") {
  base::SimFiles files;
  files.set_faults({.capacity_bytes = 1'000});
  EventSorter sorter(files, "scratch", 10'000);
  absl::Status status;
  for (uint64_t i = 0; i < 100 && status.ok(); ++i)
    status = sorter.Add({.sequence = i}, std::string(500, 'x'));
  CHECK(absl::IsResourceExhausted(status));
}

}  // namespace
}  // namespace gannet::app
