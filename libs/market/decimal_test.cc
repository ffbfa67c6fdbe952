#include "libs/market/decimal.h"

#include <boost/multiprecision/cpp_int.hpp>
#include <catch2/catch_test_macros.hpp>
#include <limits>
#include <optional>
#include <string>

#include "libs/base/property_suite.h"

namespace gannet::market {
namespace {

using Big = boost::multiprecision::cpp_int;  // the slow reference

constexpr Int128 kMax = static_cast<Int128>(~static_cast<unsigned __int128>(0) >> 1);
constexpr Int128 kMin = -kMax - 1;

Big ToBig(Int128 value) {
  const auto bits = static_cast<unsigned __int128>(value);
  Big big = static_cast<uint64_t>(bits >> 64);
  big <<= 64;
  big += static_cast<uint64_t>(bits);
  if (value < 0) big -= Big(1) << 128;
  return big;
}

std::optional<Big> ToBig(const std::optional<Int128>& value) {
  if (!value) return std::nullopt;
  return ToBig(*value);
}

bool Fits128(const Big& value) { return value >= ToBig(kMin) && value <= ToBig(kMax); }

// Numbers of every size, the edges among them.
Int128 AnyInt128() {
  const int bits = *rc::gen::inRange(0, 128);
  const auto high = *rc::gen::arbitrary<uint64_t>(), low = *rc::gen::arbitrary<uint64_t>();
  const auto raw = static_cast<unsigned __int128>(high) << 64 | low;
  const auto magnitude = bits == 0 ? static_cast<unsigned __int128>(0) : raw >> (128 - bits);
  const auto value = static_cast<Int128>(magnitude >> 1) + *rc::gen::inRange(-1, 2);
  switch (*rc::gen::inRange(0, 12)) {
    case 0:
      return kMax;
    case 1:
      return kMin;
    case 2:
      return *rc::gen::element<Int128>(-2, -1, 0, 1, 2, 3, 10);
    default:
      return *rc::gen::arbitrary<bool>() ? value : -value;
  }
}

Rounding AnyRounding() {
  return *rc::gen::element(Rounding::kDown, Rounding::kUp, Rounding::kFloor, Rounding::kCeiling,
                           Rounding::kHalfEven);
}

// Division by definition: the two integers around the quotient, then a choice.
std::optional<Big> SlowMulDiv(Int128 a, Int128 b, Int128 divisor, Rounding rounding) {
  if (divisor == 0) return std::nullopt;
  Big numerator = ToBig(a) * ToBig(b), by = ToBig(divisor);
  if (by < 0) {
    numerator = -numerator;
    by = -by;
  }
  Big floor = numerator / by;  // towards zero
  if (floor * by > numerator) --floor;
  const Big ceiling = floor * by == numerator ? floor : Big(floor + 1);
  Big result;
  switch (rounding) {
    case Rounding::kFloor:
      result = floor;
      break;
    case Rounding::kCeiling:
      result = ceiling;
      break;
    case Rounding::kDown:
      result = numerator < 0 ? ceiling : floor;
      break;
    case Rounding::kUp:
      result = numerator < 0 ? floor : ceiling;
      break;
    case Rounding::kHalfEven: {
      const Big below = numerator - floor * by, above = by - below;
      const bool even = floor % 2 == 0;
      result = floor == ceiling || below < above || (below == above && even) ? floor : ceiling;
    }
  }
  if (!Fits128(result)) return std::nullopt;
  return result;
}

// What the header says, by characters.
std::optional<Big> SlowParse(const std::string& text, int scale) {
  size_t at = 0;
  const bool negative = !text.empty() && text[0] == '-';
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) ++at;
  std::string digits, fraction;
  bool point = false;
  for (; at < text.size(); ++at) {
    if (text[at] == '.' && !point) {
      point = true;
    } else if (text[at] >= '0' && text[at] <= '9') {
      (point ? fraction : digits) += text[at];
    } else {
      return std::nullopt;
    }
  }
  if (digits.empty() && fraction.empty()) return std::nullopt;
  while (!fraction.empty() && fraction.back() == '0') fraction.pop_back();
  if (fraction.size() > static_cast<size_t>(scale)) return std::nullopt;
  fraction.resize(static_cast<size_t>(scale), '0');
  Big value = 0;
  for (const char c : digits + fraction) value = value * 10 + (c - '0');
  return negative ? Big(-value) : value;
}

}  // namespace

