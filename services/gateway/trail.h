// What followed from a headline or a prediction, and what an order came from: one
// list of steps in time, of what the view still holds.
#pragma once

#include <string>
#include <string_view>

#include "services/gateway/view.h"

namespace gannet::gateway {

// `id` names a signal, a prediction (as IdText) or an order (client order id). A
// JSON document; empty when the view knows nothing of that id.
std::string TrailJson(const View& view, std::string_view id);

}  // namespace gannet::gateway
