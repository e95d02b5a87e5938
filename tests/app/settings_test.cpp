#include "gateway/app/settings.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <fstream>

#include "tests/support/temp_dir.hpp"

using namespace vitalgate;

TEST_CASE("a device's passkey is read each time it is asked for, and kept nowhere") {
    const testing::TempDir dir;
    const auto path = (dir.path() / "meter").string();
    const auto write = [&path](std::string_view text) {
        std::ofstream(path) << text;
        ::chmod(path.c_str(), 0600);
    };
    config::Config config;
    config.devices["meter"].passkey = config::Passkey{{config::Secret::Kind::credential, "meter"}};
    config.devices["meter"].expectEvery = std::chrono::hours{24};
    config.devices["scale"] = {};
    const auto devices = app::deviceSettings(config, dir.path());
    REQUIRE(devices.size() == 2);
    CHECK(devices[0].expectEvery == std::chrono::hours{24});
    REQUIRE(devices[0].passkey);
    CHECK_FALSE(devices[1].passkey);
    CHECK_FALSE(devices[0].passkey());
    write("004711\n");
    CHECK(devices[0].passkey() == 4711U);
    write("123456\n");
    CHECK(devices[0].passkey() == 123456U);
    write("12345\n");
    const auto wrong = devices[0].passkey();
    REQUIRE_FALSE(wrong);
    CHECK(wrong.error().message.find("12345") == std::string::npos);
}