TEST_CASE("ParseDecimal reads what venues send") {
  CHECK(ParseDecimal("-12.3400", 4) == -123400);
  CHECK(ParseDecimal("0.00000001", 8) == 1);
  CHECK(ParseDecimal("61685.99000000", 2) == 6168599);
  CHECK(ParseDecimal("61685.99000000000000000000000000", 2) == 6168599);
  CHECK(ParseDecimal("0", 8) == 0);
  CHECK(ParseDecimal("-0.0", 8) == 0);
  CHECK(ParseDecimal("+5", 0) == 5);
  CHECK(ParseDecimal("5.", 1) == 50);
  CHECK(ParseDecimal(".5", 1) == 5);
  CHECK(ParseDecimal("000000000000000000000000000000000000000000000000005", 2) == 500);
  CHECK(ParseDecimal("9223372036854775807", 0) == std::numeric_limits<int64_t>::max());
  CHECK(ParseDecimal("-9223372036854775808", 0) == std::numeric_limits<int64_t>::min());
  CHECK(ParseDecimal("92233720368.54775807", 8) == std::numeric_limits<int64_t>::max());
}

TEST_CASE("ParseDecimal refuses everything else, and never guesses") {
  for (const char* text : {"",
                           "-",
                           "+",
                           ".",
                           "-.",
                           "+.",
                           "--1",
                           "+-1",
                           "1-",
                           "1.2.3",
                           "..1",
                           " 1",
                           "1 ",
                           "1,5",
                           "1e3",
                           "1E3",
                           "0x10",
                           "nan",
                           "NaN",
                           "inf",
                           "Infinity",
                           "1_000",
                           "\xd9\xa1",
                           "1\n",
                           "null",
                           "true",
                           "½",
                           "1..",
                           "9223372036854775808",
                           "-9223372036854775809",
                           "99999999999999999999999999999999999999999999",
                           "1.234567891"}) {
    CAPTURE(text);
    CHECK_FALSE(ParseDecimal(text, 8));
  }
  CHECK_FALSE(ParseDecimal("92233720368.54775808", 8));
  CHECK_FALSE(ParseDecimal(std::string("1\0", 2), 2));
  CHECK_FALSE(ParseDecimal(std::string("\0"
                                       "1",
                                       2),
                           2));
  CHECK_FALSE(ParseDecimal("1", -1));
  CHECK_FALSE(ParseDecimal("1", 19));
  CHECK_FALSE(ParseDecimal(std::string(1'000'000, '9'), 8));
  CHECK(ParseDecimal(std::string(1'000'000, '0'), 8) == 0);
}

TEST_CASE("ParseDecimal128 reaches both ends of 128 bits") {
  CHECK(ParseDecimal128("170141183460469231731687303715884105727", 0) == kMax);
  CHECK(ParseDecimal128("-170141183460469231731687303715884105728", 0) == kMin);
  CHECK_FALSE(ParseDecimal128("170141183460469231731687303715884105728", 0));
  CHECK_FALSE(ParseDecimal128("-170141183460469231731687303715884105729", 0));
  CHECK(ParseDecimal128("1701411834604692317316873037158841057.27", 2) == kMax);
  CHECK_FALSE(ParseDecimal128("1701411834604692317316873037158841057.28", 2));
  CHECK_FALSE(ParseDecimal128("17014118346046923173168730371588410573", 2));
}

TEST_CASE("Both parsers agree with a slow reference on numbers and on near-numbers") {
  const auto agree = [](const std::string& text, int scale) {
    const std::optional<Big> expected = SlowParse(text, scale);
    const bool fits = expected && Fits128(*expected);
    RC_ASSERT(ToBig(ParseDecimal128(text, scale)) == (fits ? expected : std::nullopt));
    const auto narrow = ParseDecimal(text, scale);
    const bool fits64 = expected && *expected >= std::numeric_limits<int64_t>::min() &&
                        *expected <= std::numeric_limits<int64_t>::max();
    RC_ASSERT(narrow.has_value() == fits64);
    if (narrow) RC_ASSERT(Big(*narrow) == *expected);
  };
  CHECK(base::Holds("numbers", [&] {
    std::string text = *rc::gen::element<std::string>("", "-", "+");
    for (int i = *rc::gen::inRange(0, 24); i > 0; --i)
      text += static_cast<char>(*rc::gen::inRange<int>('0', '9' + 1));
    if (*rc::gen::arbitrary<bool>()) text += '.';
    for (int i = *rc::gen::inRange(0, 24); i > 0; --i)
      text += *rc::gen::element('0', '0', '0', '1', '9');
    agree(text, *rc::gen::inRange(0, 19));
  }));
  CHECK(base::Holds("near-numbers", [&] {
    std::string text;
    for (int i = *rc::gen::inRange(0, 12); i > 0; --i)
      text += *rc::gen::element('0', '1', '9', '.', '-', '+', 'e', ' ', '/', ':');
    agree(text, *rc::gen::inRange(0, 19));
  }));
}

