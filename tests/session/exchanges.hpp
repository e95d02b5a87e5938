#pragma once

#include <fmt/format.h>

#include "tests/session/conversation.hpp"

// Conversations as tables of exchanges: what the hub writes, and what the device says to it.
namespace vitalgate::testing {

/// What makes two readings the same one for the service.
inline std::string keyOf(const MeasurementIdentity& identity) {
    return fmt::format("{} {} {} {}", identity.characteristic.shortText(), identity.deviceTime,
                       identity.recordNumber.value_or(0), toHex(identity.payload));
}

/// Times of the measurements, each once, in order.
inline std::vector<std::string> distinct(const RecordingSink& sink) {
    std::vector<std::string> keys;
    for (const auto& made : sink.readings) keys.push_back(keyOf(made.identity));
    std::ranges::sort(keys);
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
    return keys;
}

/// Number and time of the record that a bookmark says to be the last known one.
inline std::string lastKnown(const std::string& bookmark) {
    const auto time = bookmark.find(' ');
    return bookmark.substr(0, bookmark.find(' ', time + 1));
}

/// A record of a glucose meter: capillary whole blood, 112 mg/dL, minute `minute` of `hour`:00 of
/// that day, without context.
struct MeterRecord {
    std::uint16_t number = 0;
    int minute = 0;
    bool isControlSolution = false;
    bool hasContext = false;
    int hour = 6;

    [[nodiscard]] std::string hex() const {
        const auto flags = hasContext ? "12" : "02";
        const auto word = fmt::format("{:02x}{:02x}", number & 0xFF, number >> 8);
        return fmt::format("{}{}ea070b17{:02x}{:02x}0070b0{}", flags, word, hour, minute,
                           isControlSolution ? "1a" : "11");
    }
    /// After a breakfast.
    [[nodiscard]] std::string contextHex() const {
        return fmt::format("02{:02x}{:02x}02", number & 0xFF, number >> 8);
    }
};

/// The services of a scale that measures the composition of the body too.
inline void addWeightAndComposition(Conversation& c) {
    c.link->addService(0x181D);
    c.link->addCharacteristic(0x2A9D, "i");
    c.link->addService(0x181B);
    c.link->addCharacteristic(0x2A9C, "i");
}

/// What stands on the first octets of a request, and is sent then.
struct Sent {
    std::uint16_t characteristic;
    std::string hex;
};

/// A device that gives its records through the Record Access Control Point, as a meter does.
struct Meter {
    std::vector<MeterRecord> records;
    bool newestFirst = false;
    bool knowsNumbers = true;                               ///< else: operator unsupported
    std::optional<std::size_t> leavesAfter = std::nullopt;  ///< so many values
    bool leavesAtAnswer = false;

    [[nodiscard]] std::vector<MeterRecord> chosen(const Bytes& request) const {
        std::vector<MeterRecord> chosen;
        for (const auto& each : records) {
            const auto number = request.size() >= 5 ? request[3] | request[4] << 8 : 0;
            const bool isUpTo = request.at(1) == 2;
            if (isUpTo ? each.number <= number : each.number >= number) chosen.push_back(each);
        }
        if (newestFirst) std::ranges::reverse(chosen);
        return chosen;
    }

    /// Answers a write to 0x2A52.
    void answer(ScriptedLink& link, const Bytes& request) const {
        const auto operation = request.at(0);
        if (operation == 3) return link.send(0x2A52, "06000301");
        const bool byNumber = request.size() > 2;
        if (byNumber && !knowsNumbers) {
            return link.send(0x2A52, fmt::format("0600{:02x}04", operation));
        }
        const auto found = chosen(request);
        if (operation == 4) {
            return link.send(
                0x2A52, fmt::format("0500{:02x}{:02x}", found.size() & 0xFF, found.size() >> 8));
        }
        std::vector<Sent> values;
        for (const auto& each : found) {
            values.push_back({0x2A18, each.hex()});
            if (each.hasContext) values.push_back({0x2A34, each.contextHex()});
        }
        for (std::size_t i = 0; i < values.size(); ++i) {
            if (leavesAfter == i) return link.endLink();
            link.send(values[i].characteristic, values[i].hex);
        }
        if (leavesAfter || leavesAtAnswer) return link.endLink();
        link.send(0x2A52, found.empty() ? "06000106" : "06000101");
    }
};

/// Conversations one after the other with the same store: what one leaves the next takes up.
struct Exchanges {
    Conversation* now = nullptr;
    std::vector<NewReading> readings;
    std::vector<MeasurementIdentity> refusals;
    std::vector<v1::Event> events;
    std::map<std::string, std::string> bookmarks;
    v1::DeviceDescriptor descriptor;

    /// The next connection; `c` is new.
    void begin(Conversation& c) const {
        c.sink.bookmarks = bookmarks;
        c.known = descriptor;
    }
    /// What it has brought.
    void end(const Conversation& c) {
        readings.insert(readings.end(), c.sink.readings.begin(), c.sink.readings.end());
        refusals.insert(refusals.end(), c.sink.refusals.begin(), c.sink.refusals.end());
        events.insert(events.end(), c.sink.events.begin(), c.sink.events.end());
        bookmarks = c.sink.bookmarks;
        if (c.session) descriptor = c.session->descriptor();
    }
    /// Numbers of the records that have become readings, each once for each identity.
    [[nodiscard]] std::vector<std::uint32_t> numbers() const {
        std::map<std::string, std::uint32_t> found;
        for (const auto& made : readings) {
            if (made.reading.partial()) continue;
            found[keyOf(made.identity)] = made.identity.recordNumber.value_or(0);
        }
        std::vector<std::uint32_t> numbers;
        for (const auto& [key, number] : found) numbers.push_back(number);
        std::ranges::sort(numbers);
        return numbers;
    }
};

/// A meter with that control point.
inline void addMeter(Conversation& c, const Meter& meter) {
    c.link->addService(0x1808);
    c.link->addCharacteristic(0x2A18, "n");
    c.link->addCharacteristic(0x2A34, "n");
    c.link->addCharacteristic(0x2A51, "r", {0x00, 0x00});
    c.link->addCharacteristic(0x2A52, "wi");
    c.link->whenWritten(0x2A52,
                        [&c, meter](const Bytes& request) { meter.answer(*c.link, request); });
}

/// One connection with that meter, to its end.
inline void connect(Exchanges& all, const Meter& meter, RecordUse use = RecordUse::sinceLast) {
    Conversation c;
    c.settings.records = use;
    addMeter(c, meter);
    all.begin(c);
    c.start();
    c.endLink();
    REQUIRE(c.ended);
    CHECK(c.clock.pendingTimers() == 0);
    all.end(c);
}

}  // namespace vitalgate::testing
