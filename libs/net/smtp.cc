#include "libs/net/smtp.h"

#include <netdb.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "libs/base/concat.h"
#include "libs/base/digest.h"
#include "libs/base/status.h"
#include "libs/base/utf8.h"

namespace gannet::net {
namespace {

constexpr size_t kMaxAnswerBytes = 16u << 10;
constexpr size_t kLineBytes = 76;         // of base64 (RFC 2045)
constexpr size_t kWordBytes = 39;         // of text in one encoded word (RFC 2047)
constexpr size_t kMaxSubjectBytes = 400;  // beyond is cut

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  ~Descriptor() { Reset(-1); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  void Reset(int fd) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

// What is between two CRLFs of base64.
std::string Wrapped(std::string_view bytes) {
  const std::string text = base::Base64(bytes);
  std::string out;
  for (size_t at = 0; at < text.size(); at += kLineBytes)
    out.append(text, at, kLineBytes).append("\r\n");
  return out;
}

bool IsPlainAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

// As encoded words, each a whole number of characters.
std::string Header(std::string_view text) {
  std::string clean = base::ReplaceBadUtf8(text.substr(0, kMaxSubjectBytes));
  for (char& c : clean) {
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = ' ';
  }
  if (IsPlainAscii(clean) && clean.size() <= kLineBytes && clean.find("=?") == std::string::npos)
    return clean;
  std::string out;
  for (size_t at = 0; at < clean.size();) {
    size_t end = std::min(clean.size(), at + kWordBytes);
    while (end < clean.size() && (static_cast<unsigned char>(clean[end]) & 0xc0) == 0x80) --end;
    if (!out.empty()) out += "\r\n ";
    out += base::Concat(
        {"=?UTF-8?B?", base::Base64(std::string_view(clean).substr(at, end - at)), "?="});
    at = end;
  }
  return out;
}

// "Mon, 02 Jan 2006 15:04:05 +0000"
std::string MailDate(base::Time time) {
  const std::time_t seconds = base::UnixNanos(time) / 1'000'000'000;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  char text[64];
  std::snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d +0000", kDays[parts.tm_wday],
                parts.tm_mday, kMonths[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour,
                parts.tm_min, parts.tm_sec);
  return text;
}

// One connection. All waits end with the deadline, which is a timer of the kernel: nothing
// here reads a clock.
class Connection {
 public:
  explicit Connection(const MailServer& server)
      : server_(server), place_(server.host + ":" + std::to_string(server.port)) {}
  ~Connection() {
    if (ssl_) SSL_free(ssl_);
    if (context_) SSL_CTX_free(context_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  absl::Status Open();
  absl::Status StartTls();
  // Writes a line; the answer's lines, joined by \n, must begin with one of `codes`.
  absl::StatusOr<std::string> Ask(std::string_view line, std::string_view codes,
                                  std::string_view what);
  absl::StatusOr<std::string> Answer(std::string_view codes, std::string_view what);
  absl::Status Write(std::string_view bytes);
  bool loopback() const { return loopback_; }

 private:
  absl::Status Unavailable(std::string_view what) const {
    return absl::UnavailableError(
        base::Concat({place_, ": ", what, "; check that the mail server is up and reachable"}));
  }
  absl::Status Wait(short events);
  absl::Status ConnectTo(const addrinfo& address);
  absl::StatusOr<size_t> Read(char* into, size_t size);
  absl::Status SslWait(int result, std::string_view what);

  const MailServer& server_;
  const std::string place_;
  Descriptor socket_, deadline_;
  bool loopback_ = false;
  SSL_CTX* context_ = nullptr;
  SSL* ssl_ = nullptr;
  std::string read_;
};

absl::Status Connection::Wait(short events) {
  pollfd waiting[2] = {{socket_.get(), events, 0}, {deadline_.get(), POLLIN, 0}};
  for (;;) {
    const int ready = ::poll(waiting, 2, -1);
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0) return Unavailable("waiting failed");
    if (waiting[1].revents != 0) {
      return absl::DeadlineExceededError(
          base::Concat({place_, ": not done within ", base::FormatDuration(server_.timeout)}));
    }
    return absl::OkStatus();
  }
}

absl::Status Connection::ConnectTo(const addrinfo& address) {
  socket_.Reset(::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (socket_.get() < 0) return Unavailable("no socket");
  if (::connect(socket_.get(), address.ai_addr, address.ai_addrlen) != 0) {
    if (errno != EINPROGRESS) return Unavailable(std::strerror(errno));
    GANNET_RETURN_IF_ERROR(Wait(POLLOUT));
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return Unavailable(std::strerror(error));
  }
  if (address.ai_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(address.ai_addr);
    loopback_ = (ntohl(v4->sin_addr.s_addr) >> 24) == 127;
  } else {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(address.ai_addr);
    loopback_ = IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
  }
  return absl::OkStatus();
}

absl::Status Connection::Open() {
  deadline_.Reset(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
  itimerspec when{};
  when.it_value.tv_sec = server_.timeout.count() / 1'000'000'000;
  when.it_value.tv_nsec = server_.timeout.count() % 1'000'000'000;
  if (deadline_.get() < 0 || ::timerfd_settime(deadline_.get(), 0, &when, nullptr) != 0)
    return Unavailable("no timer");
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(server_.host.c_str(), std::to_string(server_.port).c_str(), &wanted, &found) !=
      0)
    return Unavailable("its name is not known");
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> held(found, &::freeaddrinfo);
  absl::Status status = Unavailable("it has no address");
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    status = ConnectTo(*each);
    if (status.ok() || absl::IsDeadlineExceeded(status)) break;
  }
  return status;
}

absl::Status Connection::SslWait(int result, std::string_view what) {
  switch (SSL_get_error(ssl_, result)) {
    case SSL_ERROR_WANT_READ:
      return Wait(POLLIN);
    case SSL_ERROR_WANT_WRITE:
      return Wait(POLLOUT);
    default:
      break;
  }
  ERR_clear_error();
  if (const long verdict = SSL_get_verify_result(ssl_); verdict != X509_V_OK) {
    return absl::UnauthenticatedError(base::Concat(
        {place_, ": its certificate is not trusted: ", X509_verify_cert_error_string(verdict),
         "; install the CA that signed it, or name its file as ca_file"}));
  }
  return Unavailable(what);
}

absl::Status Connection::StartTls() {
  context_ = SSL_CTX_new(TLS_client_method());
  if (context_ == nullptr) return Unavailable("no TLS");
  SSL_CTX_set_min_proto_version(context_, TLS1_2_VERSION);
  SSL_CTX_set_default_verify_paths(context_);
  if (!server_.extra_ca_file.empty() &&
      SSL_CTX_load_verify_file(context_, server_.extra_ca_file.c_str()) != 1) {
    ERR_clear_error();
    return absl::InvalidArgumentError(
        base::Concat({server_.extra_ca_file, ": no certificates in PEM; name a file that has"}));
  }
  SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
  ssl_ = SSL_new(context_);
  if (ssl_ == nullptr || SSL_set_fd(ssl_, socket_.get()) != 1) return Unavailable("no TLS");
  if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_), server_.host.c_str()) != 1) {
    SSL_set1_host(ssl_, server_.host.c_str());
    SSL_ctrl(ssl_, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             const_cast<char*>(server_.host.c_str()));
  }
  ERR_clear_error();
  read_.clear();  // what came before TLS is not said by who holds the certificate
  for (;;) {
    const int result = SSL_connect(ssl_);
    if (result == 1) return absl::OkStatus();
    GANNET_RETURN_IF_ERROR(SslWait(result, "TLS handshake failed"));
  }
}

absl::Status Connection::Write(std::string_view bytes) {
  while (!bytes.empty()) {
    if (ssl_ != nullptr) {
      const int put = SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()));
      if (put > 0) {
        bytes.remove_prefix(static_cast<size_t>(put));
      } else {
        GANNET_RETURN_IF_ERROR(SslWait(put, "broken off while writing"));
      }
      continue;
    }
    const ssize_t put = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (put > 0) {
      bytes.remove_prefix(static_cast<size_t>(put));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      GANNET_RETURN_IF_ERROR(Wait(POLLOUT));
    } else if (errno != EINTR) {
      return Unavailable("broken off while writing");
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<size_t> Connection::Read(char* into, size_t size) {
  for (;;) {
    if (ssl_ != nullptr) {
      const int got = SSL_read(ssl_, into, static_cast<int>(size));
      if (got > 0) return static_cast<size_t>(got);
      GANNET_RETURN_IF_ERROR(SslWait(got, "broken off"));
      continue;
    }
    const ssize_t got = ::recv(socket_.get(), into, size, 0);
    if (got > 0) return static_cast<size_t>(got);
    if (got == 0) return Unavailable("broken off");
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      GANNET_RETURN_IF_ERROR(Wait(POLLIN));
    } else if (errno != EINTR) {
      return Unavailable("broken off");
    }
  }
}

absl::StatusOr<std::string> Connection::Answer(std::string_view codes, std::string_view what) {
  std::string lines;
  for (;;) {
    const size_t end = read_.find('\n');
    if (end == std::string::npos) {
      char more[2048];
      GANNET_ASSIGN_OR_RETURN(const size_t got, Read(more, sizeof more));
      read_.append(more, got);
      if (read_.size() + lines.size() > kMaxAnswerBytes)
        return Unavailable("an answer without an end");
      continue;
    }
    std::string line = read_.substr(0, end);
    read_.erase(0, end + 1);
    if (line.ends_with('\r')) line.pop_back();
    lines.append(line).push_back('\n');
    if (line.size() > 3 && line[3] == '-') continue;  // more of the same answer
    const std::string_view code = std::string_view(line).substr(0, 3);
    if (code.size() == 3 && codes.find(code) != std::string_view::npos) return lines;
    const std::string said = base::Concat(
        {place_, ": ", what, ": ", base::ReplaceBadUtf8(std::string_view(line).substr(0, 200))});
    if (code == "535" || code == "530" || code == "534")
      return absl::UnauthenticatedError(said + "; check user and secret_file");
    if (line.starts_with('5'))
      return absl::InvalidArgumentError(said + "; the server refuses it for good");
    return absl::UnavailableError(said + "; it is tried again");
  }
}

absl::StatusOr<std::string> Connection::Ask(std::string_view line, std::string_view codes,
                                            std::string_view what) {
  GANNET_RETURN_IF_ERROR(Write(base::Concat({line, "\r\n"})));
  return Answer(codes, what);
}

bool Offers(std::string_view answer, std::string_view what) {
  size_t at = 0;
  while (at < answer.size()) {
    size_t end = answer.find('\n', at);
    if (end == std::string_view::npos) end = answer.size();
    const std::string_view line = answer.substr(at, end - at);
    if (line.size() > 4 && line.substr(4).starts_with(what)) return true;
    at = end + 1;
  }
  return false;
}

constexpr std::string_view kHello = "EHLO gannet";

absl::Status Greet(Connection& connection, const MailServer& server) {
  if (server.tls == MailTls::kImplicit) GANNET_RETURN_IF_ERROR(connection.StartTls());
  GANNET_RETURN_IF_ERROR(connection.Answer("220", "greeting").status());
  GANNET_ASSIGN_OR_RETURN(std::string offers, connection.Ask(kHello, "250", "EHLO"));
  if (server.tls == MailTls::kStartTls) {
    if (!Offers(offers, "STARTTLS")) {
      return absl::FailedPreconditionError(base::Concat(
          {server.host, ": offers no STARTTLS; use tls: implicit, or another server"}));
    }
    GANNET_RETURN_IF_ERROR(connection.Ask("STARTTLS", "220", "STARTTLS").status());
    GANNET_RETURN_IF_ERROR(connection.StartTls());
    GANNET_ASSIGN_OR_RETURN(offers, connection.Ask(kHello, "250", "EHLO"));
  }
  if (server.user.empty()) return absl::OkStatus();
  const std::string proof =
      base::Base64(std::string(1, '\0') + server.user + std::string(1, '\0') + server.password);
  return connection.Ask("AUTH PLAIN " + proof, "235", "authentication").status();
}

}  // namespace