TEST_CASE("FormatDecimal is the shortest exact form") {
  CHECK(FormatDecimal(-123400, 4) == "-12.34");
  CHECK(FormatDecimal(0, 0) == "0");
  CHECK(FormatDecimal(0, 18) == "0");
  CHECK(FormatDecimal(5, 0) == "5");
  CHECK(FormatDecimal(500, 0) == "500");
  CHECK(FormatDecimal(500, 2) == "5");
  CHECK(FormatDecimal(5, 1) == "0.5");
  CHECK(FormatDecimal(-5, 1) == "-0.5");
  CHECK(FormatDecimal(1, 18) == "0.000000000000000001");
  CHECK(FormatDecimal(kMax, 0) == "170141183460469231731687303715884105727");
  CHECK(FormatDecimal(kMin, 18) == "-170141183460469231731.687303715884105728");
}

TEST_CASE("FormatDecimalFixed keeps the digits asked for, beyond the scale too") {
  CHECK(FormatDecimalFixed(5, 0, 2) == "5.00");
  CHECK(FormatDecimalFixed(50, 1, 2) == "5.00");
  CHECK(FormatDecimalFixed(123400, 4, 2) == "12.34");
  CHECK(FormatDecimalFixed(123450, 4, 2) == "12.345");
  CHECK(FormatDecimalFixed(120000, 4, 2) == "12.00");
  CHECK(FormatDecimalFixed(0, 4, 1) == "0.0");
  CHECK(FormatDecimalFixed(-1, 2, 2) == "-0.01");
  CHECK(FormatDecimalFixed(7, 0, -3) == "7");
}

TEST_CASE("FormatDecimal and the parsers are inverse") {
  CHECK(base::Holds("128 bits", [] {
    const Int128 value = AnyInt128();
    const int scale = *rc::gen::inRange(0, 19), digits = *rc::gen::inRange(0, 22);
    RC_ASSERT(ParseDecimal128(FormatDecimal(value, scale), scale) == value);
    RC_ASSERT(ParseDecimal128(FormatDecimalFixed(value, scale, digits), scale) == value);
    const std::string shortest = FormatDecimal(value, scale);
    RC_ASSERT(shortest.find('.') == std::string::npos ||
              (shortest.back() != '0' && shortest.back() != '.'));
  }));
  CHECK(base::Holds("64 bits", [](int64_t value) {
    const int scale = *rc::gen::inRange(0, 19);
    RC_ASSERT(ParseDecimal(FormatDecimal(value, scale), scale) == value);
  }));
}

TEST_CASE("MulDiv rounds as its name says") {
  struct Row {
    Int128 a, b, divisor;
    Int128 down, up, floor, ceiling, half_even;
  };
  const Row kRows[] = {
      {7, 1, 2, 3, 4, 3, 4, 4},       {5, 1, 2, 2, 3, 2, 3, 2},
      {-7, 1, 2, -3, -4, -4, -3, -4}, {-5, 1, 2, -2, -3, -3, -2, -2},
      {7, 1, -2, -3, -4, -4, -3, -4}, {-7, -1, 2, 3, 4, 3, 4, 4},
      {6, 1, 2, 3, 3, 3, 3, 3},       {1, 1, 3, 0, 1, 0, 1, 0},
      {-1, 1, 3, 0, -1, -1, 0, 0},    {2, 1, 3, 0, 1, 0, 1, 1},
      {0, 5, 3, 0, 0, 0, 0, 0},
  };
  for (const Row& row : kRows) {
    CHECK(MulDiv(row.a, row.b, row.divisor, Rounding::kDown) == row.down);
    CHECK(MulDiv(row.a, row.b, row.divisor, Rounding::kUp) == row.up);
    CHECK(MulDiv(row.a, row.b, row.divisor, Rounding::kFloor) == row.floor);
    CHECK(MulDiv(row.a, row.b, row.divisor, Rounding::kCeiling) == row.ceiling);
    CHECK(MulDiv(row.a, row.b, row.divisor, Rounding::kHalfEven) == row.half_even);
  }
}

