// Pseudo-random numbers that are the same for the same seed on every compiler
// and platform: own generator (xoshiro256++ 1.0, Blackman and Vigna, seeded by
// SplitMix64) and own distributions, since those of <random> differ between
// standard libraries. Not for secrets: see libs/base/digest.h, RandomBytes.
#pragma once

#include <array>
#include <cstdint>

namespace gannet::base {

class Rng {
 public:
  explicit Rng(uint64_t seed);

  uint64_t Next();
  // Uniform in [0, bound); bound > 0. Unbiased.
  uint64_t Below(uint64_t bound);
  // Uniform in [low, high], both included.
  int64_t Between(int64_t low, int64_t high);
  // Uniform in [0, 1), 53 bits.
  double Uniform();
  // True with this probability (0: never, 1: always).
  bool Chance(double probability);
  // Standard normal by the sum of twelve uniforms: no libm, tails cut at 6.
  double Normal();
  // A generator whose stream is independent of this one's further use.
  Rng Fork() { return Rng(Next()); }

  const std::array<uint64_t, 4>& state() const { return state_; }
  void set_state(const std::array<uint64_t, 4>& state) { state_ = state; }

 private:
  std::array<uint64_t, 4> state_;
};

}  // namespace gannet::base
