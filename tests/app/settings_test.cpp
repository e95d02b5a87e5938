#include "gateway/app/settings.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <fstream>

#include "tests/support/temp_dir.hpp"

using namespace vitalgate;

namespace {

/// A secret that the devices below have.
struct SecretFile {
    testing::TempDir dir;
    config::Secret secret{config::Secret::Kind::credential, "meter"};

    void write(std::string_view text) const {
        const auto path = (dir.path() / "meter").string();
        std::ofstream(path) << text;
        ::chmod(path.c_str(), 0600);
    }
};

}  // namespace

TEST_CASE("a device's passkey is read each time it is asked for, and kept nowhere") {
    const SecretFile file;
    config::Config config;
    config.devices["meter"].passkey = config::Passkey{file.secret};
    config.devices["meter"].expectEvery = std::chrono::hours{24};
    config.devices["scale"] = {};
    const auto devices = app::deviceSettings(config, file.dir.path());
    REQUIRE(devices.size() == 2);
    CHECK(devices[0].expectEvery == std::chrono::hours{24});
    REQUIRE(devices[0].passkey);
    CHECK_FALSE(devices[1].passkey);
    CHECK_FALSE(devices[0].passkey());
    file.write("004711\n");
    CHECK(devices[0].passkey() == 4711U);
    file.write("123456\n");
    CHECK(devices[0].passkey() == 123456U);
    file.write("12345\n");
    const auto wrong = devices[0].passkey();
    REQUIRE_FALSE(wrong);
    CHECK(wrong.error().message.find("12345") == std::string::npos);
}

TEST_CASE("a user's consent code is read each time it is asked for") {
    const SecretFile file;
    config::Config config;
    config.devices["scale"].consent[3] = config::ConsentCode{file.secret};
    config.devices["scale"].registerUsers = true;
    const auto devices = app::deviceSettings(config, file.dir.path());
    REQUIRE(devices.size() == 1);
    CHECK(devices[0].registerUsers);
    REQUIRE(devices[0].consent.size() == 1);
    const auto& code = devices[0].consent.at(3);
    CHECK_FALSE(code());
    file.write("0042\n");
    CHECK(code() == std::uint16_t{42});
    file.write("77777");
    const auto wrong = code();
    REQUIRE_FALSE(wrong);
    CHECK(wrong.error().message.find("77777") == std::string::npos);
}

TEST_CASE("what is fetched, passed through and gathered is as the configuration says") {
    config::Config config;
    config.devices["a"] = {};
    config.devices["b"].records = config::RecordUse::all;
    config.devices["b"].opaque = {Uuid(0x2AF9)};
    config.devices["c"].records = config::RecordUse::none;
    const auto devices = app::deviceSettings(config, {});
    REQUIRE(devices.size() == 3);
    CHECK(devices[0].records == RecordUse::sinceLast);
    CHECK(devices[0].opaque.empty());
    CHECK_FALSE(devices[0].registerUsers);
    CHECK(devices[1].records == RecordUse::all);
    CHECK(devices[1].opaque == std::vector<Uuid>{Uuid(0x2AF9)});
    CHECK(devices[2].records == RecordUse::none);
    config.readings.seriesInterval = std::chrono::seconds{7};
    const auto session = app::sessionOptions(config);
    REQUIRE(session);
    CHECK(session->seriesInterval == std::chrono::seconds{7});
}

TEST_CASE("an uplink awaits receipts only where the configuration says so") {
    config::Config config;
    config.hub.id = "hub-1";
    for (const auto* name : {"broker", "receipt"}) {
        auto& uplink = config.uplinks[name];
        uplink.root = "vitalgate/v1/{hub}";
        uplink.receiptTimeout = std::chrono::minutes{20};
    }
    config.uplinks["receipt"].delivery = config::Delivery::receipt;
    const auto uplinks = app::uplinkSettings(config, {});
    REQUIRE(uplinks);
    REQUIRE(uplinks->size() == 2);
    CHECK_FALSE(uplinks->at(0).options.receiptLimit);
    CHECK(uplinks->at(1).options.receiptLimit == std::chrono::minutes{20});
}
