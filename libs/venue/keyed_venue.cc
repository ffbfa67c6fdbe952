#include "libs/venue/keyed_venue.h"

#include <utility>

#include "libs/base/check.h"
#include "libs/base/concat.h"
#include "libs/venue/answer_parts.h"

namespace gannet::venue {
namespace {

Signer SignerOf(const KeyedVenueOptions& options) {
  absl::StatusOr<Signer> signer = Signer::FromKeyText(options.secret);
  GANNET_CHECK(signer.ok(), "the key was checked");
  return *std::move(signer);
}

}  // namespace

KeyedVenue::KeyedVenue(KeyedVenueOptions options)
    : options_(std::move(options)), signer_(SignerOf(options_)) {
  GANNET_CHECK(options_.placement_window <= kMaxPlacementWindow,
               "the placement window is at most 2 s");
}

bool KeyedVenue::Serves(const market::InstrumentId& instrument) const {
  return market::VenueOf(instrument) == options_.venue;
}

market::InstrumentId KeyedVenue::InstrumentOf(std::string_view symbol) const {
  return market::InstrumentId(base::Concat({options_.venue, ":", symbol}));
}

PositionSide KeyedVenue::PositionSideOf(const market::OrderIntent& intent) const {
  if (!options_.setup.hedge) return PositionSide::kOneWay;
  const bool of_long = (intent.side == market::Side::kBuy) != intent.reduce_only;
  return of_long ? PositionSide::kLong : PositionSide::kShort;
}

Answer KeyedVenue::DecodeAnswer(const RequestContext& request, const wire::HttpExchange& exchange) {
  Answer answer = Decode(request, exchange);
  if (!CameBySocket(exchange)) return answer;
  const auto of_all_copies = [](OutcomeClass& outcome) {
    if (outcome == OutcomeClass::kTurnedAway) outcome = OutcomeClass::kRefused;
  };
  of_all_copies(answer.outcome);
  if (answer.new_leg) of_all_copies(answer.new_leg->outcome);
  return answer;
}

bool KeyedVenue::GoesBySocket(const Call& call) const {
  const bool orders = call.kind == RequestKind::kPlace || call.kind == RequestKind::kCancel ||
                      call.kind == RequestKind::kCancelReplace || call.kind == RequestKind::kAmend;
  return by_socket_ && orders && !call.operation.empty();
}

std::string KeyedVenue::NextFrameId(base::Time now) {
  return base::Concat({"o", std::to_string(base::UnixMillis(now)), "-", std::to_string(++frames_)});
}

base::Duration KeyedVenue::WindowOf(RequestKind kind) const {
  switch (kind) {
    case RequestKind::kPlace:
    case RequestKind::kPlaceBatch:
    case RequestKind::kCancel:
    case RequestKind::kCancelBatch:
    case RequestKind::kCancelReplace:
    case RequestKind::kAmend:
      return options_.placement_window;
    default:
      return options_.query_window;
  }
}

}  // namespace gannet::venue
