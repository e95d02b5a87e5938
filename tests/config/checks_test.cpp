#include <doctest/doctest.h>

#include <algorithm>

#include "tests/config/load_fixture.hpp"
#include "tests/support/temp_dir.hpp"

using namespace vitalgate;
using namespace vitalgate::config;
using namespace vitalgate::testing;

namespace {

struct Mistake {
    std::string_view line;
    std::string_view problem;
};
constexpr Mistake kMistakes[] = {
    {"uplinks: {a: {broker: mqtt://localhost, tls: {ca: /c}}}",
     "v.yaml:1:46: uplinks.a.tls: is of no use: no broker of this uplink is mqtts or wss"},
    {"uplinks: {a: {broker: mqtt://127.1}}",
     "v.yaml:1:23: uplinks.a.broker: mqtt to another host is not encrypted: use mqtts, or set "
     "allow-plaintext: true"},
    {"uplinks: {a: {broker: mqtt://localhost, root: \"a\\tb/{hub}\"}}",
     "v.yaml:1:47: uplinks.a.root: \"a\tb/{hub}\" is not a topic that contains {hub} once, without "
     "+ and # and without / at its ends; write for example vitalgate/v1/{hub}"},
    {"uplinks: {a: {broker: mqtt://localhost}, b: {broker: [mqtts://b.example, mqtt://localhost], "
     "tls: {ca: system}}}",
     "v.yaml:1:45: uplinks.b.client-id: the uplink a uses the same broker with the same client id: "
     "they would push each other out; give one a client-id of its own"},
    {"devices: {cuff: {address: \"00:00:00:00:00:00\"}}",
     "v.yaml:1:27: devices.cuff.address: is no device's address: write the one that it "
     "advertises"},
    {"devices: {cuff: {adress: C4:7C:8D:6A:12:34}}",
     "v.yaml:1:18: devices.cuff: unknown key \"adress\"; did you mean \"address\"?"},
    {"commands: {accept: sined}",
     "v.yaml:1:20: commands.accept: \"sined\" is not allowed here; did you mean \"signed\"?; write "
     "signed or transport-only or none"},
    {"uplinks: {a: {broker: mqtt://localhost, user: u, password: {file: hunter2}}}",
     "v.yaml:1:67: uplinks.a.password.file: is not an absolute path; write {file: PATH} or "
     "{credential: NAME}"},
    {"uplinks: {a: {broker: mqtt://localhost, user: u, password: {credential: hunter 2}}}",
     "v.yaml:1:73: uplinks.a.password.credential: is not a credential's name; write {file: PATH} "
     "or "
     "{credential: NAME}"},
    {"uplinks: {a: {broker: mqtt://localhost, user: u, password: {hunter2: }}}",
     "v.yaml:1:60: uplinks.a.password: must name a place; write {file: PATH} or {credential: "
     "NAME}"},
    {"uplinks: {a: {broker: mqtts://b, tls: {ca: system, certificate: /c, key: \"-----BEGIN "
     "PRIVATE "
     "KEY-----\\nMC4CAQ\\n-----END PRIVATE KEY-----\"}}}",
     "v.yaml:1:74: uplinks.a.tls.key: a secret must not stand in the configuration; write {file: "
     "PATH} or {credential: NAME}"},
    {"uplinks: {a: {broker: mqtts://b, tls: {ca: system, certificate: \"-----BEGIN PRIVATE "
     "KEY-----MC4CAQ\", key: /k}}}",
     "v.yaml:1:65: uplinks.a.tls.certificate: (a private key) is not an absolute path; write for "
     "example /etc/vitalgate/hub.pem"},
};

}  // namespace

TEST_CASE("what cannot work is refused, and nothing that may be a secret is repeated") {
    for (const auto& [line, problem] : kMistakes) {
        CAPTURE(line);
        CHECK(problemsOf(with(std::string(line))) == problem);
    }
}

TEST_CASE("the files that only the daemon would stumble over are looked at too") {
    const testing::TempDir dir;
    const auto path = [&](const char* name) { return (dir.path() / name).string(); };
    auto options = unchecked();
    options.checkSecrets = true;
    write(path("short"), "0123456789");
    write(path("long"), std::string(33, 'k'), 0400);
    write(path("group"), std::string(32, 'k'), 0640);
    write(path("good"), std::string(32, 'k'), 0400);
    write(path("empty"), "\n");
    write(path("ca.pem"), "no certificate", 0644);
    const auto key = [&](const char* name) {
        return problemsOf(with("store: {key: {file: " + path(name) + "}}"), options);
    };
    CHECK(key("good").empty());
    CHECK(key("short").ends_with("short: a key has 32 octets, this one has 10"));
    CHECK(key("long").ends_with("long: a key has 32 octets, this one has 33"));
    CHECK(key("group").ends_with("mode 0640 could let others use the key; set it to 0400"));
    CHECK(key("none").ends_with("none: there is no such key"));
    CHECK(problemsOf(with("privacy: {id-key: {file: " + path("short") + "}}"), options)
              .starts_with("v.yaml:1:19: privacy.id-key: "));
    CHECK(problemsOf(with("uplinks: {a: {broker: mqtt://localhost, user: u, password: {file: " +
                          path("empty") + "}}}"),
                     options)
              .ends_with("empty is empty"));
    const auto tls =
        problemsOf(with("uplinks: {a: {broker: mqtts://b, tls: {ca: " + path("ca.pem") +
                        ", certificate: " + path("ca.pem") + ", key: " + path("good") + "}}}"),
                   options);
    CAPTURE(tls);
    CHECK(std::ranges::count(tls, '\n') == 2);
    CHECK(tls.find("tls.ca: " + path("ca.pem") + " is not a PEM file (-----BEGIN …)") !=
          std::string::npos);
    CHECK(tls.find("tls.key: " + path("good") + " is not a PEM file") != std::string::npos);
}

TEST_CASE("kinds of commands are words that there are, and all stands alone") {
    const auto keys = [](const std::string& kinds) {
        return problemsOf(
            with("commands: {accept: signed, keys: {k: {public-key: "
                 "5Kq0mJ5S0m9b1cY2o3Tt4u5v6w7x8y9zABCDEFGHIJk=, kinds: " +
                 kinds + "}}}"));
    };
    CHECK(keys("all").empty());
    CHECK(keys("[get-status, restart]").empty());
    CHECK(keys("[get-statsu]")
              .ends_with(
                  "kinds[1]: \"get-statsu\" is not allowed here; did you mean \"get-status\"?"));
    CHECK(keys("get_status").ends_with("did you mean \"get-status\"?"));
    CHECK(keys("[all]").ends_with("commands.keys.k.kinds: write all, not [all]"));
}

TEST_CASE("a public key is taken as openssl prints it") {
    const std::string octets = "5Kq0mJ5S0m9b1cY2o3Tt4u5v6w7x8y9zABCDEFGHIJk=";
    for (const auto& written : {octets, "MCowBQYDK2VwAyEA" + octets,
                                "\"-----BEGIN PUBLIC KEY-----\\nMCowBQYDK2VwAyEA" + octets +
                                    "\\n-----END PUBLIC KEY-----\\n\""}) {
        CAPTURE(written);
        const auto config = good(with(
            "commands: {accept: signed, keys: {k: {public-key: " + written + ", kinds: all}}}"));
        CHECK(config.commands.keys.at("k").publicKey == octets);
    }
}
