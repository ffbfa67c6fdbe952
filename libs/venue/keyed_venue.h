// What venues that take signed requests have in common: whose orders they are, the key
// that signs, and how long a request is valid.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "libs/venue/order_call.h"
#include "libs/venue/order_venue.h"
#include "libs/venue/signer.h"

namespace gannet::venue {

enum class MarginMode : uint8_t { kAny = 0, kCross, kIsolated };

// How the account of derivatives must be set up at the venue; trading waits while it differs.
struct AccountSetup {
  bool hedge = false;  // long and short of an instrument held apart
  MarginMode margin = MarginMode::kAny;
  std::map<std::string, uint32_t> leverage;  // by the venue's symbol; of those named
};

struct KeyedVenueOptions {
  std::string venue;  // the part of an instrument id before the colon
  std::string api_key;
  std::string secret;  // an HMAC secret, or a private key in PEM
  // After its timestamp a request is refused this late. Placement: at most
  // kMaxPlacementWindow, since absence is proven only after window + engine timeout.
  base::Duration placement_window = std::chrono::seconds(2);
  base::Duration query_window = std::chrono::seconds(5);
  std::string self_trade_prevention;  // by the venue's own word; empty: its default
  AccountSetup setup;
  // The venue cancels what is open this long after it last heard of us; zero: never.
  base::Duration dead_man{0};
};
inline constexpr base::Duration kMaxPlacementWindow = std::chrono::seconds(2);

class KeyedVenue : public OrderVenue {
 public:
  std::string_view name() const override { return options_.venue; }
  bool Serves(const market::InstrumentId& instrument) const override;

  // Whether placements and cancels asked for from now on are frames of the order socket;
  // what has no word there goes by REST all the same. At first: REST.
  void UseSocket(bool on) { by_socket_ = on; }
  bool uses_socket() const { return by_socket_; }
  // The first frame of an order socket that must be logged in. Nothing: each request is
  // signed by itself.
  virtual std::optional<std::string> SocketLogin(base::Time /*now*/) { return std::nullopt; }
  // What a frame that answers no request says of the login; nothing: it is not about it.
  virtual std::optional<bool> LoggedIn(std::string_view /*frame*/) { return std::nullopt; }

  // What Decode says. A refusal that came over the order socket is one of all copies: a frame
  // of a WebSocket is no HTTP request, which a proxy or a load balancer may hand over twice,
  // and inside its encrypted connection it exists once.
  Answer DecodeAnswer(const RequestContext& request, const wire::HttpExchange& exchange) final;

 protected:
  // OrderVenue::DecodeAnswer, of one copy of the request.
  virtual Answer Decode(const RequestContext& request, const wire::HttpExchange& exchange) = 0;

  explicit KeyedVenue(KeyedVenueOptions options);  // a key that Signer::FromKeyText takes

  market::InstrumentId InstrumentOf(std::string_view symbol) const;
  base::Duration WindowOf(RequestKind kind) const;
  bool GoesBySocket(const Call& call) const;
  std::string NextFrameId(base::Time now);  // no two alike, at most 36 characters
  // Hedge mode: an order that only reduces closes the side against it, any other opens its own.
  PositionSide PositionSideOf(const market::OrderIntent& intent) const;

  const KeyedVenueOptions options_;
  const Signer signer_;

 private:
  bool by_socket_ = false;
  uint64_t frames_ = 0;
};

}  // namespace gannet::venue
