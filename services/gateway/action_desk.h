// What people do through the page: kill, resume, trading states, cancels, orders by
// hand. Each becomes a command; what is answered is the state that the view shows
// afterwards, not the wish. The view may be behind, so a cancel-all is verified when every
// execution has said itself that the orders have ended.
//
// One thread.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "libs/base/clock.h"
#include "libs/base/executor.h"
#include "libs/net/network.h"
#include "libs/telemetry/log.h"
#include "services/gateway/commands.h"
#include "services/gateway/http_gate.h"
#include "services/gateway/view.h"

namespace gannet::gateway {

class ActionDesk {
 public:
  // How long the end state of a kill or cancel-all may take to be seen.
  static constexpr base::Duration kVerifyFor = std::chrono::seconds(8);
  static constexpr base::Duration kVerifyEach = std::chrono::milliseconds(100);
  static constexpr size_t kMaxUnderWay = 64;
  static constexpr size_t kKeptAnswers = 1'000;  // commands whose answers are remembered

  // `commands` null: this process takes none. `caught_up`: whether the view has heard all that
  // happened before its start; nothing is verified by one that has not.
  ActionDesk(const View& view, Commands* commands, Users& users, base::Executor& executor,
             const base::Clock& clock, telemetry::Log& log, std::function<bool()> caught_up);

  void On(const market::Event<market::CommandAnswer>& event);

  using Respond = std::function<void(net::HttpResponse)>;
  void Act(const Admitted& request, const Respond& respond);

 private:
  struct Pending;  // one request under way
  void OnResult(const std::shared_ptr<Pending>& pending,
                const absl::StatusOr<CommandResult>& result);
  // Each fills the command in, or says why not.
  std::optional<net::HttpResponse> FillScope(const Admitted& request,
                                             market::Command& command) const;
  std::optional<net::HttpResponse> FillOrder(const Admitted& request,
                                             market::Command& command) const;
  std::optional<net::HttpResponse> FillCancel(const Admitted& request,
                                              market::Command& command) const;
  std::optional<net::HttpResponse> FillAmend(const Admitted& request,
                                             market::Command& command) const;
  std::optional<net::HttpResponse> FillLimits(const Admitted& request,
                                              market::Command& command) const;
  void WatchOpen(Pending& pending) const;  // the open orders of its scope
  bool AllEnded(const market::EventId& cancel_all) const;
  size_t OpenPositions(const market::Scope& scope) const;  // that are large enough to trade
  std::string Closed(const market::EventId& kill) const;   // empty: execution has not said yet
  void Verify(const std::shared_ptr<Pending>& pending);
  void Finish(const std::shared_ptr<Pending>& pending, bool verified);

  const View& view_;
  Commands* const commands_;
  Users& users_;
  base::Executor& executor_;
  const base::Clock& clock_;
  telemetry::Log& log_;
  const std::function<bool()> caught_up_;
  size_t under_way_ = 0;
  // Of each command the engines that have answered, and whether they said that all has ended.
  struct Said {
    bool ended = false;  // a cancel-all, or what a kill switch was to close
    std::string closed;  // of the latter, in execution's words
  };
  std::map<market::EventId, std::map<std::string, Said>> answered_;  // by engine
  std::deque<market::EventId> answered_in_order_;                    // oldest first
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace gannet::gateway
