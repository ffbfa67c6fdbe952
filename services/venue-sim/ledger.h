// Who owns what: balances of accounts, free and locked, and the other side of
// every movement. All amounts are integers at scale 8 (symbols.h).
//
// Money is conserved by construction: an amount only moves between accounts,
// the house (all agents together, which may owe) and the fees; Total() of an
// asset is what was ever deposited.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "libs/wire/canonical.h"

namespace gannet::venue_sim {

using Amount = __int128;
using AccountIndex = uint32_t;

struct Balance {
  Amount free = 0, locked = 0;
};

class Ledger {
 public:
  AccountIndex AddAccount() {
    accounts_.emplace_back();
    return static_cast<AccountIndex>(accounts_.size() - 1);
  }
  void Deposit(AccountIndex account, const std::string& asset, Amount amount);
  // False, and nothing moved, when less is free.
  bool Lock(AccountIndex account, const std::string& asset, Amount amount);
  void Unlock(AccountIndex account, const std::string& asset, Amount amount);
  // From what an order has locked, or, for `locked` false, from what is free.
  void Pay(AccountIndex account, const std::string& asset, Amount amount, bool locked);
  // Less the fee, which goes to the venue.
  void Receive(AccountIndex account, const std::string& asset, Amount amount, Amount fee);
  // The agents' side of a trade with an account; negative: they pay.
  void House(const std::string& asset, Amount amount) { house_[asset] += amount; }

  size_t accounts() const { return accounts_.size(); }
  Balance balance(AccountIndex account, const std::string& asset) const;
  // Assets that the account has or had, sorted.
  const std::map<std::string, Balance>& balances(AccountIndex account) const {
    return accounts_[account];
  }
  Amount fees(const std::string& asset) const;
  Amount Total(const std::string& asset) const;
  Amount Deposited(const std::string& asset) const;

  void Save(wire::CanonicalWriter& writer) const;
  void Load(wire::CanonicalReader& reader);

 private:
  std::vector<std::map<std::string, Balance>> accounts_;
  std::map<std::string, Amount> house_, fees_, deposited_;
};

}  // namespace gannet::venue_sim
