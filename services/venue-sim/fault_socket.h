// A user stream that a FaultGate disturbs. Private to it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "services/venue-sim/fault_gate.h"

namespace gannet::venue_sim {

class FaultGate::Socket : public net::WebSocket, public std::enable_shared_from_this<Socket> {
 public:
  Socket(std::shared_ptr<bool> gate_alive, FaultGate& gate, Door door,
         std::shared_ptr<net::WebSocket> socket)
      : gate_alive_(std::move(gate_alive)), gate_(gate), door_(door), socket_(std::move(socket)) {}

  Door door() const { return door_; }

  // From the venue.
  bool Send(std::string text) override {
    if (!*gate_alive_ || silent_) return true;
    gate_.OnFrame(shared_from_this(), std::move(text));
    return !failed_;
  }
  void Close() override { socket_->Close(); }

  // To the client.
  void Pass(std::string text) {
    if (!silent_ && !socket_->Send(std::move(text))) failed_ = true;
  }
  void PassAfter(base::Duration delay, std::string text) {
    gate_.After(delay, [weak = weak_from_this(), text = std::move(text)]() mutable {
      if (const auto socket = weak.lock()) socket->Pass(std::move(text));
    });
  }
  // Now, and after it what was kept back.
  void PassInOrder(std::string text) {
    Pass(std::move(text));
    if (kept_) Pass(*std::exchange(kept_, std::nullopt));
  }
  // Until another frame has gone, or no other comes.
  void Keep(std::string text) {
    constexpr base::Duration kLongest = std::chrono::seconds(2);
    if (kept_) Pass(*std::exchange(kept_, std::nullopt));
    kept_ = std::move(text);
    gate_.After(kLongest, [weak = weak_from_this()] {
      const auto socket = weak.lock();
      if (socket && socket->kept_) socket->Pass(*std::exchange(socket->kept_, std::nullopt));
    });
  }
  // The connection breaks, and what was on its way is gone.
  void Mute() { silent_ = true; }
  void Cut() {
    silent_ = true;
    socket_->Close();
  }
  // Says nothing any more, and is closed after that time.
  void FallSilent(base::Duration span) {
    silent_ = true;
    gate_.After(span, [weak = weak_from_this()] {
      if (const auto socket = weak.lock()) socket->Close();
    });
  }

 private:
  const std::shared_ptr<bool> gate_alive_;
  FaultGate& gate_;
  const Door door_;
  const std::shared_ptr<net::WebSocket> socket_;  // shared with the transport
  std::optional<std::string> kept_;
  bool silent_ = false, failed_ = false;
};

// What a frame tells of.
inline FrameClass FrameOf(Door door, std::string_view text) {
  if (door == Door::kOther) return FrameClass::kMarket;
  const auto has = [text](std::string_view part) { return text.find(part) != text.npos; };
  if (door == Door::kBybit) {
    if (has("\"topic\":\"orderbook") || has("\"topic\":\"publicTrade")) return FrameClass::kMarket;
    if (has("\"topic\":\"execution")) return FrameClass::kFill;
    return has("\"topic\":\"order") && has("\"orderStatus\":\"New\"") ? FrameClass::kAck
                                                                      : FrameClass::kAny;
  }
  if (has("\"x\":\"TRADE\"")) return FrameClass::kFill;
  return has("\"x\":\"NEW\"") ? FrameClass::kAck : FrameClass::kAny;
}

}  // namespace gannet::venue_sim
