#include "services/venue-sim/bybit_market.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "services/venue-sim/bybit_payloads.h"
#include "services/venue-sim/usdm_market.h"

namespace gannet::venue_sim::bybit {
namespace {

using market::Level;
using namespace std::chrono_literals;

constexpr std::array<uint32_t, 4> kLevels = {1, 50, 200, PublicMarket::kDeepest};
// The book of one level is told again when nothing has changed for so long.
constexpr base::Duration kToldAgain = 3s;

std::vector<Level> Top(const VenueCore& core, SymbolIndex symbol, market::Side side,
                       size_t levels) {
  const matching::MatchingEngine& engine = core.engine(symbol);
  std::vector<Level> out;
  for (size_t i = 0; i < engine.depth(side) && i < levels; ++i)
    out.push_back(engine.level(side, i));
  return out;
}

// What must be told to bring `before` to `after`: levels that are new or other, and those
// that went, with a quantity of 0.
std::vector<Level> Difference(const std::vector<Level>& before, const std::vector<Level>& after) {
  std::map<market::Price, market::Quantity> told;
  for (const Level& level : before) told[level.price] = level.quantity;
  std::vector<Level> out;
  for (const Level& level : after) {
    const auto found = told.find(level.price);
    if (found == told.end() || found->second != level.quantity) out.push_back(level);
    if (found != told.end()) told.erase(found);
  }
  for (const auto& [price, quantity] : told) out.push_back({price, market::Quantity{0}});
  return out;
}

void WriteLevels(JsonText& json, std::string_view key, const std::vector<Level>& levels) {
  json.Array(key);
  for (const Level& level : levels)
    json.Array().Decimal(level.price.mantissa).Decimal(level.quantity.mantissa).EndArray();
  json.EndArray();
}

std::vector<Level> First(const std::vector<Level>& levels, size_t count) {
  return {levels.begin(),
          levels.begin() + static_cast<std::ptrdiff_t>(std::min(count, levels.size()))};
}

}  // namespace

std::optional<PublicMarket::Topic> PublicMarket::Parse(bool linear, std::string_view name) {
  constexpr std::string_view kTrades = "publicTrade.", kBook = "orderbook.";
  Topic topic{.linear = linear};
  if (name.starts_with(kTrades)) {
    name.remove_prefix(kTrades.size());
  } else if (name.starts_with(kBook)) {
    name.remove_prefix(kBook.size());
    const size_t point = name.find('.');
    if (point == std::string_view::npos) return std::nullopt;
    const auto [end, error] = std::from_chars(name.data(), name.data() + point, topic.levels);
    if (error != std::errc() || end != name.data() + point ||
        std::ranges::find(kLevels, topic.levels) == kLevels.end())
      return std::nullopt;
    name.remove_prefix(point + 1);
  } else {
    return std::nullopt;
  }
  const int symbol = FindSymbol(name);
  if (symbol < 0 || (linear && !UsdmMarket::Lists(static_cast<SymbolIndex>(symbol))))
    return std::nullopt;
  topic.symbol = static_cast<SymbolIndex>(symbol);
  return topic;
}

void PublicMarket::Close(ConnectionId id) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  for (const std::string& name : found->second.topics)
    subscribers_[*Parse(found->second.linear, name)].erase(id);
  connections_.erase(found);
}

void PublicMarket::Reply(ConnectionId id, std::string_view operation, std::string_view request_id,
                         std::string_view refusal) {
  JsonText json;
  json.Object()
      .Bool("success", refusal.empty())
      .Text("ret_msg", operation == "ping" ? "pong" : refusal)
      .Text("conn_id", "p" + std::to_string(static_cast<uint64_t>(id)))
      .Text("req_id", request_id)
      .Text("op", operation)
      .EndObject();
  outbox_.Send(id, json.Take());
}

void PublicMarket::OnMessage(ConnectionId id, std::string_view text, base::Time now) {
  if (!connections_.contains(id)) return;
  simdjson::dom::parser parser;
  simdjson::dom::object frame;
  simdjson::dom::array args;
  std::string_view operation, request_id;
  if (parser.parse(text.data(), text.size()).get(frame) || frame["op"].get(operation))
    return Reply(id, "", "", "Params Error");
  if (frame["req_id"].get(request_id)) request_id = {};  // optional
  if (operation == "ping") return Reply(id, operation, request_id, "");
  std::vector<std::string> names;
  bool sound = frame["args"].get(args) == simdjson::SUCCESS;
  for (size_t i = 0; sound && i < args.size(); ++i) {
    std::string_view name;
    sound = args.at(i).get(name) == simdjson::SUCCESS;
    names.emplace_back(name);
  }
  if (!sound || names.empty() || (operation != "subscribe" && operation != "unsubscribe"))
    return Reply(id, operation, request_id, "Params Error");
  Change(id, operation, request_id, names, now);
}

