#include "services/venue-sim/exchange.h"

#include <algorithm>
#include <utility>

#include "libs/base/digest.h"
#include "libs/base/status.h"

namespace gannet::venue_sim {
namespace {

constexpr char kChannel[] = "venue-sim.command";

journal::SegmentInfo InfoOf(const ExchangeOptions& options) {
  journal::SegmentInfo info;
  const std::string random = base::RandomBytes(8);
  for (const char c : random) info.run = info.run << 8 | static_cast<unsigned char>(c);
  info.build_id = "venue-sim";
  wire::CanonicalWriter writer;
  SaveOptions(writer, options.core);
  info.config_hash = base::Hex(base::Sha256(writer.bytes()));
  info.seed = options.core.seed;
  return info;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Exchange>> Exchange::Open(
    base::Files& files, base::Executor& executor, const base::Clock& clock, ExchangeOptions options,
    VenueEvents& events, std::function<void(absl::Status)> on_failure) {
  std::unique_ptr<Exchange> exchange(new Exchange(clock, std::move(options), events));
  journal::WriterOptions writer_options;
  writer_options.own_thread = exchange->options_.own_thread;
  writer_options.reserve_bytes = 0;  // nothing here is more essential than the rest
  GANNET_ASSIGN_OR_RETURN(exchange->journal_,
                          journal::Writer::Open(files, executor, exchange->options_.dir,
                                                InfoOf(exchange->options_), writer_options));
  if (absl::Status status = exchange->Recover(files); !status.ok()) {
    return base::Annotate(status, "venue journal in " + exchange->options_.dir);
  }
  exchange->journal_->OnFailure(
      [self = exchange.get(), on_failure = std::move(on_failure)](absl::Status status) {
        if (std::exchange(self->failed_, true)) return;
        on_failure(std::move(status));
      });
  Command first;
  first.options = exchange->options_.core;
  if (!exchange->core_.open()) {
    first.kind = CommandKind::kOpen;
    exchange->core_.Open(first.options, exchange->Record(first));
    exchange->usdm_.SetAccounts(first.options.accounts);
    GANNET_RETURN_IF_ERROR(exchange->Snapshot());
  } else {
    CoreOptions in_force = exchange->core_.options();
    in_force.seed = first.options.seed;
    first.options.accounts = std::max(first.options.accounts, in_force.accounts);
    if (in_force != first.options) {
      first.kind = CommandKind::kConfigure;
      exchange->core_.Configure(first.options, exchange->Record(first));
    }
    // Those of a snapshot without perpetuals begin here.
    exchange->usdm_.SetAccounts(exchange->core_.options().accounts);
  }
  return exchange;
}

absl::Status Exchange::Recover(base::Files& files) {
  recovery_ = journal_->recovered().ToString();
  if (journal_->recovered().last_sequence == 0) return absl::OkStatus();
  GANNET_ASSIGN_OR_RETURN(const std::unique_ptr<journal::Reader> reader,
                          journal::Reader::Open(files, options_.dir));
  GANNET_ASSIGN_OR_RETURN(const std::optional<journal::Snapshot> snapshot,
                          reader->NewestSnapshot());
  if (snapshot) {
    wire::CanonicalReader state(snapshot->state);
    GANNET_RETURN_IF_ERROR(core_.Load(state));
    GANNET_RETURN_IF_ERROR(usdm_.Load(state));
    usdm_.SetAccounts(core_.options().accounts);
    GANNET_RETURN_IF_ERROR(reader->SeekAfter(snapshot->sequence));
  }
  uint64_t replayed = 0;
  while (true) {
    GANNET_ASSIGN_OR_RETURN(const std::optional<journal::Record> record, reader->Next());
    if (!record) break;
    if (record->type != journal::RecordType::kInput || record->channel != kChannel) {
      return absl::DataLossError("record " + std::to_string(record->sequence) +
                                 " is not a command of the venue: is this another journal?");
    }
    GANNET_ASSIGN_OR_RETURN(const Command command, DecodeCommand(record->payload));
    Replay(core_, usdm_, command, record->time);
    ++replayed;
  }
  last_snapshot_ = core_.now();
  recovery_ += "; " + std::to_string(replayed) + " commands replayed";
  return absl::OkStatus();
}

base::Time Exchange::Record(const Command& command) {
  const base::Time time = now();
  journal_->Append(journal::RecordType::kInput, time, kChannel, EncodeCommand(command));
  journal_->Commit();
  return time;
}

void Exchange::WhenDurable(std::function<void()> done) {
  journal_->WhenDurable(journal_->last_sequence(), std::move(done));
}

Answer<Placed> Exchange::Place(AccountIndex account, PlaceRequest request) {
  Command command{.kind = CommandKind::kPlace, .account = account, .place = std::move(request)};
  const base::Time time = Record(command);
  return core_.Place(account, command.place, time);
}

Answer<Canceled> Exchange::Cancel(AccountIndex account, OrderRef order,
                                  std::string cancel_client_order_id) {
  Command command{.kind = CommandKind::kCancel, .account = account};
  command.order = std::move(order);
  command.client_order_id = std::move(cancel_client_order_id);
  const base::Time time = Record(command);
  return core_.Cancel(account, command.order, command.client_order_id, time);
}

Answer<Canceled> Exchange::Expire(AccountIndex account, OrderRef order) {
  Command command{.kind = CommandKind::kExpire, .account = account};
  command.order = std::move(order);
  const base::Time time = Record(command);
  return core_.Expire(account, command.order, time);
}

std::optional<ApiError> Exchange::Lose(AccountIndex account, OrderRef order) {
  Command command{.kind = CommandKind::kLose, .account = account};
  command.order = std::move(order);
  const base::Time time = Record(command);
  return core_.Lose(account, command.order, time);
}

std::vector<Canceled> Exchange::CancelAll(AccountIndex account, SymbolIndex symbol) {
  Command command{.kind = CommandKind::kCancelAll, .account = account};
  command.order.symbol = symbol;
  const base::Time time = Record(command);
  return core_.CancelAll(account, symbol, time);
}

CancelReplaced Exchange::CancelReplace(AccountIndex account, OrderRef order,
                                       std::string cancel_client_order_id, bool stop_on_failure,
                                       PlaceRequest request) {
  Command command{
      .kind = CommandKind::kCancelReplace, .account = account, .place = std::move(request)};
  command.order = std::move(order);
  command.client_order_id = std::move(cancel_client_order_id);
  command.stop_on_failure = stop_on_failure;
  const base::Time time = Record(command);
  return core_.CancelReplace(account, command.order, command.client_order_id, stop_on_failure,
                             command.place, time);
}

Answer<Amended> Exchange::Amend(AccountIndex account, OrderRef order, int64_t quantity,
                                std::string new_client_order_id) {
  Command command{.kind = CommandKind::kAmend, .account = account};
  command.order = std::move(order);
  command.client_order_id = std::move(new_client_order_id);
  command.quantity = quantity;
  const base::Time time = Record(command);
  return core_.Amend(account, command.order, quantity, command.client_order_id, time);
}

bool Exchange::Deposit(AccountIndex account, const std::string& asset, Amount change) {
  Command command{.kind = CommandKind::kDeposit, .account = account};
  command.asset = asset;
  command.change = change;
  const base::Time time = Record(command);
  return core_.Deposit(account, asset, change, time);
}

bool Exchange::Restate(SymbolIndex symbol, const Restatement& restatement) {
  Command command{.kind = CommandKind::kRestate};
  command.order.symbol = symbol;
  command.restatement = restatement;
  const base::Time time = Record(command);
  return core_.Restate(symbol, restatement, time);
}

UsdmReply Exchange::Usdm(UsdmCommand usdm) {
  Command command{.kind = CommandKind::kUsdm, .account = usdm.account, .usdm = std::move(usdm)};
  const base::Time time = Record(command);
  return usdm_.Execute(command.usdm, core_, time);
}

void Exchange::Tick() {
  if (failed_) return;
  const base::Time time = Record({.kind = CommandKind::kTick});
  core_.Tick(time);
  usdm_.Step(core_, time);
  if (time - last_snapshot_ < options_.snapshot_interval) return;
  // A snapshot that could not be taken now (the last is still being written) is
  // taken at the next tick; the commands are in the journal either way.
  if (Snapshot().ok()) (void)journal_->Prune(time, {.max_bytes = options_.journal_bytes});
}

absl::Status Exchange::Snapshot() {
  // With room for the last one, some growth and the journal's frame.
  wire::CanonicalWriter writer(snapshot_bytes_ + snapshot_bytes_ / 8 + 1024);
  core_.Save(writer);
  usdm_.Save(writer);
  snapshot_bytes_ = writer.bytes().size();
  GANNET_RETURN_IF_ERROR(journal_->WriteSnapshot(writer.Take()));
  last_snapshot_ = core_.now();
  return absl::OkStatus();
}

absl::Status Exchange::Close() {
  absl::Status snapshot = failed_ ? journal_->failure() : Snapshot();
  if (absl::IsUnavailable(snapshot))
    snapshot = absl::OkStatus();  // the one before is being written; the journal has the rest
  absl::Status closed = journal_->Close();
  return closed.ok() ? snapshot : closed;
}

}  // namespace gannet::venue_sim
