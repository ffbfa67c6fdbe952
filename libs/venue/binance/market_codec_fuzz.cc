// libFuzzer entry: any bytes through every decoder; nothing may crash, hang or
// break what the header promises of a decoded value.
//   cmake --preset clang && ninja -C build/clang gannet_venue_binance_market_fuzz
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "libs/base/check.h"
#include "libs/venue/binance/market_codec.h"

using namespace gannet;
using namespace gannet::venue;
using namespace gannet::venue::binance;

namespace {

void Use(const MarketFrame& frame) {
  market::Instrument instrument;
  instrument.id = market::InstrumentId("fuzz:X");
  std::vector<market::Level> levels;
  if (const auto* diff = std::get_if<DepthDiff>(&frame)) {
    GANNET_CHECK(diff->first_id <= diff->last_id, "ids in order");
    if (LevelsOf(instrument, "b", diff->bids, levels).ok()) {
      for (const market::Level& level : levels) {
        GANNET_CHECK(level.price.mantissa > 0 && level.quantity.mantissa >= 0,
                     "a level is a level");
      }
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static MarketDecoder decoder;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto frame = decoder.DecodeFrame(bytes); frame.ok()) Use(*frame);
  if (const auto snapshot = decoder.DecodeDepthSnapshot(bytes); snapshot.ok()) {
    GANNET_CHECK(snapshot->bids.size() <= kMaxLevels && snapshot->asks.size() <= kMaxLevels,
                 "bounded");
  }
  for (const Product product : {Product::kSpot, Product::kUsdm, Product::kCoinm}) {
    const auto info = decoder.DecodeExchangeInfo(bytes, product, "fuzz");
    if (!info.ok()) continue;
    for (const market::Instrument& instrument : info->instruments) {
      GANNET_CHECK(instrument.price_scale >= 0 && instrument.price_scale <= 8, "scale");
      GANNET_CHECK(instrument.tick.mantissa > 0, "tick");
    }
  }
  QueryParameter(bytes, "symbol");
  return 0;
}
