// Stands between a client and a PostgreSQL on loopback (without TLS) and breaks one
// connection at COMMIT.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>
#include <thread>
#include <vector>

namespace gannet::store {

class PostgresProxyForTest {
 public:
  enum class Fault {
    kNone,
    kLoseCommit,  // the server never hears of it
    kLoseAnswer,  // committed, and the client does not hear of it
    kLateCommit,  // the client is cut off; the server is told to commit a while later
    kSilence,     // nothing gets through any more in either direction
  };

  explicit PostgresProxyForTest(uint16_t server_port);
  ~PostgresProxyForTest();
  PostgresProxyForTest(const PostgresProxyForTest&) = delete;
  PostgresProxyForTest& operator=(const PostgresProxyForTest&) = delete;

  uint16_t port() const { return port_; }
  // Strikes once, at the next COMMIT.
  void Arm(Fault fault) { fault_ = fault; }
  void RefuseNew(bool refuse) { refuse_ = refuse; }

 private:
  void Accept();
  void Relay(int client);
  void Forward(int client, int server);
  void Strike(Fault fault, int client, int server, std::string_view commit);

  const uint16_t server_port_;
  int listener_ = -1;
  uint16_t port_ = 0;
  std::atomic<Fault> fault_ = Fault::kNone;
  std::atomic<bool> refuse_ = false, ending_ = false;
  std::thread acceptor_;
  std::vector<std::thread> sessions_;  // of the acceptor, until it has ended
};

}  // namespace gannet::store
