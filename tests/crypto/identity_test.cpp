#include "gateway/crypto/identity.hpp"

#include <doctest/doctest.h>

#include <set>

#include "gateway/crypto/crypto.hpp"

using namespace vitalgate;
using namespace vitalgate::crypto;

namespace {

SecretKey key(std::uint8_t octet = 0x11) {
    REQUIRE(initialise());
    return SecretKey::fromBytes(Bytes(32, octet)).value();
}

const Bytes kPayload{0x00, 0x78, 0x00, 0x50, 0x00, 0x5d, 0x00};

MeasurementParts bloodPressure() {
    return {BluetoothAddress::parse("C4:7C:8D:6A:12:34").value(),
            Uuid(0x2A35),
            "2026-11-23T08:14:05",
            {},
            {},
            kPayload};
}

}  // namespace

TEST_CASE("the id of a measurement is the same in every version of this program") {
    const auto id = measurementId(key(), bloodPressure());
    CHECK(id.text == "7f7b477e-06c0-8eae-85d1-703687cf1870");
    CHECK(toHex(id.octets) == "7f7b477e06c08eae85d1703687cf1870");
    auto numbered = bloodPressure();
    numbered.recordNumber = 70000;
    CHECK(measurementId(key(), numbered).text == "acc648bd-9bef-82f8-80b2-dddbef9305ea");
    auto unnumbered = bloodPressure();
    unnumbered.deviceTime = {};
    unnumbered.arrival = Arrival{3, 4, 0x100000005};
    CHECK(measurementId(key(), unnumbered).text == "7ab96895-3588-894f-b888-6bc38554b724");
}

TEST_CASE("whatever differs between two measurements makes another id") {
    const auto base = bloodPressure();
    std::vector<MeasurementParts> others(8, base);
    others[0].address = BluetoothAddress::parse("C4:7C:8D:6A:12:35").value();
    others[1].characteristic = Uuid(0x2A36);
    others[2].deviceTime = "2026-11-23T08:14:06";
    others[3].deviceTime = {};
    others[4].recordNumber = 0;
    others[5].recordNumber = 1;
    others[6].payload = ByteView(kPayload).first(6);
    others[7].arrival = Arrival{};
    std::set<std::string> ids{measurementId(key(), base).text, measurementId(key(1), base).text};
    for (const auto& other : others) ids.insert(measurementId(key(), other).text);
    CHECK(ids.size() == others.size() + 2);
}

TEST_CASE("parts do not run into each other") {
    // The same octets on either side of the border between device time and payload.
    auto left = bloodPressure();
    left.deviceTime = "12";
    const Bytes three{'3'};
    left.payload = three;
    auto right = left;
    right.deviceTime = "1";
    const Bytes twoThree{'2', '3'};
    right.payload = twoThree;
    CHECK(measurementId(key(), left).text != measurementId(key(), right).text);
}

TEST_CASE("an id is a UUID of version 8, as text and as octets") {
    for (std::uint32_t record = 0; record < 200; ++record) {
        auto parts = bloodPressure();
        parts.recordNumber = record;
        const auto id = measurementId(key(), parts);
        REQUIRE(id.text.size() == 36);
        CHECK(id.text[14] == '8');
        CHECK(std::string_view("89ab").find(id.text[19]) != std::string_view::npos);
        CHECK(Uuid::parse(id.text).value().text() == id.text);
        CHECK(fromHex(id.text).value() == Bytes(id.octets.begin(), id.octets.end()));
    }
}

TEST_CASE("a UUID of version 7 carries the milliseconds, then what was random") {
    // The example of RFC 9562, A.6: 2022-02-22T19:22:22Z.
    const auto time = parseUtc("2022-02-22T19:22:22Z").value();
    const std::array<std::uint8_t, 10> random{0x0c, 0xc3, 0x18, 0xc4, 0xdc,
                                              0x0c, 0x0c, 0x07, 0x39, 0x8f};
    CHECK(uuidVersion7(time, random) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
    CHECK(uuidVersion7(time + std::chrono::nanoseconds{999'999}, random) ==
          uuidVersion7(time, random));
    CHECK(uuidVersion7(time + std::chrono::milliseconds{1}, random) > uuidVersion7(time, random));
    CHECK(uuidVersion7(WallTime{} - std::chrono::hours{1}, {}) ==
          "00000000-0000-7000-8000-000000000000");
}

TEST_CASE("a device key is the same for the same address and key, and shows neither") {
    const auto cuff = BluetoothAddress::parse("C4:7C:8D:6A:12:34").value();
    const auto scale = BluetoothAddress::parse("C4:7C:8D:6A:12:35").value();
    CHECK(deviceKey(key(), cuff) == "d-bzuxulgvykze");
    CHECK(isIdentifier(deviceKey(key(), cuff)));
    CHECK(deviceKey(key(), scale) != deviceKey(key(), cuff));
    CHECK(deviceKey(key(1), cuff) != deviceKey(key(), cuff));
}
