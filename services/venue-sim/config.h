// Settings of venue-sim.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "libs/base/time.h"
#include "services/venue-sim/server.h"

namespace gannet::config {
class Section;
}

namespace gannet::venue_sim {

struct VenueSimConfig {
  std::string address = "127.0.0.1";  // loopback only: it is a test venue
  uint16_t port = 0;                  // 0: any free one
  uint64_t seed = 1;                  // of the market; read at the first start only
  double speed = 1;                   // how much happens in a second
  base::Duration news_interval = std::chrono::seconds(7);  // mean; 0s: no news
  int64_t maker_fee_ppm = 1000, taker_fee_ppm = 1000;
  size_t accounts = 1;
  base::Duration tick_interval = std::chrono::milliseconds(50);
  RateLimitOptions limits;
  // For tests of what a careful client notices.
  base::Duration clock_offset{0};  // its clock is ahead of this computer's by this
  std::string faults_file;         // FaultScript; empty: nothing goes wrong
  bool key_may_withdraw = false, key_ip_restricted = true, key_may_trade_futures = false;
};

// Reads the section of this service.
void Read(config::Section& in, VenueSimConfig& out);

// What the server needs of it; `data_dir` holds journal and keys.
ServerOptions ToServerOptions(const VenueSimConfig& config, const std::string& data_dir);

}  // namespace gannet::venue_sim
