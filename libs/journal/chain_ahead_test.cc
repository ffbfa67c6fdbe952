#include "libs/journal/chain_ahead.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "libs/base/rng.h"

namespace gannet::journal {
namespace {

const base::Sha256Digest kBase = base::Sha256("base"), kOther = base::Sha256("other");

std::string Bytes(base::Rng& rng, uint64_t most) {
  std::string bytes;
  for (uint64_t i = rng.Below(most); i > 0; --i) bytes += static_cast<char>(rng.Below(256));
  return bytes;
}

TEST_CASE("ChainAhead gives the chain of a batch however it gathered") {
  base::Rng rng(5);
  ChainAhead ahead;
  for (int round = 0; round < 100; ++round) {
    std::string frames;
    if (round % 7 != 0) ahead.Begin(kBase);
    for (uint64_t records = rng.Below(20); records > 0; --records) {
      frames += Bytes(rng, 900);
      if (rng.Below(4) != 0) ahead.Gather(frames);
    }
    CHECK(ahead.Finish(kBase, frames) == NextChain(kBase, frames));
    frames += Bytes(rng, 900);  // once more, after a failed write and more records
    CHECK(ahead.Finish(kBase, frames) == NextChain(kBase, frames));
    ahead.Forget();
  }
}

TEST_CASE("ChainAhead goes from a batch written ahead to what is joined to it, and back") {
  base::Rng rng(6);
  for (int round = 0; round < 100; ++round) {
    ChainAhead written, gathering;
    std::string frames = Bytes(rng, 3'000) + "x";
    written.GatherAll(kBase, frames);
    gathering.GoOn(written, frames.size());
    std::string more;
    for (uint64_t records = rng.Below(9); records > 0; --records) {
      more += Bytes(rng, 900);
      gathering.Gather(more);
    }
    CHECK(gathering.Finish(kBase, more) == NextChain(kBase, more));  // not joined to anything
    if (round % 3 == 0) frames += "other bytes than those it went on from";
    written.Join(gathering, frames.size());
    frames += more;
    CHECK(written.Finish(kBase, frames) == NextChain(kBase, frames));
    CHECK(written.Finish(kOther, frames) == NextChain(kOther, frames));
  }
}

TEST_CASE("ChainAhead does not go on from a batch that was not hashed to its end") {
  const std::string frames(1'000, 'x'), more(2'000, 'y');
  ChainAhead written, gathering;
  written.GatherAll(kBase, frames);
  gathering.GoOn(written, frames.size() - 1);
  gathering.Gather(more);
  written.Join(gathering, frames.size());
  CHECK(written.Finish(kBase, frames + more) == NextChain(kBase, frames + more));
}

TEST_CASE("ChainAhead does not use what it hashed from another chain or for another batch") {
  ChainAhead ahead;
  const std::string frames(5'000, 'x');
  ahead.Begin(kOther);
  ahead.Gather(frames);
  CHECK(ahead.Finish(kBase, frames) == NextChain(kBase, frames));
  // A batch that was cleared is shorter than what was hashed of it.
  const std::string next(100, 'y');
  ahead.Begin(kBase);
  ahead.Gather(frames);
  CHECK(ahead.Finish(kBase, next) == NextChain(kBase, next));
  ahead.Forget();
  ahead.Gather(frames);
  CHECK(ahead.Finish(kBase, next) == NextChain(kBase, next));
}

}  // namespace
}  // namespace gannet::journal
