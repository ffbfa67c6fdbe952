// What a person is told: an alert, or something that happened to an order or a scope.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "libs/base/time.h"

namespace gannet::notify {

// In order: a channel takes what is at least as urgent as it wants.
enum class Severity : uint8_t { kInfo = 1, kTicket, kPage };
std::string_view Name(Severity severity);  // "info", "ticket", "page"

enum class Kind : uint8_t { kAlert = 1, kFill, kReject, kUnknown, kHalt, kKill };
inline constexpr Kind kAllKinds[] = {Kind::kAlert,   Kind::kFill, Kind::kReject,
                                     Kind::kUnknown, Kind::kHalt, Kind::kKill};
std::string_view Name(Kind kind);  // "alert", "fill", "reject", "unknown", "halt", "kill"

struct Message {
  Severity severity = Severity::kInfo;
  Kind kind = Kind::kAlert;
  // Of what is told about: the same key with the same `state` and `resolved` soon after is a
  // repetition.
  std::string key;
  std::string state;      // that it is in, where it has several
  bool resolved = false;  // it is over
  std::string title;      // one line
  std::string text;       // more of it; may be empty
  std::string link;       // of the runbook; may be empty
  std::map<std::string, std::string> labels;
  base::Time time;
};

}  // namespace gannet::notify
