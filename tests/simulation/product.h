// What a simulated platform trades: one product of a venue, each with the adapters, the
// doors of venue-sim, the settings and the faults that are its own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "services/execution/config.h"
#include "tests/simulation/swarm.h"

namespace gannet::simulation {

struct PlatformOptions;

// All but kPaper.
using Product = execution::VenueKind;

// As in `execution.venue` and in ids of instruments: binance-usdm.
std::string NameOf(Product product);
std::optional<Product> ProductOf(std::string_view name);

// Of a product with positions: one position of an instrument, or two (every third seed).
bool TradesHedged(Product product, uint64_t seed);

// Makes a platform that was set up for Binance spot at `host` trade the product there: market
// data, session, dead-man timer (every other seed of those that have one), and the instruments
// that strategies and limits name.
void TradeAt(const std::string& host, Product product, uint64_t seed, PlatformOptions& platform);

// Makes what was drawn strike the product, and adds, by draws of its own, what only it has:
// funding, changes of orders by hand, and, where the platform `compares` itself with the venue,
// liquidations and auto-deleveraging of positions: when the word of one is lost, nothing else
// finds the trade of an order that is not from here.
void StrikeProduct(Product product, uint64_t seed, bool compares, venue_sim::FaultScript& script);

}  // namespace gannet::simulation
