// What of trading people are told, as messages. Pure.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "libs/market/account.h"
#include "libs/market/header.h"
#include "libs/market/instrument.h"
#include "libs/market/order.h"
#include "libs/notify/message.h"

namespace gannet::notify {

class TradingEvents {
 public:
  // Scopes and orders that something is told of until it is over; what comes beyond is told
  // once more than needed.
  static constexpr size_t kMaxOpen = 10'000;

  void OnInstrument(const market::Instrument& instrument);
  // Fills (info), refusals by the venue or at the moment of sending (ticket), fates that are
  // not known (page), and their end: also where what ends it is a message of its own.
  std::vector<Message> OnReport(const market::Event<market::ExecReport>& event);
  // Intents that the gate refuses (info).
  std::vector<Message> OnDecision(const market::Event<market::RiskDecision>& event);
  // Kill switches (page) and halts (ticket), and the end of each. The first state of a scope
  // that trades is no news.
  std::vector<Message> OnState(const market::Event<market::RiskState>& event);

 private:
  // What is told of a scope and not over: a kill switch does not end the halt before it.
  struct Stopped {
    bool killed = false, halted = false;
  };
  std::string Amount(const market::ExecReport& report, market::Quantity quantity) const;

  std::map<std::string, market::Instrument> instruments_;  // by id: the newest version
  std::set<std::string> unknown_;                          // orders
  std::map<market::Scope, Stopped> stopped_;
};

}  // namespace gannet::notify