bool IsMailAddress(std::string_view text) {
  const size_t at = text.rfind('@');
  return at != std::string_view::npos && at > 0 && at + 1 < text.size() && text.size() <= 254 &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return c > ' ' && c <= '~' && c != '<' && c != '>' && c != '"' && c != '\\' && c != ',';
         });
}

std::string MailText(const Mail& mail) {
  std::string to;
  for (const std::string& each : mail.to) to += (to.empty() ? "" : ",\r\n ") + each;
  const std::string domain = mail.from.substr(mail.from.rfind('@') + 1);
  // Base64 has no dots at the beginning of a line.
  return base::Concat({"From: ", mail.from, "\r\nTo: ", to, "\r\nSubject: ", Header(mail.subject),
                       "\r\nDate: ", MailDate(mail.date), "\r\nMessage-ID: <", mail.id, "@", domain,
                       ">\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
                       "Content-Type: text/plain; charset=utf-8\r\n"
                       "Content-Transfer-Encoding: base64\r\n\r\n",
                       Wrapped(base::ReplaceBadUtf8(mail.text))});
}

absl::Status SendMail(const MailServer& server, const Mail& mail, std::string* refused) {
  if (mail.to.empty() || !IsMailAddress(mail.from) ||
      !std::all_of(mail.to.begin(), mail.to.end(), IsMailAddress))
    return absl::InvalidArgumentError("a mail without addresses, or with one that is none");
  Connection connection(server);
  GANNET_RETURN_IF_ERROR(connection.Open());
  if (server.tls == MailTls::kNone && (!connection.loopback() || !server.user.empty())) {
    return absl::FailedPreconditionError(base::Concat(
        {server.host, ": without TLS only on loopback and without a password; use tls: starttls"}));
  }
  GANNET_RETURN_IF_ERROR(Greet(connection, server));
  GANNET_RETURN_IF_ERROR(
      connection.Ask("MAIL FROM:<" + mail.from + ">", "250", "MAIL FROM").status());
  // Who is refused for good shall not silence the others.
  absl::Status worst;
  size_t taken = 0;
  for (const std::string& to : mail.to) {
    const absl::Status answer =
        connection.Ask("RCPT TO:<" + to + ">", "250 251", "RCPT TO").status();
    taken += answer.ok() ? 1 : 0;
    if (answer.ok()) continue;
    if (!absl::IsInvalidArgument(answer)) return answer;
    if (refused != nullptr) *refused += std::string(answer.message()) + "\n";
    worst = answer;
  }
  if (taken == 0) return worst;
  GANNET_RETURN_IF_ERROR(connection.Ask("DATA", "354", "DATA").status());
  GANNET_RETURN_IF_ERROR(connection.Write(MailText(mail)));
  GANNET_RETURN_IF_ERROR(connection.Ask(".", "250", "the mail").status());
  connection.Write("QUIT\r\n").IgnoreError();  // it has been taken already
  return absl::OkStatus();
}

}  // namespace gannet::net
