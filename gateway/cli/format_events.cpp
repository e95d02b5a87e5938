#include "gateway/cli/format_events.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "gateway/base/words.hpp"
#include "gateway/cli/format_values.hpp"

namespace vitalgate::cli {

namespace {

struct RefusalSentence {
    v1::MeasurementRefusal reason;
    std::string_view sentence;
};

constexpr std::array<RefusalSentence, 23> kRefusals{{
    {v1::REFUSED_MALFORMED, "the device's data do not follow their format"},
    {v1::REFUSED_TRUNCATED, "the device's data are cut short"},
    {v1::REFUSED_CHECKSUM, "the device's data fail their checksum"},
    {v1::REFUSED_UNKNOWN_FORMAT, "the format of the device's data is not known"},
    {v1::REFUSED_CONTRADICTORY, "the device's data contradict themselves"},
    {v1::REFUSED_FAILED, "the device reports a failed measurement"},
    {v1::REFUSED_UNSTABLE, "the device could not find a stable value"},
    {v1::REFUSED_QUESTIONABLE, "the device doubts its own measurement"},
    {v1::REFUSED_INVALID, "the device calls the measurement invalid"},
    {v1::REFUSED_UNAVAILABLE, "the device has no value"},
    {v1::REFUSED_CALIBRATING, "the device is still calibrating"},
    {v1::REFUSED_SENSOR_FAULT, "the device reports a fault of its sensor"},
    {v1::REFUSED_NO_CONTACT, "the sensor has no contact with the skin"},
    {v1::REFUSED_EMPTY, "the device sent no value"},
    {v1::REFUSED_DEMO, "the device is in its demonstration mode"},
    {v1::REFUSED_TEST, "the device is testing itself"},
    {v1::REFUSED_CONTROL_SOLUTION, "it was a control solution, not blood"},
    {v1::REFUSED_IMPLAUSIBLE, "no living person has such a value"},
    {v1::REFUSED_NOT_ENCRYPTED, "the link is not encrypted"},
    {v1::REFUSED_DECRYPTION, "the data cannot be decrypted; check the key"},
    {v1::REFUSED_REPLAYED, "the data were sent before"},
    {v1::REFUSED_NOT_ADMITTED, "the device is not admitted"},
    {v1::REFUSED_UNSPECIFIED, "no reason was given"},
}};

std::string refused(const v1::RefusedMeasurement& refused) {
    const auto row = std::ranges::find(kRefusals, refused.reason(), &RefusalSentence::reason);
    const auto sentence = row != kRefusals.end() ? row->sentence : "for a reason not known here";
    auto text = fmt::format("no value: {}", sentence);
    for (const auto& word : refused.status()) text += fmt::format(", {}", spaced(word));
    return text;
}

std::string connection(const v1::Connection& connection) {
    if (connection.connected()) return "connected";
    const auto why =
        spaced(enumWord(v1::DisconnectReason_Name(connection.reason()), "DISCONNECT_"));
    return fmt::format("disconnected: {}", why);
}

std::string loss(const v1::Loss& loss) {
    const auto why = spaced(enumWord(v1::LossReason_Name(loss.reason()), "LOSS_"));
    return fmt::format("{} record{} lost: {}", loss.count(), loss.count() == 1 ? " is" : "s are",
                       why);
}

template <class Kind>
std::string word(Kind kind, const std::string& (*name)(Kind), std::string_view prefix) {
    return spaced(enumWord(name(kind), prefix));
}

/// Without a sentence of the hub's own: what the fields say.
std::string plain(const v1::Event& event) {
    switch (event.what_case()) {
        case v1::Event::kConnection:
            return connection(event.connection());
        case v1::Event::kAvailability:
            return word<v1::Availability>(event.availability().to(), v1::Availability_Name,
                                          "AVAILABILITY_");
        case v1::Event::kRefused:
            return refused(event.refused());
        case v1::Event::kLoss:
            return loss(event.loss());
        case v1::Event::kSupervision:
            return fmt::format("{} {}", event.supervision().what(),
                               event.supervision().recovered() ? "works again" : "is silent");
        case v1::Event::kPairing:
            return word<v1::PairingState>(event.pairing().state(), v1::PairingState_Name,
                                          "PAIRING_");
        case v1::Event::kSecurity:
            return word<v1::SecurityKind>(event.security().kind(), v1::SecurityKind_Name,
                                          "SECURITY_");
        case v1::Event::kClock:
            return fmt::format("clock {}", word<v1::ClockState>(event.clock().to(),
                                                                v1::ClockState_Name, "CLOCK_"));
        case v1::Event::kStore:
            return word<v1::StoreKind>(event.store().kind(), v1::StoreKind_Name, "STORE_");
        case v1::Event::kUplink:
            return fmt::format(
                "uplink {} {}", event.uplink().uplink(),
                word<v1::UplinkKind>(event.uplink().kind(), v1::UplinkKind_Name, "UPLINK_"));
        case v1::Event::kHub:
            return word<v1::HubKind>(event.hub().kind(), v1::HubKind_Name, "HUB_EVENT_");
        case v1::Event::WHAT_NOT_SET:
            break;
    }
    return "something that this version does not know";
}

}  // namespace

std::string formatEvent(const v1::Event& event) {
    if (event.text().empty() || event.has_refused()) return plain(event);
    return event.text();
}

std::string eventKind(const v1::Event& event) {
    if (event.has_refused()) return spaced(event.refused().kind());
    const auto* what = v1::Event::descriptor()->FindOneofByName("what");
    const auto* field = event.GetReflection()->GetOneofFieldDescriptor(event, what);
    return field != nullptr ? field->name() : "event";
}

}  // namespace vitalgate::cli
