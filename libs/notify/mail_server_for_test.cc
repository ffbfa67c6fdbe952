#include "libs/notify/mail_server_for_test.h"

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>

#include "libs/base/check.h"
#include "libs/base/digest.h"

namespace gannet::notify {
namespace {

// Lines over a socket, with TLS from a point on.
class Peer {
 public:
  Peer(int fd, const std::string& folder) : fd_(fd), folder_(folder) {}
  ~Peer() {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  bool StartTls() {
    context_ = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate_chain_file(context_, (folder_ + "/certificate.pem").c_str());
    SSL_CTX_use_PrivateKey_file(context_, (folder_ + "/key.pem").c_str(), SSL_FILETYPE_PEM);
    ssl_ = SSL_new(context_);
    SSL_set_fd(ssl_, fd_);
    buffer_.clear();
    return SSL_accept(ssl_) == 1;
  }
  void Say(const std::string& text) {
    const std::string line = text + "\r\n";
    if (ssl_ != nullptr) {
      SSL_write(ssl_, line.data(), static_cast<int>(line.size()));
    } else {
      (void)!::send(fd_, line.data(), line.size(), MSG_NOSIGNAL);
    }
  }
  bool Line(std::string& line) {
    for (;;) {
      const size_t end = buffer_.find("\r\n");
      if (end != std::string::npos) {
        line = buffer_.substr(0, end);
        buffer_.erase(0, end + 2);
        return true;
      }
      char bytes[4096];
      const auto got = ssl_ != nullptr ? static_cast<ssize_t>(SSL_read(ssl_, bytes, sizeof bytes))
                                       : ::recv(fd_, bytes, sizeof bytes, 0);
      if (got <= 0) return false;
      buffer_.append(bytes, static_cast<size_t>(got));
    }
  }
  bool tls() const { return ssl_ != nullptr; }

 private:
  const int fd_;
  const std::string folder_;
  SSL_CTX* context_ = nullptr;
  SSL* ssl_ = nullptr;
  std::string buffer_;
};

}  // namespace

MailServerForTest::MailServerForTest(const std::string& folder, Behaviour behaviour)
    : folder_(folder), behaviour_(std::move(behaviour)) {
  // As in every program: OpenSSL writes without MSG_NOSIGNAL to who has left.
  std::signal(SIGPIPE, SIG_IGN);
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  GANNET_CHECK(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                   ::listen(listener_, 8) == 0 &&
                   ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0,
               "a listener for the test");
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Serve(); });
}

MailServerForTest::~MailServerForTest() {
  ended_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  if (const int open = open_; open >= 0) ::shutdown(open, SHUT_RDWR);
  thread_.join();
  ::close(listener_);
}

std::vector<MailServerForTest::Received> MailServerForTest::received() {
  const std::lock_guard lock(mutex_);
  return received_;
}

void MailServerForTest::Serve() {
  while (!ended_) {
    const int fd = ::accept(listener_, nullptr, nullptr);
    if (fd < 0) return;
    open_ = fd;
    if (!ended_) OneConnection(fd);
    open_ = -1;
    ::close(fd);
  }
}

void MailServerForTest::OneConnection(int fd) {
  Peer peer(fd, folder_);
  Received received;
  std::string line;
  if (behaviour_.silent) {
    peer.Line(line);
    return;
  }
  peer.Say("220 test");
  while (peer.Line(line)) {
    if (line.starts_with("AUTH PLAIN ")) {
      std::string proof = base::FromBase64(line.substr(11)).value_or("?");
      for (char& c : proof) c = c == '\0' ? '/' : c;
      line = "AUTH " + proof;
    }
    received.commands.push_back(line);
    if (line.starts_with("EHLO")) {
      peer.Say("250-test");
      peer.Say(behaviour_.start_tls && !peer.tls() ? "250 STARTTLS" : "250 AUTH PLAIN");
    } else if (line == "STARTTLS") {
      peer.Say("220 go");
      if (!peer.StartTls()) return;
      received = {.commands = {}, .data = "", .tls = true};
    } else if (line.starts_with("AUTH")) {
      peer.Say(line.ends_with("/the-right-one") ? "235 ok" : "535 wrong");
    } else if (line.starts_with("RCPT") && !behaviour_.refuse_recipient.empty() &&
               line.find(behaviour_.refused) != std::string::npos) {
      peer.Say(behaviour_.refuse_recipient);
    } else if (line == "DATA") {
      peer.Say("354 go");
      while (peer.Line(line) && line != ".") received.data += line + "\n";
      {
        // Before the answer: who has it may look at once.
        const std::lock_guard lock(mutex_);
        received_.push_back(received);
      }
      peer.Say("250 taken");
    } else if (line == "QUIT") {
      return peer.Say("221 bye");
    } else {
      peer.Say("250 ok");
    }
  }
}

}  // namespace gannet::notify
