// Who may ask what: names this machine answers to, request rates, sessions, roles,
// CSRF tokens, and the shape of what is sent, all decided from the table of routes
// before any handler runs. Signing in and out too.
//
// One thread; passwords are checked on `background`. Sessions and rates may be kept in a
// Redis: then verdicts come later, and while it is away nobody is let in or signed out.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "libs/command/audit.h"
#include "libs/net/network.h"
#include "libs/net/redis.h"
#include "libs/runtime/service.h"
#include "services/gateway/config.h"
#include "services/gateway/rates.h"
#include "services/gateway/routes.h"
#include "services/gateway/sessions.h"
#include "services/gateway/users.h"

namespace gannet::gateway {

// A request that may be carried out.
struct Admitted {
  const Route* route = nullptr;
  std::string user;  // empty: nobody, on a public route
  Role role = Role::kViewer;
  std::string session_token;                      // empty: by the token of scripts
  std::string cookie;                             // the name of the one that sessions are in
  std::map<std::string, std::string> parameters;  // checked against the route's table
};

class HttpGate {
 public:
  static constexpr size_t kMaxSignInsUnderWay = 4;
  static constexpr size_t kMaxPlaces = 10'000;
  static constexpr size_t kMaxKnownSessions = 4 * Sessions::kMaxSessions;

  // `redis`, where sessions and rates are kept, outlives it; null: in memory.
  HttpGate(const GatewayConfig& config, runtime::Deps& deps, net::Redis* redis = nullptr);

  // Reads the users, makes the first one and the token of scripts where there are
  // none. `first_password` is told once, at the very first start. NOT_FOUND: users that are
  // kept elsewhere, and not there.
  absl::Status Start(const std::function<void(const std::string& user,
                                              const std::string& password)>& first_password);

  // Where it tells who signed in and what became of users. Before any request.
  void RecordTo(std::function<void(command::AccessNote)> record) { record_ = std::move(record); }

  using Verdict = std::variant<Admitted, net::HttpResponse>;
  using Request = std::shared_ptr<const net::HttpRequest>;  // kept until the verdict
  // `done` runs once, at once where everything is in memory.
  void Admit(const Request& request, std::string_view peer, std::function<void(Verdict)> done);
  // Of a WebSocket: who watches; nobody when refused.
  void AdmitSocket(const Request& request, std::string_view peer,
                   std::function<void(Watcher)> done);

  using Respond = std::function<void(net::HttpResponse)>;
  void SignIn(const Admitted& request, std::string_view peer, const Respond& respond);
  void SetPassword(const Admitted& request, const Respond& respond);
  void SignOut(const Admitted& request, const Respond& respond);
  net::HttpResponse DescribeSession(const Admitted& request);

  Users& users() { return users_; }
  // People are kept in a file that this gateway does not write.
  bool shares_people() const { return !config_.users_file.empty(); }
  // Takes up what has changed in the files of people.
  void Reload();
  // A note of any gateway: of consent, what counts where people are shared.
  void Hear(const market::Event<wire::EngineNote>& event);
  size_t signed_in() const { return sessions_->size(); }
  // Whether it can be known who is signed in, and who may.
  absl::Status health() const { return sessions_->health().ok() ? people_ : sessions_->health(); }
  // Still signed in by that session (or the scripts' own); where it cannot be known now, yes.
  void MayWatch(const Watcher& watcher, std::function<void(bool)> done);
  void AddUser(const Admitted& request, const Respond& respond);
  void ConfirmUser(const Admitted& request, const Respond& respond);
  void DisableUser(const Admitted& request, const Respond& respond);

 private:
  // Null: the session is over for its owner.
  const User* Signed(const SessionOwner& owner);
  std::string Known(const std::string& name);
  void Record(const std::string& person, command::AccessKind kind, const std::string& about,
              const std::string& detail, bool refused = false) const {
    if (record_) record_({person, command::Name(kind), about, detail, refused});
  }
  struct Caller {
    std::string user, token;
    Role role = Role::kViewer;
  };
  using Found = absl::StatusOr<std::optional<Caller>>;  // UNAVAILABLE: it cannot be known now
  void FindCaller(const net::HttpRequest& request, std::function<void(Found)> done);
  bool IsOfScripts(std::string_view bearer) const;
  void NoteSession(std::string_view token);
  // Whether it may be asked now, as often as it was asked before.
  void Count(const net::HttpRequest& request, std::string_view peer,
             std::function<void(bool)> done);
  Verdict Decide(const net::HttpRequest& request, const Found& who) const;
  std::string AttemptsOf(const std::string& name, const std::string& from) const;
  void CheckSignIn(const Admitted& request, const std::string& from, const Respond& respond);
  void OpenSession(const SessionOwner& owner, const std::string& from, const std::string& cookie,
                   const Respond& respond);
  void ChangePassword(const Admitted& request, const Respond& respond);
  void KeepPassword(const std::string& name, const std::string& hash, const Respond& respond);
  bool KnownHost(std::string_view host) const;
  bool OwnOrigin(const net::HttpRequest& request) const;
  absl::Status LoadPeople();
  absl::Status MakeFirstUser(
      const std::function<void(const std::string& user, const std::string& password)>& tell);
  absl::Status KeepScriptToken();
  bool ManagedElsewhere(const Respond& respond) const;
  std::string SessionBody(const User& user, std::string_view token) const;
  std::string Cookie(const std::string& name, const std::string& token) const;

  const GatewayConfig config_;
  base::Files& files_;
  base::Executor& executor_;
  base::Executor& background_;
  const base::Clock& clock_;
  telemetry::Log log_;
  const std::string data_dir_;
  std::function<void(command::AccessNote)> record_;
  Users users_;
  absl::Status people_ = absl::OkStatus();  // of the last Reload
  std::unique_ptr<Sessions> sessions_;
  std::unique_ptr<RateLimiter> requests_, requests_by_session_, stops_by_session_;
  std::unique_ptr<RateLimiter> sign_ins_, sign_ins_by_user_;
  // Sessions found here before, by their hash; one that is over goes when it asks again.
  std::set<base::Sha256Digest> known_sessions_;
  // Names, and the addresses from which they have signed in since the start.
  std::set<std::pair<std::string, std::string>> came_from_;
  std::string script_token_;
  std::string dummy_hash_;  // checked for names that do not exist: takes as long
  size_t signing_in_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// That somebody has accepted the risk disclaimer, as every gateway hears it.
command::AccessNote ConsentNote(const std::string& person);

// Answers in the gateway's form: no caching, no sniffing.
net::HttpResponse JsonAnswer(int status, std::string body);
net::HttpResponse ErrorAnswer(int status, const std::string& message);
void AddSecurityHeaders(net::HttpResponse& response, bool tls);

}  // namespace gannet::gateway
