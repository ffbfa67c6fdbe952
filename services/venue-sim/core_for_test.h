// Test helpers: a core with its told events written down, and requests by text.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "libs/market/decimal.h"
#include "services/venue-sim/venue_core.h"

namespace gannet::venue_sim {

inline int64_t D(std::string_view text) { return *market::ParseDecimal(text, kScale); }
inline base::Time TestStart() {
  return base::FromUnixMillis(1'717'200'000'000);
}  // 2024-06-01T00:00:00Z

class RecordingEvents : public VenueEvents {
 public:
  void OnLevel(SymbolIndex symbol, market::Side side, int64_t price, int64_t quantity,
               uint64_t update_id) override {
    if (update_id != last_update[symbol] + 1) ++update_gaps;
    last_update[symbol] = update_id;
    auto& levels = books[{symbol, side}];
    if (quantity == 0) {
      levels.erase(price);
    } else {
      levels[price] = quantity;
    }
  }
  void OnBest(SymbolIndex) override { ++bests; }
  void OnTrade(SymbolIndex symbol, const TradePrint& trade) override {
    if (trade.id != last_trade[symbol] + 1) ++trade_gaps;
    last_trade[symbol] = trade.id;
    ++trades[symbol];
  }
  void OnAggregate(SymbolIndex symbol, const AggregateTrade& trade) override {
    aggregate_trades[symbol] += trade.last_trade - trade.first_trade + 1;
  }
  void OnExecution(const Execution& execution) override { executions.push_back(execution); }
  void OnBalances(AccountIndex, const std::vector<std::string>& assets, base::Time) override {
    balances.push_back(assets);
  }
  void OnDeposit(AccountIndex, const std::string&, Amount change, base::Time) override {
    deposited += change;
  }
  void OnStory(const Story& story) override { stories.push_back(story); }

  std::map<std::pair<SymbolIndex, market::Side>, std::map<int64_t, int64_t>> books;
  std::map<SymbolIndex, uint64_t> last_update, last_trade, trades, aggregate_trades;
  Amount deposited = 0;
  uint64_t update_gaps = 0, trade_gaps = 0, bests = 0;
  std::vector<Execution> executions;
  std::vector<std::vector<std::string>> balances;
  std::vector<Story> stories;
};

inline CoreOptions QuickOptions(uint64_t seed = 7) {
  CoreOptions options;
  options.seed = seed;
  options.warm_up = std::chrono::seconds(5);
  return options;
}

struct CoreFixture {
  explicit CoreFixture(const CoreOptions& options = QuickOptions()) : core(&events) {
    core.Open(options, TestStart());
  }

  void Run(base::Duration span, base::Duration step = std::chrono::milliseconds(50)) {
    for (const base::Time end = core.now() + span; core.now() < end;) core.Tick(core.now() + step);
  }
  PlaceRequest Limit(market::Side side, int64_t price, std::string_view quantity,
                     SymbolIndex symbol = 0) {
    PlaceRequest request;
    request.symbol = symbol;
    request.side = side;
    request.price = price;
    request.quantity = D(quantity);
    return request;
  }
  PlaceRequest Market(market::Side side, std::string_view quantity, SymbolIndex symbol = 0) {
    PlaceRequest request = Limit(side, 0, quantity, symbol);
    request.kind = OrderKind::kMarket;
    return request;
  }
  int64_t best(market::Side side, SymbolIndex symbol = 0) {
    return core.Best(symbol, side)->price.mantissa;
  }
  Answer<Placed> Place(const PlaceRequest& request, AccountIndex account = 0) {
    return core.Place(account, request, core.now());
  }
  // "-1013 Filter failure: LOT_SIZE", or empty.
  std::string Refusal(const PlaceRequest& request, AccountIndex account = 0) {
    const auto answer = Place(request, account);
    const ApiError* error = Failed(answer);
    return error == nullptr ? "" : std::to_string(error->code) + " " + error->message;
  }
  bool Conserved() {
    for (const std::string& asset : ListedAssets()) {
      if (core.ledger().Total(asset) != core.ledger().Deposited(asset)) return false;
    }
    return true;
  }

  RecordingEvents events;
  VenueCore core;
};

}  // namespace gannet::venue_sim
