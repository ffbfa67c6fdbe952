#include "libs/store/postgres_proxy_for_test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "libs/base/check.h"

namespace gannet::store {
namespace {

sockaddr_in Loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

bool Send(int to, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

}  // namespace

PostgresProxyForTest::PostgresProxyForTest(uint16_t server_port) : server_port_(server_port) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(0);
  GANNET_CHECK(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
                   ::listen(listener_, 16) == 0,
               "a proxy listens");
  socklen_t size = sizeof address;
  ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { Accept(); });
}

PostgresProxyForTest::~PostgresProxyForTest() {
  ending_ = true;
  acceptor_.join();
  for (std::thread& session : sessions_) session.join();
  ::close(listener_);
}

void PostgresProxyForTest::Accept() {
  while (!ending_) {
    pollfd ready{listener_, POLLIN, 0};
    if (::poll(&ready, 1, 20) <= 0) continue;
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    if (refuse_) {
      ::close(client);
      continue;
    }
    sessions_.emplace_back([this, client] { Relay(client); });
  }
}

void PostgresProxyForTest::Relay(int client) {
  const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = Loopback(server_port_);
  if (::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
    Forward(client, server);
  ::close(client);
  ::close(server);
}

void PostgresProxyForTest::Forward(int client, int server) {
  std::array<char, 65536> bytes;
  while (!ending_) {
    std::array<pollfd, 2> ready = {{{client, POLLIN, 0}, {server, POLLIN, 0}}};
    if (::poll(ready.data(), ready.size(), 20) <= 0) continue;
    if (ready[0].revents != 0) {
      const ssize_t got = ::read(client, bytes.data(), bytes.size());
      if (got <= 0) return;
      const std::string_view text(bytes.data(), static_cast<size_t>(got));
      // A simple query: 'Q', four bytes of length, the text.
      if (text.find("COMMIT") != std::string_view::npos) {
        const Fault fault = fault_.exchange(Fault::kNone);
        if (fault != Fault::kNone) return Strike(fault, client, server, text);
      }
      if (!Send(server, text)) return;
    }
    if (ready[1].revents != 0) {
      const ssize_t got = ::read(server, bytes.data(), bytes.size());
      if (got <= 0) return;
      if (!Send(client, std::string_view(bytes.data(), static_cast<size_t>(got)))) return;
    }
  }
}

void PostgresProxyForTest::Strike(Fault fault, int client, int server, std::string_view commit) {
  if (fault == Fault::kLoseCommit) return;
  if (fault == Fault::kSilence) {
    while (!ending_) ::poll(nullptr, 0, 20);
    return;
  }
  if (fault == Fault::kLateCommit) {
    ::shutdown(client, SHUT_RDWR);
    ::poll(nullptr, 0, 700);
  }
  (void)Send(server, commit);
  std::array<char, 4096> answer;
  (void)!::read(server, answer.data(), answer.size());
}

}  // namespace gannet::store
