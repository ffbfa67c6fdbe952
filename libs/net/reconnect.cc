#include "libs/net/reconnect.h"

#include <algorithm>

namespace gannet::net {

base::Duration ReconnectPolicy::NextDelay() {
  const base::Duration ceiling = std::min(ceiling_, options_.limit);
  ceiling_ = ceiling > options_.limit / 2 ? options_.limit : ceiling * 2;
  return base::Duration(rng_.Between(ceiling.count() / 2, ceiling.count()));
}

void ReconnectPolicy::OnClosed(base::Duration open_for) {
  if (open_for >= options_.stable_after) ceiling_ = options_.first;
}

}  // namespace gannet::net
