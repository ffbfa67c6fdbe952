#include "tests/venue_conformance/steps.h"

#include <catch2/catch_test_macros.hpp>

namespace gannet::venue::conformance {
namespace {

Decimal D(std::string_view text) {
  const auto value = ParseDecimalText(text);
  REQUIRE(value);
  return *value;
}
std::string Text(const std::optional<Decimal>& value) {
  std::string out;
  if (value) AppendDecimal(out, *value);
  return out;
}

TEST_CASE("Quantities are cut to the step and prices rounded to the tick") {
  CHECK(Text(FloorToStep(D("0.0123456789"), D("0.00001"))) == "0.01234");
  CHECK(Text(RoundToStep(D("25000.56789"), D("0.01"))) == "25000.57");
  CHECK(Text(RoundToStep(D("25000.25"), D("0.5"))) == "25000.5");
  CHECK(Text(RoundToStep(D("-0.05"), D("0.1"))) == "-0.1");
  CHECK(Text(FloorToStep(D("-0.01"), D("0.1"))) == "-0.1");
  CHECK(Text(FloorToStep(D("7"), D("0"))) == "7");
  CHECK(Text(FloorToStep(D("9223372036854775807"), D("0.00000001"))) == "9223372036854775807");
  CHECK(Text(Multiply(D("0.01"), D("25000"))) == "250");
  CHECK_FALSE(Multiply(D("9223372036854775807"), D("2")));
  CHECK_FALSE(ParseDecimalText("1e5"));
  CHECK_FALSE(ParseDecimalText("0.0000000000000000001"));
  CHECK_FALSE(ParseDecimalText(""));
}

}  // namespace
}  // namespace gannet::venue::conformance
