// The canonical encoding: the only bytes that hashes are taken over
// (docs/canonical.md). Fixed field order, big-endian fixed-width integers,
// length-prefixed UTF-8, explicit absence, one version byte; no maps, no floats.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "libs/base/digest.h"
#include "libs/base/time.h"
#include "libs/market/account.h"
#include "libs/market/header.h"
#include "libs/market/news.h"
#include "libs/market/order.h"
#include "libs/market/prediction.h"

namespace gannet::wire {

inline constexpr uint8_t kCanonicalVersion = 1;

class CanonicalWriter {
 public:
  CanonicalWriter() = default;
  // With room for this many bytes at once.
  explicit CanonicalWriter(size_t expected_bytes) { bytes_.reserve(expected_bytes); }

  void U8(uint8_t value) { bytes_.push_back(static_cast<char>(value)); }
  void U16(uint16_t value) { BigEndian(value, 2); }
  void U32(uint32_t value) { BigEndian(value, 4); }
  void U64(uint64_t value) { BigEndian(value, 8); }
  void I32(int32_t value) { U32(static_cast<uint32_t>(value)); }
  void I64(int64_t value) { U64(static_cast<uint64_t>(value)); }
  void I128(market::Int128 value);
  void Bool(bool value) { U8(value ? 1 : 0); }
  void Bytes(std::string_view bytes);  // u32 length, then the bytes
  void Fixed(std::string_view bytes) { bytes_.append(bytes); }
  void Time(base::Time value) { I64(base::UnixNanos(value)); }
  void Duration(base::Duration value) { I64(value.count()); }
  void Money(const market::Money& value) {
    U8(static_cast<uint8_t>(value.scale()));
    I128(value.units());
  }
  void Digest(const base::Sha256Digest& value);
  void EventId(const market::EventId& value) {
    U64(value.stream);
    U64(value.sequence);
  }
  template <class Tag>
  void Text(const base::TextId<Tag>& id) {
    Bytes(id.text());
  }

  const std::string& bytes() const { return bytes_; }
  std::string Take() { return std::move(bytes_); }

 private:
  void BigEndian(uint64_t value, int bytes);

  std::string bytes_;
};

// Reads what CanonicalWriter wrote, for snapshots. After the first failure every
// further read gives zero or empty, and status() says where it was.
class CanonicalReader {
 public:
  explicit CanonicalReader(std::string_view bytes) : rest_(bytes), size_(bytes.size()) {}
  uint8_t U8() { return static_cast<uint8_t>(BigEndian(1)); }
  uint16_t U16() { return static_cast<uint16_t>(BigEndian(2)); }
  uint32_t U32() { return static_cast<uint32_t>(BigEndian(4)); }
  uint64_t U64() { return BigEndian(8); }
  int32_t I32() { return static_cast<int32_t>(U32()); }
  int64_t I64() { return static_cast<int64_t>(U64()); }
  market::Int128 I128();
  bool Bool();  // anything but 0 and 1 fails
  std::string Bytes();
  base::Time Time() { return base::FromUnixNanos(I64()); }
  base::Duration Duration() { return base::Duration(I64()); }
  market::Money Money();
  base::Sha256Digest Digest();
  market::EventId EventId();
  template <class Id>
  Id Text() {
    return Id(Bytes());
  }

  bool ok() const { return !failed_; }
  bool done() const { return rest_.empty(); }
  // DATA_LOSS with the byte offset of the first failure.
  absl::Status status() const;

 private:
  std::string_view Take(size_t count);
  uint64_t BigEndian(size_t bytes);
  void Fail();

  std::string_view rest_;
  size_t size_;
  bool failed_ = false;
  size_t failed_at_ = 0;
};

// The canonical bytes of a value: version byte, type byte, fields. Header fields id,
// correlation, causation, event_time, receive_time belong to an event's bytes;
// publish_time and trace do not.
std::string Canonical(const market::Header& header);
std::string Canonical(const market::OrderIntent& intent);  // without `hash`
std::string Canonical(const market::RiskDecision& decision);
std::string Canonical(const market::ExecReport& report);
std::string Canonical(const market::NewsSignal& signal);
std::string Canonical(const market::Prediction& prediction);
std::string Canonical(const market::RiskState& state);
std::string Canonical(const market::PositionUpdate& position);
std::string Canonical(const market::BalanceUpdate& balance);

// SHA-256 of Canonical(intent): what a verdict and every attempt refer to.
base::Sha256Digest IntentHash(const market::OrderIntent& intent);

// "g1" + base64url of the first 120 bits of SHA-256 over the canonical (account, run,
// epoch, strategy, sequence) + attempt in decimal; 23 to 32 characters. `run` is the
// journal's and `epoch` the start's: a journal that was set back (restored from a copy)
// counts its sequences once more, and only the epoch is sure to be another then.
market::ClientOrderId MakeClientOrderId(const market::AccountId& account, uint64_t run,
                                        uint64_t epoch, const market::StrategyId& strategy,
                                        uint64_t sequence, uint32_t attempt);

}  // namespace gannet::wire
