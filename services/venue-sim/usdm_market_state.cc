// What the perpetuals' side of the venue keeps: snapshots, and its commands.
#include "services/venue-sim/usdm_market.h"

namespace gannet::venue_sim {
namespace {

constexpr uint8_t kStateVersion = 2;  // 1: without the setup of accounts
constexpr uint32_t kLegShift = 16;    // of a position's key, above its symbol

void SavePlace(wire::CanonicalWriter& writer, const UsdmPlace& place) {
  writer.U32(place.symbol);
  writer.Bytes(place.client_id);
  // One byte of flags, of which older builds knew the first.
  const auto flags = static_cast<uint8_t>(
      (place.reduce_only ? 1U : 0U) | static_cast<unsigned>(place.leg) << 1 |
      (place.ended_not_refused ? 8U : 0U) | (place.trailing_bps > 0 ? 16U : 0U) |
      (place.rejected_later ? 32U : 0U) | (place.time_in_force == UsdmTime::kGtd ? 64U : 0U));
  for (const uint8_t value : {static_cast<uint8_t>(place.side), static_cast<uint8_t>(place.type),
                              static_cast<uint8_t>(place.time_in_force), flags})
    writer.U8(value);
  for (const int64_t value : {place.price, place.trigger, place.quantity}) writer.I64(value);
  if (place.trailing_bps > 0) writer.U32(place.trailing_bps);
  if (place.time_in_force == UsdmTime::kGtd) writer.I64(place.good_till_ms);
}

UsdmPlace LoadPlace(wire::CanonicalReader& reader) {
  UsdmPlace place;
  place.symbol = reader.U32();
  place.client_id = reader.Bytes();
  place.side = static_cast<market::Side>(reader.U8());
  place.type = static_cast<UsdmType>(reader.U8());
  place.time_in_force = static_cast<UsdmTime>(reader.U8());
  const uint8_t flags = reader.U8();
  place.reduce_only = (flags & 1U) != 0;
  place.leg = static_cast<UsdmLeg>(flags >> 1 & 3U);
  place.ended_not_refused = (flags & 8U) != 0;
  place.rejected_later = (flags & 32U) != 0;
  for (int64_t* value : {&place.price, &place.trigger, &place.quantity}) *value = reader.I64();
  if ((flags & 16U) != 0) place.trailing_bps = reader.U32();
  if ((flags & 64U) != 0) place.good_till_ms = reader.I64();
  return place;
}

void Save(wire::CanonicalWriter& writer, const UsdmOrder& order) {
  writer.U64(order.id);
  writer.U32(order.account);
  SavePlace(writer, order.request);
  writer.U8(static_cast<uint8_t>(order.original_type));
  writer.U64(order.algo_id);
  writer.U8(static_cast<uint8_t>(order.status));
  writer.I64(order.executed);
  writer.I128(order.quote);
  writer.Time(order.created);
  writer.Time(order.updated);
}

UsdmOrder LoadOrder(wire::CanonicalReader& reader) {
  UsdmOrder order;
  order.id = reader.U64();
  order.account = reader.U32();
  order.request = LoadPlace(reader);
  order.original_type = static_cast<UsdmType>(reader.U8());
  order.algo_id = reader.U64();
  order.status = static_cast<OrderStatus>(reader.U8());
  order.executed = reader.I64();
  order.quote = reader.I128();
  order.created = reader.Time();
  order.updated = reader.Time();
  return order;
}

void Save(wire::CanonicalWriter& writer, const UsdmAlgo& algo) {
  writer.U64(algo.id);
  writer.U32(algo.account);
  SavePlace(writer, algo.request);
  writer.U8(static_cast<uint8_t>(algo.status));
  writer.U64(algo.actual_order);
  for (const base::Time time : {algo.created, algo.updated, algo.triggered}) writer.Time(time);
  writer.Bytes(algo.reject_reason);
  if (algo.request.trailing_bps > 0) writer.I64(algo.best_price);
}

UsdmAlgo LoadAlgo(wire::CanonicalReader& reader) {
  UsdmAlgo algo;
  algo.id = reader.U64();
  algo.account = reader.U32();
  algo.request = LoadPlace(reader);
  algo.status = static_cast<AlgoStatus>(reader.U8());
  algo.actual_order = reader.U64();
  for (base::Time* time : {&algo.created, &algo.updated, &algo.triggered}) *time = reader.Time();
  algo.reject_reason = reader.Bytes();
  if (algo.request.trailing_bps > 0) algo.best_price = reader.I64();
  return algo;
}

void Save(wire::CanonicalWriter& writer, const UsdmTrade& trade) {
  for (const uint64_t value : {trade.id, trade.order_id}) writer.U64(value);
  writer.U32(trade.symbol);
  writer.U8(static_cast<uint8_t>(trade.side));
  for (const int64_t value : {trade.price, trade.quantity, trade.time_ms}) writer.I64(value);
  for (const Amount value : {trade.quote, trade.commission, trade.realized}) writer.I128(value);
  writer.U8(
      static_cast<uint8_t>((trade.is_maker ? 1U : 0U) | static_cast<unsigned>(trade.leg) << 1));
}

UsdmTrade LoadTrade(wire::CanonicalReader& reader) {
  UsdmTrade trade;
  for (uint64_t* value : {&trade.id, &trade.order_id}) *value = reader.U64();
  trade.symbol = reader.U32();
  trade.side = static_cast<market::Side>(reader.U8());
  for (int64_t* value : {&trade.price, &trade.quantity, &trade.time_ms}) *value = reader.I64();
  for (Amount* value : {&trade.quote, &trade.commission, &trade.realized}) *value = reader.I128();
  const uint8_t flags = reader.U8();
  trade.is_maker = (flags & 1U) != 0;
  trade.leg = static_cast<UsdmLeg>(flags >> 1 & 3U);
  return trade;
}

template <class List>
void SaveAll(wire::CanonicalWriter& writer, const List& list) {
  writer.U32(static_cast<uint32_t>(list.size()));
  for (const auto& entry : list) Save(writer, entry);
}

template <class Load>
void LoadAll(wire::CanonicalReader& reader, Load load) {
  for (uint32_t n = reader.U32(); n > 0 && reader.ok(); --n) load();
}

}  // namespace

void SaveUsdmCommand(wire::CanonicalWriter& writer, const UsdmCommand& command) {
  writer.U8(static_cast<uint8_t>(command.verb));
  writer.U32(command.account);
  SavePlace(writer, command.place);
  writer.U64(command.id);
  writer.Bytes(command.client_id);
  writer.Duration(command.countdown);
  writer.Bytes(command.income_type);
  writer.I128(command.amount);
}

UsdmCommand LoadUsdmCommand(wire::CanonicalReader& reader) {
  UsdmCommand command;
  command.verb = static_cast<UsdmVerb>(reader.U8());
  command.account = reader.U32();
  command.place = LoadPlace(reader);
  command.id = reader.U64();
  command.client_id = reader.Bytes();
  command.countdown = reader.Duration();
  command.income_type = reader.Bytes();
  command.amount = reader.I128();
  return command;
}

void UsdmMarket::Save(wire::CanonicalWriter& writer) const {
  writer.U8(kStateVersion);
  writer.Time(now_);
  for (const uint64_t value : {last_order_, last_algo_, last_trade_, last_income_})
    writer.U64(value);
  writer.U32(static_cast<uint32_t>(accounts_.size()));
  for (const Account& account : accounts_) {
    writer.I128(account.wallet);
    writer.Time(account.updated);
    writer.U32(static_cast<uint32_t>(account.positions.size()));
    for (const auto& [key, position] : account.positions) {
      writer.U32(key.first | static_cast<uint32_t>(key.second) << kLegShift);
      writer.I64(position.quantity);
      writer.I128(position.cost);
    }
    writer.U32(static_cast<uint32_t>(account.countdowns.size()));
    for (const auto& [symbol, due] : account.countdowns) {
      writer.U32(symbol);
      writer.Time(due);
    }
    SaveAll(writer, account.trades);
    writer.U32(static_cast<uint32_t>(account.income.size()));
    for (const UsdmIncome& income : account.income) {
      writer.Bytes(income.type);
      writer.Bytes(income.symbol);
      writer.I128(income.amount);
      writer.U64(income.id);
      writer.U64(income.trade_id);
      writer.I64(income.time_ms);
    }
    writer.Bool(account.setup.hedge);
    writer.U32(static_cast<uint32_t>(account.setup.leverage.size()));
    for (const auto& [symbol, leverage] : account.setup.leverage) {
      writer.U32(symbol);
      writer.U32(leverage);
    }
    writer.U32(static_cast<uint32_t>(account.setup.isolated.size()));
    for (const SymbolIndex symbol : account.setup.isolated) writer.U32(symbol);
  }
  // Closed ones in the order of their end.
  writer.U32(static_cast<uint32_t>(orders_.size()));
  for (const uint64_t id : closed_orders_) venue_sim::Save(writer, orders_.at(id));
  for (const uint64_t id : open_orders_) venue_sim::Save(writer, orders_.at(id));
  writer.U32(static_cast<uint32_t>(algos_.size()));
  for (const uint64_t id : closed_algos_) venue_sim::Save(writer, algos_.at(id));
  for (const uint64_t id : open_algos_) venue_sim::Save(writer, algos_.at(id));
}

absl::Status UsdmMarket::Load(wire::CanonicalReader& reader) {
  if (reader.done()) return absl::OkStatus();  // of a build without perpetuals
  const uint8_t version = reader.U8();
  if (version < 1 || version > kStateVersion) {
    return absl::DataLossError("the state of the perpetuals has version " +
                               std::to_string(version) +
                               ": use the newer build or start with --fresh");
  }
  now_ = reader.Time();
  for (uint64_t* value : {&last_order_, &last_algo_, &last_trade_, &last_income_})
    *value = reader.U64();
  accounts_.clear();
  LoadAll(reader, [&] {
    Account& account = accounts_.emplace_back();
    account.wallet = reader.I128();
    account.updated = reader.Time();
    LoadAll(reader, [&] {
      const uint32_t key = reader.U32();
      UsdmPosition& position =
          account
              .positions[{key & ((1U << kLegShift) - 1), static_cast<UsdmLeg>(key >> kLegShift)}];
      position.quantity = reader.I64();
      position.cost = reader.I128();
    });
    LoadAll(reader, [&] {
      const SymbolIndex symbol = reader.U32();
      account.countdowns[symbol] = reader.Time();
    });
    LoadAll(reader, [&] { account.trades.push_back(LoadTrade(reader)); });
    LoadAll(reader, [&] {
      UsdmIncome& income = account.income.emplace_back();
      income.type = reader.Bytes();
      income.symbol = reader.Bytes();
      income.amount = reader.I128();
      income.id = reader.U64();
      income.trade_id = reader.U64();
      income.time_ms = reader.I64();
    });
    if (version == 1) return;
    account.setup.hedge = reader.Bool();
    LoadAll(reader, [&] {
      const SymbolIndex symbol = reader.U32();
      account.setup.leverage[symbol] = reader.U32();
    });
    LoadAll(reader, [&] { account.setup.isolated.insert(reader.U32()); });
  });
  orders_.clear();
  open_orders_.clear();
  closed_orders_.clear();
  bool sound = true;
  const auto belongs = [&](AccountIndex account, SymbolIndex symbol) {
    return account < accounts_.size() && symbol < ListedSymbols().size();
  };
  LoadAll(reader, [&] {
    UsdmOrder order = LoadOrder(reader);
    sound = sound && belongs(order.account, order.request.symbol);
    const uint64_t id = order.id;
    if (IsOpen(order.status)) {
      open_orders_.insert(id);
    } else {
      closed_orders_.push_back(id);
    }
    orders_.emplace(id, std::move(order));
  });
  algos_.clear();
  open_algos_.clear();
  closed_algos_.clear();
  LoadAll(reader, [&] {
    UsdmAlgo algo = LoadAlgo(reader);
    sound = sound && belongs(algo.account, algo.request.symbol);
    const uint64_t id = algo.id;
    if (algo.status == AlgoStatus::kNew || algo.status == AlgoStatus::kTriggered) {
      open_algos_.insert(id);
    } else {
      closed_algos_.push_back(id);
    }
    algos_.emplace(id, std::move(algo));
  });
  for (const auto& [id, order] : orders_)
    sound = sound &&
            (order.algo_id == 0 || IsOpen(order.status) == false || algos_.contains(order.algo_id));
  if (reader.ok() && !sound) {
    return absl::DataLossError(
        "the state of the perpetuals does not fit together: start with --fresh");
  }
  return reader.status();
}

}  // namespace gannet::venue_sim
