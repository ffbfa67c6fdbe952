// Bytes of the paper venue: its requests, answers and stream frames. Canonical
// encoding, so that a paper run is recorded and replayed like any other.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/matching/paper_venue.h"
#include "libs/venue/order_venue.h"

namespace gannet::execution {

inline constexpr char kPaperVenueName[] = "paper";  // in balances

struct PaperRequest {
  venue::RequestKind kind = venue::RequestKind::kPlace;
  // kPlace; kAmend: the order meant, new price and quantity; otherwise its instrument and
  // client id where they matter
  matching::PaperOrder order;
  market::VenueOrderId venue_order;  // kQueryOrder, kTrades by venue order
  std::string trade_id;              // kTrades from a trade on
  base::Time since{};                // kTrades since
  bool operator==(const PaperRequest&) const = default;
};

std::string EncodePaper(const PaperRequest& request);
absl::StatusOr<PaperRequest> DecodePaperRequest(std::string_view bytes);
// Everything of an answer but its evidence and rate report.
std::string EncodePaper(const venue::Answer& answer);
absl::StatusOr<venue::Answer> DecodePaperAnswer(std::string_view bytes);
std::string EncodePaper(const venue::StreamUpdate& update);
absl::StatusOr<venue::StreamUpdate> DecodePaperFrame(std::string_view bytes);

}  // namespace gannet::execution
