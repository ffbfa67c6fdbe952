// Snapshots of VenueCore, in a fixed order.
#include <bit>

#include "services/venue-sim/symbol_book.h"
#include "services/venue-sim/venue_core.h"

namespace gannet::venue_sim {
namespace {

// 1: without trailing stops. Where nothing is restated the second is written, which older builds
// read too.
constexpr uint8_t kStateVersion = 3, kWithoutRestatements = 2;

void SaveOrder(wire::CanonicalWriter& writer, const VenueOrder& order) {
  const PlaceRequest& r = order.request;
  writer.U64(order.order_id);
  writer.U32(order.account);
  writer.U32(r.symbol);
  writer.Bytes(r.client_order_id);
  for (const uint8_t value :
       {static_cast<uint8_t>(r.side), static_cast<uint8_t>(r.kind),
        static_cast<uint8_t>(r.time_in_force), static_cast<uint8_t>(r.self_trade),
        static_cast<uint8_t>(order.status)}) {
    writer.U8(value);
  }
  for (const int64_t value : {r.price, r.stop_price, r.quantity, r.quote_quantity, order.executed,
                              order.prevented_match, order.prevented_quantity}) {
    writer.I64(value);
  }
  writer.I128(order.cumulative_quote);
  writer.I128(order.locked);
  for (const base::Time time : {order.created, order.updated, order.working}) writer.Time(time);
  writer.Bool(order.is_working);
  writer.U32(order.amends);
  writer.U32(r.trailing_delta);
}

VenueOrder LoadOrder(wire::CanonicalReader& reader, uint8_t version) {
  VenueOrder order;
  PlaceRequest& r = order.request;
  order.order_id = reader.U64();
  order.account = reader.U32();
  r.symbol = reader.U32();
  r.client_order_id = reader.Bytes();
  r.side = static_cast<market::Side>(reader.U8());
  r.kind = static_cast<OrderKind>(reader.U8());
  r.time_in_force = static_cast<TimeInForce>(reader.U8());
  r.self_trade = static_cast<matching::SelfTrade>(reader.U8());
  order.status = static_cast<OrderStatus>(reader.U8());
  for (int64_t* value : {&r.price, &r.stop_price, &r.quantity, &r.quote_quantity, &order.executed,
                         &order.prevented_match, &order.prevented_quantity}) {
    *value = reader.I64();
  }
  order.cumulative_quote = reader.I128();
  order.locked = reader.I128();
  for (base::Time* time : {&order.created, &order.updated, &order.working}) *time = reader.Time();
  order.is_working = reader.Bool();
  order.amends = reader.U32();
  if (version > 1) r.trailing_delta = reader.U32();
  return order;
}

void SaveRestatements(wire::CanonicalWriter& writer,
                      const std::map<SymbolIndex, Restatement>& restatements) {
  writer.U32(static_cast<uint32_t>(restatements.size()));
  for (const auto& [symbol, restatement] : restatements) {
    writer.U32(symbol);
    SaveRestatement(writer, restatement);
  }
}

void SaveTrade(wire::CanonicalWriter& writer, const AccountTrade& trade) {
  writer.U32(trade.symbol);
  writer.U64(trade.order_id);
  writer.U64(trade.fill.trade_id);
  for (const int64_t value : {trade.fill.price, trade.fill.quantity, trade.time_ms})
    writer.I64(value);
  writer.I128(trade.fill.quote);
  writer.I128(trade.fill.commission);
  writer.Bytes(trade.fill.commission_asset);
  writer.Bool(trade.fill.is_maker);
  writer.Bool(trade.is_buyer);
}

AccountTrade LoadTrade(wire::CanonicalReader& reader) {
  AccountTrade trade;
  trade.symbol = reader.U32();
  trade.order_id = reader.U64();
  trade.fill.trade_id = reader.U64();
  for (int64_t* value : {&trade.fill.price, &trade.fill.quantity, &trade.time_ms})
    *value = reader.I64();
  trade.fill.quote = reader.I128();
  trade.fill.commission = reader.I128();
  trade.fill.commission_asset = reader.Bytes();
  trade.fill.is_maker = reader.Bool();
  trade.is_buyer = reader.Bool();
  return trade;
}

}  // namespace

void SaveRestatement(wire::CanonicalWriter& writer, const Restatement& r) {
  for (const int64_t value : {r.tick, r.lot, r.max_price, r.max_quantity, r.min_notional})
    writer.I64(value);
  writer.Bool(r.halted);
}

Restatement LoadRestatement(wire::CanonicalReader& reader) {
  Restatement r;
  for (int64_t* value : {&r.tick, &r.lot, &r.max_price, &r.max_quantity, &r.min_notional})
    *value = reader.I64();
  r.halted = reader.Bool();
  return r;
}

void SaveOptions(wire::CanonicalWriter& writer, const CoreOptions& options) {
  writer.U64(options.seed);
  writer.U64(std::bit_cast<uint64_t>(options.speed));
  writer.Duration(options.news_interval);
  writer.I64(options.maker_fee_ppm);
  writer.I64(options.taker_fee_ppm);
  for (const size_t value :
       {options.accounts, options.max_closed_orders, options.max_account_trades})
    writer.U64(value);
  writer.Duration(options.warm_up);
  writer.U32(static_cast<uint32_t>(options.deposits.size()));
  for (const auto& [asset, amount] : options.deposits) {
    writer.Bytes(asset);
    writer.I64(amount);
  }
}

CoreOptions LoadOptions(wire::CanonicalReader& reader) {
  CoreOptions options;
  options.seed = reader.U64();
  options.speed = std::bit_cast<double>(reader.U64());
  options.news_interval = reader.Duration();
  options.maker_fee_ppm = reader.I64();
  options.taker_fee_ppm = reader.I64();
  for (size_t* value : {&options.accounts, &options.max_closed_orders, &options.max_account_trades})
    *value = reader.U64();
  options.warm_up = reader.Duration();
  for (uint32_t n = reader.U32(); n > 0 && reader.ok(); --n) {
    std::string asset = reader.Bytes();
    options.deposits[std::move(asset)] = reader.I64();
  }
  return options;
}

void VenueCore::Save(wire::CanonicalWriter& writer) const {
  writer.U8(restatements_.empty() ? kWithoutRestatements : kStateVersion);
  writer.Time(now_);
  writer.Time(last_tick_);
  writer.Bool(open_);
  SaveOptions(writer, options_);
  ledger_.Save(writer);
  agents_.Save(writer);
  news_.Save(writer);
  for (const uint64_t word : id_rng_.state()) writer.U64(word);
  writer.U64(last_execution_);
  writer.I64(last_prevented_);
  writer.U32(static_cast<uint32_t>(books_.size()));
  for (const auto& book : books_) book->Save(writer);
  writer.U32(static_cast<uint32_t>(orders_.size()));
  for (const auto& [key, order] : orders_) SaveOrder(writer, order);
  writer.U32(static_cast<uint32_t>(by_client_id_.size()));
  for (const auto& [key, id] : by_client_id_) {
    writer.U32(std::get<0>(key));
    writer.U32(std::get<1>(key));
    writer.Bytes(std::get<2>(key));
    writer.U64(id);
  }
  writer.U32(static_cast<uint32_t>(closed_.size()));
  for (const OrderKey& key : closed_) {
    writer.U32(key.first);
    writer.U64(key.second);
  }
  writer.U32(static_cast<uint32_t>(trades_.size()));
  for (const auto& trades : trades_) {
    writer.U32(static_cast<uint32_t>(trades.size()));
    for (const AccountTrade& trade : trades) SaveTrade(writer, trade);
  }
  if (!restatements_.empty()) SaveRestatements(writer, restatements_);
}

absl::Status VenueCore::Load(wire::CanonicalReader& reader) {
  const uint8_t version = reader.U8();
  if (version < 1 || version > kStateVersion) {
    return absl::DataLossError("venue state has version " + std::to_string(version) +
                               ", this build reads up to " + std::to_string(kStateVersion) +
                               ": use the newer build or start with --fresh");
  }
  now_ = reader.Time();
  last_tick_ = reader.Time();
  open_ = reader.Bool();
  options_ = LoadOptions(reader);
  ledger_.Load(reader);
  trades_.assign(ledger_.accounts(), {});
  agents_.set_speed(options_.speed);
  news_.set_mean_interval(options_.news_interval);
  agents_.Load(reader);
  news_.Load(reader);
  std::array<uint64_t, 4> state{};
  for (uint64_t& word : state) word = reader.U64();
  id_rng_.set_state(state);
  last_execution_ = reader.U64();
  last_prevented_ = reader.I64();
  if (const uint32_t symbols = reader.U32(); reader.ok() && symbols != books_.size()) {
    return absl::DataLossError("venue state lists " + std::to_string(symbols) +
                               " symbols, this build " + std::to_string(books_.size()) +
                               ": start with --fresh");
  }
  for (const auto& book : books_) {
    if (absl::Status status = book->Load(reader); !status.ok()) return status;
  }
  orders_.clear();
  open_orders_.clear();
  for (uint32_t n = reader.U32(); n > 0 && reader.ok(); --n) {
    VenueOrder order = LoadOrder(reader, version);
    const OrderKey key{order.request.symbol, order.order_id};
    if (order.request.symbol >= books_.size() || order.account >= trades_.size()) {
      return absl::DataLossError(
          "venue state holds an order of an unknown symbol or account: start with --fresh");
    }
    if (IsOpen(order.status)) {
      if (engine(key.first).Find(key.second) == nullptr) {
        return absl::DataLossError(
            "venue state holds an open order that its book does not: start with --fresh");
      }
      open_orders_.insert(key);
    }
    orders_.emplace(key, std::move(order));
  }
  by_client_id_.clear();
  for (uint32_t n = reader.U32(); n > 0 && reader.ok(); --n) {
    const uint32_t account = reader.U32(), symbol = reader.U32();
    std::string client_id = reader.Bytes();
    by_client_id_[{account, symbol, std::move(client_id)}] = reader.U64();
  }
  closed_.clear();
  for (uint32_t n = reader.U32(); n > 0 && reader.ok(); --n) {
    const uint32_t symbol = reader.U32();
    closed_.emplace_back(symbol, reader.U64());
  }
  if (const uint32_t accounts = reader.U32(); reader.ok() && accounts != trades_.size()) {
    return absl::DataLossError(
        "venue state has trades of another number of accounts: start with --fresh");
  }
  for (auto& trades : trades_) {
    for (uint32_t n = reader.U32(); n > 0 && reader.ok(); --n) trades.push_back(LoadTrade(reader));
  }
  symbols_ = ListedSymbols();
  restatements_.clear();
  for (uint32_t n = version > kWithoutRestatements ? reader.U32() : 0; n > 0 && reader.ok(); --n) {
    const uint32_t symbol = reader.U32();
    const Restatement restatement = LoadRestatement(reader);
    if (!reader.ok()) break;
    if (symbol >= books_.size() || !Restate(symbol, restatement, now_))
      return absl::DataLossError(
          "venue state restates a symbol as none can be restated: start with --fresh");
  }
  return reader.status();
}

}  // namespace gannet::venue_sim
