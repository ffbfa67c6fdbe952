#include "libs/market/parent.h"

#include <limits>

namespace gannet::market {
namespace {

Price Average(Int128 value, Quantity quantity) {
  if (quantity.mantissa <= 0 || value <= 0) return {};
  const auto price = MulDiv(value, 1, quantity.mantissa, Rounding::kHalfEven);
  if (!price || *price > std::numeric_limits<int64_t>::max()) return {};
  return {static_cast<int64_t>(*price)};
}

int64_t Slippage(Side side, Price paid, Price against) {
  if (paid.mantissa <= 0 || against.mantissa <= 0) return 0;
  const Int128 worse = static_cast<Int128>(Sign(side)) * (paid.mantissa - against.mantissa);
  const auto ppm = MulDiv(worse, 1'000'000, against.mantissa, Rounding::kHalfEven);
  if (!ppm || *ppm > std::numeric_limits<int64_t>::max() ||
      *ppm < std::numeric_limits<int64_t>::min()) {
    return 0;
  }
  return static_cast<int64_t>(*ppm);
}

}  // namespace

ParentFigures FiguresOf(const ParentOrder& parent) {
  ParentFigures figures;
  figures.average = Average(parent.filled_value, parent.filled);
  figures.exit_average = Average(parent.exited_value, parent.exited);
  figures.market_vwap = Average(parent.market_value, parent.market_volume);
  figures.arrival_slippage_ppm = Slippage(parent.intent.side, figures.average, parent.arrival);
  figures.vwap_slippage_ppm = Slippage(parent.intent.side, figures.average, figures.market_vwap);
  return figures;
}

const char* Name(Algo algo) {
  switch (algo) {
    case Algo::kTwap:
      return "TWAP";
    case Algo::kVwap:
      return "VWAP";
    case Algo::kPov:
      return "POV";
    case Algo::kIceberg:
      return "ICEBERG";
    case Algo::kRoute:
      return "ROUTE";
    case Algo::kBracket:
      return "BRACKET";
    case Algo::kOco:
      return "OCO";
  }
  return "?";
}

const char* Name(ParentState state) {
  switch (state) {
    case ParentState::kSubmitted:
      return "SUBMITTED";
    case ParentState::kWorking:
      return "WORKING";
    case ParentState::kPaused:
      return "PAUSED";
    case ParentState::kDenied:
      return "DENIED";
    case ParentState::kCompleted:
      return "COMPLETED";
    case ParentState::kExpired:
      return "EXPIRED";
    case ParentState::kCanceled:
      return "CANCELED";
    case ParentState::kFailed:
      return "FAILED";
  }
  return "?";
}

}  // namespace gannet::market
