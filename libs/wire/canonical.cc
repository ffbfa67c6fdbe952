#include "libs/wire/canonical.h"

#include <array>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "libs/base/check.h"
#include "libs/wire/canonical_account.h"

namespace gannet::wire {
namespace {

// The second byte of every canonical value: no two types share bytes.
enum class TypeTag : uint8_t {
  kHeader = 1,
  kOrderIntent = 2,
  kRiskDecision = 3,
  kExecReport = 4,
  kNewsSignal = 5,
  kPrediction = 6,
  kRiskState = 7,
  kPositionUpdate = 8,
  kBalanceUpdate = 9,
  kClientOrderId = 10,
  kAccountEvent = 11,
};

// More than most values need, so that writing rarely grows the string.
constexpr size_t kUsualBytes = 512;

CanonicalWriter Start(TypeTag tag) {
  CanonicalWriter out(kUsualBytes);
  out.U8(kCanonicalVersion);
  out.U8(static_cast<uint8_t>(tag));
  return out;
}

template <class Enum>
void Code(CanonicalWriter& out, Enum value) {
  out.U8(static_cast<uint8_t>(value));
}

void Count(CanonicalWriter& out, size_t count) {
  GANNET_CHECK(count <= UINT32_MAX, "a list outgrew its 32-bit count");
  out.U32(static_cast<uint32_t>(count));
}

void Write(CanonicalWriter& out, const market::OrderIntent& intent) {
  Code(out, intent.kind);
  out.Text(intent.account);
  out.Text(intent.strategy);
  out.U64(intent.sequence);
  out.U32(intent.attempt);
  out.Text(intent.client_order_id);
  out.Text(intent.target);
  out.Text(intent.parent);
  out.Text(intent.instrument);
  out.U32(intent.instrument_version);
  Code(out, intent.side);
  Code(out, intent.type);
  Code(out, intent.time_in_force);
  out.I64(intent.price.mantissa);
  out.I64(intent.stop_price.mantissa);
  out.I64(intent.quantity.mantissa);
  out.Bool(intent.reduce_only);
  out.Time(intent.created);
  out.Time(intent.expires);
  out.Bytes(intent.reason);
  out.Bytes(intent.model_version);
  out.EventId(intent.signal);
  // Came later: the bytes, and so the hashes, of all other types are as they were without it.
  if (intent.type == market::OrderType::kTrailingStop) out.U32(intent.trailing_bps);
}

void Write(CanonicalWriter& out, const market::Fill& fill) {
  out.Bytes(fill.trade_id);
  out.I64(fill.price.mantissa);
  out.I64(fill.quantity.mantissa);
  out.Money(fill.fee);
  out.Text(fill.fee_asset);
  Code(out, fill.liquidity);
}

void Write(CanonicalWriter& out, const market::Entity& entity) {
  out.Bytes(entity.id);
  out.Bytes(entity.text);
  out.U32(entity.offset);
  out.I32(entity.sentiment_ppm);
}

}  // namespace

void CanonicalWriter::BigEndian(uint64_t value, int bytes) {
  // The wanted bytes to the top, then turned round: two instructions, no loop.
  const uint64_t swapped = __builtin_bswap64(value << (8 * (8 - bytes)));
  char buffer[8];
  std::memcpy(buffer, &swapped, sizeof buffer);
  bytes_.append(buffer, static_cast<size_t>(bytes));
}

void CanonicalWriter::I128(market::Int128 value) {
  const auto units = static_cast<unsigned __int128>(value);
  U64(static_cast<uint64_t>(units >> 64));
  U64(static_cast<uint64_t>(units));
}

void CanonicalWriter::Bytes(std::string_view bytes) {
  GANNET_CHECK(bytes.size() <= UINT32_MAX, "text outgrew its 32-bit length");
  U32(static_cast<uint32_t>(bytes.size()));
  bytes_.append(bytes);
}

void CanonicalWriter::Digest(const base::Sha256Digest& value) {
  bytes_.append(value.begin(), value.end());
}

std::string_view CanonicalReader::Take(size_t count) {
  if (failed_) return {};
  if (count > rest_.size()) {
    Fail();
    return {};
  }
  const std::string_view taken = rest_.substr(0, count);
  rest_.remove_prefix(count);
  return taken;
}

void CanonicalReader::Fail() {
  if (failed_) return;
  failed_ = true;
  failed_at_ = size_ - rest_.size();
}

uint64_t CanonicalReader::BigEndian(size_t bytes) {
  uint64_t value = 0;
  for (const char c : Take(bytes)) value = value << 8 | static_cast<uint8_t>(c);
  return value;
}

market::Int128 CanonicalReader::I128() {
  const auto high = static_cast<unsigned __int128>(U64());
  const uint64_t low = U64();
  return ok() ? static_cast<market::Int128>(high << 64 | low) : market::Int128{0};
}

bool CanonicalReader::Bool() {
  if (!failed_ && !rest_.empty() && static_cast<uint8_t>(rest_.front()) > 1) Fail();
  return U8() == 1;
}

std::string CanonicalReader::Bytes() {
  const size_t length = U32();
  return std::string(Take(length));
}

market::Money CanonicalReader::Money() {
  if (!failed_ && !rest_.empty() && static_cast<uint8_t>(rest_.front()) > market::kMaxScale) Fail();
  const int scale = U8();
  return market::Money(I128(), scale);
}

base::Sha256Digest CanonicalReader::Digest() {
  base::Sha256Digest digest{};
  size_t index = 0;
  for (const char c : Take(digest.size())) digest[index++] = static_cast<uint8_t>(c);
  return digest;
}

market::EventId CanonicalReader::EventId() {
  market::EventId id;
  id.stream = U64();
  id.sequence = U64();
  return id;
}

absl::Status CanonicalReader::status() const {
  if (!failed_) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat("canonical bytes are damaged at offset ", failed_at_, " of ", size_));
}

