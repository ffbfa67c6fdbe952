// What an algorithm wants done by when, and whether a plan makes sense. Pure
// arithmetic on integers: the slices of a parent sum to it exactly.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "libs/base/time.h"
#include "libs/market/instrument.h"
#include "libs/market/parent.h"

namespace gannet::strategy {

inline constexpr base::Duration kMinSliceInterval = std::chrono::seconds(1);
inline constexpr base::Duration kMaxParentLife = std::chrono::hours(24 * 7);
inline constexpr uint32_t kMaxParticipationPpm = 500'000;
inline constexpr uint32_t kMaxWeight = 1'000'000;

// Slices of a TWAP or VWAP; 0 of the others.
uint32_t SliceCount(const market::AlgoPlan& plan);

// Of `whole`, in lots of `lot`, what the first `slices` slices hold together. Rounded
// down to lots but for the last, which ends at the whole: so the sum is exact.
market::Quantity SliceTarget(const market::AlgoPlan& plan, market::Quantity whole,
                             market::Quantity lot, uint32_t slices);

// Slices that have begun at `now`, of a parent that works from `begin` to `end`. The
// first begins at once, the last one interval before the end.
uint32_t SlicesBegun(const market::AlgoPlan& plan, base::Time begin, base::Time end,
                     base::Time now);

// The share of `volume` that a participation allows, in whole lots, rounded down.
market::Quantity ParticipationTarget(uint32_t participation_ppm, market::Quantity volume,
                                     market::Quantity lot);

// The least that the venue takes at this price: whole lots, its minimum quantity, its
// minimum notional.
market::Quantity LeastQuantity(const market::Instrument& instrument, market::Price price);

// `want`, changed so that what is left of `rest` behind it is nothing or can still be
// traded; 0 when there is no such quantity up to `most`.
market::Quantity AvoidDust(market::Quantity want, market::Quantity rest, market::Quantity least,
                           market::Quantity most, market::Quantity lot);

// INVALID_ARGUMENT saying what is wrong with a parent, and what to give instead.
// `parent` has intent (without id) and plan.
absl::Status CheckParent(const market::ParentOrder& parent, const market::Instrument& instrument,
                         base::Time now);

}  // namespace gannet::strategy
