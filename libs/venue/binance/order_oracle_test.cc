// Binance's published examples of orders, accounts and the user stream through
// the order codecs, without loss. Skipped where the samples are absent.
#include <catch2/catch_test_macros.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "libs/base/line_reader.h"
#include "libs/base/posix_files.h"
#include "libs/venue/binance/order_codec.h"
#include "libs/venue/binance/user_stream_codec.h"

namespace gannet::venue::binance {
namespace {

using nlohmann::json;

std::vector<json> Rows(const std::string& folder, const std::string& name) {
  base::PosixFiles files;
  const std::string path = "../shared/data/" + folder + "/" + name;
  if (!files.Exists(path)) SKIP("SKIPPED: ../shared/data/" + folder + " not present");
  auto reader = base::LineReader::Open(files, path, 64u << 20);
  REQUIRE(reader.ok());
  std::vector<json> rows;
  for (;;) {
    const auto line = (*reader)->Next();
    REQUIRE(line.ok());
    if (!*line) return rows;
    rows.push_back(json::parse((*line)->text));
  }
}

void AddOther(json& out, const OtherFields& other) {
  for (const auto& [name, text] : other) out[name] = json::parse(text);
}
template <class T>
void Put(json& out, const char* name, const std::optional<T>& value) {
  if (value) out[name] = *value;
}

// What was read, written as the venue writes it.
json Back(const SpotFill& fill) {
  json out = {{"price", fill.price}, {"qty", fill.quantity}, {"tradeId", fill.trade_id}};
  if (!fill.commission.empty()) out["commission"] = fill.commission;
  if (!fill.commission_asset.empty()) out["commissionAsset"] = fill.commission_asset;
  Put(out, "allocId", fill.allocation_id);
  AddOther(out, fill.other);
  return out;
}
json Back(const SpotOrder& order) {
  json out = {{"symbol", order.symbol},
              {"orderId", order.order_id},
              {"clientOrderId", order.client_order_id}};
  Put(out, "origClientOrderId", order.original_client_order_id);
  Put(out, "price", order.price);
  Put(out, "origQty", order.original_quantity);
  Put(out, "executedQty", order.executed_quantity);
  Put(out, "cummulativeQuoteQty", order.quote_filled);
  Put(out, "stopPrice", order.stop_price);
  Put(out, "status", order.status);
  Put(out, "timeInForce", order.time_in_force);
  Put(out, "type", order.type);
  Put(out, "side", order.side);
  Put(out, "transactTime", order.transact_time);
  Put(out, "updateTime", order.update_time);
  Put(out, "workingTime", order.working_time);
  Put(out, "isWorking", order.is_working);
  if (order.fills) {
    out["fills"] = json::array();
    for (const SpotFill& fill : *order.fills) out["fills"].push_back(Back(fill));
  }
  AddOther(out, order.other);
  return out;
}
json Back(const SpotTrade& trade) {
  json out = {{"symbol", trade.symbol},
              {"id", trade.trade_id},
              {"orderId", trade.order_id},
              {"price", trade.price},
              {"qty", trade.quantity},
              {"commission", trade.commission},
              {"commissionAsset", trade.commission_asset},
              {"time", trade.time},
              {"isBuyer", trade.is_buyer},
              {"isMaker", trade.is_maker}};
  AddOther(out, trade.other);
  return out;
}
json Back(const SpotAccount& account) {
  json out = {{"balances", json::array()}};
  Put(out, "updateTime", account.update_time);
  for (const SpotBalance& balance : account.balances) {
    json entry = {{"asset", balance.asset}, {"free", balance.free}, {"locked", balance.locked}};
    AddOther(entry, balance.other);
    out["balances"].push_back(entry);
  }
  Put(out, "canTrade", account.can_trade);
  Put(out, "canWithdraw", account.can_withdraw);
  AddOther(out, account.other);
  return out;
}
json Back(const SpotError& error) {
  json out = {{"code", error.code}, {"msg", error.message}};
  AddOther(out, error.other);
  return out;
}
json Back(const SpotLeg& leg) {
  return leg.order ? Back(*leg.order) : leg.error ? Back(*leg.error) : json(nullptr);
}
json Back(const SpotCancelReplace& legs) {
  json out = {{"cancelResult", legs.cancel.result},
              {"newOrderResult", legs.placed.result},
              {"cancelResponse", Back(legs.cancel)},
              {"newOrderResponse", Back(legs.placed)}};
  if (!legs.error) return out;
  return {{"code", legs.error->code}, {"msg", legs.error->message}, {"data", out}};
}
json Back(const ExecutionReport& r) {
  json out = {{"e", "executionReport"},
              {"E", r.event_time},
              {"T", r.transaction_time},
              {"s", r.symbol},
              {"c", r.client_order_id},
              {"C", r.original_client_order_id},
              {"S", r.side},
              {"o", r.type},
              {"f", r.time_in_force},
              {"q", r.quantity},
              {"p", r.price},
              {"P", r.stop_price},
              {"x", r.execution_type},
              {"X", r.status},
              {"r", r.reject_reason},
              {"i", r.order_id},
              {"l", r.last_quantity},
              {"z", r.cumulative},
              {"L", r.last_price},
              {"n", r.commission},
              {"N", r.commission_asset ? json(*r.commission_asset) : json(nullptr)},
              {"t", r.trade_id},
              {"w", r.on_book},
              {"m", r.is_maker}};
  Put(out, "a", r.allocation_id);
  Put(out, "W", r.working_time);
  AddOther(out, r.other);
  return out;
}
json Back(const AccountPosition& position) {
  json out = {{"e", "outboundAccountPosition"},
              {"E", position.event_time},
              {"u", position.update_time},
              {"B", json::array()}};
  for (const SpotBalance& balance : position.balances) {
    json entry = {{"a", balance.asset}, {"f", balance.free}, {"l", balance.locked}};
    AddOther(entry, balance.other);
    out["B"].push_back(entry);
  }
  AddOther(out, position.other);
  return out;
}
json Back(const BalanceDelta& delta) {
  json out = {{"e", "balanceUpdate"},
              {"E", delta.event_time},
              {"T", delta.clear_time},
              {"a", delta.asset},
              {"d", delta.delta}};
  AddOther(out, delta.other);
  return out;
}
json Back(const StreamTerminated& end) {
  json out = {{"e", end.event}, {"E", end.event_time}};
  AddOther(out, end.other);
  return out;
}
json Back(const OtherEvent& event) { return json::parse(event.json); }
json Back(const ApiResponse& response) {
  json out = {{"status", response.status}};
  out["id"] = response.id == "null" ? json(nullptr) : json(response.id);
  if (response.error)
    out["error"] = {{"code", response.error->code}, {"msg", response.error->message}};
  AddOther(out, response.other);
  return out;
}

struct Tally {
  size_t orders = 0, trades = 0, accounts = 0, errors = 0, legs = 0, events = 0, responses = 0;
};

// Every part of a documented payload that we claim to read.
class Walker {
 public:
  explicit Walker(Tally& tally) : tally_(tally) {}

