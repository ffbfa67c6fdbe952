// What every Network must do, as Catch2 sections. A new implementation passes a
// harness and runs this from one TEST_CASE.
#pragma once

#include <functional>
#include <memory>

#include "libs/net/network.h"

namespace gannet::net {

class NetworkHarness {
 public:
  virtual ~NetworkHarness() = default;
  virtual Network& network() = 0;
  // Lets the network work until `done`; false when it gave up waiting.
  virtual bool RunUntil(const std::function<bool()>& done) = 0;
  // Lets it work for about `span`.
  virtual void RunFor(base::Duration span) = 0;
  // With a certificate that the network's clients trust for "localhost".
  virtual ListenOptions TlsListen() = 0;
};

void RunNetworkConformance(const std::function<std::unique_ptr<NetworkHarness>()>& make);

}  // namespace gannet::net