std::string Canonical(const market::Header& header) {
  CanonicalWriter out = Start(TypeTag::kHeader);
  out.EventId(header.id);
  out.EventId(header.correlation);
  out.EventId(header.causation);
  out.Time(header.event_time);
  out.Time(header.receive_time);
  return out.Take();
}

std::string Canonical(const market::OrderIntent& intent) {
  CanonicalWriter out = Start(TypeTag::kOrderIntent);
  Write(out, intent);
  return out.Take();
}

std::string Canonical(const market::RiskDecision& decision) {
  CanonicalWriter out = Start(TypeTag::kRiskDecision);
  Write(out, decision.intent);
  out.Digest(decision.intent.hash);
  out.Bool(decision.permitted);
  Code(out, decision.reason);
  Count(out, decision.failing.size());
  for (const market::RejectReason reason : decision.failing) Code(out, reason);
  out.Bytes(decision.detail);
  out.U64(decision.limit_version);
  out.U64(decision.epoch);
  out.Time(decision.decided);
  out.Time(decision.expires);
  out.Money(decision.reserved);
  out.I64(decision.reference_price.mantissa);
  return out.Take();
}

std::string Canonical(const market::ExecReport& report) {
  CanonicalWriter out = Start(TypeTag::kExecReport);
  Code(out, report.kind);
  out.Text(report.account);
  out.Text(report.strategy);
  out.Text(report.instrument);
  out.U32(report.instrument_version);
  out.Text(report.client_order_id);
  out.Text(report.venue_order_id);
  out.Text(report.target);
  Code(out, report.side);
  Code(out, report.previous);
  Code(out, report.state);
  out.I64(report.quantity.mantissa);
  out.I64(report.cumulative.mantissa);
  out.I64(report.price.mantissa);
  out.Bool(report.fill.has_value());
  if (report.fill) Write(out, *report.fill);
  Code(out, report.local_reason);
  out.Bytes(report.venue_code);
  out.Bytes(report.detail);
  out.Digest(report.intent_hash);
  out.Bytes(report.evidence);
  out.EventId(report.signal);
  out.Bytes(report.model_version);
  return out.Take();
}

std::string Canonical(const market::NewsSignal& signal) {
  CanonicalWriter out = Start(TypeTag::kNewsSignal);
  out.EventId(signal.item);
  out.Bytes(signal.title);
  out.Bytes(signal.source);
  out.Bytes(signal.source_id);
  Code(out, signal.type);
  out.U32(signal.type_probability_ppm);
  out.I32(signal.sentiment_ppm);
  out.U32(signal.novelty_ppm);
  out.U32(signal.confidence_ppm);
  Code(out, signal.relation);
  out.EventId(signal.original);
  Count(out, signal.entities.size());
  for (const market::Entity& entity : signal.entities) Write(out, entity);
  Count(out, signal.instruments.size());
  for (const market::InstrumentId& instrument : signal.instruments) out.Text(instrument);
  out.Bytes(signal.classifier_version);
  out.Bytes(signal.dictionary_version);
  out.Duration(signal.latency);
  return out.Take();
}

