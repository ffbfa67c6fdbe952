// What venues that take signed requests have in common: whose orders they are, the key
// that signs, and how long a request is valid.
#pragma once

#include <string>
#include <string_view>

#include "libs/venue/order_venue.h"
#include "libs/venue/signer.h"

namespace gannet::venue {

struct KeyedVenueOptions {
  std::string venue;  // the part of an instrument id before the colon
  std::string api_key;
  std::string secret;  // an HMAC secret, or a private key in PEM
  // After its timestamp a request is refused this late. Placement: at most
  // kMaxPlacementWindow, since absence is proven only after window + engine timeout.
  base::Duration placement_window = std::chrono::seconds(2);
  base::Duration query_window = std::chrono::seconds(5);
  std::string self_trade_prevention;  // by the venue's own word; empty: its default
};
inline constexpr base::Duration kMaxPlacementWindow = std::chrono::seconds(2);

class KeyedVenue : public OrderVenue {
 public:
  std::string_view name() const override { return options_.venue; }
  bool Serves(const market::InstrumentId& instrument) const override;

 protected:
  explicit KeyedVenue(KeyedVenueOptions options);  // a key that Signer::FromKeyText takes

  market::InstrumentId InstrumentOf(std::string_view symbol) const;
  base::Duration WindowOf(RequestKind kind) const;

  const KeyedVenueOptions options_;
  const Signer signer_;
};

}  // namespace gannet::venue
