// Records of a recording (docs/journal.md) as members of a JSON object, for people.
#pragma once

#include <string>

#include "libs/journal/journal.h"

namespace gannet::app {

// partition, offset, time, key, headers and the event of a message; what a gap says.
// Bytes that are none of that: "hex":"…".
std::string JsonMembersOfRecorded(const journal::Record& record);

}  // namespace gannet::app
