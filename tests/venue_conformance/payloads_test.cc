// Every documented payload about orders, accounts and user streams, of Binance spot,
// USD-M futures and Bybit v5: read, written again without loss, or in the table of
// those that we have no use for, with the reason. Nothing is passed over in silence: a
// payload that is neither fails the test. Skipped where the samples are absent.
#include <catch2/catch_test_macros.hpp>
#include <functional>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "libs/base/line_reader.h"
#include "libs/base/posix_files.h"
#include "libs/venue/binance/order_codec.h"
#include "libs/venue/binance/usdm_codec.h"
#include "libs/venue/binance/user_stream_codec.h"
#include "libs/venue/bybit/codec.h"

namespace gannet::venue {
namespace {

using nlohmann::json;
namespace usdm = binance::usdm;

std::vector<json> Rows(const std::string& name) {
  base::PosixFiles files;
  const std::string path = "../shared/data/oracle-exchange-docs/" + name;
  if (!files.Exists(path)) SKIP("SKIPPED: ../shared/data/oracle-exchange-docs not present");
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

struct Tally {
  size_t recognised = 0, ignored = 0, records = 0;
};
void Print(const char* what, const Tally& tally) {
  std::cout << "payloads of " << what << ": recognised " << tally.recognised << " (records "
            << tally.records << "), ignored with a reason " << tally.ignored << "\n";
}

// One record read and written again; the values of named fields and the rest are equal.
template <class T>
void Same(const absl::StatusOr<T>& read, const json& expected, Tally& tally) {
  INFO(expected.dump());
  INFO(read.status());
  REQUIRE(read.ok());
  CHECK(json::parse(Write(*read)) == expected);
  ++tally.records;
}
template <class T>
void SameList(const absl::StatusOr<std::vector<T>>& read, const json& expected, Tally& tally) {
  INFO(expected.dump());
  INFO(read.status());
  REQUIRE(read.ok());
  REQUIRE(read->size() == expected.size());
  for (size_t i = 0; i < read->size(); ++i) {
    CHECK(json::parse(Write((*read)[i])) == expected[i]);
    ++tally.records;
  }
}

// --- USD-M ----------------------------------------------------------------------

using Check = std::function<void(const json&, Tally&)>;

const std::map<std::string, Check>& UsdmReaders() {
  static usdm::Reader reader(true);
  static const Check kOrder = [](const json& p, Tally& t) {
    Same(reader.ReadOrder(p.dump()), p, t);
  };
  static const Check kOrders = [](const json& p, Tally& t) {
    SameList(reader.ReadOrders(p.dump()), p, t);
  };
  static const Check kAlgo = [](const json& p, Tally& t) {
    Same(reader.ReadAlgoOrder(p.dump()), p, t);
  };
  static const Check kAlgos = [](const json& p, Tally& t) {
    SameList(reader.ReadAlgoOrders(p.dump()), p, t);
  };
  static const Check kDone = [](const json& p, Tally& t) {
    Same(reader.ReadAcknowledgement(p.dump()), p, t);
  };
  static const Check kSettings = [](const json& p, Tally& t) {
    Same(reader.ReadSettings(p.dump()), p, t);
  };
  static const Check kBalances = [](const json& p, Tally& t) {
    SameList(reader.ReadBalances(p.dump()), p, t);
  };
  static const Check kPositions = [](const json& p, Tally& t) {
    SameList(reader.ReadPositions(p.dump()), p, t);
  };
  static const Check kAccount = [](const json& p, Tally& t) {
    const auto account = reader.ReadAccount(p.dump());
    INFO(account.status());
    REQUIRE(account.ok());
    REQUIRE(account->assets.size() == p["assets"].size());
    for (size_t i = 0; i < account->assets.size(); ++i)
      CHECK(json::parse(usdm::Write(account->assets[i])) == p["assets"][i]);
    for (size_t i = 0; i < account->positions.size(); ++i)
      CHECK(json::parse(usdm::Write(account->positions[i])) == p["positions"][i]);
    t.records += account->assets.size() + account->positions.size();
  };
  static const Check kKey = [](const json& p, Tally& t) {
    const auto key = reader.ReadListenKey(p.dump());
    REQUIRE(key.ok());
    CHECK(*key == p["listenKey"]);
    ++t.records;
  };
  static const std::map<std::string, Check> kReaders = {
      {"newOrder", kOrder},
      {"testOrder", kOrder},
      {"modifyOrder", kOrder},
      {"cancelOrder", kOrder},
      {"queryOrder", kOrder},
      {"queryCurrentOpenOrder", kOrder},
      {"allOrders", kOrders},
      {"currentAllOpenOrders", kOrders},
      {"cancelMultipleOrders", kOrders},
      {"placeMultipleOrders", kOrders},
      {"modifyMultipleOrders", kOrders},
      {"usersForceOrders", kOrders},
      {"newAlgoOrder", kAlgo},
      {"cancelAlgoOrder", kAlgo},
      {"queryAlgoOrder", kAlgo},
      {"currentAllAlgoOpenOrders", kAlgos},
      {"queryAllAlgoOrders", kAlgos},
      {"accountTradeList",
       [](const json& p, Tally& t) { SameList(reader.ReadTrades(p.dump()), p, t); }},
      {"cancelAllOpenOrders", kDone},
      {"cancelAllAlgoOpenOrders", kDone},
      {"changeMarginType", kDone},
      {"changeMultiAssetsMode", kDone},
      {"changePositionMode", kDone},
      {"changeInitialLeverage", kSettings},
      {"getCurrentMultiAssetsMode", kSettings},
      {"getCurrentPositionMode", kSettings},
      {"futuresAccountConfiguration", kSettings},
      {"symbolConfiguration",
       [](const json& p, Tally& t) { SameList(reader.ReadSymbolSettings(p.dump()), p, t); }},
      {"futuresAccountBalanceV2", kBalances},
      {"futuresAccountBalanceV3", kBalances},
      {"futuresAccountBalance", kBalances},
      {"positionInformationV2", kPositions},
      {"positionInformationV3", kPositions},
      {"positionInformation", kPositions},
      {"accountInformationV2", kAccount},
      {"accountInformationV3", kAccount},
      {"accountInformation", kAccount},
      {"startUserDataStream", kKey},
      {"keepaliveUserDataStream", kKey},
      {"checkServerTime",
       [](const json& p, Tally& t) {
         CHECK(reader.ReadServerTime(p.dump()).value_or(0) == p["serverTime"]);
         ++t.records;
       }},
  };
  return kReaders;
}

const std::map<std::string, std::string>& UsdmIgnored() {
  static const std::map<std::string, std::string> kIgnored = {
      {"closeUserDataStream", "an empty answer: its status says all"},
      {"autoCancelAllOpenOrders", "an echo of the countdown"},
      {"getOrderModifyHistory", "history of amendments: not asked for"},
      {"getPositionMarginChangeHistory", "history of margin: not asked for"},
      {"modifyIsolatedPositionMargin", "margin is moved by people"},
      {"positionAdlQuantileEstimation", "rank in the deleveraging queue: not asked for"},
      {"positionMarginChangeHistory", "history of margin: not asked for"},
      {"futuresTradfiPerpsContract", "consent to a contract: given by people"},
      {"futuresTradingQuantitativeRulesIndicators", "indicators of abuse rules: not asked for"},
      {"getBnbBurnStatus", "whether fees are paid in BNB: each trade names its fee asset"},
      {"toggleBnbBurnOnFuturesTrade", "the same, changed by people"},
      {"getDownloadIdForFuturesOrderHistory", "files of history: not asked for"},
      {"getDownloadIdForFuturesTradeHistory", "files of history: not asked for"},
      {"getDownloadIdForFuturesTransactionHistory", "files of history: not asked for"},
      {"getFuturesOrderHistoryDownloadLinkById", "files of history: not asked for"},
      {"getFuturesTradeDownloadLinkById", "files of history: not asked for"},
      {"getFuturesTransactionHistoryDownloadLinkById", "files of history: not asked for"},
      {"getIncomeHistory", "funding and fees come by stream; the page is not read yet"},
      {"notionalAndLeverageBrackets", "tiers of leverage: limits are ours"},
      {"queryUserRateLimit", "limits come with each answer's headers"},
      {"userCommissionRate", "each trade states its fee"},
  };
  return kIgnored;
}

TEST_CASE("Every answer of USD-M's connector about orders and accounts is read without loss") {
  Tally tally;
  usdm::Reader reader(true);
  for (const json& row : Rows("binance-connector-mock-responses.jsonl.gz")) {
    if (row["client"] != "derivatives-trading-usds-futures") continue;
    const std::string group = row["group"], call = row["call"];
    const bool concerns = group == "TradeApi" || group == "AccountApi" ||
                          group == "UserDataStreamsApi" || call == "checkServerTime";
    if (!concerns) continue;
    INFO(row.dump());
    json payload = row["payload"];
    if (row["kind"] == "websocket-api") {
      const auto answer = reader.ReadApiAnswer(payload.dump());
      INFO(answer.status());
      REQUIRE(answer.ok());
      CHECK(answer->status == payload["status"]);
      CHECK(answer->id == payload["id"]);
      CHECK(answer->error.has_value() == payload.contains("error"));
      if (answer->error) {
        CHECK(json::parse(usdm::Write(*answer->error)) == payload["error"]);
        ++tally.recognised;
        continue;
      }
      payload = json::parse(answer->result);
      CHECK(payload == row["payload"]["result"]);
    }
    const auto found = UsdmReaders().find(call);
    if (found == UsdmReaders().end()) {
      CHECK(UsdmIgnored().contains(call));
      ++tally.ignored;
      continue;
    }
    found->second(payload, tally);
    ++tally.recognised;
  }
  Print("USD-M's connector", tally);
  CHECK(tally.recognised >= 40);
}

// --- Bybit ----------------------------------------------------------------------

template <class T>
Check ListOf(absl::StatusOr<bybit::List<T>> (bybit::Reader::*read)(std::string_view)) {
  return [read](const json& result, Tally& tally) {
    bybit::Reader reader(true);
    const auto list = (reader.*read)(result.dump());
    INFO(result.dump());
    INFO(list.status());
    REQUIRE(list.ok());
    REQUIRE(list->rows.size() == result["list"].size());
    for (size_t i = 0; i < list->rows.size(); ++i) {
      CHECK(json::parse(bybit::Write(list->rows[i])) == result["list"][i]);
      ++tally.records;
    }
    CHECK(list->cursor == result.value("nextPageCursor", ""));
    CHECK(list->category == result.value("category", ""));
  };
}

const std::map<std::string, Check>& BybitReaders() {
  static bybit::Reader reader(true);
  static const Check kId = [](const json& r, Tally& t) {
    Same(reader.ReadOrderId(r.dump()), r, t);
  };
  static const Check kIds = ListOf<bybit::OrderId>(&bybit::Reader::ReadOrderIds);
  static const Check kOrders = ListOf<bybit::Order>(&bybit::Reader::ReadOrders);
  static const Check kExecutions = ListOf<bybit::Execution>(&bybit::Reader::ReadExecutions);
  static const Check kNothing = [](const json& r, Tally&) { CHECK((r.is_null() || r.empty())); };
  static const std::map<std::string, Check> kReaders = {
      {"order/create-order", kId},
      {"order/amend-order", kId},
      {"order/cancel-order", kId},
      {"order/batch-place", kIds},
      {"order/batch-amend", kIds},
      {"order/batch-cancel", kIds},
      {"order/cancel-all", kIds},
      {"order/open-order", kOrders},
      {"order/order-list", kOrders},
      {"order/execution", kExecutions},
      {"order/dcp", kNothing},
      {"position/position", ListOf<bybit::Position>(&bybit::Reader::ReadPositions)},
      {"position/leverage", kNothing},
      {"position/position-mode", kNothing},
      {"position/trading-stop", kNothing},
      {"account/wallet-balance", ListOf<bybit::Wallet>(&bybit::Reader::ReadWallets)},
      {"account/account-info",
       [](const json& r, Tally& t) { Same(reader.ReadAccountInfo(r.dump()), r, t); }},
      {"pre-upgrade/order-list", kOrders},
      {"pre-upgrade/execution", kExecutions},
      {"market/time",
       [](const json& r, Tally& t) {
         const std::string nanos = r["timeNano"];
         CHECK(std::to_string(reader.ReadServerTime(r.dump()).value_or(0)) ==
               nanos.substr(0, nanos.size() - 6));
         ++t.records;
       }},
  };
  return kReaders;
}

// Of these pages the envelope is read, the result is not.
const std::map<std::string, std::string>& BybitIgnored() {
  static const std::map<std::string, std::string> kIgnored = {
      {"order/pre-check-order", "what an order would do to the margin: risk is ours"},
      {"order/spot-borrow-quota", "spot on credit: not traded"},
      {"position/", "margin, tiers and moved positions: by people"},
      {"account/", "collateral, loans, market-maker protection, fees: by people"},
      {"pre-upgrade/", "accounts of the kind before the unified one"},
  };
  return kIgnored;
}

bool Ignored(const std::string& page) {
  for (const auto& [prefix, reason] : BybitIgnored()) {
    if (page.starts_with(prefix)) return true;
  }
  return false;
}

TEST_CASE("Every answer of Bybit's documentation about orders and accounts is read without loss") {
  Tally tally;
  bybit::Reader reader(true);
  for (const json& row : Rows("bybit-v5-docs.jsonl.gz")) {
    const std::string document = row["doc"];
    constexpr std::string_view kRoot = "docs/v5/";
    if (!row.contains("json") || !document.starts_with(kRoot)) continue;
    std::string page = document.substr(kRoot.size());
    page = page.substr(0, page.find(".mdx"));
    const bool concerns = page.starts_with("order/") || page.starts_with("position/") ||
                          page.starts_with("account/") || page.starts_with("pre-upgrade/") ||
                          page == "market/time";
    if (!concerns) continue;
    const json& payload = row["json"];
    INFO(row.dump());
    const auto envelope = reader.ReadEnvelope(payload.dump());
    INFO(envelope.status());
    REQUIRE(envelope.ok());
    CHECK(envelope->code == payload["retCode"]);
    CHECK(envelope->message == payload["retMsg"]);
    if (payload.contains("time")) CHECK(envelope->time == payload["time"].get<int64_t>());
    const json result = envelope->result.empty() ? json() : json::parse(envelope->result);
    CHECK(result == payload.value("result", json()));
    const auto found = BybitReaders().find(page);
    if (found == BybitReaders().end()) {
      CHECK(Ignored(page));
      ++tally.ignored;
      continue;
    }
    found->second(result, tally);
    ++tally.recognised;
  }
  Print("Bybit's documentation", tally);
  CHECK(tally.recognised >= 20);
}

TEST_CASE("Every frame of Bybit's private and trade streams is read without loss") {
  Tally tally;
  bybit::Reader reader(true);
  for (const json& row : Rows("bybit-v5-docs.jsonl.gz")) {
    const std::string document = row["doc"];
    const bool concerns = document.starts_with("docs/v5/websocket/private/") ||
                          document.starts_with("docs/v5/websocket/trade/") ||
                          document == "docs/v5/websocket/wss-authentication.mdx";
    if (!row.contains("json") || !concerns) continue;
    const json& payload = row["json"];
    INFO(row.dump());
    const bool ours = payload.contains("args") && !payload.contains("conn_id");
    if (ours && payload["op"] != "pong") {  // what we send: see requests_test
      ++tally.ignored;
      continue;
    }
    const auto frame = reader.ReadFrame(payload.dump());
    INFO(frame.status());
    REQUIRE(frame.ok());
    const auto rows = [&](const auto& records) {
      REQUIRE(records.size() == payload["data"].size());
      for (size_t i = 0; i < records.size(); ++i) {
        CHECK(json::parse(bybit::Write(records[i])) == payload["data"][i]);
        ++tally.records;
      }
    };
    ++tally.recognised;
    if (const auto* orders = std::get_if<bybit::OrderFrame>(&*frame)) {
      rows(orders->orders);
      CHECK(orders->created == payload["creationTime"].get<int64_t>());
    } else if (const auto* executions = std::get_if<bybit::ExecutionFrame>(&*frame)) {
      rows(executions->executions);
    } else if (const auto* positions = std::get_if<bybit::PositionFrame>(&*frame)) {
      rows(positions->positions);
    } else if (const auto* wallets = std::get_if<bybit::WalletFrame>(&*frame)) {
      rows(wallets->wallets);
    } else if (const auto* trade = std::get_if<bybit::TradeAnswer>(&*frame)) {
      CHECK(trade->envelope.code == payload["retCode"]);
      CHECK(trade->operation == payload["op"]);
    } else if (const auto* operation = std::get_if<bybit::OperationAnswer>(&*frame)) {
      CHECK(operation->success == payload.value("success", true));
    } else {
      const std::string topic = payload["topic"];
      CHECK((topic == "greeks" || topic == "strategy"));  // options; the venue's own algos
      --tally.recognised;
      ++tally.ignored;
    }
  }
  Print("Bybit's streams", tally);
  CHECK(tally.recognised >= 15);
}

// --- Binance spot ---------------------------------------------------------------

// Whether a payload speaks of orders or accounts, and how many of its parts we read.
// (Without loss: libs/venue/binance/order_oracle_test.cc.)
class SpotWalker {
 public:
  size_t Count(const json& value) {
    size_t count = 0;
    if (value.is_array()) {
      for (const json& member : value) count += Count(member);
      return count;
    }
    if (!value.is_object()) return 0;
    const std::string text = value.dump();
    if (value.contains("cancelResult")) {
      count += reader_.CancelReplace(text).ok();
    } else if (value.contains("code") && value.contains("msg")) {
      count += reader_.Error(text).ok();
    } else if (value.contains("orderId") && value.contains("clientOrderId") &&
               value.contains("symbol")) {
      const auto order = reader_.Order(text);
      count += order.ok() && order->order_id == value["orderId"].get<int64_t>();
    } else if (value.contains("isBuyer") && value.contains("id")) {
      count += reader_.Trades("[" + text + "]").ok();
    } else if (value.contains("balances")) {
      count += reader_.Account(text).ok();
    }
    if (value.contains("event") || value.contains("e")) count += stream_.Read(text).ok();
    if (value.contains("status") && value.contains("id")) count += stream_.Read(text).ok();
    for (const auto& [key, member] : value.items()) count += Count(member);
    return count;
  }
  static bool Concerns(const json& value) {
    const std::string text = value.dump();
    for (const char* word : {"\"orderId\"", "lientOrderId\"", "executionReport", "\"balances\"",
                             "listenKey", "subscriptionId", "outboundAccountPosition"}) {
      if (text.find(word) != std::string::npos) return true;
    }
    return false;
  }

 private:
  binance::AnswerReader reader_{true};
  binance::UserStreamReader stream_{true};
};

// By a word of the payload.
const std::map<std::string, std::string>& SpotIgnored() {
  static const std::map<std::string, std::string> kIgnored = {
      {"\"method\"", "a request of ours: see requests_test"},
      {"\"allocationId\"", "allocations of smart order routing, which is not asked for"},
      {"\"executionId\"", "history of amendments: not asked for"},
      {"\"preventedMatchId\"", "history of prevented matches: not asked for"},
      {"\"orderListId\"", "order lists as a whole: their orders are read one by one"},
      {"\"orderTypes\"", "rules of symbols: market_codec.h reads them"},
      {"\"limits\"", "rules"},
  };
  return kIgnored;
}

TEST_CASE("Every payload of Binance spot about orders, accounts and user streams is recognised") {
  Tally tally;
  SpotWalker walker;
  std::vector<json> payloads;
  for (const json& row : Rows("binance-spot-docs.jsonl.gz")) {
    if (row.contains("json")) payloads.push_back(row["json"]);
  }
  for (const json& row : Rows("binance-connector-mock-responses.jsonl.gz")) {
    if (row["client"] == "spot") payloads.push_back(row["payload"]);
  }
  for (const json& payload : payloads) {
    if (!SpotWalker::Concerns(payload)) continue;
    const size_t parts = walker.Count(payload);
    tally.records += parts;
    if (parts > 0) {
      ++tally.recognised;
      continue;
    }
    const std::string text = payload.dump();
    bool known = false;
    for (const auto& [word, reason] : SpotIgnored()) known |= text.find(word) != std::string::npos;
    INFO(text);
    CHECK(known);
    ++tally.ignored;
  }
  Print("Binance spot", tally);
  CHECK(tally.recognised >= 200);
}

}  // namespace
}  // namespace gannet::venue
