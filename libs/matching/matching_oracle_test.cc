// Scenarios of other engines: exchange-core's feature file with its full
// expectations, CppTrader's command scripts (inputs only) for survival,
// invariants and determinism.
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

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
    cells.push_back(first == std::string::npos
                        ? ""
                        : cell.substr(first, cell.find_last_not_of(' ') - first + 1));
  }
  if (!cells.empty() && cells.back().empty()) cells.pop_back();
  return cells;
}

// The text after `mark` up to the next of space, comma, '@' and ')'; empty when
// the mark is not there.
std::string After(const std::string& line, const std::string& mark) {
  const size_t at = line.find(mark);
  if (at == std::string::npos) return "";
  const size_t from = at + mark.size();
  return line.substr(from, line.find_first_of(" ,@):", from) - from);
}
int64_t NumberAfter(const std::string& line, const std::string& mark) {
  return std::stoll(After(line, mark));
}
bool Says(const std::string& line, const std::string& text) {
  return line.find(text) != std::string::npos;
}

// Carries out the steps of one scenario of the feature file. Funds are held at
// an order's reserve price times the quote unit of the file's ETH_XBT symbol.
class Scenario {
 public:
  void Step(const std::string& line, const std::vector<std::string>& table) {
    const std::string client = After(line, "client ");
    if (Says(line, "has a balance")) {
      for (const std::string& row : table)
        balances_[client][Cells(row)[0]] = std::stoll(Cells(row)[1]);
    } else if (Says(line, " places an ")) {
      Place(line, client);
    } else if (Says(line, "order book is:")) {
      ExpectBook(table);
    } else if (Says(line, "No trade events")) {
      CHECK(observer_.matches().empty());
    } else if (Says(line, " matched. LastPx: ")) {
      REQUIRE(observer_.matches().size() == 1);
      const auto& match = observer_.matches().front();
      CHECK(static_cast<int64_t>(match.maker) == NumberAfter(line, "order "));
      CHECK(match.price == NumberAfter(line, "LastPx: "));
      CHECK(match.quantity == NumberAfter(line, "LastQty: "));
      CHECK((engine_.Find(match.maker) == nullptr) == Says(line, "fully"));
    } else if (Says(line, "moves a price to ")) {
      observer_.Take();
      const auto id = static_cast<OrderNumber>(NumberAfter(line, "of the order "));
      REQUIRE(engine_.Amend(id, {NumberAfter(line, "price to ")}, engine_.Find(id)->quantity) ==
              Reject::kNone);
    } else if (Says(line, "cancels the remaining size ")) {
      const auto id = static_cast<OrderNumber>(NumberAfter(line, "of the order "));
      CHECK(engine_.Find(id)->remaining().mantissa == NumberAfter(line, "remaining size "));
      REQUIRE(engine_.Cancel(id) == Reject::kNone);
    } else if (Says(line, "does not have active orders")) {
      engine_.ForEach([&](const Order& order) { CHECK(order.owner != Owner(client)); });
    } else if (Says(line, " orders:")) {
      ExpectOrders(table);
    } else if (Says(line, "balance of a client")) {
      for (const std::string& row : table)
        CHECK(Free(client, Cells(row)[0]) == std::stoll(Cells(row)[1]));
    } else {
      FAIL("step not understood: " << line);
    }
    ++steps_;
  }
  int steps() const { return steps_; }

 private:
  // "client Alice places an ASK order 101 at 1600@7 (type: GTC, symbol: X, reservePrice: 1)"
  void Place(const std::string& line, const std::string& client) {
    observer_.Take();
    NewOrder order{.id = static_cast<OrderNumber>(NumberAfter(line, "order ")),
                   .owner = Owner(client)};
    order.side = After(line, "places an ") == "BID" ? Side::kBuy : Side::kSell;
    order.price = {NumberAfter(line, " at ")};
    order.quantity = {NumberAfter(line, "@")};
    order.time_in_force = After(line, "type: ") == "IOC" ? TimeInForce::kIoc : TimeInForce::kGtc;
    reserve_[order.id] = Says(line, "reservePrice: ") ? NumberAfter(line, "reservePrice: ") : 0;
    REQUIRE(engine_.Submit(order) == Reject::kNone);
  }

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
  const auto begins = [](const std::string& line, std::initializer_list<const char*> words) {
    const size_t at = line.find_first_not_of(' ');
    for (const char* word : words) {
      if (at != std::string::npos && line.compare(at, std::string(word).size(), word) == 0)
        return true;
    }
    return false;
  };
  for (const std::string& line : ReadLines(path)) {
    if (begins(line, {"Scenario", "Examples", "Background"})) {
      flush();
      if (scenario) steps += scenario->steps();
      scenario.reset();
      if (line.find("Scenario") != std::string::npos) {
        scenario.emplace();
        ++scenarios;
      }
    } else if (begins(line, {"Given ", "When ", "Then ", "And "})) {
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
  const auto number = [&](size_t i) {
    return i < w.size() && !w[i].empty() ? std::stoll(w[i]) : 0;
  };
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
  if (w[at] == "ioc" || w[at] == "fok")
    order.time_in_force = w[at++] == "ioc" ? TimeInForce::kIoc : TimeInForce::kFok;
  const std::string kind = w[at++];
  if (kind == "limit")
    order.type = OrderType::kLimit;
  else if (kind == "market")
    order.type = OrderType::kMarket;
  else if (kind == "stop")
    order.type = OrderType::kStop;
  else if (kind == "stop-limit")
    order.type = OrderType::kStopLimit;
  else
    return;
  order.side = w[at++] == "buy" ? Side::kBuy : Side::kSell;
  order.id = id(at);
  order.owner = static_cast<OwnerNumber>(order.id);
  at += 2;  // id, symbol
  if (order.type == OrderType::kStop || order.type == OrderType::kStopLimit)
    order.stop_price = {number(at++)};
  if (order.type == OrderType::kLimit || order.type == OrderType::kStopLimit)
    order.price = {number(at++)};
  order.quantity = {number(at)};
  (void)engine.Submit(order);
}

TEST_CASE(
    "MatchingEngine runs CppTrader's scripts the same twice, never crossed, conserving quantity") {
  if (!std::filesystem::exists(kOracles))
    SKIP("SKIPPED: ../shared/data/oracle-matching not present");
  int scripts = 0, matches = 0;
  for (int i = 1; i <= 14; ++i) {
    const auto path = kOracles / ("cpptrader-scenario-" + std::string(i < 10 ? "0" : "") +
                                  std::to_string(i) + ".txt");
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
    one.ForEach(
        [&](const Order& order) { open += order.pending_stop ? 0 : order.remaining().mantissa; });
    CHECK(visible == open);
    matches += static_cast<int>(first.matches().size());
  }
  CHECK(scripts == 14);
  CHECK(matches > 10);
}

}  // namespace
}  // namespace gannet::matching
