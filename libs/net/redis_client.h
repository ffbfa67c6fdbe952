// The real Redis: one connection over Asio, TLS by OpenSSL, answers in the order of the
// commands. Made again by itself when it is lost, with a pause that grows; while there is
// none every call fails at once, so that nobody waits for it. Made, used and destroyed on
// the thread that runs the io_context.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "libs/base/clock.h"
#include "libs/base/rng.h"
#include "libs/base/time.h"
#include "libs/net/redis.h"

namespace boost::asio {
class io_context;
}

namespace gannet::net {

struct RedisOptions {
  std::string host;
  uint16_t port = 6379;
  std::string user;  // of the server's access list; empty: its default user
  // Asked at each connection, so that a password can be changed without a restart; empty: none.
  std::function<absl::StatusOr<std::string>()> password;
  // PEM of the authorities that the server's certificate must come from; with it TLS is used
  // and the host's name is checked. Read at each connection, as the two below.
  std::string root_certificate;
  std::string client_certificate, client_key;               // for servers that ask for one
  base::Duration timeout = std::chrono::milliseconds(500);  // of one answer
  base::Duration connect_timeout = std::chrono::seconds(3);
};

class RedisClient : public Redis {
 public:
  static constexpr size_t kMaxWaiting = 4'096;  // calls
  // Without anything to say it asks this often whether somebody is there.
  static constexpr base::Duration kBeat = std::chrono::seconds(1);

  RedisClient(boost::asio::io_context& io, const base::Clock& clock, base::Rng rng,
              RedisOptions options);
  ~RedisClient() override;

  void Call(std::vector<std::string> command, Done done) override;
  absl::Status health() const override;
  const RedisStats& stats() const override;

 private:
  class Session;
  const std::shared_ptr<Session> session_;  // handlers of Asio that are under way hold it too
};

}  // namespace gannet::net
