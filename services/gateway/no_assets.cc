// Stands in for the page where it was not built.
#include "services/gateway/assets.h"

namespace gannet::gateway {

std::span<const Asset> Assets() { return {}; }

}  // namespace gannet::gateway
