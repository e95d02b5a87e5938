#include "gateway/host/credentials.hpp"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <fstream>
#include <string>

using namespace vitalgate;
using namespace vitalgate::host;

namespace {

/// A folder as systemd makes it, named in the environment while this lives.
class CredentialsFolder {
  public:
    CredentialsFolder() {
        REQUIRE(::mkdtemp(path_.data()) != nullptr);
        ::setenv("CREDENTIALS_DIRECTORY", path_.c_str(), 1);
    }
    ~CredentialsFolder() {
        ::unsetenv("CREDENTIALS_DIRECTORY");
        std::filesystem::remove_all(path_);
    }
    CredentialsFolder(const CredentialsFolder&) = delete;
    CredentialsFolder& operator=(const CredentialsFolder&) = delete;
    void write(const std::string& name, const std::string& content) const {
        std::ofstream(path_ + "/" + name, std::ios::binary) << content;
    }

  private:
    std::string path_ = "/tmp/vitalgate-credentials-XXXXXX";
};

}  // namespace

TEST_CASE("a credential is read byte for byte, zero bytes and line ends included") {
    const CredentialsFolder folder;
    const std::string secret("a\0b\n", 4);
    folder.write("store-key", secret);
    const auto read = readCredential("store-key");
    REQUIRE(read);
    CHECK(asText(*read) == secret);
}

TEST_CASE("a credential that systemd did not give says what to add to the unit") {
    const CredentialsFolder folder;
    const auto read = readCredential("hub-key");
    REQUIRE_FALSE(read);
    CHECK(read.error().kind == ErrorKind::notFound);
    CHECK(read.error().message.find("LoadCredential=hub-key") != std::string::npos);
}

TEST_CASE("without a credentials folder nothing is read from anywhere else") {
    ::unsetenv("CREDENTIALS_DIRECTORY");
    CHECK_FALSE(credentialsDirectory());
    CHECK(readCredential("hub-key").error().kind == ErrorKind::notFound);
    ::setenv("CREDENTIALS_DIRECTORY", "relative", 1);
    CHECK_FALSE(credentialsDirectory());
    ::unsetenv("CREDENTIALS_DIRECTORY");
}

TEST_CASE("a credential name cannot leave the folder") {
    const CredentialsFolder folder;
    for (const auto* name : {"../passwd", "/etc/hostname", "", ".", "..", "a/b"}) {
        CAPTURE(name);
        CHECK(readCredential(name).error().kind == ErrorKind::invalid);
    }
}

TEST_CASE("a credential of 1 MiB is read and a larger one refused") {
    const CredentialsFolder folder;
    folder.write("largest", std::string(1024 * 1024, 'k'));
    folder.write("larger", std::string(1024 * 1024 + 1, 'k'));
    CHECK(readCredential("largest").value().size() == 1024 * 1024);
    CHECK(readCredential("larger").error().kind == ErrorKind::invalid);
}
