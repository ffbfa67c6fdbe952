#include "libs/net/certificate.h"

#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "libs/base/openssl_handles.h"
#include "libs/base/virtual_executor.h"
#include "libs/net/test_certificate.h"

namespace gannet::net {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

// A folder of one test, with a certificate in it.
class Folder {
 public:
  Folder() {
    std::string name = fs::temp_directory_path() / "gannet-certificate-XXXXXX";
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
    Renew();
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  CertificateFiles files() const { return {path_ + "/certificate.pem", path_ + "/key.pem", ""}; }
  std::string path() const { return path_; }
  // Another certificate and its key, each in place of the one before as one step.
  void Renew() {
    const std::string fresh = path_ + "/fresh";
    fs::create_directory(fresh);
    WriteTestCertificate(fresh);
    for (const char* name : {"/certificate.pem", "/key.pem"})
      fs::rename(fresh + name, path_ + name);
  }
  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ + "/next", std::ios::binary) << text;
    fs::permissions(path_ + "/next", fs::perms::owner_read | fs::perms::owner_write);
    fs::rename(path_ + "/next", path_ + "/" + name);
  }
  std::string Read(const std::string& name) const {
    std::ifstream in(path_ + "/" + name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }

 private:
  std::string path_;
};

std::string WithPassphrase(const std::string& pem) {
  const base::OpensslKey key = base::ReadKeyPem(pem);
  const base::OpensslBio out(BIO_new(BIO_s_mem()));
  REQUIRE(PEM_write_bio_PKCS8PrivateKey(out.get(), key.get(), EVP_aes_256_cbc(), "secret", 6,
                                        nullptr, nullptr) == 1);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(out.get(), &bytes);
  return {bytes, static_cast<size_t>(size)};
}

// The clock of the certificates, that a test may set.
base::Time Today() { return base::Time(std::chrono::system_clock::now().time_since_epoch()); }

TEST_CASE("A certificate is read whole, with its key, or refused by the name of its file") {
  Folder folder;
  const auto read = ReadCertificate(folder.files(), Today());
  INFO(read.status().ToString());
  REQUIRE(read.ok());
  CHECK(read->certificate == folder.Read("certificate.pem"));
  CHECK(read->key == folder.Read("key.pem"));

  const auto refused = [&](const char* said) {
    const absl::Status status = ReadCertificate(folder.files(), Today()).status();
    INFO(status.ToString());
    CHECK(absl::IsInvalidArgument(status));
    CHECK(std::string(status.message()).find(said) != std::string::npos);
  };
  const std::string certificate = folder.Read("certificate.pem"), key = folder.Read("key.pem");
  SECTION("cut") {
    folder.Write("certificate.pem", certificate.substr(0, certificate.size() / 2));
    refused("certificate.pem is no PEM certificate chain");
  }
  SECTION("a chain that is damaged behind its first certificate") {
    std::string chain = certificate + certificate;
    chain[certificate.size() + certificate.size() / 2] = '!';
    folder.Write("certificate.pem", chain);
    refused("certificate.pem is no PEM certificate chain");
  }
  SECTION("empty") {
    folder.Write("certificate.pem", "");
    refused("certificate.pem cannot be read");
  }
  SECTION("gone") {
    fs::remove(folder.files().key);
    refused("key.pem cannot be read");
  }
  SECTION("noise for a key") {
    folder.Write("key.pem", std::string(2'000, '\xff'));
    refused("key.pem is no PEM key");
  }
  SECTION("a key under a passphrase, which nobody is asked for") {
    folder.Write("key.pem", WithPassphrase(key));
    refused("key.pem is no PEM key without passphrase");
  }
  SECTION("the key of another") {
    folder.Renew();
    folder.Write("key.pem", key);
    refused("key.pem is not the key of");
  }
}

TEST_CASE("A certificate that is not valid now is refused where that is asked for") {
  Folder folder;
  CHECK(absl::IsInvalidArgument(ReadCertificate(folder.files(), Today() - 24h * 365).status()));
  CHECK(absl::IsInvalidArgument(ReadCertificate(folder.files(), Today() + 24h * 365).status()));
  CHECK(ReadCertificate(folder.files()).ok());
}

TEST_CASE("Replaced files are taken into use once they have rested; broken ones never are") {
  Folder folder;
  base::VirtualExecutor executor(Today());
  std::vector<std::string> used;
  std::vector<std::string> refused;
  CertificateWatch watch(
      executor, [&] { return executor.Now(); }, folder.files(),
      [&](const CertificateText& text) {
        used.push_back(text.certificate);
        return absl::OkStatus();
      },
      [&](const absl::Status& why) { refused.push_back(std::string(why.message())); });
  executor.RunFor(10s);
  CHECK(used.empty());

  folder.Renew();
  executor.RunFor(3s);
  REQUIRE(used.size() == 1);
  CHECK(used.back() == folder.Read("certificate.pem"));
  CHECK(watch.health().ok());

  const std::string good = folder.Read("certificate.pem");
  folder.Write("certificate.pem", "-----BEGIN CERTIFICATE-----\nbroken");
  executor.RunFor(10s);
  CHECK(used.size() == 1);
  CHECK(refused.size() == 1);  // said once
  CHECK(absl::IsFailedPrecondition(watch.health()));
  CHECK(watch.stats().refused == 1);

  folder.Write("certificate.pem", good);
  executor.RunFor(3s);
  CHECK(watch.health().ok());
  CHECK(watch.stats().reloaded == 2);

  fs::remove(folder.files().key);
  executor.RunFor(3s);
  CHECK_FALSE(watch.health().ok());
  folder.Renew();
  executor.RunFor(3s);
  CHECK(watch.health().ok());
  CHECK(used.size() == 3);
}

}  // namespace
}  // namespace gannet::net
