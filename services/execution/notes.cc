#include "services/execution/notes.h"

#include "libs/base/status.h"
#include "libs/wire/saved.h"

namespace gannet::execution {
namespace {

wire::CanonicalWriter Start() {
  wire::CanonicalWriter out(512);
  out.U8(kNoteVersion);
  return out;
}

wire::EngineNote Note(std::string_view kind, wire::CanonicalWriter& out) {
  return {kEngineName, std::string(kind), out.Take()};
}

absl::Status CheckEnd(const wire::CanonicalReader& in) {
  GANNET_RETURN_IF_ERROR(in.status());
  if (!in.done()) return absl::DataLossError("bytes after the end of a note");
  return absl::OkStatus();
}

template <class T>
absl::StatusOr<T> Finish(wire::CanonicalReader& in, T value) {
  GANNET_RETURN_IF_ERROR(CheckEnd(in));
  return value;
}

absl::Status CheckVersion(wire::CanonicalReader& in) {
  const uint8_t version = in.U8();
  if (in.ok() && version != kNoteVersion) {
    return absl::FailedPreconditionError(
        "a note of execution has a newer format; use the build that wrote it");
  }
  return absl::OkStatus();
}

bool IsBatch(venue::RequestKind kind) {
  return kind == venue::RequestKind::kPlaceBatch || kind == venue::RequestKind::kCancelBatch;
}

// The body is in two parts.
wire::EngineNote ToNote(const RequestNote& note, std::string_view method, std::string_view target,
                        std::string_view body, std::string_view rest_of_body) {
  wire::CanonicalWriter out = Start();
  out.U64(note.id);
  out.U8(static_cast<uint8_t>(note.kind));
  out.Text(note.order);
  out.Text(note.target);
  out.I64(note.quantity.mantissa);
  out.Time(note.timestamp);
  out.Duration(note.receive_window);
  out.Bytes(method);
  out.Bytes(target);
  out.U32(static_cast<uint32_t>(body.size() + rest_of_body.size()));
  out.Fixed(body);
  out.Fixed(rest_of_body);
  if (IsBatch(note.kind)) {
    out.U32(static_cast<uint32_t>(note.others.size()));
    for (const market::ClientOrderId& other : note.others) out.Text(other);
  }
  return Note(kRequestNote, out);
}

}  // namespace

void Write(wire::CanonicalWriter& out, const market::Scope& scope) {
  out.U8(static_cast<uint8_t>(scope.kind));
  out.Bytes(scope.name);
}
market::Scope ReadScope(wire::CanonicalReader& in) {
  market::Scope scope;
  scope.kind = static_cast<market::ScopeKind>(in.U8());
  scope.name = in.Bytes();
  return scope;
}

void Write(wire::CanonicalWriter& out, const market::RiskDecision& verdict) {
  wire::SaveIntent(out, verdict.intent);
  out.U64(verdict.limit_version);
  out.U64(verdict.epoch);
  out.Time(verdict.decided);
  out.Time(verdict.expires);
  out.Money(verdict.reserved);
  out.I64(verdict.reference_price.mantissa);
}
market::RiskDecision ReadVerdict(wire::CanonicalReader& in) {
  market::RiskDecision verdict;
  verdict.intent = wire::LoadIntent(in);
  verdict.permitted = true;
  verdict.limit_version = in.U64();
  verdict.epoch = in.U64();
  verdict.decided = in.Time();
  verdict.expires = in.Time();
  verdict.reserved = in.Money();
  verdict.reference_price.mantissa = in.I64();
  return verdict;
}

wire::EngineNote ToNote(const RequestNote& note) {
  return ToNote(note, note.method, note.target_path, note.body, "");
}

wire::EngineNote ToNote(const RequestNote& note, const venue::WireRequest& request) {
  const std::string_view body = request.body;
  const auto [key_at, key_bytes] = request.key_in_body;
  return ToNote(note, request.method, request.target, body.substr(0, key_at),
                body.substr(key_at + key_bytes));
}

absl::StatusOr<RequestNote> ReadRequestNote(std::string_view body) {
  wire::CanonicalReader in(body);
  GANNET_RETURN_IF_ERROR(CheckVersion(in));
  absl::StatusOr<RequestNote> read{RequestNote()};
  RequestNote& note = *read;  // where it stays: one is read on each order's way
  note.id = in.U64();
  note.kind = static_cast<venue::RequestKind>(in.U8());
  note.order = in.Text<market::ClientOrderId>();
  note.target = in.Text<market::ClientOrderId>();
  note.quantity.mantissa = in.I64();
  note.timestamp = in.Time();
  note.receive_window = in.Duration();
  note.method = in.Bytes();
  note.target_path = in.Bytes();
  note.body = in.Bytes();
  if (IsBatch(note.kind)) {
    for (uint32_t left = in.U32(); left > 0 && in.ok(); --left)
      note.others.push_back(in.Text<market::ClientOrderId>());
  }
  GANNET_RETURN_IF_ERROR(CheckEnd(in));
  return read;
}

wire::EngineNote ToNote(const CancelNote& note) {
  wire::CanonicalWriter out = Start();
  out.Text(note.cancel);
  out.Text(note.order);
  return Note(kCancelNote, out);
}

absl::StatusOr<CancelNote> ReadCancelNote(std::string_view body) {
  wire::CanonicalReader in(body);
  GANNET_RETURN_IF_ERROR(CheckVersion(in));
  CancelNote note;
  note.cancel = in.Text<market::ClientOrderId>();
  note.order = in.Text<market::ClientOrderId>();
  return Finish(in, std::move(note));
}

wire::EngineNote ToNote(const GateNote& note) {
  wire::CanonicalWriter out = Start();
  Write(out, note.scope);
  out.Bool(note.killed);
  out.Bytes(note.reason);
  out.Bytes(note.person);
  if (note.flatten) WriteFlatten(out, note);
  return Note(kGateNote, out);
}

void WriteFlatten(wire::CanonicalWriter& out, const GateNote& note) {
  out.Bool(note.flatten.has_value());
  if (!note.flatten) return;
  out.EventId(note.flatten->command);
  out.Bytes(note.flatten->request_id);
}
void ReadFlatten(wire::CanonicalReader& in, GateNote& note) {
  if (in.Bool()) note.flatten = GateNote::Flatten{in.EventId(), in.Bytes()};
}

wire::EngineNote ToNote(const EmergencyNote& note) {
  wire::CanonicalWriter out = Start();
  Write(out, note.scope);
  out.EventId(note.command);
  out.Bytes(note.person);
  out.Money(note.proven);
  out.Bytes(note.evidence);
  Write(out, note.verdict);
  return Note(kEmergencyNote, out);
}

absl::StatusOr<EmergencyNote> ReadEmergencyNote(std::string_view body) {
  wire::CanonicalReader in(body);
  GANNET_RETURN_IF_ERROR(CheckVersion(in));
  EmergencyNote note;
  note.scope = ReadScope(in);
  note.command = in.EventId();
  note.person = in.Bytes();
  note.proven = in.Money();
  note.evidence = in.Bytes();
  note.verdict = ReadVerdict(in);
  return Finish(in, std::move(note));
}

absl::StatusOr<GateNote> ReadGateNote(std::string_view body) {
  wire::CanonicalReader in(body);
  GANNET_RETURN_IF_ERROR(CheckVersion(in));
  GateNote note;
  note.scope = ReadScope(in);
  note.killed = in.Bool();
  note.reason = in.Bytes();
  note.person = in.Bytes();
  if (in.ok() && !in.done()) ReadFlatten(in, note);
  return Finish(in, std::move(note));
}

wire::EngineNote ToNote(const BalanceNote& note) {
  wire::CanonicalWriter out = Start();
  out.U8(static_cast<uint8_t>(note.kind));
  out.Text(note.asset);
  out.Money(note.amount);
  out.Bytes(note.evidence);
  out.Time(note.time);
  return Note(kBalanceNote, out);
}

absl::StatusOr<BalanceNote> ReadBalanceNote(std::string_view body) {
  wire::CanonicalReader in(body);
  GANNET_RETURN_IF_ERROR(CheckVersion(in));
  BalanceNote note;
  note.kind = static_cast<BalanceNote::Kind>(in.U8());
  note.asset = in.Text<market::AssetId>();
  note.amount = in.Money();
  note.evidence = in.Bytes();
  note.time = in.Time();
  return Finish(in, std::move(note));
}

wire::EngineNote ToNote(const PositionNote& note) {
  wire::CanonicalWriter out = Start();
  out.U8(static_cast<uint8_t>(note.kind));
  out.Text(note.instrument);
  out.Money(note.quantity);
  out.Bytes(note.evidence);
  return Note(kPositionNote, out);
}

absl::StatusOr<PositionNote> ReadPositionNote(std::string_view body) {
  wire::CanonicalReader in(body);
  GANNET_RETURN_IF_ERROR(CheckVersion(in));
  PositionNote note;
  note.kind = static_cast<PositionNote::Kind>(in.U8());
  note.instrument = in.Text<market::InstrumentId>();
  note.quantity = in.Money();
  note.evidence = in.Bytes();
  return Finish(in, std::move(note));
}

wire::EngineNote ToNote(const TradesNote& note) {
  wire::CanonicalWriter out = Start();
  out.Text(note.instrument);
  out.U64(note.trade_id);
  return Note(kTradesNote, out);
}

absl::StatusOr<TradesNote> ReadTradesNote(std::string_view body) {
  wire::CanonicalReader in(body);
  GANNET_RETURN_IF_ERROR(CheckVersion(in));
  TradesNote note;
  note.instrument = in.Text<market::InstrumentId>();
  note.trade_id = in.U64();
  return Finish(in, std::move(note));
}

wire::EngineNote ToNote(const TakenOverNote& note) {
  wire::CanonicalWriter out = Start();
  out.Text(note.order);
  out.Bytes(note.trade_id);
  out.I64(note.quantity.mantissa);
  return Note(kTakenOverNote, out);
}

absl::StatusOr<TakenOverNote> ReadTakenOverNote(std::string_view body) {
  wire::CanonicalReader in(body);
  GANNET_RETURN_IF_ERROR(CheckVersion(in));
  TakenOverNote note;
  note.order = in.Text<market::ClientOrderId>();
  note.trade_id = in.Bytes();
  note.quantity.mantissa = in.I64();
  return Finish(in, std::move(note));
}

void Write(wire::CanonicalWriter& out, const AdjustmentNote& note) {
  out.U8(static_cast<uint8_t>(note.step));
  out.U64(note.proposal);
  out.Text(note.asset);
  out.Text(note.instrument);
  out.Money(note.amount);
  out.I64(note.price.mantissa);
  out.Bytes(note.person);
  out.Bytes(note.reason);
  out.Time(note.time);
}

AdjustmentNote ReadAdjustment(wire::CanonicalReader& in) {
  AdjustmentNote note;
  note.step = static_cast<AdjustmentNote::Step>(in.U8());
  note.proposal = in.U64();
  note.asset = in.Text<market::AssetId>();
  note.instrument = in.Text<market::InstrumentId>();
  note.amount = in.Money();
  note.price.mantissa = in.I64();
  note.person = in.Bytes();
  note.reason = in.Bytes();
  note.time = in.Time();
  return note;
}

void WriteOrderOf(wire::CanonicalWriter& out, const AdjustmentNote& note) {
  out.Text(note.order);
  out.Bytes(note.evidence);
}

void ReadOrderOf(wire::CanonicalReader& in, AdjustmentNote& note) {
  note.order = in.Text<market::ClientOrderId>();
  note.evidence = in.Bytes();
}

wire::EngineNote ToNote(const AdjustmentNote& note) {
  wire::CanonicalWriter out = Start();
  Write(out, note);
  if (!note.order.empty() || note.transfer) WriteOrderOf(out, note);
  if (note.transfer) out.Bool(true);
  return Note(kAdjustmentNote, out);
}

absl::StatusOr<AdjustmentNote> ReadAdjustmentNote(std::string_view body) {
  wire::CanonicalReader in(body);
  GANNET_RETURN_IF_ERROR(CheckVersion(in));
  AdjustmentNote note = ReadAdjustment(in);
  if (in.ok() && !in.done()) ReadOrderOf(in, note);
  if (in.ok() && !in.done()) note.transfer = in.Bool();
  return Finish(in, std::move(note));
}

wire::EngineNote ToNote(const HaltNote& note) {
  wire::CanonicalWriter out = Start();
  out.Text(note.instrument);
  out.Bool(note.halted);
  out.Bytes(note.reason);
  out.Bytes(note.person);
  return Note(kHaltNote, out);
}

absl::StatusOr<HaltNote> ReadHaltNote(std::string_view body) {
  wire::CanonicalReader in(body);
  GANNET_RETURN_IF_ERROR(CheckVersion(in));
  HaltNote note;
  note.instrument = in.Text<market::InstrumentId>();
  note.halted = in.Bool();
  note.reason = in.Bytes();
  note.person = in.Bytes();
  return Finish(in, std::move(note));
}

void WritePartsOf(wire::CanonicalWriter& out, const PauseNote& note) {
  for (const base::Time until : {note.orders, note.amendments, note.cancels, note.queries})
    out.Time(until);
}
void ReadPartsOf(wire::CanonicalReader& in, PauseNote& note) {
  for (base::Time* until : {&note.orders, &note.amendments, &note.cancels, &note.queries})
    *until = in.Time();
}

wire::EngineNote ToNote(const PauseNote& note) {
  wire::CanonicalWriter out = Start();
  out.Time(note.until);
  out.Bool(note.banned);
  if (note != Pauses{note.until, note.banned}) WritePartsOf(out, note);
  return Note(kPauseNote, out);
}

absl::StatusOr<PauseNote> ReadPauseNote(std::string_view body) {
  wire::CanonicalReader in(body);
  GANNET_RETURN_IF_ERROR(CheckVersion(in));
  PauseNote note;
  note.until = in.Time();
  note.banned = in.Bool();
  if (in.ok() && !in.done()) ReadPartsOf(in, note);
  return Finish(in, note);
}

wire::EngineNote ToNote(const market::Instrument& instrument) {
  wire::CanonicalWriter out = Start();
  wire::SaveInstrument(out, instrument);
  return Note(kInstrumentNote, out);
}

absl::StatusOr<market::Instrument> ReadInstrumentNote(std::string_view body) {
  wire::CanonicalReader in(body);
  GANNET_RETURN_IF_ERROR(CheckVersion(in));
  market::Instrument instrument = wire::LoadInstrument(in);
  return Finish(in, std::move(instrument));
}

}  // namespace gannet::execution
