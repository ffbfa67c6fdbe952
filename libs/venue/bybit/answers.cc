#include "libs/venue/bybit/answers.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include "libs/base/concat.h"
#include "libs/base/status.h"
#include "libs/market/decimal.h"
#include "libs/venue/answer_parts.h"
#include "libs/venue/bybit/outcomes.h"

namespace gannet::venue::bybit {
namespace {

using base::Concat;

struct StatusRow {
  std::string_view text;
  VenueOrderStatus status;
  std::optional<bool> triggered;
};
// enum page, orderStatus.
constexpr StatusRow kStatuses[] = {
    {"New", VenueOrderStatus::kNew, std::nullopt},
    {"PartiallyFilled", VenueOrderStatus::kPartiallyFilled, std::nullopt},
    {"Untriggered", VenueOrderStatus::kNew, false},
    {"Triggered", VenueOrderStatus::kNew, true},
    {"Filled", VenueOrderStatus::kFilled, std::nullopt},
    {"Cancelled", VenueOrderStatus::kCanceled, std::nullopt},
    {"PartiallyFilledCanceled", VenueOrderStatus::kCanceled, std::nullopt},
    {"Deactivated", VenueOrderStatus::kCanceled, false},
    {"Rejected", VenueOrderStatus::kRejected, std::nullopt},
};

absl::Status Undocumented(std::string_view what, std::string_view word) {
  return absl::InvalidArgumentError(Concat({"unknown ", what, " ", word}));
}

base::Time MillisOf(const Text& text) {
  const auto millis = market::ParseDecimal(text.value_or(""), 0);
  constexpr int64_t kLast = 9'223'372'036'854;  // that fits nanoseconds in int64
  return base::FromUnixMillis(millis && *millis > 0 && *millis <= kLast ? *millis : 0);
}

bool Means(const Text& text) { return text && !text->empty() && *text != "UNKNOWN"; }

market::OrderType TypeOf(const Order& order) {
  const bool limited = order.order_type == "Limit";
  if (!Means(order.stop_order_type))
    return limited ? market::OrderType::kLimit : market::OrderType::kMarket;
  if (*order.stop_order_type == "TrailingStop") return market::OrderType::kTrailingStop;
  if (order.stop_order_type->find("TakeProfit") != std::string::npos)
    return limited ? market::OrderType::kTakeProfitLimit : market::OrderType::kTakeProfit;
  return limited ? market::OrderType::kStopLimit : market::OrderType::kStop;
}

// create-order page: a market order of spot may be for a value, which "qty" states then; a buy is
// unless it says otherwise.
bool ForValue(const Order& order, Category category) {
  if (category != Category::kSpot || order.order_type != "Market") return false;
  if (order.market_unit && !order.market_unit->empty()) return *order.market_unit != "baseCoin";
  return order.side == "Buy";
}

market::TimeInForce TimeInForceOf(std::string_view text) {
  if (text == "IOC") return market::TimeInForce::kIoc;
  if (text == "FOK") return market::TimeInForce::kFok;
  if (text == "PostOnly") return market::TimeInForce::kPostOnly;
  return market::TimeInForce::kGtc;
}

bool IsAction(RequestKind kind) {
  switch (kind) {
    case RequestKind::kPlace:
    case RequestKind::kCancel:
    case RequestKind::kAmend:
    case RequestKind::kCancelAll:
      return true;
    default:
      return false;
  }
}

// The members of a batch have codes of their own: no class speaks for all of them.
bool IsBatch(RequestKind kind) {
  return kind == RequestKind::kPlaceBatch || kind == RequestKind::kAmendBatch ||
         kind == RequestKind::kCancelBatch;
}

// Which order a code is about, its place says: what the list beside it names there must fit.
// An order that was refused may be left without a name.
absl::Status CheckPlaces(Reader& reader, const Envelope& envelope, const RequestContext& request) {
  GANNET_ASSIGN_OR_RETURN(const List<OrderId> list, reader.ReadOrderIds(envelope.result));
  if (list.rows.size() != request.targets.size()) {
    return absl::InvalidArgumentError(
        Concat({std::to_string(list.rows.size()), " orders of a batch of ",
                std::to_string(request.targets.size())}));
  }
  for (size_t i = 0; i < list.rows.size(); ++i) {
    const std::string name = list.rows[i].order_link_id.value_or("");
    const bool refused = envelope.members[i].code != 0;
    if (name != request.targets[i].text() && !(refused && name.empty()))
      return absl::InvalidArgumentError(Concat({"the answer speaks of order ", name}));
  }
  return absl::OkStatus();
}

absl::Status ReadOrders(Reader& reader, const Account& account, const RequestContext& request,
                        const std::string& result, Answer& answer) {
  GANNET_ASSIGN_OR_RETURN(const List<Order> list, reader.ReadOrders(result));
  answer.cursor = list.cursor;
  for (const Order& order : list.rows) {
    GANNET_ASSIGN_OR_RETURN(OrderUpdate update, Convert(order, account.venue, account.category));
    if (request.kind == RequestKind::kQueryOrder)
      GANNET_RETURN_IF_ERROR(CheckAnswersRequest(update, request));
    answer.orders.push_back(std::move(update));
  }
  // The query answers with an empty list where others have a code.
  if (request.kind == RequestKind::kQueryOrder && answer.orders.empty()) answer.not_found = true;
  return absl::OkStatus();
}

absl::Status ReadWallets(Reader& reader, const std::string& result, Answer& answer) {
  GANNET_ASSIGN_OR_RETURN(const List<Wallet> list, reader.ReadWallets(result));
  for (const Wallet& wallet : list.rows) {
    for (const Coin& coin : wallet.coins) {
      const std::optional<BalanceEntry> entry = BalanceOf(coin);
      if (!entry) {
        return absl::InvalidArgumentError(
            Concat({"balance of ", coin.coin.value_or(""), " is no amount"}));
      }
      answer.balances.push_back(*entry);
    }
  }
  return absl::OkStatus();
}

// How the position of a symbol is set up, against how it is meant to be.
std::string Unfit(const Position& position, const AccountSetup& setup) {
  const int64_t index = position.index.value_or(0);
  const bool flat = AmountOf(position.size.value_or("")).value_or(market::Money()).zero();
  if (index != 0 && !setup.hedge) {
    return Concat({"the account holds long and short of ", *position.symbol,
                   " apart (hedge mode), the settings say one-way; switch it to one-way mode, or "
                   "set position_mode: hedge"});
  }
  if (index == 0 && setup.hedge) {
    return Concat({*position.symbol, " is in one-way mode", flat ? "" : " and held",
                   ", the settings say hedge; switch it to hedge mode, or set position_mode: "
                   "one-way"});
  }
  const auto leverage = setup.leverage.find(*position.symbol);
  if (leverage == setup.leverage.end() ||
      AmountOf(position.leverage.value_or("")) == market::Money(leverage->second, 0))
    return {};
  return Concat({"leverage of ", *position.symbol, " is ", position.leverage.value_or("unknown"),
                 " at the venue and ", std::to_string(leverage->second),
                 " in the settings; set it there (position/set-leverage), or correct leverage"});
}

absl::Status ReadPositions(Reader& reader, const Account& account, const std::string& result,
                           Answer& answer) {
  GANNET_ASSIGN_OR_RETURN(const List<Position> list, reader.ReadPositions(result));
  std::vector<PositionEntry>& positions = answer.positions.emplace();
  for (const Position& position : list.rows) {
    const std::string& size = *position.size;
    if (!AddPosition(positions,
                     market::InstrumentId(Concat({account.venue, ":", *position.symbol})),
                     size.empty() ? "0" : size, position.side == "Sell"))
      return absl::InvalidArgumentError(
          Concat({"position in ", *position.symbol, " is no quantity"}));
    if (answer.unfit.empty()) answer.unfit = Unfit(position, account.setup);
  }
  answer.cursor = list.rows.empty() ? "" : list.cursor;
  return absl::OkStatus();
}

absl::Status ReadMode(Reader& reader, const AccountSetup& setup, const std::string& result,
                      Answer& answer) {
  GANNET_ASSIGN_OR_RETURN(const AccountInfo info, reader.ReadAccountInfo(result));
  if (setup.margin == MarginMode::kAny) return absl::OkStatus();
  const std::string_view wanted =
      setup.margin == MarginMode::kCross ? "REGULAR_MARGIN" : "ISOLATED_MARGIN";
  if (info.margin_mode != wanted) {
    answer.unfit =
        Concat({"the account's margin mode is ", *info.margin_mode, ", the settings ask for ",
                wanted, "; set it there (account/set-margin-mode), or correct margin_mode"});
  }
  return absl::OkStatus();
}

// The account has disconnect protection only where the venue has switched it on for it.
absl::Status ReadProtection(Reader& reader, const Account& account, const std::string& result,
                            Answer& answer) {
  GANNET_ASSIGN_OR_RETURN(const std::vector<Protection> list, reader.ReadProtections(result));
  const std::string_view product = ProductOf(account.category);
  const std::string wanted =
      std::to_string(std::chrono::duration_cast<std::chrono::seconds>(account.dead_man).count());
  answer.unfit = Concat({"disconnect protection (DCP) is not switched on for ", product,
                         " of this account; ask its manager at Bybit for it, or set dead_man: 0s"});
  for (const Protection& row : list) {
    if (*row.product != product || row.status != "ON") continue;
    answer.unfit = row.window == wanted ? ""
                                        : Concat({"disconnect protection of ", product, " waits ",
                                                  row.window.value_or("unknown"), " s, not ",
                                                  wanted, " s; what is set takes some seconds"});
  }
  return absl::OkStatus();
}

absl::Status ReadChanges(Reader& reader, const Account& account, const std::string& result,
                         Answer& answer) {
  GANNET_ASSIGN_OR_RETURN(const List<LogRow> list, reader.ReadLog(result));
  for (const LogRow& row : list.rows) {
    GANNET_ASSIGN_OR_RETURN(std::vector<BalanceChange> changes, Convert(row, account));
    std::move(changes.begin(), changes.end(), std::back_inserter(answer.changes));
    answer.changes_until = std::max(answer.changes_until, MillisOf(row.time));
  }
  answer.cursor = list.rows.empty() ? "" : list.cursor;
  return absl::OkStatus();
}

absl::Status ReadResult(Reader& reader, const Account& account, const RequestContext& request,
                        const Envelope& envelope, Answer& answer) {
  const std::string_view venue = account.venue;
  switch (request.kind) {
    case RequestKind::kQueryOrder:
    case RequestKind::kOpenOrders:
    case RequestKind::kOrderHistory:
      return ReadOrders(reader, account, request, envelope.result, answer);
    case RequestKind::kTrades: {
      GANNET_ASSIGN_OR_RETURN(const List<Execution> list, reader.ReadExecutions(envelope.result));
      for (const Execution& execution : list.rows) {
        if (auto trade = Convert(execution, venue, account.category))
          answer.trades.push_back(*std::move(trade));
      }
      answer.more_trades = !list.cursor.empty() && !list.rows.empty();
      answer.cursor = list.cursor;
      return absl::OkStatus();
    }
    case RequestKind::kAccount:
      // When it answered, not when the balances changed: that it does not say.
      if (envelope.time) answer.server_time = base::FromUnixMillis(*envelope.time);
      return ReadWallets(reader, envelope.result, answer);
    case RequestKind::kPositions:
      return ReadPositions(reader, account, envelope.result, answer);
    case RequestKind::kAccountMode:
      return ReadMode(reader, account.setup, envelope.result, answer);
    case RequestKind::kDeadMan:
      if (request.part == 0) return absl::OkStatus();  // that it is set
      return ReadProtection(reader, account, envelope.result, answer);
    case RequestKind::kBalanceChanges:
      return ReadChanges(reader, account, envelope.result, answer);
    case RequestKind::kKeyRights: {
      GANNET_ASSIGN_OR_RETURN(const ApiKeyInfo key, reader.ReadApiKey(envelope.result));
      const bool trades =
          account.category == Category::kSpot ? key.trades_spot : key.trades_contracts;
      answer.rights = KeyRights{trades && !key.read_only, key.may_withdraw, key.from_anywhere};
      return absl::OkStatus();
    }
    case RequestKind::kMarketData: {
      GANNET_ASSIGN_OR_RETURN(answer.best, reader.ReadBest(envelope.result));
      return absl::OkStatus();
    }
    case RequestKind::kServerTime: {
      GANNET_ASSIGN_OR_RETURN(const int64_t time, reader.ReadServerTime(envelope.result));
      answer.server_time = base::FromUnixMillis(time);
      return absl::OkStatus();
    }
    default:
      return absl::OkStatus();  // read by its own reader
  }
}

// Of enum page, type(uta-translog), what neither gains nor loses: money that comes or goes,
// is lent, put by, or turned into another asset. What is not listed is an adjustment, which people
// look at.
bool MovesMoney(std::string_view type) {
  constexpr std::string_view kMoves[] = {
      "TRANSFER_IN", "TRANSFER_OUT", "CURRENCY_BUY", "CURRENCY_SELL", "SPOT_REPAYMENT_BUY",
      "SPOT_REPAYMENT_SELL", "TOKENS_SUBSCRIPTION", "TOKENS_REDEMPTION",
      // loans, without their interest
      "BORROWED_AMOUNT_INS_LOAN", "PRINCIPLE_REPAYMENT_INS_LOAN",
      "AUTO_PRINCIPLE_REPAYMENT_INS_LOAN", "AUTO_SOLD_COLLATERAL_INS_LOAN",
      "AUTO_BUY_LIABILITY_INS_LOAN", "TRANSFER_IN_INS_LOAN", "TRANSFER_OUT_INS_LOAN",
      "INSTITUTION_LOAN_IN", "INSTITUTION_PAYBACK_PRINCIPAL_OUT", "INSTITUTION_LIQ_PRINCIPAL_OUT",
      "INSTITUTION_EXCHANGE_SELL", "INSTITUTION_EXCHANGE_BUY", "INSTITUTION_LOAN_TRANSFER_IN",
      "INSTITUTION_LOAN_TRANSFER_OUT", "INSTITUTION_LOAN_WITHOUT_WITHDRAW",
      "INSTITUTION_LOAN_RESERVE_IN", "INSTITUTION_LOAN_RESERVE_OUT", "LOANS_BORROW_FUNDS",
      "LOANS_PLEDGE_ASSET", "MANUAL_LOANS_BORROW", "MANUAL_LOANS_REPAY", "AUTO_LOANS_BORROW",
      "AUTO_LOANS_REPAY",
      // earning elsewhere
      "FLEXIBLE_STAKING_SUBSCRIPTION", "FLEXIBLE_STAKING_REDEMPTION", "FLEXIBLE_STAKING_REFUND",
      "FIXED_STAKING_SUBSCRIPTION", "FIXED_STAKING_REFUND", "ONCHAINEARN_SUBSCRIPTION",
      "ONCHAINEARN_REDEMPTION", "ONCHAINEARN_REFUND", "STRUCTURE_PRODUCT_SUBSCRIPTION",
      "STRUCTURE_PRODUCT_REFUND", "CLASSIC_WEALTH_MANAGEMENT_SUBSCRIPTION",
      "PREMIMUM_WEALTH_MANAGEMENT_SUBSCRIPTION", "PREMIMUM_WEALTH_MANAGEMENT_REFUND",
      "LIQUIDITY_MINING_SUBSCRIPTION", "LIQUIDITY_MINING_REFUND", "PWM_SUBSCRIPTION", "PWM_REFUND",
      "DEFI_INVESTMENT_SUBSCRIPTION", "DEFI_INVESTMENT_REFUND", "DEFI_INVESTMENT_REDEMPTION",
      "PEF_TRANSFER_IN", "PEF_TRANSFER_OUT", "PREMARKET_TRANSFER_OUT",
      "PREMARKET_DELIVERY_PLEDGE_BACK", "PREMARKET_ROLLBACK_PLEDGE_BACK",
      // custody
      "CUSTODY_LOCK", "CUSTODY_UNLOCK", "CUSTODY_UNLOCK_REFUND"};
  return std::find(std::begin(kMoves), std::end(kMoves), type) != std::end(kMoves);
}

}  // namespace

absl::StatusOr<OrderUpdate> Convert(const Order& order, std::string_view venue, Category category) {
  OrderUpdate update;
  const StatusRow* status = nullptr;
  for (const StatusRow& row : kStatuses) {
    if (row.text == *order.order_status) status = &row;
  }
  if (status == nullptr) return Undocumented("order status", *order.order_status);
  if (*order.side != "Buy" && *order.side != "Sell") return Undocumented("side", *order.side);
  update.instrument = market::InstrumentId(Concat({venue, ":", *order.symbol}));
  update.client_order_id = market::ClientOrderId(order.order_link_id.value_or(""));
  update.venue_order_id = market::VenueOrderId(*order.order_id);
  update.side = *order.side == "Buy" ? market::Side::kBuy : market::Side::kSell;
  update.type = TypeOf(order);
  update.time_in_force = TimeInForceOf(order.time_in_force.value_or(""));
  update.status = status->status;
  update.triggered = status->triggered;
  // A stop order that works, or did, keeps its id and says so by its status alone.
  const bool works = update.status == VenueOrderStatus::kNew ||
                     update.status == VenueOrderStatus::kPartiallyFilled ||
                     update.status == VenueOrderStatus::kFilled;
  if (Means(order.stop_order_type) && works && !update.triggered) update.triggered = true;
  update.price = order.price.value_or("");
  update.stop_price = order.trigger_price.value_or("");
  if (!ForValue(order, category)) update.quantity = order.quantity.value_or("");
  update.cumulative = order.executed_quantity.value_or("");
  update.time = MillisOf(order.updated_time);
  if (Means(order.reject_reason) && *order.reject_reason != "EC_NoError")
    update.reject_code = *order.reject_reason;
  return update;
}

std::optional<TradeUpdate> Convert(const Execution& execution, std::string_view venue,
                                   Category category) {
  const std::string type = execution.exec_type.value_or("Trade");
  if (type != "Trade" && type != "AdlTrade" && type != "BustTrade") return std::nullopt;
  TradeUpdate trade;
  if (type == "AdlTrade") trade.kind = TradeKind::kAdl;
  if (type == "BustTrade") trade.kind = TradeKind::kLiquidation;
  trade.instrument = market::InstrumentId(Concat({venue, ":", *execution.symbol}));
  trade.venue_order_id = market::VenueOrderId(*execution.order_id);
  trade.client_order_id = market::ClientOrderId(execution.order_link_id.value_or(""));
  trade.trade_id = *execution.exec_id;
  trade.side = *execution.side == "Buy" ? market::Side::kBuy : market::Side::kSell;
  trade.side_known = *execution.side == "Buy" || *execution.side == "Sell";
  trade.price = *execution.price;
  trade.quantity = *execution.quantity;
  // It may be a value, and nothing here says so.
  if (category == Category::kLinear || execution.order_type != "Market")
    trade.order_quantity = execution.order_quantity.value_or("");
  trade.fee = execution.fee.value_or("");
  trade.fee_asset = market::AssetId(execution.fee_currency.value_or(""));
  // Contracts may leave it out: it is what they settle in. BTCUSDT, BTCUSDT-28MAR25, BTCPERP.
  if (trade.fee_asset.empty() && category == Category::kLinear) {
    const std::string_view pair =
        std::string_view(*execution.symbol).substr(0, execution.symbol->find('-'));
    trade.fee_asset = market::AssetId(pair.ends_with("USDT") ? "USDT" : "USDC");
  }
  if (execution.is_maker) {
    trade.liquidity = *execution.is_maker ? market::Liquidity::kMaker : market::Liquidity::kTaker;
  }
  trade.time = MillisOf(execution.time);
  return trade;
}

absl::StatusOr<std::vector<BalanceChange>> Convert(const LogRow& row, const Account& account) {
  struct KindRow {
    std::string_view type;
    ChangeKind kind;
  };
  // enum page, type(uta-translog).
  constexpr KindRow kKinds[] = {
      {"TRADE", ChangeKind::kRealized},      {"ADL", ChangeKind::kRealized},
      {"DELIVERY", ChangeKind::kSettlement}, {"LIQUIDATION", ChangeKind::kRealized},
      {"SETTLEMENT", ChangeKind::kFunding},
  };
  const auto part = [](const Text& text) { return AmountOf(text && !text->empty() ? *text : "0"); };
  const auto change = AmountOf(*row.change), fee = part(row.fee), cash = part(row.cash_flow);
  if (!change || !fee || !cash)
    return absl::InvalidArgumentError(Concat({"a change of ", *row.change, " is no amount"}));
  const bool ours = row.category == CategoryText(account.category);
  BalanceChange out;
  out.kind = ChangeKind::kAdjustment;
  for (const KindRow& known : kKinds) {
    if (known.type == *row.type) out.kind = known.kind;
  }
  const bool of_fill = out.kind == ChangeKind::kRealized && ours;
  if (MovesMoney(*row.type)) out.kind = ChangeKind::kTransfer;
  if (of_fill && account.category == Category::kSpot) return std::vector<BalanceChange>();
  // Another product's result is no result of what is traded here.
  if (!ours && Means(row.category)) out.kind = ChangeKind::kTransfer;
  out.asset = market::AssetId(*row.currency);
  out.id = Concat({"log:", *row.type, ":", row.id.value_or(""), ":", row.trade_id.value_or(""), ":",
                   *row.currency});
  if (ours && Means(row.symbol))
    out.instrument = market::InstrumentId(Concat({account.venue, ":", *row.symbol}));
  out.time = MillisOf(row.time);
  // change = cashFlow + funding - fee; the fee of a fill is booked with it.
  out.amount = of_fill ? *change + *fee : *change;
  std::vector<BalanceChange> changes;
  // The settlement of a session, and a delivery, realise what the fills' own result counts, or
  // the closing that people sign.
  const bool settles = out.kind == ChangeKind::kFunding || out.kind == ChangeKind::kSettlement;
  if (settles && !cash->zero()) {
    changes.push_back(out);
    changes[0].kind = ChangeKind::kRealized;
    changes[0].id += ":realized";
    changes[0].amount = *cash;
    out.amount -= *cash;
  }
  if (!out.amount.zero()) changes.push_back(std::move(out));
  return changes;
}

std::optional<BalanceEntry> BalanceOf(const Coin& coin) {
  const auto total = AmountOf(coin.wallet_balance.value_or(""));
  const auto locked = AmountOf(coin.locked && !coin.locked->empty() ? *coin.locked : "0");
  if (!total || !locked) return std::nullopt;
  return BalanceEntry{market::AssetId(*coin.coin), *total - *locked, *locked};
}

EndpointLimit LimitOf(const wire::HttpExchange& exchange) {
  EndpointLimit out;
  out.limit = NumberOf(HeaderOf(exchange, "x-bapi-limit"));
  out.left = NumberOf(HeaderOf(exchange, "x-bapi-limit-status"));
  const std::string reset(HeaderOf(exchange, "x-bapi-limit-reset-timestamp"));
  if (const base::Time time = MillisOf(reset); time != base::FromUnixMillis(0)) out.reset = time;
  return out;
}

// A code a member, in the order in which they were asked.
void ReadLegs(Reader& reader, const Envelope& envelope, const RequestContext& request,
              Answer& answer) {
  if (envelope.members.size() != request.targets.size()) {
    return MakeUnparsable(
        answer, Concat({std::to_string(envelope.members.size()), " results of a batch of ",
                        std::to_string(request.targets.size())}));
  }
  const bool places = request.kind == RequestKind::kPlaceBatch;
  if (places) {
    const absl::Status fits = CheckPlaces(reader, envelope, request);
    if (!fits.ok()) return MakeUnparsable(answer, std::string(fits.message()));
  }
  const RequestKind of_each = places ? RequestKind::kPlace : RequestKind::kCancel;
  answer.outcome = OutcomeClass::kAcknowledged;
  for (const BatchCode& member : envelope.members) {
    LegOutcome& leg = answer.legs.emplace_back();
    leg.message = member.message.value_or("");
    if (member.code == 0) {
      leg.outcome = OutcomeClass::kAcknowledged;
    } else if (member.code) {
      leg.code = std::to_string(*member.code);
      leg.outcome = ProofOfCode(Outcomes(), of_each, *member.code).outcome;
    }
  }
}

Answer DecodeAnswer(Reader& reader, const Account& account, const RequestContext& request,
                    const wire::HttpExchange& exchange) {
  Answer answer;
  answer.evidence =
      Concat({WireOf(exchange), "bybit ", CategoryText(account.category), " ", Name(request.kind),
              " ", std::to_string(exchange.status), " #", std::to_string(request.request_id)});
  if (!exchange.transport_error.empty()) {
    answer.code = "transport";
    answer.message = exchange.transport_error;
    return answer;
  }
  answer.code = std::to_string(exchange.status);
  if (exchange.status == 403) {
    // "403, access too frequent": end all sessions and wait at least ten minutes.
    answer.rate.banned = true;
    answer.rate.retry_after = std::chrono::minutes(10);
  }
  if (exchange.status == 403 || exchange.status == 429) answer.rate.full = Full::kAll;
  if (exchange.status != 200) {
    answer.message = "HTTP " + answer.code;
    return answer;
  }
  const absl::StatusOr<Envelope> envelope = reader.ReadEnvelope(exchange.body);
  if (!envelope.ok()) {
    MakeUnparsable(answer, std::string(envelope.status().message()));
    return answer;
  }
  answer.code = std::to_string(envelope->code);
  answer.message = envelope->message;
  if (envelope->code != 0) {
    const CodeProof proof = ProofOfCode(Outcomes(), request.kind, envelope->code);
    answer.outcome = proof.outcome;
    answer.not_found = proof.not_found;
    return answer;
  }
  answer.code.clear();
  if (request.kind == RequestKind::kPlaceBatch || request.kind == RequestKind::kCancelBatch) {
    ReadLegs(reader, *envelope, request, answer);
    return answer;
  }
  if (IsBatch(request.kind)) return answer;
  if (IsAction(request.kind)) {
    answer.outcome = OutcomeClass::kAcknowledged;
    return answer;
  }
  if (const absl::Status read = ReadResult(reader, account, request, *envelope, answer);
      !read.ok()) {
    MakeUnparsable(answer, std::string(read.message()));
    return answer;
  }
  answer.outcome = answer.not_found ? OutcomeClass::kRefused : OutcomeClass::kConfirmed;
  return answer;
}

}  // namespace gannet::venue::bybit
