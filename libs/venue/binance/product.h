// The three products of Binance whose market data we read. They share the frame
// layout; they differ in host, path, book rule and what an order means.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace gannet::venue::binance {

enum class Product : uint8_t {
  kSpot = 1,   // REST /api/v3; books continue by U = last u + 1
  kUsdm = 2,   // USD-M futures, REST /fapi/v1; books continue by pu = last u
  kCoinm = 3,  // COIN-M futures, REST /dapi/v1; as USD-M. Quantities are contracts
};

// "spot", "usdm", "coinm": configuration and command line.
std::string_view ProductName(Product product);
std::optional<Product> ParseProduct(std::string_view name);
// "binance-spot", …: the venue part of an instrument id unless configured otherwise.
std::string_view DefaultVenueName(Product product);
// "/api/v3", "/fapi/v1", "/dapi/v1".
std::string_view RestPrefix(Product product);
// The product that serves this REST path (with or without query).
std::optional<Product> ProductOfPath(std::string_view path);

}  // namespace gannet::venue::binance
