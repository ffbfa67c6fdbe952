// Pieces that the answers of every venue are made of.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "libs/market/money.h"
#include "libs/venue/order_venue.h"

namespace gannet::venue {

// An amount of any asset: at the eight digits that venues use, or more when the text
// has more; nothing beyond 18.
std::optional<market::Money> AmountOf(std::string_view text);

std::optional<uint32_t> NumberOf(std::string_view text);

// Of a header by its name in lower case; empty when absent.
std::string_view HeaderOf(const wire::HttpExchange& exchange, std::string_view name);

// True: the answer to a frame of the order socket, by the frame's name and on the same connection.
bool CameBySocket(const wire::HttpExchange& exchange);

// How an answer came, as evidence begins with it: "http:" or "ws:".
std::string_view WireOf(const wire::HttpExchange& exchange);

// What a query's words about one order mean for it. INVALID_ARGUMENT when the update
// speaks of another order than `request` asked about.
absl::Status CheckAnswersRequest(const OrderUpdate& update, const RequestContext& request);

// Adds to what is held of an instrument: long and short sides of one that are kept apart
// (hedge mode) count together. False: `amount` is no number.
bool AddPosition(std::vector<PositionEntry>& positions, market::InstrumentId instrument,
                 std::string_view amount, bool is_short = false);
void AddPosition(std::vector<PositionEntry>& positions, const PositionEntry& more);

// Drops what a half-understood answer seemed to say.
void MakeUnparsable(Answer& answer, std::string_view why);

}  // namespace gannet::venue
