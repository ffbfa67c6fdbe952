#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <string>
#include <vector>

#include "libs/base/digest.h"
#include "libs/base/rng.h"
#include "libs/wire/decode_fuzz.h"

namespace gannet::wire {
namespace {

void Feed(uint8_t target, const std::string& bytes) {
  std::vector<uint8_t> input(bytes.begin(), bytes.end());
  input.insert(input.begin(), target);
  REQUIRE(LLVMFuzzerTestOneInput(input.data(), input.size()) == 0);
}

// Every decoder gets the bytes of every type: right, cut short and damaged.
TEST_CASE("Decoders survive the golden bytes of all types, cut and damaged") {
  std::ifstream in("libs/wire/golden.txt");
  REQUIRE(in.is_open());
  base::Rng rng(11);
  std::string name, hex;
  size_t lines = 0;
  while (in >> name >> hex) {
    ++lines;
    const std::string bytes = base::FromHex(hex).value_or("");
    for (size_t target = 0; target < FuzzTargets(); ++target) {
      const auto first = static_cast<uint8_t>(target);
      Feed(first, bytes);
      Feed(first, bytes.substr(0, rng.Below(bytes.size() + 1)));
      std::string damaged = bytes;
      for (int i = 0; i < 3; ++i)
        damaged[rng.Below(damaged.size())] = static_cast<char>(rng.Below(256));
      Feed(first, damaged);
      Feed(first, damaged + bytes);
    }
  }
  CHECK(lines > 20);
}

}  // namespace
}  // namespace gannet::wire
