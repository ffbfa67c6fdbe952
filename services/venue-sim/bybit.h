// A second door to the same markets: Bybit v5's REST (/v5/…, categories spot and linear) and
// private stream (/v5/private), for tests of that session. Spot: limit, market and
// conditional orders; linear: the perpetuals. One unified account: its USDT is what the spot
// ledger and the perpetuals' wallet hold together.
// Source: Bybit's public v5 docs (order/*, execution/*, position/*, account/*,
// websocket/private/*, wss-authentication, dcp).
//
// Sources by task: bybit.cc the door itself and its stream, bybit_spot.cc and
// bybit_linear.cc the orders of a category; public streams are bybit_market.h's.
//
// Success of placing and cancelling acknowledges only, as there. Trading errors have
// HTTP status 200 and a retCode.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/net/network.h"
#include "services/venue-sim/auth.h"
#include "services/venue-sim/bybit_market.h"
#include "services/venue-sim/exchange.h"
#include "services/venue-sim/json_text.h"
#include "services/venue-sim/outbox.h"
#include "services/venue-sim/params.h"

namespace gannet::venue_sim::bybit {

inline constexpr std::string_view kRestPrefix = "/v5/", kStreamPath = "/v5/private",
                                  kTradePath = "/v5/trade";

// All open perpetual orders of a symbol, waiting ones too; what they were.
std::vector<std::pair<std::string, std::string>> CancelLinearOf(Exchange& exchange,
                                                                AccountIndex account,
                                                                SymbolIndex symbol);

class Door {
 public:
  static constexpr int64_t kRequestsPerSecond = 50;  // of an account

  Door(Exchange& exchange, const Authenticator& authenticator, Outbox& outbox, PublicMarket& market)
      : exchange_(exchange), authenticator_(authenticator), outbox_(outbox), market_(market) {}

  net::HttpResponse Answer(const net::HttpRequest& request, std::string_view path,
                           std::string_view query);

  // Of the private stream, or for trading.
  void Open(ConnectionId id, bool trades) { connections_[id].trades = trades; }
  void Close(ConnectionId id);
  void OnMessage(ConnectionId id, std::string_view text);

  void OnExecution(const Execution& execution);
  void OnBalances(AccountIndex account, const std::vector<std::string>& assets, base::Time now);
  void OnUsdmOrder(const UsdmExecution& execution);
  void OnUsdmAlgo(const UsdmAlgo& algo, base::Time now);
  void OnUsdmAccount(AccountIndex account, std::optional<SymbolIndex> symbol, base::Time now);
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
    bool rejected_later = false;  // of an order that is placed
    JsonText result;
    JsonText extra;  // retExtInfo
    std::optional<Refusal> refusal;
  };
  struct Connection {
    std::optional<AccountIndex> account;  // once authenticated
    bool subscribed = false;
    bool trades = false;
    std::set<std::string, std::less<>> request_ids;  // of the last ones; none comes twice
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
  // False: not one of the category's.
  bool DispatchSpot(std::string_view endpoint, Call& call);
  bool DispatchLinear(std::string_view endpoint, Call& call);
  void WriteKey(Call& call);
  void WriteAccountInfo(Call& call);
  void Batch(Call& call, void (Door::*spot)(Call&), void (Door::*linear)(Call&));
  void Refuse(Call& call, int code, std::string message);
  void Refuse(Call& call, std::pair<int, std::string> code_and_message);
  void CreateSpot(Call& call);
  void CancelSpot(Call& call);
  void CancelAllSpot(Call& call);
  void AmendSpot(Call& call);
  void SpotOrders(Call& call, bool closed_only);
  void SpotExecutions(Call& call);
  void CreateLinear(Call& call);
  void AmendLinear(Call& call);
  void CancelLinear(Call& call);
  void CancelAllLinear(Call& call);
  void LinearOrders(Call& call, bool closed_only);
  void LinearExecutions(Call& call);
  void LinearPositions(Call& call);
  // Market data, of both categories.
  void Instruments(Call& call);
  void OrderBook(Call& call);
  void TransactionLog(Call& call);
  void SetUp(Call& call, UsdmVerb verb, std::string_view field);
  // The rows that limit and cursor choose of `total`: where they begin, how many.
  struct Range {
    size_t begin = 0, end = 0;
    std::string next;
  };
  Range PageOf(Call& call, size_t total, int64_t usual, int64_t most);
  void Protect(Call& call);
  void WriteProtections(Call& call);
  void WriteIds(Call& call, std::string_view id, std::string_view link);
  bool Listens(AccountIndex account) const;
  void OnTrade(ConnectionId id, Connection& connection, std::string_view text);
  std::vector<std::pair<std::string, std::string>> LimitOf(AccountIndex account) const;
  // Counts a call of an account; false: it is one too many.
  bool WithinLimit(AccountIndex account);
  void Serve(std::string_view method, std::string_view path, Call& call);
  void Publish(AccountIndex account, std::string text);
  void Reply(ConnectionId id, std::string_view operation, std::string_view request_id, bool success,
             std::string_view message = "");

  Exchange& exchange_;
  const Authenticator& authenticator_;
  Outbox& outbox_;
  PublicMarket& market_;
  std::map<ConnectionId, Connection> connections_;
  std::map<std::pair<AccountIndex, std::string>, Protection> protections_;  // by product
  std::map<AccountIndex, Window> windows_;
};

}  // namespace gannet::venue_sim::bybit
