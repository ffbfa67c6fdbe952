#include "libs/venue/parameters.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "libs/market/decimal.h"

namespace gannet::venue {
namespace {

TEST_CASE("Decimals are written exactly and shortest") {
  const auto text = [](int64_t mantissa, int scale) {
    std::string out;
    AppendDecimal(out, {mantissa, scale});
    return out;
  };
  CHECK(text(0, 8) == "0");
  CHECK(text(1, 8) == "0.00000001");
  CHECK(text(100000000, 8) == "1");
  CHECK(text(2500050, 2) == "25000.5");
  CHECK(text(-15, 1) == "-1.5");
  CHECK(text(INT64_MIN, 0) == "-9223372036854775808");
  CHECK(text(INT64_MAX, 18) == "9.223372036854775807");
  for (int scale = 0; scale <= 18; ++scale) {
    for (const int64_t mantissa :
         {7ll, 70ll, 12'345'000ll, 999'999'999'999ll, 1'000'000'000'000'000'000ll}) {
      CHECK(text(mantissa, scale) == market::FormatDecimal(mantissa, scale));
    }
  }
}

TEST_CASE("The same parameters become a query, a JSON object and the text of a signature") {
  Parameters parameters;
  parameters.Text("symbol", "Ａ\"B");
  parameters.Add("price", {105, 1});
  parameters.Number("id", INT64_MAX);
  parameters.Flag("reduceOnly", true);
  parameters.Json("list", R"(["x"])");
  std::string query, json;
  parameters.AppendQuery(query);
  parameters.AppendJson(json);
  CHECK(query ==
        "symbol=%EF%BC%A1%22B&price=10.5&id=9223372036854775807&reduceOnly=true&"
        "list=%5B%22x%22%5D");
  CHECK(
      json ==
      R"({"symbol":"Ａ\"B","price":"10.5","id":9223372036854775807,"reduceOnly":true,"list":["x"]})");
  CHECK(parameters.SortedPlain() ==
        R"(id=9223372036854775807&list=["x"]&price=10.5&reduceOnly=true&symbol=Ａ"B)");
}

TEST_CASE("The id of a venue is a number in JSON, and text where it is none") {
  Parameters parameters;
  for (const char* id : {"9223372036854775808", "0", "007", "algo:9", ""})
    parameters.Digits("id", id);
  std::string json;
  parameters.AppendJson(json);
  CHECK(json == R"({"id":9223372036854775808,"id":0,"id":"007","id":"algo:9","id":""})");
}

TEST_CASE("Control characters in a JSON string are escaped") {
  std::string out;
  AppendJsonString(out, std::string_view("a\n\x01\\\"\x7f", 6));
  CHECK(out == "\"a\\u000A\\u0001\\\\\\\"\x7f\"");
}

}  // namespace
}  // namespace gannet::venue
