// Carries out a FaultScript: stands between the network and the venue and treats
// requests, answers, frames, orders and the account as the script says, with the manners
// of real venues and the gateways before them. What the venue itself has done stays true.
//
// One thread. Outlives the venue behind it, which may go and come back, and may be
// destroyed before its sockets are.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/executor.h"
#include "libs/base/rng.h"
#include "libs/net/network.h"
#include "services/venue-sim/auth.h"
#include "services/venue-sim/fault_script.h"

namespace gannet::venue_sim {

class FaultGate : public net::ServerHandler {
 public:
  static constexpr size_t kMaxHeldAnswers = 10'000;  // of requests that nobody answers
  static constexpr size_t kMaxYoungOrders = 100'000;

  // `account`: the key that orders by hand and movements of money are signed with.
  FaultGate(base::Executor& executor, const base::Clock& clock, ApiKey account);
  ~FaultGate() override;

  // Null while the venue is down; then nobody calls.
  void set_venue(net::ServerHandler* venue) { venue_ = venue; }
  // From now on, which is the script's time 0. An empty one ends all faults.
  void Begin(FaultScript script);
  // The venue's clock, which may be ahead of ours.
  const base::Clock& clock() const { return skewed_; }

  // How often each kind struck, by its name in the script.
  const std::map<std::string, uint64_t, std::less<>>& strikes() const { return strikes_; }
  // Told each strike.
  void Observe(std::function<void(std::string_view)> observer) { observer_ = std::move(observer); }
  // Told each request that is handed to the venue a second time.
  void ObserveDoubled(std::function<void(const net::HttpRequest&)> observer) {
    on_doubled_ = std::move(observer);
  }

  // net::ServerHandler.
  void OnRequest(net::HttpRequest request, std::string_view peer, Respond respond) override;
  net::WebSocket::Handler OnWebSocket(const net::HttpRequest& request, std::string_view peer,
                                      std::shared_ptr<net::WebSocket> socket) override;

 private:
  class Socket;
  class SkewedClock : public base::Clock {
   public:
    explicit SkewedClock(const base::Clock& clock) : clock_(clock) {}
    base::Time Now() const override { return clock_.Now() + ahead; }
    base::Duration Monotonic() const override { return clock_.Monotonic(); }
    base::Duration ahead{0};

   private:
    const base::Clock& clock_;
  };
  struct Armed {  // a rule and what became of it
    FaultRule rule;
    uint64_t occasions = 0, strikes = 0;
  };
  struct Wait {
    base::Time until{};
    base::Duration ban{0};
    bool banned = false;
  };
  struct Restated {     // of a symbol
    std::string rules;  // parameters of the request
    base::Time rules_until{}, halted_until{};
  };
  struct Occasion {
    Door door = Door::kAny;
    RequestClass request = RequestClass::kAny;
    FrameClass frame = FrameClass::kAny;
  };

  // The rule that strikes on this occasion, counted; null: none does.
  const FaultRule* Strikes(FaultKind kind, const Occasion& at);
  bool Applies(const FaultRule& rule, const Occasion& at) const;
  void Struck(FaultKind kind);
  void After(base::Duration delay, std::function<void()> task);
  void HandOver(net::HttpRequest request, std::string_view peer, Respond respond);
  void Ask(const std::string& method, const std::string& path, std::string parameters,
           Respond respond);
  bool AnswerWait(const Occasion& at, const Respond& respond);
  void Hold(Respond respond);
  Respond Edited(const net::HttpRequest& request, const Occasion& at, Respond respond);
  bool AnswerYoung(const net::HttpRequest& request, const Occasion& at, const Respond& respond);
  Respond EmptyWhileYoung(const net::HttpRequest& request, const Occasion& at, Respond respond);
  Respond AndExpire(const net::HttpRequest& request, Door door, base::Duration delay,
                    Respond respond);
  void HalfReplace(const net::HttpRequest& request, Respond respond);
  void OnFrame(const std::shared_ptr<Socket>& socket, std::string text);
  void CancelPartial(const Occasion& at, std::string_view frame);
  void ArmClock(size_t rule);
  void Happen(const FaultRule& rule);
  void HandOrder(const FaultRule& rule, std::string_view id_prefix);
  void HandAmend(const FaultRule& rule);
  void LoseOrder(const FaultRule& rule);
  void Restate(const FaultRule& rule);
  void KeepRestated(const std::string& symbol);
  void SetSkew(base::Duration ahead) { skewed_.ahead = ahead; }
  net::HttpResponse ErrorOf(const FaultRule& rule, Door door);

  base::Executor& executor_;
  const base::Clock& clock_;
  SkewedClock skewed_;
  const ApiKey account_;
  net::ServerHandler* venue_ = nullptr;
  base::Rng rng_{1};
  base::Time began_{};
  uint64_t generation_ = 0;  // of the script: timers of an older one do nothing
  std::vector<Armed> rules_;
  std::set<FaultKind> kinds_;  // of the rules
  // Bybit counts by endpoint: there one kind of request waits, elsewhere all (kAny).
  std::map<std::pair<Door, RequestClass>, Wait> waits_;
  std::map<std::string, base::Time> young_;    // client ids, when they were placed
  std::map<std::string, base::Time> ack_due_;  // client ids whose acknowledgement is held so long
  std::map<uint64_t, Respond> held_;
  uint64_t last_held_ = 0, hand_orders_ = 0;
  std::map<std::string, Restated> restated_;    // until the venue has them as they are listed
  std::vector<std::weak_ptr<Socket>> sockets_;  // user streams
  std::map<std::string, uint64_t, std::less<>> strikes_;
  std::function<void(std::string_view)> observer_;
  std::function<void(const net::HttpRequest&)> on_doubled_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace gannet::venue_sim
