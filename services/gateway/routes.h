// The table of everything the gateway answers over HTTP. Authorisation, methods and
// the OpenAPI document come from it; a test walks it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "services/gateway/users.h"

namespace gannet::gateway {

inline constexpr uint8_t kPublic = 0;
inline constexpr uint8_t kAdmins = static_cast<uint8_t>(Role::kAdmin);
inline constexpr uint8_t kRiskPeople = kAdmins | static_cast<uint8_t>(Role::kRisk);
inline constexpr uint8_t kTraders = kAdmins | static_cast<uint8_t>(Role::kTrader);
inline constexpr uint8_t kActors = kTraders | kRiskPeople;
inline constexpr uint8_t kEverybody = kActors | static_cast<uint8_t>(Role::kViewer);

enum class Action : uint8_t {
  kHealth,
  kLive,
  kReady,
  kOpenApi,
  kSignIn,
  kSession,
  kSignOut,
  kSetPassword,
  kConsent,
  kState,
  kSnapshot,
  kMarkets,
  kSignals,
  kOrders,
  kFills,
  kPositions,
  kDenials,
  kPredictions,
  kCandles,
  kProfit,
  kTrail,
  kLimits,
  kPortfolio,
  kAudit,
  kBacktests,
  kBacktest,
  kLimitFile,
  kProposals,
  kModels,
  kReport,
  kAbout,
  kStream,
  kSubmitOrder,
  kCancelOrder,
  kAmendOrder,
  kCancelAll,
  kKill,
  kResume,
  kSetState,
  kProposeLimits,
  kApproveLimits,
  kRejectLimits,
  kUsers,
  kAddUser,
  kConfirmUser,
  kDisableUser,
};

// One field of a request: of its query, or of its JSON body.
struct Parameter {
  std::string_view name;
  std::string_view type;  // "string", "integer" or "boolean"
  bool required = false;
  std::string_view about;
  std::string_view values;  // separated by '|'; empty: any
  uint32_t max_length = 256;
};

struct Route {
  std::string_view method;  // GET serves HEAD too
  std::string_view path;
  Action action;
  uint8_t roles;  // bits of Role; kPublic: nobody has to be signed in
  std::string_view about;
  std::span<const Parameter> parameters = {};
  bool is_array = false;  // the answer is an array, otherwise an object
  bool changes() const { return method != "GET"; }
};

std::span<const Route> Routes();
// Null: none of that path, or none of that method (then `allowed` names those there are).
const Route* FindRoute(std::string_view method, std::string_view path, std::string& allowed);
// The media type of a report's format.
const char* ReportType(std::string_view format);
// OpenAPI 3.1 of the table, as JSON. `cookie` is the name of the one that sessions are in.
std::string OpenApi(std::string_view version, std::string_view cookie);

}  // namespace gannet::gateway
