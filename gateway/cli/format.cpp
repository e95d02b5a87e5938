#include "gateway/cli/format.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "gateway/base/words.hpp"
#include "gateway/cli/format_events.hpp"
#include "gateway/cli/format_values.hpp"

namespace vitalgate::cli {

namespace {

constexpr std::string_view kNobody = "–";
constexpr int kTimeWidth = 20;
constexpr int kWhatWidth = 16;
constexpr int kValuesWidth = 42;

std::string_view basis(v1::TimeBasis basis) {
    switch (basis) {
        case v1::TIME_CORRECTED:
            return " (corrected)";
        case v1::TIME_RECEIVED:
            return " (received)";
        default:
            return "";
    }
}

/// The longest label, in characters, of at least `least`.
int widest(const std::map<std::string, std::string>& labels, int least) {
    for (const auto& [id, label] : labels) {
        const auto characters =
            std::ranges::count_if(label, [](char c) { return (c & 0xc0) != 0x80; });
        least = std::max(least, static_cast<int>(characters));
    }
    return least;
}

std::string labelOf(const std::map<std::string, std::string>& labels, const std::string& id) {
    const auto found = labels.find(id);
    return found != labels.end() ? found->second : id;
}

}  // namespace

Formatter::Formatter(Labels labels, TimeZone zone)
    : labels_(std::move(labels)),
      zone_(zone),
      deviceWidth_(widest(labels_.devices, 6)),
      personWidth_(widest(labels_.people, 6)) {}

std::string Formatter::line(const Row& row) const {
    auto text = fmt::format("{:<{}}  {:<{}}  {:<{}}  {:<{}}  {:<{}}  {}", row.time, kTimeWidth,
                            row.device, deviceWidth_, row.what, kWhatWidth, row.person,
                            personWidth_, row.values, kValuesWidth, row.remarks);
    text.erase(text.find_last_not_of(' ') + 1);
    return text;
}

std::string Formatter::header() const {
    return line({"MEASURED", "DEVICE", "WHAT", "PERSON", "VALUES", "REMARKS"});
}

std::string Formatter::dateTime(WallTime time) const {
    return toLocalDateTime(std::chrono::floor<std::chrono::seconds>(zone_.toLocal(time))).text();
}

std::string Formatter::time(WallTime time) const {
    return dateTime(time).substr(11);
}

std::string Formatter::measured(const v1::Reading& reading) const {
    const auto when = dateTime(fromTimestamp(reading.measured()));
    const auto received = dateTime(fromTimestamp(reading.received().time()));
    const auto date = when.substr(0, 10);
    const bool isToday = reading.has_received() && date == received.substr(0, 10);
    return fmt::format("{}{}{}", isToday ? "" : date + " ", when.substr(11),
                       basis(reading.time_basis()));
}

std::string Formatter::device(const std::string& id) const {
    return labelOf(labels_.devices, id);
}

std::string Formatter::person(const std::string& id) const {
    return id.empty() ? std::string(kNobody) : labelOf(labels_.people, id);
}

std::string Formatter::reading(const v1::Reading& reading) const {
    return line({measured(reading), device(reading.device()), spaced(reading.kind()),
                 person(reading.subject()), formatValues(reading),
                 fmt::format("{}", fmt::join(formatRemarks(reading), ", "))});
}

std::string Formatter::event(const v1::Event& event) const {
    const bool hasSlot = event.has_refused() && event.refused().has_user_slot();
    return line({time(fromTimestamp(event.occurred().time())),
                 event.device().empty() ? "hub" : device(event.device()), eventKind(event),
                 std::string(kNobody), formatEvent(event),
                 hasSlot ? fmt::format("slot {}", event.refused().user_slot()) : ""});
}

std::string Formatter::result(const v1::CommandResult& result) const {
    auto text = spaced(enumWord(v1::CommandState_Name(result.state()), "COMMAND_"));
    if (result.state() == v1::COMMAND_REFUSED) {
        text +=
            fmt::format(" ({})", enumWord(v1::CommandRefusal_Name(result.refusal()), "REFUSAL_"));
    }
    if (!result.text().empty()) text += fmt::format(": {}", result.text());
    return line({time(fromTimestamp(result.when().time())),
                 result.device().empty() ? "hub" : device(result.device()),
                 result.kind().empty() ? "command" : result.kind(), std::string(kNobody), text,
                 ""});
}

std::string Formatter::status(const v1::HubStatus& status) const {
    const auto word = spaced(enumWord(v1::HubState_Name(status.state()), "HUB_"));
    Row row{"", "hub", "status", std::string(kNobody), fmt::format("{} is {}", status.hub(), word),
            ""};
    if (status.has_now()) row.time = time(fromTimestamp(status.now().time()));
    std::vector<std::string> remarks;
    for (const auto& problem : status.problems()) remarks.push_back(problem.text());
    row.remarks = fmt::format("{}", fmt::join(remarks, ", "));
    return line(row);
}

}  // namespace vitalgate::cli
