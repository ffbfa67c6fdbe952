// What whoever is stopped by an open order that its venue does not find is told: why, and what
// ends it (docs/orders.md, "Sign an end").
#pragma once

#include <string>

#include "absl/strings/str_cat.h"
#include "libs/market/ids.h"

namespace gannet::execution {

inline std::string NotFoundAtVenue(const market::ClientOrderId& order) {
  return absl::StrCat("the venue does not find order ", order.text(),
                      "; `gannet adjust propose --order ", order.text(), "` signs its end");
}

}  // namespace gannet::execution
