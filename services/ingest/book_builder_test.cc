#include "services/ingest/book_builder.h"

#include <rapidcheck.h>

#include <catch2/catch_test_macros.hpp>
#include <map>

namespace gannet::ingest {
namespace {

using market::BookFault;
using market::BookState;
using market::Level;
using market::Side;

// How diffs continue.
constexpr bool kSpot = false, kFutures = true;

BookDiff Diff(uint64_t first, uint64_t last, std::optional<uint64_t> previous = std::nullopt,
              std::vector<Level> bids = {}, std::vector<Level> asks = {}) {
  BookDiff diff;
  diff.first_id = first;
  diff.last_id = last;
  diff.previous_id = previous;
  diff.event_time = base::FromUnixMillis(1);
  diff.receive_time = base::FromUnixMillis(2);
  diff.bids = std::move(bids);
  diff.asks = std::move(asks);
  return diff;
}

const BookSnapshot kSnapshot{100, {{{50}, {5}}, {{49}, {4}}}, {{{51}, {6}}, {{52}, {7}}}};

}  // namespace

TEST_CASE("BookBuilder splices a spot snapshot into the diffs around it") {
  BookBuilder builder(kSpot);
  CHECK(builder.OnDiff(Diff(90, 95)).empty());
  CHECK(builder.OnDiff(Diff(96, 100)).empty());  // u = lastUpdateId: older
  CHECK(builder.OnDiff(Diff(101, 105, {}, {{{50}, {9}}})).empty());
  CHECK(builder.state() == BookState::kInvalid);
  CHECK(builder.fault() == BookFault::kNoSnapshot);
  const auto changes = builder.OnSnapshot(kSnapshot);
  REQUIRE(changes.size() == 2);
  CHECK(changes[0].snapshot);
  CHECK(changes[0].last_id == 100);
  CHECK(changes[0].bids == std::vector<Level>{{{50}, {5}}, {{49}, {4}}});
  CHECK_FALSE(changes[1].snapshot);
  CHECK(changes[1].first_id == 101);
  CHECK(changes[1].best_bid == Level{{50}, {9}});
  CHECK(changes[1].diffs_since_snapshot == 1);
  CHECK(builder.state() == BookState::kValid);
  CHECK(builder.counters().older == 2);
  CHECK(builder.counters().applied == 1);
  CHECK(builder.counters().diffs == 3);
  CHECK(builder.OnDiff(Diff(106, 106)).size() == 1);
}

TEST_CASE("BookBuilder lets the first spot diff span the snapshot") {
  for (const auto& [first, last, fits] :
       {std::tuple{98, 105, true}, {101, 101, true}, {100, 101, true}, {102, 103, false}}) {
    BookBuilder builder(kSpot);
    builder.OnDiff(Diff(static_cast<uint64_t>(first), static_cast<uint64_t>(last)));
    const auto changes = builder.OnSnapshot(kSnapshot);
    INFO(first << " " << last);
    CHECK((builder.state() == BookState::kValid) == fits);
    CHECK(changes.empty() == !fits);
    CHECK(builder.counters().snapshots_too_old == (fits ? 0 : 1));
    CHECK(builder.buffered() == (fits ? 0 : 1));
  }
}

TEST_CASE("BookBuilder waits for a newer snapshot when the first is too old") {
  BookBuilder builder(kSpot);
  builder.OnDiff(Diff(150, 160));
  CHECK(builder.OnSnapshot(kSnapshot).empty());
  BookSnapshot newer = kSnapshot;
  newer.last_update_id = 155;
  CHECK(builder.OnSnapshot(newer).size() == 2);
  CHECK(builder.last_update_id() == 160);
}

TEST_CASE("BookBuilder is VALID with a snapshot alone; the next diff must link to it") {
  BookBuilder linked(kSpot), broken(kSpot);
  CHECK(linked.OnSnapshot(kSnapshot).size() == 1);
  CHECK(linked.OnDiff(Diff(99, 100)).empty());  // late, older
  CHECK(linked.counters().older == 1);
  CHECK(linked.OnDiff(Diff(99, 103)).size() == 1);
  broken.OnSnapshot(kSnapshot);
  const auto changes = broken.OnDiff(Diff(105, 106));
  REQUIRE(changes.size() == 1);
  CHECK(changes[0].invalid);
  CHECK(changes[0].fault == BookFault::kGap);
  CHECK(broken.buffered() == 1);
}

TEST_CASE("BookBuilder splices futures by range or by pu") {
  SECTION("u below lastUpdateId is older, u equal to it spans") {
    BookBuilder builder(kFutures);
    builder.OnDiff(Diff(80, 99, 70));
    builder.OnDiff(Diff(95, 100, 99));
    CHECK(builder.OnSnapshot(kSnapshot).size() == 2);
    CHECK(builder.counters().older == 1);
    CHECK(builder.OnDiff(Diff(140, 150, 100)).size() == 1);
  }
  SECTION("range") {
    BookBuilder builder(kFutures);
    builder.OnDiff(Diff(95, 130, 94));
    CHECK(builder.OnSnapshot(kSnapshot).size() == 2);
    CHECK(builder.last_update_id() == 130);
  }
  SECTION("pu only: the diff begins above the snapshot") {
    BookBuilder builder(kFutures);
    builder.OnDiff(Diff(140, 150, 100));
    CHECK(builder.OnSnapshot(kSnapshot).size() == 2);
  }
  SECTION("neither: too old") {
    BookBuilder builder(kFutures);
    builder.OnDiff(Diff(140, 150, 120));
    CHECK(builder.OnSnapshot(kSnapshot).empty());
    CHECK(builder.state() == BookState::kInvalid);
  }
  SECTION("a futures diff without pu cannot link by it") {
    BookBuilder builder(kFutures);
    builder.OnSnapshot(kSnapshot);
    builder.OnDiff(Diff(99, 110, 98));
    CHECK(builder.OnDiff(Diff(111, 112)).at(0).fault == BookFault::kGap);
  }
}

TEST_CASE("BookBuilder finds gaps: spot by U, futures by pu") {
  BookBuilder spot(kSpot), futures(kFutures);
  spot.OnSnapshot(kSnapshot);
  spot.OnDiff(Diff(101, 110));
  CHECK(spot.OnDiff(Diff(111, 120)).size() == 1);
  CHECK(spot.OnDiff(Diff(122, 130)).at(0).fault == BookFault::kGap);
  CHECK(spot.book().empty());
  CHECK(spot.counters().gaps == 1);
  CHECK(spot.OnDiff(Diff(131, 135)).empty());  // kept for the next snapshot
  CHECK(spot.buffered() == 2);
  futures.OnSnapshot(kSnapshot);
  futures.OnDiff(Diff(99, 110, 98));
  CHECK(futures.OnDiff(Diff(170, 180, 110)).at(0).invalid == false);
  CHECK(futures.OnDiff(Diff(190, 200, 181)).at(0).fault == BookFault::kGap);
  BookSnapshot again = kSnapshot;
  again.last_update_id = 195;
  CHECK(futures.OnSnapshot(again).size() == 2);
  CHECK(futures.state() == BookState::kValid);
}

TEST_CASE("BookBuilder drops what two overlapping connections repeat") {
  BookBuilder spot(kSpot), futures(kFutures);
  spot.OnSnapshot(kSnapshot);
  spot.OnDiff(Diff(101, 110));
  CHECK(spot.OnDiff(Diff(101, 110)).empty());
  CHECK(spot.OnDiff(Diff(105, 112)).size() == 1);  // overlaps: absolute quantities, harmless
  CHECK(spot.counters().repeated == 1);
  CHECK(spot.counters().overlapping == 1);
  futures.OnSnapshot(kSnapshot);
  futures.OnDiff(Diff(100, 110, 99));
  CHECK(futures.OnDiff(Diff(100, 110, 99)).empty());
  CHECK(futures.state() == BookState::kValid);
  CHECK(futures.OnDiff(Diff(111, 120, 110)).size() == 1);
}

TEST_CASE("BookBuilder refuses crossed books") {
  BookBuilder builder(kSpot);
  BookSnapshot crossed = kSnapshot;
  crossed.bids.push_back({{51}, {1}});
  const auto refused = builder.OnSnapshot(crossed);
  REQUIRE(refused.size() == 1);
  CHECK(refused[0].fault == BookFault::kCrossed);
  CHECK(builder.state() == BookState::kInvalid);
  builder.OnSnapshot(kSnapshot);
  CHECK(builder.state() == BookState::kValid);
  const auto after = builder.OnDiff(Diff(101, 102, {}, {{{52}, {1}}}));
  REQUIRE(after.size() == 1);
  CHECK(after[0].invalid);
  CHECK(after[0].fault == BookFault::kCrossed);
  CHECK(builder.book().empty());
}

TEST_CASE("BookBuilder: disconnect drops everything, stale resumes where diffs continue") {
  BookBuilder builder(kSpot);
  builder.OnSnapshot(kSnapshot);
  builder.OnDiff(Diff(101, 110));
  const auto stale = builder.Invalidate(BookFault::kStale);
  REQUIRE(stale.size() == 1);
  CHECK(stale[0].fault == BookFault::kStale);
  CHECK(builder.Invalidate(BookFault::kStale).empty());
  CHECK(builder.OnSnapshot(kSnapshot).empty());
  CHECK(builder.counters().snapshots_unneeded == 1);
  const auto back = builder.OnDiff(Diff(111, 112, {}, {{{48}, {1}}}));
  REQUIRE(back.size() == 1);
  CHECK(back[0].snapshot);
  CHECK(back[0].bids.size() == 3);
  CHECK(builder.state() == BookState::kValid);
  builder.Invalidate(BookFault::kStale);
  CHECK(builder.OnDiff(Diff(120, 121)).at(0).fault == BookFault::kGap);
  const auto gone = builder.Invalidate(BookFault::kDisconnected);
  REQUIRE(gone.size() == 1);
  CHECK(gone[0].fault == BookFault::kDisconnected);
  CHECK(builder.buffered() == 0);
  CHECK(builder.Invalidate(BookFault::kDisconnected).empty());
}

TEST_CASE("BookBuilder begins anew where the venue says so on its stream") {
  BookBuilder builder(kSpot);
  CHECK(builder.OnDiff(Diff(99, 99)).empty());  // of the time before
  REQUIRE(builder.OnReset(kSnapshot).size() == 1);
  CHECK(builder.state() == BookState::kValid);
  CHECK(builder.counters().resets == 0);
  REQUIRE(builder.OnDiff(Diff(101, 101, {}, {{{50}, {9}}})).size() == 1);
  const auto again = builder.OnReset({1, {{{40}, {1}}}, {{{41}, {1}}}});
  REQUIRE(again.size() == 1);
  CHECK(again[0].snapshot);
  CHECK_FALSE(again[0].invalid);
  CHECK(again[0].bids == std::vector<Level>{{{40}, {1}}});
  CHECK(builder.last_update_id() == 1);
  CHECK(builder.counters().resets == 1);
  REQUIRE(builder.OnDiff(Diff(2, 2, {}, {{{40}, {2}}})).size() == 1);
  REQUIRE(builder.OnDiff(Diff(4, 4)).size() == 1);
  CHECK(builder.fault() == BookFault::kGap);
  REQUIRE(builder.OnReset({9, {{{40}, {1}}}, {{{41}, {1}}}}).size() == 1);
  CHECK(builder.state() == BookState::kValid);
  REQUIRE(builder.OnReset({10, {{{42}, {1}}}, {{{41}, {1}}}}).size() == 1);  // crossed in itself
  CHECK(builder.fault() == BookFault::kCrossed);
}

TEST_CASE("BookBuilder ignores a snapshot that it does not need") {
  BookBuilder builder(kSpot);
  builder.OnSnapshot(kSnapshot);
  builder.OnDiff(Diff(101, 110, {}, {{{50}, {0}}}));
  CHECK(builder.OnSnapshot(kSnapshot).empty());
  CHECK(builder.book().best(Side::kBuy) == Level{{49}, {4}});
}

TEST_CASE("BookBuilder keeps a bounded buffer and a bounded book") {
  BookBuilder builder(kSpot);
  for (uint64_t i = 0; i < kMaxBufferedDiffs + 10; ++i)
    builder.OnDiff(Diff(i * 10 + 1, i * 10 + 10));
  CHECK(builder.buffered() == kMaxBufferedDiffs);
  CHECK(builder.counters().buffer_dropped == 10);
  builder.Invalidate(BookFault::kDisconnected);
  std::vector<Level> many;
  for (int64_t i = 0; i < 150'000; ++i) many.push_back({{i + 1}, {1}});
  for (uint64_t i = 0; i < 4; ++i) builder.OnDiff(Diff(i * 10 + 1, i * 10 + 10, {}, many));
  CHECK(builder.buffered() == 2);  // 150,000 levels each, at most 400,000

  BookBuilder wide(kSpot);
  wide.OnSnapshot({100, {}, {{{1'000'000}, {1}}}});
  const auto changes = wide.OnDiff(Diff(101, 102, {}, many));
  REQUIRE(changes.size() == 1);
  CHECK(wide.book().depth(Side::kBuy) == kMaxBookLevels);
  CHECK(wide.counters().trimmed_levels == 150'000 - kMaxBookLevels);
  CHECK(wide.book().best(Side::kBuy)->price.mantissa == 150'000);
  CHECK(changes[0].bids.back().quantity.mantissa == 0);  // consumers are told
}

TEST_CASE("BookBuilder: property: any split and snapshot place gives the book of all changes") {
  rc::check("splice equals replay of everything", [] {
    const bool futures = *rc::gen::arbitrary<bool>();
    // A history of single changes, ids 1, 2, 3, …; bids below 1000, asks above.
    const auto count = *rc::gen::inRange<size_t>(2, 60);
    std::vector<std::pair<Side, Level>> history;
    for (size_t i = 0; i < count; ++i) {
      const bool buy = *rc::gen::arbitrary<bool>();
      const auto offset = *rc::gen::inRange<int64_t>(1, 6);
      const auto quantity = *rc::gen::inRange<int64_t>(0, 4);
      history.push_back(
          {buy ? Side::kBuy : Side::kSell, {{buy ? 1000 - offset : 1000 + offset}, {quantity}}});
    }
    const auto at = *rc::gen::inRange<size_t>(0, count + 1);       // snapshot after so many changes
    const auto arrives = *rc::gen::inRange<size_t>(0, count + 1);  // and is received then
    BookBuilder builder(futures);
    market::Book expected;
    BookSnapshot snapshot;
    snapshot.last_update_id = at;
    for (size_t i = 0; i < at; ++i)
      expected.Set(history[i].first, history[i].second.price, history[i].second.quantity);
    for (size_t i = 0; i < expected.depth(Side::kBuy); ++i)
      snapshot.bids.push_back(expected.level(Side::kBuy, i));
    for (size_t i = 0; i < expected.depth(Side::kSell); ++i)
      snapshot.asks.push_back(expected.level(Side::kSell, i));
    for (size_t i = at; i < count; ++i)
      expected.Set(history[i].first, history[i].second.price, history[i].second.quantity);
    bool sent = false;
    uint64_t previous = 0;
    for (size_t next = 0; next < count;) {
      if (!sent && next >= arrives) {
        builder.OnSnapshot(snapshot);
        sent = true;
      }
      const auto length = *rc::gen::inRange<size_t>(1, 5);
      BookDiff diff = Diff(next + 1, std::min(next + length, count),
                           futures ? std::optional(previous) : std::nullopt);
      for (; next < diff.last_id; ++next) {
        std::vector<Level>& side = history[next].first == Side::kBuy ? diff.bids : diff.asks;
        std::erase_if(
            side, [&](const Level& level) { return level.price == history[next].second.price; });
        side.push_back(history[next].second);
      }
      previous = diff.last_id;
      builder.OnDiff(std::move(diff));
    }
    if (!sent) builder.OnSnapshot(snapshot);
    // A snapshot newer than the stream when it came is VALID at once, and older diffs
    // that follow are dropped, so every case ends with the same book.
    RC_ASSERT(builder.state() == BookState::kValid);
    for (const Side side : {Side::kBuy, Side::kSell}) {
      RC_ASSERT(builder.book().depth(side) == expected.depth(side));
      for (size_t i = 0; i < expected.depth(side); ++i)
        RC_ASSERT(builder.book().level(side, i) == expected.level(side, i));
    }
  });
}

}  // namespace gannet::ingest
