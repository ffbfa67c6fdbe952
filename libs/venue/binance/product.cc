#include "libs/venue/binance/product.h"

namespace gannet::venue::binance {
namespace {

constexpr Product kAll[] = {Product::kSpot, Product::kUsdm, Product::kCoinm};

}  // namespace

std::string_view ProductName(Product product) {
  switch (product) {
    case Product::kSpot:
      return "spot";
    case Product::kUsdm:
      return "usdm";
    case Product::kCoinm:
      return "coinm";
  }
  return "";
}

std::optional<Product> ParseProduct(std::string_view name) {
  for (const Product product : kAll) {
    if (ProductName(product) == name) return product;
  }
  return std::nullopt;
}

std::string_view DefaultVenueName(Product product) {
  switch (product) {
    case Product::kSpot:
      return "binance-spot";
    case Product::kUsdm:
      return "binance-usdm";
    case Product::kCoinm:
      return "binance-coinm";
  }
  return "";
}

std::string_view RestPrefix(Product product) {
  switch (product) {
    case Product::kSpot:
      return "/api/v3";
    case Product::kUsdm:
      return "/fapi/v1";
    case Product::kCoinm:
      return "/dapi/v1";
  }
  return "";
}

std::optional<Product> ProductOfPath(std::string_view path) {
  for (const Product product : kAll) {
    const std::string_view prefix = RestPrefix(product);
    if (path.substr(0, prefix.size()) == prefix && path.size() > prefix.size() &&
        path[prefix.size()] == '/') {
      return product;
    }
  }
  return std::nullopt;
}

}  // namespace gannet::venue::binance
