#include "services/gateway/routes.h"

#include <nlohmann/json.hpp>
#include <vector>

#include "libs/market/account.h"

namespace gannet::gateway {
namespace {

constexpr std::string_view kScopes = "firm|account|strategy|venue|instrument|model|service";
constexpr std::string_view kStates = "ACTIVE|REDUCING|CANCEL_ONLY|HALTED";
constexpr std::string_view kRequestAbout =
    "names this request for ever: the same again is not done twice; made up when absent";

constexpr Parameter kSignInFields[] = {{"user", "string", true, "name", "", kMaxNameBytes},
                                       {"password", "string", true, "", "", kMaxPasswordBytes}};
constexpr Parameter kPasswordFields[] = {
    {"password", "string", true, "the one in use", "", kMaxPasswordBytes},
    {"new_password", "string", true, "12 characters or more", "", kMaxPasswordBytes}};
constexpr Parameter kConsentFields[] = {
    {"version", "integer", true, "of the risk disclaimer that was read"}};
constexpr Parameter kCandleFields[] = {
    {"instrument", "string", true, "as venue:symbol"},
    {"interval", "integer", false, "seconds", "1|5|15|60|300|900|3600"}};
constexpr Parameter kTrailFields[] = {
    {"id", "string", true, "of a signal, a prediction or an order", "", 128}};
constexpr Parameter kReportFields[] = {
    {"format", "string", true, "", "pdf|xlsx|json"},
    {"account", "string", true, "tenant/account"},
    {"from", "string", false, "begin, UTC: a date or a time; 30 days before the end when absent",
     "", 40},
    {"to", "string", false, "end, not included; now when absent", "", 40},
    {"returns", "string", false, "length of the periods whose returns are taken; day when absent",
     "day|hour|minute"}};
constexpr Parameter kAuditFields[] = {
    {"person", "string", false, "only what this person did", "", kMaxNameBytes},
    {"action", "string", false, "only this: KILL, RESUME, SUBMIT_ORDER, SIGN_IN …", "", 64},
    {"from", "string", false, "from this date or time on, UTC", "", 40},
    {"to", "string", false, "before this date or time", "", 40},
    {"limit", "integer", false, "at most so many, 1 to 1000; 100 when absent"}};
constexpr Parameter kBacktestFields[] = {{"name", "string", true, "of the run", "", 100}};
constexpr Parameter kOrderFields[] = {
    {"account", "string", true, "tenant/account"},
    {"instrument", "string", true, "as venue:symbol"},
    {"side", "string", true, "", "buy|sell"},
    {"type", "string", true, "", "LIMIT|MARKET|TRAILING_STOP"},
    {"time_in_force", "string", false, "of a limit order; GTC when absent",
     "GTC|IOC|FOK|POST_ONLY|GTD"},
    {"good_till", "string", false, "when a GTD order ends, UTC, as 2026-11-01T00:00:00Z", "", 40},
    {"price", "string", false, "exact decimal; of a limit order", "", 40},
    {"trailing_bps", "integer", false,
     "of a trailing stop: its distance from the best price in basis points, 150 is 1.5 %"},
    {"stop_price", "string", false,
     "exact decimal; of a trailing stop: the price from which on it trails; at once when absent",
     "", 40},
    {"quantity", "string", true, "exact decimal", "", 40},
    {"reduce_only", "boolean", false, "only closes"},
    {"reason", "string", false, "for people"},
    {"request_id", "string", false, kRequestAbout, "", 64}};
constexpr Parameter kCancelFields[] = {{"client_order_id", "string", true, "of the order", "", 64},
                                       {"request_id", "string", false, kRequestAbout, "", 64}};
constexpr Parameter kAmendFields[] = {
    {"client_order_id", "string", true, "of the order", "", 64},
    {"price", "string", false, "exact decimal; as it is when absent", "", 40},
    {"quantity", "string", false,
     "exact decimal, what is filled already included; as it is when absent", "", 40},
    {"reason", "string", false, "for people"},
    {"request_id", "string", false, kRequestAbout, "", 64}};
constexpr Parameter kScopeFields[] = {
    {"scope", "string", true, "", kScopes},
    {"name", "string", false, "of the scope; absent for the firm"},
    {"reason", "string", true, "for the record"},
    {"request_id", "string", false, kRequestAbout, "", 64}};
constexpr Parameter kKillFields[] = {
    {"scope", "string", true, "", kScopes},
    {"name", "string", false, "of the scope; absent for the firm"},
    {"flatten", "boolean", false, "close what the scope holds as well, once its orders have ended"},
    {"reason", "string", true, "for the record"},
    {"request_id", "string", false, kRequestAbout, "", 64}};
constexpr Parameter kStateFields[] = {
    {"scope", "string", true, "", kScopes},
    {"name", "string", false, "of the scope; absent for the firm"},
    {"state", "string", true, "", kStates},
    {"reason", "string", true, "for the record"},
    {"request_id", "string", false, kRequestAbout, "", 64}};
constexpr Parameter kProposeFields[] = {
    {"file", "string", true, "the whole limits file; its version is one above that in force", "",
     market::kMaxLimitsFile},
    {"reason", "string", true, "for the record"},
    {"new_names", "boolean", false, "accounts, strategies and so on never heard of are meant"},
    {"request_id", "string", false, kRequestAbout, "", 64}};
constexpr Parameter kSettleFields[] = {{"proposal", "integer", true, "its number"},
                                       {"reason", "string", true, "for the record"},
                                       {"request_id", "string", false, kRequestAbout, "", 64}};
constexpr Parameter kUserFields[] = {
    {"name", "string", true, "a-z, 0-9, '.', '_', '-'", "", kMaxNameBytes},
    {"role", "string", true, "", "viewer|trader|risk|admin"}};
constexpr Parameter kConfirmFields[] = {{"name", "string", true, "", "", kMaxNameBytes}};
constexpr Parameter kDisableFields[] = {
    {"name", "string", true, "", "", kMaxNameBytes},
    {"disabled", "boolean", true, "false lets the person in again"}};

constexpr Route kRoutes[] = {
    {"GET", "/healthz", Action::kHealth, kPublic, "200 while the process turns"},
    {"GET", "/health/live", Action::kLive, kPublic, "200 while the process turns"},
    {"GET", "/health/ready", Action::kReady, kPublic,
     "200, or 503; with the reasons for those signed in"},
    {"GET", "/api/v1/openapi.json", Action::kOpenApi, kEverybody, "this document"},
    {"POST", "/api/v1/session", Action::kSignIn, kPublic, "sign in", kSignInFields},
    {"GET", "/api/v1/session", Action::kSession, kEverybody, "who is signed in"},
    {"DELETE", "/api/v1/session", Action::kSignOut, kEverybody, "sign out"},
    {"POST", "/api/v1/session/password", Action::kSetPassword, kEverybody,
     "another password of one's own", kPasswordFields},
    {"POST", "/api/v1/consent", Action::kConsent, kEverybody, "accept the risk disclaimer",
     kConsentFields},
    {"GET", "/api/v1/state", Action::kState, kEverybody, "markets to positions, in one document"},
    {"GET", "/api/v1/snapshot", Action::kSnapshot, kEverybody,
     "what the stream begins with: keyed rows of every table"},
    {"GET",
     "/api/v1/markets",
     Action::kMarkets,
     kEverybody,
     "instruments with quote and book",
     {},
     true},
    {"GET",
     "/api/v1/signals",
     Action::kSignals,
     kEverybody,
     "news signals, newest first",
     {},
     true},
    {"GET",
     "/api/v1/orders",
     Action::kOrders,
     kEverybody,
     "open orders, then closed ones",
     {},
     true},
    {"GET", "/api/v1/fills", Action::kFills, kEverybody, "fills, newest first", {}, true},
    {"GET", "/api/v1/positions", Action::kPositions, kEverybody, "positions with result", {}, true},
    {"GET",
     "/api/v1/denials",
     Action::kDenials,
     kEverybody,
     "what risk refused, newest first",
     {},
     true},
    {"GET",
     "/api/v1/predictions",
     Action::kPredictions,
     kEverybody,
     "of models, newest first",
     {},
     true},
    {"GET", "/api/v1/candles", Action::kCandles, kEverybody, "bars of an instrument, oldest first",
     kCandleFields},
    {"GET",
     "/api/v1/profit",
     Action::kProfit,
     kEverybody,
     "result by asset over the time since the start",
     {},
     true},
    {"GET", "/api/v1/trail", Action::kTrail, kEverybody,
     "from news or prediction over intent and verdict to order and fills", kTrailFields},
    {"GET",
     "/api/v1/limits",
     Action::kLimits,
     kEverybody,
     "limits in force, and what is used",
     {},
     true},
    {"GET", "/api/v1/limits/file", Action::kLimitFile, kEverybody, "the limits file in force"},
    {"GET",
     "/api/v1/limits/proposals",
     Action::kProposals,
     kEverybody,
     "who wanted other limits and who decided, newest first",
     {},
     true},
    {"GET",
     "/api/v1/models",
     Action::kModels,
     kEverybody,
     "versions with scores beside baselines",
     {},
     true},
    {"GET", "/api/v1/risk/portfolio", Action::kPortfolio, kEverybody,
     "what the firm's portfolio could lose: VaR, expected shortfall, stress, alarms"},
    {"GET", "/api/v1/audit", Action::kAudit, kEverybody,
     "who did what, when, and what came of it, newest first", kAuditFields, true},
    {"GET",
     "/api/v1/backtests",
     Action::kBacktests,
     kEverybody,
     "runs of `gannet replay` in the folder of backtests",
     {},
     true},
    {"GET", "/api/v1/backtests/run", Action::kBacktest, kEverybody,
     "one of them: parameters, figures, tables, orders", kBacktestFields},
    {"GET", "/api/v1/report", Action::kReport, kEverybody,
     "what an account has done, as one file to hand out", kReportFields},
    {"GET", "/api/v1/about", Action::kAbout, kEverybody, "versions, disclaimer, what is kept"},
    {"GET", "/api/v1/stream", Action::kStream, kEverybody,
     "WebSocket: a snapshot, then numbered frames of what changed; ?epoch=E&after=N resumes"},
    {"POST", "/api/v1/orders", Action::kSubmitOrder, kTraders,
     "an order by hand, after consent to the risk disclaimer", kOrderFields},
    {"POST", "/api/v1/orders/cancel", Action::kCancelOrder, kTraders, "cancel one order",
     kCancelFields},
    {"POST", "/api/v1/orders/amend", Action::kAmendOrder, kTraders,
     "change price or quantity of one of your orders in place, where its venue can", kAmendFields},
    {"POST", "/api/v1/orders/cancel-all", Action::kCancelAll, kActors,
     "cancel all orders of a scope; tells what became of them", kScopeFields},
    {"POST", "/api/v1/risk/kill", Action::kKill, kActors,
     "kill switch: halt the scope and cancel its orders; tells the verified end state",
     kKillFields},
    {"POST", "/api/v1/risk/resume", Action::kResume, kRiskPeople,
     "lift the kill switch or a halt of a scope", kScopeFields},
    {"POST", "/api/v1/risk/state", Action::kSetState, kRiskPeople, "trading state of a scope",
     kStateFields},
    {"POST", "/api/v1/limits/propose", Action::kProposeLimits, kRiskPeople,
     "propose other limits; another person approves them", kProposeFields},
    {"POST", "/api/v1/limits/approve", Action::kApproveLimits, kRiskPeople,
     "approve what another person proposed: in force at once", kSettleFields},
    {"POST", "/api/v1/limits/reject", Action::kRejectLimits, kRiskPeople,
     "reject or withdraw a proposal of limits", kSettleFields},
    {"GET", "/api/v1/users", Action::kUsers, kAdmins, "who may sign in", {}, true},
    {"POST", "/api/v1/users", Action::kAddUser, kAdmins,
     "another person; the password is in the answer, once", kUserFields},
    {"POST", "/api/v1/users/confirm", Action::kConfirmUser, kAdmins,
     "say that somebody whom another admin added with the role risk or admin is a person of their "
     "own: until then they decide nothing that takes two people",
     kConfirmFields},
    {"POST", "/api/v1/users/disable", Action::kDisableUser, kAdmins, "shut a person out",
     kDisableFields},
};

using Json = nlohmann::ordered_json;

Json SchemaOf(const Parameter& p) {
  Json schema{{"type", p.type}};
  if (p.type == "string") schema["maxLength"] = p.max_length;
  if (p.type == "string" && p.required) schema["minLength"] = 1;
  if (!p.about.empty()) schema["description"] = p.about;
  if (p.values.empty()) return schema;
  Json values = Json::array();
  for (size_t at = 0; at <= p.values.size();) {
    const size_t end = std::min(p.values.find('|', at), p.values.size());
    const std::string value(p.values.substr(at, end - at));
    values.push_back(p.type == "integer" ? Json(std::stoi(value)) : Json(value));
    at = end + 1;
  }
  schema["enum"] = std::move(values);
  return schema;
}

Json AnswerOf(std::string_view about, const char* schema) {
  return {{"description", about},
          {"content", {{"application/json", {{"schema", {{"$ref", schema}}}}}}}};
}

Json ErrorAnswer(std::string_view about) { return AnswerOf(about, "#/components/schemas/Error"); }

Json ResponsesOf(const Route& route) {
  Json out;
  if (route.action == Action::kStream) {
    out["101"] = {{"description", "the stream"}};
    out["426"] = ErrorAnswer("not asked as a WebSocket");
  } else if (route.action == Action::kReport) {
    const Json file{{"schema", {{"type", "string"}, {"contentEncoding", "binary"}}}};
    Json content = Json::object();
    for (const char* format : {"pdf", "xlsx", "json"}) content[ReportType(format)] = file;
    out["200"] = {{"description", "the file"}, {"content", std::move(content)}};
    out["501"] = ErrorAnswer("this process makes no reports");
    out["503"] = ErrorAnswer("it could not be made; the message says why");
  } else {
    out["200"] = AnswerOf(
        "done", route.is_array ? "#/components/schemas/Rows" : "#/components/schemas/Document");
  }
  if (!route.parameters.empty()) {
    out["400"] = ErrorAnswer("a field is missing, unknown or out of range");
    out["404"] = ErrorAnswer("what it names is not known here");
  }
  if (route.roles != kPublic || route.action == Action::kSignIn)
    out["401"] = ErrorAnswer("not signed in");
  if (route.changes()) {
    out["403"] = ErrorAnswer("not for this role, or the CSRF token is wrong");
    out["409"] = ErrorAnswer("refused as things stand");
    out["413"] = {{"description", "too large"}};
    out["415"] = ErrorAnswer("not JSON");
    out["501"] = ErrorAnswer("not taken by this process");
  } else {
    out["403"] = ErrorAnswer("not for this role");
  }
  if (route.action == Action::kReady)
    out["503"] = AnswerOf("not ready", "#/components/schemas/Document");
  out["421"] = ErrorAnswer("under another name than this machine's");
  out["429"] = ErrorAnswer("too many requests");
  return out;
}

Json OperationOf(const Route& route) {
  Json out{{"summary", route.about}};
  Json roles = Json::array();
  for (const Role role : {Role::kViewer, Role::kTrader, Role::kRisk, Role::kAdmin}) {
    if ((route.roles & static_cast<uint8_t>(role)) != 0) roles.push_back(Name(role));
  }
  out["x-roles"] = std::move(roles);
  if (route.roles == kPublic) out["security"] = Json::array();
  if (!route.changes() && !route.parameters.empty()) {
    Json parameters = Json::array();
    for (const Parameter& p : route.parameters) {
      parameters.push_back(
          {{"name", p.name}, {"in", "query"}, {"required", p.required}, {"schema", SchemaOf(p)}});
    }
    out["parameters"] = std::move(parameters);
  }
  if (route.changes() && !route.parameters.empty()) {
    Json properties = Json::object(), required = Json::array();
    for (const Parameter& p : route.parameters) {
      properties[std::string(p.name)] = SchemaOf(p);
      if (p.required) required.push_back(p.name);
    }
    out["requestBody"] = {{"required", true},
                          {"content",
                           {{"application/json",
                             {{"schema",
                               {{"type", "object"},
                                {"properties", properties},
                                {"required", required},
                                {"additionalProperties", false}}}}}}}};
  }
  out["responses"] = ResponsesOf(route);
  return out;
}

}  // namespace

const char* ReportType(std::string_view format) {
  if (format == "pdf") return "application/pdf";
  if (format == "json") return "application/json";
  return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
}

std::span<const Route> Routes() { return kRoutes; }

const Route* FindRoute(std::string_view method, std::string_view path, std::string& allowed) {
  if (method == "HEAD") method = "GET";
  for (const Route& route : kRoutes) {
    if (route.path != path) continue;
    if (route.method == method) return &route;
    allowed += (allowed.empty() ? "" : ", ") + std::string(route.method);
  }
  return nullptr;
}

std::string OpenApi(std::string_view version, std::string_view cookie) {
  Json paths = Json::object();
  for (const Route& route : kRoutes) {
    std::string method(route.method);
    for (char& c : method) c = static_cast<char>(c - 'A' + 'a');
    paths[std::string(route.path)][method] = OperationOf(route);
  }
  const Json document{
      {"openapi", "3.1.0"},
      {"info",
       {{"title", "Gannet gateway"},
        {"version", version},
        {"description",
         "Amounts are exact decimals in strings, times ISO 8601 UTC. Requests that change "
         "something carry the session's cookie and its token in X-CSRF-Token."}}},
      {"security", {{{"session", Json::array()}}, {{"token", Json::array()}}}},
      {"paths", paths},
      {"components",
       {{"securitySchemes",
         {{"session", {{"type", "apiKey"}, {"in", "cookie"}, {"name", cookie}}},
          {"token", {{"type", "http"}, {"scheme", "bearer"}}}}},
        {"schemas",
         {{"Error",
           {{"type", "object"},
            {"required", {"error"}},
            {"properties", {{"error", {{"type", "string"}}}}}}},
          {"Document", {{"type", "object"}}},
          {"Rows", {{"type", "array"}, {"items", {{"type", "object"}}}}}}}}}};
  return document.dump();
}

}  // namespace gannet::gateway
