// What every Store must do, run against each implementation by its test.
#pragma once

#include <functional>
#include <memory>

#include "libs/store/store.h"

namespace gannet::store {

struct StoreUnderTest {
  // A store on an empty place; the old one is gone by then.
  std::function<std::unique_ptr<Store>()> make;
  // The same place opened again; null where nothing outlives the object.
  std::function<std::unique_ptr<Store>()> reopen;
};

// Checks with Catch2 assertions; call it from a TEST_CASE.
void RunConformanceSuite(const StoreUnderTest& subject);

}  // namespace gannet::store
