#include "libs/base/status.h"

#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <string>

namespace gannet::base {
namespace {

absl::StatusOr<std::unique_ptr<int>> Make(bool fail) {
  if (fail) return absl::NotFoundError("no number");
  return std::make_unique<int>(7);
}

absl::Status Use(bool fail, int& out) {
  GANNET_ASSIGN_OR_RETURN(const std::unique_ptr<int> number, Make(fail));
  GANNET_RETURN_IF_ERROR(absl::OkStatus());
  out = *number;
  return absl::OkStatus();
}

}  // namespace

TEST_CASE("Annotate puts the context before a failure and leaves success alone") {
  CHECK(Annotate(absl::OkStatus(), "reading x").ok());
  const absl::Status status =
      Annotate(absl::NotFoundError("no such file; check the path"), "reading x");
  CHECK(absl::IsNotFound(status));
  CHECK(std::string(status.message()) == "reading x: no such file; check the path");
}

TEST_CASE("GANNET_ASSIGN_OR_RETURN moves the value out or hands the failure up") {
  int out = 0;
  CHECK(Use(false, out).ok());
  CHECK(out == 7);
  CHECK(absl::IsNotFound(Use(true, out)));
}

}  // namespace gannet::base
