// Canonical bytes of account events (canonical.h).
#pragma once

#include <string>

#include "libs/market/account_event.h"

namespace gannet::wire {

std::string Canonical(const market::AccountEvent& event);

}  // namespace gannet::wire
