#include "libs/venue/filters.h"

#include <catch2/catch_test_macros.hpp>

namespace gannet::venue {
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

TEST_CASE("Each rule is broken by its own order, and nothing is passed without a reference") {
  Filters filters;
  filters.tick = D("0.01");
  filters.min_price = D("1");
  filters.max_price = D("100000");
  filters.lot = D("0.001");
  filters.min_quantity = D("0.001");
  filters.max_quantity = D("100");
  filters.market_max_quantity = D("10");
  filters.min_notional = D("5");
  filters.bid_down = D("0.2");
  filters.bid_up = D("5");
  OrderSpec good;
  good.price = D("100");
  good.quantity = D("1");
  const Decimal reference = D("100");
  CHECK(CheckFilters(filters, good, reference) == FilterBreak::kNone);
  CHECK(CheckFilters(filters, good, std::nullopt) == FilterBreak::kUnknown);
  const auto with = [&](auto change) {
    OrderSpec spec = good;
    change(spec);
    return CheckFilters(filters, spec, reference);
  };
  CHECK(with([](OrderSpec& spec) { spec.price = D("100.001"); }) == FilterBreak::kPrice);
  CHECK(with([](OrderSpec& spec) { spec.price = D("0.5"); }) == FilterBreak::kPrice);
  CHECK(with([](OrderSpec& spec) { spec.stop_price = D("100000.01"); }) == FilterBreak::kPrice);
  CHECK(with([](OrderSpec& spec) { spec.quantity = D("0.0005"); }) == FilterBreak::kLotSize);
  CHECK(with([](OrderSpec& spec) { spec.quantity = D("101"); }) == FilterBreak::kLotSize);
  CHECK(with([](OrderSpec& spec) { spec.quantity = D("-1"); }) == FilterBreak::kLotSize);
  CHECK(with([](OrderSpec& spec) {
          spec.price.reset();
          spec.quantity = D("11");
        }) == FilterBreak::kMarketLotSize);
  CHECK(with([](OrderSpec& spec) { spec.quantity = D("0.049"); }) == FilterBreak::kNotional);
  CHECK(with([](OrderSpec& spec) { spec.price = D("500.01"); }) == FilterBreak::kPercentPrice);
  CHECK(with([](OrderSpec& spec) { spec.price = D("19.99"); }) == FilterBreak::kPercentPrice);
}

}  // namespace
}  // namespace gannet::venue
