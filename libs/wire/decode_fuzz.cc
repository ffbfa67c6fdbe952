// Every decoder on arbitrary bytes: the first byte picks the type. What is taken
// must encode, and come back from that as it was. fuzz_replay_test.cc runs the
// same on the golden bytes and mutations of them, with any compiler.
#include "libs/wire/decode_fuzz.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "libs/base/check.h"
#include "libs/market/account_event.h"
#include "libs/market/heartbeat.h"
#include "libs/wire/canonical.h"
#include "libs/wire/canonical_account.h"
#include "libs/wire/codec.h"

namespace gannet::wire {
namespace {

template <class T>
void FuzzEvent(std::string_view bytes) {
  const auto event = Decode<T>(bytes);
  if (!event.ok()) {
    GANNET_CHECK(event.status().code() == absl::StatusCode::kInvalidArgument,
                 "refusal is INVALID_ARGUMENT");
    return;
  }
  const std::string written = Encode(*event);
  const auto again = Decode<T>(written);
  GANNET_CHECK(again.ok(), "what was decoded encodes to something that decodes");
  GANNET_CHECK(Encode(*again) == written, "bytes are stable after one round");
  if constexpr (requires { Canonical(event->value); }) {
    GANNET_CHECK(Canonical(event->value) == Canonical(again->value),
                 "canonical bytes survive the wire");
  }
}

void FuzzHttpExchange(std::string_view bytes) {
  const auto input = DecodeHttpExchange(bytes);
  if (input.ok())
    GANNET_CHECK(*DecodeHttpExchange(EncodeInput(*input)) == *input, "inputs survive");
}

void FuzzStreamEvent(std::string_view bytes) {
  const auto input = DecodeStreamEvent(bytes);
  if (input.ok()) GANNET_CHECK(*DecodeStreamEvent(EncodeInput(*input)) == *input, "inputs survive");
}

void FuzzReader(std::string_view bytes) {
  CanonicalReader in(bytes);
  while (in.ok() && !in.done()) {
    switch (in.U8() % 8) {
      case 0:
        in.Bytes();
        break;
      case 1:
        in.Money();
        break;
      case 2:
        in.Bool();
        break;
      case 3:
        in.Digest();
        break;
      case 4:
        in.EventId();
        break;
      case 5:
        in.I128();
        break;
      case 6:
        in.U16();
        break;
      default:
        in.Time();
        break;
    }
  }
}

constexpr std::array kTargets = {
    &FuzzEvent<market::Instrument>,
    &FuzzEvent<market::Trade>,
    &FuzzEvent<market::Quote>,
    &FuzzEvent<market::BookUpdate>,
    &FuzzEvent<market::Bar>,
    &FuzzEvent<market::MarketStatus>,
    &FuzzEvent<market::NewsItem>,
    &FuzzEvent<market::NewsSignal>,
    &FuzzEvent<market::Prediction>,
    &FuzzEvent<market::OrderIntent>,
    &FuzzEvent<market::RiskDecision>,
    &FuzzEvent<market::ExecReport>,
    &FuzzEvent<market::PositionUpdate>,
    &FuzzEvent<market::BalanceUpdate>,
    &FuzzEvent<market::RiskState>,
    &FuzzEvent<market::LimitEvent>,
    &FuzzEvent<market::Command>,
    &FuzzEvent<market::CommandAnswer>,
    &FuzzEvent<EngineNote>,
    &FuzzEvent<market::AccountEvent>,
    &FuzzHttpExchange,
    &FuzzStreamEvent,
    &FuzzReader,
    &FuzzEvent<market::ParentOrder>,
    &FuzzEvent<market::Heartbeat>,
};

}  // namespace

size_t FuzzTargets() { return kTargets.size(); }

}  // namespace gannet::wire

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string bytes(data + 1, data + size);
  gannet::wire::kTargets[data[0] % gannet::wire::kTargets.size()](bytes);
  return 0;
}
