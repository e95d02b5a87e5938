#pragma once

#include "adapters/profiles/e2e_crc.hpp"
#include "tests/session/exchanges.hpp"

namespace vitalgate::testing {

/// A continuous glucose sensor whose session began at 2026-11-23T06:00:00: 112 mg/dL at each of
/// its minutes, interstitial fluid, subcutaneous tissue.
struct Sensor {
    std::vector<std::uint16_t> minutes;
    std::uint16_t status = 120;  ///< minutes since the start, as 0x2AA9 says
    bool hasCrc = false;
    std::string start = "ea070b170600000000";
    /// Answers of the control point by request, without CRC; to all other requests: unsupported.
    std::map<std::string, std::string> answers = {{"02", "0305"}, {"08", "09b400"}};

    [[nodiscard]] Bytes bytes(const std::string& hex) const {
        const auto octets = fromHex(hex);
        REQUIRE(octets);
        return hasCrc ? profiles::withCrc(*octets) : *octets;
    }
    [[nodiscard]] std::string record(std::uint16_t minute) const {
        return toHex(bytes(
            fmt::format("{:02x}007000{:02x}{:02x}", hasCrc ? 8 : 6, minute & 0xFF, minute >> 8)));
    }

    void answerRecords(ScriptedLink& link, const Bytes& request) const {
        if (request[0] == 3) return link.send(0x2A52, "06000301");
        const auto first = request.size() >= 5 ? request[3] | request[4] << 8 : 0;
        bool any = false;
        for (const auto minute : minutes) {
            if (minute < first) continue;
            link.send(0x2AA7, record(minute));
            any = true;
        }
        link.send(0x2A52, any ? "06000101" : "06000106");
    }
    void answerControl(ScriptedLink& link, Bytes request) const {
        if (hasCrc) request.resize(request.size() - 2);
        const auto found = answers.find(toHex(request));
        const auto answer =
            found != answers.end() ? found->second : fmt::format("1c{:02x}02", request[0]);
        if (!answer.empty()) link.send(0x2AAC, toHex(bytes(answer)));
    }

    void addTo(Conversation& c, const std::string& startProperties = "rw") const {
        auto* link = c.link.get();
        link->addService(0x181F);
        link->addCharacteristic(0x2AA7, "n");
        link->addCharacteristic(0x2AA8, "r", feature());
        link->addCharacteristic(
            0x2AA9, "r", bytes(fmt::format("{:02x}{:02x}000000", status & 0xFF, status >> 8)));
        link->addCharacteristic(0x2AAA, startProperties, bytes(start));
        link->addCharacteristic(0x2AAB, "r", bytes("5001"));
        link->addCharacteristic(0x2AAC, "wi");
        link->addCharacteristic(0x2A52, "wi");
        const auto sensor = *this;
        link->whenWritten(
            0x2A52, [link, sensor](const Bytes& request) { sensor.answerRecords(*link, request); });
        link->whenWritten(
            0x2AAC, [link, sensor](const Bytes& request) { sensor.answerControl(*link, request); });
    }

  private:
    [[nodiscard]] Bytes feature() const {
        if (hasCrc) return profiles::withCrc(*fromHex("00100059"));
        return *fromHex("00000059ffff");
    }
};

}  // namespace vitalgate::testing
