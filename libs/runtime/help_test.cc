#include "libs/runtime/help.h"

#include <CLI/CLI.hpp>
#include <catch2/catch_test_macros.hpp>
#include <string>

namespace gannet::runtime {
namespace {

TEST_CASE("A command line that takes the conventions takes no minus where it counts") {
  CLI::App app("A test.", "gannet-test");
  SetConventions(app);
  size_t rows = 0;
  int offset = 0;
  uint32_t pages = 0;
  app.add_option("--rows", rows);
  app.add_option("--offset", offset);
  app.add_subcommand("print", "Of a test")->add_option("--pages", pages);
  app.parse("--rows 3 --offset -2 print --pages 1");
  CHECK(rows == 3);
  CHECK(offset == -2);
  CHECK(pages == 1);
  for (const char* wrong : {"--rows -1", "print --pages -1"}) {
    try {
      app.parse(wrong);
      FAIL(wrong);
    } catch (const CLI::ParseError& error) {
      CHECK(std::string(error.what()).find("'-1' is below 0") != std::string::npos);
    }
  }
}

}  // namespace
}  // namespace gannet::runtime
