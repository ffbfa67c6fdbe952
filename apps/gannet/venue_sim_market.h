// What `gannet run` and `gannet train` watch of venue-sim's market.
#pragma once

#include <string>
#include <vector>

namespace gannet::app {

inline constexpr char kVenueSimVenue[] = "binance-spot";
inline const std::vector<std::string> kVenueSimSymbols = {
    "BTCUSDT", "ETHUSDT",  "BNBUSDT",  "SOLUSDT",  "XRPUSDT",
    "ADAUSDT", "DOGEUSDT", "LINKUSDT", "AVAXUSDT", "LTCUSDT"};

}  // namespace gannet::app
