#include "services/gateway/http_gate.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/secrets.h"
#include "libs/base/status.h"
#include "services/gateway/first_password.h"
#include "services/gateway/view_rows.h"

namespace gannet::gateway {
namespace {

constexpr std::string_view kCookie = "gannet_session";
constexpr std::string_view kScriptUser = "local-script";
constexpr char kFirstUser[] = "admin";
constexpr double kRequestBurst = 300, kRequestsPerSecond = 100;  // of one address
constexpr double kSignInBurst = 5, kSignInsPerSecond = 1.0 / 12;

std::string_view PathOf(const net::HttpRequest& request) {
  const std::string_view target = request.target;
  return target.substr(0, target.find('?'));
}

std::string_view AddressOf(std::string_view peer) { return peer.substr(0, peer.rfind(':')); }

std::optional<std::string> PercentDecode(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      const auto byte =
          i + 2 < text.size() ? base::FromHex(text.substr(i + 1, 2)) : std::optional<std::string>();
      if (!byte || byte->size() != 1) return std::nullopt;
      out += *byte;
      i += 2;
    }
  }
  return out;
}

std::string_view CookieOf(const net::Headers& headers) {
  for (const auto& [name, value] : headers) {
    if (name.size() != 6 || net::FindHeader({{name, value}}, "cookie").empty()) continue;
    std::string_view rest = value;
    while (!rest.empty()) {
      const size_t end = std::min(rest.find(';'), rest.size());
      std::string_view part = rest.substr(0, end);
      while (part.starts_with(' ')) part.remove_prefix(1);
      if (part.starts_with(kCookie) && part.substr(kCookie.size()).starts_with('='))
        return part.substr(kCookie.size() + 1);
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return {};
}

bool IsLoopbackName(std::string_view host) {
  if (host.starts_with('[')) return host.substr(0, host.find(']') + 1) == "[::1]";
  const std::string_view name = host.substr(0, host.rfind(':'));
  return name == "127.0.0.1" || name == "localhost";
}

bool OneOf(std::string_view values, std::string_view value) {
  for (size_t at = 0; at <= values.size();) {
    const size_t end = std::min(values.find('|', at), values.size());
    if (values.substr(at, end - at) == value) return true;
    at = end + 1;
  }
  return false;
}

// The value as text when it is of the parameter's type and range.
std::optional<std::string> Checked(const Parameter& p, const nlohmann::json& value) {
  std::string text;
  if (p.type == "string" && value.is_string()) {
    text = value.get<std::string>();
  } else if (p.type == "integer" && value.is_number_integer()) {
    text = value.dump();
  } else if (p.type == "boolean" && value.is_boolean()) {
    text = value.get<bool>() ? "true" : "false";
  } else {
    return std::nullopt;
  }
  if (text.size() > p.max_length || (p.required && text.empty())) return std::nullopt;
  if (!p.values.empty() && !OneOf(p.values, text)) return std::nullopt;
  return text;
}

std::string Expected(const Parameter& p) {
  std::string out = absl::StrCat("'", std::string(p.name), "' must be ",
                                 p.type == "integer" ? "an integer" : "a ",
                                 p.type == "integer" ? "" : std::string(p.type));
  if (!p.values.empty())
    absl::StrAppend(&out, ", one of ", std::string(p.values));
  else if (p.type == "string")
    absl::StrAppend(&out, " of at most ", p.max_length, " bytes");
  return out;
}

const Parameter* FindParameter(const Route& route, std::string_view name) {
  for (const Parameter& p : route.parameters) {
    if (p.name == name) return &p;
  }
  return nullptr;
}

// What is sent as one JSON object of text, numbers and booleans; an error otherwise.
std::string Gather(const net::HttpRequest& request, const Route& route, nlohmann::json& out) {
  out = nlohmann::json::object();
  if (!route.changes()) {
    const size_t mark = request.target.find('?');
    if (route.parameters.empty() || mark == std::string::npos) return "";
    std::string_view rest = std::string_view(request.target).substr(mark + 1);
    while (!rest.empty()) {
      const size_t end = std::min(rest.find('&'), rest.size());
      const std::string_view pair = rest.substr(0, end);
      const size_t equals = std::min(pair.find('='), pair.size());
      const auto name = PercentDecode(pair.substr(0, equals));
      const auto value = PercentDecode(pair.substr(std::min(equals + 1, pair.size())));
      if (!name || !value) return "the query is not percent-encoded text";
      const Parameter* p = FindParameter(route, *name);
      if (p == nullptr) return "there is no parameter of that name";
      if (out.contains(*name)) return absl::StrCat("'", *name, "' is given twice");
      if (p->type == "string") {
        out[*name] = *value;
      } else {
        out[*name] = nlohmann::json::parse(*value, nullptr, false);
      }
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return "";
  }
  if (route.parameters.empty()) return "";
  out = nlohmann::json::parse(request.body, nullptr, false);
  if (!out.is_object()) return "the body must be one JSON object";
  for (const auto& [name, value] : out.items()) {
    if (FindParameter(route, name) == nullptr)
      return absl::StrCat("there is no field '", name.substr(0, 64), "'; see openapi.json");
  }
  return "";
}

}  // namespace

net::HttpResponse JsonAnswer(int status, std::string body) {
  return {status,
          {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}},
          std::move(body)};
}

net::HttpResponse ErrorAnswer(int status, const std::string& message) {
  return JsonAnswer(status, Text(Json{{"error", message}}));
}

void AddSecurityHeaders(net::HttpResponse& response, bool tls) {
  // Nothing inline, nothing from elsewhere, in nobody's frame.
  response.headers.emplace_back(
      "Content-Security-Policy",
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
      "connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; "
      "form-action 'self'; frame-ancestors 'none'");
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  response.headers.emplace_back("X-Frame-Options", "DENY");
  response.headers.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
  response.headers.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
  if (tls) response.headers.emplace_back("Strict-Transport-Security", "max-age=31536000");
}

HttpGate::HttpGate(const GatewayConfig& config, runtime::Deps& deps)
    : config_(config),
      files_(deps.files),
      executor_(deps.executor),
      background_(deps.background),
      clock_(deps.clock),
      log_(deps.log.For("gateway")),
      data_dir_(deps.data_dir),
      users_(deps.files, Users::PathIn(deps.data_dir)),
      sessions_({.idle = config.session_idle, .absolute = config.session_length}),
      requests_(kRequestBurst, kRequestsPerSecond),
      sign_ins_(kSignInBurst * 2, kSignInsPerSecond * 4),
      sign_ins_by_user_(kSignInBurst, kSignInsPerSecond) {}

absl::Status HttpGate::Start(
    const std::function<void(const std::string& user, const std::string& password)>&
        first_password) {
  GANNET_RETURN_IF_ERROR(files_.MakeDirs(data_dir_));
  absl::Status loaded = users_.Load();
  if (absl::IsNotFound(loaded)) {
    const std::string password = MakePassword();
    GANNET_ASSIGN_OR_RETURN(std::string hash, HashPassword(password, config_.password_cost));
    loaded = users_.Add(kFirstUser, Role::kAdmin, std::move(hash), clock_.Now());
    if (loaded.ok() && first_password) first_password(kFirstUser, password);
  }
  GANNET_RETURN_IF_ERROR(loaded);
  GANNET_ASSIGN_OR_RETURN(dummy_hash_, HashPassword(MakePassword(), config_.password_cost));
  const std::string path = data_dir_ + "/gateway-token";
  if (const auto known = files_.Read(path); known.ok() && known->size() >= 32) {
    script_token_ = *known;
    while (script_token_.ends_with('\n')) script_token_.pop_back();
    return absl::OkStatus();
  }
  script_token_ = base::Base64Url(base::RandomBytes(32));
  return files_.WriteAtomically(path, script_token_ + "\n", 0600);
}

bool HttpGate::KnownHost(std::string_view host) const {
  if (IsLoopbackName(host)) return true;
  if (!config_.tls()) return false;
  const std::string_view name = host.substr(0, host.rfind(':'));
  return std::any_of(config_.host_names.begin(), config_.host_names.end(),
                     [&](const std::string& known) { return known == host || known == name; });
}

// Requests that change something come from our own page or from no page at all.
bool HttpGate::OwnOrigin(const net::HttpRequest& request) const {
  const std::string_view origin = net::FindHeader(request.headers, "origin");
  if (origin.empty()) return true;
  const std::string_view host = net::FindHeader(request.headers, "host");
  return origin == absl::StrCat(config_.tls() ? "https://" : "http://", std::string(host));
}

std::optional<HttpGate::Caller> HttpGate::CallerOf(const net::HttpRequest& request) {
  const std::string_view bearer = net::FindHeader(request.headers, "authorization");
  if (bearer.starts_with("Bearer ")) {
    if (script_token_.empty() || !base::EqualSecrets(bearer.substr(7), script_token_))
      return std::nullopt;
    return Caller{std::string(kScriptUser), "", "", Role::kViewer};
  }
  const std::string_view token = CookieOf(request.headers);
  if (token.empty()) return std::nullopt;
  const Sessions::Session* session = sessions_.Find(token, clock_.Monotonic());
  if (session == nullptr) return std::nullopt;
  const User* user = users_.Find(session->user);
  if (user == nullptr || user->disabled) return std::nullopt;
  return Caller{user->name, std::string(token), session->csrf, user->role};
}

HttpGate::Verdict HttpGate::Admit(const net::HttpRequest& request, std::string_view peer) {
  if (!KnownHost(net::FindHeader(request.headers, "host"))) {
    return ErrorAnswer(421,
                       "the gateway answers as 127.0.0.1, localhost and [::1] only, and under "
                       "gateway.host_names with TLS; use one of them in the URL");
  }
  if (!requests_.Allow(std::string(AddressOf(peer)), clock_.Monotonic())) {
    net::HttpResponse response = ErrorAnswer(429, "too many requests; wait a second");
    response.headers.emplace_back("Retry-After", "1");
    return response;
  }
  const auto caller = CallerOf(request);
  std::string allowed;
  const Route* route = FindRoute(request.method, PathOf(request), allowed);
  if (route == nullptr || route->roles != kPublic) {
    if (!caller) return ErrorAnswer(401, "sign in first: POST /api/v1/session");
  }
  if (route == nullptr && allowed.empty())
    return ErrorAnswer(404, "no such path; /api/v1/openapi.json lists all");
  if (route == nullptr) {
    net::HttpResponse response = ErrorAnswer(405, "this path takes " + allowed);
    response.headers.emplace_back("Allow", allowed);
    return response;
  }
  Admitted admitted;
  admitted.route = route;
  if (caller) {
    admitted.user = caller->user;
    admitted.role = caller->role;
    admitted.session_token = caller->token;
  }
  if (route->roles != kPublic && (route->roles & static_cast<uint8_t>(caller->role)) == 0) {
    return ErrorAnswer(403, absl::StrCat("the role ", Name(caller->role),
                                         " may not do this; ask an admin for another"));
  }
  if (route->changes()) {
    if (!OwnOrigin(request)) return ErrorAnswer(403, "asked by another site's page; refused");
    if (route->roles != kPublic) {
      if (caller->token.empty())
        return ErrorAnswer(403, "the token of scripts only reads; sign in to act");
      if (!base::EqualSecrets(net::FindHeader(request.headers, "x-csrf-token"), caller->csrf)) {
        return ErrorAnswer(403,
                           "the header X-CSRF-Token must repeat the token of GET /api/v1/session");
      }
    }
    if (!route->parameters.empty()) {
      const std::string_view type = net::FindHeader(request.headers, "content-type");
      if (type != "application/json" && !type.starts_with("application/json;"))
        return ErrorAnswer(415, "send JSON, and say so: Content-Type: application/json");
    }
  }
  if (route->action == Action::kStream) return admitted;
  nlohmann::json fields;
  if (const std::string error = Gather(request, *route, fields); !error.empty())
    return ErrorAnswer(400, error);
  for (const Parameter& p : route->parameters) {
    const auto found = fields.find(std::string(p.name));
    if (found == fields.end()) {
      if (p.required) return ErrorAnswer(400, Expected(p));
      continue;
    }
    const auto text = Checked(p, *found);
    if (!text) return ErrorAnswer(400, Expected(p));
    admitted.parameters.emplace(p.name, *text);
  }
  return admitted;
}

std::string HttpGate::AdmitSocket(const net::HttpRequest& request, std::string_view peer) {
  // A page of a stranger could open a socket with our cookie: the origin decides.
  if (PathOf(request) != "/api/v1/stream" || !OwnOrigin(request)) return "";
  const Verdict verdict = Admit(request, peer);
  const Admitted* admitted = std::get_if<Admitted>(&verdict);
  return admitted != nullptr ? admitted->user : "";
}

bool HttpGate::MayWatch(const std::string& user) {
  if (user == kScriptUser) return true;
  const User* known = users_.Find(user);
  return known != nullptr && !known->disabled;
}

std::string HttpGate::Cookie(const std::string& token) const {
  return absl::StrCat(
      std::string(kCookie), "=", token, "; Path=/; HttpOnly; SameSite=Strict",
      config_.tls() ? "; Secure" : "", "; Max-Age=",
      token.empty()
          ? int64_t{0}
          : std::chrono::duration_cast<std::chrono::seconds>(config_.session_length).count());
}

std::string HttpGate::SessionBody(const User& user, const std::string& csrf) const {
  return Text(
      Json{{"user", user.name},
           {"role", Name(user.role)},
           {"csrf", csrf},
           {"consent_version", user.consent_version},
           {"consent_time",
            user.consent_version == 0 ? Json(nullptr) : Json(base::FormatTime(user.consent_time))},
           {"consent_needed", user.consent_version < kConsentVersion}});
}

void HttpGate::SignIn(const Admitted& request, std::string_view peer, const Respond& respond) {
  const std::string& name = request.parameters.at("user");
  const base::Duration now = clock_.Monotonic();
  if (!sign_ins_.Allow(std::string(AddressOf(peer)), now) || !sign_ins_by_user_.Allow(name, now) ||
      signing_in_ >= kMaxSignInsUnderWay) {
    log_.Warning("sign_in_limited", {{"user", name}});
    net::HttpResponse response = ErrorAnswer(429, "too many attempts; wait a minute");
    response.headers.emplace_back("Retry-After", "60");
    return respond(std::move(response));
  }
  // `gannet user` may have changed the file.
  if (const absl::Status loaded = users_.Load(); !loaded.ok())
    return respond(ErrorAnswer(503, std::string(loaded.message())));
  const User* user = users_.Find(name);
  const bool known = user != nullptr && !user->disabled;
  const std::string hash = known ? user->hash : dummy_hash_;
  ++signing_in_;
  background_.Post([this, alive = std::weak_ptr(alive_), &executor = executor_, hash, known, name,
                    respond, from = std::string(AddressOf(peer)),
                    password = request.parameters.at("password")] {
    const bool right = VerifyPassword(hash, password) && known;
    executor.Post([this, alive, right, known, name, from, respond] {
      if (alive.expired()) return;
      --signing_in_;
      const User* again = users_.Find(name);
      if (!right || again == nullptr || again->disabled) {
        log_.Warning("sign_in_failed", {{"user", name}});
        // A name that nobody has may be a password in the wrong field.
        Record(known ? name : "", "SIGN_IN", known ? "" : "an unknown name", from,
               /*refused=*/true);
        return respond(ErrorAnswer(
            401, "name or password is wrong; `gannet user add` makes a new one where it is lost"));
      }
      log_.Info("signed_in", {{"user", name}});
      Record(name, "SIGN_IN", "", from);
      const base::Duration opened = clock_.Monotonic();
      const std::string token = sessions_.Open(name, opened);
      net::HttpResponse response =
          JsonAnswer(200, SessionBody(*again, sessions_.Find(token, opened)->csrf));
      response.headers.emplace_back("Set-Cookie", Cookie(token));
      respond(std::move(response));
    });
  });
}

net::HttpResponse HttpGate::DescribeSession(const Admitted& request) {
  const User* user = users_.Find(request.user);
  if (user == nullptr)
    return JsonAnswer(200, Text(Json{{"user", request.user}, {"role", Name(request.role)}}));
  const Sessions::Session* session = sessions_.Find(request.session_token, clock_.Monotonic());
  return JsonAnswer(200, SessionBody(*user, session != nullptr ? session->csrf : ""));
}

net::HttpResponse HttpGate::SignOut(const Admitted& request) {
  sessions_.Close(request.session_token);
  Record(request.user, "SIGN_OUT", "", "");
  net::HttpResponse response = JsonAnswer(200, R"({"signed_out":true})");
  response.headers.emplace_back("Set-Cookie", Cookie(""));
  return response;
}

void HttpGate::SetPassword(const Admitted& request, const Respond& respond) {
  const std::string& fresh = request.parameters.at("new_password");
  if (fresh.size() < kMinPasswordBytes)
    return respond(ErrorAnswer(400, "'new_password' must have 12 characters or more"));
  const User* user = users_.Find(request.user);
  if (user == nullptr || signing_in_ >= kMaxSignInsUnderWay ||
      !sign_ins_by_user_.Allow(request.user, clock_.Monotonic())) {
    return respond(ErrorAnswer(429, "too many attempts; wait a minute"));
  }
  ++signing_in_;
  background_.Post([this, alive = std::weak_ptr(alive_), &executor = executor_, name = user->name,
                    hash = user->hash, old = request.parameters.at("password"), fresh, respond,
                    cost = config_.password_cost] {
    const bool right = VerifyPassword(hash, old);
    const auto made = right ? HashPassword(fresh, cost)
                            : absl::StatusOr<std::string>(absl::PermissionDeniedError(""));
    executor.Post([this, alive, made, name, respond] {
      if (alive.expired()) return;
      --signing_in_;
      if (!made.ok()) return respond(ErrorAnswer(403, "the password in use is another one"));
      if (const absl::Status status = users_.SetPassword(name, *made); !status.ok())
        return respond(ErrorAnswer(503, std::string(status.message())));
      sessions_.CloseAllOf(name);
      const std::string first = data_dir_ + "/" + kFirstPasswordFile;
      if (name == kFirstUser && files_.Exists(first)) {
        if (const absl::Status gone = files_.Remove(first); !gone.ok())
          log_.Warning("first_password_kept", {{"error", std::string(gone.message())}});
      }
      log_.Info("password_changed", {{"user", name}});
      Record(name, "PASSWORD_CHANGE", name, "");
      respond(JsonAnswer(200, R"({"changed":true,"signed_out":true})"));
    });
  });
}

void HttpGate::AddUser(const Admitted& request, const Respond& respond) {
  if (signing_in_ >= kMaxSignInsUnderWay)
    return respond(ErrorAnswer(429, "too many attempts; wait a minute"));
  ++signing_in_;
  const std::string password = MakePassword();
  background_.Post([this, alive = std::weak_ptr(alive_), &executor = executor_, password, respond,
                    name = request.parameters.at("name"), by = request.user,
                    role = *ParseRole(request.parameters.at("role")),
                    cost = config_.password_cost] {
    const auto made = HashPassword(password, cost);
    executor.Post([this, alive, made, password, respond, name, by, role] {
      if (alive.expired()) return;
      --signing_in_;
      absl::Status status = made.status();
      if (status.ok()) status = users_.Add(name, role, *made, clock_.Now());
      if (absl::IsInvalidArgument(status))
        return respond(ErrorAnswer(400, std::string(status.message())));
      if (!status.ok()) return respond(ErrorAnswer(409, std::string(status.message())));
      log_.Info("user_added", {{"user", name}, {"role", Name(role)}, {"by", by}});
      Record(by, "USER_ADD", name, Name(role));
      respond(JsonAnswer(200,
                         Text(Json{{"name", name}, {"role", Name(role)}, {"password", password}})));
    });
  });
}

net::HttpResponse HttpGate::DisableUser(const Admitted& request) {
  const std::string& name = request.parameters.at("name");
  const bool disabled = request.parameters.at("disabled") == "true";
  if (disabled && name == request.user)
    return ErrorAnswer(409, "nobody shuts out himself; ask another admin");
  const absl::Status status = users_.SetDisabled(name, disabled);
  if (absl::IsNotFound(status)) return ErrorAnswer(404, std::string(status.message()));
  if (!status.ok()) return ErrorAnswer(503, std::string(status.message()));
  if (disabled) sessions_.CloseAllOf(name);
  log_.Info("user_disabled", {{"user", name}, {"disabled", disabled}, {"by", request.user}});
  Record(request.user, disabled ? "USER_DISABLE" : "USER_ENABLE", name, "");
  return JsonAnswer(200, Text(Json{{"name", name}, {"disabled", disabled}}));
}

}  // namespace gannet::gateway
