#include "adapters/simulator/scenario_device.hpp"

// What a device says of itself: the part of a scenario that becomes Device Information and Local
// Time Information.
namespace vitalgate::simulator {

namespace {

Result<Bytes> parseSystemId(std::string_view text) {
    constexpr std::size_t kOctets = 8;
    auto octets = fromHex(text);
    if (octets && octets->size() != kOctets) {
        return fail(ErrorKind::invalid, "\"{}\" does not have {} octets", text, kOctets);
    }
    return octets;
}

Result<std::uint16_t> parseNumber(std::string_view text) {
    return parseWhole<std::uint16_t>(text, 0, 0xffff);
}
Result<std::uint8_t> parseOctet(std::string_view text) {
    return parseWhole<std::uint8_t>(text, 0, 0xff);
}

void readPnpId(MapReader& information, Information& out) {
    auto map = information.below("pnp-id");
    if (!map) return;
    auto& own = out.pnpId.emplace();
    std::size_t source = 0;
    map->read("source", source,
              [](std::string_view text) { return parseWord(text, {"bluetooth", "usb"}); });
    own.source = static_cast<std::uint8_t>(source + 1);
    map->read("vendor", own.vendor, parseNumber);
    map->read("product", own.product, parseNumber);
    map->read("version", own.version, parseNumber);
    map->done();
}

void readCertification(MapReader& information, Information& out) {
    auto map = information.below("regulatory");
    if (!map) return;
    auto& own = out.regulatory.emplace();
    map->read("major", own.major, parseOctet);
    map->read("minor", own.minor, parseOctet);
    map->read("regulated", own.regulated, parseYesNo);
    map->each("classes", [&](std::string_view text) -> Status {
        const auto number = parseNumber(text);
        if (!number) return std::unexpected(number.error());
        own.classes.push_back(*number);
        return {};
    });
    map->done();
}

void readUniqueDeviceIdentifier(MapReader& information, Information& out) {
    auto map = information.below("udi");
    if (!map) return;
    auto& own = out.udi.emplace();
    map->read("label", own.label, plainText);
    map->read("device", own.device, plainText);
    map->read("issuer", own.issuer, plainText);
    map->read("authority", own.authority, plainText);
    map->done();
}

/// "unknown", or minutes that the characteristic can say.
Result<std::optional<std::chrono::minutes>> parseZone(std::string_view text) {
    using std::chrono::minutes;
    if (text == "unknown") return std::nullopt;
    const auto span = parseSpan(text);
    if (!span) return std::unexpected(span.error());
    const bool isWithin = *span >= minutes{-720} && *span <= minutes{840};
    if (isWithin && *span % minutes{15} == Duration::zero()) {
        return std::chrono::duration_cast<minutes>(*span);
    }
    return fail(ErrorKind::invalid, "\"{}\" is no quarter of an hour within -12h to 14h", text);
}

Result<std::optional<std::chrono::minutes>> parseDaylightSaving(std::string_view text) {
    using std::chrono::minutes;
    if (text == "unknown") return std::nullopt;
    const auto word = parseWord(text, {"0m", "30m", "60m", "120m"});
    if (!word) return std::unexpected(word.error());
    constexpr minutes kWords[] = {minutes{0}, minutes{30}, minutes{60}, minutes{120}};
    return kWords[*word];
}

}  // namespace

void readInformation(MapReader& device, Information& out) {
    auto map = device.below("information");
    if (!map) return;
    map->read("name", out.name, plainText);
    map->read("manufacturer", out.manufacturer, plainText);
    map->read("model", out.model, plainText);
    map->read("serial", out.serial, plainText);
    map->read("firmware", out.firmware, plainText);
    map->read("hardware", out.hardware, plainText);
    map->read("software", out.software, plainText);
    map->read("system-id", out.systemId, parseSystemId);
    readPnpId(*map, out);
    readCertification(*map, out);
    readUniqueDeviceIdentifier(*map, out);
    map->done();
}

void readLocalTime(MapReader& clock, ClockSettings& out) {
    LocalTimeInformation local;
    const bool hasZone = clock.read("tells-zone", local.zone, parseZone);
    const bool hasDaylightSaving =
        clock.read("tells-daylight-saving", local.daylightSaving, parseDaylightSaving);
    if (hasDaylightSaving && !hasZone) clock.missing("tells-daylight-saving", "needs tells-zone");
    if (hasZone && out.kind != ClockKind::currentTime) {
        clock.missing("tells-zone", "needs as: current-time");
    }
    if (hasZone) out.local = local;
}

}  // namespace vitalgate::simulator
