// What people do through the page: kill, resume, trading states, cancels, orders by
// hand. Each becomes a command; what is answered is the state that the view shows
// afterwards, not the wish.
//
// One thread.
#pragma once

#include <functional>
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

  // `commands` null: this process takes none. `caught_up`: whether the view has heard all that
  // happened before its start; nothing is verified by one that has not.
  ActionDesk(const View& view, Commands* commands, Users& users, base::Executor& executor,
             const base::Clock& clock, telemetry::Log& log, std::function<bool()> caught_up);

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
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace gannet::gateway
