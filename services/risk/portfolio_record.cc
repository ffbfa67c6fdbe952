// Figures of portfolio risk as they are recorded.
#include <string>
#include <type_traits>

#include "libs/wire/canonical.h"
#include "services/risk/portfolio_figures.h"

namespace gannet::risk {
namespace {

constexpr uint8_t kVersion = 1;
constexpr uint32_t kMaxZone = 3;

// One walk for both directions.
class Writer {
 public:
  void operator()(const base::Time& value) { out_.Time(value); }
  void operator()(const std::string& value) { out_.Bytes(value); }
  void operator()(bool value) { out_.Bool(value); }
  void operator()(uint8_t value) { out_.U8(value); }
  void operator()(uint32_t value) { out_.U32(value); }
  void operator()(int64_t value) { out_.I64(value); }
  void operator()(const Value& value) { out_.I128(value); }
  template <class T>
  void operator()(const std::optional<T>& value) {
    out_.Bool(value.has_value());
    if (value) (*this)(*value);
  }
  void Count(size_t count) { out_.U32(static_cast<uint32_t>(count)); }
  std::string Take() { return out_.Take(); }

 private:
  wire::CanonicalWriter out_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : in_(bytes) {}
  void operator()(base::Time& value) { value = in_.Time(); }
  void operator()(std::string& value) { value = in_.Bytes(); }
  void operator()(bool& value) { value = in_.Bool(); }
  void operator()(uint8_t& value) { value = in_.U8(); }
  void operator()(uint32_t& value) { value = in_.U32(); }
  void operator()(int64_t& value) { value = in_.I64(); }
  void operator()(Value& value) { value = in_.I128(); }
  template <class T>
  void operator()(std::optional<T>& value) {
    if (!in_.Bool()) return;
    (*this)(value.emplace());
  }
  wire::CanonicalReader& in() { return in_; }

 private:
  wire::CanonicalReader in_;
};

template <class Figures, class Walk>
void Fields(Figures& f, Walk& walk) {
  walk(f.at);
  walk(f.observations);
  walk(f.instruments);
  walk(f.uncovered);
  walk(f.gross);
  for (auto& risk : f.methods) {
    walk(risk.var);
    walk(risk.es);
    walk(risk.problem);
  }
  walk(f.simulated_low);
  walk(f.simulated_high);
  walk(f.volatility_ppm);
  walk(f.scale_ppm);
  walk(f.kelly_ppm);
  walk(f.largest);
  walk(f.largest_share_ppm);
  walk(f.effective_ppm);
  walk(f.backtested);
  walk(f.exceptions);
  walk(f.zone);
  walk(f.kupiec_ppm);
  walk(f.independence_ppm);
  walk(f.coverage_ppm);
  for (auto& reading : f.signals) {
    walk(reading.value_ppm);
    walk(reading.up);
    walk(reading.detail);
  }
}
template <class Stress, class Walk>
void StressFields(Stress& stress, Walk& walk) {
  walk(stress.name);
  walk(stress.loss);
  walk(stress.worst_loss);
  walk(stress.worst_step);
}

}  // namespace

std::string Encode(const PortfolioFigures& figures) {
  Writer walk;
  walk(kVersion);
  Fields(figures, walk);
  walk.Count(figures.stress.size());
  for (const auto& stress : figures.stress) StressFields(stress, walk);
  return walk.Take();
}

absl::StatusOr<PortfolioFigures> DecodePortfolioFigures(std::string_view bytes) {
  Reader walk(bytes);
  uint8_t version = 0;
  walk(version);
  if (walk.in().ok() && version != kVersion) {
    return absl::FailedPreconditionError(
        "portfolio risk of another format; use the build that wrote it");
  }
  PortfolioFigures figures;
  Fields(figures, walk);
  const uint32_t stresses = walk.in().U32();
  for (uint32_t i = 0; i < stresses && walk.in().ok(); ++i)
    StressFields(figures.stress.emplace_back(), walk);
  if (!walk.in().ok()) return walk.in().status();
  if (!walk.in().done() || stresses > kMaxStressPaths || figures.zone > kMaxZone)
    return absl::DataLossError("portfolio risk: bytes that are no figures; check the journal");
  return figures;
}

}  // namespace gannet::risk