TEST_CASE("MulDiv gives nothing rather than a wrong number") {
  CHECK_FALSE(MulDiv(1, 1, 0, Rounding::kDown));
  CHECK_FALSE(MulDiv(kMax, 2, 1, Rounding::kDown));
  CHECK_FALSE(MulDiv(kMin, -1, 1, Rounding::kDown));
  CHECK_FALSE(MulDiv(kMin, 1, -1, Rounding::kDown));
  CHECK(MulDiv(kMin, 1, 1, Rounding::kDown) == kMin);
  CHECK(MulDiv(kMin, kMin, kMin, Rounding::kDown) == kMin);
  CHECK(MulDiv(kMax, kMax, kMax, Rounding::kUp) == kMax);
  CHECK_FALSE(MulDiv(kMax, kMax, kMax - 1, Rounding::kDown));
}

TEST_CASE("MulDiv agrees with a slow reference in 256 bits and every rounding") {
  CHECK(base::Holds("128 × 128 / 128", [] {
    const Int128 a = AnyInt128(), b = AnyInt128(), divisor = AnyInt128();
    const Rounding rounding = AnyRounding();
    RC_ASSERT(ToBig(MulDiv(a, b, divisor, rounding)) == SlowMulDiv(a, b, divisor, rounding));
  }));
  CHECK(base::Holds("64 × 64 / power of ten", [](int64_t a, int64_t b) {
    const Int128 divisor = PowerOfTen(*rc::gen::inRange(0, 19));
    const Rounding rounding = AnyRounding();
    RC_ASSERT(ToBig(MulDiv(a, b, divisor, rounding)) == SlowMulDiv(a, b, divisor, rounding));
  }));
  CHECK(base::Holds("near the middle", [] {
    // (2k + 1) / 2 and its neighbours, scaled up, where half-even is decided.
    const Int128 half = AnyInt128() / 4, divisor = *rc::gen::inRange<int64_t>(1, 1'000'000) * 2;
    const Int128 a = half + *rc::gen::inRange(-1, 2);
    const Rounding rounding = AnyRounding();
    RC_ASSERT(ToBig(MulDiv(a, divisor / 2, divisor, rounding)) ==
              SlowMulDiv(a, divisor / 2, divisor, rounding));
  }));
}

TEST_CASE("Rescale is exact upwards and rounds downwards") {
  CHECK(Rescale(15, 1, 3, Rounding::kDown) == 1500);
  CHECK(Rescale(-1999, 3, 0, Rounding::kDown) == -1);
  CHECK(Rescale(-1999, 3, 0, Rounding::kUp) == -2);
  CHECK(Rescale(25, 1, 0, Rounding::kHalfEven) == 2);
  CHECK(Rescale(5, 4, 4, Rounding::kUp) == 5);
  CHECK_FALSE(Rescale(kMax, 0, 1, Rounding::kDown));
  CHECK(Rescale(kMax, 18, 0, Rounding::kDown) == kMax / PowerOfTen(18));
  CHECK(base::Holds("there and back", [] {
    const Int128 value = AnyInt128() >> 60;
    const int low = *rc::gen::inRange(0, 19), high = *rc::gen::inRange(low, 19);
    const auto up = Rescale(value, low, high, AnyRounding());
    if (up) RC_ASSERT(Rescale(*up, high, low, AnyRounding()) == value);
    RC_ASSERT(ToBig(up) == SlowMulDiv(value, PowerOfTen(high - low), 1, Rounding::kDown));
    const Rounding rounding = AnyRounding();
    RC_ASSERT(ToBig(Rescale(value, high, low, rounding)) ==
              SlowMulDiv(value, 1, PowerOfTen(high - low), rounding));
  }));
}

TEST_CASE("Checked sums overflow into nothing") {
  CHECK(CheckedAdd(kMax, -1) == kMax - 1);
  CHECK_FALSE(CheckedAdd(kMax, 1));
  CHECK_FALSE(CheckedAdd(kMin, -1));
  CHECK(CheckedSub(kMin, -1) == kMin + 1);
  CHECK_FALSE(CheckedSub(0, kMin));
  CHECK(base::Holds("sums", [] {
    const Int128 a = AnyInt128(), b = AnyInt128();
    const Big sum = ToBig(a) + ToBig(b), difference = ToBig(a) - ToBig(b);
    RC_ASSERT(ToBig(CheckedAdd(a, b)) == (Fits128(sum) ? std::optional<Big>(sum) : std::nullopt));
    RC_ASSERT(ToBig(CheckedSub(a, b)) ==
              (Fits128(difference) ? std::optional<Big>(difference) : std::nullopt));
  }));
}

TEST_CASE("PowerOfTen covers every scale, ToDouble is for display") {
  CHECK(PowerOfTen(0) == 1);
  CHECK(PowerOfTen(18) == 1'000'000'000'000'000'000);
  CHECK(ToDouble(-125, 2) == -1.25);
}

}  // namespace gannet::market