  void Walk(const json& value) {
    if (value.is_array()) {
      for (const json& member : value) Walk(member);
      return;
    }
    if (!value.is_object()) return;
    INFO(value.dump());
    const std::string text = value.dump();
    if (value.contains("cancelResult")) {
      Same(reader_.CancelReplace(text), value, tally_.legs);
    } else if (value.contains("code") && value.contains("msg")) {
      if (value.contains("data") && value["data"].contains("cancelResult")) {
        Same(reader_.CancelReplace(text), value, tally_.legs);
      } else {
        Same(reader_.Error(text), value, tally_.errors);
      }
    } else if (value.contains("orderId") && value.contains("clientOrderId") &&
               value.contains("symbol")) {
      Same(reader_.Order(text), value, tally_.orders);
    } else if (value.contains("isBuyer") && value.contains("id")) {
      Same(reader_.Trades("[" + text + "]"), value, tally_.trades);
    } else if (value.contains("balances")) {
      Same(reader_.Account(text), value, tally_.accounts);
    }
    for (const auto& [key, member] : value.items()) Walk(member);
  }

  void Frame(const json& frame) {
    INFO(frame.dump());
    const auto read = stream_.Read(frame.dump());
    INFO(read.status());
    REQUIRE(read.ok());
    const json back = std::visit([](const auto& content) { return Back(content); }, read->content);
    if (frame.contains("event")) {
      CHECK(back == frame["event"]);
      CHECK(read->subscription_id.has_value() == frame.contains("subscriptionId"));
      ++tally_.events;
    } else if (frame.contains("e")) {
      CHECK(back == frame);
      ++tally_.events;
    } else {
      json expected = frame;
      if (expected.contains("error")) expected["error"].erase("data");
      if (expected["id"].is_number()) expected["id"] = expected["id"].dump();
      CHECK(back == expected);
      ++tally_.responses;
    }
  }

 private:
  static json One(const std::vector<SpotTrade>& trades) { return Back(trades.at(0)); }
  template <class T>
  static json One(const T& value) {
    return Back(value);
  }
  template <class T>
  void Same(const absl::StatusOr<T>& read, const json& expected, size_t& count) {
    INFO(read.status());
    REQUIRE(read.ok());
    CHECK(One(*read) == expected);
    ++count;
  }

  Tally& tally_;
  AnswerReader reader_{true};
  UserStreamReader stream_{true};
};

TEST_CASE("Every documented payload of orders, accounts and the user stream is read without loss") {
  Tally tally;
  Walker walker(tally);
  size_t rows = 0;
  for (const json& row : Rows("oracle-exchange-docs", "binance-spot-docs.jsonl.gz")) {
    if (!row.contains("json")) continue;
    const std::string document = row["doc"];
    const json& payload = row["json"];
    ++rows;
    if (document.ends_with("user-data-stream.md")) walker.Frame(payload);
    if (document.ends_with("web-socket-api.md") && payload.is_object() &&
        (payload.contains("status") || payload.contains("event")) && !payload.contains("method")) {
      walker.Frame(payload);
    }
    walker.Walk(payload);
  }
  INFO("rows " << rows << " orders " << tally.orders << " trades " << tally.trades << " accounts "
               << tally.accounts << " errors " << tally.errors << " legs " << tally.legs
               << " events " << tally.events << " responses " << tally.responses);
  CHECK(tally.orders >= 200);
  CHECK(tally.trades >= 4);
  CHECK(tally.accounts >= 4);
  CHECK(tally.errors >= 20);
  CHECK(tally.legs >= 12);
  CHECK(tally.events >= 14);
  CHECK(tally.responses >= 120);
}

}  // namespace
}  // namespace gannet::venue::binance
