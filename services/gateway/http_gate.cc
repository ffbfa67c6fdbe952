#include "services/gateway/http_gate.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/secrets.h"
#include "libs/base/status.h"
#include "libs/config/secret.h"
#include "services/gateway/first_password.h"
#include "services/gateway/redis_sessions.h"
#include "services/gateway/view_rows.h"

namespace gannet::gateway {
namespace {

using command::AccessKind;

constexpr std::string_view kCookie = "gannet_session";  // as earlier builds named it
constexpr std::string_view kBearer = "Bearer ";
constexpr std::string_view kScriptUser = "local-script";
constexpr char kFirstUser[] = "admin";
constexpr std::string_view kConsentAbout = "version ";
constexpr Rate kRequests{.burst = 300, .per_second = 100};     // of one address, or one session
constexpr Rate kSignIns{.burst = 10, .per_second = 4.0 / 12};  // the same
constexpr Rate kSignInsByUser{.burst = 5, .per_second = 1.0 / 12};

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

// Browsers tell cookies of one host apart by their names alone, whatever the port: two gateways on
// a machine must not take each other's. As it is in the address of the page, so that what is
// forwarded from another port keeps its own.
std::string CookieName(const net::Headers& headers) {
  const std::string_view host = net::FindHeader(headers, "host");
  const std::string_view after = host.substr(host.rfind(']') == host.npos ? 0 : host.rfind(']'));
  const size_t colon = after.rfind(':');
  const std::string_view port = colon == after.npos ? "" : after.substr(colon + 1);
  const bool number =
      !port.empty() && port.size() <= 5 && port.find_first_not_of("0123456789") == port.npos;
  return number ? absl::StrCat(std::string(kCookie), "_", std::string(port)) : std::string(kCookie);
}

std::string_view FindCookie(const net::Headers& headers, std::string_view cookie) {
  for (const auto& [name, value] : headers) {
    if (name.size() != 6 || net::FindHeader({{name, value}}, "cookie").empty()) continue;
    std::string_view rest = value;
    while (!rest.empty()) {
      const size_t end = std::min(rest.find(';'), rest.size());
      std::string_view part = rest.substr(0, end);
      while (part.starts_with(' ')) part.remove_prefix(1);
      if (part.starts_with(cookie) && part.substr(cookie.size()).starts_with('='))
        return part.substr(cookie.size() + 1);
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return {};
}

std::string_view CookieOf(const net::Headers& headers) {
  const std::string_view own = FindCookie(headers, CookieName(headers));
  return own.empty() ? FindCookie(headers, kCookie) : own;
}

// What keeps trading from going on, or sets how far it may.
bool Stops(const Route* route) {
  if (route == nullptr) return false;
  switch (route->action) {
    case Action::kKill:
    case Action::kCancelAll:
    case Action::kCancelOrder:
    case Action::kSetState:
      return true;
    default:
      return false;
  }
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

net::HttpResponse Later(int status, const char* seconds, const std::string& message) {
  net::HttpResponse response = ErrorAnswer(status, message);
  response.headers.emplace_back("Retry-After", seconds);
  return response;
}

// Of Redis, which is nobody's business who is not signed in: health and log say more.
net::HttpResponse NotNow(const std::string& message) { return Later(503, "2", message); }

net::HttpResponse TooManySignIns() { return Later(429, "60", "too many attempts; wait a minute"); }

std::unique_ptr<Sessions> MakeSessions(const GatewayConfig& config, const base::Clock& clock,
                                       net::Redis* redis) {
  const SessionLimits limits{.idle = config.session_idle, .absolute = config.session_length};
  if (redis == nullptr) return std::make_unique<MemorySessions>(limits, clock);
  return std::make_unique<RedisSessions>(*redis, limits, config.redis.prefix);
}

std::unique_ptr<RateLimiter> MakeLimiter(const GatewayConfig& config, const base::Clock& clock,
                                         net::Redis* redis, const char* kind, Rate rate) {
  if (redis == nullptr) return std::make_unique<MemoryRateLimiter>(rate, clock);
  return std::make_unique<RedisRateLimiter>(*redis, config.redis.prefix, kind, rate, clock);
}

}  // namespace

command::AccessNote ConsentNote(const std::string& person) {
  return {person, Name(AccessKind::kConsent),
          absl::StrCat(std::string(kConsentAbout), kConsentVersion), ""};
}

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

HttpGate::HttpGate(const GatewayConfig& config, runtime::Deps& deps, net::Redis* redis)
    : config_(config),
      files_(deps.files),
      executor_(deps.executor),
      background_(deps.background),
      clock_(deps.clock),
      log_(deps.log.For("gateway")),
      data_dir_(deps.data_dir),
      users_(deps.files, PeopleFile(config, deps.data_dir)),
      sessions_(MakeSessions(config, clock_, redis)),
      requests_(MakeLimiter(config, clock_, redis, "requests", kRequests)),
      requests_by_session_(MakeLimiter(config, clock_, redis, "sessions", kRequests)),
      stops_by_session_(MakeLimiter(config, clock_, redis, "stops", kRequests)),
      sign_ins_(MakeLimiter(config, clock_, redis, "sign-ins", kSignIns)),
      sign_ins_by_user_(MakeLimiter(config, clock_, redis, "users", kSignInsByUser)) {}

absl::Status HttpGate::Start(
    const std::function<void(const std::string& user, const std::string& password)>&
        first_password) {
  GANNET_RETURN_IF_ERROR(files_.MakeDirs(data_dir_));
  GANNET_ASSIGN_OR_RETURN(dummy_hash_, HashPassword(MakePassword(), config_.password_cost));
  absl::Status loaded = LoadPeople();
  if (shares_people()) return loaded;
  if (absl::IsNotFound(loaded)) loaded = MakeFirstUser(first_password);
  GANNET_RETURN_IF_ERROR(loaded);
  return KeepScriptToken();
}

absl::Status HttpGate::MakeFirstUser(
    const std::function<void(const std::string& user, const std::string& password)>& tell) {
  const std::string password = MakePassword();
  GANNET_ASSIGN_OR_RETURN(std::string hash, HashPassword(password, config_.password_cost));
  GANNET_RETURN_IF_ERROR(users_.Add(kFirstUser, Role::kAdmin, std::move(hash), clock_.Now()));
  if (tell) tell(kFirstUser, password);
  return absl::OkStatus();
}

// What cannot be read leaves what was known as it is.
absl::Status HttpGate::LoadPeople() {
  GANNET_RETURN_IF_ERROR(gateway::LoadPeople(config_, users_));
  if (config_.token_file.empty()) return absl::OkStatus();
  GANNET_ASSIGN_OR_RETURN(script_token_,
                          config::ReadSecret(files_, config_.token_file, "token_file"));
  return absl::OkStatus();
}

void HttpGate::Reload() {
  people_ = LoadPeople();
  if (!people_.ok()) log_.Warning("users_unreadable", {{"error", std::string(people_.message())}});
}

void HttpGate::Hear(const market::Event<wire::EngineNote>& event) {
  if (!shares_people()) return;
  const std::optional<command::AccessNote> note = command::AccessOf(event.value);
  if (!note || note->action != Name(AccessKind::kConsent) ||
      !note->about.starts_with(kConsentAbout))
    return;
  uint32_t version = 0;
  const std::string_view number = std::string_view(note->about).substr(kConsentAbout.size());
  if (std::from_chars(number.data(), number.data() + number.size(), version).ec == std::errc())
    users_.HearConsent(note->person, version, event.header.event_time);
}

bool HttpGate::ManagedElsewhere(const Respond& respond) const {
  if (!shares_people()) return false;
  respond(ErrorAnswer(409, absl::StrCat("people of all gateways are kept in ", config_.users_file,
                                        ", which none of them writes; change it with `gannet user "
                                        "… --file FILE`, and replace it where it comes from")));
  return true;
}

absl::Status HttpGate::KeepScriptToken() {
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

void HttpGate::FindCaller(const net::HttpRequest& request, std::function<void(Found)> done) {
  const std::string_view bearer = net::FindHeader(request.headers, "authorization");
  if (bearer.starts_with(kBearer)) {
    if (!IsOfScripts(bearer)) return done(std::nullopt);
    return done(Caller{std::string(kScriptUser), "", Role::kViewer});
  }
  const std::string token(CookieOf(request.headers));
  if (token.empty()) return done(std::nullopt);
  sessions_->Find(token,
                  [this, token, done = std::move(done)](const absl::StatusOr<SessionOwner>& owner) {
                    if (!owner.ok()) return done(owner.status());
                    const User* user = Signed(*owner);
                    if (user == nullptr) {
                      known_sessions_.erase(base::Sha256(token));
                      return done(std::nullopt);
                    }
                    NoteSession(token);
                    done(Caller{user->name, token, user->role});
                  });
}

bool HttpGate::IsOfScripts(std::string_view bearer) const {
  return !script_token_.empty() && base::EqualSecrets(bearer.substr(kBearer.size()), script_token_);
}

void HttpGate::NoteSession(std::string_view token) {
  if (known_sessions_.size() >= kMaxKnownSessions) known_sessions_.erase(known_sessions_.begin());
  known_sessions_.insert(base::Sha256(token));
}

// One address may be a whole machine, or the proxy that everybody comes through: strangers there
// must not keep out who is signed in, nor a session's own reading what it stops trading with.
// Whether a cookie is a session's is known here without asking; one that may be made up is counted
// apart from who shows none.
void HttpGate::Count(const net::HttpRequest& request, std::string_view peer,
                     std::function<void(bool)> done) {
  std::string address(AddressOf(peer));
  const std::string_view bearer = net::FindHeader(request.headers, "authorization");
  if (bearer.starts_with(kBearer)) {
    if (IsOfScripts(bearer)) address = kScriptUser;
    return requests_->Allow(address, std::move(done));
  }
  const std::string_view token = CookieOf(request.headers);
  if (token.empty()) return requests_->Allow(address, std::move(done));
  const base::Sha256Digest digest = base::Sha256(token);
  if (!known_sessions_.contains(digest)) return requests_->Allow("?" + address, std::move(done));
  std::string none;
  const bool stops =
      Stops(FindRoute(request.method, PathOf(request), none)) &&
      base::EqualSecrets(net::FindHeader(request.headers, "x-csrf-token"), CsrfOf(token));
  (stops ? stops_by_session_ : requests_by_session_)->Allow(base::Hex(digest), std::move(done));
}

void HttpGate::Admit(const Request& request, std::string_view peer,
                     std::function<void(Verdict)> done) {
  if (!KnownHost(net::FindHeader(request->headers, "host"))) {
    return done(ErrorAnswer(421,
                            "the gateway answers as 127.0.0.1, localhost and [::1] only, and under "
                            "gateway.host_names with TLS; use one of them in the URL"));
  }
  Count(*request, peer, [this, request, done = std::move(done)](bool allowed) {
    if (!allowed) return done(Later(429, "1", "too many requests; wait a second"));
    FindCaller(*request,
               [this, request, done](const Found& found) { done(Decide(*request, found)); });
  });
}

HttpGate::Verdict HttpGate::Decide(const net::HttpRequest& request, const Found& who) const {
  std::string allowed;
  const Route* route = FindRoute(request.method, PathOf(request), allowed);
  const std::optional<Caller> caller = who.ok() ? *who : std::nullopt;
  if (route == nullptr || route->roles != kPublic) {
    if (!who.ok())
      return NotNow("it cannot be looked up now who is signed in; try again in a moment");
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
  admitted.cookie = CookieName(request.headers);
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
      if (!base::EqualSecrets(net::FindHeader(request.headers, "x-csrf-token"),
                              CsrfOf(caller->token))) {
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

void HttpGate::AdmitSocket(const Request& request, std::string_view peer,
                           std::function<void(Watcher)> done) {
  // A page of a stranger could open a socket with our cookie: the origin decides.
  if (PathOf(*request) != "/api/v1/stream" || !OwnOrigin(*request)) return done({});
  Admit(request, peer, [done = std::move(done)](const Verdict& verdict) {
    const Admitted* admitted = std::get_if<Admitted>(&verdict);
    done(admitted != nullptr ? Watcher{admitted->user, admitted->session_token} : Watcher{});
  });
}

void HttpGate::MayWatch(const Watcher& watcher, std::function<void(bool)> done) {
  if (watcher.session.empty()) return done(watcher.user == kScriptUser);
  sessions_->Look(watcher.session,
                  [this, done = std::move(done)](const absl::StatusOr<SessionOwner>& owner) {
                    done(!owner.ok() || Signed(*owner) != nullptr);
                  });
}

const User* HttpGate::Signed(const SessionOwner& owner) {
  const User* user = users_.Find(owner.user);
  const bool over = user == nullptr || user->disabled || owner.generation < user->generation;
  return over ? nullptr : user;
}

std::string HttpGate::Cookie(const std::string& name, const std::string& token) const {
  return absl::StrCat(
      name, "=", token, "; Path=/; HttpOnly; SameSite=Strict", config_.tls() ? "; Secure" : "",
      "; Max-Age=",
      token.empty()
          ? int64_t{0}
          : std::chrono::duration_cast<std::chrono::seconds>(config_.session_length).count());
}

std::string HttpGate::SessionBody(const User& user, std::string_view token) const {
  return Text(
      Json{{"user", user.name},
           {"role", Name(user.role)},
           {"csrf", CsrfOf(token)},
           {"consent_version", user.consent_version},
           {"consent_time",
            user.consent_version == 0 ? Json(nullptr) : Json(base::FormatTime(user.consent_time))},
           {"consent_needed", user.consent_version < kConsentVersion}});
}

// For the log: a name that nobody has may be a password in the wrong field.
std::string HttpGate::Known(const std::string& name) {
  return users_.Find(name) != nullptr ? name : "an unknown name";
}

void HttpGate::SignIn(const Admitted& request, std::string_view peer, const Respond& respond) {
  const std::string from(AddressOf(peer));
  const auto decide = [this, request, from, respond](bool allowed) {
    if (allowed && signing_in_ < kMaxSignInsUnderWay) return CheckSignIn(request, from, respond);
    log_.Warning("sign_in_limited", {{"user", Known(request.parameters.at("user"))}});
    respond(TooManySignIns());
  };
  sign_ins_->Allow(from, [this, request, from, decide](bool allowed) {
    if (!allowed) return decide(false);
    sign_ins_by_user_->Allow(AttemptsOf(request.parameters.at("user"), from), decide);
  });
}

// Whose attempts are counted together. Who guesses a password from elsewhere must not keep its
// owner out: where a name has signed in from before, it has attempts of its own. A name that
// nobody has can be none of these.
std::string HttpGate::AttemptsOf(const std::string& name, const std::string& from) const {
  if (users_.Find(name) == nullptr) return "?" + name;
  return came_from_.contains({name, from}) ? absl::StrCat(name, "@", from) : name;
}

void HttpGate::CheckSignIn(const Admitted& request, const std::string& from,
                           const Respond& respond) {
  const std::string& name = request.parameters.at("user");
  // `gannet user` may have changed the file.
  if (const absl::Status loaded = users_.Load(); !loaded.ok())
    return respond(ErrorAnswer(503, std::string(loaded.message())));
  const User* user = users_.Find(name);
  const bool known = user != nullptr && !user->disabled;
  const std::string hash = known ? user->hash : dummy_hash_;
  // Of the password that is looked at: another one, set meanwhile, ends this session too.
  const SessionOwner owner{name, known ? user->generation : 0};
  ++signing_in_;
  background_.Post([this, alive = std::weak_ptr(alive_), &executor = executor_, hash, known, owner,
                    respond, from, cookie = request.cookie,
                    password = request.parameters.at("password")] {
    const bool right = VerifyPassword(hash, password) && known;
    executor.Post([this, alive, right, known, owner, from, cookie, respond] {
      if (alive.expired()) return;
      --signing_in_;
      const User* again = users_.Find(owner.user);
      if (!right || again == nullptr || again->disabled) {
        log_.Warning("sign_in_failed", {{"user", Known(owner.user)}});
        Record(known ? owner.user : "", AccessKind::kSignIn, known ? "" : "an unknown name", from,
               /*refused=*/true);
        return respond(ErrorAnswer(
            401, "name or password is wrong; `gannet user add` makes a new one where it is lost"));
      }
      OpenSession(owner, from, cookie, respond);
    });
  });
}

void HttpGate::OpenSession(const SessionOwner& owner, const std::string& from,
                           const std::string& cookie, const Respond& respond) {
  sessions_->Open(owner, [this, name = owner.user, from, cookie,
                          respond](const absl::StatusOr<std::string>& token) {
    const User* user = users_.Find(name);
    if (!token.ok() || user == nullptr) {
      log_.Warning("session_not_opened",
                   {{"user", name}, {"error", std::string(token.status().message())}});
      return respond(NotNow("nobody can be signed in now; try again in a moment"));
    }
    NoteSession(*token);
    if (came_from_.size() < kMaxPlaces) came_from_.emplace(name, from);
    log_.Info("signed_in", {{"user", name}});
    Record(name, AccessKind::kSignIn, "", from);
    net::HttpResponse response = JsonAnswer(200, SessionBody(*user, *token));
    response.headers.emplace_back("Set-Cookie", Cookie(cookie, *token));
    respond(std::move(response));
  });
}

net::HttpResponse HttpGate::DescribeSession(const Admitted& request) {
  const User* user = users_.Find(request.user);
  if (user == nullptr)
    return JsonAnswer(200, Text(Json{{"user", request.user}, {"role", Name(request.role)}}));
  return JsonAnswer(200, SessionBody(*user, request.session_token));
}

void HttpGate::SignOut(const Admitted& request, const Respond& respond) {
  sessions_->Close(request.session_token, [this, user = request.user, cookie = request.cookie,
                                           respond](const absl::Status& closed) {
    if (!closed.ok()) return respond(NotNow("nobody can be signed out now; try again in a moment"));
    Record(user, AccessKind::kSignOut, "", "");
    net::HttpResponse response = JsonAnswer(200, R"({"signed_out":true})");
    response.headers.emplace_back("Set-Cookie", Cookie(cookie, ""));
    respond(std::move(response));
  });
}

void HttpGate::SetPassword(const Admitted& request, const Respond& respond) {
  if (ManagedElsewhere(respond)) return;
  if (request.parameters.at("new_password").size() < kMinPasswordBytes)
    return respond(ErrorAnswer(400, "'new_password' must have 12 characters or more"));
  // Who is signed in already: not among those who may be guessing.
  sign_ins_by_user_->Allow(request.user + "@", [this, request, respond](bool allowed) {
    if (!allowed || signing_in_ >= kMaxSignInsUnderWay) return respond(TooManySignIns());
    ChangePassword(request, respond);
  });
}

void HttpGate::ChangePassword(const Admitted& request, const Respond& respond) {
  const User* user = users_.Find(request.user);
  if (user == nullptr) return respond(ErrorAnswer(401, "sign in first: POST /api/v1/session"));
  ++signing_in_;
  background_.Post([this, alive = std::weak_ptr(alive_), &executor = executor_, name = user->name,
                    hash = user->hash, old = request.parameters.at("password"),
                    fresh = request.parameters.at("new_password"), respond,
                    cost = config_.password_cost] {
    const bool right = VerifyPassword(hash, old);
    const auto made = right ? HashPassword(fresh, cost)
                            : absl::StatusOr<std::string>(absl::PermissionDeniedError(""));
    executor.Post([this, alive, made, name, respond] {
      if (alive.expired()) return;
      --signing_in_;
      if (!made.ok()) return respond(ErrorAnswer(403, "the password in use is another one"));
      KeepPassword(name, *made, respond);
    });
  });
}

// A session carries the generation that another password ends: that the store of sessions forgets
// them too is tidiness.
void HttpGate::KeepPassword(const std::string& name, const std::string& hash,
                            const Respond& respond) {
  if (const absl::Status status = users_.SetPassword(name, hash, /*own=*/true); !status.ok())
    return respond(ErrorAnswer(503, std::string(status.message())));
  const std::string first = data_dir_ + "/" + kFirstPasswordFile;
  if (name == kFirstUser && files_.Exists(first)) {
    if (const absl::Status gone = files_.Remove(first); !gone.ok())
      log_.Warning("first_password_kept", {{"error", std::string(gone.message())}});
  }
  log_.Info("password_changed", {{"user", name}});
  Record(name, AccessKind::kPasswordChange, name, "");
  sessions_->CloseAllOf(name, [respond](const absl::Status&) {
    respond(JsonAnswer(200, R"({"changed":true,"signed_out":true})"));
  });
}

void HttpGate::AddUser(const Admitted& request, const Respond& respond) {
  if (ManagedElsewhere(respond)) return;
  const Role role = *ParseRole(request.parameters.at("role"));
  if (User{.role = role}.decides()) {
    if (const absl::Status alone = users_.MayBeSecond(request.user); !alone.ok())
      return respond(ErrorAnswer(409, std::string(alone.message())));
  }
  if (signing_in_ >= kMaxSignInsUnderWay)
    return respond(ErrorAnswer(429, "too many attempts; wait a minute"));
  ++signing_in_;
  const std::string password = MakePassword();
  background_.Post([this, alive = std::weak_ptr(alive_), &executor = executor_, password, respond,
                    name = request.parameters.at("name"), by = request.user, role,
                    cost = config_.password_cost] {
    const auto made = HashPassword(password, cost);
    executor.Post([this, alive, made, password, respond, name, by, role] {
      if (alive.expired()) return;
      --signing_in_;
      absl::Status status = made.status();
      if (status.ok()) status = users_.Add(name, role, *made, clock_.Now(), by);
      if (absl::IsInvalidArgument(status))
        return respond(ErrorAnswer(400, std::string(status.message())));
      if (!status.ok()) return respond(ErrorAnswer(409, std::string(status.message())));
      log_.Info("user_added", {{"user", name}, {"role", Name(role)}, {"by", by}});
      Record(by, AccessKind::kUserAdd, name, Name(role));
      respond(JsonAnswer(200,
                         Text(Json{{"name", name}, {"role", Name(role)}, {"password", password}})));
    });
  });
}

// Says that there is a person behind the name, so it takes one who is neither that nor its maker.
void HttpGate::ConfirmUser(const Admitted& request, const Respond& respond) {
  if (ManagedElsewhere(respond)) return;
  const std::string& name = request.parameters.at("name");
  if (const absl::Status alone = users_.MayBeSecond(request.user); !alone.ok())
    return respond(ErrorAnswer(409, std::string(alone.message())));
  if (const User* user = users_.Find(name); user != nullptr && user->added_by == request.user)
    return respond(ErrorAnswer(409, std::string(users_.MayBeSecond(name).message())));
  const bool counts = users_.MayBeSecond(name).ok();
  const absl::Status status = users_.Confirm(name);
  if (absl::IsNotFound(status)) return respond(ErrorAnswer(404, std::string(status.message())));
  if (absl::IsFailedPrecondition(status))
    return respond(ErrorAnswer(409, std::string(status.message())));
  if (!status.ok()) return respond(ErrorAnswer(503, std::string(status.message())));
  if (!counts) {
    log_.Info("user_confirmed", {{"user", name}, {"by", request.user}});
    Record(request.user, AccessKind::kUserConfirm, name, "");
  }
  respond(JsonAnswer(200, Text(Json{{"name", name}, {"confirmed", true}})));
}

void HttpGate::DisableUser(const Admitted& request, const Respond& respond) {
  if (ManagedElsewhere(respond)) return;
  const std::string& name = request.parameters.at("name");
  const bool disabled = request.parameters.at("disabled") == "true";
  if (disabled && name == request.user)
    return respond(ErrorAnswer(409, "nobody shuts out himself; ask another admin"));
  const absl::Status status = users_.SetDisabled(name, disabled);
  if (absl::IsNotFound(status)) return respond(ErrorAnswer(404, std::string(status.message())));
  if (!status.ok()) return respond(ErrorAnswer(503, std::string(status.message())));
  log_.Info("user_disabled", {{"user", name}, {"disabled", disabled}, {"by", request.user}});
  Record(request.user, disabled ? AccessKind::kUserDisable : AccessKind::kUserEnable, name, "");
  const auto answer = [name, disabled, respond](const absl::Status&) {
    respond(JsonAnswer(200, Text(Json{{"name", name}, {"disabled", disabled}})));
  };
  if (!disabled) return answer(absl::OkStatus());
  sessions_->CloseAllOf(name, answer);  // over already, whether or not it can forget them now
}

}  // namespace gannet::gateway
