// The entry point of decode_fuzz.cc, for libFuzzer and for fuzz_replay_test.cc.
#pragma once

#include <cstddef>
#include <cstdint>

namespace gannet::wire {

// How many decoders the first byte chooses from.
size_t FuzzTargets();

}  // namespace gannet::wire

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
