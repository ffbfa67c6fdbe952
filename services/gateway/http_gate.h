// Who may ask what: names this machine answers to, request rates, sessions, roles,
// CSRF tokens, and the shape of what is sent, all decided from the table of routes
// before any handler runs. Signing in and out too.
//
// One thread; passwords are checked on `background`.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "libs/command/audit.h"
#include "libs/net/network.h"
#include "libs/runtime/service.h"
#include "services/gateway/config.h"
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
  std::map<std::string, std::string> parameters;  // checked against the route's table
};

class HttpGate {
 public:
  static constexpr size_t kMaxSignInsUnderWay = 4;

  HttpGate(const GatewayConfig& config, runtime::Deps& deps);

  // Reads the users, makes the first one and the token of scripts where there are
  // none. `first_password` is told once, at the very first start.
  absl::Status Start(const std::function<void(const std::string& user,
                                              const std::string& password)>& first_password);

  // Where it tells who signed in and what became of users. Before any request.
  void RecordTo(std::function<void(command::AccessNote)> record) { record_ = std::move(record); }

  using Verdict = std::variant<Admitted, net::HttpResponse>;
  Verdict Admit(const net::HttpRequest& request, std::string_view peer);
  // Of a WebSocket: the user; empty when refused.
  std::string AdmitSocket(const net::HttpRequest& request, std::string_view peer);

  using Respond = std::function<void(net::HttpResponse)>;
  void SignIn(const Admitted& request, std::string_view peer, const Respond& respond);
  void SetPassword(const Admitted& request, const Respond& respond);
  net::HttpResponse SignOut(const Admitted& request);
  net::HttpResponse DescribeSession(const Admitted& request);

  Users& users() { return users_; }
  size_t signed_in() const { return sessions_.size(); }
  // Still there, not disabled, and signed in somewhere (or the scripts' own).
  bool MayWatch(const std::string& user);
  void AddUser(const Admitted& request, const Respond& respond);
  net::HttpResponse DisableUser(const Admitted& request);

 private:
  void Record(const std::string& person, const char* action, const std::string& about,
              const std::string& detail, bool refused = false) const {
    if (record_) record_({person, action, about, detail, refused});
  }
  struct Caller {
    std::string user, token, csrf;
    Role role = Role::kViewer;
  };
  std::optional<Caller> CallerOf(const net::HttpRequest& request);
  bool KnownHost(std::string_view host) const;
  bool OwnOrigin(const net::HttpRequest& request) const;
  std::string SessionBody(const User& user, const std::string& csrf) const;
  std::string Cookie(const std::string& token) const;

  const GatewayConfig config_;
  base::Files& files_;
  base::Executor& executor_;
  base::Executor& background_;
  const base::Clock& clock_;
  telemetry::Log log_;
  const std::string data_dir_;
  std::function<void(command::AccessNote)> record_;
  Users users_;
  Sessions sessions_;
  RateLimiter requests_, sign_ins_, sign_ins_by_user_;
  std::string script_token_;
  std::string dummy_hash_;  // checked for names that do not exist: takes as long
  size_t signing_in_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// Answers in the gateway's form: no caching, no sniffing.
net::HttpResponse JsonAnswer(int status, std::string body);
net::HttpResponse ErrorAnswer(int status, const std::string& message);
void AddSecurityHeaders(net::HttpResponse& response, bool tls);

}  // namespace gannet::gateway
