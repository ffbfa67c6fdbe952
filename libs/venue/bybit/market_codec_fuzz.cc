// libFuzzer entry: any bytes through every decoder of Bybit's market data; nothing may
// crash, hang or break what the header promises of a decoded value.
//   cmake --preset clang && ninja -C build/clang gannet_venue_bybit_market_fuzz
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "libs/base/check.h"
#include "libs/venue/bybit/market_codec.h"

using namespace gannet;
using namespace gannet::venue;
using namespace gannet::venue::bybit;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static MarketDecoder decoder;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto frame = decoder.DecodeFrame(bytes); frame.ok()) {
    if (const auto* diff = std::get_if<DepthDiff>(&*frame)) {
      GANNET_CHECK(diff->first_id == diff->last_id && IsSymbol(diff->symbol), "one id, a symbol");
      GANNET_CHECK(diff->bids.size() <= kMaxLevels && diff->asks.size() <= kMaxLevels, "bounded");
    }
    if (const auto* trades = std::get_if<TradeReports>(&*frame)) {
      for (const TradeReport& trade : trades->trades)
        GANNET_CHECK(!trade.numbered && trade.id == trade.last_trade && IsSymbol(trade.symbol),
                     "a trade is a trade");
    }
  }
  for (const Category category : {Category::kSpot, Category::kLinear}) {
    const auto info = decoder.DecodeInstrumentsInfo(bytes, category, "fuzz");
    if (!info.ok()) continue;
    for (const market::Instrument& instrument : info->instruments) {
      GANNET_CHECK(instrument.price_scale >= 0 && instrument.price_scale <= 8, "scale");
      GANNET_CHECK(instrument.tick.mantissa > 0 && instrument.lot.mantissa > 0, "steps");
    }
  }
  return 0;
}
