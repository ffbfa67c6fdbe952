#include "libs/base/percent.h"

#include <catch2/catch_test_macros.hpp>

namespace gannet::base {
namespace {

TEST_CASE("Percent-encoding leaves what RFC 3986 reserves nothing for, and no more") {
  CHECK(PercentEncoded("AZaz09-._~") == "AZaz09-._~");
  CHECK(PercentEncoded("a b+c/[]\"=&%") == "a%20b%2Bc%2F%5B%5D%22%3D%26%25");
  CHECK(PercentEncoded(std::string_view("\0\xff\xe2", 3)) == "%00%FF%E2");
  std::string out = "kept=";
  AppendPercentEncoded(out, "{");
  CHECK(out == "kept=%7B");
}

}  // namespace
}  // namespace gannet::base
