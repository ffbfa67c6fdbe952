// How long to wait before connecting again: exponential back-off with full
// jitter, reset after a connection that lasted.
#pragma once

#include "libs/base/rng.h"
#include "libs/base/time.h"

namespace gannet::net {

struct ReconnectOptions {
  base::Duration first = std::chrono::milliseconds(250);
  base::Duration limit = std::chrono::seconds(30);
  base::Duration stable_after = std::chrono::seconds(30);
};

class ReconnectPolicy {
 public:
  ReconnectPolicy(ReconnectOptions options, base::Rng rng)
      : options_(options), rng_(rng), ceiling_(options.first) {}

  // The pause before the next attempt: uniform in [ceiling/2, ceiling]; the
  // ceiling doubles with each call up to the limit.
  base::Duration NextDelay();
  // Tell how long the connection that just ended had been open.
  void OnClosed(base::Duration open_for);

 private:
  ReconnectOptions options_;
  base::Rng rng_;
  base::Duration ceiling_;
};

}  // namespace gannet::net
