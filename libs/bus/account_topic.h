// The topic of account events, of the table in topics.h.
#pragma once

#include "libs/bus/topics.h"
#include "libs/market/account_event.h"

namespace gannet::bus {

inline constexpr auto kAccountEvents =
    MakeTopic<market::AccountEvent, key::OfAccountInstrument>("exec.events.v1", kOrderFact);

}  // namespace gannet::bus
