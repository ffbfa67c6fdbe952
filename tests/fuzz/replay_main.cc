// Feeds a fuzz target what earlier runs of libFuzzer found, with any compiler:
//   gannet_config_fuzz_replay tests/fuzz/corpus/gannet_config_fuzz.hex
// A corpus has one input a line, in hex (tests/fuzz/corpus.py makes it). Each goes in whole,
// cut short and damaged, the same way in every run. The last line printed before a crash
// names the input.
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <string>

#include "libs/base/digest.h"
#include "libs/base/rng.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

constexpr uint64_t kSeed = 11;
constexpr int kDamages = 4;
constexpr int kDamagedBytes = 3;

void Feed(const std::string& input) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()), input.size());
}

void FeedWithVariants(const std::string& input, gannet::base::Rng& rng) {
  Feed(input);
  if (input.empty()) return;
  Feed(input.substr(0, rng.Below(input.size())));
  for (int i = 0; i < kDamages; ++i) {
    std::string damaged = input;
    for (int byte = 0; byte < kDamagedBytes; ++byte)
      damaged[rng.Below(damaged.size())] = static_cast<char>(rng.Below(256));
    Feed(damaged);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: " << argv[0] << " CORPUS\n";
    return 2;
  }
  std::ifstream corpus(argv[1]);
  gannet::base::Rng rng(kSeed);
  size_t inputs = 0;
  for (std::string line; std::getline(corpus, line);) {
    ++inputs;
    const auto input = gannet::base::FromHex(line);
    if (!input) {
      std::cerr << argv[1] << ":" << inputs << ": no line of hex digits; make it with corpus.py\n";
      return 1;
    }
    std::cout << argv[1] << ":" << inputs << std::endl;
    FeedWithVariants(*input, rng);
  }
  if (inputs == 0) {
    std::cerr << argv[1] << ": no inputs; run libFuzzer and keep what it found with corpus.py\n";
    return 1;
  }
  return 0;
}
