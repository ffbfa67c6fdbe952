// What every ShardLease must do, run against each implementation by its test.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "libs/base/virtual_executor.h"
#include "libs/runtime/lease.h"

namespace gannet::runtime {

struct LeaseUnderTest {
  base::VirtualExecutor& clock;  // of all leases made here
  std::function<std::unique_ptr<ShardLease>(const std::string& shard, const std::string& holder,
                                            LeaseOptions options)>
      make;
  std::function<void(const std::string& shard)> lose;  // the row is gone
};

// Checks with Catch2 assertions; call it from a TEST_CASE.
void RunLeaseSuite(const LeaseUnderTest& subject);

}  // namespace gannet::runtime
