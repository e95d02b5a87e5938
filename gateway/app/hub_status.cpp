#include "gateway/app/hub_status.hpp"

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <array>
#include <utility>

#include "gateway/base/words.hpp"

namespace vitalgate::app {

namespace {

constexpr std::string_view kSchema = "1.0";

struct IntakeProblem {
    v1::Intake intake;
    std::string_view text;
};
constexpr std::array<IntakeProblem, 3> kIntakeProblems{{
    {v1::INTAKE_CLOSED_FULL,
     "the disk is full, store.max-size is too small, or a damaged store has no room to be "
     "salvaged: no readings are taken; the log says which"},
    {v1::INTAKE_CLOSED_READ_ONLY, "the disk cannot be written: no readings are taken"},
    {v1::INTAKE_CLOSED_FAULT,
     "the disk fails, or the store's file was taken away: no readings are taken; the log says "
     "which"},
}};

void addProblem(v1::HubStatus& status, std::string_view code, std::string_view text,
                v1::Severity severity) {
    auto& problem = *status.add_problems();
    problem.set_code(std::string{code});
    problem.set_text(std::string{text});
    problem.set_severity(severity);
}

}  // namespace

HubStatusComposer::HubStatusComposer(HubFacts facts, const store::Store& store,
                                     const Adapter& adapter, const Clock& clock)
    : facts_(std::move(facts)), store_(store), adapter_(adapter), clock_(clock) {}

v1::HubStatus HubStatusComposer::compose() {
    v1::HubStatus status;
    status.set_hub(facts_.hub);
    status.set_state(v1::HUB_ONLINE);
    toStamp(clock_.now(), *status.mutable_now());
    status.set_version(facts_.version);
    status.set_schema(std::string{kSchema});
    status.set_os(facts_.os);
    status.set_model(facts_.model);
    status.set_location(facts_.location);
    status.mutable_labels()->insert(facts_.labels.begin(), facts_.labels.end());
    status.set_boot_id(facts_.bootId);
    status.set_command_trust(facts_.commandTrust);
    status.set_configuration(facts_.configuration);
    for (const auto& spec : facts_.commands) *status.add_commands() = spec;

    const auto store = store_.status();
    status.set_stream(store.stream);
    status.set_oldest_held(store.oldestHeld);
    status.set_newest(store.newest);
    status.set_intake(store.intake);
    status.set_stored_rows(store.rows);
    status.set_stored_bytes(store.bytes);
    status.set_days_left(store.daysLeft);

    for (auto& adapter : adapter_.adapters()) *status.add_adapters() = std::move(adapter);
    for (const auto& device : adapter_.devices()) {
        const auto name = v1::Availability_Name(device.availability());
        ++(*status.mutable_devices())[enumWord(name, "AVAILABILITY_")];
    }
    addProblems(status);
    addStoreProblems(status, store);
    rememberProblems(status);
    return status;
}

void HubStatusComposer::addProblems(v1::HubStatus& status) {
    for (auto& problem : adapter_.problems()) *status.add_problems() = std::move(problem);
    if (clock_.trust() == ClockTrust::unsynchronised) {
        addProblem(status, "clock-unsynchronised",
                   "the clock is not synchronised: times may be wrong; is a time server reachable?",
                   v1::SEVERITY_WARNING);
    }
}

void HubStatusComposer::addStoreProblems(v1::HubStatus& status, const store::StoreStatus& store) {
    for (const auto& [intake, text] : kIntakeProblems) {
        if (status.intake() == intake) {
            addProblem(status, "intake-closed", text, v1::SEVERITY_ALARM);
        }
    }
    if (facts_.maximumBytes > 0 && status.stored_bytes() > facts_.maximumBytes / 10 * 9) {
        addProblem(status, "store-nearly-full", "nine tenths of store.max-size are used",
                   v1::SEVERITY_WARNING);
    }
    if (store.isTooSmall) {
        addProblem(status, "store-too-small",
                   "what comes within store.keep does not fit store.max-size: an outage as long as "
                   "that would lose readings",
                   v1::SEVERITY_WARNING);
    }
}

void HubStatusComposer::rememberProblems(v1::HubStatus& status) {
    std::map<std::string, WallTime> still;
    for (auto& problem : *status.mutable_problems()) {
        const auto name = fmt::format("{}\n{}", problem.code(), problem.text());
        const auto known = problemsSince_.find(name);
        const auto since = known == problemsSince_.end() ? clock_.wall() : known->second;
        still.emplace(name, since);
        if (!problem.has_since()) toTimestamp(since, *problem.mutable_since());
    }
    problemsSince_ = std::move(still);
}

std::string essenceOf(v1::HubStatus status) {
    status.clear_now();
    status.clear_newest();
    status.clear_oldest_held();
    status.clear_acknowledged();
    status.clear_stored_rows();
    status.clear_stored_bytes();
    status.clear_days_left();
    for (auto& adapter : *status.mutable_adapters()) adapter.clear_advertisements_per_min();
    std::string bytes;
    // Maps in one order: the same status always has the same bytes.
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream out(&stream);
    out.SetSerializationDeterministic(true);
    status.SerializeToCodedStream(&out);
    return bytes;
}

}  // namespace vitalgate::app
