#include "services/venue-sim/usdm_streams.h"

#include "absl/strings/str_cat.h"
#include "libs/base/digest.h"
#include "services/venue-sim/usdm_payloads.h"

namespace gannet::venue_sim {

std::string UsdmStreams::Start(AccountIndex account, base::Time now) {
  Key& key = keys_[account];
  if (key.expires <= now) {
    // The same in every run of a simulation; on loopback it guards nothing.
    key.text = base::Hex(base::Sha256("listen-key " + std::to_string(account) + " " +
                                      std::to_string(base::UnixNanos(now)) + " " +
                                      std::to_string(++made_)));
  }
  key.expires = now + kKeyLife;
  return key.text;
}

std::optional<std::string> UsdmStreams::Keep(AccountIndex account, base::Time now) {
  const auto found = keys_.find(account);
  if (found == keys_.end() || found->second.expires <= now) return std::nullopt;
  found->second.expires = now + kKeyLife;
  return found->second.text;
}

void UsdmStreams::End(AccountIndex account) {
  keys_.erase(account);
  for (const auto& [id, listens] : connections_) {
    if (listens == account) outbox_.Close(id);
  }
}

bool UsdmStreams::KnowsKey(std::string_view key, base::Time now) const {
  for (const auto& [account, known] : keys_) {
    if (known.text == key && known.expires > now) return true;
  }
  return false;
}

void UsdmStreams::Open(ConnectionId id, std::string_view key) {
  for (const auto& [account, known] : keys_) {
    if (known.text == key) connections_[id] = account;
  }
}

void UsdmStreams::Expire(base::Time now) {
  for (auto at = keys_.begin(); at != keys_.end();) {
    if (at->second.expires > now) {
      ++at;
      continue;
    }
    JsonText json;
    json.Object()
        .Text("e", "listenKeyExpired")
        .Text("E", absl::StrCat(base::UnixMillis(now)))  // text, as the venue sends it
        .Text("listenKey", at->second.text)
        .EndObject();
    Publish(at->first, json.Take());
    const AccountIndex account = at->first;
    at = keys_.erase(at);
    for (const auto& [id, listens] : connections_) {
      if (listens == account) outbox_.Close(id);
    }
  }
}

bool UsdmStreams::Listens(AccountIndex account) const {
  for (const auto& [id, listens] : connections_) {
    if (listens == account) return true;
  }
  return false;
}

void UsdmStreams::Publish(AccountIndex account, std::string text) {
  const auto shared = std::make_shared<const std::string>(std::move(text));
  for (const auto& [id, listens] : connections_) {
    if (listens == account) outbox_.Send(id, shared);
  }
}

void UsdmStreams::OnOrder(const UsdmExecution& execution) {
  if (Listens(execution.order.account)) Publish(execution.order.account, UsdmOrderEvent(execution));
}

void UsdmStreams::OnAlgo(const UsdmAlgo& algo, base::Time now) {
  if (Listens(algo.account)) Publish(algo.account, UsdmAlgoEvent(algo, now));
}

void UsdmStreams::OnAccount(const UsdmMarket& market, AccountIndex account,
                            const std::string& reason, Amount change,
                            std::optional<SymbolIndex> symbol, base::Time now) {
  if (Listens(account))
    Publish(account, UsdmAccountEvent(market, account, reason, change, symbol, now));
}

}  // namespace gannet::venue_sim
