// Domain values as snapshots and engine notes keep them: written with
// CanonicalWriter, read back with CanonicalReader. A reader that fails leaves its
// own status; what is returned then means nothing.
#pragma once

#include "libs/market/instrument.h"
#include "libs/market/order.h"
#include "libs/market/position.h"
#include "libs/wire/canonical.h"

namespace gannet::wire {

void SaveInstrument(CanonicalWriter& out, const market::Instrument& instrument);
market::Instrument LoadInstrument(CanonicalReader& in);

void SaveIntent(CanonicalWriter& out, const market::OrderIntent& intent);
market::OrderIntent LoadIntent(CanonicalReader& in);

void SavePosition(CanonicalWriter& out, const market::Position& position);
market::Position LoadPosition(CanonicalReader& in);

}  // namespace gannet::wire
