// The topic of what people do beside commands, of the table in topics.h.
#pragma once

#include "libs/bus/topics.h"

namespace gannet::bus {

// Sign-ins, users, consent: notes of engine "access" (libs/command/audit.h). What every
// gateway has to know of the others, and as long as an auditor may ask for commands.
inline constexpr auto kAccess = MakeTopic<wire::EngineNote, key::OfNote>("ops.access.v1", kControl);

}  // namespace gannet::bus
