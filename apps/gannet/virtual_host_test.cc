#include "apps/gannet/virtual_host.h"

#include <catch2/catch_test_macros.hpp>
#include <functional>

#include "libs/base/sim_files.h"

namespace gannet::app {
namespace {

using namespace std::chrono_literals;

TEST_CASE("What the executor owes the shard comes in time also in a long silence") {
  const base::Time start = base::ParseRfc3339("2026-01-01T00:00:00Z").value();
  for (const base::Duration silence :
       {base::Duration(30min), base::Duration(90min), base::Duration(2h), base::Duration(5h)}) {
    base::SimFiles files;
    VirtualHost host(
        files, [](std::string_view) {}, {.name = "test"}, start);
    // A question every ten seconds, answered 20 ms later, as orders are by a venue.
    int asked = 0, open = 0, most_open = 0;
    std::function<void(const market::Header&)> ask = [&](const market::Header&) {
      ++asked;
      most_open = std::max(most_open, ++open);
      host.executor().After(20ms, [&open] { --open; });
      host.shard().After(10s, ask);
    };
    host.shard().Resume(start);
    host.shard().After(10s, ask);
    host.RunUntil(start + silence);
    const base::Duration lived = std::min<base::Duration>(silence, runtime::Shard::kMostCatchUp);
    CHECK(most_open == 1);
    CHECK(asked == lived / 10s + (silence > lived ? 1 : 0));
    CHECK(host.shard().stats().leaps == (silence > lived ? 1u : 0u));
  }
}

}  // namespace
}  // namespace gannet::app
