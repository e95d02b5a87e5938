#include "gateway/uplink/topics.hpp"

#include <algorithm>

#include "gateway/base/identifier.hpp"
#include "gateway/base/topic.hpp"

namespace vitalgate::uplink {
namespace {

/// "" if the record is no event or its kind is not known here.
std::string eventKind(const v1::Event& event) {
    const auto* descriptor = v1::Event::descriptor();
    const auto* what =
        event.GetReflection()->GetOneofFieldDescriptor(event, descriptor->FindOneofByName("what"));
    if (what == nullptr) return {};
    std::string kind = what->name();
    std::replace(kind.begin(), kind.end(), '_', '-');
    return kind;
}

}  // namespace

Result<Topics> Topics::make(std::string_view root, std::string_view hub) {
    auto filled = hubRoot(root, hub);
    if (!filled) return std::unexpected(filled.error());
    return Topics{std::move(*filled), std::string{hub}};
}

std::string Topics::device(std::string_view device) const {
    return fmt::format("{}/devices/{}", root_, device);
}

std::string Topics::results(std::string_view suffix) const {
    return suffix.empty() ? root_ + "/results" : fmt::format("{}/results/{}", root_, suffix);
}

std::string Topics::live(const v1::Record& record, std::string_view resultSuffix) const {
    switch (record.body_case()) {
        case v1::Record::kReading: {
            const auto& reading = record.reading();
            if (!isIdentifier(reading.device()) || !isIdentifier(reading.kind())) return batches();
            return fmt::format("{}/readings/{}/{}", root_, reading.device(), reading.kind());
        }
        case v1::Record::kEvent: {
            const auto kind = eventKind(record.event());
            return kind.empty() ? batches() : fmt::format("{}/events/{}", root_, kind);
        }
        case v1::Record::kResult:
            return results(resultSuffix);
        case v1::Record::BODY_NOT_SET:
            break;
    }
    return batches();
}

std::vector<std::string> Topics::outgoing() const {
    std::vector<std::string> filters;
    for (const auto* below :
         {"readings/#", "events/#", "results/#", "batches", "status", "devices/+"}) {
        filters.push_back(fmt::format("{}/{}", root_, below));
    }
    return filters;
}

std::optional<std::string> Topics::below(std::string_view topic) const {
    if (topic.size() <= root_.size() + 1 || !topic.starts_with(root_)) return std::nullopt;
    if (topic[root_.size()] != '/') return std::nullopt;
    return std::string{topic.substr(root_.size() + 1)};
}

Result<std::string> Topics::resultSuffix(std::string_view responseTopic) const {
    if (responseTopic.empty()) return std::string{};
    return vitalgate::resultSuffix(responseTopic, results(""));
}

}  // namespace vitalgate::uplink
