#include "libs/store/postgres_rows.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "libs/base/rng.h"
#include "libs/base/utf8.h"
#include "libs/store/store.h"

namespace gannet::store {
namespace {

using namespace std::string_literals;

TEST_CASE("PostgreSQL text: what it takes stays readable, what it does not comes back whole") {
  CHECK(EncodeText("BTC é 漢") == "BTC é 漢");
  CHECK(EncodeText("a\0b"s) == "a\\x00b");
  CHECK(EncodeText("\xff") == "\\xff");
  CHECK(EncodeText("\\x41") == "\\\\x41");
  CHECK(DecodeText("\\") == "\\");
  CHECK(DecodeText("\\xg1") == "xg1");
  base::Rng rng(3);
  const std::string alphabet = "\\\0x0fa\xc3\xa9\xff\n"s;
  for (int i = 0; i < 2'000; ++i) {
    std::string text;
    for (uint64_t n = rng.Below(12); n > 0; --n) text += alphabet[rng.Below(alphabet.size())];
    const std::string encoded = EncodeText(text);
    REQUIRE(DecodeText(encoded) == text);
    REQUIRE(base::IsUtf8(encoded));
    REQUIRE(encoded.find('\0') == std::string::npos);
  }
}

TEST_CASE("PostgreSQL numbers: 38 digits, and nothing that is no number") {
  const market::Int128 largest = AmountLimit() - 1;
  for (const market::Int128 value :
       {largest, -largest, market::Int128{0}, market::Int128{-1}, market::Int128{INT64_MIN},
        market::Int128{INT64_MAX}, market::Int128{INT64_MAX} + 1}) {
    std::string text;
    AppendInt128(text, value);
    CHECK(text.size() <= 39);
    CHECK(ParseInt128(text).value() == value);
  }
  for (const char* bad : {"", "-", "1.5", "NaN", "1e3", " 1", "+1", "--1",
                          "100000000000000000000000000000000000000"}) {
    INFO(bad);
    CHECK(absl::IsDataLoss(ParseInt128(bad).status()));
  }
  for (const char* bad : {"", "x", "1x", "9223372036854775808"})
    CHECK(absl::IsDataLoss(ParseInt64(bad).status()));
}

TEST_CASE("PostgreSQL COPY: one line a row, 22 fields, whatever the texts hold") {
  FillRow row;
  row.trade_id = "a\tb\nc\rd\\e\0"s;
  row.model_version = "\\.";
  row.price = market::Money(-5, 2);
  std::string line;
  CopyLines lines(line);
  GiveRow(lines, row);
  lines.EndRow();
  CHECK(std::count(line.begin(), line.end(), '\n') == 1);
  CHECK(line.back() == '\n');
  CHECK(std::count(line.begin(), line.end(), '\t') == 21);
  CHECK(line.find("a\\tb\\nc\\rd\\\\\\\\e\\\\x00\t-5\t2\t") != std::string::npos);
}

TEST_CASE("PostgreSQL arrays: quoted so that nothing ends an element early") {
  ArrayColumns columns;
  for (const char* text : {"a,b", "\"{}\"", "", "\\"}) {
    columns.Text(text);
    GiveColumns(columns, market::Money(-1, 3));
    columns.Numeric(static_cast<market::Int128>(~uint64_t{0}));
    columns.EndRow();
  }
  const std::vector<std::string> literals = columns.Take();
  REQUIRE(literals.size() == 4);
  CHECK(literals[0] == R"({"a,b","\"{}\"","","\\\\"})");
  CHECK(literals[1] == "{-1,-1,-1,-1}");
  CHECK(literals[2] == "{3,3,3,3}");
  CHECK(literals[3].starts_with("{18446744073709551615,"));
}

TEST_CASE("PostgreSQL results: what is no number is an error, and the rest is read") {
  std::vector<std::string> columns = {"5", "-7", "x", "t", "12345", "19"};
  size_t next_column = 0;
  RowReader reader([&] { return std::string_view(columns[next_column++]); });
  market::EventId id;
  reader.Read(id);
  CHECK(id.stream == 5);
  CHECK(id.sequence == ~uint64_t{0} - 6);
  CHECK(reader.status().ok());
  int64_t number = 3;
  reader.Read(number);
  CHECK(absl::IsDataLoss(reader.status()));
  bool flag = false;
  reader.Read(flag);
  CHECK(flag);
  market::Money amount(1, 0);
  reader.Read(amount);  // its scale is beyond 18
  CHECK(amount == market::Money(1, 0));
}

}  // namespace
}  // namespace gannet::store