std::string Canonical(const market::Prediction& prediction) {
  CanonicalWriter out = Start(TypeTag::kPrediction);
  out.Text(prediction.instrument);
  out.Bytes(prediction.model);
  out.Bytes(prediction.version);
  out.Duration(prediction.horizon);
  out.U32(prediction.down_ppm);
  out.U32(prediction.flat_ppm);
  out.U32(prediction.up_ppm);
  out.Digest(prediction.feature_hash);
  Code(out, prediction.drift);
  return out.Take();
}

std::string Canonical(const market::RiskState& state) {
  CanonicalWriter out = Start(TypeTag::kRiskState);
  Code(out, state.scope.kind);
  out.Bytes(state.scope.name);
  Code(out, state.state);
  out.Bool(state.killed);
  out.Bytes(state.reason);
  out.Bytes(state.person);
  out.U64(state.limit_version);
  out.U64(state.epoch);
  return out.Take();
}

std::string Canonical(const market::PositionUpdate& position) {
  CanonicalWriter out = Start(TypeTag::kPositionUpdate);
  out.Text(position.account);
  out.Text(position.strategy);
  out.Text(position.instrument);
  out.U32(position.instrument_version);
  out.I64(position.net.mantissa);
  out.I64(position.average_price.mantissa);
  out.Money(position.realized_pnl);
  out.Money(position.fees);
  return out.Take();
}

std::string Canonical(const market::BalanceUpdate& balance) {
  CanonicalWriter out = Start(TypeTag::kBalanceUpdate);
  out.Text(balance.account);
  out.Bytes(balance.venue);
  out.Text(balance.asset);
  out.Money(balance.free);
  out.Money(balance.locked);
  return out.Take();
}

std::string Canonical(const market::AccountEvent& event) {
  CanonicalWriter out = Start(TypeTag::kAccountEvent);
  Code(out, event.kind);
  out.Text(event.account);
  out.Bytes(event.venue);
  out.Bytes(event.id);
  out.Text(event.strategy);
  out.Text(event.instrument);
  out.U32(event.instrument_version);
  out.Text(event.client_order_id);
  out.I64(event.quantity.mantissa);
  out.I64(event.price.mantissa);
  Count(out, event.changes.size());
  for (const market::AssetChange& change : event.changes) {
    out.Text(change.asset);
    out.Money(change.amount);
  }
  out.Bytes(event.evidence);
  out.Bytes(event.person);
  out.Time(event.time);
  return out.Take();
}

// Who makes an intent, the gate and execution ask for the hash of the same one within a turn.
// What this thread has hashed lately is not hashed again, if it is the same in every field and
// carries the hash that was found then.
base::Sha256Digest IntentHash(const market::OrderIntent& intent) {
  thread_local std::array<market::OrderIntent, 4> hashed;
  thread_local size_t next = 0;
  if (intent.hash != base::Sha256Digest{}) {
    for (const market::OrderIntent& known : hashed) {
      if (intent == known) return known.hash;
    }
  }
  const base::Sha256Digest digest = base::Sha256(Canonical(intent));
  market::OrderIntent& oldest = hashed[next++ % hashed.size()];
  oldest = intent;
  oldest.hash = digest;
  return digest;
}

market::ClientOrderId MakeClientOrderId(const market::AccountId& account, uint64_t run,
                                        uint64_t epoch, const market::StrategyId& strategy,
                                        uint64_t sequence, uint32_t attempt) {
  CanonicalWriter out = Start(TypeTag::kClientOrderId);
  out.Text(account);
  out.U64(run);
  out.U64(epoch);
  out.Text(strategy);
  out.U64(sequence);
  const base::Sha256Digest digest = base::Sha256(out.bytes());
  // 120 bits are 20 characters without padding: the attempt starts at character 22.
  constexpr size_t kIdBytes = 15;
  const std::string first(digest.begin(), digest.begin() + kIdBytes);
  return market::ClientOrderId(absl::StrCat("g1", base::Base64Url(first), attempt));
}

}  // namespace gannet::wire
