#include "libs/venue/bybit/codec.h"

#include "libs/base/status.h"
#include "libs/market/decimal.h"
#include "libs/venue/json_record.h"

namespace gannet::venue::bybit {
namespace {

constexpr Field<Order> kOrder[] = {
    {"orderId", &Order::order_id, true},
    {"orderLinkId", &Order::order_link_id},
    {"category", &Order::category},
    {"symbol", &Order::symbol, true},
    {"side", &Order::side, true},
    {"orderType", &Order::order_type},
    {"orderStatus", &Order::order_status, true},
    {"timeInForce", &Order::time_in_force},
    {"price", &Order::price},
    {"qty", &Order::quantity},
    {"marketUnit", &Order::market_unit},
    {"avgPrice", &Order::average_price},
    {"leavesQty", &Order::leaves_quantity},
    {"cumExecQty", &Order::executed_quantity},
    {"cumExecValue", &Order::executed_value},
    {"cumExecFee", &Order::executed_fee},
    {"triggerPrice", &Order::trigger_price},
    {"takeProfit", &Order::take_profit},
    {"stopLoss", &Order::stop_loss},
    {"cancelType", &Order::cancel_type},
    {"rejectReason", &Order::reject_reason},
    {"stopOrderType", &Order::stop_order_type},
    {"smpType", &Order::smp_type},
    {"createdTime", &Order::created_time},
    {"updatedTime", &Order::updated_time},
    {"positionIdx", &Order::position_index},
    {"triggerDirection", &Order::trigger_direction},
    {"reduceOnly", &Order::reduce_only},
    {"closeOnTrigger", &Order::close_on_trigger},
};
constexpr Field<Execution> kExecution[] = {
    {"execId", &Execution::exec_id, true},
    {"orderId", &Execution::order_id, true},
    {"orderLinkId", &Execution::order_link_id},
    {"category", &Execution::category},
    {"symbol", &Execution::symbol, true},
    {"side", &Execution::side, true},
    {"execType", &Execution::exec_type},
    {"orderType", &Execution::order_type},
    {"execPrice", &Execution::price, true},
    {"execQty", &Execution::quantity, true},
    {"orderQty", &Execution::order_quantity},
    {"execValue", &Execution::value},
    {"execFee", &Execution::fee},
    {"feeRate", &Execution::fee_rate},
    {"feeCurrency", &Execution::fee_currency},
    {"execTime", &Execution::time},
    {"closedSize", &Execution::closed_size},
    {"isMaker", &Execution::is_maker},
    {"seq", &Execution::sequence},
};
constexpr Field<Position> kPosition[] = {
    {"category", &Position::category},
    {"symbol", &Position::symbol, true},
    {"side", &Position::side},
    {"size", &Position::size, true},
    {"avgPrice", &Position::average_price},
    {"entryPrice", &Position::entry_price},
    {"positionValue", &Position::value},
    {"leverage", &Position::leverage},
    {"markPrice", &Position::mark_price},
    {"liqPrice", &Position::liquidation_price},
    {"takeProfit", &Position::take_profit},
    {"stopLoss", &Position::stop_loss},
    {"trailingStop", &Position::trailing_stop},
    {"unrealisedPnl", &Position::unrealised},
    {"cumRealisedPnl", &Position::cumulative_realised},
    {"positionStatus", &Position::status},
    {"updatedTime", &Position::updated_time},
    {"positionIdx", &Position::index},
    {"tradeMode", &Position::trade_mode},
    {"autoAddMargin", &Position::auto_add_margin},
    {"seq", &Position::sequence},
};
constexpr Field<LogRow> kLogRow[] = {
    {"id", &LogRow::id},
    {"category", &LogRow::category},
    {"symbol", &LogRow::symbol},
    {"type", &LogRow::type, true},
    {"currency", &LogRow::currency, true},
    {"change", &LogRow::change, true},
    {"cashFlow", &LogRow::cash_flow},
    {"fee", &LogRow::fee},
    {"funding", &LogRow::funding},
    {"tradeId", &LogRow::trade_id},
    {"transactionTime", &LogRow::time, true},
};
constexpr Field<Coin> kCoin[] = {
    {"coin", &Coin::coin, true},
    {"equity", &Coin::equity},
    {"walletBalance", &Coin::wallet_balance, true},
    {"locked", &Coin::locked},
    {"borrowAmount", &Coin::borrowed},
    {"usdValue", &Coin::usd_value},
    {"unrealisedPnl", &Coin::unrealised},
    {"availableToWithdraw", &Coin::available_to_withdraw},
};
constexpr Field<Wallet> kWallet[] = {
    {"accountType", &Wallet::account_type, true},
    {"totalEquity", &Wallet::total_equity},
    {"totalAvailableBalance", &Wallet::total_available},
};
constexpr Field<OrderId> kOrderId[] = {
    {"orderId", &OrderId::order_id, true}, {"orderLinkId", &OrderId::order_link_id},
    {"category", &OrderId::category},      {"symbol", &OrderId::symbol},
    {"createAt", &OrderId::created_at},
};
constexpr Field<BatchCode> kBatchCode[] = {
    {"code", &BatchCode::code, true},
    {"msg", &BatchCode::message},
};
constexpr Field<AccountInfo> kAccountInfo[] = {
    {"marginMode", &AccountInfo::margin_mode, true},
    {"updatedTime", &AccountInfo::updated_time},
    {"dcpStatus", &AccountInfo::dcp_status},
    {"unifiedMarginStatus", &AccountInfo::unified_status},
    {"timeWindow", &AccountInfo::window},
    {"smpGroup", &AccountInfo::smp_group},
};
constexpr Field<Protection> kProtection[] = {
    {"product", &Protection::product, true},
    {"dcpStatus", &Protection::status},
    {"timeWindow", &Protection::window},
};

std::string TextIn(const dom::object& object, std::string_view name) {
  std::string_view text;
  return object[name].get(text) ? std::string() : std::string(text);
}
Integer NumberIn(const dom::object& object, std::string_view name) {
  int64_t value = 0;
  if (object[name].get(value)) return std::nullopt;
  return value;
}

absl::StatusOr<dom::object> AsObject(dom::element element, std::string_view what) {
  dom::object object;
  if (element.get(object))
    return absl::InvalidArgumentError(base::Concat({what, " is not an object"}));
  return object;
}

// The wallet's list of coins is a member that the table cannot name.
absl::StatusOr<Wallet> ReadWallet(dom::element element, bool keep) {
  GANNET_ASSIGN_OR_RETURN(Wallet wallet, ReadRecord<Wallet>(element, kWallet, "a wallet", keep));
  std::erase_if(wallet.other, [](const auto& field) { return field.first == "coin"; });
  dom::element coins;
  if (element["coin"].get(coins)) return FieldError("a wallet", "coin", "is missing");
  GANNET_ASSIGN_OR_RETURN(wallet.coins, ReadRecords<Coin>(coins, kCoin, "coin", keep));
  return wallet;
}

absl::StatusOr<std::vector<Wallet>> ReadWalletList(dom::element element, bool keep) {
  dom::array array;
  if (element.get(array)) return absl::InvalidArgumentError("a list of wallets is not a list");
  std::vector<Wallet> out;
  for (const dom::element member : array) {
    GANNET_ASSIGN_OR_RETURN(Wallet wallet, ReadWallet(member, keep));
    out.push_back(std::move(wallet));
  }
  return out;
}

absl::StatusOr<Envelope> ReadEnvelopeOf(const dom::object& object, bool keep,
                                        std::string_view result_name) {
  Envelope envelope;
  const Integer code = NumberIn(object, "retCode");
  if (!code) return FieldError("an answer", "retCode", "is missing");
  envelope.code = *code;
  envelope.message = TextIn(object, "retMsg");
  envelope.time = NumberIn(object, "time");
  dom::element part;
  if (!object[result_name].get(part) && !part.is_null()) envelope.result = simdjson::minify(part);
  dom::object extra;
  if (!object["retExtInfo"].get(extra) && !extra["list"].get(part)) {
    GANNET_ASSIGN_OR_RETURN(envelope.members,
                            ReadRecords<BatchCode>(part, kBatchCode, "retExtInfo.list", keep));
  }
  return envelope;
}

OperationAnswer ReadOperation(const dom::object& object) {
  OperationAnswer answer;
  answer.operation = TextIn(object, "op");
  if (answer.operation.empty()) answer.operation = TextIn(object, "type");
  answer.id = TextIn(object, "req_id");
  answer.message = TextIn(object, "ret_msg");
  if (object["success"].get(answer.success)) answer.success = true;
  return answer;
}

}  // namespace

struct Reader::Impl {
  JsonDocument document;
  bool keep;

