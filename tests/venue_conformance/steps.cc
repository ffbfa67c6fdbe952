#include "tests/venue_conformance/steps.h"

#include <algorithm>

namespace gannet::venue::conformance {
namespace {

using market::Int128;
using market::Rounding;

bool Set(Decimal rule) { return rule.mantissa != 0; }

std::optional<Decimal> Narrow(Int128 value, int scale) {
  while (scale > 0 && value % 10 == 0) {
    value /= 10;
    --scale;
  }
  if (value > INT64_MAX || value < INT64_MIN) return std::nullopt;
  return Decimal{static_cast<int64_t>(value), scale};
}

struct Aligned {
  Int128 a, b;
  int scale;
};
std::optional<Aligned> Align(Decimal a, Decimal b) {
  const int scale = std::max(a.scale, b.scale);
  const auto left = market::Rescale(a.mantissa, a.scale, scale, Rounding::kDown);
  const auto right = market::Rescale(b.mantissa, b.scale, scale, Rounding::kDown);
  if (!left || !right) return std::nullopt;
  return Aligned{*left, *right, scale};
}

}  // namespace

std::optional<Decimal> ParseDecimalText(std::string_view text) {
  const size_t point = text.find('.');
  const size_t digits = point == std::string_view::npos ? 0 : text.size() - point - 1;
  if (digits > static_cast<size_t>(market::kMaxScale)) return std::nullopt;
  const auto mantissa = market::ParseDecimal(text, static_cast<int>(digits));
  if (!mantissa) return std::nullopt;
  return Decimal{*mantissa, static_cast<int>(digits)};
}

std::optional<Decimal> FloorToStep(Decimal value, Decimal step) {
  if (!Set(step)) return value;
  const auto aligned = Align(value, step);
  if (!aligned) return std::nullopt;
  Int128 rest = aligned->a % aligned->b;
  if (rest < 0) rest += aligned->b;
  return Narrow(aligned->a - rest, aligned->scale);
}

std::optional<Decimal> RoundToStep(Decimal value, Decimal step) {
  if (!Set(step)) return value;
  const auto aligned = Align(value, step);
  if (!aligned) return std::nullopt;
  const bool negative = aligned->a < 0;
  const Int128 magnitude = negative ? -aligned->a : aligned->a;
  const Int128 rest = magnitude % aligned->b;
  const Int128 rounded =
      rest + rest >= aligned->b ? magnitude - rest + aligned->b : magnitude - rest;
  return Narrow(negative ? -rounded : rounded, aligned->scale);
}

std::optional<Decimal> Multiply(Decimal value, Decimal factor) {
  Int128 product = Int128{value.mantissa} * factor.mantissa;
  int scale = value.scale + factor.scale;
  while (scale > 0 && product % 10 == 0) {
    product /= 10;
    --scale;
  }
  if (scale > market::kMaxScale) return std::nullopt;
  return Narrow(product, scale);
}

}  // namespace gannet::venue::conformance
