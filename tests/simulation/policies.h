// What others do about an order whose fate they do not know, as small models that trade on
// the same simulated venue, under the faults that the same seed draws. The models are
// spared what has nothing to do with the question: they never die, know the venue's clock,
// wait when they are told to, and look at each open order every second.
#pragma once

#include <array>
#include <cstdint>
#include <iosfwd>
#include <map>

#include "absl/status/statusor.h"
#include "tests/simulation/campaign.h"
#include "tests/simulation/world.h"

namespace gannet::simulation {

enum class Policy : uint8_t {
  kRetryOnTimeout,       // what is not answered is sent again, three times, under a new id
  kFailedWhenMissing,    // an order that three queries do not find has failed
  kRejectedAfterChecks,  // five looks at an order in flight without a result: rejected
};
inline constexpr std::array kPolicies = {Policy::kRetryOnTimeout, Policy::kFailedWhenMissing,
                                         Policy::kRejectedAfterChecks};
const char* Name(Policy policy);

// Orders, and those that were not what they were taken for once all had settled. Requests
// that the network itself doubled are left out: nobody who sends can prevent that.
struct PolicyResult {
  uint64_t orders = 0;
  uint64_t doubled = 0;                     // became more than one order at the venue
  uint64_t given_up = 0;                    // the venue has it, the trader does not
  uint64_t figure = 0;                      // filled by another quantity than is believed
  std::map<std::string, uint64_t> strikes;  // of the venue's faults
  uint64_t wrong() const { return doubled + given_up + figure; }
};

// Uses the seed, `safety` and `script` of the options.
absl::StatusOr<PolicyResult> TradeBy(Policy policy, const SimulationOptions& options);

// All of them and the platform over the seeds of a campaign, as a table. Not OK when the
// platform had a wrong order too.
absl::Status ComparePolicies(const CampaignOptions& options, std::ostream& out);

}  // namespace gannet::simulation
