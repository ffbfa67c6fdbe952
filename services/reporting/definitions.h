// An instrument's definition as it is kept in the store, and back.
#pragma once

#include <optional>

#include "libs/market/instrument.h"
#include "libs/store/rows.h"

namespace gannet::reporting {

store::InstrumentRow RowOf(const market::Instrument& definition);

// What booking fills needs: kind, assets, scales and multiplier, in version 0, so
// that whatever a venue announces is newer. Nothing when a scale is none.
std::optional<market::Instrument> DefinitionOf(const store::InstrumentRow& row);

// The fill that a stored row speaks of, at the scales of `definition`. Nothing when
// price or quantity cannot be written there.
std::optional<market::Fill> FillOf(const store::FillRow& row, const market::Instrument& definition);

}  // namespace gannet::reporting
