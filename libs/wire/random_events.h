// Random domain values for tests: every field differs from its default most of
// the time, extremes included, and the same seed gives the same values on every
// compiler. Instantiated for every type that the codec knows.
#pragma once

#include "libs/base/rng.h"
#include "libs/market/header.h"
#include "libs/wire/codec.h"

namespace gannet::wire {

market::Header RandomHeader(base::Rng& rng);
template <class T>
T RandomValue(base::Rng& rng);
template <class T>
market::Event<T> RandomEvent(base::Rng& rng) {
  market::Event<T> event;
  event.header = RandomHeader(rng);
  event.value = RandomValue<T>(rng);
  return event;
}

}  // namespace gannet::wire
