#include <doctest/doctest.h>

#include "tests/config/load_fixture.hpp"
#include "tests/support/temp_dir.hpp"

using namespace vitalgate;
using namespace vitalgate::config;
using namespace vitalgate::testing;

namespace {

/// A scale with these keys beside its address; they begin in column 47 of line 1.
std::string scale(const std::string& keys) {
    return with("devices: {scale: {address: C4:7C:8D:6A:12:34, " + keys + "}}");
}

Device goodScale(const std::string& keys) {
    return good(scale(keys)).devices.at("scale");
}

/// A file for a consent code, and what is said of it.
struct CodeFile {
    TempDir dir;
    std::string path = (dir.path() / "code").string();
    ConsentCode code{{Secret::Kind::file, path}};

    [[nodiscard]] std::string problem() const {
        const auto read = readConsentCode(code, {});
        return read ? "" : read.error().message;
    }
    [[nodiscard]] std::string checked() const {
        auto options = unchecked();
        options.checkSecrets = true;
        return problemsOf(scale("consent: {7: {file: " + path + "}}"), options);
    }
    /// check-config says the same, in its place.
    void isRefused(const std::string& why) const {
        CHECK(problem() == why);
        CHECK(checked() == "v.yaml:1:60: devices.scale.consent.7: " + why);
    }
};

}  // namespace

TEST_CASE("a device's records, users and opaque characteristics have their defaults") {
    const auto device = goodScale("label: x");
    CHECK(device.records == RecordUse::sinceLast);
    CHECK(device.consent.empty());
    CHECK_FALSE(device.registerUsers);
    CHECK(device.opaque.empty());
    CHECK(good(scale("label: x")).readings.seriesInterval == std::chrono::seconds{60});
}

TEST_CASE("a device's records, users and opaque characteristics are read") {
    const auto device = goodScale(
        "consent: {0: {credential: scale-0}, 254: {file: /etc/code}}, register-users: true, "
        "opaque: [2AF9, 0000FFF1-0000-1000-8000-00805f9b34fb]");
    REQUIRE(device.consent.size() == 2);
    CHECK(device.consent.at(0).secret.kind == Secret::Kind::credential);
    CHECK(device.consent.at(0).secret.name == "scale-0");
    CHECK(device.consent.at(254).secret.kind == Secret::Kind::file);
    CHECK(device.consent.at(254).secret.name == "/etc/code");
    CHECK(device.registerUsers);
    CHECK(device.opaque == std::vector<Uuid>{Uuid(0x2AF9), Uuid(0xFFF1)});
    CHECK(goodScale("opaque: 2AF9").opaque == std::vector<Uuid>{Uuid(0x2AF9)});
    CHECK(goodScale("register-users: false").consent.empty());
    CHECK(goodScale("records: all").records == RecordUse::all);
    CHECK(goodScale("records: none").records == RecordUse::none);
    CHECK(goodScale("records: since-last").records == RecordUse::sinceLast);
}

TEST_CASE("a series lasts from a second to a quarter of an hour") {
    const auto of = [](const std::string& text) {
        return with("readings: {series-interval: " + text + "}");
    };
    CHECK(good(of("1s")).readings.seriesInterval == std::chrono::seconds{1});
    CHECK(good(of("15m")).readings.seriesInterval == std::chrono::minutes{15});
    for (const std::string text : {"999ms", "901s", "0s"}) {
        CHECK(problemsOf(of(text)) == "v.yaml:1:29: readings.series-interval: \"" + text +
                                          "\" is out of range; write for example 60s (1s to 15m)");
    }
}

TEST_CASE("each mistake in these keys has its place and a sentence that says what is allowed") {
    struct Mistake {
        std::string keys;
        std::string problem;
    };
    for (const auto& [keys, problem] : std::vector<Mistake>{
             {"records: newest",
              "56: devices.scale.records: \"newest\" is not allowed here; write since-last or all "
              "or none"},
             {"consent: 1234",
              "56: devices.scale.consent: must be a map of slots, not a text; write for example "
              "{1: {credential: scale-1}}"},
             {"consent: {1: 1234}",
              "60: devices.scale.consent.1: a secret must not stand in the configuration; write "
              "{file: PATH} or {credential: NAME}"},
             {"consent: {1: [{file: /c}]}",
              "60: devices.scale.consent.1: must name one place; write {file: PATH} or "
              "{credential: NAME}"},
             {"consent: {255: {file: /c}}",
              "57: devices.scale.consent: \"255\" is not a slot; slots are 0 to 254"},
             {"consent: {1: {file: /c}, 01: {file: /d}}",
              "72: devices.scale.consent: slot 1 stands twice"},
             {"register-users: true",
              "63: devices.scale.register-users: needs consent beside it: it names the users and "
              "their codes"},
             {"consent: {}, register-users: true",
              "76: devices.scale.register-users: needs consent beside it: it names the users and "
              "their codes"},
             // The mistake in `consent` is the one.
             {"consent: 1234, register-users: true",
              "56: devices.scale.consent: must be a map of slots, not a text; write for example "
              "{1: {credential: scale-1}}"},
             {"opaque: [2A35, weight]",
              "62: devices.scale.opaque[2]: \"weight\" is not a characteristic; write for example "
              "2A35, or all 36 characters"},
             {"opaque: []", "55: devices.scale.opaque: has 0 entries; 1 to 32 are allowed"},
         }) {
        CAPTURE(keys);
        CHECK(problemsOf(scale(keys)) == "v.yaml:1:" + problem);
    }
}

TEST_CASE("a consent code is one to four digits, with or without a line end") {
    const CodeFile file;
    for (const auto& [text, number] : std::vector<std::pair<std::string, std::uint16_t>>{
             {"0", 0}, {"7\n", 7}, {"0042", 42}, {"9999\r\n", 9999}}) {
        CAPTURE(text);
        write(file.path, text);
        CHECK(readConsentCode(file.code, {}) == number);
        CHECK(readConsentCode({{Secret::Kind::credential, "code"}}, file.dir.path()) == number);
        CHECK(file.checked().empty());
    }
}

TEST_CASE("a file without such a code is refused, and what stands there is not repeated") {
    const CodeFile file;
    file.isRefused(file.path + ": no such file");
    for (const std::string text : {"10000", "00001", "12a4", "12\n\n", " 12", "-12", "1 2"}) {
        CAPTURE(text);
        write(file.path, text);
        file.isRefused(file.path +
                       " does not hold a consent code: write one to four digits, nothing else");
    }
    write(file.path, "\n");
    file.isRefused(file.path + " is empty");
    write(file.path, "1234", 0644);
    file.isRefused(fmt::format("{0} is readable by others (0644); run: chmod 600 {0}", file.path));
}
