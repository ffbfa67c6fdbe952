// Instruments that no exchangeInfo has defined: recordings often lack it. Such a
// definition states no tick and no lot, so orders are refused, until one snapshot
// of the book has been seen: then the greatest common divisors of its prices and of
// its sizes are taken for tick and lot. That is evidence, not the venue's word: the
// true value divides what was found. It is said in market.status, and only
// recordings use it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "libs/market/instrument.h"
#include "libs/venue/market_protocol.h"

namespace gannet::ingest {

// Scales of 8 and 8 digits; base and quote asset from the symbol where it ends in an
// asset that venues quote in, otherwise empty; kind from protocol and symbol.
market::Instrument AssumedDefinition(const std::string& venue,
                                     const venue::MarketProtocol& protocol,
                                     std::string_view symbol);

// Sets tick and lot from the levels of a snapshot; false when there are none. An inverse
// product gets no lot (see market_protocol.h).
bool InferSteps(const venue::MarketProtocol& protocol, std::span<const market::Level> bids,
                std::span<const market::Level> asks, market::Instrument& definition);

// Equal but for the version.
bool SameRules(const market::Instrument& a, const market::Instrument& b);

}  // namespace gannet::ingest
