// Scenarios of other engines: exchange-core's feature file with its full
// expectations, CppTrader's command scripts (inputs only) for survival,
// invariants and determinism.
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

#include <catch2/catch_test_macros.hpp>

#include "libs/matching/matching_engine.h"
#include "libs/matching/recording_observer.h"

namespace gannet::matching {
namespace {

using market::OrderType;
using market::Side;
using market::TimeInForce;

const std::filesystem::path kOracles = "../shared/data/oracle-matching";

std::vector<std::string> ReadLines(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> Cells(const std::string& row) {
  std::vector<std::string> cells;
  std::stringstream stream(row.substr(row.find('|') + 1));
  for (std::string cell; std::getline(stream, cell, '|');) {
    const size_t first = cell.find_first_not_of(' ');
    cells.push_back(first == std::string::npos ? "" : cell.substr(first, cell.find_last_not_of(' ') - first + 1));
  }
  if (!cells.empty() && cells.back().empty()) cells.pop_back();
  return cells;
}

// Carries out the steps of one scenario of the feature file. Funds are held at
// an order's reserve price times the quote unit of the file's ETH_XBT symbol.
class Scenario {
 public:
  void Step(const std::string& line, const std::vector<std::string>& table) {
    std::smatch m;
    if (std::regex_search(line, m, std::regex("New client (\\w+) has a balance"))) {
      for (const std::string& row : table) balances_[m[1]][Cells(row)[0]] = std::stoll(Cells(row)[1]);
    } else if (std::regex_search(line, m, std::regex("client (\\w+) places an (ASK|BID) order (\\d+) at (\\d+)@(\\d+) "
                                                     "\\(type: (\\w+), symbol: [^,)]+(?:, reservePrice: (\\d+))?\\)"))) {
      observer_.Take();
      NewOrder order{.id = std::stoull(m[3]), .owner = Owner(m[1])};
      order.side = m[2] == "BID" ? Side::kBuy : Side::kSell;
      order.price = {std::stoll(m[4])};
      order.quantity = {std::stoll(m[5])};
      order.time_in_force = m[6] == "IOC" ? TimeInForce::kIoc : TimeInForce::kGtc;
      reserve_[order.id] = m[7].matched ? std::stoll(m[7]) : 0;
      REQUIRE(engine_.Submit(order) == Reject::kNone);
    } else if (line.find("order book is:") != std::string::npos) {
      ExpectBook(table);
    } else if (line.find("No trade events") != std::string::npos) {
      CHECK(observer_.matches().empty());
    } else if (std::regex_search(line, m, std::regex("order (\\d+) is (partially|fully) matched. LastPx: (\\d+), LastQty: (\\d+)"))) {
      REQUIRE(observer_.matches().size() == 1);
      const auto& match = observer_.matches().front();
      CHECK(match.maker == std::stoull(m[1]));
      CHECK(match.price == std::stoll(m[3]));
      CHECK(match.quantity == std::stoll(m[4]));
      CHECK((engine_.Find(match.maker) == nullptr) == (m[2] == "fully"));
    } else if (std::regex_search(line, m, std::regex("moves a price to (\\d+) of the order (\\d+)"))) {
      observer_.Take();
      const OrderNumber id = std::stoull(m[2]);
      REQUIRE(engine_.Amend(id, {std::stoll(m[1])}, engine_.Find(id)->quantity) == Reject::kNone);
    } else if (std::regex_search(line, m, std::regex("cancels the remaining size (\\d+) of the order (\\d+)"))) {
      const OrderNumber id = std::stoull(m[2]);
      CHECK(engine_.Find(id)->remaining().mantissa == std::stoll(m[1]));
      REQUIRE(engine_.Cancel(id) == Reject::kNone);
    } else if (std::regex_search(line, m, std::regex("client (\\w+) does not have active orders"))) {
      engine_.ForEach([&](const Order& order) { CHECK(order.owner != Owner(m[1])); });
    } else if (std::regex_search(line, m, std::regex("client (\\w+) orders:"))) {
      ExpectOrders(table);
    } else if (std::regex_search(line, m, std::regex("balance of a client (\\w+):"))) {
      for (const std::string& row : table) CHECK(Free(m[1], Cells(row)[0]) == std::stoll(Cells(row)[1]));
    } else {
      FAIL("step not understood: " << line);
    }
    ++steps_;
  }
  int steps() const { return steps_; }

 private:
  OwnerNumber Owner(const std::string& client) {
    return owners_.try_emplace(client, static_cast<OwnerNumber>(owners_.size() + 1)).first->second;
  }

  int64_t Free(const std::string& client, const std::string& asset) {
    constexpr int64_t kQuoteUnit = 10;
    int64_t held = 0;
    engine_.ForEach([&](const Order& order) {
      if (order.owner == Owner(client) && order.side == Side::kBuy && asset == "XBT") {
        held += order.remaining().mantissa * reserve_.at(order.id) * kQuoteUnit;
      }
    });
    return balances_[client][asset] - held;
  }

  void ExpectBook(const std::vector<std::string>& table) {
    std::vector<market::Level> bids, asks;
    for (const std::string& row : table) {
      const auto cells = Cells(row);
      if (cells[0] == "bid") continue;
      if (!cells[0].empty()) bids.push_back({{std::stoll(cells[1])}, {std::stoll(cells[0])}});
      if (cells.size() > 2 && !cells[2].empty()) {
        asks.insert(asks.begin(), market::Level{{std::stoll(cells[1])}, {std::stoll(cells[2])}});
      }
    }
    CHECK(Side_(Side::kBuy) == bids);
    CHECK(Side_(Side::kSell) == asks);
  }
  std::vector<market::Level> Side_(Side side) const {
    std::vector<market::Level> levels;
    for (size_t i = 0; i < engine_.depth(side); ++i) levels.push_back(engine_.level(side, i));
    return levels;
  }

  void ExpectOrders(const std::vector<std::string>& table) {
    for (const std::string& row : table) {
      const auto cells = Cells(row);
      if (cells[0] == "id") continue;
      const Order* order = engine_.Find(std::stoull(cells[0]));
      REQUIRE(order != nullptr);
      CHECK(order->price.mantissa == std::stoll(cells[1]));
      CHECK(order->quantity.mantissa == std::stoll(cells[2]));
      CHECK(order->filled.mantissa == std::stoll(cells[3]));
      CHECK(reserve_.at(order->id) == std::stoll(cells[4]));
      CHECK(order->side == (cells[5] == "BID" ? Side::kBuy : Side::kSell));
    }
  }

  RecordingObserver observer_;
  MatchingEngine engine_{observer_};
  std::map<std::string, OwnerNumber> owners_;
  std::map<std::string, std::map<std::string, int64_t>> balances_;
  std::map<OrderNumber, int64_t> reserve_;
  int steps_ = 0;
};

TEST_CASE("MatchingEngine meets the expectations of exchange-core's basic feature") {
  const auto path = kOracles / "exchange-core-basic.feature";
  if (!std::filesystem::exists(path)) SKIP("SKIPPED: ../shared/data/oracle-matching not present");
  std::optional<Scenario> scenario;
  std::string step;
  std::vector<std::string> table;
  int steps = 0, scenarios = 0;
  const auto flush = [&] {
    if (!step.empty() && scenario) scenario->Step(step, table);
    step.clear();
    table.clear();
  };
  const std::regex starts("^\\s*(Given|When|Then|And) ");
  for (const std::string& line : ReadLines(path)) {
    if (std::regex_search(line, std::regex("^\\s*(Scenario|Examples|Background)"))) {
      flush();
      if (scenario) steps += scenario->steps();
      scenario.reset();
      if (line.find("Scenario") != std::string::npos) {
        scenario.emplace();
        ++scenarios;
      }
    } else if (std::regex_search(line, starts)) {
      flush();
      step = line;
    } else if (line.find('|') != std::string::npos && !step.empty()) {
      table.push_back(line);
    }
  }
  flush();
  if (scenario) steps += scenario->steps();
  CHECK(scenarios == 2);
  CHECK(steps >= 18);
}

// Runs one command; unknown kinds (books and symbols, trailing, all-or-none,
// slippage) have no counterpart here.
void RunCommand(MatchingEngine& engine, const std::string& line) {
  std::stringstream words(line);
  std::vector<std::string> w;
  for (std::string word; words >> word;) {
    const size_t glued = word.find("enable");  // the scripts' last lines have no newline
    w.push_back(word.substr(0, glued));
  }
  const auto number = [&](size_t i) { return i < w.size() && !w[i].empty() ? std::stoll(w[i]) : 0; };
  const auto id = [&](size_t i) { return static_cast<OrderNumber>(number(i)); };
  if (w.size() < 3) return;
  if (w[0] == "delete" && w[1] == "order") (void)engine.Cancel(id(2));
  if (w[0] == "reduce") {
    if (const Order* order = engine.Find(id(2))) {
      (void)engine.Amend(order->id, order->price, {order->quantity.mantissa - number(3)});
    }
  }
  if (w[0] == "modify" || w[0] == "mitigate") (void)engine.Amend(id(2), {number(3)}, {number(4)});
  if (w[0] == "replace") {
    if (const Order* order = engine.Find(id(2))) {
      NewOrder next = *order;
      next.id = id(3);
      next.price = {number(4)};
      next.quantity = {number(5)};
      (void)engine.Replace(order->id, next);
    }
  }
  if (w[0] != "add") return;
  NewOrder order;
  size_t at = 1;
  if (w[at] == "ioc" || w[at] == "fok") order.time_in_force = w[at++] == "ioc" ? TimeInForce::kIoc : TimeInForce::kFok;
  const std::string kind = w[at++];
  if (kind == "limit") order.type = OrderType::kLimit;
  else if (kind == "market") order.type = OrderType::kMarket;
  else if (kind == "stop") order.type = OrderType::kStop;
  else if (kind == "stop-limit") order.type = OrderType::kStopLimit;
  else return;
  order.side = w[at++] == "buy" ? Side::kBuy : Side::kSell;
  order.id = id(at);
  order.owner = static_cast<OwnerNumber>(order.id);
  at += 2;  // id, symbol
  if (order.type == OrderType::kStop || order.type == OrderType::kStopLimit) order.stop_price = {number(at++)};
  if (order.type == OrderType::kLimit || order.type == OrderType::kStopLimit) order.price = {number(at++)};
  order.quantity = {number(at)};
  (void)engine.Submit(order);
}

TEST_CASE("MatchingEngine runs CppTrader's scripts the same twice, never crossed, conserving quantity") {
  if (!std::filesystem::exists(kOracles)) SKIP("SKIPPED: ../shared/data/oracle-matching not present");
  int scripts = 0, matches = 0;
  for (int i = 1; i <= 14; ++i) {
    const auto path = kOracles / ("cpptrader-scenario-" + std::string(i < 10 ? "0" : "") + std::to_string(i) + ".txt");
    if (!std::filesystem::exists(path)) continue;
    ++scripts;
    RecordingObserver first, second;
    MatchingEngine one(first), two(second);
    for (const std::string& line : ReadLines(path)) {
      RunCommand(one, line);
      RunCommand(two, line);
      const auto bid = one.best(Side::kBuy), ask = one.best(Side::kSell);
      if (bid && ask) CHECK(bid->price < ask->price);
    }
    CHECK(first.lines() == second.lines());
    int64_t visible = 0, open = 0;
    for (const auto& [key, quantity] : first.levels()) visible += quantity.mantissa;
    one.ForEach([&](const Order& order) { open += order.pending_stop ? 0 : order.remaining().mantissa; });
    CHECK(visible == open);
    matches += static_cast<int>(first.matches().size());
  }
  CHECK(scripts == 14);
  CHECK(matches > 10);
}

}  // namespace
}  // namespace gannet::matching
