#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "gateway/config/config.hpp"
#include "tests/support/temp_dir.hpp"

using namespace vitalgate;
using namespace vitalgate::config;

namespace {

LoadOptions options(bool checkSecrets, std::optional<std::filesystem::path> credentials = {}) {
    LoadOptions all;
    all.now = *parseUtc("2026-11-23T08:00:00Z");
    all.checkSecrets = checkSecrets;
    all.credentialsDirectory = std::move(credentials);
    return all;
}

/// A cuff with that passkey, in line 3.
std::string cuff(const std::string& passkey) {
    return "hub: {id: hub-1}\ncommands: {accept: none}\ndevices: {cuff: {address: "
           "C4:7C:8D:6A:12:34, passkey: " +
           passkey + "}}\n";
}

/// What is wrong with it; empty if nothing is.
std::string problemsOf(const std::string& passkey, const LoadOptions& how) {
    const auto result = loadText(cuff(passkey), "v.yaml", how);
    return result ? "" : fmt::format("{}", fmt::join(result.error().lines(), "\n"));
}

/// A file for a passkey, and what is said of it.
struct PasskeyFile {
    testing::TempDir dir;
    std::string path = (dir.path() / "passkey").string();
    Passkey passkey{{Secret::Kind::file, path}};

    void write(std::string_view text, mode_t mode = 0600) const {
        std::ofstream(path) << text;
        ::chmod(path.c_str(), mode);
    }
    [[nodiscard]] std::string problem() const {
        const auto read = readPasskey(passkey, {});
        return read ? "" : read.error().message;
    }
    /// check-config says the same, in its place.
    void isRefused(const std::string& why) const {
        CHECK(problem() == why);
        CHECK(problemsOf("{file: " + path + "}", options(true)) ==
              "v.yaml:3:55: devices.cuff.passkey: " + why);
        CHECK(problemsOf("{file: " + path + "}", options(false)).empty());
        CHECK(problemsOf("{credential: passkey}", options(true, dir.path())) ==
              "v.yaml:3:55: devices.cuff.passkey: " + why);
    }
};

}  // namespace

TEST_CASE("a passkey is six digits, with or without a line end") {
    const PasskeyFile file;
    for (const auto& [text, number] : std::vector<std::pair<std::string, std::uint32_t>>{
             {"000000", 0}, {"004711\n", 4711}, {"999999\r\n", 999999}}) {
        file.write(text);
        CHECK(readPasskey(file.passkey, {}) == number);
        CHECK(readPasskey({{Secret::Kind::credential, "passkey"}}, file.dir.path()) == number);
        CHECK(problemsOf("{file: " + file.path + "}", options(true)).empty());
        CHECK(problemsOf("{credential: passkey}", options(true, file.dir.path())).empty());
    }
}

TEST_CASE("a file with anything else is refused, and what stands there is not repeated") {
    const PasskeyFile file;
    for (const std::string text : {"12345", "1234567", "12a456", "12345\n\n", " 12345", "-12345",
                                   "\xd9\xa1\xd9\xa2\xd9\xa3", "123456 # cuff", "letter"}) {
        CAPTURE(text);
        file.write(text);
        file.isRefused(file.path + " does not hold a passkey: write six digits, nothing else");
    }
    for (const std::string text : {"", "\n"}) {
        file.write(text);
        file.isRefused(file.path + " is empty");
    }
}

TEST_CASE("a passkey that others can read, or that is not there, is refused") {
    const PasskeyFile file;
    file.isRefused(file.path + ": no such file");
    file.write("123456", 0644);
    file.isRefused(fmt::format("{0} is readable by others (0644); run: chmod 600 {0}", file.path));
}

TEST_CASE("a device's passkey and what is expected of it are read") {
    const auto config = loadText(
        cuff("{credential: cuff}, expect-every: 24h") + "bluetooth: {pairing: {policy: passkey}}\n",
        "v.yaml", options(false));
    REQUIRE(config);
    CHECK(config->bluetooth.pairing.policy == PairingPolicy::passkey);
    const auto& device = config->devices.at("cuff");
    REQUIRE(device.passkey);
    CHECK(device.passkey->secret.kind == Secret::Kind::credential);
    CHECK(device.passkey->secret.name == "cuff");
    CHECK(device.expectEvery == std::chrono::hours{24});
}