  template <class T>
  absl::StatusOr<List<T>> Rows(std::string_view result, std::span<const Field<T>> fields,
                               std::string_view what) {
    GANNET_ASSIGN_OR_RETURN(const dom::element root, document.Parse(result));
    GANNET_ASSIGN_OR_RETURN(const dom::object object, AsObject(root, "a result"));
    List<T> list;
    list.category = TextIn(object, "category");
    list.cursor = TextIn(object, "nextPageCursor");
    dom::element rows;
    if (object["list"].get(rows)) return FieldError("a result", "list", "is missing");
    GANNET_ASSIGN_OR_RETURN(list.rows, ReadRecords<T>(rows, fields, what, keep));
    return list;
  }
};

Reader::Reader(bool keep_other) : impl_(new Impl{{}, keep_other}) {}
Reader::~Reader() = default;

absl::StatusOr<Envelope> Reader::ReadEnvelope(std::string_view body) {
  GANNET_ASSIGN_OR_RETURN(const dom::element root, impl_->document.Parse(body));
  GANNET_ASSIGN_OR_RETURN(const dom::object object, AsObject(root, "an answer"));
  return ReadEnvelopeOf(object, impl_->keep, "result");
}
absl::StatusOr<OrderId> Reader::ReadOrderId(std::string_view result) {
  GANNET_ASSIGN_OR_RETURN(const dom::element root, impl_->document.Parse(result));
  return ReadRecord<OrderId>(root, kOrderId, "an order id", impl_->keep);
}
absl::StatusOr<List<OrderId>> Reader::ReadOrderIds(std::string_view result) {
  return impl_->Rows<OrderId>(result, kOrderId, "order ids");
}
absl::StatusOr<List<Order>> Reader::ReadOrders(std::string_view result) {
  return impl_->Rows<Order>(result, kOrder, "orders");
}
absl::StatusOr<List<Execution>> Reader::ReadExecutions(std::string_view result) {
  return impl_->Rows<Execution>(result, kExecution, "executions");
}
absl::StatusOr<List<Position>> Reader::ReadPositions(std::string_view result) {
  return impl_->Rows<Position>(result, kPosition, "positions");
}
absl::StatusOr<List<LogRow>> Reader::ReadLog(std::string_view result) {
  return impl_->Rows<LogRow>(result, kLogRow, "transaction log");
}
absl::StatusOr<List<Wallet>> Reader::ReadWallets(std::string_view result) {
  GANNET_ASSIGN_OR_RETURN(const dom::element root, impl_->document.Parse(result));
  GANNET_ASSIGN_OR_RETURN(const dom::object object, AsObject(root, "a result"));
  dom::element rows;
  if (object["list"].get(rows)) return FieldError("a result", "list", "is missing");
  List<Wallet> list;
  GANNET_ASSIGN_OR_RETURN(list.rows, ReadWalletList(rows, impl_->keep));
  return list;
}
absl::StatusOr<AccountInfo> Reader::ReadAccountInfo(std::string_view result) {
  GANNET_ASSIGN_OR_RETURN(const dom::element root, impl_->document.Parse(result));
  return ReadRecord<AccountInfo>(root, kAccountInfo, "account info", impl_->keep);
}
absl::StatusOr<std::vector<Protection>> Reader::ReadProtections(std::string_view result) {
  GANNET_ASSIGN_OR_RETURN(const dom::element root, impl_->document.Parse(result));
  dom::element rows;
  // Of an account without it the venue answers with nothing.
  if (root["dcpInfos"].get(rows)) return std::vector<Protection>();
  return ReadRecords<Protection>(rows, kProtection, "dcpInfos", impl_->keep);
}
absl::StatusOr<ApiKeyInfo> Reader::ReadApiKey(std::string_view result) {
  GANNET_ASSIGN_OR_RETURN(const dom::element root, impl_->document.Parse(result));
  GANNET_ASSIGN_OR_RETURN(const dom::object object, AsObject(root, "an API key"));
  dom::object permissions;
  dom::array addresses;
  int64_t read_only = 1;
  if (object["permissions"].get(permissions))
    return FieldError("an API key", "permissions", "is missing");
  if (object["ips"].get(addresses)) return FieldError("an API key", "ips", "is missing");
  if (object["readOnly"].get(read_only)) return FieldError("an API key", "readOnly", "is missing");
  // A list that is not there is empty.
  const auto has = [&permissions](std::string_view list, std::string_view word) {
    dom::array words;
    if (permissions[list].get(words)) return false;
    for (const dom::element entry : words) {
      std::string_view text;
      if (!entry.get(text) && text == word) return true;
    }
    return false;
  };
  ApiKeyInfo key;
  key.read_only = read_only != 0;
  key.trades_spot = has("Spot", "SpotTrade");
  key.trades_contracts = has("ContractTrade", "Order");
  key.may_withdraw = has("Wallet", "Withdraw");
  key.from_anywhere = addresses.size() == 0;
  for (const dom::element address : addresses) {
    std::string_view text;
    if (address.get(text) || text.empty() || text == "*") key.from_anywhere = true;
  }
  return key;
}

absl::StatusOr<int64_t> Reader::ReadServerTime(std::string_view result) {
  constexpr int64_t kNanosPerMilli = 1'000'000;
  GANNET_ASSIGN_OR_RETURN(const dom::element root, impl_->document.Parse(result));
  GANNET_ASSIGN_OR_RETURN(const dom::object object, AsObject(root, "the time"));
  const auto nanos = market::ParseDecimal(TextIn(object, "timeNano"), 0);
  if (!nanos || *nanos <= 0) return FieldError("the time", "timeNano", "is missing");
  return *nanos / kNanosPerMilli;
}

absl::StatusOr<BestPrices> Reader::ReadBest(std::string_view result) {
  GANNET_ASSIGN_OR_RETURN(const dom::element root, impl_->document.Parse(result));
  GANNET_ASSIGN_OR_RETURN(const dom::object object, AsObject(root, "an order book"));
  BestPrices best;
  for (const auto& [side, price] : {std::pair("b", &best.bid), std::pair("a", &best.ask)}) {
    dom::array levels;
    if (object[side].get(levels)) return FieldError("an order book", side, "is missing");
    if (levels.size() == 0) continue;
    std::string_view text;
    if (levels.at(0).at(0).get(text))
      return FieldError("an order book", side, "must list a price and a quantity as strings");
    *price = std::string(text);
  }
  return best;
}

absl::StatusOr<PrivateFrame> Reader::ReadFrame(std::string_view frame) {
  GANNET_ASSIGN_OR_RETURN(const dom::element root, impl_->document.Parse(frame));
  GANNET_ASSIGN_OR_RETURN(const dom::object object, AsObject(root, "a frame"));
  const bool keep = impl_->keep;
  const std::string topic = TextIn(object, "topic");
  if (topic.empty()) {
    dom::element code;
    if (object["retCode"].get(code)) {
      if (TextIn(object, "op").empty() && TextIn(object, "type").empty())
        return FieldError("a frame", "topic", "is missing");
      return ReadOperation(object);
    }
    TradeAnswer answer;
    answer.id = TextIn(object, "reqId");
    answer.operation = TextIn(object, "op");
    GANNET_ASSIGN_OR_RETURN(answer.envelope, ReadEnvelopeOf(object, keep, "data"));
    return answer;
  }
  const Integer created = NumberIn(object, "creationTime");
  const std::string_view kind = std::string_view(topic).substr(0, topic.find('.'));
  dom::element data;
  if (object["data"].get(data)) return FieldError("a frame", "data", "is missing");
  if (kind == "order") {
    GANNET_ASSIGN_OR_RETURN(auto rows, ReadRecords<Order>(data, kOrder, "order", keep));
    return OrderFrame{std::move(rows), created};
  }
  if (kind == "execution") {
    GANNET_ASSIGN_OR_RETURN(auto rows, ReadRecords<Execution>(data, kExecution, "execution", keep));
    return ExecutionFrame{std::move(rows), created};
  }
  if (kind == "position") {
    GANNET_ASSIGN_OR_RETURN(auto rows, ReadRecords<Position>(data, kPosition, "position", keep));
    return PositionFrame{std::move(rows), created};
  }
  if (kind == "wallet") {
    GANNET_ASSIGN_OR_RETURN(auto rows, ReadWalletList(data, keep));
    return WalletFrame{std::move(rows), created};
  }
  return OtherTopic{topic};
}

std::string Write(const Order& value) { return WriteRecord<Order>(value, kOrder); }
std::string Write(const Execution& value) { return WriteRecord<Execution>(value, kExecution); }
std::string Write(const Position& value) { return WriteRecord<Position>(value, kPosition); }
std::string Write(const LogRow& value) { return WriteRecord<LogRow>(value, kLogRow); }
std::string Write(const OrderId& value) { return WriteRecord<OrderId>(value, kOrderId); }
std::string Write(const AccountInfo& value) {
  return WriteRecord<AccountInfo>(value, kAccountInfo);
}
std::string Write(const Wallet& value) {
  Wallet whole = value;
  std::string coins = "[";
  for (const Coin& coin : value.coins) {
    if (coins.size() > 1) coins += ',';
    coins += WriteRecord<Coin>(coin, kCoin);
  }
  whole.other.emplace_back("coin", coins + "]");
  return WriteRecord<Wallet>(whole, kWallet);
}

}  // namespace gannet::venue::bybit
