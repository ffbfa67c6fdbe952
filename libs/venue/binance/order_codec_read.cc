#include "absl/strings/str_cat.h"
#include "libs/base/status.h"
#include "libs/venue/binance/order_codec.h"
#include "libs/venue/binance/order_json.h"

namespace gannet::venue::binance {
namespace {

absl::StatusOr<SpotFill> ReadFill(dom::element element, bool keep) {
  GANNET_ASSIGN_OR_RETURN(const dom::object object, AsObject(element, "a fill"));
  SpotFill fill;
  FieldReader read(keep, fill.other);
  for (const auto [key, value] : object) {
    if (key == "price") {
      read.Text(key, value, fill.price);
    } else if (key == "qty") {
      read.Text(key, value, fill.quantity);
    } else if (key == "commission") {
      read.Text(key, value, fill.commission);
    } else if (key == "commissionAsset") {
      read.Text(key, value, fill.commission_asset);
    } else if (key == "tradeId") {
      read.Number(key, value, fill.trade_id);
    } else if (key == "allocId") {
      read.Number(key, value, fill.allocation_id);
    } else {
      read.Other(key, value);
    }
  }
  if (fill.price.empty()) read.Missing("fills.price");
  if (fill.quantity.empty()) read.Missing("fills.qty");
  if (fill.trade_id < 0 && !fill.allocation_id) read.Missing("fills.tradeId");
  GANNET_RETURN_IF_ERROR(read.status());
  return fill;
}

absl::Status ReadFills(dom::element element, bool keep, std::vector<SpotFill>& out) {
  dom::array array;
  if (element.get(array)) return absl::InvalidArgumentError("field fills is not a list");
  for (const dom::element member : array) {
    GANNET_ASSIGN_OR_RETURN(SpotFill fill, ReadFill(member, keep));
    out.push_back(std::move(fill));
  }
  return absl::OkStatus();
}

absl::StatusOr<SpotOrder> ReadOrder(dom::element element, bool keep) {
  GANNET_ASSIGN_OR_RETURN(const dom::object object, AsObject(element, "an order"));
  SpotOrder order;
  bool has_id = false;
  FieldReader read(keep, order.other);
  for (const auto [key, value] : object) {
    if (key == "symbol") {
      read.Text(key, value, order.symbol);
    } else if (key == "orderId") {
      read.Number(key, value, order.order_id);
      has_id = true;
    } else if (key == "clientOrderId") {
      read.Text(key, value, order.client_order_id);
    } else if (key == "origClientOrderId") {
      read.Text(key, value, order.original_client_order_id);
    } else if (key == "price") {
      read.Text(key, value, order.price);
    } else if (key == "origQty") {
      read.Text(key, value, order.original_quantity);
    } else if (key == "executedQty") {
      read.Text(key, value, order.executed_quantity);
    } else if (key == "cummulativeQuoteQty") {
      read.Text(key, value, order.quote_filled);
    } else if (key == "stopPrice") {
      read.Text(key, value, order.stop_price);
    } else if (key == "status") {
      read.Text(key, value, order.status);
    } else if (key == "timeInForce") {
      read.Text(key, value, order.time_in_force);
    } else if (key == "type") {
      read.Text(key, value, order.type);
    } else if (key == "side") {
      read.Text(key, value, order.side);
    } else if (key == "transactTime") {
      read.Number(key, value, order.transact_time);
    } else if (key == "updateTime") {
      read.Number(key, value, order.update_time);
    } else if (key == "workingTime") {
      read.Number(key, value, order.working_time);
    } else if (key == "isWorking") {
      read.Flag(key, value, order.is_working);
    } else if (key == "fills") {
      GANNET_RETURN_IF_ERROR(ReadFills(value, keep, order.fills.emplace()));
    } else {
      read.Other(key, value);
    }
  }
  if (order.symbol.empty()) read.Missing("symbol");
  if (!has_id) read.Missing("orderId");
  if (order.client_order_id.empty()) read.Missing("clientOrderId");
  GANNET_RETURN_IF_ERROR(read.status());
  return order;
}

absl::StatusOr<SpotTrade> ReadTrade(dom::element element, bool keep) {
  GANNET_ASSIGN_OR_RETURN(const dom::object object, AsObject(element, "a trade"));
  SpotTrade trade;
  bool has_id = false, has_order = false;
  FieldReader read(keep, trade.other);
  for (const auto [key, value] : object) {
    if (key == "symbol") {
      read.Text(key, value, trade.symbol);
    } else if (key == "id") {
      read.Number(key, value, trade.trade_id);
      has_id = true;
    } else if (key == "orderId") {
      read.Number(key, value, trade.order_id);
      has_order = true;
    } else if (key == "price") {
      read.Text(key, value, trade.price);
    } else if (key == "qty") {
      read.Text(key, value, trade.quantity);
    } else if (key == "commission") {
      read.Text(key, value, trade.commission);
    } else if (key == "commissionAsset") {
      read.Text(key, value, trade.commission_asset);
    } else if (key == "time") {
      read.Number(key, value, trade.time);
    } else if (key == "isBuyer") {
      read.Flag(key, value, trade.is_buyer);
    } else if (key == "isMaker") {
      read.Flag(key, value, trade.is_maker);
    } else {
      read.Other(key, value);
    }
  }
  if (!has_id) read.Missing("id");
  if (!has_order) read.Missing("orderId");
  if (trade.symbol.empty()) read.Missing("symbol");
  if (trade.price.empty()) read.Missing("price");
  if (trade.quantity.empty()) read.Missing("qty");
  GANNET_RETURN_IF_ERROR(read.status());
  return trade;
}

absl::StatusOr<SpotBalance> ReadBalance(dom::element element, bool keep) {
  GANNET_ASSIGN_OR_RETURN(const dom::object object, AsObject(element, "a balance"));
  SpotBalance balance;
  FieldReader read(keep, balance.other);
  for (const auto [key, value] : object) {
    if (key == "asset") {
      read.Text(key, value, balance.asset);
    } else if (key == "free") {
      read.Text(key, value, balance.free);
    } else if (key == "locked") {
      read.Text(key, value, balance.locked);
    } else {
      read.Other(key, value);
    }
  }
  if (balance.asset.empty()) read.Missing("balances.asset");
  if (balance.free.empty()) read.Missing("balances.free");
  if (balance.locked.empty()) read.Missing("balances.locked");
  GANNET_RETURN_IF_ERROR(read.status());
  return balance;
}

absl::StatusOr<SpotError> ReadError(dom::element element, bool keep) {
  GANNET_ASSIGN_OR_RETURN(const dom::object object, AsObject(element, "an error"));
  SpotError error;
  int64_t code = 0;
  bool has_code = false;
  FieldReader read(keep, error.other);
  for (const auto [key, value] : object) {
    if (key == "code") {
      read.Number(key, value, code);
      has_code = true;
    } else if (key == "msg") {
      read.Text(key, value, error.message);
    } else {
      read.Other(key, value);
    }
  }
  if (!has_code) read.Missing("code");
  if (code > 0 || code < -99'999) read.Wrong("code", "an error code");
  GANNET_RETURN_IF_ERROR(read.status());
  error.code = static_cast<int>(code);
  return error;
}

absl::Status ReadLeg(dom::element element, bool keep, SpotLeg& leg) {
  if (element.is_null()) return absl::OkStatus();
  GANNET_ASSIGN_OR_RETURN(const dom::object object, AsObject(element, "a leg of cancelReplace"));
  dom::element code;
  if (!object["code"].get(code)) {
    GANNET_ASSIGN_OR_RETURN(leg.error, ReadError(element, keep));
  } else {
    GANNET_ASSIGN_OR_RETURN(leg.order, ReadOrder(element, keep));
  }
  return absl::OkStatus();
}

absl::Status ReadLegs(dom::object object, bool keep, SpotCancelReplace& out) {
  OtherFields none;
  FieldReader read(false, none);
  for (const auto [key, value] : object) {
    if (key == "cancelResult") {
      read.Text(key, value, out.cancel.result);
    } else if (key == "newOrderResult") {
      read.Text(key, value, out.placed.result);
    } else if (key == "cancelResponse") {
      GANNET_RETURN_IF_ERROR(ReadLeg(value, keep, out.cancel));
    } else if (key == "newOrderResponse") {
      GANNET_RETURN_IF_ERROR(ReadLeg(value, keep, out.placed));
    }
  }
  if (out.cancel.result.empty()) read.Missing("cancelResult");
  if (out.placed.result.empty()) read.Missing("newOrderResult");
  return read.status();
}

template <class T, class Read>
absl::StatusOr<std::vector<T>> ReadList(dom::element root, Read read) {
  dom::array array;
  if (root.get(array)) return absl::InvalidArgumentError("the answer is not a list");
  std::vector<T> out;
  out.reserve(array.size());
  for (const dom::element member : array) {
    GANNET_ASSIGN_OR_RETURN(T value, read(member));
    out.push_back(std::move(value));
  }
  return out;
}

}  // namespace

struct AnswerReader::Impl {
  JsonDocument document;
  bool keep;
};

AnswerReader::AnswerReader(bool keep_other) : impl_(new Impl{{}, keep_other}) {}
AnswerReader::~AnswerReader() = default;

absl::StatusOr<SpotOrder> AnswerReader::Order(std::string_view body) {
  GANNET_ASSIGN_OR_RETURN(const dom::element root, impl_->document.Parse(body));
  return ReadOrder(root, impl_->keep);
}

absl::StatusOr<SpotOrder> AnswerReader::Amended(std::string_view body) {
  GANNET_ASSIGN_OR_RETURN(const dom::element root, impl_->document.Parse(body));
  GANNET_ASSIGN_OR_RETURN(const dom::object object, AsObject(root, "an answer to amend"));
  dom::element amended;
  if (object["amendedOrder"].get(amended))
    return absl::InvalidArgumentError("field amendedOrder is missing");
  GANNET_ASSIGN_OR_RETURN(SpotOrder order, ReadOrder(amended, impl_->keep));
  // Not origQty here.
  if (std::string_view quantity; !amended["qty"].get(quantity)) order.original_quantity = quantity;
  if (int64_t time = 0; !object["transactTime"].get(time)) order.transact_time = time;
  return order;
}

absl::StatusOr<std::vector<SpotOrder>> AnswerReader::Orders(std::string_view body) {
  GANNET_ASSIGN_OR_RETURN(const dom::element root, impl_->document.Parse(body));
  return ReadList<SpotOrder>(
      root, [this](dom::element member) { return ReadOrder(member, impl_->keep); });
}

absl::StatusOr<std::vector<SpotTrade>> AnswerReader::Trades(std::string_view body) {
  GANNET_ASSIGN_OR_RETURN(const dom::element root, impl_->document.Parse(body));
  return ReadList<SpotTrade>(
      root, [this](dom::element member) { return ReadTrade(member, impl_->keep); });
}

absl::StatusOr<SpotAccount> AnswerReader::Account(std::string_view body) {
  GANNET_ASSIGN_OR_RETURN(const dom::element root, impl_->document.Parse(body));
  GANNET_ASSIGN_OR_RETURN(const dom::object object, AsObject(root, "an account"));
  SpotAccount account;
  bool has_balances = false;
  FieldReader read(impl_->keep, account.other);
  for (const auto [key, value] : object) {
    if (key == "balances") {
      GANNET_ASSIGN_OR_RETURN(account.balances,
                              ReadList<SpotBalance>(value, [this](dom::element member) {
                                return ReadBalance(member, impl_->keep);
                              }));
      has_balances = true;
    } else if (key == "updateTime") {
      read.Number(key, value, account.update_time);
    } else if (key == "canTrade") {
      read.Flag(key, value, account.can_trade);
    } else if (key == "canWithdraw") {
      read.Flag(key, value, account.can_withdraw);
    } else {
      read.Other(key, value);
    }
  }
  if (!has_balances) read.Missing("balances");
  GANNET_RETURN_IF_ERROR(read.status());
  return account;
}

absl::StatusOr<KeyRestrictions> AnswerReader::Restrictions(std::string_view body) {
  GANNET_ASSIGN_OR_RETURN(const dom::element root, impl_->document.Parse(body));
  GANNET_ASSIGN_OR_RETURN(const dom::object object, AsObject(root, "the rights of a key"));
  KeyRestrictions rights;
  FieldReader read(impl_->keep, rights.other);
  for (const auto [key, value] : object) {
    if (key == "ipRestrict") {
      read.Flag(key, value, rights.ip_restricted);
    } else if (key == "enableWithdrawals") {
      read.Flag(key, value, rights.may_withdraw);
    } else if (key == "enableSpotAndMarginTrading") {
      read.Flag(key, value, rights.spot);
    } else if (key == "enableFutures") {
      read.Flag(key, value, rights.futures);
    } else {
      read.Other(key, value);
    }
  }
  if (!rights.may_withdraw) read.Missing("enableWithdrawals");
  if (!rights.ip_restricted) read.Missing("ipRestrict");
  GANNET_RETURN_IF_ERROR(read.status());
  return rights;
}

absl::StatusOr<SpotCancelReplace> AnswerReader::CancelReplace(std::string_view body) {
  GANNET_ASSIGN_OR_RETURN(const dom::element root, impl_->document.Parse(body));
  GANNET_ASSIGN_OR_RETURN(const dom::object object, AsObject(root, "an answer to cancelReplace"));
  SpotCancelReplace answer;
  dom::element code, data;
  if (object["code"].get(code)) {
    GANNET_RETURN_IF_ERROR(ReadLegs(object, impl_->keep, answer));
    return answer;
  }
  GANNET_ASSIGN_OR_RETURN(answer.error, ReadError(root, false));
  if (!object["data"].get(data)) {
    GANNET_ASSIGN_OR_RETURN(const dom::object legs, AsObject(data, "field data"));
    GANNET_RETURN_IF_ERROR(ReadLegs(legs, impl_->keep, answer));
  }
  return answer;
}

absl::StatusOr<SpotError> AnswerReader::Error(std::string_view body) {
  GANNET_ASSIGN_OR_RETURN(const dom::element root, impl_->document.Parse(body));
  return ReadError(root, impl_->keep);
}

absl::StatusOr<int64_t> AnswerReader::ServerTime(std::string_view body) {
  GANNET_ASSIGN_OR_RETURN(const dom::element root, impl_->document.Parse(body));
  GANNET_ASSIGN_OR_RETURN(const dom::object object, AsObject(root, "an answer to time"));
  int64_t time = 0;
  if (object["serverTime"].get(time) || time <= 0)
    return absl::InvalidArgumentError("field serverTime is missing");
  return time;
}

absl::StatusOr<BestPrices> AnswerReader::BookTicker(std::string_view body) {
  GANNET_ASSIGN_OR_RETURN(const dom::element root, impl_->document.Parse(body));
  GANNET_ASSIGN_OR_RETURN(const dom::object object, AsObject(root, "a book ticker"));
  std::string_view bid, ask;
  if (object["bidPrice"].get(bid) || object["askPrice"].get(ask))
    return absl::InvalidArgumentError("fields bidPrice and askPrice must be strings");
  return BestPrices{std::string(bid), std::string(ask)};
}

}  // namespace gannet::venue::binance
