#include "services/ml-inference/model.h"

#include <algorithm>
#include <cmath>

namespace gannet::ml_inference {

absl::StatusOr<Scores> QuantiseScores(const std::array<double, 3>& probabilities) {
  constexpr double kMillion = 1e6;
  double sum = 0;
  for (const double p : probabilities) {
    if (!(p >= 0) || !(p <= 1.001))
      return absl::InvalidArgumentError("the model's output is not a probability");
    sum += p;
  }
  if (std::fabs(sum - 1) > 1e-3)
    return absl::InvalidArgumentError("the model's probabilities do not sum to one");
  std::array<uint32_t, 3> ppm{};
  std::array<double, 3> rest{};
  uint32_t total = 0;
  for (size_t i = 0; i < 3; ++i) {
    const double exact = probabilities[i] / sum * kMillion;
    ppm[i] = static_cast<uint32_t>(exact);
    rest[i] = exact - ppm[i];
    total += ppm[i];
  }
  for (; total < 1'000'000; ++total) {
    const auto most =
        static_cast<size_t>(std::max_element(rest.begin(), rest.end()) - rest.begin());
    ++ppm[most];
    rest[most] = -1;
  }
  return Scores{ppm[0], ppm[1], ppm[2]};
}

}  // namespace gannet::ml_inference
