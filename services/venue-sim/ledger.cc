#include "services/venue-sim/ledger.h"

#include "libs/base/check.h"

namespace gannet::venue_sim {
namespace {

Amount Find(const std::map<std::string, Amount>& amounts, const std::string& asset) {
  const auto found = amounts.find(asset);
  return found == amounts.end() ? 0 : found->second;
}

void SaveAmounts(wire::CanonicalWriter& writer, const std::map<std::string, Amount>& amounts) {
  writer.U32(static_cast<uint32_t>(amounts.size()));
  for (const auto& [asset, amount] : amounts) {
    writer.Bytes(asset);
    writer.I128(amount);
  }
}

void LoadAmounts(wire::CanonicalReader& reader, std::map<std::string, Amount>& amounts) {
  amounts.clear();
  for (uint32_t n = reader.U32(); n > 0 && reader.ok(); --n) {
    std::string asset = reader.Bytes();
    amounts[std::move(asset)] = reader.I128();
  }
}

}  // namespace

void Ledger::Deposit(AccountIndex account, const std::string& asset, Amount amount) {
  accounts_[account][asset].free += amount;
  deposited_[asset] += amount;
}

bool Ledger::Lock(AccountIndex account, const std::string& asset, Amount amount) {
  Balance& balance = accounts_[account][asset];
  if (balance.free < amount) return false;
  balance.free -= amount;
  balance.locked += amount;
  return true;
}

void Ledger::Unlock(AccountIndex account, const std::string& asset, Amount amount) {
  Balance& balance = accounts_[account][asset];
  GANNET_CHECK(balance.locked >= amount, "more is unlocked than was locked");
  balance.locked -= amount;
  balance.free += amount;
}

void Ledger::Pay(AccountIndex account, const std::string& asset, Amount amount, bool locked) {
  Balance& balance = accounts_[account][asset];
  Amount& from = locked ? balance.locked : balance.free;
  GANNET_CHECK(from >= amount, "an account pays only what it has");
  from -= amount;
}

void Ledger::Receive(AccountIndex account, const std::string& asset, Amount amount, Amount fee) {
  accounts_[account][asset].free += amount - fee;
  if (fee != 0) fees_[asset] += fee;
}

Balance Ledger::balance(AccountIndex account, const std::string& asset) const {
  const auto found = accounts_[account].find(asset);
  return found == accounts_[account].end() ? Balance{} : found->second;
}

Amount Ledger::fees(const std::string& asset) const { return Find(fees_, asset); }
Amount Ledger::Deposited(const std::string& asset) const { return Find(deposited_, asset); }

Amount Ledger::Total(const std::string& asset) const {
  Amount total = Find(house_, asset) + Find(fees_, asset);
  for (AccountIndex account = 0; account < accounts_.size(); ++account) {
    const Balance held = balance(account, asset);
    total += held.free + held.locked;
  }
  return total;
}

void Ledger::Save(wire::CanonicalWriter& writer) const {
  writer.U32(static_cast<uint32_t>(accounts_.size()));
  for (const auto& balances : accounts_) {
    writer.U32(static_cast<uint32_t>(balances.size()));
    for (const auto& [asset, balance] : balances) {
      writer.Bytes(asset);
      writer.I128(balance.free);
      writer.I128(balance.locked);
    }
  }
  for (const auto* amounts : {&house_, &fees_, &deposited_}) SaveAmounts(writer, *amounts);
}

void Ledger::Load(wire::CanonicalReader& reader) {
  accounts_.assign(reader.U32() & 0xffff, {});
  for (auto& balances : accounts_) {
    for (uint32_t n = reader.U32(); n > 0 && reader.ok(); --n) {
      Balance& balance = balances[reader.Bytes()];
      balance.free = reader.I128();
      balance.locked = reader.I128();
    }
  }
  for (auto* amounts : {&house_, &fees_, &deposited_}) LoadAmounts(reader, *amounts);
}

}  // namespace gannet::venue_sim
