#pragma once

#include <google/protobuf/util/json_util.h>

#include "tests/session/sensor.hpp"

// Commands within a conversation, and their results as text.
namespace vitalgate::testing {

using Texts = std::vector<std::string>;
using Outcome = std::shared_ptr<std::optional<v1::CommandResult>>;

inline v1::Command commandOf(const std::string& json) {
    v1::Command command;
    REQUIRE(google::protobuf::util::JsonStringToMessage(json, &command).ok());
    return command;
}

inline Outcome give(Conversation& c, const std::string& json) {
    auto outcome = std::make_shared<std::optional<v1::CommandResult>>();
    asio::co_spawn(c.io, c.session->execute(commandOf(json)),
                   [outcome](std::exception_ptr thrown, v1::CommandResult result) {
                       CHECK(thrown == nullptr);
                       *outcome = std::move(result);
                   });
    c.clock.run();
    return outcome;
}

/// "DONE", "FAILED TIMED_OUT", "REFUSED OUT_OF_RANGE"; "none" while it runs.
inline std::string text(const Outcome& outcome) {
    if (!*outcome) return "none";
    const auto& result = **outcome;
    auto all = v1::CommandState_Name(result.state()).substr(8);
    if (result.failure() != 0) all += " " + v1::CommandFailure_Name(result.failure()).substr(8);
    if (result.refusal() != 0) all += " " + v1::CommandRefusal_Name(result.refusal()).substr(8);
    return all;
}

/// What was written since the conversation had begun.
inline Texts writes(const Conversation& c, std::size_t since) {
    Texts found;
    for (std::size_t i = since; i < c.link->calls().size(); ++i) {
        const auto& call = c.link->calls()[i];
        if (call.starts_with("write ")) found.push_back(call.substr(6));
    }
    return found;
}

/// A device of everything: a sensor, a strap, a battery and a clock.
inline void addAll(Conversation& c, const Sensor& sensor = {{100, 105}}) {
    c.addInformation();
    c.addClock(0s);
    sensor.addTo(c);
    c.link->addService(0x180D);
    c.link->addCharacteristic(0x2A37, "n");
    c.link->addCharacteristic(0x2A39, "w");
}

inline constexpr auto kCalibrate =
    R"({"calibrate":{"glucoseMgDl":112,"sampled":"2026-11-23T07:40:00Z",)"
    R"("sampleType":"capillary-plasma","site":"finger"}})";

struct CommandRow {
    const char* json;
    const char* call;  ///< the one that decides
    Texts writes;
    const char* request = "";  ///< with an answer of the control point
};

/// Every command that a device can run, and what it comes to.
inline const std::vector<CommandRow>& commandRows() {
    static const std::vector<CommandRow> kRows{
        {R"({"readBattery":{}})", "read 2A19", {}},
        {R"({"setClock":{}})", "write 2A2B", {"2A2B ea070b17080000010002"}},
        {R"({"resetEnergy":{}})", "write 2A39", {"2A39 01"}},
        {R"({"startMeasurement":{}})", "write 2AAC", {"2AAC 1a"}, "1a"},
        {R"({"stopMeasurement":{}})", "write 2AAC", {"2AAC 1b"}, "1b"},
        {R"({"setInterval":{"seconds":300}})", "write 2AAC", {"2AAC 0105"}, "0105"},
        {R"({"setAlertLimit":{"limit":"patient-high","value":180,"unit":"mg/dL"}})",
         "write 2AAC",
         {"2AAC 07b400"},
         "07b400"},
        // 112 mg/dL, minute 100, capillary plasma of a finger.
        {kCalibrate, "write 2AAC", {"2AAC 0470006400120000000000"}, "0470006400120000000000"},
        {R"({"fetchRecords":{"all":true}})", "write 2A52", {"2A52 0101"}},
    };
    return kRows;
}

/// Takes whatever these ask.
inline Sensor willing() {
    Sensor sensor{{100, 105}};
    for (const auto& row : commandRows()) {
        if (*row.request == '\0') continue;
        sensor.answers[row.request] = "1c" + std::string(row.request).substr(0, 2) + "01";
    }
    return sensor;
}

}  // namespace vitalgate::testing
