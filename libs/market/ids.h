// Names of things, each with a type of its own.
#pragma once

#include "libs/base/text_id.h"

namespace gannet::market {

using InstrumentId =
    base::TextId<struct InstrumentTag>;             // "venue:symbol", e.g. "binance-spot:BTCUSDT"
using AccountId = base::TextId<struct AccountTag>;  // "tenant/account", e.g. "main/paper"
using AssetId = base::TextId<struct AssetTag>;      // "BTC"
using StrategyId =
    base::TextId<struct StrategyTag>;  // "news-playbook"; "manual/<person>" for people
using ClientOrderId = base::TextId<struct ClientOrderTag>;  // "g1…", at most 36 characters
using VenueOrderId = base::TextId<struct VenueOrderTag>;    // as the venue writes it

// "binance-spot" of "binance-spot:BTCUSDT"; empty when there is no colon.
inline std::string_view VenueOf(const InstrumentId& id) {
  const std::string_view text = id.text();
  const size_t colon = text.find(':');
  return colon == std::string_view::npos ? std::string_view() : text.substr(0, colon);
}
inline std::string_view SymbolOf(const InstrumentId& id) {
  const std::string_view text = id.text();
  const size_t colon = text.find(':');
  return colon == std::string_view::npos ? text : text.substr(colon + 1);
}

}  // namespace gannet::market
