// Private to libs/wire: what the codec_*.cc files share. Includes generated code.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gannet/common/v1/amount.pb.h"
#include "gannet/common/v1/header.pb.h"
#include "gannet/ml/v1/prediction.pb.h"
#include "gannet/order/v1/order.pb.h"
#include "gannet/order/v1/parent.pb.h"
#include "google/protobuf/arena.h"
#include "google/protobuf/message_lite.h"
#include "libs/base/check.h"
#include "libs/base/digest.h"
#include "libs/base/text_id.h"
#include "libs/base/time.h"
#include "libs/market/account.h"
#include "libs/market/header.h"
#include "libs/market/money.h"
#include "libs/market/parent.h"
#include "libs/market/prediction.h"
#include "libs/market/price.h"
#include "libs/wire/codec.h"
#include "libs/wire/message_writer.h"

namespace gannet::wire {

namespace common_pb = ::gannet::common::v1;

// Two-way table between a domain enum and its proto mirror, from pairs. Proto
// numbers never change; domain numbers may.
template <class Domain, class Proto, size_t count>
class EnumTable {
 public:
  constexpr explicit EnumTable(const std::pair<Domain, Proto> (&pairs)[count]) {
    for (const auto& [domain, proto] : pairs) {
      to_proto_[static_cast<size_t>(domain)] = static_cast<uint8_t>(proto);
      to_domain_[static_cast<size_t>(proto)] =
          static_cast<uint8_t>(static_cast<size_t>(domain) + 1);
    }
  }
  Proto ToProto(Domain value) const {
    const auto index = static_cast<size_t>(value);
    GANNET_CHECK(index < kRange && to_proto_[index] != 0, "an enumerator that its enum lacks");
    return static_cast<Proto>(to_proto_[index]);
  }
  constexpr std::optional<Domain> ToDomain(int value) const {
    if (value <= 0 || static_cast<size_t>(value) >= kRange) return std::nullopt;
    const uint8_t stored = to_domain_[static_cast<size_t>(value)];
    if (stored == 0) return std::nullopt;
    return static_cast<Domain>(stored - 1);
  }

 private:
  static constexpr size_t kRange = 64;
  std::array<uint8_t, kRange> to_proto_{};   // 0: not in the table
  std::array<uint8_t, kRange> to_domain_{};  // domain number + 1; 0: not in the table
};

// The first thing found wrong with a message; later ones are dropped.
class Problem {
 public:
  bool found() const { return !field_.empty(); }
  void Add(std::string_view field, std::string what) {
    if (found()) return;
    field_ = field;
    what_ = std::move(what);
  }
  // What was found in the message at `field`.
  void AddInside(std::string_view field, const Problem& inside);
  absl::Status status(std::string_view message) const;

  template <class Domain, class Proto, size_t count>
  Domain Enum(const EnumTable<Domain, Proto, count>& table, int value, std::string_view field) {
    const std::optional<Domain> found_value = table.ToDomain(value);
    if (!found_value) Add(field, UnknownEnum(value));
    return found_value.value_or(Domain{});
  }
  void Require(bool present, std::string_view field) {
    if (!present) Add(field, "is missing");
  }
  // Text that must not be empty. Never of a fact: see codec.h.
  template <class Id>
  Id RequiredText(const std::string& text, std::string_view field) {
    Require(!text.empty(), field);
    return Id(text);
  }
  base::Sha256Digest Digest(const std::string& bytes, std::string_view field);
  market::Money Money(bool present, const common_pb::Money& money, std::string_view field);
  int Scale(uint32_t scale, std::string_view field);

 private:
  static std::string UnknownEnum(int value);

  std::string field_;
  std::string what_;
};

extern const EnumTable<market::Side, common_pb::Side, 2> kSides;
extern const EnumTable<market::OrderType, ::gannet::order::v1::OrderType, 7> kOrderTypes;
extern const EnumTable<market::TimeInForce, ::gannet::order::v1::TimeInForce, 5> kTimesInForce;
extern const EnumTable<market::DriftState, ::gannet::ml::v1::DriftState, 4> kDriftStates;

market::EventId EventIdFrom(const common_pb::EventId& message);
void WriteScope(int field, const market::Scope& scope, MessageWriter& out);
market::Scope ScopeFrom(const common_pb::Scope& message, Problem& problem);
void WriteIntent(const market::OrderIntent& intent, MessageWriter& out);
market::OrderIntent IntentFrom(const ::gannet::order::v1::OrderIntent& message, Problem& problem);
void WritePlan(const market::AlgoPlan& plan, MessageWriter& out);
// `field` names the algorithm in what is wrong.
market::AlgoPlan PlanFrom(const ::gannet::order::v1::AlgoPlan& message, Problem& problem,
                          std::string_view field);
void WriteHeader(const market::Header& header, MessageWriter& out);
market::Header HeaderFrom(const common_pb::Header& message, Problem& problem);

// How a type travels. Specialised in the codec_*.cc files with
//   using Envelope = …Event;            the topic's message: header and value
//   static void Write(const T&, MessageWriter&);   by the numbers of the fields
//   static T From(const Message&, Problem&);
template <class T>
struct Convert;

// One arena a thread, reused: a message that is read costs no allocation but its strings.
class ScratchArena {
 public:
  ScratchArena();
  ~ScratchArena();
  ScratchArena(const ScratchArena&) = delete;
  ScratchArena& operator=(const ScratchArena&) = delete;
  template <class Message>
  Message& Make() {
    return *google::protobuf::Arena::CreateMessage<Message>(&arena_);
  }

 private:
  google::protobuf::Arena& arena_;
};

// Fills `message`, or says why not.
absl::Status Parse(std::string_view bytes, google::protobuf::MessageLite& message);

template <class T>
std::string Encode(const market::Event<T>& event) {
  using Envelope = typename Convert<T>::Envelope;
  MessageWriter out;
  out.LongMessage(Envelope::kHeaderFieldNumber,
                  [&](MessageWriter& part) { WriteHeader(event.header, part); });
  out.LongMessage(Envelope::kValueFieldNumber,
                  [&](MessageWriter& part) { Convert<T>::Write(event.value, part); });
  return out.Take();
}

template <class T>
absl::StatusOr<market::Event<T>> Decode(std::string_view bytes) {
  ScratchArena arena;
  auto& envelope = arena.Make<typename Convert<T>::Envelope>();
  if (absl::Status parsed = Parse(bytes, envelope); !parsed.ok()) return parsed;
  Problem problem;
  problem.Require(envelope.has_header(), "header");
  problem.Require(envelope.has_value(), "value");
  market::Event<T> event;
  if (!problem.found()) event.header = HeaderFrom(envelope.header(), problem);
  if (!problem.found()) event.value = Convert<T>::From(envelope.value(), problem);
  if (problem.found()) return problem.status(envelope.GetTypeName());
  return event;
}

}  // namespace gannet::wire

// Makes Encode and Decode of one event type, after its Convert.
#define GANNET_WIRE_INSTANTIATE(Type)                                  \
  template std::string Encode<Type>(const market::Event<Type>& event); \
  template absl::StatusOr<market::Event<Type>> Decode<Type>(std::string_view bytes)