// All of a request, or nothing of it.
void PublicMarket::Change(ConnectionId id, std::string_view operation, std::string_view request_id,
                          const std::vector<std::string>& names, base::Time now) {
  Connection& connection = connections_.at(id);
  const bool subscribes = operation == "subscribe";
  if (!connection.linear && names.size() > kMaxArgs)
    return Reply(id, operation, request_id, "args size >10");
  if (connection.topics.size() + names.size() > kMaxTopics)
    return Reply(id, operation, request_id, "too many topics");
  for (const std::string& name : names) {
    if (!Parse(connection.linear, name))
      return Reply(id, operation, request_id, "Request Failed. Invalid symbol :[" + name + "]");
    if (subscribes && connection.topics.contains(name))
      return Reply(id, operation, request_id, "error:already subscribed,topic:" + name);
  }
  Reply(id, operation, request_id, "");
  for (const std::string& name : names) {
    const Topic topic = *Parse(connection.linear, name);
    if (!subscribes) {
      connection.topics.erase(name);
      subscribers_[topic].erase(id);
      continue;
    }
    if (topic.levels > 0) {
      const Book& book = Tell(topic, now);
      outbox_.Send(id, Frame(topic, book, true, book.bids, book.asks, now));
    }
    connection.topics.insert(name);
    subscribers_[topic].insert(id);
  }
}

std::string PublicMarket::Frame(const Topic& topic, const Book& book, bool snapshot,
                                const std::vector<Level>& bids, const std::vector<Level>& asks,
                                base::Time now) const {
  const std::string& symbol = ListedSymbols()[topic.symbol].name;
  JsonText json;
  json.Object()
      .Text("topic", "orderbook." + std::to_string(topic.levels) + "." + symbol)
      .Text("type", snapshot ? "snapshot" : "delta")
      .Int("ts", base::UnixMillis(now))
      .Object("data")
      .Text("s", symbol);
  WriteLevels(json, "b", bids);
  WriteLevels(json, "a", asks);
  json.Unsigned("u", book.u)
      .Unsigned("seq", core_.update_id(topic.symbol))
      .EndObject()
      .Int("cts", base::UnixMillis(now))
      .EndObject();
  return json.Take();
}

void PublicMarket::Publish(const Topic& topic, std::string text) {
  const auto found = subscribers_.find(topic);
  if (found == subscribers_.end()) return;
  const auto shared = std::make_shared<const std::string>(std::move(text));
  for (const ConnectionId id : found->second) outbox_.Send(id, shared);
}

PublicMarket::Book& PublicMarket::Tell(const Topic& topic, base::Time now) {
  Book& book = books_[topic];
  std::vector<Level> bids = Top(core_, topic.symbol, market::Side::kBuy, topic.levels);
  std::vector<Level> asks = Top(core_, topic.symbol, market::Side::kSell, topic.levels);
  const std::vector<Level> more_bids = Difference(book.bids, bids),
                           more_asks = Difference(book.asks, asks);
  const bool changed = book.u == 0 || !more_bids.empty() || !more_asks.empty();
  const bool top_only = topic.levels == 1;
  if (!changed && !(top_only && now - book.told >= kToldAgain)) return book;
  book.u += changed ? 1 : 0;
  book.told = now;
  book.bids = std::move(bids);
  book.asks = std::move(asks);
  Publish(topic, top_only ? Frame(topic, book, true, book.bids, book.asks, now)
                          : Frame(topic, book, false, more_bids, more_asks, now));
  return book;
}

void PublicMarket::Flush(base::Time now) {
  for (const auto& [topic, listeners] : subscribers_) {
    if (topic.levels > 0 && !listeners.empty()) Tell(topic, now);
  }
}

void PublicMarket::OnTrade(SymbolIndex symbol, const TradePrint& trade) {
  const std::string& name = ListedSymbols()[symbol].name;
  for (const bool linear : {false, true}) {
    const Topic topic{.linear = linear, .symbol = symbol};
    const auto found = subscribers_.find(topic);
    if (found == subscribers_.end() || found->second.empty()) continue;
    JsonText json;
    json.Object()
        .Text("topic", "publicTrade." + name)
        .Text("type", "snapshot")
        .Int("ts", base::UnixMillis(core_.now()))
        .Array("data")
        .Object()
        .Int("T", trade.time_ms)
        .Text("s", name)
        .Text("S", SideName(trade.buyer_is_maker ? market::Side::kSell : market::Side::kBuy))
        .Text("v", EightDecimals(trade.quantity))
        .Text("p", EightDecimals(trade.price))
        .Text("i", TradeId(symbol, trade.id))
        .Bool("BT", false)
        .Unsigned("seq", core_.update_id(symbol))
        .EndObject()
        .EndArray()
        .EndObject();
    Publish(topic, json.Take());
  }
}

void PublicMarket::WriteBook(JsonText& json, bool linear, SymbolIndex symbol, size_t limit,
                             base::Time now) {
  const Book& book = Tell({linear, symbol, kDeepest}, now);
  json.Object().Text("s", ListedSymbols()[symbol].name);
  WriteLevels(json, "b", First(book.bids, limit));
  WriteLevels(json, "a", First(book.asks, limit));
  json.Int("ts", base::UnixMillis(now))
      .Unsigned("u", book.u)
      .Unsigned("seq", core_.update_id(symbol))
      .Int("cts", base::UnixMillis(book.told))
      .EndObject();
}

}  // namespace gannet::venue_sim::bybit
