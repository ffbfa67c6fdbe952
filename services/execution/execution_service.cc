#include "services/execution/execution_service.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "libs/base/concat.h"
#include "libs/command/all_ended.h"
#include "services/execution/execution_metrics.h"

namespace gannet::execution {
namespace {

constexpr base::Duration kDrainPoll = std::chrono::milliseconds(20);

ExecutionOptions OptionsOf(const ExecutionConfig& config, Domain domain) {
  ExecutionOptions options;
  options.domain = std::move(domain);
  options.account = market::AccountId(config.account);
  options.block_on_unknown = config.block_on_unknown;
  options.foreign = config.foreign_orders;
  options.reconcile_every = config.reconcile_every;
  options.rate = config.rate;
  // The paper venue's balances are made from the same fills.
  options.compare_balances = config.venue != VenueKind::kPaper;
  options.dead_man = config.live.dead_man;
  options.four_eyes = config.four_eyes;
  options.flatten_collar_ppm = config.flatten_collar_ppm;
  options.check_key = config.check_key;
  options.key_addresses = config.environment == Environment::kMainNet;
  return options;
}

PaperAdapterOptions PaperOptionsOf(const PaperConfig& config, uint64_t session) {
  PaperAdapterOptions options;
  options.venue.maker_fee_ppm = config.maker_fee_ppm;
  options.venue.taker_fee_ppm = config.taker_fee_ppm;
  options.venue.fee_asset =
      config.fee_in_received_asset ? matching::FeeAsset::kReceived : matching::FeeAsset::kQuote;
  options.venue.order_latency = config.order_latency;
  options.venue.cancel_latency = config.cancel_latency;
  options.venue.market_protection_ppm = config.market_protection_ppm;
  for (const auto& [asset, amount] : config.deposits)
    options.deposits[market::AssetId(asset)] = amount;
  options.session = session;
  return options;
}

// A request as it enters the shard on its way to the paper venue.
std::string EncodePaperInput(uint64_t id, std::string_view body) {
  wire::CanonicalWriter out(body.size() + 16);
  out.U64(id);
  out.Bytes(body);
  return out.Take();
}

std::string EncodeAdjustRequest(uint64_t ticket, const AdjustRequest& request) {
  wire::CanonicalWriter out(256);
  out.U64(ticket);
  out.U8(static_cast<uint8_t>(request.step));
  for (const std::string* text :
       {&request.person, &request.reason, &request.subject, &request.price})
    out.Bytes(*text);
  out.U64(request.proposal);
  if (!request.order.empty() || !request.book_as.empty()) {
    out.Text(request.order);
    out.Bytes(request.evidence);
    out.Bytes(request.filled);
  }
  if (!request.book_as.empty()) out.Bytes(request.book_as);
  return out.Take();
}
AdjustRequest ReadAdjustRequest(wire::CanonicalReader& in) {
  AdjustRequest request;
  request.step = static_cast<AdjustmentNote::Step>(in.U8());
  for (std::string* text : {&request.person, &request.reason, &request.subject, &request.price})
    *text = in.Bytes();
  request.proposal = in.U64();
  if (in.ok() && !in.done()) {
    request.order = in.Text<market::ClientOrderId>();
    request.evidence = in.Bytes();
    request.filled = in.Bytes();
  }
  if (in.ok() && !in.done()) request.book_as = in.Bytes();
  return request;
}

}  // namespace

venue::OrderVenue& ExecutionService::MakeVenue(const ExecutionConfig& config, runtime::Deps& deps,
                                               Parts& parts) {
  if (parts.venue) {
    venue_ = std::move(parts.venue);
    return *venue_;
  }
  paper_ = std::make_unique<PaperAdapter>(
      PaperOptionsOf(config.paper, deps.shard.options().start_epoch));
  return *paper_;
}

ExecutionService::ExecutionService(const ExecutionConfig& config, runtime::Deps& deps, Parts parts,
                                   SendGate gate)
    : shard_(deps.shard),
      executor_(deps.executor),
      clock_(deps.clock),
      log_(deps.log),
      lease_(deps.lease),
      gate_(std::move(gate)),
      engine_(OptionsOf(config, parts.domain), MakeVenue(config, deps, parts), *this),
      reports_(deps.shard, bus::kExecReports, [this](const auto& event) { engine_.Apply(event); }),
      balances_(deps.shard, bus::kBalances, [this](const auto& event) { engine_.Apply(event); }),
      positions_(deps.shard, bus::kPositions, nullptr),
      account_events_(deps.shard, bus::kAccountEvents,
                      [this](const auto& event) { engine_.Apply(event); }),
      answers_(deps.shard, bus::kAnswers, nullptr, /*essential=*/true),
      notes_(
          deps.shard, bus::kJournals, [this](const auto& event) { engine_.Apply(event); },
          /*essential=*/true) {  // a cancel leaves once its request is written down
  venue_name_ = paper_ ? paper_->name() : venue_->name();
  metrics_ = MeasureExecution(deps.metrics, venue_name_, engine_, shard_, [this] {
    return orders_ ? std::optional(orders_go_by_socket()) : std::nullopt;
  });
  if (paper_) paper_->Bind(engine_.state());
  if (parts.session) {
    session_ = std::make_unique<VenueSession>(
        *std::move(parts.session), deps.network, deps.executor, deps.clock, deps.rng.Fork(),
        deps.log,
        VenueSession::Handlers{
            .on_answer = [this](wire::HttpExchange exchange) { DeliverAnswer(exchange); },
            .on_stream = [this](wire::StreamEvent event) { DeliverStream(event); }});
  }
  if (parts.orders) {
    keyed_ = parts.keyed;
    orders_ = std::make_unique<OrderSocket>(
        *std::move(parts.orders), deps.network, deps.executor, deps.clock, deps.rng.Fork(),
        deps.log,
        OrderSocket::Handlers{
            .on_answer = [this](wire::HttpExchange exchange) { DeliverAnswer(exchange); },
            .on_event = [this](wire::StreamEvent event) { DeliverStream(event); }});
  }
  const auto port = [this](const char* what) { return base::Concat({name(), ".", what}); };
  http_port_ =
      shard_.AddInput(port("http"), [this](std::string_view bytes, const market::Header& cause) {
        const absl::StatusOr<wire::HttpExchange> exchange = wire::DecodeHttpExchange(bytes);
        if (exchange.ok()) engine_.OnHttp(*exchange, cause, shard_.now());
        bad_inputs_ += exchange.ok() ? 0 : 1;
        Settle(cause);
      });
  stream_port_ =
      shard_.AddInput(port("stream"), [this](std::string_view bytes, const market::Header& cause) {
        const absl::StatusOr<wire::StreamEvent> event = wire::DecodeStreamEvent(bytes);
        if (event.ok() && event->connection == kOrderSocketName) {
          OnOrderSocket(*event);
        } else if (event.ok()) {
          engine_.OnStream(*event, cause, shard_.now());
        }
        bad_inputs_ += event.ok() ? 0 : 1;
        Settle(cause);
      });
  paper_port_ =
      shard_.AddInput(port("paper"), [this](std::string_view bytes, const market::Header& cause) {
        wire::CanonicalReader in(bytes);
        const uint64_t id = in.U64();
        const std::string body = in.Bytes();
        if (in.ok() && paper_) paper_->Execute(id, body, shard_.now());
        bad_inputs_ += in.ok() && paper_ ? 0 : 1;
        Settle(cause);
      });
  // Recorded like any input: it changes what later verdicts are answered with.
  drain_port_ =
      shard_.AddInput(port("drain"), [this](std::string_view, const market::Header& cause) {
        engine_.StopIntake();
        Settle(cause);
      });
  inspect_port_ =
      shard_.AddInput(port("inspect"), [this](std::string_view bytes, const market::Header& cause) {
        wire::CanonicalReader in(bytes);
        const uint64_t ticket = in.U64();
        const bool dry_run = in.Bool();
        if (in.ok()) engine_.Inspect(ticket, dry_run, cause, shard_.now());
        bad_inputs_ += in.ok() ? 0 : 1;
        Settle(cause);
      });
  adjust_port_ =
      shard_.AddInput(port("adjust"), [this](std::string_view bytes, const market::Header& cause) {
        wire::CanonicalReader in(bytes);
        const uint64_t ticket = in.U64();
        const AdjustRequest request = ReadAdjustRequest(in);
        if (in.ok()) engine_.Adjust(ticket, request, cause, shard_.now());
        bad_inputs_ += in.ok() ? 0 : 1;
        Settle(cause);
      });
  ConsumeFacts();
  ConsumeMarket();
  shard_.AddState(
      {.name = std::string(name()),
       .save = [this](wire::CanonicalWriter& out) { engine_.state().Save(out); },
       .load = [this](wire::CanonicalReader& in) { return engine_.mutable_state().Load(in); },
       .resume = [this](const market::Header& cause) { Resume(cause); }});
}

ExecutionService::~ExecutionService() {
  *alive_ = false;
  shard_.Cancel(timer_);
}

void ExecutionService::ConsumeFacts() {
  shard_.Consume<market::RiskDecision>(
      bus::kRiskDecisions, [this](const auto& event) { engine_.Apply(event); },
      [this](const auto& event) {
        engine_.OnVerdict(event, shard_.now());
        if (engine_.gathers() && !std::exchange(gathers_, true)) {
          shard_.AtTurnEnd([this, cause = event.header] {
            gathers_ = false;
            engine_.DecideGathered();
            Settle(cause);
          });
        }
        Settle(event.header);
      });
  shard_.Consume<market::OrderIntent>(
      bus::kOrderIntents, [this](const auto& event) { engine_.Apply(event); },
      [this](const auto& event) {
        engine_.OnIntent(event, shard_.now());
        Settle(event.header);
      });
  shard_.Consume<market::RiskState>(
      bus::kRiskState, [this](const auto& event) { engine_.Apply(event); },
      [this](const auto& event) {
        engine_.OnRiskState(event, shard_.now());
        Settle(event.header);
      });
}

// Live only: what is not recorded as a fact is not recovered either.
void ExecutionService::ConsumeMarket() {
  shard_.Consume<market::Command>(bus::kCommands, nullptr, [this](const auto& event) {
    const uint64_t cancels = engine_.stats().cancels;
    engine_.OnCommand(event, shard_.now());
    if (event.value.kind == market::CommandKind::kCancelAll) {
      answers_.Emit(
          {.command = event.header.id,
           .request_id = event.value.request_id,
           .person = event.value.person,
           .engine = domain().engine,
           .detail = absl::StrCat("cancelling ", engine_.stats().cancels - cancels, " orders at ",
                                  venue_name_, "; each is over when its report says so")},
          event.header);
    }
    NoteStops();
    Settle(event.header);
  });
  shard_.Consume<market::Instrument>(bus::kInstruments, nullptr, [this](const auto& event) {
    if (!domain().Has(event.value.id)) return;
    engine_.OnInstrument(event, shard_.now());
    if (paper_) paper_->OnInstrument(event.value);
  });
  if (!paper_) return;
  shard_.Consume<market::BookUpdate>(bus::kBooks, nullptr, [this](const auto& event) {
    paper_->OnBook(event.value, shard_.now());
    Settle(event.header);
  });
  shard_.Consume<market::Trade>(bus::kTrades, nullptr, [this](const auto& event) {
    paper_->OnTrade(event.value, shard_.now());
    Settle(event.header);
  });
}

void ExecutionService::Resume(const market::Header& cause) {
  if (paper_) paper_->Restore();
  engine_.Resume(cause, shard_.now());
  Settle(cause);
}

// --- turns -----------------------------------------------------------------------

void ExecutionService::Settle(const market::Header& cause) {
  if (paper_) HearPaper(cause);
  Arm();
  // Behind what every execution says at first of a cancel-all.
  if (!engine_.follows_cancels() || std::exchange(follows_, true)) return;
  shard_.AtTurnEnd([this, cause] {
    follows_ = false;
    AnswerEnded(cause);
  });
}

void ExecutionService::AnswerEnded(const market::Header& cause) {
  for (ExecutionEngine::CancelRun& run : engine_.TakeEnded()) {
    answers_.Emit({.command = run.command,
                   .request_id = std::move(run.request_id),
                   .person = std::move(run.person),
                   .engine = domain().engine,
                   .detail = base::Concat({command::kAllEnded, std::to_string(run.orders),
                                           " orders at ", venue_name_})},
                  cause);
  }
}

void ExecutionService::HearPaper(const market::Header& cause) {
  for (;;) {
    const std::vector<PaperAdapter::Message> messages = paper_->Take(shard_.now());
    if (messages.empty()) return;
    for (const PaperAdapter::Message& message : messages) {
      if (const auto* exchange = std::get_if<wire::HttpExchange>(&message)) {
        engine_.OnHttp(*exchange, cause, shard_.now());
      } else {
        engine_.OnStream(std::get<wire::StreamEvent>(message), cause, shard_.now());
      }
    }
  }
}

// While it is open, and logged in where that is needed, orders go over it; otherwise by REST.
// A recorded input, so that the same bytes are made again when it is read again.
void ExecutionService::OnOrderSocket(const wire::StreamEvent& event) {
  if (keyed_ == nullptr) return;
  if (event.kind == wire::StreamEvent::Kind::kClosed) return keyed_->UseSocket(false);
  if (event.kind == wire::StreamEvent::Kind::kOpened) {
    const std::optional<std::string> login = keyed_->SocketLogin(shard_.now());
    if (!login) return keyed_->UseSocket(true);
    return shard_.AfterDurable([this, alive = std::weak_ptr<bool>(alive_), text = *login] {
      const auto held = alive.lock();
      if (held && *held && orders_) orders_->SendFrame(text);
    });
  }
  const std::optional<bool> logged_in = keyed_->LoggedIn(event.body);
  if (!logged_in) return;
  keyed_->UseSocket(*logged_in);
  if (*logged_in) return;
  log_.Error("order_socket_login", {{"answer", event.body}});
  shard_.AfterDurable([this, alive = std::weak_ptr<bool>(alive_)] {
    const auto held = alive.lock();
    if (held && *held && orders_) orders_->Restart("the login was refused");
  });
}

void ExecutionService::Arm() {
  base::Time next = engine_.next_wake();
  if (paper_) next = std::min(next, paper_->next_deadline());
  if (next == timer_at_) return;
  shard_.Cancel(timer_);
  timer_ = base::TimerId::kNone;
  timer_at_ = next;
  if (next != base::Time::max())
    timer_ = shard_.At(next, [this](const market::Header& cause) { OnTimer(cause); });
}

void ExecutionService::OnTimer(const market::Header& cause) {
  timer_ = base::TimerId::kNone;
  timer_at_ = base::Time::max();
  // Before the engine, so that it sees what the paper venue has done by now.
  if (paper_) {
    paper_->Advance(shard_.now());
    HearPaper(cause);
  }
  engine_.OnWake(cause, shard_.now());
  Settle(cause);
}

// --- what the engine decides --------------------------------------------------------

void ExecutionService::Emit(market::ExecReport report, const market::Header& cause) {
  if (report.kind == market::ExecKind::kIllegal) {
    log_.Error("illegal_order_event", {{"client_order_id", report.client_order_id.text()},
                                       {"detail", report.detail},
                                       {"evidence", report.evidence}});
  } else if (report.kind == market::ExecKind::kUnknown ||
             report.kind == market::ExecKind::kAbsent) {
    log_.Warning(report.kind == market::ExecKind::kUnknown ? "order_unknown" : "order_absent",
                 {{"client_order_id", report.client_order_id.text()},
                  {"detail", report.detail},
                  {"evidence", report.evidence}});
  } else if (report.kind == market::ExecKind::kReplaced && report.target.empty()) {
    log_.Warning("order_changed_elsewhere", {{"client_order_id", report.client_order_id.text()},
                                             {"detail", report.detail},
                                             {"evidence", report.evidence}});
  }
  reports_.Emit(std::move(report), cause);
}

void ExecutionService::Emit(market::BalanceUpdate balance, const market::Header& cause) {
  balances_.Emit(std::move(balance), cause);
}

void ExecutionService::Emit(market::PositionUpdate position, const market::Header& cause) {
  positions_.Emit(std::move(position), cause);
}

void ExecutionService::Emit(market::AccountEvent event, const market::Header& cause) {
  account_events_.Emit(std::move(event), cause);
}

void ExecutionService::Emit(market::CommandAnswer answer, const market::Header& cause) {
  answers_.Emit(std::move(answer), cause);
}

void ExecutionService::Emit(wire::EngineNote note, const market::Header& cause) {
  if (note.kind == kBalanceNote) {
    const absl::StatusOr<BalanceNote> balance = ReadBalanceNote(note.body);
    if (balance.ok() && balance->kind == BalanceNote::Kind::kDifference) {
      log_.Error("balance_difference",
                 {{"asset", balance->asset.text()}, {"amount", balance->amount.ToString()}});
    }
  } else if (note.kind == kPositionNote) {
    const absl::StatusOr<PositionNote> position = ReadPositionNote(note.body);
    if (position.ok() && position->kind == PositionNote::Kind::kDifference) {
      log_.Error("position_difference", {{"instrument", position->instrument.text()},
                                         {"quantity", position->quantity.ToString()}});
    }
  } else if (note.kind == kAdjustmentNote) {
    const absl::StatusOr<AdjustmentNote> adjustment = ReadAdjustmentNote(note.body);
    if (adjustment.ok()) {
      log_.Warning("adjustment", {{"step", static_cast<int>(adjustment->step)},
                                  {"proposal", adjustment->proposal},
                                  {"person", adjustment->person},
                                  {"reason", adjustment->reason}});
    }
  } else if (note.kind == kHaltNote) {
    const absl::StatusOr<HaltNote> halt = ReadHaltNote(note.body);
    if (halt.ok()) {
      log_.Warning("instrument_halt", {{"instrument", halt->instrument.text()},
                                       {"halted", halt->halted},
                                       {"reason", halt->reason},
                                       {"person", halt->person}});
    }
  }
  notes_.Emit(std::move(note), cause);
}

void ExecutionService::Send(OutgoingRequest request) {
  shard_.AfterDurable(
      [this, alive = std::weak_ptr<bool>(alive_), request = std::move(request)]() mutable {
        const auto held = alive.lock();
        if (held && *held) Transmit(std::move(request));
      });
}

void ExecutionService::RestartStream() {
  shard_.AfterDurable([this, alive = std::weak_ptr<bool>(alive_)] {
    const auto held = alive.lock();
    if (held && *held && session_) session_->RestartStream();
  });
}

// --- edges ------------------------------------------------------------------------------

std::optional<Block> ExecutionService::ProcessBlock(const OutgoingRequest& request) const {
  if (lease_ != nullptr && !lease_->MayStillSend()) {
    return Block{market::RejectReason::kGateClosed,
                 "this process no longer holds the shard's lease"};
  }
  if (!request.needs_verdict) return std::nullopt;
  if (const absl::Status health = shard_.health(); !health.ok()) {
    return Block{market::RejectReason::kGateClosed, std::string(health.message())};
  }
  return std::nullopt;
}

std::optional<Block> ExecutionService::OrderBlock(const OutgoingRequest& request) const {
  if (gate_ && request.needs_verdict) {
    if (std::optional<Block> block = gate_(request)) return block;
  }
  return engine_.SendBlock(request, clock_.Now());
}

void ExecutionService::Transmit(OutgoingRequest request) {
  wire::HttpExchange stopped{.request_id = request.id};
  if (const std::optional<Block> block = ProcessBlock(request)) {
    stopped.transport_error = NotSentError(*block);
    return DeliverAnswer(stopped);
  }
  if (const std::optional<Block> block = OrderBlock(request)) {
    const bool divides = request.wire.kind == venue::RequestKind::kPlaceBatch;
    stopped.transport_error = divides ? AnewError(*block) : NotSentError(*block);
    return DeliverAnswer(stopped);
  }
  NoteBytes(request);
  if (paper_)
    return shard_.Deliver(paper_port_, EncodePaperInput(request.id, request.wire.body),
                          clock_.Now());
  // A frame about an order; own updates are asked for on the stream.
  const bool by_socket = request.wire.method.empty() && (request.id & kQueryBit) == 0;
  if (by_socket && orders_) return orders_->Send(std::move(request));
  session_->Send(std::move(request));
}

void ExecutionService::DeliverAnswer(const wire::HttpExchange& exchange) {
  shard_.Deliver(http_port_, wire::EncodeInput(exchange), clock_.Now());
}

void ExecutionService::DeliverStream(const wire::StreamEvent& event) {
  shard_.Deliver(stream_port_, wire::EncodeInput(event), clock_.Now());
}

// --- for people --------------------------------------------------------------------------

bool ExecutionService::Inspect(bool dry_run, OnInspected done) {
  if (inspections_.size() >= kMaxInspections) return false;
  const uint64_t ticket = ++next_ticket_;
  inspections_.emplace(ticket, std::move(done));
  wire::CanonicalWriter out(16);
  out.U64(ticket);
  out.Bool(dry_run);
  shard_.Deliver(inspect_port_, out.bytes(), clock_.Now());
  return true;
}

void ExecutionService::Inspected(const std::vector<uint64_t>& tickets,
                                 const Comparison& comparison) {
  for (const uint64_t ticket : tickets) {
    auto asked = inspections_.extract(ticket);
    if (asked.empty()) continue;  // in a replay nobody waits
    executor_.Post([done = std::move(asked.mapped()), comparison] { done(comparison); });
  }
}

bool ExecutionService::Adjust(const AdjustRequest& request, OnAdjusted done) {
  if (adjustments_.size() >= kMaxInspections) return false;
  const uint64_t ticket = ++next_ticket_;
  adjustments_.emplace(ticket, std::move(done));
  shard_.Deliver(adjust_port_, EncodeAdjustRequest(ticket, request), clock_.Now());
  return true;
}

void ExecutionService::Adjusted(uint64_t ticket, const absl::StatusOr<AdjustAnswer>& answer) {
  auto asked = adjustments_.extract(ticket);
  if (asked.empty()) return;  // in a replay nobody waits
  shard_.AfterDurable([done = std::move(asked.mapped()), answer] { done(answer); });
}

void ExecutionService::Later(base::Duration delay, std::function<void()> task) {
  executor_.After(delay, [alive = std::weak_ptr<bool>(alive_), task = std::move(task)] {
    const auto held = alive.lock();
    if (held && *held) task();
  });
}

// The gate knows of a kill switch from the turn of its command on.
void ExecutionService::NoteStops() {
  const auto& stops = engine_.stops();
  if (stops.empty()) return;
  const StopRun& newest = stops.back();
  if (!stop_bytes_.empty() && stop_bytes_.back().number == newest.number) return;
  stop_bytes_.push_back({.number = newest.number, .gate_closed = clock_.Now()});
  if (stop_bytes_.size() > kMaxStops) stop_bytes_.pop_front();
}

const ExecutionService::StopBytes* ExecutionService::FindStop(uint64_t number) const {
  for (const StopBytes& bytes : stop_bytes_) {
    if (bytes.number == number) return &bytes;
  }
  return nullptr;
}

void ExecutionService::NoteBytes(const OutgoingRequest& request) {
  if (stop_bytes_.empty() || (request.id & kQueryBit) != 0) return;
  const base::Time now = clock_.Now();
  const auto note = [&](const market::ClientOrderId& id) {
    const TrackedOrder* order = engine_.state().Find(id);
    if (order == nullptr || order->emergency) return;
    for (const StopRun& run : engine_.stops()) {
      if (run.over || run.step == StopRun::Step::kVerified || !Covers(run.scope, order->intent))
        continue;
      for (StopBytes& bytes : stop_bytes_) {
        if (bytes.number != run.number) continue;
        (request.needs_verdict ? bytes.last_order : bytes.last_cancel) = now;
        ++(request.needs_verdict ? bytes.orders : bytes.cancels);
      }
    }
  };
  note(request.about);
  for (const market::ClientOrderId& other : request.others) note(other);
}

// --- life ----------------------------------------------------------------------------------

absl::Status ExecutionService::Start() {
  started_ = true;
  if (session_) {
    session_->Start();
    if (orders_) orders_->Start();
  } else {
    DeliverStream({"own", wire::StreamEvent::Kind::kOpened, ""});
  }
  return absl::OkStatus();
}

void ExecutionService::Drain(std::function<void()> done) {
  draining_ = true;
  shard_.Deliver(drain_port_, "", clock_.Now());
  FinishDrain(std::move(done));
}

void ExecutionService::FinishDrain(std::function<void()> done) {
  if (engine_.placements_under_way()) {
    executor_.After(kDrainPoll,
                    [this, alive = std::weak_ptr<bool>(alive_), done = std::move(done)]() mutable {
                      const auto held = alive.lock();
                      if (held && *held) FinishDrain(std::move(done));
                    });
    return;
  }
  if (session_) session_->Stop();
  if (orders_) orders_->Stop();
  done();
}

runtime::Health ExecutionService::health() const {
  runtime::Health health;
  health.reasons = engine_.Problems(shard_.now());
  if (orders_ && !orders_go_by_socket()) {
    health.reasons.push_back(
        "orders go by REST, since the order socket is not open; check the network and order_url, "
        "or set order_entry: rest");
  }
  if (bad_inputs_ > 0)
    health.reasons.push_back(
        absl::StrCat(bad_inputs_, " inputs could not be decoded; the journal holds them"));
  if (!started_ || draining_) {
    health.state = runtime::HealthState::kNotServing;
    health.reasons.push_back(draining_ ? "stopping" : "not started");
  } else {
    health.state =
        health.reasons.empty() ? runtime::HealthState::kServing : runtime::HealthState::kDegraded;
  }
  return health;
}

}  // namespace gannet::execution
