#include "services/venue-sim/command.h"

#include "libs/wire/canonical.h"

namespace gannet::venue_sim {
namespace {

// 1: without trailing stops, 2: without orders that are rejected later.
constexpr uint8_t kCommandVersion = 3;

void SavePlace(wire::CanonicalWriter& writer, const PlaceRequest& r) {
  writer.U32(r.symbol);
  writer.Bytes(r.client_order_id);
  for (const uint8_t value :
       {static_cast<uint8_t>(r.side), static_cast<uint8_t>(r.kind),
        static_cast<uint8_t>(r.time_in_force), static_cast<uint8_t>(r.self_trade)}) {
    writer.U8(value);
  }
  for (const int64_t value : {r.price, r.stop_price, r.quantity, r.quote_quantity})
    writer.I64(value);
  writer.U32(r.trailing_delta);
  writer.Bool(r.rejected_later);
}

PlaceRequest LoadPlace(wire::CanonicalReader& reader, uint8_t version) {
  PlaceRequest r;
  r.symbol = reader.U32();
  r.client_order_id = reader.Bytes();
  r.side = static_cast<market::Side>(reader.U8());
  r.kind = static_cast<OrderKind>(reader.U8());
  r.time_in_force = static_cast<TimeInForce>(reader.U8());
  r.self_trade = static_cast<matching::SelfTrade>(reader.U8());
  for (int64_t* value : {&r.price, &r.stop_price, &r.quantity, &r.quote_quantity})
    *value = reader.I64();
  if (version > 1) r.trailing_delta = reader.U32();
  if (version > 2) r.rejected_later = reader.Bool();
  return r;
}

void SaveRef(wire::CanonicalWriter& writer, const OrderRef& ref) {
  writer.U32(ref.symbol);
  writer.U64(ref.order_id);
  writer.Bytes(ref.client_order_id);
}

OrderRef LoadRef(wire::CanonicalReader& reader) {
  OrderRef ref;
  ref.symbol = reader.U32();
  ref.order_id = reader.U64();
  ref.client_order_id = reader.Bytes();
  return ref;
}

}  // namespace

std::string EncodeCommand(const Command& command) {
  wire::CanonicalWriter writer;
  writer.U8(kCommandVersion);
  writer.U8(static_cast<uint8_t>(command.kind));
  writer.U32(command.account);
  switch (command.kind) {
    case CommandKind::kOpen:
    case CommandKind::kConfigure:
      SaveOptions(writer, command.options);
      break;
    case CommandKind::kTick:
      break;
    case CommandKind::kPlace:
      SavePlace(writer, command.place);
      break;
    case CommandKind::kCancel:
    case CommandKind::kCancelAll:
    case CommandKind::kExpire:
    case CommandKind::kLose:
      SaveRef(writer, command.order);
      writer.Bytes(command.client_order_id);
      break;
    case CommandKind::kCancelReplace:
      SaveRef(writer, command.order);
      writer.Bytes(command.client_order_id);
      writer.Bool(command.stop_on_failure);
      SavePlace(writer, command.place);
      break;
    case CommandKind::kAmend:
      SaveRef(writer, command.order);
      writer.Bytes(command.client_order_id);
      writer.I64(command.quantity);
      break;
    case CommandKind::kDeposit:
      writer.Bytes(command.asset);
      writer.I128(command.change);
      break;
    case CommandKind::kRestate:
      writer.U32(command.order.symbol);
      SaveRestatement(writer, command.restatement);
      break;
    case CommandKind::kUsdm:
      SaveUsdmCommand(writer, command.usdm);
      break;
  }
  return writer.Take();
}

absl::StatusOr<Command> DecodeCommand(std::string_view bytes) {
  wire::CanonicalReader reader(bytes);
  Command command;
  const uint8_t version = reader.U8();
  command.kind = static_cast<CommandKind>(reader.U8());
  command.account = reader.U32();
  bool known = version >= 1 && version <= kCommandVersion;
  switch (command.kind) {
    case CommandKind::kOpen:
    case CommandKind::kConfigure:
      command.options = LoadOptions(reader);
      break;
    case CommandKind::kTick:
      break;
    case CommandKind::kPlace:
      command.place = LoadPlace(reader, version);
      break;
    case CommandKind::kCancel:
    case CommandKind::kCancelAll:
    case CommandKind::kExpire:
    case CommandKind::kLose:
      command.order = LoadRef(reader);
      command.client_order_id = reader.Bytes();
      break;
    case CommandKind::kCancelReplace:
      command.order = LoadRef(reader);
      command.client_order_id = reader.Bytes();
      command.stop_on_failure = reader.Bool();
      command.place = LoadPlace(reader, version);
      break;
    case CommandKind::kAmend:
      command.order = LoadRef(reader);
      command.client_order_id = reader.Bytes();
      command.quantity = reader.I64();
      break;
    case CommandKind::kDeposit:
      command.asset = reader.Bytes();
      command.change = reader.I128();
      break;
    case CommandKind::kRestate:
      command.order.symbol = reader.U32();
      command.restatement = LoadRestatement(reader);
      break;
    case CommandKind::kUsdm:
      command.usdm = LoadUsdmCommand(reader);
      break;
    default:
      known = false;
  }
  const size_t symbols = ListedSymbols().size();
  if (!known || !reader.ok() || !reader.done() || command.place.symbol >= symbols ||
      command.order.symbol >= symbols || command.usdm.place.symbol >= symbols) {
    return absl::DataLossError(
        "a record of the venue's journal is not a command of this build: use the build that wrote "
        "it, or start with --fresh");
  }
  return command;
}

void Replay(VenueCore& core, UsdmMarket& usdm, const Command& command, base::Time time) {
  switch (command.kind) {
    case CommandKind::kOpen:
      core.Open(command.options, time);
      usdm.SetAccounts(core.options().accounts);
      break;
    case CommandKind::kConfigure:
      core.Configure(command.options, time);
      usdm.SetAccounts(core.options().accounts);
      break;
    case CommandKind::kTick:
      core.Tick(time);
      usdm.Step(core, time);
      break;
    case CommandKind::kUsdm:
      if (command.usdm.account < usdm.accounts()) (void)usdm.Execute(command.usdm, core, time);
      break;
    case CommandKind::kPlace:
      (void)core.Place(command.account, command.place, time);
      break;
    case CommandKind::kCancel:
      (void)core.Cancel(command.account, command.order, command.client_order_id, time);
      break;
    case CommandKind::kExpire:
      (void)core.Expire(command.account, command.order, time);
      break;
    case CommandKind::kLose:
      (void)core.Lose(command.account, command.order, time);
      break;
    case CommandKind::kCancelAll:
      (void)core.CancelAll(command.account, command.order.symbol, time);
      break;
    case CommandKind::kCancelReplace:
      (void)core.CancelReplace(command.account, command.order, command.client_order_id,
                               command.stop_on_failure, command.place, time);
      break;
    case CommandKind::kAmend:
      (void)core.Amend(command.account, command.order, command.quantity, command.client_order_id,
                       time);
      break;
    case CommandKind::kRestate:
      (void)core.Restate(command.order.symbol, command.restatement, time);
      break;
    case CommandKind::kDeposit:
      (void)core.Deposit(command.account, command.asset, command.change, time);
      break;
  }
}

}  // namespace gannet::venue_sim
