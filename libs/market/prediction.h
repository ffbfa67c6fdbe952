// What a model says about an instrument.
#pragma once

#include <cstdint>
#include <string>

#include "libs/base/digest.h"
#include "libs/base/time.h"
#include "libs/market/ids.h"

namespace gannet::market {

enum class DriftState : uint8_t { kOk = 1, kWarning, kDrifted, kUnknown };

struct Prediction {  // ml.predictions
  InstrumentId instrument;
  std::string model;    // registry name
  std::string version;  // immutable registry version
  base::Duration horizon{0};
  // Calibrated probabilities in parts per million, quantised; they sum to 10^6.
  uint32_t down_ppm = 0, flat_ppm = 0, up_ppm = 0;
  base::Sha256Digest feature_hash{};  // of the feature vector, canonical encoding
  DriftState drift = DriftState::kUnknown;
  bool operator==(const Prediction&) const = default;
};

}  // namespace gannet::market
