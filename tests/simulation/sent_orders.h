// What a request of any product asks of orders, read from its bytes as a venue reads them: by
// forms, by JSON, in batches, over REST and over order sockets alike.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/net/network.h"

namespace gannet::simulation {

// Numbers as they were written; empty: not stated.
struct SentOrder {
  std::string id;        // ours
  std::string venue_id;  // of an amendment, where it names the order by that
  std::string symbol, side, quantity, price, trigger;
};

// A request that says who asks; the others count against nobody's orders.
bool IsSigned(const net::HttpRequest& request);
// The orders that it places; the one that it amends.
std::vector<SentOrder> Placements(const net::HttpRequest& request);
std::optional<SentOrder> AmendmentIn(const net::HttpRequest& request);

// A placement, cancel or amendment by the order socket at `path` as the request that it would
// be over REST; nothing: another frame.
std::optional<net::HttpRequest> RequestOf(std::string_view path, std::string_view frame);

}  // namespace gannet::simulation
