#include "services/venue-sim/config.h"

#include "libs/config/config.h"

namespace gannet::venue_sim {

void Read(config::Section& in, VenueSimConfig& out) {
  in.Optional("address", out.address);
  in.Optional("port", out.port, config::Between(0, 65'535));
  in.Optional("seed", out.seed);
  in.Optional("speed", out.speed, config::Between(0.0, 50.0));
  in.Optional("news_interval", out.news_interval,
              config::Between(std::chrono::seconds(0), std::chrono::hours(24)));
  config::Ppm maker{out.maker_fee_ppm}, taker{out.taker_fee_ppm};
  in.Optional("maker_fee", maker, config::Between(config::Ppm{0}, config::Ppm{100'000}));
  in.Optional("taker_fee", taker, config::Between(config::Ppm{0}, config::Ppm{100'000}));
  out.maker_fee_ppm = maker.value;
  out.taker_fee_ppm = taker.value;
  in.Optional("accounts", out.accounts, config::Between(1, 100));
  in.Optional("tick_interval", out.tick_interval,
              config::Between(std::chrono::milliseconds(1), std::chrono::seconds(10)));
  in.Optional("weight_per_minute", out.limits.weight_per_minute, config::AtLeast(1));
  in.Optional("orders_per_10_seconds", out.limits.orders_per_10_seconds, config::AtLeast(1));
  in.Optional("orders_per_day", out.limits.orders_per_day, config::AtLeast(1));
  in.Optional("clock_offset", out.clock_offset,
              config::Between(std::chrono::seconds(0), std::chrono::hours(24)));
  if (in.Has("faults")) in.OptionalPath("faults", out.faults_file);
  in.Optional("key_may_withdraw", out.key_may_withdraw);
  in.Optional("key_ip_restricted", out.key_ip_restricted);
  in.Optional("key_may_trade_futures", out.key_may_trade_futures);
  if (out.address != "127.0.0.1" && out.address != "::1") {
    in.Problem("address", "must be 127.0.0.1 or ::1: the simulated venue is for this machine only");
  }
}

ServerOptions ToServerOptions(const VenueSimConfig& config, const std::string& data_dir) {
  ServerOptions options;
  options.exchange.dir = data_dir + "/journal";
  options.exchange.core.seed = config.seed;
  options.exchange.core.speed = config.speed;
  options.exchange.core.news_interval = config.news_interval;
  options.exchange.core.maker_fee_ppm = config.maker_fee_ppm;
  options.exchange.core.taker_fee_ppm = config.taker_fee_ppm;
  options.exchange.core.accounts = config.accounts;
  options.limits = config.limits;
  options.tick_interval = config.tick_interval;
  return options;
}

}  // namespace gannet::venue_sim
