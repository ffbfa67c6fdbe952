// User data streams of the perpetuals: listen keys, and who listens with them. A key is
// valid for 60 minutes after each renewal; an account has one at a time. Keys live in
// memory: a venue that restarts has ended every stream anyway.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "libs/base/time.h"
#include "services/venue-sim/outbox.h"
#include "services/venue-sim/usdm_market.h"

namespace gannet::venue_sim {

class UsdmStreams {
 public:
  static constexpr base::Duration kKeyLife = std::chrono::minutes(60);

  explicit UsdmStreams(Outbox& outbox) : outbox_(outbox) {}

  // The account's key, new or renewed.
  std::string Start(AccountIndex account, base::Time now);
  // Nothing: there is none.
  std::optional<std::string> Keep(AccountIndex account, base::Time now);
  void End(AccountIndex account);

  bool KnowsKey(std::string_view key, base::Time now) const;
  void Open(ConnectionId id, std::string_view key);
  void Close(ConnectionId id) { connections_.erase(id); }
  // Tells those whose key has run out, and ends their streams.
  void Expire(base::Time now);

  void OnOrder(const UsdmExecution& execution);
  void OnAlgo(const UsdmAlgo& algo, base::Time now);
  void OnAccount(const UsdmMarket& market, AccountIndex account, const std::string& reason,
                 Amount change, std::optional<SymbolIndex> symbol, base::Time now);

 private:
  struct Key {
    std::string text;
    base::Time expires{};
  };
  bool Listens(AccountIndex account) const;
  void Publish(AccountIndex account, std::string text);

  Outbox& outbox_;
  std::map<AccountIndex, Key> keys_;
  std::map<ConnectionId, AccountIndex> connections_;
  uint64_t made_ = 0;
};

}  // namespace gannet::venue_sim
