// An SMTP server on loopback with STARTTLS and AUTH PLAIN, as real as the wire: sockets and
// TLS, one connection after the other on a thread of its own.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace gannet::notify {

class MailServerForTest {
 public:
  struct Behaviour {
    bool start_tls = true;
    bool silent = false;           // takes connections and says nothing
    std::string refuse_recipient;  // the answer to RCPT TO; empty: taken
    std::string refused;           // whom alone; empty: everybody
  };
  struct Received {
    std::vector<std::string> commands;  // after TLS where it was begun; AUTH decoded
    std::string data;
    bool tls = false;
  };

  // `folder` holds certificate.pem and key.pem.
  MailServerForTest(const std::string& folder, Behaviour behaviour);
  ~MailServerForTest();

  uint16_t port() const { return port_; }
  std::vector<Received> received();

 private:
  void Serve();
  void OneConnection(int fd);

  const std::string folder_;
  const Behaviour behaviour_;
  int listener_ = -1;
  uint16_t port_ = 0;
  std::atomic<int> open_ = -1;
  std::atomic<bool> ended_ = false;
  std::mutex mutex_;
  std::vector<Received> received_;
  std::thread thread_;
};

}  // namespace gannet::notify
