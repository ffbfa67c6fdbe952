// A second door to the same spot market: Bybit v5's REST (/v5/…, category spot) and
// private stream (/v5/private), for tests of that session. Limit and market orders.
// Source: Bybit's public v5 docs (order/*, execution/*, account/wallet-balance,
// websocket/private/*, wss-authentication, dcp).
//
// Success of placing and cancelling acknowledges only, as there. Trading errors have
// HTTP status 200 and a retCode.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "libs/net/network.h"
#include "services/venue-sim/auth.h"
#include "services/venue-sim/exchange.h"
#include "services/venue-sim/json_text.h"
#include "services/venue-sim/outbox.h"
#include "services/venue-sim/params.h"

namespace gannet::venue_sim::bybit {

inline constexpr std::string_view kRestPrefix = "/v5/", kStreamPath = "/v5/private";

class Door {
 public:
  static constexpr int64_t kRequestsPerSecond = 50;  // of an account

  Door(Exchange& exchange, const Authenticator& authenticator, Outbox& outbox)
      : exchange_(exchange), authenticator_(authenticator), outbox_(outbox) {}

  net::HttpResponse Answer(const net::HttpRequest& request, std::string_view path,
                           std::string_view query);

  void Open(ConnectionId id) { connections_[id]; }
  void Close(ConnectionId id);
  void OnMessage(ConnectionId id, std::string_view text);

  void OnExecution(const Execution& execution);
  void OnBalances(AccountIndex account, const std::vector<std::string>& assets, base::Time now);
  // Cancels for accounts whose disconnect protection has run out.
  void Expire();

 private:
  struct Refusal {
    int code = 0;
    std::string message;
  };
  struct Call {
    AccountIndex account = 0;
    const ApiKey* key = nullptr;
    Params params;
    JsonText result;
    std::optional<Refusal> refusal;
  };
  struct Connection {
    std::optional<AccountIndex> account;  // once authenticated
    bool subscribed = false;
  };
  struct Protection {
    base::Duration window{0};
    std::optional<base::Time> due;  // nobody listens
  };
  struct Window {
    int64_t second = -1, count = 0;
  };

  std::optional<Refusal> Authenticate(const net::HttpRequest& request, std::string_view query,
                                      const ApiKey*& known) const;
  void Dispatch(std::string_view method, std::string_view path, Call& call);
  void WriteKey(Call& call);
  void Create(Call& call);
  void Cancel(Call& call);
  void Orders(Call& call, bool closed_too);
  void Executions(Call& call);
  void Protect(Call& call);
  bool Listens(AccountIndex account) const;
  void Publish(AccountIndex account, std::string text);
  void Reply(ConnectionId id, std::string_view operation, std::string_view request_id, bool success,
             std::string_view message = "");

  Exchange& exchange_;
  const Authenticator& authenticator_;
  Outbox& outbox_;
  std::map<ConnectionId, Connection> connections_;
  std::map<AccountIndex, Protection> protections_;
  std::map<AccountIndex, Window> windows_;
};

}  // namespace gannet::venue_sim::bybit
