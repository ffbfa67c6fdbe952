#include "services/venue-sim/fault_text.h"

#include <catch2/catch_test_macros.hpp>

namespace gannet::venue_sim {
namespace {

TEST_CASE("A field is found with its text") {
  constexpr std::string_view kJson = R"({"c":"g1a","i":42,"n":null,"o":{"x":"NEW"}})";
  CHECK(FieldOf(kJson, "c") == "g1a");
  CHECK(FieldOf(kJson, "i") == "42");
  CHECK(FieldOf(kJson, "x") == "NEW");
  CHECK(FieldOf(kJson, "absent").empty());
}

TEST_CASE("A list keeps its first entries") {
  constexpr std::string_view kList = R"([{"a":"]}"},{"a":[1,2]},{"a":3}])";
  CHECK(KeepFirst(kList, 0) == "[]");
  CHECK(KeepFirst(kList, 1) == R"([{"a":"]}"}])");
  CHECK(KeepFirst(kList, 2) == R"([{"a":"]}"},{"a":[1,2]}])");
  CHECK(KeepFirst(kList, 3) == kList);
  CHECK(KeepFirst(kList, 9) == kList);
  CHECK(KeepFirst(R"({"result":{"list":[{"a":1},{"a":2}],"x":1}})", 1) ==
        R"({"result":{"list":[{"a":1}],"x":1}})");
  CHECK(KeepFirst(R"({"code":-1,"msg":"[]"})", 0) == R"({"code":-1,"msg":"[]"})");
}

TEST_CASE("Amounts become zero") {
  CHECK(
      ZeroFields(R"([{"free":"1.5","locked":"2","other":"3"},{"free":""}])", {"free", "locked"}) ==
      R"([{"free":"0","locked":"0","other":"3"},{"free":"0"}])");
}

}  // namespace
}  // namespace gannet::venue_sim
